/** What runs can be compared by. */
import type { RecordedTrial } from "../store/record.ts";
import type { TrialFigures } from "../figures.ts";

/** A figure of a trial, and which values of it are better. */
export interface ComparedMetric {
  /** As it is called on the command line and in trials.csv. */
  readonly name: ComparedMetricName;
  /** In words, with the unit. */
  readonly label: string;
  readonly figure: keyof TrialFigures;
  readonly better: "higher" | "lower";
  /** Whether values are shares of 1, shown in per cent. */
  readonly percent: boolean;
  /** Whether it depends on the machine. */
  readonly isTime: boolean;
  /** What a run without a value did. */
  readonly failure: string;
}

export const comparedMetricNames = [
  ...["test_accuracy", "test_loss", "train_loss", "best_test_accuracy", "best_test_loss"] as const,
  ...["epochs_to_target", "seconds_to_target", "step_ms_median", "wall_seconds"] as const,
];
export type ComparedMetricName = typeof comparedMetricNames[number];

type Facts = Pick<ComparedMetric, "label" | "figure"> & Partial<ComparedMetric>;

const MISSED = "did not reach the target";

const facts: Readonly<Record<ComparedMetricName, Facts>> = {
  test_accuracy: { label: "test accuracy", figure: "testAccuracy", better: "higher", percent: true },
  test_loss: { label: "test loss", figure: "testLoss" },
  train_loss: { label: "training loss", figure: "trainLoss" },
  best_test_accuracy: {
    label: "best test accuracy",
    figure: "bestTestAccuracy",
    better: "higher",
    percent: true,
  },
  best_test_loss: { label: "best test loss", figure: "bestTestLoss" },
  epochs_to_target: { label: "epochs to target", figure: "epochsToTarget", failure: MISSED },
  seconds_to_target: { label: "seconds to target", figure: "secondsToTarget", failure: MISSED, isTime: true },
  step_ms_median: { label: "milliseconds a step", figure: "stepMsMedian", isTime: true },
  wall_seconds: { label: "wall seconds", figure: "wallSeconds", isTime: true },
};

export function comparedMetric(name: ComparedMetricName): ComparedMetric {
  const rest = { better: "lower", percent: false, isTime: false, failure: "did not complete" } as const;
  return { ...rest, ...facts[name], name };
}

/**
 * The value of a trial that has ended. One that was pruned, diverged or failed has none, but for what it
 * took to reach the target, if it had.
 */
export function valueOf(
  { state, figures }: RecordedTrial,
  { name, figure }: ComparedMetric,
): number | undefined {
  return state === "completed" || name.endsWith("_to_target") ? figures[figure] : undefined;
}
