/** A study as it is asked for, every choice made. */
import type { ParameterGroup } from "../../optim/groups.ts";
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { TaskChoice } from "../../tasks/load.ts";
import type { Metric } from "../../tasks/task.ts";
import type { LrScaling } from "./lr_scaling.ts";
import type { Configuration, OptimizerChoice } from "../trial.ts";

/** The values each hyper-parameter takes, in the order of its declarations. */
export type SearchSpace = Readonly<Record<string, readonly HyperValue[]>>;

/** How often the training rows are put into a new order: before every epoch, or once, as some published runs did. */
export type Shuffle = "every-epoch" | "once";

/**
 * Which gradient of a step has the last word on what a task keeps beside its parameters (the running statistics of
 * batch normalization), for optimizers that ask for more than one.
 */
export type RunningStatistics = "first" | "last";

export interface StudySettings {
  /** Name of the task. */
  readonly task: string;
  /** Where the threads that train find it. */
  readonly taskChoice: TaskChoice;
  /** What trials are judged by, and the value whose first reaching is timed: the task's. */
  readonly metric: Metric;
  readonly target: number;
  readonly optimizer: OptimizerChoice;
  readonly space: SearchSpace;
  /** What each hyper-parameter is where nothing is said of it; without those that have to be chosen. */
  readonly defaults: Readonly<Record<string, HyperValue>>;
  /** The legal points of the space. */
  readonly configurations: readonly Configuration[];
  /** Points of the space that are no legal configuration, counted by reason. */
  readonly leftOut: readonly { readonly reason: string; readonly count: number }[];
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
  /** Workers, each of which trains a group of trials at a time. */
  readonly jobs: number;
  /** Threads that one operation of a worker may use. */
  readonly threads: number;
  /** Trials of a group, at most. With 1 they are trained one at a time, and round a little differently. */
  readonly groupSize: number;
  /** Why that many: the size of the task, or that they were asked for. */
  readonly groupReason: string;
}
