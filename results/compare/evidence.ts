/**
 * What two samples of runs have to say about which is better, before any verdict: paired by seed where there
 * are enough common seeds for a test of pairs to find anything, otherwise as independent samples.
 */
import { type Interval, meanDifferenceInterval, meanInterval } from "../statistics/bootstrap.ts";
import { mean, median, standardDeviation } from "../statistics/descriptive.ts";
import { mannWhitneyU, wilcoxonSignedRank } from "../statistics/rank_tests.ts";
import {
  furtherPairs,
  furtherRuns,
  type Runs,
  smallestPairedP,
  smallestUnpairedP,
} from "../statistics/sample_size.ts";
import { pairedSuperiority, type Superiority, unpairedSuperiority } from "../statistics/superiority.ts";

/** Of five pairs, p is never below 1/16. */
const FEWEST_PAIRS = 6;
const POWER = 0.8;

/** What one run came to. */
export interface SeedValue {
  readonly seed: number;
  /** Undefined where the run diverged or failed. */
  readonly value: number | undefined;
}

/** The runs of one side that were compared. Mean, deviation and median are of those with a value. */
export interface RunsSummary {
  readonly runs: number;
  /** How many of them have no value. */
  readonly failed: number;
  readonly mean: number | undefined;
  readonly sd: number | undefined;
  readonly median: number | undefined;
}

/**
 * Mean of a minus mean of b, or the mean difference of pairs. The interval is undefined for fewer than two
 * values.
 */
export interface Difference {
  readonly mean: number;
  readonly interval: Interval | undefined;
}

export interface Evidence {
  readonly test: "Wilcoxon signed-rank" | "Mann-Whitney U";
  /** Whether by seed. */
  readonly paired: boolean;
  readonly a: RunsSummary;
  readonly b: RunsSummary;
  /** Runs whose seed the other side lacks, which a paired comparison leaves out; 0 where it isn't paired. */
  readonly leftOut: number;
  /** In the unit of the values; undefined where no runs, or no pairs, have values. */
  readonly difference: Difference | undefined;
  /** How probable it is that a run of `a` is better than one of `b`, with its 95 % interval. */
  readonly superiority: Superiority;
  /** Of the test on its own, two-sided. */
  readonly p: number;
  /** Whether p is exact, or from a normal approximation. */
  readonly exact: boolean;
}

/** Evidence, and what is needed to judge it. */
export interface Gathered {
  readonly evidence: Evidence;
  /** Above 0.5 where the test leans towards a. */
  readonly leaning: number;
  /** How many more seeds it takes for p to be at most alpha, were the effect the one seen. */
  readonly further: (alpha: number) => Runs;
  /** The smallest p that is possible with so many more seeds. */
  readonly smallestP: (more: number) => number;
}

type Values = readonly (number | undefined)[];

/**
 * @param better which values are. A run without a value is worse than any other, and as bad as another
 * without one.
 */
export function gather(
  a: readonly SeedValue[],
  b: readonly SeedValue[],
  better: "higher" | "lower",
  resamples?: number,
): Gathered {
  const bySeed = new Map(b.map(({ seed, value }) => [seed, value]));
  const common = a.filter(({ seed }) => bySeed.has(seed));
  if (common.length < FEWEST_PAIRS) {
    return gatherIndependent(a.map(({ value }) => value), b.map(({ value }) => value), better, resamples);
  }
  const leftOut = a.length + b.length - 2 * common.length;
  const partners = common.map(({ seed }) => bySeed.get(seed));
  return gatherPaired(common.map(({ value }) => value), partners, leftOut, better, resamples);
}

function gatherPaired(
  a: Values,
  b: Values,
  leftOut: number,
  better: "higher" | "lower",
  resamples?: number,
): Gathered {
  const n = a.length;
  const differences = rankDifferences(merits(a, better), merits(b, better));
  const different = differences.filter((d) => d !== 0).length;
  const { p, exact, share } = wilcoxonSignedRank(differences);
  const measured = a.flatMap((x, i) => x === undefined || b[i] === undefined ? [] : [x - b[i]]);
  return {
    evidence: {
      test: "Wilcoxon signed-rank",
      paired: true,
      a: summarizeRuns(a),
      b: summarizeRuns(b),
      leftOut,
      difference: measured.length === 0
        ? undefined
        : { mean: mean(measured)!, interval: meanInterval(measured, { resamples }) },
      superiority: pairedSuperiority(differences),
      p,
      exact,
    },
    leaning: share,
    further: (alpha) => furtherPairs(share, n, different, { alpha, power: POWER }),
    smallestP: (more) => smallestPairedP(n + more),
  };
}

function gatherIndependent(
  a: Values,
  b: Values,
  better: "higher" | "lower",
  resamples?: number,
): Gathered {
  const [m, n] = [a.length, b.length];
  const { p, exact, share } = mannWhitneyU(merits(a, better), merits(b, better));
  const [measuredA, measuredB] = [measuredOf(a), measuredOf(b)];
  return {
    evidence: {
      test: "Mann-Whitney U",
      paired: false,
      a: summarizeRuns(a),
      b: summarizeRuns(b),
      leftOut: 0,
      difference: measuredA.length === 0 || measuredB.length === 0 ? undefined : {
        mean: mean(measuredA)! - mean(measuredB)!,
        interval: meanDifferenceInterval(measuredA, measuredB, { resamples }),
      },
      superiority: unpairedSuperiority(share, m, n),
      p,
      exact,
    },
    leaning: share,
    further: (alpha) => furtherRuns(share, m, n, { alpha, power: POWER }),
    smallestP: (more) => smallestUnpairedP(m + more, n + more),
  };
}

/** The values, turned so that more is better. */
function merits(values: Values, better: "higher" | "lower"): number[] {
  const sign = better === "higher" ? 1 : -1;
  return values.map((value) => value === undefined ? -Infinity : sign * value);
}

/**
 * Differences as ranks are to see them: 0.93 - 0.92 and 0.57 - 0.56 are equal, whatever rounding makes of
 * them. They are rounded to 2^-40 of the smallest value, which is finer than any accuracy.
 */
function rankDifferences(a: readonly number[], b: readonly number[]): number[] {
  const smallest = Math.min(1, ...[...a, ...b].map(Math.abs).filter((size) => size > 0));
  const step = 2 ** (Math.floor(Math.log2(smallest)) - 40);
  return a.map((x, i) => {
    if (x === b[i]) return 0;
    const difference = x - b[i];
    // What is larger, or infinite, has no such digits.
    return Math.abs(difference) < 2 ** 52 * step ? Math.round(difference / step) * step : difference;
  });
}

function measuredOf(values: Values): number[] {
  return values.filter((value) => value !== undefined);
}

function summarizeRuns(values: Values): RunsSummary {
  const measured = measuredOf(values);
  return {
    runs: values.length,
    failed: values.length - measured.length,
    mean: mean(measured),
    sd: standardDeviation(measured),
    median: median(measured),
  };
}
