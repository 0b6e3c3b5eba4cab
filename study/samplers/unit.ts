/** The unit cube, in which samplers compute, and the points of a space, which they answer with. */
import type { Dimension, Point } from "./sampler.ts";

/** The point at these coordinates from 0 to 1: levels share the interval evenly. */
export function fromUnit(dimensions: readonly Dimension[], coordinates: readonly number[]): Point {
  return dimensions.map((dimension, j) => fromCoordinate(dimension, coordinates[j]));
}

/** The value of a dimension at a coordinate from 0 to 1. */
export function fromCoordinate(dimension: Dimension, coordinate: number): number {
  if (dimension.kind === "continuous") return coordinate;
  return Math.min(Math.floor(coordinate * dimension.levels), dimension.levels - 1);
}

/** The coordinate, from 0 to 1, of a value of the dimension: the middle of a level's share. */
export function toCoordinate(dimension: Dimension, value: number): number {
  return dimension.kind === "continuous" ? value : (value + 0.5) / dimension.levels;
}
