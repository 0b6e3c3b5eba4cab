/**
 * The update of CMA-ES with the default parameters of N. Hansen (2016), The CMA evolution strategy: a tutorial,
 * arXiv 1604.00772, whose equations the numbers in parentheses are.
 */
import { eigen } from "./eigen.ts";
import { exp, log } from "./elementary.ts";

type Vector = readonly number[];
type Matrix = readonly Vector[];

/** A normal distribution of points with what it remembers of its way. */
export interface Evolution {
  readonly mean: Vector;
  /** The overall standard deviation, called step size. */
  readonly sigma: number;
  readonly covariance: Matrix;
  readonly sigmaPath: Vector;
  readonly covariancePath: Vector;
  readonly generation: number;
}

const START_SIGMA = 0.3;
/** In a unit cube: wider is clipped, narrower cannot be told apart. */
const SIGMA_RANGE = [1e-6, 1] as const;
/** The least variance along an axis, by the greatest: negative weights and clipped points may take all of it away. */
const LEAST_VARIANCE = 1e-10;

/** Where a search in the unit cube of d dimensions begins: a round distribution about the centre. */
export function startEvolution(d: number): Evolution {
  const zeros = new Array<number>(d).fill(0);
  return {
    mean: zeros.map(() => 0.5),
    sigma: START_SIGMA,
    covariance: zeros.map((_, i) => zeros.map((_, j) => i === j ? 1 : 0)),
    sigmaPath: zeros,
    covariancePath: zeros,
    generation: 0,
  };
}

/** lambda, the points of a generation (48). */
export function populationSize(d: number): number {
  return 4 + Math.floor(3 * log(Math.max(d, 1)));
}

/** The weights of a generation's points, the best first, before they are scaled (49). */
export function rankWeights(size: number): number[] {
  return Array.from({ length: size }, (_, i) => log((size + 1) / 2) - log(i + 1));
}

/**
 * The distribution after a generation.
 *
 * @param points the best first, `populationSize` of them.
 */
export function evolve(evolution: Evolution, points: readonly Vector[]): Evolution {
  const { mean, sigma, covariance } = evolution;
  const d = mean.length;
  const { weights, muEff, cSigma, dSigma, cC, c1, cMu } = parameters(d, points.length);
  const generation = evolution.generation + 1;
  const whiten = inverseRoot(covariance);
  const steps = points.map((point) => point.map((x, j) => (x - mean[j]) / sigma));
  const step = mean.map((_, j) => sum(steps.map((y, i) => Math.max(weights[i], 0) * y[j]))); // (41)

  const whitened = whiten(step);
  const sigmaPath = evolution.sigmaPath.map((p, j) =>
    // (43)
    (1 - cSigma) * p + Math.sqrt(cSigma * (2 - cSigma) * muEff) * whitened[j]
  );
  const expectedLength = Math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d));
  const length = Math.sqrt(squaredLength(sigmaPath));
  const growth = exp(cSigma / dSigma * (length / expectedLength - 1)); // (44)

  const usual = (1.4 + 2 / (d + 1)) * expectedLength * Math.sqrt(1 - power(1 - cSigma, 2 * (generation + 1)));
  const hSigma = length < usual ? 1 : 0;
  const covariancePath = evolution.covariancePath.map((p, j) =>
    // (45)
    (1 - cC) * p + hSigma * Math.sqrt(cC * (2 - cC) * muEff) * step[j]
  );
  const scaled = weights.map((w, i) => w >= 0 ? w : w * d / (squaredLength(whiten(steps[i])) + 1e-8)); // (46)
  const kept = 1 + c1 * (1 - hSigma) * cC * (2 - cC) - c1 - cMu * sum(weights);
  return {
    mean: mean.map((m, j) => m + sigma * step[j]), // (42)
    sigma: Math.min(Math.max(sigma * growth, SIGMA_RANGE[0]), SIGMA_RANGE[1]),
    covariance: covariance.map((row, j) =>
      // (47)
      row.map((c, k) =>
        kept * c + c1 * covariancePath[j] * covariancePath[k] +
        cMu * sum(steps.map((y, i) => scaled[i] * y[j] * y[k]))
      )
    ),
    sigmaPath,
    covariancePath,
    generation,
  };
}

/** Makes points of the distribution from vectors of independent standard normal numbers (38-40). */
export function offspringOf({ mean, sigma, covariance }: Evolution): (z: Vector) => number[] {
  const { roots, vectors } = axes(covariance);
  return (z) => mean.map((m, j) => m + sigma * sum(roots.map((root, k) => root * vectors[k][j] * z[k])));
}

/** Table 1 of the tutorial, with alpha_cov = 2 and c_m = 1. */
function parameters(d: number, size: number) {
  const raw = rankWeights(size);
  const mu = Math.floor(size / 2);
  const muEff = effectiveSize(raw.slice(0, mu));
  const muEffMinus = effectiveSize(raw.slice(mu));
  const c1 = 2 / ((d + 1.3) * (d + 1.3) + muEff); // (57)
  const cMu = Math.min(1 - c1, 2 * (muEff - 2 + 1 / muEff) / ((d + 2) * (d + 2) + muEff)); // (58)
  const negative = Math.min(1 + c1 / cMu, 1 + 2 * muEffMinus / (muEff + 2), (1 - c1 - cMu) / (d * cMu)); // (50-52)
  const positiveSum = sum(raw.filter((w) => w > 0));
  const negativeSum = -sum(raw.filter((w) => w < 0));
  const cSigma = (muEff + 2) / (d + muEff + 5); // (55)
  return {
    weights: raw.map((w) => w >= 0 ? w / positiveSum : negative * w / negativeSum), // (53)
    muEff,
    cSigma,
    dSigma: 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (d + 1)) - 1) + cSigma,
    cC: (4 + muEff / d) / (d + 4 + 2 * muEff / d), // (56)
    c1,
    cMu,
  };
}

/** Multiplication by C^(-1/2). */
function inverseRoot(covariance: Matrix): (vector: Vector) => number[] {
  const { roots, vectors } = axes(covariance);
  return (vector) => {
    const along = vectors.map((axis, k) => sum(axis.map((x, j) => x * vector[j])) / roots[k]);
    return vector.map((_, j) => sum(along.map((x, k) => x * vectors[k][j])));
  };
}

/** Standard deviations along the principal axes. */
function axes(covariance: Matrix) {
  const { values, vectors } = eigen(covariance);
  const least = LEAST_VARIANCE * Math.max(...values);
  return { roots: values.map((variance) => Math.sqrt(Math.max(variance, least))), vectors };
}

/** The variance effective selection mass (8). */
function effectiveSize(weights: Vector): number {
  const total = sum(weights);
  return total * total / squaredLength(weights);
}

function squaredLength(vector: Vector): number {
  return sum(vector.map((x) => x * x));
}

function power(base: number, exponent: number): number {
  return exp(exponent * log(base));
}

function sum(numbers: Vector): number {
  return numbers.reduce((total, x) => total + x, 0);
}
