/**
 * The standard normal distribution, to double precision also far out in its tails. Section numbers are those
 * of Abramowitz & Stegun (1964), Handbook of Mathematical Functions.
 */

/** The density. */
function density(x: number): number {
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

/** The probability of a value below x. */
export function normalCdf(x: number): number {
  if (Math.abs(x) > 3) return x < 0 ? tail(-x) : 1 - tail(x);
  // The series 26.2.11.
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > Number.EPSILON * Math.abs(sum); k += 2) {
    term *= x * x / k;
    sum += term;
  }
  return 0.5 + density(x) * sum;
}

/**
 * The probability of a value above x, for x >= 3, where 80 terms of the continued fraction 26.2.14 suffice.
 */
function tail(x: number): number {
  let denominator = x;
  for (let k = 80; k > 0; k--) denominator = x + k / denominator;
  return density(x) / denominator;
}

/**
 * The value below which a normal number falls with probability p: 26.2.23, which is good to 0.00045, and
 * Halley's method from there.
 *
 * @param p between 0 (minus infinity) and 1 (infinity).
 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0) return -Infinity;
  const t = Math.sqrt(-2 * Math.log(p));
  let x = (2.515517 + t * (0.802853 + t * 0.010328)) /
      (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (let i = 0; i < 2; i++) {
    const step = (normalCdf(x) - p) / density(x);
    x -= step / (1 + x * step / 2);
  }
  return x;
}
