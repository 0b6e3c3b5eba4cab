import type { Tensor } from "@tensorflow/tfjs";
import type { ClassifiedSource } from "../datasets/dataset.ts";
import { fmnist } from "../datasets/fmnist.ts";
import { mnist } from "../datasets/mnist.ts";
import type { Tensors } from "../optim/optimizer.ts";
import { constant, truncatedNormal } from "./initializers.ts";
import {
  accuracy,
  convParameters,
  convReluPool,
  crossEntropy,
  dense,
  denseParameters,
  flatten,
} from "./layers/layers.ts";
import type { Batch, Task } from "./task.ts";

/** What tasks with this network differ in. */
export type Options2c2d =
  & Pick<Task, "name" | "summary" | "target">
  & Partial<Pick<Task, "batchSize" | "testBatchSize" | "epochs" | "learningRate">>
  & { readonly data: ClassifiedSource };

/**
 * DeepOBS' `2c2d` (Schneider, Balles & Hennig, ICLR 2019): two convolutions of 5x5, each with a max-pool of 2, and two
 * dense layers, for grey images. Its defaults are batches of 128 and 100 epochs.
 */
export function task2c2d(options: Options2c2d): Task {
  const { data } = options;
  const [height, width] = data.shape;
  const init = { weights: truncatedNormal(0.05), biases: constant(0.05) };
  const pooledSize = Math.ceil(height / 4) * Math.ceil(width / 4) * 64;

  function scores(params: Tensors, { inputs }: Batch): Tensor {
    let x = inputs.toFloat().div(data.divisor).reshape([inputs.shape[0], height, width, 1]);
    x = convReluPool(params, "conv1", x, "same", 2);
    x = convReluPool(params, "conv2", x, "same", 2);
    x = dense(params, "dense1", flatten(x)).relu();
    return dense(params, "dense2", x);
  }

  return {
    batchSize: 128,
    epochs: 100,
    ...options,
    metric: "accuracy",
    parameters: {
      ...convParameters("conv1", [5, 5, 1, 32], init),
      ...convParameters("conv2", [5, 5, 32, 64], init),
      ...denseParameters("dense1", pooledSize, 1024, init),
      ...denseParameters("dense2", 1024, data.classes, init),
    },
    loss: (params, batch) => crossEntropy(scores(params, batch), batch.labels),
    evaluate(params, batch) {
      const found = scores(params, batch);
      return { loss: crossEntropy(found, batch.labels), accuracy: accuracy(found, batch.labels) };
    },
  };
}

/** The test accuracy of LeNet-5 (LeCun, Bottou, Bengio & Haffner 1998, figure 9), on handwritten digits. */
export const LENET5_ACCURACY = 0.9905;

export const mnist2c2d = task2c2d({
  name: "mnist_2c2d",
  summary: "28x28 handwritten digits, two convolutions and two dense layers (DeepOBS)",
  data: mnist,
  target: LENET5_ACCURACY,
});

export const fmnist2c2d = task2c2d({
  name: "fmnist_2c2d",
  summary: "28x28 articles of clothing, two convolutions and two dense layers (DeepOBS)",
  data: fmnist,
  // What DeepOBS counts as converged: convergence_performance.json of its published baselines.
  target: 0.9198,
});
