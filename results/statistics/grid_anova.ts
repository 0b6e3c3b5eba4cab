/**
 * The functional analysis of variance of a complete grid, exactly: the effect of some hyper-parameters is the
 * mean over all others, less the effects of fewer of them. It is the decomposition of Hoeffding (1948),
 * Annals of Mathematical Statistics 19(3).
 */
import type { Encoded } from "./points.ts";

/** Shares of the variance, with hyper-parameters as their indices. */
export interface Effects {
  /** By the mean over all other hyper-parameters. */
  readonly single: readonly number[];
  /** Of every i < j together, beyond each on its own. */
  readonly pairs: readonly { readonly i: number; readonly j: number; readonly share: number }[];
  /** R^2 of what was analysed on points that it was not fitted to. */
  readonly fit: number;
}

/**
 * @param costs not all equal.
 * @returns undefined where the points are no complete grid: every combination of levels once.
 */
export function gridEffects(
  { parameters, levels }: Encoded,
  costs: readonly number[],
): Effects | undefined {
  const sizes = parameters.map(({ cumulative }) => cumulative.length - 1);
  if (sizes.reduce((product, size) => product * size, 1) !== costs.length) return undefined;
  /** The number of a point's combination of the levels of some parameters. */
  const cell = (point: number, which: readonly number[]) =>
    which.reduce((number, p) => number * sizes[p] + levels[p][point], 0);
  const all = parameters.map((_, p) => p);
  if (new Set(costs.map((_, point) => cell(point, all))).size < costs.length) return undefined;

  /** The variance of the means of the cells. */
  const varianceOf = (which: readonly number[]) => {
    const cells = new Float64Array(which.reduce((product, p) => product * sizes[p], 1));
    costs.forEach((cost, point) => cells[cell(point, which)] += cost * cells.length / costs.length);
    const center = cells.reduce((sum, x) => sum + x, 0) / cells.length;
    return cells.reduce((sum, x) => sum + (x - center) ** 2, 0) / cells.length;
  };
  const total = varianceOf(all);
  const single = all.map((p) => varianceOf([p]) / total);
  const pairs = all.flatMap((i) =>
    all.slice(i + 1).map((j) => ({ i, j, share: varianceOf([i, j]) / total - single[i] - single[j] }))
  );
  return { single, pairs, fit: 1 };
}
