/**
 * Bayesian optimization: a Gaussian process says what the cost may be at each point, and that is proposed where the
 * cost is expected to fall the most below the best one (Jones, Schonlau & Welch 1998, Efficient global optimization
 * of expensive black-box functions, J. Glob. Optim. 13).
 */
import { Random } from "../../datasets/random.ts";
import { maximize } from "./acquisition.ts";
import { costsOf, ranking } from "./costs.ts";
import { log } from "./elementary.ts";
import { fit } from "./likelihood.ts";
import { logExpectedExcess } from "./normal.ts";
import { quasiRandomPoint } from "./quasi_random.ts";
import { posterior } from "./regression.ts";
import type { Point, Sampler } from "./sampler.ts";
import { Sobol } from "./sobol.ts";

/** Observations before which points are quasi-random. */
const STARTUP = 10;
/** Of a long history, as many of the best observations as this count, and as many of the latest. */
const MOST_BEST = 50;
const MOST_LATEST = 50;
/** Of the best points, near which the next may lie. */
const GOOD_POINTS = 3;
/** Costs are clipped this many times as far from the best one as the median is. */
const WORST = 3;

export const gp: Sampler = {
  name: "gp",
  summary: "the greatest expected improvement by a Gaussian process, for few or slow trials",
  learns: true,
  propose({ dimensions, seed, draw, observations, pending }) {
    if (observations.length < STARTUP) return quasiRandomPoint(dimensions, seed, draw);
    const allCosts = costsOf(observations);
    const kept = bestAndLatest(allCosts);
    const points = kept.map((i) => observations[i].point);
    const values = standardized(kept.map((i) => allCosts[i]));
    const predict = posterior(dimensions, fit(dimensions, points, values), points, values, pending);
    // Of the function, not of observations, which are noisy.
    const best = Math.min(...[...points, ...pending].map((point) => predict(point).mean));
    const logExpectedImprovement = (point: Point) => {
      const { mean, deviation } = predict(point);
      return log(deviation) + logExpectedExcess((best - mean) / deviation);
    };
    const sequence = new Sobol(seed, `gp candidates ${draw}`, dimensions.length);
    const good = ranking(values).slice(0, GOOD_POINTS).map((i) => points[i]);
    return maximize(dimensions, logExpectedImprovement, sequence, good, new Random(seed, `gp ${draw}`));
  },
};

/** Positions of the costs that count, in their order. */
function bestAndLatest(costs: readonly number[]): number[] {
  const best = new Set(ranking(costs).slice(0, MOST_BEST));
  return [...costs.keys()].filter((i) => best.has(i) || i >= costs.length - MOST_LATEST);
}

/**
 * Costs with mean 0 and variance 1, but all 0 where they are equal. Those far above the median are clipped first: how
 * bad a training is that hardly learned says nothing of the good ones, but would make all of these look alike.
 */
function standardized(costs: readonly number[]): number[] {
  const sorted = ranking(costs).map((i) => costs[i]);
  const best = sorted[0];
  const median = sorted[Math.floor(sorted.length / 2)];
  const reference = median > best ? median : sorted[sorted.length - 1];
  // Halves, as a difference of two float64 may be infinite.
  const unit = reference / 2 - best / 2;
  if (unit === 0) return costs.map(() => 0);
  const distances = costs.map((cost) => Math.min((cost / 2 - best / 2) / unit, WORST));
  const mean = average(distances);
  const deviation = Math.sqrt(average(distances.map((x) => (x - mean) * (x - mean))));
  return distances.map((x) => (x - mean) / deviation);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
