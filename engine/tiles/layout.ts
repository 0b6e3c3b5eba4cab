/**
 * The layout of images in tiles. [rows, height, width, channels] becomes
 *
 *     [rows / r, channels / c, height, width, r, c]
 *
 * with c the block of channels that the processor's convolutions work on, and r as many rows as divide the batch, c at
 * most. A pixel of a tile is an r by c matrix. So convolutions see r images side by side, as one that is r times as wide:
 * their inner loop, which computes several neighbouring pixels at once, has no remainders, and padding at the top and
 * the bottom is free. Exchanging the roles of rows and channels, as the gradient of a filter wants it, is an exchange
 * of outer axes and a transposition of small matrices. Every elementwise operation, reduction, pool and slice works on
 * the six axes as it does on the four.
 *
 * An axis of length 1 that broadcasts has no blocks: its r or c is 1.
 */
import type { Node, NodeFactory, Shape } from "../graph.ts";

/** Axes of a tiled image. */
export const Axis = { height: 2, width: 3, row: 4, channel: 5 } as const;

/** How many rows a tile has: as many as divide them, the block of channels at most. */
export function rowsPerTile(rows: number, block: number): number {
  let size = Math.min(rows, block);
  while (rows % size !== 0) size--;
  return size;
}

/** Whether something can be in tiles: an image whose channels are a multiple of the block. */
export function isImage(shape: Shape, block: number): boolean {
  return shape.length === 4 && shape[3] % block === 0 && shape.every((length) => length > 0);
}

/** The shape in tiles of an image whose channels are a multiple of the block. */
export function tiledShape([rows, height, width, channels]: Shape, block: number): Shape {
  const r = rowsPerTile(rows, block);
  return [rows / r, channels / block, height, width, r, block];
}

/** From images to tiles, of r rows and c channels. */
export function toTiles(build: NodeFactory, x: Node, r: number, c: number): Node {
  const [rows, height, width, channels] = x.shape;
  const split = build.reshape(x, [rows / r, r, height, width, channels / c, c]);
  return transposed(build, split, [0, 4, 2, 3, 1, 5]);
}

/** From tiles to images. */
export function fromTiles(build: NodeFactory, x: Node): Node {
  const [rowBlocks, channelBlocks, height, width, r, c] = x.shape;
  const split = transposed(build, x, [0, 4, 2, 3, 1, 5]);
  return build.reshape(split, [rowBlocks * r, height, width, channelBlocks * c]);
}

/** A transposition; a reshape where it moves axes of length 1 only. */
export function transposed(build: NodeFactory, x: Node, perm: readonly number[]): Node {
  const shape = perm.map((axis) => x.shape[axis]);
  const long = perm.filter((axis) => x.shape[axis] > 1);
  return long.every((axis, i) => i === 0 || long[i - 1] < axis)
    ? build.reshape(x, shape)
    : build.node("Transpose", [x], { shape, dtype: x.dtype }, { perm: [...perm] });
}

/** A block: on one axis from `begin`, every `stride`th, that many; all of the other axes. */
export function sliced(
  build: NodeFactory,
  x: Node,
  axis: number,
  begin: number,
  length: number,
  stride = 1,
): Node {
  if (begin === 0 && length === x.shape[axis] && stride === 1) return x;
  const at = (value: number, other: number) => x.shape.map((_, i) => i === axis ? value : other);
  const spec = { shape: x.shape.with(axis, length), dtype: x.dtype };
  const attributes = { begin: at(begin, 0) };
  return build.node(
    "Slice",
    [x],
    spec,
    stride === 1 ? attributes : { ...attributes, strides: at(stride, 1) },
  );
}

/** With `before` and `after` further elements along an axis, all of that value; less where they are negative. */
export function fitted(
  build: NodeFactory,
  x: Node,
  axis: number,
  before: number,
  after: number,
  value = 0,
): Node {
  const cropped = sliced(
    build,
    x,
    axis,
    Math.max(0, -before),
    x.shape[axis] + Math.min(0, before) + Math.min(0, after),
  );
  if (before <= 0 && after <= 0) return cropped;
  const at = (width: number) => x.shape.map((_, i) => i === axis ? Math.max(0, width) : 0);
  const shape = x.shape.with(axis, x.shape[axis] + before + after);
  return build.node("Pad", [cropped], { shape, dtype: x.dtype }, {
    before: at(before),
    after: at(after),
    value,
  });
}

/** One of each in turn along an axis: the first of all, then the second of all. The first may be longer by one. */
export function interleaved(build: NodeFactory, parts: readonly Node[], axis: number, length: number): Node {
  if (parts.length === 1) return parts[0];
  const longest = parts[0].shape[axis];
  const columns = parts.map((part) => {
    const full = fitted(build, part, axis, 0, longest - part.shape[axis]);
    return build.reshape(full, full.shape.toSpliced(axis + 1, 0, 1));
  });
  const woven = joined(build, columns, axis + 1);
  const flat = build.reshape(woven, parts[0].shape.with(axis, longest * parts.length));
  return sliced(build, flat, axis, 0, length);
}

/** One after the other along an axis. */
export function joined(build: NodeFactory, parts: readonly Node[], axis: number): Node {
  if (parts.length === 1) return parts[0];
  const length = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const spec = { shape: parts[0].shape.with(axis, length), dtype: parts[0].dtype };
  return build.node("Concat", parts, spec, { axis });
}

/**
 * Exchanges the rows and the channels of a tile, of which there must be as many. A node of its own, `TileTranspose`: the
 * runtime would share out each small matrix among its threads.
 */
export function tileTransposed(build: NodeFactory, x: Node): Node {
  return build.node("TileTranspose", [x], x);
}
