import type { Observation } from "./sampler.ts";

/**
 * A cost for every observation: one that diverged, or has no finite cost, counts a tenth of the known range worse
 * than the worst known, so that its region is left alone without a cost so large that it hides all other differences.
 *
 * @returns costs in the order of the observations; all 0 where none is known.
 */
export function costsOf(observations: readonly Observation[]): number[] {
  const known = observations.map(({ cost }) => cost).filter(isFinite);
  const worst = known.reduce((most, cost) => Math.max(most, cost), -Infinity);
  const best = known.reduce((least, cost) => Math.min(least, cost), Infinity);
  const range = worst - best || Math.abs(worst) || 1;
  const missing = known.length === 0 ? 0 : Math.min(worst + range / 10, Number.MAX_VALUE);
  return observations.map(({ cost }) => isFinite(cost) ? cost : missing);
}

/** Positions of the costs, the lowest first, earlier ones first among equals. */
export function ranking(costs: ArrayLike<number>): number[] {
  return Array.from(costs, (_, i) => i).sort((a, b) => costs[a] - costs[b]);
}

function isFinite(cost: number | undefined): cost is number {
  return Number.isFinite(cost);
}
