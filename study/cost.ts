/** What trials are compared by while they train. */
import type { Metric } from "../tasks/task.ts";
import type { EpochMetrics } from "./trial.ts";

/** What an epoch's metrics cost by one of them, the lower the better; NaN where it was not measured. */
export function costOf({ testLoss, testAccuracy = NaN }: EpochMetrics, metric: Metric): number {
  return metric === "accuracy" ? -testAccuracy : testLoss;
}
