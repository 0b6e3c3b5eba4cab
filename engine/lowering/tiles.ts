/** The runtime's convolution of blocked images: of its own domain, with a layout that depends on the processor. */
import type { LoweringRules } from "./rule.ts";

const BLOCKED = "com.microsoft.nchwc";

export const tileRules: LoweringRules = {
  TileConv(lower, node, [image, filter, onto]) {
    const [{ shape: imageShape }, { shape: filterShape }] = node.inputs;
    const { pads: [top, bottom], dilations: [down, across], strideY } = node.attributes as {
      pads: readonly number[];
      dilations: readonly number[];
      strideY: number;
    };
    const [images, blocks, height, width, inner, block = 1] = imageShape;
    const [outputBlocks, , filterHeight, filterWidth] = filterShape;
    const outputs = outputBlocks * filterShape.at(-1)!;
    // The operator takes four axes for blocks of channels, too; what stands side by side is further columns to it.
    const flat = (value: string, shape: readonly number[]) =>
      lower.emit("Reshape", [value, lower.integers(shape)]);
    const [, , outHeight, outWidth] = node.shape;
    const operands = [
      flat(image, [images, blocks * block, height, width * inner]),
      flat(filter, [outputs, blocks * block, filterHeight, filterWidth]),
    ];
    if (onto !== undefined) {
      operands.push("", flat(onto, [images, outputs, outHeight, outWidth * inner]));
    }
    const result = lower.emit("Conv", operands, {
      kernel_shape: [filterHeight, filterWidth],
      strides: [strideY, 1],
      dilations: [down, across * inner],
      pads: [top, 0, bottom, 0],
    }, BLOCKED);
    return flat(result, node.shape);
  },
};
