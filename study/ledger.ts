/** What a running study needs of its record. results/store/ keeps one in a file that several processes share. */
import type { Point } from "./samplers/sampler.ts";
import type { TrialCheckpoint } from "./training/checkpoint.ts";
import type { Configuration, EpochMetrics, Stage, TrialOutcome, TrialResult } from "./trial.ts";

/** A configuration that was chosen. */
export interface ChosenConfiguration extends Configuration {
  /** How many were drawn before it, those included that were turned down. */
  readonly draw: number;
  /** Where the sampler put it; absent in a grid. */
  readonly point?: Point;
}

export type TrialState =
  /** To be run: from its start, or from its checkpoint. */
  | "planned"
  | "running"
  /** Through a rung; it waits for others. */
  | "paused"
  | TrialOutcome["status"];

/** Whether a trial has not ended. */
export function isOpen({ state }: { readonly state: TrialState }): boolean {
  return state === "planned" || state === "running" || state === "paused";
}

/** A trial with what is known of it. It changes as the study goes on. */
export interface TrialEntry {
  readonly index: number;
  readonly configuration: ChosenConfiguration;
  readonly seed: number;
  readonly stage: Stage;
  state: TrialState;
  /** After the last epoch, or the last before it was ended early; undefined where it diverged or failed. */
  last?: EpochMetrics;
  /** After each epoch measured so far, where pruners ask for it. */
  costs?: readonly number[];
  /** Epochs trained. */
  epochs: number;
  /** The epoch after which it pauses next; undefined where it goes on to the end. */
  pauseAfter?: number;
  /** Where in its training a planned trial goes on, as `epoch.step`; undefined at its start. */
  position?: string;
}

/** What a trial does not know yet when it is planned. */
export type NewTrial = Pick<TrialEntry, "index" | "configuration" | "seed" | "stage" | "pauseAfter">;

/** A trial that paused. */
export interface PausedTrial {
  readonly trial: TrialEntry;
  readonly checkpoint: TrialCheckpoint;
}

/**
 * The record of one study, as one of the processes that run it sees it. Whatever changes it is on the disk when the call
 * returns, whole or not at all.
 */
export interface Ledger {
  /** In their order; brought up to date with what other processes have written by `exclusively`. */
  readonly configurations: readonly ChosenConfiguration[];
  readonly trials: readonly TrialEntry[];
  /** Seconds that processes have spent on the study, this one included. */
  readonly seconds: number;
  /** Does something that no other process does at the same time. What it changes is kept whole or not at all. */
  exclusively<T>(work: () => T): T;
  plan(configurations: readonly ChosenConfiguration[], trials: readonly NewTrial[]): void;
  /**
   * Takes planned trials for this process, and hands over where they stopped. Undefined where none was taken, as a
   * checkpoint turned out to be damaged: its trial is to start anew.
   */
  claim(trials: readonly TrialEntry[]): (TrialCheckpoint | undefined)[] | undefined;
  /** How trials ended; those that another process has taken in the meantime are left to it. */
  finish(results: readonly TrialResult[]): TrialResult[];
  pause(trials: readonly PausedTrial[]): void;
  /** Sends paused trials on, to the next rung or, without one, to the end. */
  promote(trials: readonly TrialEntry[], pauseAfter: number | undefined): void;
  /** Ends paused trials. */
  prune(trials: readonly TrialEntry[], reason: string): void;
  checkpoint(trial: TrialEntry, checkpoint: TrialCheckpoint): void;
  /** Tells readers of an epoch's end; it is on the disk by the next `beat`. */
  epoch(trial: TrialEntry, metrics: EpochMetrics, seconds: number): void;
  /** A sign of life, every second or so. */
  beat(): void;
  /** Gives back what this process has taken and not ended. */
  release(): void;
}
