import type { Dimension, Point } from "./sampler.ts";
import { toCoordinate } from "./unit.ts";

/**
 * A point as a vector in which distance is likeness: a coordinate from 0 to 1 for a continuous or an ordered
 * dimension, and one for each level of a choice (one-hot encoding), so scaled that any two levels are 1 apart.
 *
 * @param scales what the features of each dimension are divided by.
 */
export function featuresOf(
  dimensions: readonly Dimension[],
  scales: ArrayLike<number>,
  point: Point,
): Float64Array {
  const features: number[] = [];
  dimensions.forEach((dimension, j) => {
    if (dimension.kind !== "choice") features.push(toCoordinate(dimension, point[j]) / scales[j]);
    else {
      for (let level = 0; level < dimension.levels; level++) {
        features.push(level === point[j] ? Math.SQRT1_2 / scales[j] : 0);
      }
    }
  });
  return new Float64Array(features);
}

/** The squared distance of two vectors. */
export function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/** The squared distances of n vectors, n x n; only the lower triangle is filled. */
export function squaredDistances(features: readonly Float64Array[]): Float64Array {
  const n = features.length;
  const distances = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) distances[i * n + j] = squaredDistance(features[i], features[j]);
  }
  return distances;
}
