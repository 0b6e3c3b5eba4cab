/**
 * optbench as a library: the optimizers, the tasks, and running a study of them.
 *
 * ```ts
 * import { planStudy, runStudy, StudyStore, summarize } from "optbench";
 *
 * const settings = await planStudy({
 *   optimizer: { name: "lars" },
 *   task: "digits_mlp",
 *   values: { lr: [0.3, 1], trust_coefficient: [0.005, 0.02], momentum: [0.9], nesterov: [false] },
 *   seeds: [1, 2, 3],
 * });
 * const store = StudyStore.create({ settings, directory: "results/lars" });
 * await runStudy(settings, store);
 * const [best] = summarize(store.record.trials(), settings);
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

export { resolve } from "./optim/coefficients.ts";
export { descent, once } from "./optim/descent.ts";
export type { GroupRule, Override, Role } from "./optim/groups.ts";
export {
  count,
  type Declaration,
  type Declarations,
  flag,
  type HyperValue,
  type HyperValues,
  number,
  numberOrOff,
} from "./optim/hyperparameter.ts";
export {
  type Descent,
  type Evaluation,
  type Gradients,
  type Group,
  type Objective,
  type Optimizer,
  type Point,
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
export { constant as constantSchedule } from "./optim/schedules/constant.ts";
export {
  cosine as cosineSchedule,
  cosineRestarts as cosineRestartsSchedule,
} from "./optim/schedules/cosine.ts";
export type { Duration } from "./optim/schedules/duration.ts";
export {
  exponential as exponentialSchedule,
  multistep as multistepSchedule,
  stepDecay as stepSchedule,
} from "./optim/schedules/geometric.ts";
export { oneCycle as oneCycleSchedule } from "./optim/schedules/one_cycle.ts";
export { parseSchedule } from "./optim/schedules/parse.ts";
export { linear as linearSchedule, polynomial as polynomialSchedule } from "./optim/schedules/polynomial.ts";
export type { Course, Schedule } from "./optim/schedules/schedule.ts";
export { sequence as scheduleSequence } from "./optim/schedules/sequence.ts";
export { warmup as warmupSchedule } from "./optim/schedules/warmup.ts";
export {
  Adadelta,
  Adafactor,
  Adagrad,
  Adam,
  AdamW,
  ASGD,
  LAMB,
  LARC,
  LARS,
  Lion,
  Muon,
  NAdam,
  NovoGrad,
  RAdam,
  RMSprop,
  ScheduleFreeAdamW,
  ScheduleFreeSGD,
  SGD,
} from "./optim/tfjs/rules.ts";
export { ASAM, FisherSAM, GSAM, LookSAM, MSAM, SAM, WSAM } from "./optim/tfjs/sharpness.ts";

export { denseClassifier } from "./tasks/classifier.ts";
export * as initializers from "./tasks/initializers.ts";
export { type DenseNetwork, denseNetwork, type DenseOptions } from "./tasks/layers/dense_network.ts";
export * as layers from "./tasks/layers/layers.ts";
export { getTask, taskNames } from "./tasks/registry.ts";
export { loadTask, type TaskChoice } from "./tasks/load.ts";
export type { Batch, Extra, Landscape, Metric, Noise, Task } from "./tasks/task.ts";

export type { DeviceName } from "./engine/device.ts";
export { chooseDevice, type ChosenDevice } from "./engine/devices/choose.ts";
export { probeAll as probeDevices } from "./engine/devices/probe/probe.ts";
export type { DeviceReport } from "./engine/devices/probe/report.ts";

export { planStudy } from "./study/settings/plan.ts";
export { rehearsed } from "./study/rehearsal.ts";
export type { StudyRequest } from "./study/settings/request.ts";
export type { LrScaling } from "./study/settings/lr_scaling.ts";
export type {
  Budget,
  RunningStatistics,
  SamplerChoice,
  Shuffle,
  StudySettings,
} from "./study/settings/settings.ts";
export type { Ledger } from "./study/ledger.ts";
export { samplerNames } from "./study/samplers/registry.ts";
export { prunerNames } from "./study/pruners/registry.ts";
export type { Domain, Range, SearchSpace } from "./study/space/domain.ts";
export { runStudy, type StudyObserver } from "./study/study.ts";
export type { Configuration, EpochMetrics, TrialOutcome, TrialResult, TrialSpec } from "./study/trial.ts";

export type { Goal } from "./results/goal.ts";
export { exportStudy } from "./results/export/export.ts";
export { compareSamples } from "./results/compare/compare.ts";
export { type RecordedTrial, StudyRecord } from "./results/store/record.ts";
export { StudyStore } from "./results/store/store.ts";
export { type ConfigurationSummary, summarize } from "./results/summary.ts";
