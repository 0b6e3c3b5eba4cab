import type { Dimension, Observation, Point, Sampler } from "../study/samplers/sampler.ts";

/** A cost over a space, and the least it can be. */
export interface Problem {
  readonly dimensions: readonly Dimension[];
  readonly least: number;
  cost(point: Point): number;
}

export const continuous = (d: number): Dimension[] =>
  Array.from({ length: d }, (_, j) => ({ name: `x${j}`, kind: "continuous" }));

/** Branin's function on [-5, 10] x [0, 15], with three minima. */
export const branin: Problem = {
  dimensions: continuous(2),
  least: 0.39788735772973816,
  cost([u, v]) {
    const [x, y] = [15 * u - 5, 15 * v];
    const bowl = y - 5.1 / (4 * Math.PI ** 2) * x * x + 5 / Math.PI * x - 6;
    return bowl * bowl + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  },
};

/** Hartmann's function of six variables. */
export const hartmann6: Problem = {
  dimensions: continuous(6),
  least: -3.322368011391339,
  cost(point) {
    const term = (k: number) =>
      point.reduce((sum, x, j) => sum + WIDTHS[k][j] * (x - CENTRES[k][j] / 1e4) ** 2, 0);
    return -HEIGHTS.reduce((sum, height, k) => sum + height * Math.exp(-term(k)), 0);
  },
};

const HEIGHTS = [1, 1.2, 3, 3.2];
const WIDTHS = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const CENTRES = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];

/** Something like a training: the right optimizer matters, and so do its learning rate and a few momenta. */
export const mixed: Problem = {
  dimensions: [
    { name: "lr", kind: "continuous" },
    { name: "momentum", kind: "ordered", levels: 5 },
    { name: "optimizer", kind: "choice", levels: 4 },
    { name: "weight decay", kind: "continuous" },
  ],
  least: 0,
  cost([lr, momentum, optimizer, decay]) {
    const rate = lr - [0.3, 0.5, 0.7, 0.2][optimizer];
    const rest = (momentum - 3) * (momentum - 3) / 20 + (decay - 0.4) * (decay - 0.4);
    return 4 * rate * rate + rest + [0.3, 0.2, 0, 0.4][optimizer];
  },
};

/**
 * The observations of a search as a study goes about it: a point is asked for before the costs of those `ahead - 1`
 * that precede it are known.
 */
export function search(
  sampler: Sampler,
  { dimensions, cost }: Pick<Problem, "dimensions"> & { cost(point: Point): number | undefined },
  { seed, trials = 50, ahead = 8 }: { seed: number; trials?: number; ahead?: number },
): Observation[] {
  const all: Observation[] = [];
  for (let draw = 0; draw < trials; draw++) {
    const known = Math.max(0, draw - ahead + 1);
    const observations = all.slice(0, known);
    const pending = all.slice(known).map(({ point }) => point);
    const point = sampler.propose({ dimensions, seed, draw, observations, pending });
    all.push({ point, cost: cost(point) });
  }
  return all;
}

/** How far the best of the costs is from the least one. */
export function regret(observations: readonly Observation[], { least }: Problem): number {
  return observations.reduce((best, { cost }) => Math.min(best, cost ?? Infinity), Infinity) - least;
}
