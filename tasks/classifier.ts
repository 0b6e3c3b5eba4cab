import type { Scalar, Tensor2D } from "@tensorflow/tfjs";
import type { ClassifiedSource } from "../datasets/dataset.ts";
import { sizeOf } from "../datasets/shape.ts";
import type { Tensors } from "../optim/optimizer.ts";
import { type Initializer, zeros } from "./initializers.ts";
import type { Batch, Task } from "./task.ts";

export interface ClassifierOptions {
  name: string;
  summary: string;
  data: ClassifiedSource;
  /** Units of the hidden layers. */
  hidden: readonly number[];
  activation: "relu" | "tanh";
  /** Of the weights; biases start at zero. */
  weights: Initializer;
  batchSize: number;
  epochs: number;
  /** Test accuracy to reach, between 0 and 1. */
  target: number;
}

/**
 * A fully connected network with softmax cross-entropy. The weights of layer i are `wi`, shape [in, out], its biases
 * `bi`, shape [out].
 */
export function denseClassifier(options: ClassifierOptions): Task {
  const { shape, classes, divisor } = options.data;
  const units = [sizeOf(shape), ...options.hidden, classes];
  const layers = units.length - 1;
  const parameters: Record<string, { shape: number[]; init: Initializer }> = {};
  for (let i = 1; i <= layers; i++) {
    parameters[`w${i}`] = { shape: [units[i - 1], units[i]], init: options.weights };
    parameters[`b${i}`] = { shape: [units[i]], init: zeros() };
  }

  function logits(params: Tensors, { inputs }: Batch): Tensor2D {
    let x = inputs.toFloat().div(divisor).reshape([inputs.shape[0], units[0]]);
    for (let i = 1; i <= layers; i++) {
      x = x.matMul(params[`w${i}`]).add(params[`b${i}`]);
      if (i < layers) x = x[options.activation]();
    }
    return x as Tensor2D;
  }

  /** Mean over the batch of -log softmax(logits)[label]. */
  function crossEntropy(logits: Tensor2D, { labels }: Batch): Scalar {
    const logProbabilities = logits.logSoftmax();
    return labels.oneHot(classes, 1, 0).toFloat().mul(logProbabilities).sum().div(-labels.shape[0]!);
  }

  return {
    name: options.name,
    summary: options.summary,
    data: options.data,
    batchSize: options.batchSize,
    epochs: options.epochs,
    metric: "accuracy",
    target: options.target,
    parameters,
    loss: (params, batch) => crossEntropy(logits(params, batch), batch),
    evaluate(params, batch) {
      const scores = logits(params, batch);
      const accuracy = scores.argMax(1).equal(batch.labels).toFloat().mean() as Scalar;
      return { loss: crossEntropy(scores, batch), accuracy };
    },
  };
}
