/** Every task, by name. A new one is a line here, or a file beside this one and a line here. */
import { denseClassifier } from "./classifier.ts";
import { glorotUniform, truncatedNormal, zeros } from "./initializers.ts";
import type { Task } from "./task.ts";

const all = [
  denseClassifier({
    name: "digits_mlp",
    summary: "8x8 digits, 64-32-10 tanh network",
    dataset: "digits",
    hidden: [32],
    activation: "tanh",
    weights: glorotUniform(),
    batchSize: 64,
    epochs: 30,
  }),
  denseClassifier({
    name: "digits_logreg",
    summary: "8x8 digits, logistic regression from zeros",
    dataset: "digits",
    hidden: [],
    activation: "tanh",
    weights: zeros(),
    batchSize: 64,
    epochs: 30,
  }),
  denseClassifier({
    name: "mnist_mlp",
    summary: "28x28 handwritten digits, 784-1000-500-100-10 ReLU network (DeepOBS)",
    dataset: "mnist",
    hidden: [1000, 500, 100],
    activation: "relu",
    weights: truncatedNormal(0.03),
    batchSize: 128,
    epochs: 100,
  }),
  denseClassifier({
    name: "mnist_logreg",
    summary: "28x28 handwritten digits, logistic regression from zeros (DeepOBS)",
    dataset: "mnist",
    hidden: [],
    activation: "relu",
    weights: zeros(),
    batchSize: 128,
    epochs: 50,
  }),
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
