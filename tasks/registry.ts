/** Every task, by name. A new one is a line here, or a file beside this one and a line here. */
import { digits } from "../datasets/digits.ts";
import { fmnist } from "../datasets/fmnist.ts";
import { mnist } from "../datasets/mnist.ts";
import { shakespeare } from "../datasets/text.ts";
import { fmnist2c2d, mnist2c2d } from "./2c2d.ts";
import { cifar10With3c3d } from "./3c3d.ts";
import { denseClassifier } from "./classifier.ts";
import { beale, branin, rosenbrock } from "./functions.ts";
import { glorotUniform, truncatedNormal, zeros } from "./initializers.ts";
import { largeBatchTasks } from "./large_batch.ts";
import { quadraticDeep } from "./quadratic.ts";
import { cifar10Resnet20 } from "./resnet.ts";
import type { Task } from "./task.ts";
import { charTransformer } from "./transformer.ts";
import { fmnistVae, mnistVae } from "./vae.ts";

const all: readonly Task[] = [
  denseClassifier({
    name: "digits_mlp",
    summary: "8x8 digits, 64-32-10 tanh network",
    data: digits,
    hidden: [32],
    activation: "tanh",
    weights: glorotUniform(),
    batchSize: 64,
    epochs: 30,
    target: 0.92,
  }),
  denseClassifier({
    name: "digits_logreg",
    summary: "8x8 digits, logistic regression from zeros",
    data: digits,
    hidden: [],
    activation: "tanh",
    weights: zeros(),
    batchSize: 64,
    epochs: 30,
    target: 0.9,
  }),
  denseClassifier({
    name: "mnist_mlp",
    summary: "28x28 handwritten digits, 784-1000-500-100-10 ReLU network (DeepOBS)",
    data: mnist,
    hidden: [1000, 500, 100],
    activation: "relu",
    weights: truncatedNormal(0.03),
    batchSize: 128,
    epochs: 100,
    target: 0.98,
  }),
  denseClassifier({
    name: "mnist_logreg",
    summary: "28x28 handwritten digits, logistic regression from zeros (DeepOBS)",
    data: mnist,
    hidden: [],
    activation: "relu",
    weights: zeros(),
    batchSize: 128,
    epochs: 50,
    target: 0.92,
  }),
  denseClassifier({
    name: "fmnist_mlp",
    summary: "28x28 articles of clothing, 784-1000-500-100-10 ReLU network (DeepOBS)",
    data: fmnist,
    hidden: [1000, 500, 100],
    activation: "relu",
    weights: truncatedNormal(0.03),
    batchSize: 128,
    epochs: 100,
    target: 0.89,
  }),
  denseClassifier({
    name: "fmnist_logreg",
    summary: "28x28 articles of clothing, logistic regression from zeros (DeepOBS)",
    data: fmnist,
    hidden: [],
    activation: "relu",
    weights: zeros(),
    batchSize: 128,
    epochs: 50,
    target: 0.84,
  }),
  mnist2c2d,
  fmnist2c2d,
  mnistVae,
  fmnistVae,
  cifar10With3c3d,
  cifar10Resnet20,
  ...largeBatchTasks,
  charTransformer(shakespeare),
  quadraticDeep,
  rosenbrock,
  beale,
  branin,
];

export const tasks: Readonly<Record<string, Task>> = Object.fromEntries(all.map((task) => [task.name, task]));
export const taskNames: readonly string[] = Object.keys(tasks);
export const DEFAULT_TASK = "digits_mlp";

/** @throws {RangeError} for a name that is not registered. */
export function getTask(name: string): Task {
  if (!Object.hasOwn(tasks, name)) {
    throw new RangeError(`Unknown task "${name}": expected one of ${taskNames.join(", ")}`);
  }
  return tasks[name];
}
