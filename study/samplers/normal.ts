/** The standard normal distribution, the same to the last bit on every runtime. */
import { exp, log } from "./elementary.ts";

const LOG_SQRT_2_PI = 0.9189385332046728;

/** The density at z. */
export function density(z: number): number {
  return exp(-z * z / 2 - LOG_SQRT_2_PI);
}

/** The logarithm of the density at z. */
export function logDensity(z: number): number {
  return -z * z / 2 - LOG_SQRT_2_PI;
}

/** The probability of a number below z. */
export function cumulative(z: number): number {
  if (z > 0) return 1 - cumulative(-z);
  return z < -3 ? density(z) * millsRatio(-z) : 0.5 + density(z) * centralSeries(z);
}

/** z + z^3 / 3 + z^5 / (3 * 5) + ... (Marsaglia 2004, Evaluating the normal distribution, J. Stat. Softw. 11(4)). */
function centralSeries(z: number): number {
  let sum = z;
  let term = z;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= z * z / n;
    sum += term;
  }
  return sum;
}

/**
 * The tail's probability above z >= 3 over the density there, by Laplace's continued fraction 1 / (z + 1 / (z + 2 /
 * ...)).
 */
function millsRatio(z: number): number {
  return 1 / (z + 1 / fractionRest(z));
}

/** z + 2 / (z + 3 / (z + 4 / ...)). */
function fractionRest(z: number): number {
  let fraction = z;
  for (let n = 30; n >= 2; n--) fraction = z + n / fraction;
  return fraction;
}

/**
 * The z below which a number falls with probability p, to about 1e-13: equation 26.2.23 of Abramowitz & Stegun
 * (1964), then two steps of Halley's method. Infinite within 1e-297 of 0 and at 1.
 */
export function quantile(p: number): number {
  if (p > 0.5) return -quantile(1 - p);
  const t = Math.sqrt(-2 * log(p));
  if (t > 37) return -Infinity;
  let z = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) -
    t;
  for (let step = 0; step < 2; step++) {
    const newton = (cumulative(z) - p) / density(z);
    z -= newton / (1 + z * newton / 2);
  }
  return z;
}

/**
 * The logarithm of E[max(0, z - Z)] for a standard normal Z, which is z cumulative(z) + density(z): expected
 * improvement in units of its standard deviation. It stays finite where the expectation itself underflows (Ament et
 * al. 2023, Unexpected improvements to expected improvement, section 4.1, arXiv 2310.20708).
 */
export function logExpectedExcess(z: number): number {
  if (z > -3) return log(density(z) + z * cumulative(z));
  // The two summands would cancel; 1 - |z| millsRatio(|z|) is this by the continued fraction.
  return logDensity(z) + log(millsRatio(-z) / fractionRest(-z));
}
