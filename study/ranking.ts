/** Which configuration is better. */
import type { Metric } from "../tasks/task.ts";

/** What a configuration is ranked by. */
export interface Standing {
  /** From 0, in the order in which configurations were chosen. */
  readonly index: number;
  /** Whether all of its trials completed. */
  readonly isSound: boolean;
  /** Means over its completed trials of what they measured last; undefined where there is nothing. */
  readonly accuracy: number | undefined;
  readonly loss: number | undefined;
}

/**
 * Orders configurations, the best first: by the metric, then by the other one of test accuracy and test loss, then in the
 * order in which they were chosen. One of which any trial was pruned, diverged or failed comes after all of those that
 * are sound, however good its other trials are.
 */
export function compareStandings(a: Standing, b: Standing, metric: Metric): number {
  // What was not measured is worse than anything that was.
  const byAccuracy = (b.accuracy ?? -1) - (a.accuracy ?? -1);
  const byLoss = (a.loss ?? Number.MAX_VALUE) - (b.loss ?? Number.MAX_VALUE);
  return Number(b.isSound) - Number(a.isSound) ||
    (metric === "accuracy" ? byAccuracy || byLoss : byLoss || byAccuracy) ||
    a.index - b.index;
}
