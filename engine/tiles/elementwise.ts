/** Elementwise operations and reductions of images in tiles, and what moves their blocks. */
import { elementwiseOperations } from "../elementwise.ts";
import { type Node, sameShape, type Shape, uniformValue } from "../graph.ts";
import { Axis, fromTiles, isImage, joined, toTiles } from "./layout.ts";
import { type Tiler, type TileRule, type TileRules, Value } from "./value.ts";

/** An operand as it broadcasts with tiles of a shape: for each part of the rows, or one for all. */
function operand(build: Tiler, input: Value, full: Shape, r: number): readonly Node[] {
  if (sameShape(input.shape, full)) return input.tiles();
  const plain = input.plain();
  const shape = [1, 1, 1, 1].slice(plain.shape.length).concat(plain.shape);
  if (shape.every((length) => length === 1)) return [build.reshape(plain, [])];
  const value = new Value(build, { shape }, { plain: build.reshape(plain, shape) });
  const [rows, height, width, channels] = shape;
  const c = channels === 1 ? 1 : build.block;
  if (rows > 1) return value.rows().map((part) => toTiles(build, part, r, c));
  const tiles = toTiles(build, value.plain(), 1, c);
  // One number a channel: repeated over a tile's rows, it is broadcast by the tile, instead of by the row.
  if (r === 1 || height > 1 || width > 1) return [tiles];
  const spec = { shape: tiles.shape.with(Axis.row, r), dtype: tiles.dtype };
  return [build.node("Tile", [tiles], spec, { reps: [1, 1, 1, 1, r, 1] })];
}

const elementwise: TileRule = (build, original, inputs) => {
  const isUsed = inputs.some((input) => input.isTiled && sameShape(input.shape, original.shape));
  if (!isUsed) return undefined;
  const spec = build.tiled(original);
  const operands = inputs.map((input, i) => {
    const value = uniformValue(original.inputs[i]);
    return value === undefined
      ? operand(build, input, original.shape, spec.shape[Axis.row])
      : [build.constant(value, { shape: [], dtype: original.inputs[i].dtype })];
  });
  const tiles = Array.from({ length: build.parts(original.shape[0]) }, (_, i) => {
    const nodes = operands.map((parts) => parts.length === 1 ? parts[0] : parts[i]);
    return build.node(original.op, nodes, spec, original.attributes);
  });
  return new Value(build, original, { tiles });
};

/** First along height and width, whole tiles at a time, then within what is left, then over the parts. */
function reduced(op: string, combine: string): TileRule {
  return (build, original, [x]) => {
    if (!x.isTiled) return undefined;
    const axes = original.attributes.axes as readonly number[];
    const steps = [[1, 2], [0, 3]].map((step) => step.filter((axis) => axes.includes(axis)));
    const inTiles = [[0, Axis.row], [Axis.height], [Axis.width], [1, Axis.channel]];
    const parts = x.tiles().map((part) => {
      let value = part;
      for (const step of steps) {
        if (step.length === 0) continue;
        const along = step.flatMap((axis) => inTiles[axis]);
        const shape = value.shape.map((length, axis) => along.includes(axis) ? 1 : length);
        value = build.node(op, [value], { shape, dtype: value.dtype }, { axes: along, keepDims: true });
      }
      return fromTiles(build, value);
    });
    let plain = axes.includes(0)
      ? parts.reduce((all, part) => build.node(combine, [all, part], all))
      : joined(build, parts, 0);
    if (op === "Mean" && axes.includes(0)) {
      const share = build.constant(1 / parts.length, { shape: [], dtype: plain.dtype });
      plain = build.node("Multiply", [plain, share], plain);
    }
    return new Value(build, original, { plain: build.reshape(plain, original.shape) });
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
  Sum: reduced("Sum", "Add"),
  Mean: reduced("Mean", "Add"),
  Max: reduced("Max", "Maximum"),
  Min: reduced("Min", "Minimum"),
  SumOfSquares(build, original, [x]) {
    if (!x.isTiled) return undefined;
    const tiles = x.tiles().map((part) => build.node("Square", [part], part));
    return reduced("Sum", "Add")(build, original, [new Value(build, x, { tiles })]);
  },
  Pad(build, original, [x]) {
    const { before, after, value } = original.attributes;
    const [first, last] = [before, after].map((widths) => inTiles(build, widths as readonly number[]));
    if (!x.isTiled || !first || !last) return undefined;
    const attributes = { before: first, after: last, value };
    const tiles = x.tiles().map((part) => build.node("Pad", [part], build.tiled(original), attributes));
    return new Value(build, original, { tiles });
  },
  Slice(build, original, [x]) {
    const { begin, strides } = original.attributes;
    const first = inTiles(build, begin as readonly number[]);
    const isWhole = isImage(original.shape, build.block) && original.shape[0] === x.shape[0];
    if (!x.isTiled || !first || !isWhole || strides) return undefined;
    const tiles = x.tiles().map((part) =>
      build.node("Slice", [part], build.tiled(original), { begin: first })
    );
    return new Value(build, original, { tiles });
  },
};
