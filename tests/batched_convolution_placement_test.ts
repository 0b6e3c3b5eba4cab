/** What a convolution makes of one of several sets of inputs depends on nothing else, to the last bit. */
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { assertPlaceless, type Case } from "./_placement.ts";

type Shape4D = [number, number, number, number];
type Convolution = readonly [images: Shape4D, filter: Shape4D, stride: number, pad: "same" | "valid"];

const convolutions: readonly Convolution[] = [
  [[2, 7, 6, 1], [3, 3, 1, 1], 1, "same"],
  [[2, 7, 6, 1], [3, 3, 1, 2], 2, "same"],
  [[3, 8, 8, 1], [5, 5, 1, 32], 1, "same"],
  [[2, 9, 8, 3], [3, 3, 3, 10], 1, "valid"],
  [[2, 8, 7, 5], [4, 4, 5, 7], 2, "same"],
  [[1, 14, 14, 32], [5, 5, 32, 64], 1, "same"],
  [[5, 12, 12, 16], [3, 3, 16, 16], 1, "same"],
  [[2, 4, 4, 64], [3, 3, 64, 32], 2, "same"],
  [[2, 3, 3, 24], [3, 3, 24, 40], 1, "valid"],
  [[2, 5, 4, 16], [1, 1, 16, 12], 1, "valid"],
  [[2, 5, 5, 6], [5, 5, 6, 9], 1, "valid"],
  [[1, 6, 6, 4], [3, 3, 4, 1], 1, "same"],
];

function resultShape([images, filter, stride, pad]: Convolution): Shape4D {
  return tf.backend_util.computeConv2DInfo(images, filter, stride, 1, pad).outShape;
}

/** Each of two operands: images and a filter, a result's gradient and a filter, images and a result's gradient. */
const kernels: Readonly<Record<string, (convolution: Convolution) => Case>> = {
  Conv2D: ([images, filter, stride, pad]) => ({
    fn: ({ a, b }) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad),
    shapes: { a: images, b: filter },
  }),
  Conv2DBackpropInput: (convolution) => {
    const [images, filter, stride, pad] = convolution;
    return {
      fn: ({ a, b }) => tf.conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, images, stride, pad),
      shapes: { a: resultShape(convolution), b: filter },
    };
  },
  Conv2DBackpropFilter: (convolution) => {
    const [images, filter, stride, pad] = convolution;
    return {
      fn: ({ a, b }) => {
        const convolve = (weights: tf.Tensor) =>
          tf.conv2d(a as tf.Tensor4D, weights as tf.Tensor4D, stride, pad);
        return tf.grad(convolve)(tf.zeros(filter), b);
      },
      shapes: { a: images, b: resultShape(convolution) },
    };
  },
};

for (const [name, caseOf] of Object.entries(kernels)) {
  test(`${name} makes the same of a set at every place, whichever of its operands the sets share`, async () => {
    await assertPlaceless(convolutions.map(caseOf), [["a", "b"], ["a"], ["b"]]);
  });
}
