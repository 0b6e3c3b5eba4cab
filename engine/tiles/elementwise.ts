/** Elementwise operations and reductions of images in tiles, and what moves their blocks. */
import { elementwiseOperations } from "../elementwise.ts";
import { type Node, sameShape, type Shape, uniformValue } from "../graph.ts";
import { Axis, fromTiles, toTiles } from "./layout.ts";
import { type Tiler, type TileRule, type TileRules, Value } from "./value.ts";

/** An operand as it broadcasts with tiles of a shape. */
function operand(build: Tiler, input: Value, full: Shape, r: number): Node {
  if (sameShape(input.shape, full)) return input.tiles();
  const plain = input.plain();
  const shape = [1, 1, 1, 1].slice(plain.shape.length).concat(plain.shape);
  if (shape.every((length) => length === 1)) return build.reshape(plain, []);
  const tiles = toTiles(
    build,
    build.reshape(plain, shape),
    shape[0] === 1 ? 1 : r,
    shape[3] === 1 ? 1 : build.block,
  );
  // One number a channel: repeated over a tile's rows, it is broadcast by the tile, instead of by the row.
  if (r === 1 || shape[0] !== 1 || shape[1] !== 1 || shape[2] !== 1) return tiles;
  const spec = { shape: tiles.shape.with(Axis.row, r), dtype: tiles.dtype };
  return build.node("Tile", [tiles], spec, { reps: [1, 1, 1, 1, r, 1] });
}

const elementwise: TileRule = (build, original, inputs) => {
  const isUsed = inputs.some((input) => input.isTiled && sameShape(input.shape, original.shape));
  if (!isUsed) return undefined;
  const spec = build.tiled(original);
  const operands = inputs.map((input, i) => {
    const value = uniformValue(original.inputs[i]);
    return value === undefined
      ? operand(build, input, original.shape, spec.shape[Axis.row])
      : build.constant(value, { shape: [], dtype: original.inputs[i].dtype });
  });
  return new Value(build, original, { tiles: build.node(original.op, operands, spec, original.attributes) });
};

/** First along height and width, whole tiles at a time, then within what is left. */
function reduced(op: string): TileRule {
  return (build, original, [x]) => {
    if (!x.isTiled) return undefined;
    const axes = original.attributes.axes as readonly number[];
    const steps = [[1, 2], [0, 3]].map((step) => step.filter((axis) => axes.includes(axis)));
    const inTiles = [[0, Axis.row], [Axis.height], [Axis.width], [1, Axis.channel]];
    let value = x.tiles();
    for (const step of steps) {
      if (step.length === 0) continue;
      const along = step.flatMap((axis) => inTiles[axis]);
      const shape = value.shape.map((length, axis) => along.includes(axis) ? 1 : length);
      value = build.node(op, [value], { shape, dtype: value.dtype }, { axes: along, keepDims: true });
    }
    return new Value(build, original, { plain: build.reshape(fromTiles(build, value), original.shape) });
  };
}

/** Where a block along the axes of an image begins, or how wide something is, in tiles; undefined within a tile. */
function inTiles(build: Tiler, [row, height, width, channel]: readonly number[]): number[] | undefined {
  return row === 0 && channel % build.block === 0
    ? [0, channel / build.block, height, width, 0, 0]
    : undefined;
}

export const elementwiseTiles: TileRules = {
  ...Object.fromEntries(elementwiseOperations.map((op) => [op, elementwise])),
  Sum: reduced("Sum"),
  Mean: reduced("Mean"),
  Max: reduced("Max"),
  Min: reduced("Min"),
  SumOfSquares(build, original, [x]) {
    if (!x.isTiled) return undefined;
    const tiles = x.tiles();
    const square = new Value(build, x, { tiles: build.node("Square", [tiles], tiles) });
    return reduced("Sum")(build, original, [square]);
  },
  Pad(build, original, [x]) {
    const { before, after, value } = original.attributes;
    const [first, last] = [before, after].map((widths) => inTiles(build, widths as readonly number[]));
    if (!x.isTiled || !first || !last) return undefined;
    const attributes = { before: first, after: last, value };
    return new Value(build, original, {
      tiles: build.node("Pad", [x.tiles()], build.tiled(original), attributes),
    });
  },
  Slice(build, original, [x]) {
    const { begin, strides } = original.attributes;
    const first = inTiles(build, begin as readonly number[]);
    const isWhole = build.isTileable(original.shape) && original.shape[0] === x.shape[0];
    if (!x.isTiled || !first || !isWhole || strides) return undefined;
    return new Value(build, original, {
      tiles: build.node("Slice", [x.tiles()], build.tiled(original), { begin: first }),
    });
  },
};
