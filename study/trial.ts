/** What a trial is asked for and what comes of it. */
import type { HyperValues } from "../optim/hyperparameter.ts";
import type { OptimizerName, RuleName } from "../optim/registry.ts";

/** An optimizer with its wrapped rule, where it wraps one. */
export interface OptimizerChoice {
  readonly name: OptimizerName;
  readonly base?: RuleName;
}

/** A point of the search space: what is trained, except for the seed. */
export interface Configuration {
  /** From 0, in the order in which they were chosen. */
  readonly index: number;
  readonly values: HyperValues;
}

/** One training run. */
export interface TrialSpec {
  /** From 0, in the order of the study. */
  readonly index: number;
  readonly configuration: Configuration;
  readonly seed: number;
  readonly stage: Stage;
}

/** What a trial is for: to find the best configuration, or to measure that one, of a study with a protocol. */
export type Stage = "search" | "final";

/** What is measured after each epoch. */
export interface EpochMetrics {
  /** From 1. */
  readonly epoch: number;
  /** Mean over the epoch's batches of the loss before each step. */
  readonly trainLoss: number;
  /** Mean over the test rows. */
  readonly testLoss: number;
  /** Between 0 and 1; absent where the task is no classification. */
  readonly testAccuracy?: number;
}

/** How far into an epoch a training is. */
export interface EpochProgress {
  /** From 1. */
  readonly epoch: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

interface Progress {
  readonly epochs: readonly EpochMetrics[];
  /** At the end of each of these epochs, from taking the group up. A time, so this is this trial's share. */
  readonly epochSeconds: readonly number[];
  /** The parameters before the first step and after each one, where the task has a landscape. */
  readonly trajectory?: readonly (readonly [number, number])[];
  /** Optimizer steps taken. */
  readonly steps: number;
  /** Trials that were trained together, this one included. The times below are this one's share, an equal one. */
  readonly groupSize: number;
  /** Tracing, lowering and loading the step; 0 where an earlier group's step was used again. */
  readonly compileSeconds: number;
  /** From taking the group up to its last metric, compiling included. */
  readonly wallSeconds: number;
  /** Milliseconds a training step, one sample per call into the runtime (which takes several steps). */
  readonly stepMs: readonly number[];
}

/** How a trial ended. */
export type TrialOutcome =
  /** Through its last epoch; or, where a reason is given, through the one that made any more needless. */
  | Progress & { readonly status: "completed"; readonly reason?: string }
  /** Stopped after an epoch, as it promised too little. */
  | Progress & { readonly status: "pruned"; readonly reason: string }
  /** A loss was not finite; `epochs` holds what was measured before. */
  | Progress & { readonly status: "diverged"; readonly reason: string }
  /** It could not be run to its end; nothing is known but why. */
  | { readonly status: "failed"; readonly reason: string };

/** What was measured of a trial; nothing of a failed one. */
export type Measured = Exclude<TrialOutcome, { readonly status: "failed" }>;

export interface TrialResult {
  readonly trial: TrialSpec;
  readonly outcome: TrialOutcome;
}
