/** The search for the best point of a space by a score that is cheap, where no gradient is had of choices. */
import type { Random } from "../../datasets/random.ts";
import { ranking } from "./costs.ts";
import { quantile } from "./normal.ts";
import type { Dimension, Point } from "./sampler.ts";
import type { Sobol } from "./sobol.ts";
import { fromCoordinate, fromUnit, toCoordinate } from "./unit.ts";

/** Candidates all over the space, and about points known to be good. */
const SPREAD = 256;
const NEARBY = 128;
/** Candidates from which to climb. */
const CLIMBS = 4;
/** Of the candidates nearby from the good point, and the first one of a climb. */
const STEP = 0.1;
const LAST_STEP = 1e-3;

interface Scored {
  readonly point: Point;
  readonly score: number;
}

/**
 * The point of the greatest score that is found.
 *
 * @param sequence where the candidates all over the space come from.
 * @param good points near which to look, at least one.
 */
export function maximize(
  dimensions: readonly Dimension[],
  score: (point: Point) => number,
  sequence: Sobol,
  good: readonly Point[],
  random: Random,
): Point {
  const candidates = [
    ...Array.from({ length: SPREAD }, (_, i) => fromUnit(dimensions, sequence.at(i))),
    ...Array.from({ length: NEARBY }, (_, i) => neighbour(dimensions, good[i % good.length], random)),
  ].map((point) => ({ point, score: score(point) }));
  return ranking(candidates.map(({ score }) => -score))
    .slice(0, CLIMBS)
    .map((i) => climb(dimensions, score, candidates[i]))
    .reduce((best, other) => other.score > best.score ? other : best).point;
}

/** A point that differs in about two coordinates: where there are many, changing all leads far away. */
function neighbour(dimensions: readonly Dimension[], point: Point, random: Random): Point {
  return dimensions.map((dimension, j) => {
    if (random.uniform() * dimensions.length >= 2) return point[j];
    if (dimension.kind === "choice") return fromCoordinate(dimension, random.uniform());
    return fromCoordinate(
      dimension,
      clip(toCoordinate(dimension, point[j]) + STEP * quantile(random.uniform())),
    );
  });
}

/** One coordinate after the other, by steps that get shorter (compass search). */
function climb(dimensions: readonly Dimension[], score: (point: Point) => number, start: Scored): Scored {
  let best = start;
  for (let step = STEP; step > LAST_STEP; step /= 2) {
    dimensions.forEach((dimension, j) => {
      for (const value of moves(dimension, best.point[j], step)) {
        const point = best.point.with(j, value);
        const scored = { point, score: score(point) };
        if (scored.score > best.score) best = scored;
      }
    });
  }
  return best;
}

/** Values to try next to one: a step of a continuous dimension, the next levels, or all other choices. */
function moves(dimension: Dimension, value: number, step: number): number[] {
  if (dimension.kind === "continuous") return [clip(value - step), clip(value + step)];
  const levels = Array.from({ length: dimension.levels }, (_, level) => level);
  return levels.filter((level) =>
    dimension.kind === "choice" ? level !== value : Math.abs(level - value) === 1
  );
}

function clip(coordinate: number): number {
  return Math.min(Math.max(coordinate, 0), 1);
}
