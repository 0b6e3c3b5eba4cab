/** Operations that compute each element from those at the same place. */
import type { Lowering } from "../lower.ts";
import type { Dtype, Node } from "../graph.ts";
import type { LoweringRule, LoweringRules } from "./rule.ts";

function direct(op: string): LoweringRule {
  return (lower, _node, inputs) => lower.emit(op, inputs);
}

function negated(op: string): LoweringRule {
  return (lower, _node, inputs) => lower.emit("Not", [lower.emit(op, inputs)]);
}

/** An operation that the runtime has in single precision alone. */
function single(op: string): LoweringRule {
  return (lower, node, inputs) => {
    if (lower.precision === "float64") {
      throw new RangeError(`Cannot compute ${node.op} in float64: the runtime has it in float32 only`);
    }
    return lower.emit(op, inputs);
  };
}

/** What a remainder of the dividend's sign is short of one of the divisor's sign: whether it is off by one divisor. */
function isOff(lower: Lowering, remainder: string, divisor: string, dtype: Dtype): string {
  const zero = lower.scalar(0, dtype);
  const apart = lower.emit("Xor", [
    lower.emit("Less", [remainder, zero]),
    lower.emit("Less", [divisor, zero]),
  ]);
  return lower.emit("And", [lower.emit("Not", [lower.emit("Equal", [remainder, zero])]), apart]);
}

/** Towards minus infinity, where ONNX' quotient of integers goes towards zero. */
function floorDiv(lower: Lowering, { dtype }: Node, [a, b]: readonly string[]): string {
  const quotient = lower.emit("Div", [a, b]);
  if (dtype === "float") return lower.emit("Floor", [quotient]);
  const remainder = lower.emit("Sub", [a, lower.emit("Mul", [quotient, b])]);
  return lower.emit("Sub", [quotient, lower.cast(isOff(lower, remainder, b, dtype), dtype)]);
}

/** With the divisor's sign. */
function mod(lower: Lowering, { dtype }: Node, [a, b]: readonly string[]): string {
  if (dtype !== "float") return lower.emit("Mod", [a, b]);
  const remainder = lower.emit("Mod", [a, b], { fmod: 1 });
  return lower.emit("Where", [
    isOff(lower, remainder, b, dtype),
    lower.emit("Add", [remainder, b]),
    remainder,
  ]);
}

/**
 * log(1 + x) without cancellation for small x: x log(u) / (u - 1) with u = 1 + x as rounded, in which the two errors
 * cancel (Goldberg 1991, What every computer scientist should know about floating-point arithmetic, theorem 4).
 */
function log1p(lower: Lowering, _node: Node, [x]: readonly string[]): string {
  const one = lower.scalar(1, "float");
  const sum = lower.emit("Add", [x, one]);
  const rounded = lower.emit("Sub", [sum, one]);
  const log = lower.emit("Log", [sum]);
  const corrected = lower.emit("Mul", [log, lower.emit("Div", [x, rounded])]);
  const exact = lower.emit("Or", [
    lower.emit("Equal", [rounded, x]),
    lower.emit("Equal", [sum, lower.scalar(Infinity, "float")]),
  ]);
  const tiny = lower.emit("Equal", [rounded, lower.scalar(0, "float")]);
  return lower.emit("Where", [tiny, x, lower.emit("Where", [exact, log, corrected])]);
}

export const elementwiseRules: LoweringRules = {
  Abs: direct("Abs"),
  Ceil: direct("Ceil"),
  Cos: single("Cos"),
  Erf: single("Erf"),
  Exp: direct("Exp"),
  Floor: direct("Floor"),
  Log: direct("Log"),
  Neg: direct("Neg"),
  Reciprocal: direct("Reciprocal"),
  Relu: direct("Relu"),
  Round: direct("Round"),
  Sigmoid: direct("Sigmoid"),
  Sign: direct("Sign"),
  Sin: direct("Sin"),
  Sqrt: direct("Sqrt"),
  Tanh: direct("Tanh"),
  LogicalNot: direct("Not"),
  Log1p: log1p,
  /** e^x - 1 = tanh(x / 2) (e^x + 1), without cancellation for small x. */
  Expm1(lower, _node, [x]) {
    const half = lower.emit("Mul", [x, lower.scalar(0.5, "float")]);
    const sum = lower.emit("Add", [lower.emit("Exp", [x]), lower.scalar(1, "float")]);
    return lower.emit("Mul", [lower.emit("Tanh", [half]), sum]);
  },
  LeakyRelu(lower, { attributes: { alpha } }, [x]) {
    return lower.emit("LeakyRelu", [x], { alpha: { float: alpha as number } });
  },
  ClipByValue: (lower, { dtype, attributes: { min, max } }, [x]) =>
    lower.emit("Clip", [x, lower.scalar(min as number, dtype), lower.scalar(max as number, dtype)]),
  Rsqrt: (lower, _node, [x]) => lower.emit("Reciprocal", [lower.emit("Sqrt", [x])]),
  Square: (lower, _node, [x]) => lower.emit("Mul", [x, x]),
  Step(lower, { dtype, attributes: { alpha } }, [x]) {
    const positive = lower.emit("Greater", [x, lower.scalar(0, dtype)]);
    if (alpha === 0) return lower.cast(positive, dtype);
    return lower.emit("Where", [positive, lower.scalar(1, dtype), lower.scalar(alpha as number, dtype)]);
  },

  Add: direct("Add"),
  Sub: direct("Sub"),
  Multiply: direct("Mul"),
  RealDiv: direct("Div"),
  FloorDiv: floorDiv,
  Mod: mod,
  Pow: direct("Pow"),
  Maximum: direct("Max"),
  Minimum: direct("Min"),
  Equal: direct("Equal"),
  NotEqual: negated("Equal"),
  Greater: direct("Greater"),
  GreaterEqual: direct("GreaterOrEqual"),
  Less: direct("Less"),
  LessEqual: direct("LessOrEqual"),
  LogicalAnd: direct("And"),
  LogicalOr: direct("Or"),
  Select: direct("Where"),
  Cast: (lower, { dtype }, [x]) => lower.cast(x, dtype),
};
