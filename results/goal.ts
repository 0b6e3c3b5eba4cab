/** What trials are judged by: a metric on the test rows, and the value of it that they are to reach. */
import type { EpochMetrics } from "../study/trial.ts";
import type { Metric } from "../tasks/task.ts";
import { formatNumber } from "./format.ts";

/** Settings of a study are one. */
export interface Goal {
  readonly metric: Metric;
  readonly target: number;
}

/** The metric after an epoch; NaN, which neither beats nor reaches anything, where it was not measured. */
export function measured({ testLoss, testAccuracy = NaN }: EpochMetrics, metric: Metric): number {
  return metric === "accuracy" ? testAccuracy : testLoss;
}

/** Whether one value of a metric is better than another: a higher accuracy, a lower loss. */
export function isBetter(value: number, other: number, metric: Metric): boolean {
  return metric === "accuracy" ? value > other : value < other;
}

/** Whether a value is the target or better. */
export function reaches(value: number, { metric, target }: Goal): boolean {
  return metric === "accuracy" ? value >= target : value <= target;
}

/** The target as people write it: `92 %` or `0.01`. */
export function formatTarget({ metric, target }: Goal): string {
  return metric === "accuracy" ? `${formatNumber(100 * target)} %` : formatNumber(target);
}
