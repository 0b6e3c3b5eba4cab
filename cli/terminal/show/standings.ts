/** The configurations of a study by their metric alone, which is quick to tell of very many. */
import type { Tried } from "../../../results/charts/tried.ts";
import type { TrialFigures } from "../../../results/figures.ts";
import type { Goal } from "../../../results/goal.ts";
import { mean, standardDeviation } from "../../../results/statistics/descriptive.ts";
import type { RecordedTrial } from "../../../results/store/record.ts";
import { byConfiguration } from "../../../results/summary.ts";
import { compareStandings, type Standing as Rank } from "../../../study/ranking.ts";
import type { Configuration } from "../../../study/trial.ts";

/** A configuration of which a trial has ended. */
export interface Standing extends Tried {
  readonly configuration: Configuration;
  /** All of its trials in the search. */
  readonly trials: readonly RecordedTrial[];
  /**
   * The mean of the metric over its seeds: of a completed trial after the last epoch, of a pruned one the best that was
   * measured. Undefined where any trial diverged or failed.
   */
  readonly value: number | undefined;
  /** Of that mean: the deviation over the root of the number of seeds; undefined for a single seed. */
  readonly standardError: number | undefined;
  /** What a study's summary ranks it by: completed trials alone. */
  readonly rankedBy: Rank;
}

/** The best first, in the order of a study's summary. */
export function standings(trials: readonly RecordedTrial[], goal: Goal): Standing[] {
  return byConfiguration(trials, "search")
    .map((trials) => standing(trials, goal))
    .sort((a, b) => compareStandings(a.rankedBy, b.rankedBy, goal.metric));
}

function standing(trials: readonly RecordedTrial[], { metric }: Goal): Standing {
  const [{ configuration }] = trials;
  const completed = trials.filter(({ state }) => state === "completed");
  const accuracies = measured(completed, "testAccuracy");
  const losses = measured(completed, "testLoss");
  const pruned = trials.filter(({ state }) => state === "pruned");
  const values = metric === "accuracy"
    ? [...accuracies, ...measured(pruned, "bestTestAccuracy")]
    : [...losses, ...measured(pruned, "bestTestLoss")];
  const isSpoilt = trials.some(({ state }) => state === "diverged" || state === "failed");
  const deviation = standardDeviation(values);
  return {
    configuration,
    trials,
    values: configuration.values,
    value: isSpoilt ? undefined : mean(values),
    standardError: deviation === undefined ? undefined : deviation / Math.sqrt(values.length),
    rankedBy: {
      index: configuration.index,
      isSound: !isSpoilt && pruned.length === 0,
      accuracy: mean(accuracies),
      loss: mean(losses),
    },
  };
}

function measured(trials: readonly RecordedTrial[], name: keyof TrialFigures): number[] {
  return trials.map(({ figures }) => figures[name]).filter((value) => value !== undefined);
}
