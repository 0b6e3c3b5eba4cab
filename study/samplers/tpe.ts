/**
 * The tree-structured Parzen estimator (Bergstra et al. 2011, Algorithms for hyper-parameter optimization),
 * multivariate, with choices that S. Watanabe (2023), arXiv 2304.11127, discusses: observations are split into the
 * better and the rest; of some points drawn from the density of the better ones, that is proposed where this density
 * is the greatest multiple of the others'.
 */
import { Random } from "../../datasets/random.ts";
import { costsOf, ranking } from "./costs.ts";
import { exp, log } from "./elementary.ts";
import { type Mixture, parzen } from "./parzen.ts";
import { quasiRandomPoint } from "./quasi_random.ts";
import type { Point, Question, Sampler } from "./sampler.ts";

/** Observations before which points are quasi-random. */
const STARTUP = 10;
/** The share of the observations that are the better ones, and the most of them. */
const BETTER_SHARE = 0.15;
const MOST_BETTER = 25;
/** Points of which the best is proposed. */
const CANDIDATES = 24;
/** Of a single point's kernel, in the unit interval. */
const BANDWIDTH = 0.1;

export const tpe: Sampler = {
  name: "tpe",
  summary: "where good points are dense and bad ones are not (tree-structured Parzen estimator)",
  learns: true,
  propose(question) {
    const { dimensions, seed, draw, observations } = question;
    if (observations.length < STARTUP) return quasiRandomPoint(dimensions, seed, draw);
    const { better, rest } = densities(question);
    const random = new Random(seed, `tpe ${draw}`);
    const candidates = Array.from({ length: CANDIDATES }, () => better.sample(random));
    const [best] = ranking(candidates.map((point) => rest.logDensity(point) - better.logDensity(point)));
    return candidates[best];
  },
};

/** Pending points count among the rest, so that jobs that run at a time spread out. */
function densities({ dimensions, observations, pending }: Question): { better: Mixture; rest: Mixture } {
  const costs = costsOf(observations);
  const order = ranking(costs);
  const split = Math.min(Math.ceil(BETTER_SHARE * order.length), MOST_BETTER);
  const pointsOf = (positions: readonly number[]) => positions.map((i) => observations[i].point);
  const density = (points: readonly Point[], weights: readonly number[]) =>
    parzen(dimensions, points, weights, BANDWIDTH * exp(-log(points.length + 1) / (dimensions.length + 4)));
  const rest = [...pointsOf(order.slice(split)), ...pending];
  return {
    better: density(pointsOf(order.slice(0, split)), improvements(order.map((i) => costs[i]), split)),
    rest: density(rest, rest.map(() => 1)),
  };
}

/**
 * By how much each of the better costs is below the first of the rest, as a share of the greatest such improvement;
 * equal shares where there is none.
 */
function improvements(sortedCosts: readonly number[], split: number): number[] {
  // Half of each first, as a difference of two float64 may be infinite.
  const below = sortedCosts.slice(0, split).map((cost) => sortedCosts[split] / 2 - cost / 2);
  return below.map((improvement) => below[0] > 0 ? improvement / below[0] : 1);
}
