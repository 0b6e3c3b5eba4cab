/**
 * How many more runs would settle a comparison, if the effect is what it seems to be: Noether (1987), Sample
 * size determination for some common nonparametric tests, JASA 82(398). His formulas need the same
 * probability that the rank tests estimate (RankTest.share), and no distribution of the values. They are
 * plans, not promises: an effect seen in few runs is uncertain itself, and for a very strong one they ask for
 * a run or two more than would do.
 */
import { normalQuantile } from "./normal.ts";

/** More further runs than this are not counted. */
export const MOST_RUNS = 1000;

/** How many, or "more than 1000". */
export type Runs = number | "more than 1000";

/** What to plan for: p at most alpha, with that probability. */
export interface Plan {
  readonly alpha: number;
  readonly power: number;
}

/**
 * Of further pairs, at least 1.
 *
 * @param share that of wilcoxonSignedRank.
 * @param n pairs so far, of which so many have a difference; more with none are expected at the same rate.
 */
export function furtherPairs(share: number, n: number, nonZero: number, plan: Plan): Runs {
  const needed = quantiles(plan) / (3 * (share - 0.5) ** 2);
  return fewest((more) => {
    const pairs = (n + more) * nonZero / n;
    return pairs >= needed && smallestPairedP(pairs) <= plan.alpha;
  });
}

/**
 * Of further runs on each side, at least 1.
 *
 * @param share that of mannWhitneyU.
 * @param m, n runs of each side so far.
 */
export function furtherRuns(share: number, m: number, n: number, plan: Plan): Runs {
  const needed = quantiles(plan) / (12 * (share - 0.5) ** 2);
  return fewest((more) => {
    const [a, b] = [m + more, n + more];
    return a * b / (a + b) >= needed && smallestUnpairedP(a, b) <= plan.alpha;
  });
}

/** The smallest two-sided p that a signed-rank test of n different pairs can give. */
export function smallestPairedP(n: number): number {
  return 2 ** (1 - n);
}

/** The smallest two-sided p that a Mann-Whitney test of m and n values can give: 0.1 for three and three. */
export function smallestUnpairedP(m: number, n: number): number {
  let ways = 1;
  for (let i = 1; i <= m; i++) ways = ways * (n + i) / i;
  return Math.min(1, 2 / ways);
}

/** The fewest further runs with a property, from 1. */
export function fewest(suffice: (more: number) => boolean): Runs {
  for (let more = 1; more <= MOST_RUNS; more++) if (suffice(more)) return more;
  return `more than ${MOST_RUNS}`;
}

function quantiles({ alpha, power }: Plan): number {
  return (normalQuantile(1 - alpha / 2) + normalQuantile(power)) ** 2;
}
