import type { Configuration, TrialResult } from "../study/trial.ts";
import { type TrialFigures, trialFigures } from "./figures.ts";
import { mean, median, standardDeviation } from "./statistics.ts";

/** Over seeds. The standard deviation is the sample's, undefined for a single seed. */
export interface MeanAndSd {
  readonly mean: number;
  readonly sd: number | undefined;
}

/** A configuration in numbers, over those of its trials that completed; undefined where none did. */
export interface ConfigurationSummary {
  /** From 1, the best. */
  readonly rank: number;
  readonly configuration: Configuration;
  /** How many of its trials ended each way. */
  readonly completed: number;
  readonly diverged: number;
  readonly failed: number;
  /** After the last epoch; accuracies are between 0 and 1. */
  readonly testAccuracy: MeanAndSd | undefined;
  readonly testLoss: MeanAndSd | undefined;
  readonly trainLoss: MeanAndSd | undefined;
  /** Of each trial's best epoch. */
  readonly bestTestAccuracy: MeanAndSd | undefined;
  /** Median over the trials of each one's median, in milliseconds a training step. */
  readonly stepMs: number | undefined;
  /** Median over the trials. */
  readonly wallSeconds: number | undefined;
  /** Mean test accuracy after each epoch, the first epoch first, as far as every completed trial got. */
  readonly learningCurve: readonly number[];
}

/**
 * Summarises a study, the best configuration first: by mean final test accuracy, then by mean final test loss, then in
 * the order of the grid. A configuration of which any trial diverged or failed comes after all of those that are sound,
 * however good its other trials are. The order of `results` does not matter.
 *
 * @returns one summary for each configuration that has a result.
 */
export function summarize(results: readonly TrialResult[]): ConfigurationSummary[] {
  const byConfiguration = new Map<number, TrialResult[]>();
  for (const result of results) {
    const { index } = result.trial.configuration;
    const group = byConfiguration.get(index);
    if (group === undefined) byConfiguration.set(index, [result]);
    else group.push(result);
  }
  return [...byConfiguration.values()].map(summarizeConfiguration).sort(compare)
    .map((summary, i) => ({ rank: i + 1, ...summary }));
}

type Unranked = Omit<ConfigurationSummary, "rank">;

function summarizeConfiguration(results: readonly TrialResult[]): Unranked {
  // Sums depend on their order in the last bit, and trials end in any order.
  const outcomes = results.toSorted((a, b) => a.trial.index - b.trial.index).map(({ outcome }) => outcome);
  const completed = outcomes.filter((outcome) => outcome.status === "completed");
  const figures = completed.map(trialFigures);
  const all = (name: keyof TrialFigures) =>
    figures.map((trial) => trial[name]).filter((value) => value !== undefined);
  return {
    configuration: results[0].trial.configuration,
    completed: completed.length,
    diverged: outcomes.filter(({ status }) => status === "diverged").length,
    failed: outcomes.filter(({ status }) => status === "failed").length,
    testAccuracy: meanAndSd(all("testAccuracy")),
    testLoss: meanAndSd(all("testLoss")),
    trainLoss: meanAndSd(all("trainLoss")),
    bestTestAccuracy: meanAndSd(all("bestTestAccuracy")),
    stepMs: median(all("stepMsMedian")),
    wallSeconds: median(all("wallSeconds")),
    learningCurve: meanCurve(
      completed.map(({ epochs }) => epochs.map(({ testAccuracy }) => testAccuracy)),
    ),
  };
}

function meanAndSd(values: readonly number[]): MeanAndSd | undefined {
  const m = mean(values);
  return m === undefined ? undefined : { mean: m, sd: standardDeviation(values) };
}

function meanCurve(curves: readonly (readonly number[])[]): number[] {
  if (curves.length === 0) return [];
  const length = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, epoch) => mean(curves.map((curve) => curve[epoch]))!);
}

function compare(a: Unranked, b: Unranked): number {
  const isUnsound = ({ diverged, failed }: Unranked) => diverged + failed > 0;
  return Number(isUnsound(a)) - Number(isUnsound(b)) ||
    (b.testAccuracy?.mean ?? -1) - (a.testAccuracy?.mean ?? -1) ||
    (a.testLoss?.mean ?? 0) - (b.testLoss?.mean ?? 0) ||
    a.configuration.index - b.configuration.index;
}
