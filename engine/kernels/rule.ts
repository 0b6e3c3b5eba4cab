import { broadcastShape, type Dtype, type Node, type NodeFactory, type Shape } from "../graph.ts";

/** A kernel's attributes as TensorFlow.js passes them: untyped, and different for every kernel. */
// deno-lint-ignore no-explicit-any
export type KernelAttributes = any;

/** Makes the node that stands for a kernel's result, or those of its results. */
export type KernelRule = (
  build: NodeFactory,
  inputs: Readonly<Record<string, Node>>,
  attrs: KernelAttributes,
) => Node | Node[];

export type KernelRules = Readonly<Record<string, KernelRule>>;

/** What TensorFlow.js' types are in a graph. */
export const dtypes: Readonly<Record<string, Dtype>> = { float32: "float", int32: "int32", bool: "bool" };

/** TensorFlow.js sees bytes as int32, so bytes and integers meet. */
export function promoted(build: NodeFactory, a: Node, b: Node): [Node, Node] {
  if (a.dtype === b.dtype) return [a, b];
  const dtype = a.dtype === "float" || b.dtype === "float" ? "float" : "int32";
  return [build.cast(a, dtype), build.cast(b, dtype)];
}

/** An operation on two operands that broadcast. */
export function combined(build: NodeFactory, op: string, a: Node, b: Node, result?: Dtype): Node {
  const [left, right] = promoted(build, a, b);
  return build.node(op, [left, right], {
    shape: broadcastShape(a.shape, b.shape),
    dtype: result ?? left.dtype,
  });
}

/** A choice by a truth value; all three broadcast. */
export function selected(build: NodeFactory, condition: Node, yes: Node, no: Node): Node {
  const [t, e] = promoted(build, yes, no);
  const shape = broadcastShape(condition.shape, broadcastShape(t.shape, e.shape));
  return build.node("Select", [condition, t, e], { shape, dtype: t.dtype });
}

/** The axes a kernel names, counted from the front; all of them by default. */
export function normalAxes(axis: number | readonly number[] | null | undefined, shape: Shape): number[] {
  const axes = axis === null || axis === undefined ? shape.map((_, i) => i) : [axis].flat();
  return axes.map((a) => a < 0 ? a + shape.length : a);
}

/** The shape that is left without some axes. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((dimension, i) => axes.includes(i) ? 1 : dimension)
    : shape.filter((_, i) => !axes.includes(i));
}
