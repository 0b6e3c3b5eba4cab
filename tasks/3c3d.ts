import type { Scalar, Tensor } from "@tensorflow/tfjs";
import { cifar10 } from "../datasets/cifar10.ts";
import type { ClassifiedSource } from "../datasets/dataset.ts";
import type { Tensors } from "../optim/optimizer.ts";
import { colourNoise, cropAndFlip, cropNoise, jitterColours, standardize } from "./layers/augmentation.ts";
import { glorotNormal, glorotUniform } from "./initializers.ts";
import {
  accuracy,
  convParameters,
  convReluPool,
  crossEntropy,
  dense,
  denseParameters,
  flatten,
} from "./layers/layers.ts";
import type { Task } from "./task.ts";

/** Factor of half the sum of the squared weights, which is part of the loss in training and in test. */
const L2 = 0.002;
/** On each side of a training image: a window of 32 is cut out of 36 pixels. */
const PADDING = 2;

/**
 * DeepOBS' `3c3d` (Schneider, Balles & Hennig, ICLR 2019): three convolutions, each with a 3x3 max-pool of stride 2,
 * and three dense layers, for colour images of 32x32 pixels.
 */
export function task3c3d(
  options: Pick<Task, "name" | "summary" | "target"> & { readonly data: ClassifiedSource },
): Task {
  const filters = { weights: glorotNormal() };
  const matrices = { weights: glorotUniform() };
  const parameters = {
    ...convParameters("conv1", [5, 5, 3, 64], filters),
    ...convParameters("conv2", [3, 3, 64, 96], filters),
    ...convParameters("conv3", [3, 3, 96, 128], filters),
    ...denseParameters("dense1", 3 * 3 * 128, 512, matrices),
    ...denseParameters("dense2", 512, 256, matrices),
    ...denseParameters("dense3", 256, options.data.classes, matrices),
  };
  const weights = Object.keys(parameters).filter((name) => name.endsWith("_w"));

  /** @param images float, shape [batch, 32, 32, 3] */
  function scores(params: Tensors, images: Tensor): Tensor {
    let x = convReluPool(params, "conv1", images, "valid", 3);
    x = convReluPool(params, "conv2", x, "valid", 3);
    x = convReluPool(params, "conv3", x, "same", 3);
    x = dense(params, "dense1", flatten(x)).relu();
    x = dense(params, "dense2", x).relu();
    return dense(params, "dense3", x);
  }

  function regularized(loss: Scalar, params: Tensors): Scalar {
    const squares = weights.map((name) => params[name].square().sum());
    return loss.add(squares.reduce((sum, square) => sum.add(square)).mul(L2 / 2));
  }

  return {
    ...options,
    batchSize: 128,
    epochs: 100,
    metric: "accuracy",
    parameters,
    noise: { ...cropNoise, ...colourNoise },
    loss(params, { inputs, labels }, { noise }) {
      const images = jitterColours(cropAndFlip(inputs, PADDING, noise), noise);
      return regularized(crossEntropy(scores(params, images), labels), params);
    },
    evaluate(params, { inputs, labels }) {
      const found = scores(params, standardize(inputs));
      return {
        loss: regularized(crossEntropy(found, labels), params),
        accuracy: accuracy(found, labels),
      };
    },
  };
}

export const cifar10With3c3d = task3c3d({
  name: "cifar10_3c3d",
  summary: "32x32 photographs, three convolutions and three dense layers, augmented (DeepOBS)",
  data: cifar10,
  // What DeepOBS counts as converged: convergence_performance.json of its published baselines.
  target: 0.8283,
});
