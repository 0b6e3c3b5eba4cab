import type { Configuration, TrialOutcome, TrialResult } from "../study/trial.ts";
import { type TrialFigures, trialFigures } from "./figures.ts";
import { type Goal, measured } from "./goal.ts";
import { mean, median, standardDeviation } from "./statistics/descriptive.ts";

/** Over seeds. The standard deviation is the sample's, undefined for a single seed. */
export interface MeanAndSd {
  readonly mean: number;
  readonly sd: number | undefined;
}

/** A configuration in numbers, over those of its trials that completed; undefined where there is nothing to measure. */
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
  /** Of each trial's best epoch by that measure. */
  readonly bestTestAccuracy: MeanAndSd | undefined;
  readonly bestTestLoss: MeanAndSd | undefined;
  /** How many of its trials reached the target, those that diverged later included. */
  readonly reachedTarget: number;
  /** Medians over those that did. */
  readonly epochsToTarget: number | undefined;
  readonly secondsToTarget: number | undefined;
  /** Median over the trials of each one's median, in milliseconds a training step. */
  readonly stepMs: number | undefined;
  /** Median over the trials. */
  readonly wallSeconds: number | undefined;
  /** Mean of the metric after each epoch, the first epoch first, as far as every completed trial got. */
  readonly learningCurve: readonly number[];
}

/**
 * Summarises a study, the best configuration first: by the mean of the final metric, then by that of the other one of
 * test accuracy and test loss, then in the order of the grid. A configuration of which any trial diverged or failed
 * comes after all of those that are sound, however good its other trials are. The order of `results` does not matter.
 *
 * @param goal the study's settings, say.
 * @returns one summary for each configuration that has a result.
 */
export function summarize(results: readonly TrialResult[], goal: Goal): ConfigurationSummary[] {
  const byConfiguration = new Map<number, TrialResult[]>();
  for (const result of results) {
    const { index } = result.trial.configuration;
    const group = byConfiguration.get(index);
    if (group === undefined) byConfiguration.set(index, [result]);
    else group.push(result);
  }
  return [...byConfiguration.values()].map((trials) => summarizeConfiguration(trials, goal))
    .sort((a, b) => compare(a, b, goal))
    .map((summary, i) => ({ rank: i + 1, ...summary }));
}

type Unranked = Omit<ConfigurationSummary, "rank">;

function summarizeConfiguration(results: readonly TrialResult[], goal: Goal): Unranked {
  // Sums depend on their order in the last bit, and trials end in any order.
  const outcomes = results.toSorted((a, b) => a.trial.index - b.trial.index).map(({ outcome }) => outcome);
  const completed = outcomes.filter((outcome) => outcome.status === "completed");
  const count = (wanted: TrialOutcome["status"]) => outcomes.filter(({ status }) => status === wanted).length;
  const figures = outcomes.map((outcome) => trialFigures(outcome, goal));
  const valuesOf = (trials: readonly TrialFigures[]) => (name: keyof TrialFigures) =>
    trials.map((trial) => trial[name]).filter((value) => value !== undefined);
  const ofAny = valuesOf(figures);
  const ofCompleted = valuesOf(figures.filter((_, i) => outcomes[i].status === "completed"));
  return {
    configuration: results[0].trial.configuration,
    completed: completed.length,
    diverged: count("diverged"),
    failed: count("failed"),
    testAccuracy: meanAndSd(ofCompleted("testAccuracy")),
    testLoss: meanAndSd(ofCompleted("testLoss")),
    trainLoss: meanAndSd(ofCompleted("trainLoss")),
    bestTestAccuracy: meanAndSd(ofCompleted("bestTestAccuracy")),
    bestTestLoss: meanAndSd(ofCompleted("bestTestLoss")),
    reachedTarget: ofAny("epochsToTarget").length,
    epochsToTarget: median(ofAny("epochsToTarget")),
    secondsToTarget: median(ofAny("secondsToTarget")),
    stepMs: median(ofCompleted("stepMsMedian")),
    wallSeconds: median(ofCompleted("wallSeconds")),
    learningCurve: meanCurve(
      completed.map(({ epochs }) => epochs.map((epoch) => measured(epoch, goal.metric))),
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

function compare(a: Unranked, b: Unranked, { metric }: Goal): number {
  const isUnsound = ({ diverged, failed }: Unranked) => diverged + failed > 0;
  // What was not measured is worse than anything that was.
  const byAccuracy = (b.testAccuracy?.mean ?? -1) - (a.testAccuracy?.mean ?? -1);
  const byLoss = (a.testLoss?.mean ?? Number.MAX_VALUE) - (b.testLoss?.mean ?? Number.MAX_VALUE);
  return Number(isUnsound(a)) - Number(isUnsound(b)) ||
    (metric === "accuracy" ? byAccuracy || byLoss : byLoss || byAccuracy) ||
    a.configuration.index - b.configuration.index;
}
