/** A study as it is asked for, every choice made. */
import type { ParameterGroup } from "../../optim/groups.ts";
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { DeviceName } from "../../engine/device.ts";
import type { TaskChoice } from "../../tasks/load.ts";
import type { Metric } from "../../tasks/task.ts";
import type { LrScaling } from "./lr_scaling.ts";
import type { SamplerName } from "../samplers/registry.ts";
import type { Condition } from "../space/condition.ts";
import type { SearchSpace } from "../space/domain.ts";
import type { OptimizerChoice } from "../trial.ts";
import type { Protocol } from "./protocol.ts";
import type { Shard } from "./shard.ts";

/** How often the training rows are put into a new order: before every epoch, or once, as some published runs did. */
export type Shuffle = "every-epoch" | "once";

/**
 * Which gradient of a step has the last word on what a task keeps beside its parameters (the running statistics of
 * batch normalization), for optimizers that ask for more than one.
 */
export type RunningStatistics = "first" | "last";

/** How configurations are chosen: all of a grid, one after another, or as a sampler proposes them. */
export interface SamplerChoice {
  readonly name: "grid" | SamplerName;
  /** Of its random numbers; the trials have their own. */
  readonly seed: number;
  /**
   * Configurations that may be tried ahead of results that guide the search or the pruning. A configuration is chosen by
   * the results of all but the last so many before it, however many of them are known: so the search depends neither on
   * the number of jobs nor on their speed.
   */
  readonly ahead: number;
}

/** What a search may cost. Trials that have begun are ended. */
export interface Budget {
  /** Seeds of a configuration are trials of their own; a configuration is tried with all of them or not at all. */
  readonly trials?: number;
  /** Seconds that processes spend on the study, those that run at the same time counted once. */
  readonly seconds?: number;
  /** Of all trials together. */
  readonly epochs?: number;
}

/** What a study is: the same for whoever goes on with it. */
export interface StudySpecification {
  /** Name of the task. */
  readonly task: string;
  /** Where the workers find it. */
  readonly taskChoice: TaskChoice;
  /** What trials are judged by, and the value whose first reaching is timed: the task's. */
  readonly metric: Metric;
  readonly target: number;
  readonly optimizer: OptimizerChoice;
  readonly space: SearchSpace;
  /** What each hyper-parameter is where nothing is said of it; without those that have to be chosen. */
  readonly defaults: Readonly<Record<string, HyperValue>>;
  /** When a hyper-parameter is searched; it takes its default otherwise. */
  readonly conditions: readonly Condition[];
  readonly sampler: SamplerChoice;
  /** Legal configurations of a grid; undefined where a sampler chooses. */
  readonly points?: number;
  /** Points of a grid that are no legal configuration, counted by reason. */
  readonly leftOut: readonly { readonly reason: string; readonly count: number }[];
  readonly pruners: readonly string[];
  /**
   * Configurations of a cohort, whose trials wait for one another; the next begins when all of them have ended. Undefined
   * where no pruner has trials wait. A budget that changes later does not change it.
   */
  readonly cohort?: number;
  /** Whether a trial ends where it reaches the target. */
  readonly stopAtTarget: boolean;
  readonly budget: Budget;
  readonly protocol?: Protocol;
  /** The part of the configurations that is run. Default: all. */
  readonly shard?: Shard;
  readonly seeds: readonly number[];
  readonly epochs: number;
  readonly batchSize: number;
  /** What the learning rate of every configuration is multiplied by, as the batch is not the one that it is meant for. */
  readonly lrScaling?: LrScaling & { readonly factor: number };
  /** Parts of a batch whose gradients are taken one after another; the update is that of their mean. */
  readonly accumulate: number;
  /** All parameters, with the hyper-parameters that some have of their own. */
  readonly parameterGroups: readonly ParameterGroup[];
  readonly shuffle: Shuffle;
  readonly runningStatistics: RunningStatistics;
  /** Where trials train; others round differently. */
  readonly device: DeviceName;
  /** Trials of a group, at most. With 1 they are trained one at a time, and round a little differently. */
  readonly groupSize: number;
  /** Why that many: the size of the task, or that they were asked for. */
  readonly groupReason: string;
}

/** How a study is run here and now, which changes none of its numbers. */
export interface RunSettings {
  /** Workers, each of which trains a group of trials at a time. */
  readonly jobs: number;
  /** Threads that one operation of a worker may use. */
  readonly threads: number;
  /** Minutes between two checkpoints of a trial. */
  readonly checkpointMinutes: number;
  /** Minutes without a sign of life after which a worker is ended. */
  readonly hangMinutes: number;
}

export interface StudySettings extends StudySpecification, RunSettings {}
