/**
 * Hyper-parameters of a Gaussian process: those that make the observations and themselves the most probable. The
 * priors are those of C. Hvarfner et al. (2024), Vanilla Bayesian optimization performs great in high dimensions,
 * arXiv 2402.02229: log-normal, the length scales longer the more dimensions there are.
 */
import { cholesky, inverseOf, solveLower, solveUpper } from "./cholesky.ts";
import { exp, log } from "./elementary.ts";
import { featuresOf, squaredDistances } from "./features.ts";
import { covarianceOf, maternSlope } from "./matern.ts";
import type { Hyperparameters } from "./regression.ts";
import type { Dimension, Point } from "./sampler.ts";

/** Mean and variance of the logarithm of a log-normal number. */
interface LogNormal {
  readonly mean: number;
  readonly variance: number;
}

interface Evaluation {
  /** The logarithm of the posterior density, but for a constant. */
  readonly value: number;
  /** By the logarithm of each length scale, and of the noise last. */
  readonly gradient: readonly number[];
}

const NOISE: LogNormal = { mean: -4, variance: 1 };
/** Keeps the covariance of points that coincide invertible. */
const LEAST_LOG_NOISE = log(1e-6);
const ITERATIONS = 12;
const FIRST_STEP = 0.4;
const LONGEST_STEP = 1;
/** Logarithms of how much longer than at the mode of their prior all length scales are at first, a start each. */
const STARTS = [0, 1];

/**
 * The best of what two climbs find.
 *
 * @param values at the points, of about mean 0 and variance 1.
 */
export function fit(
  dimensions: readonly Dimension[],
  points: readonly Point[],
  values: readonly number[],
): Hyperparameters {
  const d = dimensions.length;
  const priors: LogNormal[] = [
    ...dimensions.map(() => ({ mean: Math.SQRT2 + log(d) / 2, variance: 3 })),
    NOISE,
  ];
  const gaps = squaredGaps(dimensions, points);
  const objective = (logs: readonly number[]) => logPosterior(gaps, values, priors, logs);
  const fits = STARTS.map((shift) =>
    climb(objective, priors.map(({ mean, variance }, j) => mean - variance + (j === d ? 0 : shift)))
  );
  const { logs } = fits.reduce((best, other) => other.value > best.value ? other : best);
  return { lengthScales: logs.slice(0, d).map(exp), noise: exp(logs[d]) };
}

/**
 * Rprop without backtracking (Igel & Huesken 2000): a step size a coordinate, which grows while the slope's sign
 * stays.
 */
function climb(objective: (logs: readonly number[]) => Evaluation, start: readonly number[]) {
  let logs = [...start];
  let best = { logs, value: -Infinity };
  let previous = start.map(() => 0);
  const sizes = start.map(() => FIRST_STEP);
  for (let i = 0; i < ITERATIONS; i++) {
    const { value, gradient } = objective(logs);
    if (value > best.value) best = { logs, value };
    logs = logs.map((x, j) => {
      const agreement = gradient[j] * previous[j];
      if (agreement > 0) sizes[j] = Math.min(sizes[j] * 1.2, LONGEST_STEP);
      else if (agreement < 0) sizes[j] *= 0.5;
      return x + Math.sign(gradient[j]) * sizes[j];
    });
    logs[logs.length - 1] = Math.max(logs[logs.length - 1], LEAST_LOG_NOISE);
    previous = [...gradient];
  }
  return best;
}

/** Rasmussen & Williams (2006), equations 5.8 and 5.9, with the priors' part. */
function logPosterior(
  gaps: readonly Float64Array[],
  values: readonly number[],
  priors: readonly LogNormal[],
  logs: readonly number[],
): Evaluation {
  const n = values.length;
  const d = gaps.length;
  const inverseSquares = logs.slice(0, d).map((x) => exp(-2 * x));
  const noise = exp(logs[d]);
  const distances = new Float64Array(n * n);
  gaps.forEach((gap, j) => {
    for (let i = 0; i < gap.length; i++) distances[i] += gap[i] * inverseSquares[j];
  });
  const lower = cholesky(covarianceOf(distances, n, noise), n);
  if (lower === undefined) return { value: -Infinity, gradient: logs.map(() => 0) };
  const whitened = solveLower(lower, values);
  const alpha = solveUpper(lower, whitened);
  const inverse = inverseOf(lower, n);
  let value = 0;
  const gradient = logs.map(() => 0);
  for (let i = 0; i < n; i++) {
    value -= whitened[i] * whitened[i] / 2 + log(lower[i * n + i]);
    gradient[d] += noise / 2 * (alpha[i] * alpha[i] - inverse[i * n + i]);
    for (let k = 0; k < i; k++) {
      const slope = (alpha[i] * alpha[k] - inverse[i * n + k]) * maternSlope(distances[i * n + k]);
      for (let j = 0; j < d; j++) gradient[j] += slope * gaps[j][i * n + k] * inverseSquares[j];
    }
  }
  priors.forEach(({ mean, variance }, j) => {
    value -= logs[j] + (logs[j] - mean) * (logs[j] - mean) / (2 * variance);
    gradient[j] -= 1 + (logs[j] - mean) / variance;
  });
  return { value, gradient };
}

/** A matrix a dimension: the squared distances of the points along it. */
function squaredGaps(dimensions: readonly Dimension[], points: readonly Point[]): Float64Array[] {
  return dimensions.map((dimension, j) =>
    squaredDistances(points.map((point) => featuresOf([dimension], [1], [point[j]])))
  );
}
