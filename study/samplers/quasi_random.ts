import type { Dimension, Point, Sampler } from "./sampler.ts";
import { Sobol } from "./sobol.ts";
import { fromUnit } from "./unit.ts";

/** Points of a scrambled Sobol sequence: as unpredictable as random ones, but spread evenly. */
export const quasiRandom: Sampler = {
  name: "quasi-random",
  summary: "a scrambled Sobol sequence, which covers the space more evenly than chance",
  learns: false,
  propose: ({ dimensions, seed, draw }) => quasiRandomPoint(dimensions, seed, draw),
};

/** What learning samplers begin with, too: the point of the sequence of that seed with that number. */
export function quasiRandomPoint(dimensions: readonly Dimension[], seed: number, draw: number): Point {
  return fromUnit(dimensions, new Sobol(seed, "quasi-random", dimensions.length).at(draw));
}
