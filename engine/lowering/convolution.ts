/**
 * Convolutions and pools, plainly: the runtime's own operators, between transpositions, as these take the channels
 * first. It has no convolution in float64; there it is a product of matrices.
 */
import { sizeOf } from "../../datasets/shape.ts";
import type { Node, Shape } from "../graph.ts";
import type { Lowering } from "../lower.ts";
import type { LoweringRules } from "./rule.ts";

/** From [batch, height, width, channels] to [batch, channels, height, width], and back. */
function channelsFirst(lower: Lowering, x: string): string {
  return lower.emit("Transpose", [x], { perm: [0, 3, 1, 2] });
}
function channelsLast(lower: Lowering, x: string): string {
  return lower.emit("Transpose", [x], { perm: [0, 2, 3, 1] });
}

interface Window {
  /** [height, width] each. */
  readonly size: Shape;
  readonly strides: Shape;
  /** [top, left, bottom, right]. */
  readonly pads: Shape;
}

function windowOf({ attributes }: Node, size = attributes.size): Window {
  return { size: size as Shape, strides: attributes.strides as Shape, pads: attributes.pads as Shape };
}

/** What each position of a window sees: [batch, out height, out width, channels], in row-major order of positions. */
function positions(lower: Lowering, x: string, out: Shape, { size, strides }: Window): string[] {
  const [batch, height, width, channels] = out;
  const seen: string[] = [];
  for (let row = 0; row < size[0]; row++) {
    for (let column = 0; column < size[1]; column++) {
      seen.push(
        lower.slice(x, [0, row, column, 0], [batch, height, width, channels], [1, ...strides, 1]),
      );
    }
  }
  return seen;
}

/** With zeros around, or less where a width is negative. */
function padded(lower: Lowering, x: string, [top, left, bottom, right]: Shape): string {
  const widths = lower.integers([0, top, left, 0, 0, bottom, right, 0]);
  return lower.emit("Pad", [x, widths, lower.scalar(0, "float")]);
}

/** All that a window sees, beside each other: [batch, out height, out width, size * channels]. */
function patches(lower: Lowering, x: string, out: Shape, channels: number, window: Window): string {
  const seen = positions(lower, padded(lower, x, window.pads), out.with(3, channels), window);
  return lower.emit("Concat", seen, { axis: 3 });
}

/** How many groups the channels are in, which see each other alone: those of sets side by side (batching/convolution.ts). */
function groupsOf({ attributes: { groups = 1 } }: Node): number {
  return groups as number;
}

/** Matrices [groups, rows, columns], one for each index of an axis of x, once it has that shape. */
function matrices(lower: Lowering, x: string, shape: Shape, axis: number, columns: number): string {
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const split = lower.emit("Reshape", [x, lower.integers(shape)]);
  const first = lower.emit("Transpose", [split], { perm: [axis, ...others] });
  return lower.emit("Reshape", [first, lower.integers([shape[axis], -1, columns])]);
}

/** Matrices [groups, rows, columns] as images with the columns of all groups side by side. */
function imagesOf(lower: Lowering, products: string, shape: Shape): string {
  return lower.emit("Reshape", [
    lower.emit("Transpose", [products], { perm: [1, 0, 2] }),
    lower.integers(shape),
  ]);
}

/** With zeros between the elements, so that a stride becomes 1: height becomes (height - 1) stride + 1. */
function spread(
  lower: Lowering,
  x: string,
  [batch, height, width, channels]: Shape,
  [down, across]: Shape,
): string {
  if (down === 1 && across === 1) return x;
  const cells = lower.emit("Reshape", [x, lower.integers([batch, height, 1, width, 1, channels])]);
  const widths = lower.integers([0, 0, 0, 0, 0, 0, 0, 0, down - 1, 0, across - 1, 0]);
  const filled = lower.emit("Pad", [cells, widths, lower.scalar(0, "float")]);
  const full = [batch, height * down, width * across, channels];
  return lower.slice(
    lower.emit("Reshape", [filled, lower.integers(full)]),
    [0, 0, 0, 0],
    [batch, (height - 1) * down + 1, (width - 1) * across + 1, channels],
  );
}

/** What the gradient, spread out to stride 1, is padded with so that every element of the image has all its windows. */
function gradientPads(input: Shape, output: Shape, { size, strides, pads }: Window): number[] {
  const [top, left] = [size[0] - 1 - pads[0], size[1] - 1 - pads[1]];
  const bottom = input[1] - 1 + pads[0] - (output[1] - 1) * strides[0];
  const right = input[2] - 1 + pads[1] - (output[2] - 1) * strides[1];
  return [top, left, bottom, right];
}

/** How many elements of the image (not of the padding) each window sees: [1, out height, out width, 1]. */
function counts(lower: Lowering, input: Shape, output: Shape, { size, strides, pads }: Window): string {
  const [rows, columns] = [0, 1].map((axis) =>
    Array.from({ length: output[axis + 1] }, (_, i) => {
      const start = i * strides[axis] - pads[axis];
      return Math.min(start + size[axis], input[axis + 1]) - Math.max(start, 0);
    })
  );
  const values = rows.flatMap((row) => columns.map((column) => row * column));
  return lower.constant(values, [1, rows.length, columns.length, 1], "float");
}

export const convolutionRules: LoweringRules = {
  Conv2D(lower, node, [x, filter]) {
    const [{ shape: [, , , channels] }, { shape: filterShape }] = node.inputs;
    const window = windowOf(node, filterShape.slice(0, 2));
    const groups = groupsOf(node);
    if (lower.precision === "float32") {
      const { strides, pads } = window;
      const weights = lower.emit("Transpose", [filter], { perm: [3, 2, 0, 1] });
      const attributes = { strides, pads, group: groups };
      return channelsLast(lower, lower.emit("Conv", [channelsFirst(lower, x), weights], attributes));
    }
    const [taps, inputs, outputs] = [sizeOf(window.size), filterShape[2], filterShape[3] / groups];
    const seen = patches(lower, x, node.shape, channels, window);
    const rows = matrices(lower, seen, [-1, taps, groups, inputs], 2, taps * inputs);
    const weights = matrices(lower, filter, [taps, inputs, groups, outputs], 2, outputs);
    return imagesOf(lower, lower.emit("MatMul", [rows, weights]), node.shape);
  },

  Conv2DBackpropInput(lower, node, [dy, filter]) {
    const [output, { shape: filterShape }] = node.inputs;
    const window = windowOf(node, filterShape.slice(0, 2));
    const { size, strides, pads } = window;
    const groups = groupsOf(node);
    if (lower.precision === "float32") {
      const weights = lower.emit("Transpose", [filter], { perm: [3, 2, 0, 1] });
      const left = (axis: 0 | 1) =>
        node.shape[axis + 1] + pads[axis] + pads[axis + 2] - size[axis] -
        (output.shape[axis + 1] - 1) * strides[axis];
      return channelsLast(
        lower,
        lower.emit("ConvTranspose", [channelsFirst(lower, dy), weights], {
          strides,
          pads,
          output_padding: [left(0), left(1)],
          group: groups,
        }),
      );
    }
    const [taps, inputs, outputs] = [sizeOf(size), filterShape[2], filterShape[3] / groups];
    const wide = spread(lower, dy, output.shape, strides);
    const stride1 = { size, strides: [1, 1], pads: gradientPads(node.shape, output.shape, window) };
    const seen = patches(lower, wide, node.shape, filterShape[3], stride1);
    const rows = matrices(lower, seen, [-1, taps, groups, outputs], 2, taps * outputs);
    const turned = lower.slice(filter, [size[0] - 1, size[1] - 1, 0, 0], filterShape, [-1, -1, 1, 1]);
    const swapped = lower.emit("Transpose", [turned], { perm: [0, 1, 3, 2] });
    const weights = matrices(lower, swapped, [taps, groups, outputs, inputs], 1, inputs);
    return imagesOf(lower, lower.emit("MatMul", [rows, weights]), node.shape);
  },

  Conv2DBackpropFilter(lower, node, [x, dy]) {
    const [input, output] = node.inputs;
    const window = windowOf(node, node.shape.slice(0, 2));
    const seen = patches(lower, x, output.shape, input.shape[3], window);
    const rows = lower.emit("Reshape", [seen, lower.integers([-1, sizeOf(node.shape.slice(0, 3))])]);
    const gradients = lower.emit("Reshape", [dy, lower.integers([-1, node.shape[3]])]);
    return lower.emit("Reshape", [
      lower.emit("Gemm", [rows, gradients], { transA: 1 }),
      lower.integers(node.shape),
    ]);
  },

  Patches(lower, node, [x]) {
    return patches(lower, x, node.shape, node.inputs[0].shape[3], windowOf(node));
  },

  MaxPool(lower, node, [x]) {
    const { size, strides, pads } = windowOf(node);
    return channelsLast(
      lower,
      lower.emit("MaxPool", [channelsFirst(lower, x)], { kernel_shape: size, strides, pads }),
    );
  },
  MaxPoolGrad(lower, node, [dy, x]) {
    const { size, strides, pads } = windowOf(node);
    const [batch, height, width, channels] = node.shape;
    const attributes = { kernel_shape: size, strides, pads };
    // The operator keeps the first maximum of a window.
    const [, places] = lower.emitAll("MaxPool", [channelsFirst(lower, x)], 2, attributes);
    const flat = lower.integers([-1]);
    const sums = lower.emit("ScatterElements", [
      lower.constant(0, [sizeOf(node.shape)], node.dtype),
      lower.emit("Reshape", [places, flat]),
      lower.emit("Reshape", [channelsFirst(lower, dy), flat]),
    ], { reduction: "add" });
    return channelsLast(
      lower,
      lower.emit("Reshape", [sums, lower.integers([batch, channels, height, width])]),
    );
  },
  AvgPool(lower, node, [x]) {
    const window = windowOf(node);
    if (lower.precision === "float32") {
      const { size, strides, pads } = window;
      const attributes = { kernel_shape: size, strides, pads };
      return channelsLast(lower, lower.emit("AveragePool", [channelsFirst(lower, x)], attributes));
    }
    const seen = positions(lower, padded(lower, x, window.pads), node.shape, window);
    const sum = seen.reduce((total, part) => lower.emit("Add", [total, part]));
    return lower.emit("Div", [sum, counts(lower, node.inputs[0].shape, node.shape, window)]);
  },
  AvgPoolGrad(lower, node, [dy]) {
    const [output] = node.inputs;
    const window = windowOf(node);
    const shares = lower.emit("Div", [dy, counts(lower, node.shape, output.shape, window)]);
    const wide = padded(
      lower,
      spread(lower, shares, output.shape, window.strides),
      gradientPads(node.shape, output.shape, window),
    );
    const seen = positions(lower, wide, node.shape, { ...window, strides: [1, 1] });
    return seen.reduce((sum, part) => lower.emit("Add", [sum, part]));
  },
};
