/**
 * Convolutions of images in tiles, and their gradients, as convolutions that the runtime's blocked kernels compute.
 *
 * All are nodes of one kind, `TileConv`: of an image [images, in / c, height, width, inner, c] by a filter
 * [out / c, in / c, height, width, c (in), c (out)] to [images, out / c, height, width, inner, c]. Inner is what stands
 * side by side in a pixel. `pads` is the padding at the top and the bottom, `strideY` a stride along the height, and
 * `dilations` are steps between a filter's taps. An image of fewer channels than a block has no blocks:
 * [images, in, height, width, inner], with a filter [out / c, in, height, width, c].
 *
 * - A stride along the width takes the columns of each remainder by themselves, with the taps that meet them.
 * - The gradient by the image is a convolution of the result's gradient by the mirrored filter; with a stride, one for
 *   each remainder of rows and columns, interleaved.
 * - The gradient by the filter is a convolution in which rows and channels change places: the channels of the image are
 *   images, what stands side by side are channels, and the gradient of the result is the filter, dilated by the stride.
 */
import { sizeOf } from "../../datasets/shape.ts";
import type { Node, Shape } from "../graph.ts";
import {
  Axis,
  fitted,
  fromTiles,
  innerTransposed,
  interleaved,
  rowsPerTile,
  sliced,
  tiledShape,
  transposed,
} from "./layout.ts";
import { type Tiler, type TileRules, Value } from "./value.ts";

interface Window {
  readonly strides: Shape;
  /** [top, left, bottom, right]. */
  readonly pads: Shape;
}

function windowOf({ attributes }: Node): Window {
  return { strides: attributes.strides as Shape, pads: attributes.pads as Shape };
}

/** How many blocks hold that many channels, the last one filled up. */
function blocks(build: Tiler, channels: number): number {
  return Math.ceil(channels / build.block);
}

/** An image's channels, filled up with zeros to whole blocks. */
function filledUp(build: Tiler, x: Value): Value {
  const missing = blocks(build, x.shape[3]) * build.block - x.shape[3];
  if (missing === 0) return x;
  const plain = fitted(build, x.plain(), 3, 0, missing);
  return new Value(build, plain, { plain });
}

/** The first channels of an image that was filled up. */
function firstChannels(build: Tiler, original: Node, tiles: Node): Value {
  if (build.isTileable(original.shape)) return new Value(build, original, { tiles });
  return new Value(build, original, {
    plain: sliced(build, fromTiles(build, tiles), 3, 0, original.shape[3]),
  });
}

/** As the input of a convolution, with so many columns on the left and the right, fewer where they are negative. */
function image(build: Tiler, x: Value, left: number, right: number): Node {
  const [rows, height, , channels] = x.shape;
  if (channels >= build.block) return fitted(build, filledUp(build, x).tiles(), Axis.width, left, right);
  const padded = fitted(build, x.plain(), 2, left, right);
  const width = padded.shape[2];
  const r = rowsPerTile(rows, build.block);
  if (channels === 1) {
    const pixels = build.reshape(padded, [rows / r, r, height * width]);
    return build.reshape(transposed(build, pixels, [0, 2, 1]), [rows / r, 1, height, width, r]);
  }
  const split = build.reshape(padded, [rows / r, r, height, width, channels]);
  return transposed(build, split, [0, 4, 2, 3, 1]);
}

/** A filter [height, width, in, out] in blocks. */
function filterBlocks(build: Tiler, filter: Node): Node {
  const [height, width, inputs, outputs] = filter.shape;
  const c = build.block;
  const full = fitted(build, filter, 3, 0, blocks(build, outputs) * c - outputs);
  if (inputs < c) {
    const split = build.reshape(full, [height, width, inputs, full.shape[3] / c, c]);
    return transposed(build, split, [3, 2, 0, 1, 4]);
  }
  const square = fitted(build, full, 2, 0, blocks(build, inputs) * c - inputs);
  const split = build.reshape(square, [height, width, square.shape[2] / c, c, square.shape[3] / c, c]);
  return transposed(build, split, [4, 2, 0, 1, 3, 5]);
}

interface TileConv {
  /** At the top and the bottom; fewer rows where they are negative. */
  readonly pads: readonly [number, number];
  readonly strideY?: number;
  readonly dilations?: Shape;
  /** What the results are added to. */
  readonly onto?: Node;
}

function tileConv(
  build: Tiler,
  x: Node,
  filter: Node,
  { pads, strideY = 1, dilations = [1, 1], onto }: TileConv,
): Node {
  const cropped = fitted(build, x, Axis.height, Math.min(0, pads[0]), Math.min(0, pads[1]));
  const [top, bottom] = pads.map((width) => Math.max(0, width));
  const [images, , rows, columns, inner] = cropped.shape;
  const [outputs, , filterRows, filterColumns] = filter.shape;
  const height = Math.floor((rows + top + bottom - (filterRows - 1) * dilations[0] - 1) / strideY) + 1;
  const width = columns - (filterColumns - 1) * dilations[1];
  const spec = { shape: [images, outputs, height, width, inner, build.block], dtype: x.dtype };
  const attributes = { pads: [top, bottom], strideY, dilations };
  return build.node("TileConv", onto ? [cropped, filter, onto] : [cropped, filter], spec, attributes);
}

/** Along one axis: the taps that reach the positions of a remainder, last first, and the part of `from` they see. */
interface Remainder {
  readonly length: number;
  readonly taps: number;
  readonly lastTap: number;
  readonly before: number;
  readonly after: number;
}

/**
 * With x[i] = sum of y[o] f[t] over i = o stride + t - pad: for i = stride j + remainder, t is r, r + stride, ... and
 * o = j + (remainder + pad - t) / stride.
 */
function remainders(length: number, from: number, size: number, stride: number, pad: number): Remainder[] {
  return Array.from({ length: Math.min(stride, length) }, (_, remainder) => {
    const first = (remainder + pad) % stride;
    const offset = (remainder + pad - first) / stride;
    const taps = Math.max(0, Math.ceil((size - first) / stride));
    const positions = Math.ceil((length - remainder) / stride);
    return {
      length: positions,
      taps,
      lastTap: first + stride * (taps - 1),
      before: taps - 1 - offset,
      after: positions + offset - from,
    };
  });
}

export const convolutionTiles: TileRules = {
  Conv2D(build, original, [x, filter]) {
    const { strides: [strideY, strideX], pads: [top, left, bottom] } = windowOf(original);
    const [, , columns] = x.shape;
    const [, filterColumns] = filter.shape;
    const width = original.shape[2];
    const right = (width - 1) * strideX + filterColumns - columns - left;
    const padded = image(build, x, left, right);
    let sum: Node | undefined;
    for (let first = 0; first < Math.min(strideX, filterColumns); first++) {
      const taps = Math.ceil((filterColumns - first) / strideX);
      const seen = sliced(build, padded, Axis.width, first, width - 1 + taps, strideX);
      const weights = sliced(build, filter.plain(), 1, first, taps, strideX);
      sum = tileConv(build, seen, filterBlocks(build, weights), { pads: [top, bottom], strideY, onto: sum });
    }
    return firstChannels(build, original, sum!);
  },

  Conv2DBackpropInput(build, original, [dy, filter]) {
    const { strides, pads } = windowOf(original);
    const [, height, width] = original.shape;
    const weights = build.node("Transpose", [filter.plain()], {
      shape: [0, 1, 3, 2].map((axis) => filter.shape[axis]),
      dtype: original.dtype,
    }, { perm: [0, 1, 3, 2] });
    const [rows, columns] = [0, 1].map((axis) =>
      remainders(original.shape[axis + 1], dy.shape[axis + 1], filter.shape[axis], strides[axis], pads[axis])
    );
    const parts = rows.map((row) =>
      columns.map((column) => {
        if (row.taps === 0 || column.taps === 0) {
          const channels = blocks(build, original.shape[3]) * build.block;
          const [images, inputs, , , inner, c] = tiledShape(original.shape.with(3, channels), build.block);
          return build.constant(0, {
            shape: [images, inputs, row.length, column.length, inner, c],
            dtype: original.dtype,
          });
        }
        const down = sliced(build, weights, 0, row.lastTap, row.taps, -strides[0]);
        const turned = sliced(build, down, 1, column.lastTap, column.taps, -strides[1]);
        const seen = image(build, dy, column.before, column.after);
        return tileConv(build, seen, filterBlocks(build, turned), { pads: [row.before, row.after] });
      })
    );
    const lines = parts.map((line) => interleaved(build, line, Axis.width, width));
    return firstChannels(build, original, interleaved(build, lines, Axis.height, height));
  },

  Conv2DBackpropFilter(build, original, [x, dy]) {
    const { strides, pads: [top, left] } = windowOf(original);
    const [rows, height, width, inputs] = x.shape;
    const [filterHeight, filterWidth, , outputs] = original.shape;
    const c = build.block;
    if (rows % c !== 0) return undefined;
    const [down, across] = [0, 1].map((axis) =>
      (dy.shape[axis + 1] - 1) * strides[axis] + original.shape[axis]
    );
    const right = across - left - width;
    let channelsAsImages: Node;
    if (inputs < c) {
      const padded = fitted(build, x.plain(), 2, left, right);
      const numbers = build.reshape(padded, [rows / c, c, height * across * inputs]);
      channelsAsImages = build.reshape(transposed(build, numbers, [0, 2, 1]), [
        1,
        rows / c,
        height,
        across,
        inputs,
        c,
      ]);
    } else {
      const outer = transposed(build, image(build, x, left, right), [1, 0, 2, 3, 4, 5]);
      channelsAsImages = innerTransposed(build, outer);
    }
    const rowsAsInputs = transposed(build, filledUp(build, dy).tiles(), [1, 0, 2, 3, 4, 5]);
    const tiles = tileConv(build, channelsAsImages, rowsAsInputs, {
      pads: [top, down - top - height],
      dilations: strides,
    });
    const full = [filterHeight, filterWidth, sizeOf([tiles.shape[0], tiles.shape[4]]), tiles.shape[1] * c];
    const filter = build.reshape(transposed(build, tiles, [2, 3, 0, 4, 1, 5]), full);
    return new Value(build, original, {
      plain: sliced(build, sliced(build, filter, 2, 0, inputs), 3, 0, outputs),
    });
  },
};
