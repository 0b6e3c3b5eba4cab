import { exp } from "./elementary.ts";

const SQRT_5 = Math.sqrt(5);

/**
 * The Matern covariance with nu = 5/2 and variance 1 (Rasmussen & Williams 2006, equation 4.17).
 *
 * @param squaredDistance in length scales.
 */
export function matern(squaredDistance: number): number {
  const r = SQRT_5 * Math.sqrt(squaredDistance);
  return (1 + r + 5 / 3 * squaredDistance) * exp(-r);
}

/** Minus twice the derivative of `matern` by the squared distance. */
export function maternSlope(squaredDistance: number): number {
  const r = SQRT_5 * Math.sqrt(squaredDistance);
  return 5 / 3 * (1 + r) * exp(-r);
}

/**
 * The covariance of n noisy observations; only its lower triangle is filled.
 *
 * @param squaredDistances of the points, n x n, of which the lower triangle is read.
 * @param noise their variance about the function.
 */
export function covarianceOf(squaredDistances: Float64Array, n: number, noise: number): Float64Array {
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) covariance[i * n + j] = matern(squaredDistances[i * n + j]);
    covariance[i * n + i] = 1 + noise;
  }
  return covariance;
}
