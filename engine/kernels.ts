/**
 * What each TensorFlow.js kernel does to shapes and types: one rule a kernel, which makes the node that stands for its
 * result. A kernel that is not here cannot be part of a compiled function.
 */
import { sizeOf } from "../datasets/shape.ts";
import {
  broadcastShape,
  type Dtype,
  type Node,
  type NodeFactory,
  type Shape,
  type TensorSpec,
} from "./graph.ts";

/** A kernel's attributes as TensorFlow.js passes them: untyped, and different for every kernel. */
// deno-lint-ignore no-explicit-any
export type KernelAttributes = any;
export type KernelRule = (
  build: NodeFactory,
  inputs: Readonly<Record<string, Node>>,
  attrs: KernelAttributes,
) => Node;

function unary(op: string, ...attributes: string[]): KernelRule {
  return (build, { x }, attrs) =>
    build.node(op, [x], x, Object.fromEntries(attributes.map((name) => [name, attrs[name]])));
}

function binary(op: string, result?: Dtype): KernelRule {
  return (build, { a, b }) => {
    const [left, right] = promoted(build, a, b);
    return build.node(op, [left, right], {
      shape: broadcastShape(a.shape, b.shape),
      dtype: result ?? left.dtype,
    });
  };
}

/** TensorFlow.js sees bytes as int32, so bytes and integers meet. */
function promoted(build: NodeFactory, a: Node, b: Node): [Node, Node] {
  if (a.dtype === b.dtype) return [a, b];
  const dtype = a.dtype === "float" || b.dtype === "float" ? "float" : "int32";
  return [build.cast(a, dtype), build.cast(b, dtype)];
}

function reduction(op: string, axisAttribute = "axis"): KernelRule {
  return (build, { x }, attrs) => {
    const axes = normalAxes(attrs[axisAttribute], x.shape);
    if (axes.length === 0) return x;
    const shape = reducedShape(x.shape, axes, attrs.keepDims);
    return build.node(op, [x], { shape, dtype: x.dtype }, { axes, keepDims: attrs.keepDims === true });
  };
}

function normalAxes(axis: number | readonly number[] | null | undefined, shape: Shape): number[] {
  const axes = axis === null || axis === undefined ? shape.map((_, i) => i) : [axis].flat();
  return axes.map((a) => a < 0 ? a + shape.length : a);
}

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((dimension, i) => axes.includes(i) ? 1 : dimension)
    : shape.filter((_, i) => !axes.includes(i));
}

function filled(value: number): KernelRule {
  return (build, { x }) => build.constant(value, { shape: x.shape, dtype: x.dtype });
}

export const dtypes: Readonly<Record<string, Dtype>> = { float32: "float", int32: "int32", bool: "bool" };

export const kernelRules: Readonly<Record<string, KernelRule>> = {
  Abs: unary("Abs"),
  Exp: unary("Exp"),
  Log: unary("Log"),
  Neg: unary("Neg"),
  Reciprocal: unary("Reciprocal"),
  Relu: unary("Relu"),
  Rsqrt: unary("Rsqrt"),
  Sigmoid: unary("Sigmoid"),
  Sign: unary("Sign"),
  Sqrt: unary("Sqrt"),
  Square: unary("Square"),
  Step: unary("Step", "alpha"),
  Tanh: unary("Tanh"),
  LogicalNot: unary("LogicalNot"),

  Add: binary("Add"),
  Sub: binary("Sub"),
  Multiply: binary("Multiply"),
  RealDiv: binary("RealDiv"),
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
  Select(build, { condition, t, e }) {
    const [yes, no] = promoted(build, t, e);
    const shape = broadcastShape(condition.shape, broadcastShape(t.shape, e.shape));
    return build.node("Select", [condition, yes, no], { shape, dtype: yes.dtype });
  },

  Sum: reduction("Sum"),
  Mean: reduction("Mean"),
  Max: reduction("Max", "reductionIndices"),
  Min: reduction("Min"),
  ArgMax(build, { x }, attrs) {
    const [axis] = normalAxes(attrs.axis, x.shape);
    return build.node("ArgMax", [x], { shape: reducedShape(x.shape, [axis], false), dtype: "int32" }, {
      axis,
    });
  },
  Softmax: (build, { logits }, attrs) => build.node("Softmax", [logits], logits, { axis: attrs.dim }),
  LogSoftmax: (build, { logits }, attrs) => build.node("LogSoftmax", [logits], logits, { axis: attrs.axis }),

  BatchMatMul(build, { a, b }, { transposeA, transposeB }) {
    const rows = a.shape.at(transposeA ? -1 : -2)!;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return build.node("BatchMatMul", [a, b], { shape: [...batch, rows, columns], dtype: a.dtype }, {
      transposeA: transposeA === true,
      transposeB: transposeB === true,
    });
  },

  Identity: (_, { x }) => x,
  Cast: (build, { x }, attrs) => build.cast(x, dtypes[attrs.dtype]),
  Reshape: (build, { x }, attrs) => build.reshape(x, inferredShape(attrs.shape, x.shape)),
  ExpandDims(build, { input }, { dim }) {
    const shape = [...input.shape];
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
    return build.reshape(input, shape);
  },
  Transpose(build, { x }, { perm }) {
    const shape = perm.map((axis: number) => x.shape[axis]);
    return build.node("Transpose", [x], { shape, dtype: x.dtype }, { perm: [...perm] });
  },
  Tile(build, { x }, { reps }) {
    const shape = x.shape.map((dimension, i) => dimension * reps[i]);
    return reps.every((n: number) => n === 1)
      ? x
      : build.node("Tile", [x], { shape, dtype: x.dtype }, { reps: [...reps] });
  },
  Concat(build, inputs, attrs) {
    const parts = Object.values(inputs);
    const [axis] = normalAxes(attrs.axis, parts[0].shape);
    const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
    const spec: TensorSpec = { shape: parts[0].shape.with(axis, total), dtype: parts[0].dtype };
    return build.node("Concat", parts, spec, { axis });
  },
  Slice(build, { x }, { begin, size }) {
    const shape = x.shape.map((dimension, i) => size[i] === -1 ? dimension - begin[i] : size[i]);
    return build.node("Slice", [x], { shape, dtype: x.dtype }, { begin: [...begin] });
  },
  GatherV2(build, { x, indices }, attrs) {
    if (attrs.batchDims) {
      throw new RangeError(`Cannot trace gather with batchDims ${attrs.batchDims}: expected 0`);
    }
    const [axis] = normalAxes(attrs.axis, x.shape);
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return build.node("Gather", [x, indices], { shape, dtype: x.dtype }, { axis });
  },
  OneHot(build, { indices }, { depth, onValue, offValue, dtype }) {
    const spec: TensorSpec = { shape: [...indices.shape, depth], dtype: dtypes[dtype] };
    const classes = build.constant(Array.from({ length: depth }, (_, i) => i), {
      shape: [depth],
      dtype: "int32",
    });
    const column = build.reshape(build.cast(indices, "int32"), [...indices.shape, 1]);
    const hit = build.node("Equal", [column, classes], { shape: spec.shape, dtype: "bool" });
    if (onValue === 1 && offValue === 0) return build.cast(hit, spec.dtype);
    const scalar: TensorSpec = { shape: [], dtype: spec.dtype };
    return build.node(
      "Select",
      [hit, build.constant(onValue, scalar), build.constant(offValue, scalar)],
      spec,
    );
  },

  Fill: (build, _, { shape, value, dtype }) =>
    build.constant(value, { shape, dtype: dtypes[dtype ?? "float32"] }),
  ZerosLike: filled(0),
  OnesLike: filled(1),
};

/** Resolves the -1 that a reshape may hold. */
function inferredShape(shape: Shape, from: Shape): Shape {
  const known = shape.filter((dimension) => dimension !== -1);
  return shape.map((dimension) => dimension === -1 ? sizeOf(from) / sizeOf(known) : dimension);
}
