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
  /** Trials that run side by side, one thread each. */
  readonly jobs: number;
}
