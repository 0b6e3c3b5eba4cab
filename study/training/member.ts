/** What a group of trials is given, what is told of it, and what comes of it. */
import type { Stopping } from "../pruners/pruner.ts";
import type { EpochMetrics, EpochProgress, TrialOutcome } from "../trial.ts";
import type { TrialCheckpoint } from "./checkpoint.ts";
import type { BatchSettings } from "./feeds.ts";

/** What is told of a group while it trains. */
export interface GroupListener {
  /** The position of a trial in the group, what it measured, and its share of the time so far, in seconds. */
  onEpoch?(trial: number, metrics: EpochMetrics, seconds: number): void;
  /** Within an epoch, between calls into the runtime. */
  onSteps?(progress: EpochProgress): void;
  /** How many milliseconds at least lie between two tellings of steps. Default: 250. */
  readonly everyMs?: number;
  /** Of the trials still in training, by their positions in the group; between calls into the runtime. */
  onCheckpoint?(checkpoints: ReadonlyMap<number, TrialCheckpoint>): void;
}

/** A trial of a group: what sets it apart from the others. */
export interface GroupMember {
  readonly seed: number;
  /** What the program's `hyper/...` inputs are fed. */
  readonly coefficients: Readonly<Record<string, number>>;
  /** Of the learning rate. */
  readonly schedule: string;
  /** Where the trial goes on; all of a group go on at the same step. Default: it starts. */
  readonly checkpoint?: TrialCheckpoint;
  /** Default: nothing but a number that is not finite ends the trial early. */
  readonly stopping?: Stopping;
}

export interface TrainingSettings extends BatchSettings {
  /** When the group was taken up, in milliseconds of `performance.now()`. */
  readonly startMs: number;
  readonly compileSeconds: number;
  /** After so many epochs the trials that are left pause. Default: they go on to the end. */
  readonly pauseAfter?: number;
  /** Takes a few steps for the time that they take, and no more. Default: false. */
  readonly rehearsal?: boolean;
  /** How many milliseconds at least lie between two checkpoints. Default: none are taken. */
  readonly checkpointMs?: number;
}

/** How a trial left its group. */
export type GroupOutcome =
  | TrialOutcome
  /** It can go on from there. */
  | { readonly status: "paused"; readonly checkpoint: TrialCheckpoint };
