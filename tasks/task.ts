import type { Scalar, Tensor } from "@tensorflow/tfjs";
import type { DatasetName } from "../datasets/registry.ts";
import { sizeOf } from "../datasets/shape.ts";
import type { Tensors } from "../optim/optimizer.ts";
import type { Initializer } from "./initializers.ts";

/** A batch of a classification task, as bytes. */
export interface Batch {
  /** Integers 0 to 255, shape [batch, ...shape of a row]. */
  readonly inputs: Tensor;
  /** Classes from 0, shape [batch]. */
  readonly labels: Tensor;
}

/** A supervised problem: a model, its loss, its data, and the budget it is published with. */
export interface Task {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  readonly dataset: DatasetName;
  readonly batchSize: number;
  readonly epochs: number;
  readonly parameters: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly init: Initializer }>
  >;
  /** Mean loss over the batch, 0-d. */
  loss(params: Tensors, batch: Batch): Scalar;
  /** Mean loss over the batch, and how many of its rows are classified correctly; both 0-d. */
  evaluate(params: Tensors, batch: Batch): { loss: Scalar; correct: Scalar };
}

/** How many numbers a task's model learns. */
export function countParameters({ parameters }: Task): number {
  return Object.values(parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
