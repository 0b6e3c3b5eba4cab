/**
 * Regression by a Gaussian process of mean 0 and variance 1 with Matern covariance and noise (Rasmussen & Williams
 * 2006, Gaussian processes for machine learning, algorithm 2.1).
 */
import { cholesky, solveLower, solveUpper } from "./cholesky.ts";
import { featuresOf, squaredDistance, squaredDistances } from "./features.ts";
import { covarianceOf, matern } from "./matern.ts";
import type { Dimension, Point } from "./sampler.ts";

/** Rounding must not make a variance negative. */
const LEAST_VARIANCE = 1e-12;

/** What is not learned from a single observation. */
export interface Hyperparameters {
  /** One a dimension: the distance over which values stay alike. */
  readonly lengthScales: ArrayLike<number>;
  /** The variance of observations about the function. */
  readonly noise: number;
}

/** What is known of the function at a point: a normal distribution of its value, without noise. */
export interface Prediction {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * What observations say about all points.
 *
 * @param values at the points, of about mean 0 and variance 1.
 * @param pending points whose values are taken to be what they are predicted to be (the kriging believer of
 * Ginsbourger et al. 2010, Kriging is well-suited to parallelize optimization): only the uncertainty about them goes.
 */
export function posterior(
  dimensions: readonly Dimension[],
  { lengthScales, noise }: Hyperparameters,
  points: readonly Point[],
  values: readonly number[],
  pending: readonly Point[] = [],
): (point: Point) => Prediction {
  const features = [...points, ...pending].map((point) => featuresOf(dimensions, lengthScales, point));
  const lower = factor(features, noise);
  // Believing predictions leaves the mean as it is: pending points have no weight in it.
  const known = factor(features.slice(0, points.length), noise);
  const weights = solveUpper(known, solveLower(known, values));
  return (point) => {
    const x = featuresOf(dimensions, lengthScales, point);
    const covariances = new Float64Array(features.length);
    for (let i = 0; i < features.length; i++) covariances[i] = matern(squaredDistance(x, features[i]));
    const explained = solveLower(lower, covariances);
    return {
      mean: dot(weights, covariances, points.length),
      deviation: Math.sqrt(Math.max(1 - dot(explained, explained, features.length), LEAST_VARIANCE)),
    };
  };
}

function factor(features: readonly Float64Array[], noise: number): Float64Array {
  const n = features.length;
  const lower = cholesky(covarianceOf(squaredDistances(features), n, noise), n);
  if (lower === undefined) {
    throw new RangeError(
      `Cannot tell ${n} points apart from each other: noise is ${noise}; use at least 1e-6`,
    );
  }
  return lower;
}

/** The scalar product of the first n numbers of each. */
function dot(a: Float64Array, b: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}
