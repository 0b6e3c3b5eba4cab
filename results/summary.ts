import { compareStandings } from "../study/ranking.ts";
import { isOpen, type TrialState } from "../study/ledger.ts";
import type { Configuration, Stage } from "../study/trial.ts";
import type { TrialFigures } from "./figures.ts";
import type { Goal } from "./goal.ts";
import { type Interval, meanInterval } from "./statistics/bootstrap.ts";
import { mean, median, quantile, standardDeviation } from "./statistics/descriptive.ts";
import type { RecordedTrial } from "./store/record.ts";

/** Over seeds. The standard deviation is the sample's, undefined for a single seed. */
export interface MeanAndSd {
  readonly mean: number;
  readonly sd: number | undefined;
}

/** The metric over seeds. */
export interface Spread {
  /** Of the mean, with a confidence of 95 %, by bootstrap; undefined for a single seed. */
  readonly interval: Interval | undefined;
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

/** A configuration in numbers, over those of its trials that completed; undefined where there is nothing to measure. */
export interface ConfigurationSummary {
  /** From 1, the best. */
  readonly rank: number;
  readonly configuration: Configuration;
  readonly stage: Stage;
  /** Its trials, by index. */
  readonly trials: readonly number[];
  /** How many of them ended each way, and how many have not ended. */
  readonly completed: number;
  readonly pruned: number;
  readonly diverged: number;
  readonly failed: number;
  readonly open: number;
  /** After the last epoch; accuracies are between 0 and 1. */
  readonly testAccuracy: MeanAndSd | undefined;
  readonly testLoss: MeanAndSd | undefined;
  readonly trainLoss: MeanAndSd | undefined;
  /** Of the metric after the last epoch. */
  readonly spread: Spread | undefined;
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
}

/**
 * Summarises the trials of one stage of a study, the best configuration first, as `compareStandings` orders them. Trials
 * in any order.
 *
 * @param goal the study's settings, say.
 * @param stage Default: `search`.
 * @returns one summary for each configuration of which a trial has ended.
 */
export function summarize(
  trials: readonly RecordedTrial[],
  goal: Goal,
  stage: Stage = "search",
): ConfigurationSummary[] {
  const ended = byConfiguration(trials, stage);
  const resamples = Math.floor(Math.min(RESAMPLES, Math.max(FEW_RESAMPLES, ALL_RESAMPLES / ended.length)));
  return ended.map((trials) => summarizeConfiguration(trials, goal, stage, resamples))
    .sort((a, b) => compareStandings(standing(a), standing(b), goal.metric))
    .map((summary, i) => ({ rank: i + 1, ...summary }));
}

/** For an interval; fewer where there are more than 200 of them, but never so few that they say nothing. */
const [RESAMPLES, FEW_RESAMPLES, ALL_RESAMPLES] = [10_000, 200, 2_000_000];

/** The trials of each configuration in a stage, of those of which one has ended. */
export function byConfiguration(trials: readonly RecordedTrial[], stage: Stage): RecordedTrial[][] {
  const inStage = trials.filter((trial) => trial.stage === stage);
  return [...Map.groupBy(inStage, ({ configuration }) => configuration.index).values()]
    .filter((trials) => !trials.every(isOpen));
}

type Unranked = Omit<ConfigurationSummary, "rank">;

function summarizeConfiguration(
  unordered: readonly RecordedTrial[],
  goal: Goal,
  stage: Stage,
  resamples: number,
): Unranked {
  // Sums depend on their order in the last bit, and trials end in any order.
  const trials = unordered.toSorted((a, b) => a.index - b.index);
  const count = (wanted: TrialState) => trials.filter(({ state }) => state === wanted).length;
  const valuesOf = (trials: readonly RecordedTrial[]) => (name: keyof TrialFigures) =>
    trials.map(({ figures }) => figures[name]).filter((value) => value !== undefined);
  const ofAny = valuesOf(trials);
  const ofCompleted = valuesOf(trials.filter(({ state }) => state === "completed"));
  return {
    configuration: trials[0].configuration,
    stage,
    trials: trials.map(({ index }) => index),
    completed: count("completed"),
    pruned: count("pruned"),
    diverged: count("diverged"),
    failed: count("failed"),
    open: trials.filter(isOpen).length,
    testAccuracy: meanAndSd(ofCompleted("testAccuracy")),
    testLoss: meanAndSd(ofCompleted("testLoss")),
    trainLoss: meanAndSd(ofCompleted("trainLoss")),
    spread: spread(ofCompleted(goal.metric === "accuracy" ? "testAccuracy" : "testLoss"), resamples),
    bestTestAccuracy: meanAndSd(ofCompleted("bestTestAccuracy")),
    bestTestLoss: meanAndSd(ofCompleted("bestTestLoss")),
    reachedTarget: ofAny("epochsToTarget").length,
    epochsToTarget: median(ofAny("epochsToTarget")),
    secondsToTarget: median(ofAny("secondsToTarget")),
    stepMs: median(ofCompleted("stepMsMedian")),
    wallSeconds: median(ofCompleted("wallSeconds")),
  };
}

function meanAndSd(values: readonly number[]): MeanAndSd | undefined {
  const m = mean(values);
  return m === undefined ? undefined : { mean: m, sd: standardDeviation(values) };
}

function spread(values: readonly number[], resamples: number): Spread | undefined {
  if (values.length === 0) return undefined;
  return {
    interval: meanInterval(values, { resamples }),
    median: median(values)!,
    lowerQuartile: quantile(values, 0.25)!,
    upperQuartile: quantile(values, 0.75)!,
  };
}

function standing({ configuration, pruned, diverged, failed, testAccuracy, testLoss }: Unranked) {
  return {
    index: configuration.index,
    isSound: pruned + diverged + failed === 0,
    accuracy: testAccuracy?.mean,
    loss: testLoss?.mean,
  };
}

/**
 * The mean of some curves, the first epoch first, as far as all of them go; empty for no curves.
 */
export function meanCurve(curves: readonly ArrayLike<number>[]): number[] {
  if (curves.length === 0) return [];
  const length = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, epoch) => mean(curves.map((curve) => curve[epoch]))!);
}
