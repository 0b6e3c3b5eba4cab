import type { EpochMetrics, TrialOutcome } from "../study/trial.ts";
import { median, quantile } from "./statistics.ts";

/** One trial in numbers; undefined is what was not measured. */
export interface TrialFigures {
  /** After the last epoch. A diverged trial has no last epoch, so these three are a completed one's alone. */
  readonly trainLoss?: number;
  readonly testLoss?: number;
  /** Between 0 and 1. */
  readonly testAccuracy?: number;
  /** The highest of all epochs measured, between 0 and 1. */
  readonly bestTestAccuracy?: number;
  /** The first epoch, from 1, with that accuracy. */
  readonly bestEpoch?: number;
  readonly steps?: number;
  /** Trials trained together; the times are an equal share. */
  readonly groupSize?: number;
  readonly compileSeconds?: number;
  readonly wallSeconds?: number;
  /** Median and 95th percentile, in milliseconds a training step. */
  readonly stepMsMedian?: number;
  readonly stepMsP95?: number;
}

/** The figures of a trial, from what it measured. */
export function trialFigures(outcome: TrialOutcome): TrialFigures {
  if (outcome.status === "failed") return {};
  const { epochs, steps, compileSeconds, wallSeconds, stepMs, groupSize } = outcome;
  const last = outcome.status === "completed" ? epochs.at(-1) : undefined;
  let best: EpochMetrics | undefined;
  for (const epoch of epochs) {
    if (best === undefined || epoch.testAccuracy > best.testAccuracy) best = epoch;
  }
  return {
    trainLoss: last?.trainLoss,
    testLoss: last?.testLoss,
    testAccuracy: last?.testAccuracy,
    bestTestAccuracy: best?.testAccuracy,
    bestEpoch: best?.epoch,
    steps,
    groupSize,
    compileSeconds,
    wallSeconds,
    stepMsMedian: median(stepMs),
    stepMsP95: quantile(stepMs, 0.95),
  };
}
