/**
 * optbench as a library: the optimizers, the tasks, and running a study of them.
 *
 * ```ts
 * import { planStudy, runStudy, summarize } from "optbench";
 *
 * const settings = await planStudy({
 *   optimizer: { name: "lars" },
 *   task: "digits_mlp",
 *   values: { lr: [0.3, 1], trust_coefficient: [0.005, 0.02], momentum: [0.9], nesterov: [false] },
 *   seeds: [1, 2, 3],
 * });
 * const [best] = summarize(await runStudy(settings), settings);
 * console.log(best.configuration.values, best.testAccuracy);
 * ```
 *
 * @module
 */
export {
  type ClassifiedSource,
  type Column,
  type Dataset,
  type DatasetSource,
  type Split,
} from "./datasets/dataset.ts";
export { ensureDataset } from "./datasets/files/fetch.ts";
export { datasetNames, getDataset } from "./datasets/registry.ts";

export {
  type Declaration,
  type Declarations,
  flag,
  type HyperValue,
  type HyperValues,
  number,
  numberOrOff,
} from "./optim/hyperparameter.ts";
export {
  fromRule,
  type Gradients,
  type Group,
  type LossAndGradients,
  type Optimizer,
  type Point,
  resolve,
  type State,
  type Tensors,
  type UpdateRule,
  updateRule,
} from "./optim/optimizer.ts";
export {
  getOptimizer,
  type OptimizerName,
  optimizerNames,
  type RuleName,
  ruleNames,
} from "./optim/registry.ts";

export { denseClassifier } from "./tasks/classifier.ts";
export * as initializers from "./tasks/initializers.ts";
export { type DenseNetwork, denseNetwork, type DenseOptions } from "./tasks/layers/dense_network.ts";
export * as layers from "./tasks/layers/layers.ts";
export { getTask, taskNames } from "./tasks/registry.ts";
export { loadTask, type TaskChoice } from "./tasks/load.ts";
export type { Batch, Course, Extra, Landscape, Metric, Noise, Task } from "./tasks/task.ts";

export { planStudy, type StudyRequest } from "./study/plan.ts";
export type { RunningStatistics, Shuffle, StudySettings } from "./study/settings.ts";
export { runStudy, type StudyObserver } from "./study/study.ts";
export type { Configuration, EpochMetrics, TrialOutcome, TrialResult, TrialSpec } from "./study/trial.ts";

export type { Goal } from "./results/goal.ts";
export { StudyStore } from "./results/store.ts";
export { type ConfigurationSummary, summarize } from "./results/summary.ts";
