/** The search for the point of the greatest score, in a space whose scores are cheap. */
import type { Random } from "../../datasets/random.ts";
import { quantile } from "./normal.ts";
import { ranking } from "./costs.ts";
import type { Dimension, Point } from "./sampler.ts";
import { fromUnit, fromCoordinate, toCoordinate } from "./unit.ts";
import type { Sobol } from "./sobol.ts";

type Score = (point: Point) => number;

const SPREAD = +(process.env.NC ?? 512);
const NEAR = +(process.env.NN ?? 128);
const CLIMBED = +(process.env.CL ?? 4);
const MIN = +(process.env.MINSTEP ?? 1e-3);

export function maximize(dimensions: readonly Dimension[], score: Score, sequence: Sobol, random: Random, good: readonly Point[]): Point {
  const candidates: Point[] = Array.from({ length: SPREAD }, (_, i) => fromUnit(dimensions, sequence.at(i)));
  for (let i = 0; i < NEAR; i++) candidates.push(neighbour(dimensions, good[i % good.length], random));
  const scores = candidates.map(score);
  const climbed = ranking(scores.map((x) => -x)).slice(0, CLIMBED).map((i) => climb(dimensions, score, candidates[i], scores[i]));
  return climbed.reduce((best, other) => other.value > best.value ? other : best).point;
}

function neighbour(dimensions: readonly Dimension[], point: Point, random: Random): Point {
  const share = Math.min(1, 2 / dimensions.length);
  return point.map((value, j) => {
    const dimension = dimensions[j];
    if (random.uniform() >= share) return value;
    if (dimension.kind === "choice") return fromCoordinate(dimension, random.uniform());
    const x = toCoordinate(dimension, value) + 0.1 * quantile(random.uniform());
    return fromCoordinate(dimension, Math.min(Math.max(x, 0), 1));
  });
}

function climb(dimensions: readonly Dimension[], score: Score, start: Point, startValue: number) {
  let point = start, value = startValue;
  for (let step = 0.1; step > MIN; step /= 2) {
    dimensions.forEach((dimension, j) => {
      for (const other of moves(dimension, point[j], step)) {
        const p = point.map((x, k) => k === j ? other : x);
        const v = score(p);
        if (v > value) { point = p; value = v; }
      }
    });
  }
  return { point, value };
}

function moves(dimension: Dimension, value: number, step: number): number[] {
  if (dimension.kind === "continuous") return [value - step, value + step].map((x) => Math.min(Math.max(x, 0), 1));
  if (dimension.kind === "ordered") return [value - 1, value + 1].filter((l) => l >= 0 && l < dimension.levels);
  return Array.from({ length: dimension.levels }, (_, l) => l).filter((l) => l !== value);
}
