/** What bench/gpu.ts trains: networks on random bytes, as what they learn makes no difference to how long a step takes. */
import { randomFillSync } from "node:crypto";
import type { ClassifiedSource, Dataset } from "../../datasets/dataset.ts";
import { classifiedSplit } from "../../datasets/dataset.ts";
import { cifar10 } from "../../datasets/cifar10.ts";
import { mnist } from "../../datasets/mnist.ts";
import { sizeOf } from "../../datasets/shape.ts";
import type { OptimizerName } from "../../optim/registry.ts";
import { getTask } from "../../tasks/registry.ts";
import type { Task } from "../../tasks/task.ts";

/** On a device without bytes, all of CIFAR-10 would need 600 MB. */
const PHOTOGRAPHS = 10_000;

const data: Readonly<Record<string, ClassifiedSource>> = {
  mnist: randomRows(mnist, mnist.trainRows),
  cifar10: randomRows(cifar10, PHOTOGRAPHS),
};

export const networks = ["mnist_mlp", "mnist_2c2d", "cifar10_3c3d", "cifar10_resnet20"] as const;

export function networkTask(name: string): Task {
  const task = getTask(name);
  return { ...task, data: data[task.data.name] };
}

type Hyper = Readonly<Record<string, number>> & { readonly lr: number };

export const optimizers = {
  sgd: { lr: 0.01, momentum: 0.9 },
  lars: { lr: 0.1, momentum: 0.9, weight_decay: 1e-4, trust_coefficient: 0.001 },
  sam: { lr: 0.01, momentum: 0.9, rho: 0.05 },
} satisfies Partial<Record<OptimizerName, Hyper>>;

export type MeasuredOptimizer = keyof typeof optimizers;

/** Learning rates of a sweep: up to that of a single trial, evenly in their logarithms over a factor of 100. */
export function learningRates(optimizer: MeasuredOptimizer, count: number): number[] {
  return Array.from(
    { length: count },
    (_, i) => optimizers[optimizer].lr * 10 ** (-2 * i / Math.max(1, count - 1)),
  );
}

function randomRows(source: ClassifiedSource, trainRows: number): ClassifiedSource {
  const split = (rows: number) =>
    classifiedSplit(
      randomFillSync(new Uint8Array(rows * sizeOf(source.shape))),
      randomFillSync(new Uint8Array(rows)).map((byte) => byte % source.classes),
    );
  let made: Dataset | undefined;
  const load = () => made ??= { train: split(trainRows), test: split(source.testRows) };
  return { ...source, files: undefined, trainRows, load };
}
