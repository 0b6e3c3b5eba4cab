import type { ClassifiedSource } from "../datasets/dataset.ts";
import { sizeOf } from "../datasets/shape.ts";
import type { Tensors } from "../optim/optimizer.ts";
import type { Initializer } from "./initializers.ts";
import { denseNetwork } from "./layers/dense_network.ts";
import { accuracy, crossEntropy, flatten } from "./layers/layers.ts";
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

/** A fully connected network with softmax cross-entropy; parameters as in `DenseNetwork`. */
export function denseClassifier({ hidden, activation, weights, ...facts }: ClassifierOptions): Task {
  const { shape, classes, divisor } = facts.data;
  const units = [sizeOf(shape), ...hidden, classes];
  const { parameters, outputs } = denseNetwork({ units, activation, weights });
  const scores = (params: Tensors, { inputs }: Batch) =>
    outputs(params, flatten(inputs.toFloat().div(divisor)));
  return {
    ...facts,
    metric: "accuracy",
    parameters,
    loss: (params, batch) => crossEntropy(scores(params, batch), batch.labels),
    evaluate(params, batch) {
      const answers = scores(params, batch);
      return { loss: crossEntropy(answers, batch.labels), accuracy: accuracy(answers, batch.labels) };
    },
  };
}
