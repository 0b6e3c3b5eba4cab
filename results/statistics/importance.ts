/**
 * How much each hyper-parameter matters: the functional analysis of variance (fANOVA) of the cost over the
 * search space. The cost is split into a sum of functions of one hyper-parameter, of two, and so on; what
 * share each has of the variance is its importance. Hutter, Hoos & Leyton-Brown (2014), An efficient approach
 * for assessing hyperparameter importance, ICML; for functions known everywhere these are the indices of
 * Sobol (1993).
 *
 * Every hyper-parameter varies independently over the values that were tried, as often as each was. So a
 * grid's values weigh the same, points of a log-uniform range are uniform in the logarithm, and no scale has
 * to be told. Points that a sampler chose lie where it looked: what they say holds near the good ones.
 */
import { forestEffects } from "./forest_anova.ts";
import { gridEffects } from "./grid_anova.ts";
import { encode, type Point } from "./points.ts";

/**
 * The share of the variance that one hyper-parameter, or two together beyond each on its own, account for.
 */
export interface Share {
  readonly names: readonly string[];
  /** Between 0 and 1. */
  readonly share: number;
}

export interface Importance {
  /** Exact for a complete grid, else by a random forest. */
  readonly method: "grid" | "forest";
  /**
   * R^2 of the forest on points that its trees have not seen, 1 for a grid: how far to believe the shares. At
   * 0 or less they describe noise.
   */
  readonly fit: number;
  /** Of every hyper-parameter that takes two values at least, the most important first. */
  readonly single: readonly Share[];
  /** Of every two of them, the most important first. */
  readonly pairs: readonly Share[];
  /** The rest: of three and more together. In a grid of one seed, much of it is noise. */
  readonly higher: number;
}

export interface ImportanceOptions {
  /** Of the forest, 0 unless given. */
  readonly seed?: number;
  /**
   * Costs above it count as this one. Without, a few losses near divergence can be all the variance there is;
   * the cost of an untrained network is a sensible choice.
   */
  readonly cap?: number;
}

/**
 * The importance of each hyper-parameter. Points without a cost count as the worst of the others. A grid is
 * complete where every combination of the values is there once; take the mean over seeds first.
 *
 * @returns undefined where the costs don't differ.
 */
export function importance(
  points: readonly Point[],
  { seed = 0, cap = Infinity }: ImportanceOptions = {},
): Importance | undefined {
  const measured = points.map(({ cost }) => cost).filter((cost) => cost !== undefined);
  const worst = measured.reduce((a, b) => Math.max(a, b), -Infinity);
  const costs = points.map(({ cost = worst }) => Math.min(cost, cap));
  if (costs.every((cost) => cost === costs[0])) return undefined;
  const encoded = encode(points, costs);
  const grid = gridEffects(encoded, costs);
  const { single, pairs, fit } = grid ?? forestEffects(encoded, costs, seed);
  const named = (indices: number[], share: number) => ({
    names: indices.map((i) => encoded.parameters[i].name),
    // Rounding can leave less than nothing.
    share: Math.max(0, share),
  });
  const singleShares = single.map((share, i) => named([i], share));
  const pairShares = pairs.map(({ i, j, share }) => named([i, j], share));
  const explained = [...singleShares, ...pairShares].reduce((sum, { share }) => sum + share, 0);
  return {
    method: grid === undefined ? "forest" : "grid",
    fit,
    single: singleShares.sort(byShare),
    pairs: pairShares.sort(byShare),
    higher: Math.max(0, 1 - explained),
  };
}

function byShare(a: Share, b: Share): number {
  return b.share - a.share;
}
