/**
 * Which of two samples of runs is better, or which of many are better than one. A run that diverged or failed
 * has no value; it takes part in ranks, as the worst, and not in means.
 */
import { holm } from "../statistics/holm.ts";
import { fewest, type Runs } from "../statistics/sample_size.ts";
import { type Evidence, gather, type SeedValue } from "./evidence.ts";

export interface CompareOptions {
  /** Which values are better: of an accuracy the higher, of a loss the lower. */
  readonly better: "higher" | "lower";
  /** The p from which on a difference counts as seen, 0.05 unless given. */
  readonly alpha?: number;
  /** Of the bootstrap intervals, 10,000 unless given. */
  readonly resamples?: number;
}

export type Verdict = "better" | "worse" | "no difference seen";

/** How `a` compares with `b`. Plain data. */
export interface Comparison extends Evidence {
  readonly better: "higher" | "lower";
  /** How many comparisons were made together. */
  readonly family: number;
  /** By Holm's correction for that family; p itself where it is the only one. */
  readonly adjustedP: number;
  readonly alpha: number;
  /** Of `a`. By the adjusted p. */
  readonly verdict: Verdict;
  /**
   * With how many more seeds each side would give a verdict in four of five cases, were the effect the one
   * seen; undefined where there is one.
   */
  readonly moreSeeds: Runs | undefined;
  /** With fewer more than these no result whatever could give a verdict; undefined where it could already. */
  readonly atLeastMoreSeeds: Runs | undefined;
}

/**
 * Compares two samples.
 *
 * @throws {RangeError} where a sample is empty, or has a seed twice or a value that is not finite.
 */
export function compareSamples(
  a: readonly SeedValue[],
  b: readonly SeedValue[],
  options: CompareOptions,
): Comparison {
  return compareAll([a], b, options)[0];
}

/**
 * Compares each of several samples with one, as all optimizers with a baseline, or all configurations with
 * the best. Beware: the best of many on the same seeds is so partly by luck, so give it fresh seeds before
 * comparing.
 *
 * @returns in the order of `samples`, corrected for their number.
 * @throws {RangeError} where a sample is empty, or has a seed twice or a value that is not finite.
 */
export function compareAll(
  samples: readonly (readonly SeedValue[])[],
  reference: readonly SeedValue[],
  options: CompareOptions,
): Comparison[] {
  return comparePairs(samples.map((sample) => [sample, reference]), options);
}

/**
 * Compares the first of each pair of samples with the second.
 *
 * @returns in the order of `pairs`, corrected for their number.
 * @throws {RangeError} where a sample is empty, or has a seed twice or a value that is not finite.
 */
export function comparePairs(
  pairs: readonly (readonly [a: readonly SeedValue[], b: readonly SeedValue[]])[],
  { better, alpha = 0.05, resamples }: CompareOptions,
): Comparison[] {
  pairs.flat().forEach(check);
  const gathered = pairs.map(([a, b]) => gather(a, b, better, resamples));
  const { adjusted, multipliers } = holm(gathered.map(({ evidence }) => evidence.p));
  return gathered.map(({ evidence, leaning, further, smallestP }, i) => {
    // What p itself must not exceed.
    const ownAlpha = alpha / multipliers[i];
    const isSettled = adjusted[i] <= alpha;
    return {
      ...evidence,
      better,
      family: pairs.length,
      adjustedP: adjusted[i],
      alpha,
      verdict: !isSettled ? "no difference seen" : leaning > 0.5 ? "better" : "worse",
      moreSeeds: isSettled ? undefined : further(ownAlpha),
      atLeastMoreSeeds: smallestP(0) <= ownAlpha ? undefined : fewest((more) => smallestP(more) <= ownAlpha),
    };
  });
}

function check(sample: readonly SeedValue[]): void {
  const problem = problemOf(sample);
  if (problem !== undefined) throw new RangeError(`Cannot compare runs: ${problem}`);
}

function problemOf(sample: readonly SeedValue[]): string | undefined {
  if (sample.length === 0) return "a sample has none; give each one run at least";
  const seeds = new Set<number>();
  for (const { seed, value } of sample) {
    if (seeds.has(seed)) return `a sample has seed ${seed} twice; give each seed once`;
    if (value !== undefined && !Number.isFinite(value)) {
      return `seed ${seed} has the value ${value}; leave it undefined where a run diverged`;
    }
    seeds.add(seed);
  }
}
