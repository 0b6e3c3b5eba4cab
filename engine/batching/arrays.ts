/** Batching of operations that compute element by element, along axes, or put elements elsewhere. */
import { sizeOf } from "../../datasets/shape.ts";
import { elementwiseOperations } from "../elementwise.ts";
import type { Node } from "../graph.ts";
import type { Batcher, Rules, Value } from "./batcher.ts";

/** Attributes that count axes from the front move by one. */
function alongAxes(build: Batcher, original: Node, [x]: readonly Value[]): Node {
  const axes = (original.attributes.axes as readonly number[]).map((axis) => axis + 1);
  return build.node(original.op, [build.spread(x)], build.spec(original), { ...original.attributes, axes });
}

function alongAxis(build: Batcher, original: Node, inputs: readonly Value[]): Node {
  const axis = positiveAxis(original) + 1;
  const all = inputs.map((input) => build.spread(input));
  return build.node(original.op, all, build.spec(original), { ...original.attributes, axis });
}

function positiveAxis({ inputs: [x], attributes }: Node): number {
  const axis = attributes.axis as number;
  return axis < 0 ? axis + x.shape.length : axis;
}

/** Operands are aligned at their last axes, so shorter ones get axes of length 1 behind the one in front. */
function elementwise(build: Batcher, original: Node, inputs: readonly Value[]): Node {
  const operands = inputs.map((input) => build.aligned(input, original.shape.length));
  return build.node(original.op, operands, build.spec(original), original.attributes);
}

/** 0, 1, ... with one axis moved, from a place to another. */
function moved(rank: number, from: number, to: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return axes.toSpliced(from, 1).toSpliced(to, 0, from);
}

function gather(build: Batcher, original: Node, [x, indices]: readonly Value[]): Node {
  const axis = positiveAxis(original);
  if (!indices.batched) {
    return build.node("Gather", [x.node, indices.node], build.spec(original), { axis: axis + 1 });
  }
  const { dtype } = original;
  if (x.batched) return gatherFromEach(build, original, x.node, indices.node, axis);
  const shape = original.shape.toSpliced(axis, 0, build.size);
  const rows = build.node("Gather", [x.node, indices.node], { shape, dtype }, { axis });
  return build.transposed(rows, moved(shape.length, axis, 0));
}

/** Along the axis that is the first of one long table with the rows of all sets, one set after another. */
function gatherFromEach(build: Batcher, original: Node, x: Node, indices: Node, axis: number): Node {
  const first = build.transposed(x, moved(x.shape.length, axis + 1, 1));
  const [size, length, ...row] = first.shape;
  const starts = build.constant(Array.from({ length: size }, (_, set) => set * length), {
    shape: [size, ...indices.shape.slice(1).map(() => 1)],
    dtype: "int32",
  });
  const places = build.node("Add", [build.cast(indices, "int32"), starts], {
    shape: indices.shape,
    dtype: "int32",
  });
  const spec = { shape: [...indices.shape, ...row], dtype: x.dtype };
  const rows = build.node("Gather", [build.folded(first), places], spec, { axis: 0 });
  // As one axis, the indices' own go to where the table's was.
  const flat = build.reshape(rows, [size, sizeOf(indices.shape) / size, ...row]);
  return build.reshape(build.transposed(flat, moved(flat.shape.length, 1, axis + 1)), [
    size,
    ...original.shape,
  ]);
}

export const arrayRules: Rules = {
  ...Object.fromEntries(elementwiseOperations.map((op) => [op, elementwise])),
  Sum: alongAxes,
  SumOfSquares: alongAxes,
  Norm: alongAxes,
  Mean: alongAxes,
  Max: alongAxes,
  Min: alongAxes,
  ArgMax: alongAxis,
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  Concat: alongAxis,
  Cumsum: alongAxis,
  Reshape: (build, original, [x]) => build.reshape(x.node, build.spec(original).shape),
  Transpose: (build, original, [x]) =>
    build.transposed(x.node, [0, ...(original.attributes.perm as readonly number[]).map((axis) => axis + 1)]),
  Tile: (build, original, [x]) =>
    build.node("Tile", [x.node], build.spec(original), {
      reps: [1, ...original.attributes.reps as readonly number[]],
    }),
  Slice: (build, original, [x]) =>
    build.node("Slice", [x.node], build.spec(original), {
      begin: [0, ...original.attributes.begin as readonly number[]],
      ...(original.attributes.strides
        ? { strides: [1, ...original.attributes.strides as readonly number[]] }
        : {}),
    }),
  Pad(build, original, [x]) {
    const { before, after, value } = original.attributes;
    return build.node("Pad", [x.node], build.spec(original), {
      before: [0, ...before as readonly number[]],
      after: [0, ...after as readonly number[]],
      value,
    });
  },
  Gather: gather,
};
