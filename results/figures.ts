import type { EpochMetrics, TrialOutcome } from "../study/trial.ts";
import type { Metric } from "../tasks/task.ts";
import { type Goal, isBetter, measured, reaches } from "./goal.ts";
import { median, quantile } from "./statistics/descriptive.ts";

/** One trial in numbers; undefined is what was not measured. */
export interface TrialFigures {
  /** After the last epoch. A diverged trial has no last epoch, so these three are a completed one's alone. */
  readonly trainLoss?: number;
  readonly testLoss?: number;
  /** Between 0 and 1. */
  readonly testAccuracy?: number;
  /** The highest of all epochs measured, between 0 and 1. */
  readonly bestTestAccuracy?: number;
  /** The lowest of all epochs measured. */
  readonly bestTestLoss?: number;
  /** The first epoch, from 1, with the best value of the metric. */
  readonly bestEpoch?: number;
  /** The first epoch, from 1, whose metric reached the target; undefined where none did. */
  readonly epochsToTarget?: number;
  /** At the end of that epoch, compiling included. */
  readonly secondsToTarget?: number;
  readonly steps?: number;
  /** Trials trained together; the times are an equal share. */
  readonly groupSize?: number;
  readonly compileSeconds?: number;
  readonly wallSeconds?: number;
  /** Median and 95th percentile, in milliseconds a training step. */
  readonly stepMsMedian?: number;
  readonly stepMsP95?: number;
}

/** The figures in the order of their columns, by the names of these. */
export const figureColumns: Readonly<Record<keyof TrialFigures, string>> = {
  trainLoss: "train_loss",
  testLoss: "test_loss",
  testAccuracy: "test_accuracy",
  bestTestAccuracy: "best_test_accuracy",
  bestTestLoss: "best_test_loss",
  bestEpoch: "best_epoch",
  epochsToTarget: "epochs_to_target",
  secondsToTarget: "seconds_to_target",
  steps: "steps",
  groupSize: "group_size",
  compileSeconds: "compile_seconds",
  wallSeconds: "wall_seconds",
  stepMsMedian: "step_ms_median",
  stepMsP95: "step_ms_p95",
};

/** The figures of a trial, from what it measured. */
export function trialFigures(outcome: TrialOutcome, goal: Goal): TrialFigures {
  if (outcome.status === "failed") return {};
  const { epochs, epochSeconds, steps, compileSeconds, wallSeconds, stepMs, groupSize } = outcome;
  const last = outcome.status === "completed" ? epochs.at(-1) : undefined;
  const best = { accuracy: bestEpoch(epochs, "accuracy"), loss: bestEpoch(epochs, "loss") };
  const reached = epochs.findIndex((epoch) => reaches(measured(epoch, goal.metric), goal));
  return {
    trainLoss: last?.trainLoss,
    testLoss: last?.testLoss,
    testAccuracy: last?.testAccuracy,
    bestTestAccuracy: best.accuracy?.testAccuracy,
    bestTestLoss: best.loss?.testLoss,
    bestEpoch: best[goal.metric]?.epoch,
    epochsToTarget: epochs[reached]?.epoch,
    secondsToTarget: epochSeconds[reached],
    steps,
    groupSize,
    compileSeconds,
    wallSeconds,
    stepMsMedian: median(stepMs),
    stepMsP95: quantile(stepMs, 0.95),
  };
}

function bestEpoch(epochs: readonly EpochMetrics[], metric: Metric): EpochMetrics | undefined {
  let best: EpochMetrics | undefined;
  for (const epoch of epochs) {
    const value = measured(epoch, metric);
    if (Number.isNaN(value)) continue;
    if (best === undefined || isBetter(value, measured(best, metric), metric)) best = epoch;
  }
  return best;
}
