/**
 * The provider's convolutions take several channels at a time, and mistake some for others where these vectors end within
 * a group, or within the channels (ONNX Runtime 1.27): zeros fill them up.
 */
import type { Shape } from "../../graph.ts";
import type { Lowering } from "../../lower.ts";
import { convolutionRules as general } from "../convolution.ts";
import type { LoweringRules } from "../rule.ts";

function multipleOfFour(channels: number): number {
  return 4 * Math.ceil(channels / 4);
}

/** With so many numbers of each group along an axis: zeros behind those that there are, or the first of them. */
function resized(
  lower: Lowering,
  x: string,
  shape: Shape,
  axis: number,
  groups: number,
  length: number,
): string {
  const before = shape[axis] / groups;
  if (length === before) return x;
  const split = shape.toSpliced(axis, 1, groups, before);
  const apart = lower.emit("Reshape", [x, lower.integers(split)]);
  const zeros = split.map(() => 0);
  const fitted = length < before
    ? lower.slice(apart, zeros, split.with(axis + 1, length))
    : lower.emit("Pad", [
      apart,
      lower.integers([...zeros, ...zeros.with(axis + 1, length - before)]),
      lower.scalar(0, "float"),
    ]);
  return lower.emit("Reshape", [fitted, lower.integers(shape.with(axis, groups * length))]);
}

export const convolutionRules: LoweringRules = {
  /** Of several groups, it takes four results at once, or two; of one group with three channels or six, three channels. */
  Conv2D(lower, node, [x, filter]) {
    const [image, weights] = node.inputs;
    const { groups = 1 } = node.attributes as { readonly groups?: number };
    const [height, width, channels, results] = weights.shape;
    const inputs = groups === 1 && channels > 3 && channels % 3 === 0 ? multipleOfFour(channels) : channels;
    const own = results / groups;
    const outputs = groups > 1 && own > 4 ? multipleOfFour(own) : own;
    const wide = {
      ...node,
      shape: node.shape.with(3, groups * outputs),
      inputs: [
        { ...image, shape: image.shape.with(3, groups * inputs) },
        { ...weights, shape: [height, width, inputs, groups * outputs] },
      ],
    };
    const deep = resized(lower, filter, weights.shape, 2, 1, inputs);
    const result = general.Conv2D(lower, wide, [
      resized(lower, x, image.shape, 3, groups, inputs),
      resized(lower, deep, weights.shape.with(2, inputs), 3, groups, outputs),
    ]);
    return resized(lower, result, wide.shape, 3, groups, own);
  },

  /** Of several groups with a single channel each, the channels of the result's gradient are counted wrong. */
  Conv2DBackpropInput(lower, node, [dy, filter]) {
    const [gradient, weights] = node.inputs;
    const { groups = 1 } = node.attributes as { readonly groups?: number };
    const [, , channels] = weights.shape;
    const inputs = groups > 1 ? Math.max(2, channels) : channels;
    const wide = {
      ...node,
      shape: node.shape.with(3, groups * inputs),
      inputs: [gradient, { ...weights, shape: weights.shape.with(2, inputs) }],
    };
    const deep = resized(lower, filter, weights.shape, 2, 1, inputs);
    const result = general.Conv2DBackpropInput(lower, wide, [dy, deep]);
    return resized(lower, result, wide.shape, 3, groups, channels);
  },
};
