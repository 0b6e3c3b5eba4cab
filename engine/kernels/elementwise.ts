/** Kernels that compute each element from those at the same place. */
import { type Dtype, type Node, type NodeFactory } from "../graph.ts";
import { combined, dtypes, type KernelRule, type KernelRules, selected } from "./rule.ts";

function unary(op: string, ...attributes: string[]): KernelRule {
  return (build, { x }, attrs) =>
    build.node(op, [x], x, Object.fromEntries(attributes.map((name) => [name, attrs[name]])));
}

function binary(op: string, result?: Dtype): KernelRule {
  return (build, { a, b }) => combined(build, op, a, b, result);
}

function scalar(build: NodeFactory, value: number, { dtype }: Node): Node {
  return build.constant(value, { shape: [], dtype });
}

/** A choice by whether x is negative, for operations with a kink at zero. */
function atSign(build: NodeFactory, x: Node, negative: Node, otherwise: Node): Node {
  return selected(build, combined(build, "Less", x, scalar(build, 0, x), "bool"), negative, otherwise);
}

export const elementwiseKernels: KernelRules = {
  Abs: unary("Abs"),
  Ceil: unary("Ceil"),
  Cos: unary("Cos"),
  Erf: unary("Erf"),
  Exp: unary("Exp"),
  Expm1: unary("Expm1"),
  Floor: unary("Floor"),
  LeakyRelu: unary("LeakyRelu", "alpha"),
  Log: unary("Log"),
  Log1p: unary("Log1p"),
  Neg: unary("Neg"),
  Reciprocal: unary("Reciprocal"),
  Relu: unary("Relu"),
  Round: unary("Round"),
  Rsqrt: unary("Rsqrt"),
  Sigmoid: unary("Sigmoid"),
  Sign: unary("Sign"),
  Sin: unary("Sin"),
  Sqrt: unary("Sqrt"),
  Square: unary("Square"),
  Step: unary("Step", "alpha"),
  Tanh: unary("Tanh"),
  LogicalNot: unary("LogicalNot"),

  Add: binary("Add"),
  Sub: binary("Sub"),
  Multiply: binary("Multiply"),
  RealDiv: binary("RealDiv"),
  FloorDiv: binary("FloorDiv"),
  Mod: binary("Mod"),
  Pow: binary("Pow"),
  Maximum: binary("Maximum"),
  Minimum: binary("Minimum"),
  Equal: binary("Equal", "bool"),
  NotEqual: binary("NotEqual", "bool"),
  Greater: binary("Greater", "bool"),
  GreaterEqual: binary("GreaterEqual", "bool"),
  Less: binary("Less", "bool"),
  LessEqual: binary("LessEqual", "bool"),
  LogicalAnd: binary("LogicalAnd", "bool"),
  LogicalOr: binary("LogicalOr", "bool"),

  AddN: (build, inputs) => Object.values(inputs).reduce((sum, x) => build.node("Add", [sum, x], x)),
  Cast: (build, { x }, attrs) => build.cast(x, dtypes[attrs.dtype]),
  Select: (build, { condition, t, e }) => selected(build, condition, t, e),
  SquaredDifference: (build, { a, b }) => {
    const difference = combined(build, "Sub", a, b);
    return build.node("Square", [difference], difference);
  },
  ClipByValue: (build, { x }, { clipValueMin, clipValueMax }) =>
    build.node("ClipByValue", [x], x, { min: clipValueMin, max: clipValueMax }),
  Relu6: (build, { x }) => build.node("ClipByValue", [x], x, { min: 0, max: 6 }),
  Prelu: (build, { x, alpha }) => atSign(build, x, combined(build, "Multiply", x, alpha), x),
  Elu: (build, { x }) => atSign(build, x, build.node("Expm1", [x], x), x),
  /** With y = e^x - 1 where x is negative, the derivative is y + 1. */
  EluGrad: (build, { dy, y }) =>
    atSign(build, y, combined(build, "Multiply", dy, combined(build, "Add", y, scalar(build, 1, y))), dy),
  /** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), in which nothing overflows. */
  Softplus(build, { x }) {
    const decay = build.node("Exp", [build.node("Neg", [build.node("Abs", [x], x)], x)], x);
    return build.node("Add", [build.node("Relu", [x], x), build.node("Log1p", [decay], x)], x);
  },
};
