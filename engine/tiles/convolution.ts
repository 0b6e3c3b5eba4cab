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
  interleaved,
  isImage,
  joined,
  rowsPerTile,
  sliced,
  tileTransposed,
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
function firstChannels(build: Tiler, original: Node, tiles: readonly Node[]): Value {
  if (isImage(original.shape, build.block)) return new Value(build, original, { tiles });
  const images = tiles.map((part) => sliced(build, fromTiles(build, part), 3, 0, original.shape[3]));
  return new Value(build, original, { plain: joined(build, images, 0) });
}

/** All numbers of an image, those of r rows beside each other: [rows / r, height * width * channels, r]. */
function rowsLast(build: Tiler, x: Node, r: number): Node {
  const [rows, ...image] = x.shape;
  return transposed(build, build.reshape(x, [rows / r, r, sizeOf(image)]), [0, 2, 1]);
}

/** As the input of a convolution, with so many columns on the left and the right, fewer where they are negative. */
function image(build: Tiler, x: Value, left: number, right: number): readonly Node[] {
  const [rows, height, , channels] = x.shape;
  if (channels >= build.block) {
    return filledUp(build, x).tiles().map((part) => fitted(build, part, Axis.width, left, right));
  }
  const r = rowsPerTile(rows, build.block);
  return x.rows().map((part) => {
    const padded = fitted(build, part, 2, left, right);
    const [count, , width] = padded.shape;
    const numbers = rowsLast(build, padded, r);
    return transposed(build, build.reshape(numbers, [count / r, height, width, channels, r]), [
      0,
      3,
      1,
      2,
      4,
    ]);
  });
}

/** The same with the channels as images, and the rows as channels. */
function channelsAsImages(build: Tiler, x: Value, left: number, right: number): readonly Node[] {
  const [, height, , channels] = x.shape;
  const c = build.block;
  if (channels >= c) {
    return image(build, x, left, right).map((part) =>
      tileTransposed(build, transposed(build, part, [1, 0, 2, 3, 4, 5]))
    );
  }
  return x.rows().map((part) => {
    const padded = fitted(build, part, 2, left, right);
    const [count, , width] = padded.shape;
    return build.reshape(rowsLast(build, padded, c), [1, count / c, height, width, channels, c]);
  });
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
  const extras = { hasBias: false, hasOnto: onto !== undefined, activation: "", slope: 0 };
  const attributes = { pads: [top, bottom], strideY, dilations, ...extras };
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
    const tiles = image(build, x, left, right).map((part) => {
      let sum: Node | undefined;
      for (let first = 0; first < Math.min(strideX, filterColumns); first++) {
        const taps = Math.ceil((filterColumns - first) / strideX);
        const seen = sliced(build, part, Axis.width, first, width - 1 + taps, strideX);
        const weights = filterBlocks(build, sliced(build, filter.plain(), 1, first, taps, strideX));
        sum = tileConv(build, seen, weights, { pads: [top, bottom], strideY, onto: sum });
      }
      return sum!;
    });
    return firstChannels(build, original, tiles);
  },

  Conv2DBackpropInput(build, original, [dy, filter]) {
    const { strides, pads } = windowOf(original);
    const [, height, width, inputs] = original.shape;
    const weights = transposed(build, filter.plain(), [0, 1, 3, 2]);
    const [rows, columns] = [0, 1].map((axis) =>
      remainders(original.shape[axis + 1], dy.shape[axis + 1], filter.shape[axis], strides[axis], pads[axis])
    );
    const full = build.tiled({
      shape: [...original.shape.slice(0, 3), blocks(build, inputs) * build.block],
      dtype: original.dtype,
    });
    const tiles = Array.from({ length: build.parts(original.shape[0]) }, (_, i) => {
      const lines = rows.map((row) => {
        const line = columns.map((column) => {
          if (row.taps === 0 || column.taps === 0) {
            const shape = full.shape.with(Axis.height, row.length).with(Axis.width, column.length);
            return build.constant(0, { shape, dtype: original.dtype });
          }
          const down = sliced(build, weights, 0, row.lastTap, row.taps, -strides[0]);
          const turned = sliced(build, down, 1, column.lastTap, column.taps, -strides[1]);
          const seen = image(build, dy, column.before, column.after)[i];
          return tileConv(build, seen, filterBlocks(build, turned), { pads: [row.before, row.after] });
        });
        return interleaved(build, line, Axis.width, width);
      });
      return interleaved(build, lines, Axis.height, height);
    });
    return firstChannels(build, original, tiles);
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
    // For the first layer's filter alone, columns need not be woven.
    const gradients = inputs < c && dy.columns || filledUp(build, dy).tiles().map((part) => [part]);
    let tiles: Node | undefined;
    channelsAsImages(build, x, left, across - left - width).forEach((part, i) => {
      gradients[i].forEach((columns, first) => {
        const step = strides[1] * gradients[i].length;
        const length = (columns.shape[Axis.width] - 1) * step + filterWidth;
        const seen = sliced(build, part, Axis.width, first * strides[1], length);
        tiles = tileConv(build, seen, transposed(build, columns, [1, 0, 2, 3, 4, 5]), {
          pads: [top, down - top - height],
          dilations: [strides[0], step],
          onto: tiles,
        });
      });
    });
    const [images, blocksOut, , , inner] = tiles!.shape;
    const filter = build.reshape(transposed(build, tiles!, [2, 3, 0, 4, 1, 5]), [
      filterHeight,
      filterWidth,
      images * inner,
      blocksOut * c,
    ]);
    return new Value(build, original, {
      plain: sliced(build, sliced(build, filter, 2, 0, inputs), 3, 0, outputs),
    });
  },
};
