/**
 * Statistics of small samples of finite numbers. Where there are too few values for one it is undefined, which is an
 * empty cell of a table, never a NaN in it.
 */

/** The arithmetic mean; undefined for no values. */
export function mean(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  // The second pass takes away the rounding error of the first.
  const rough = sum(values) / values.length;
  return rough + sum(values.map((x) => x - rough)) / values.length;
}

/**
 * The sample standard deviation, with n - 1 in the denominator; undefined for fewer than two values. In two passes, the
 * second corrected for the rounding of the mean (Chan, Golub & LeVeque 1983, The American Statistician 37(3), equation
 * 1.7), because the textbook sum of squares loses every digit of values such as 1e9 + 1, 1e9 + 2.
 */
export function standardDeviation(values: readonly number[]): number | undefined {
  const m = mean(values);
  if (m === undefined || values.length < 2) return undefined;
  const deviations = values.map((x) => x - m);
  const squares = sum(deviations.map((d) => d * d)) - sum(deviations) ** 2 / values.length;
  return Math.sqrt(Math.max(squares, 0) / (values.length - 1));
}

/** The middle value, or the mean of the two middle ones; undefined for no values. */
export function median(values: readonly number[]): number | undefined {
  return quantile(values, 0.5);
}

/**
 * The quantile of type 7 of Hyndman & Fan (1996, The American Statistician 50(4)), the default of R and NumPy: linear
 * between the order statistics; undefined for no values.
 *
 * @param p between 0 (the smallest value) and 1 (the largest).
 * @throws {RangeError} for any other p.
 */
export function quantile(values: readonly number[], p: number): number | undefined {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Invalid quantile ${p}: expected a number from 0 to 1`);
  if (values.length === 0) return undefined;
  return quantileOfSorted(Float64Array.from(values).sort(), p);
}

/** The same of at least one value, sorted already, for p between 0 and 1. */
export function quantileOfSorted(sorted: Float64Array, p: number): number {
  const position = (sorted.length - 1) * p;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  // Rounding must not lead out of the interval.
  return Math.min(below + (above - below) * (position % 1), above);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, x) => total + x, 0);
}
