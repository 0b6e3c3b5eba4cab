/** A study as it is asked for, every choice made. */
import type { HyperValue } from "../optim/hyperparameter.ts";
import type { Configuration, OptimizerChoice } from "./trial.ts";

/** The values each hyper-parameter takes, in the order of its declarations. */
export type SearchSpace = Readonly<Record<string, readonly HyperValue[]>>;

export interface StudySettings {
  /** Name of the task. */
  readonly task: string;
  readonly optimizer: OptimizerChoice;
  readonly space: SearchSpace;
  /** The legal points of the space. */
  readonly configurations: readonly Configuration[];
  /** Points of the space that are no legal configuration, counted by reason. */
  readonly leftOut: readonly { readonly reason: string; readonly count: number }[];
  readonly seeds: readonly number[];
  readonly epochs: number;
  readonly batchSize: number;
  /** Threads, each of which trains a group of trials at a time. */
  readonly jobs: number;
  /** Trials of a group, at most. With 1 they are trained one at a time, and round a little differently. */
  readonly groupSize: number;
}
