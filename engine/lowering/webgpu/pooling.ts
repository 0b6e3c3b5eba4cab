import { sizeOf } from "../../../datasets/shape.ts";
import type { Node, Shape } from "../../graph.ts";
import type { Lowering } from "../../lower.ts";
import type { LoweringRules } from "../rule.ts";
import { firstMaximum } from "./reductions.ts";

/** Less than any number of an image, and unlike infinity still 0 when multiplied by 0. */
const LEAST = -(2 - 2 ** -23) * 2 ** 127;

/** From [batch, height, width, channels] to one image a channel, [batch * channels, 1, height, width]. */
function apart(lower: Lowering, x: string, [batch, height, width, channels]: Shape): string {
  const first = lower.emit("Transpose", [x], { perm: [0, 3, 1, 2] });
  return lower.emit("Reshape", [first, lower.integers([batch * channels, 1, height, width])]);
}

/** Filters that each see one position of a window: [positions, 1, height, width]. */
function positions(lower: Lowering, [height, width]: Shape): string {
  const count = height * width;
  const values = Array.from({ length: count ** 2 }, (_, i) => i % (count + 1) === 0 ? 1 : 0);
  return lower.constant(values, [count, 1, height, width], "float");
}

export const poolingRules: LoweringRules = {
  /**
   * The provider does not say where in a window the maximum is. Here a convolution lists what each window sees, and a
   * transposed one adds up the gradients where they belong.
   */
  MaxPoolGrad(lower, { shape, inputs: [output], attributes }: Node, [dy, x]) {
    const { size, strides, pads } = attributes as Readonly<Record<string, Shape>>;
    const [batch, height, width, channels] = shape;
    const [top, left, bottom, right] = pads;
    const seesOne = positions(lower, size);
    const walled = lower.emit("Pad", [
      apart(lower, x, shape),
      lower.integers([0, 0, top, left, 0, 0, bottom, right]),
      lower.scalar(LEAST, "float"),
    ]);
    const seen = lower.emit("Conv", [walled, seesOne], { strides });
    const ofWindows = [batch * channels, sizeOf(size), output.shape[1], output.shape[2]];
    const isFirst = lower.emit("Equal", firstMaximum(lower, seen, ofWindows, 1));
    const shares = lower.emit("Where", [isFirst, apart(lower, dy, output.shape), lower.scalar(0, "float")]);
    const rest = (axis: 0 | 1) =>
      shape[axis + 1] + pads[axis] + pads[axis + 2] - size[axis] -
      (output.shape[axis + 1] - 1) * strides[axis];
    const sums = lower.emit("ConvTranspose", [shares, seesOne], {
      strides,
      pads,
      output_padding: [rest(0), rest(1)],
    });
    const images = lower.emit("Reshape", [sums, lower.integers([batch, channels, height, width])]);
    return lower.emit("Transpose", [images], { perm: [0, 2, 3, 1] });
  },
};
