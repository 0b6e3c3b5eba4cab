/**
 * CMA-ES, replayed: the observations make up the generations in the order in which they were proposed, so that the
 * state of the search follows from them alone. A generation that is not complete waits.
 */
import { Random } from "../../datasets/random.ts";
import { costsOf, ranking } from "./costs.ts";
import {
  type Evolution,
  evolve,
  offspringOf,
  populationSize,
  rankWeights,
  startEvolution,
} from "./evolution.ts";
import { quantile } from "./normal.ts";
import type { Dimension, Observation, Point, Sampler } from "./sampler.ts";
import { fromCoordinate, toCoordinate } from "./unit.ts";

/** Times a point outside the cube is drawn again before it is clipped. */
const MOST_RESAMPLINGS = 100;
/** The least standard deviation of an ordered dimension, in levels: one in 20 points still leaves the level. */
const LEAST_DEVIATION = 0.25;
/** What a generation contributes to the probabilities of a choice. */
const CHOICE_RATE = 0.6;
/** How often a choice is fair, whatever has been learned. */
const FAIR_SHARE = 0.1;

/** Choices, which no normal distribution can draw, have probabilities of their own. */
export const cmaEs: Sampler = {
  name: "cma-es",
  summary: "evolution of a normal distribution (CMA-ES), for hundreds of trials",
  learns: true,
  propose({ dimensions, seed, draw, observations }) {
    const random = new Random(seed, `cma-es ${draw}`);
    const axes = dimensions.filter(({ kind }) => kind !== "choice");
    const generations = rankedGenerations(observations, populationSize(axes.length));
    const coordinates = sample(axes, evolution(dimensions, generations), random).values();
    return dimensions.map((dimension, j) => {
      if (dimension.kind !== "choice") return fromCoordinate(dimension, coordinates.next().value!);
      return chooseLevel(
        dimension.levels,
        generations.map((points) => points.map((point) => point[j])),
        random,
      );
    });
  },
};

/** The complete generations, each with its best point first. */
function rankedGenerations(observations: readonly Observation[], size: number): Point[][] {
  const costs = costsOf(observations);
  return Array.from({ length: Math.floor(observations.length / size) }, (_, generation) => {
    const start = generation * size;
    return ranking(costs.slice(start, start + size)).map((i) => observations[start + i].point);
  });
}

/** The state after those generations, in the coordinates of all dimensions but choices. */
function evolution(dimensions: readonly Dimension[], generations: readonly Point[][]): Evolution {
  const encode = (point: Point) =>
    dimensions.flatMap((dimension, j) =>
      dimension.kind === "choice" ? [] : [toCoordinate(dimension, point[j])]
    );
  const start = startEvolution(dimensions.filter(({ kind }) => kind !== "choice").length);
  if (start.mean.length === 0) return start;
  return generations.reduce((state, points) => evolve(state, points.map(encode)), start);
}

/** A point of the distribution with coordinates from 0 to 1. */
function sample(axes: readonly Dimension[], evolution: Evolution, random: Random): number[] {
  const { mean, sigma, covariance } = evolution;
  const widening = axes.map((axis, j) =>
    axis.kind === "continuous"
      ? 1
      : Math.max(1, LEAST_DEVIATION / axis.levels / (sigma * Math.sqrt(covariance[j][j])))
  );
  const offspring = offspringOf(evolution);
  let point: number[] = [];
  for (let attempt = 0; attempt <= MOST_RESAMPLINGS; attempt++) {
    const drawn = offspring(axes.map(() => quantile(random.uniform())));
    point = drawn.map((x, j) => mean[j] + widening[j] * (x - mean[j]));
    if (point.every((x) => x >= 0 && x <= 1)) return point;
  }
  return point.map((x) => Math.min(Math.max(x, 0), 1));
}

/**
 * Draws one of some levels by population-based incremental learning (Baluja 1994), with CMA-ES's weights of the
 * ranks.
 *
 * @param generations the levels that were tried, the best first.
 */
function chooseLevel(levels: number, generations: readonly (readonly number[])[], random: Random): number {
  let probabilities = new Array<number>(levels).fill(1 / levels);
  for (const ranked of generations) {
    const weights = rankWeights(ranked.length).map((weight) => Math.max(weight, 0));
    const total = weights.reduce((sum, weight) => sum + weight);
    probabilities = probabilities.map((p) => (1 - CHOICE_RATE) * p);
    ranked.forEach((level, i) => probabilities[level] += CHOICE_RATE * weights[i] / total);
  }
  let rest = random.uniform();
  const level = probabilities.findIndex((p) => (rest -= (1 - FAIR_SHARE) * p + FAIR_SHARE / levels) < 0);
  return level === -1 ? levels - 1 : level;
}
