/** The runtime's convolutions of blocked images: of its own domain, with a layout that depends on the processor. */
import { sizeOf } from "../../datasets/shape.ts";
import type { Node, Shape } from "../graph.ts";
import type { Lowering } from "../lower.ts";
import type { LoweringRules } from "./rule.ts";

const BLOCKED = "com.microsoft.nchwc";

/**
 * The operator takes four axes: blocks of channels are no axes of their own to it, and what stands side by side in a
 * pixel is further columns.
 */
function flat(
  lower: Lowering,
  value: string,
  [images, blocks, height, width, inner, block = 1]: Shape,
): string {
  return lower.emit("Reshape", [value, lower.integers([images, blocks * block, height, width * inner])]);
}

/** A kernel with what it does besides its convolution. */
function kernel(
  lower: Lowering,
  node: Node,
  [image, , ...others]: readonly string[],
  filter: string,
  shape: Readonly<Record<string, number | readonly number[]>>,
): string {
  const { hasBias, hasOnto, activation, slope } = node.attributes;
  const operands = [flat(lower, image, node.inputs[0].shape), filter];
  if (hasBias || hasOnto) operands.push(hasBias ? others[0] : "");
  if (hasOnto) operands.push(flat(lower, others.at(-1)!, node.shape));
  const result = lower.emit("Conv", operands, {
    ...shape,
    ...(activation ? { activation: activation as string } : {}),
    ...(activation === "LeakyRelu" ? { activation_params: { floats: [slope as number] } } : {}),
  }, BLOCKED);
  return lower.emit("Reshape", [result, lower.integers(node.shape)]);
}

export const tileRules: LoweringRules = {
  TileConv(lower, node, inputs) {
    const [{ shape: imageShape }, { shape: filterShape }] = node.inputs;
    const { pads: [top, bottom], dilations: [down, across], strideY } = node.attributes as {
      pads: readonly number[];
      dilations: readonly number[];
      strideY: number;
    };
    const [, blocks, , , inner, block = 1] = imageShape;
    const [outputBlocks, , height, width] = filterShape;
    const fourAxes = [outputBlocks * filterShape.at(-1)!, blocks * block, height, width];
    return kernel(lower, node, inputs, lower.emit("Reshape", [inputs[1], lower.integers(fourAxes)]), {
      kernel_shape: [height, width],
      strides: [strideY, 1],
      dilations: [down, across * inner],
      pads: [top, 0, bottom, 0],
    });
  },
  TileScale(lower, node, inputs) {
    const [channels] = node.inputs[1].shape;
    const filter = lower.emit("Reshape", [inputs[1], lower.integers([channels, 1, 1, 1])]);
    return kernel(lower, node, inputs, filter, { kernel_shape: [1, 1], group: channels });
  },
  /** The rows are the pixels of an image to the operator, which puts the pixels of each channel beside each other. */
  TileTranspose(lower, node, [x]) {
    const { shape } = node;
    const [r, c] = shape.slice(-2);
    const image = lower.emit("Reshape", [x, lower.integers([sizeOf(shape.slice(0, -2)), c, 1, r])]);
    const attributes = { channels: c, channels_last: 0 };
    return lower.emit("Reshape", [
      lower.emit("ReorderOutput", [image], attributes, BLOCKED),
      lower.integers(shape),
    ]);
  },
  /** Along one axis: what is before it are images to the operator, what is after it are columns. */
  TilePool(lower, node, [x]) {
    const { axis, size, stride, pads: [before, after] } = node.attributes as {
      axis: number;
      size: number;
      stride: number;
      pads: readonly number[];
    };
    const { shape } = node.inputs[0];
    const c = shape.at(-1)!;
    const image = [sizeOf(shape.slice(0, axis)), c, shape[axis], sizeOf(shape.slice(axis + 1, -1))];
    const largest = lower.emit("MaxPool", [lower.emit("Reshape", [x, lower.integers(image)])], {
      kernel_shape: [size, 1],
      strides: [stride, 1],
      pads: [before, 0, after, 0],
    }, BLOCKED);
    return lower.emit("Reshape", [largest, lower.integers(node.shape)]);
  },
};
