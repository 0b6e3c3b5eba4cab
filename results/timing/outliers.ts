import type { Statistics } from "tinybench";

/**
 * Median absolute deviations from the median, scaled to be standard deviations of a normal distribution, beyond which a time
 * is an outlier. Iglewicz and Hoaglin (1993, How to Detect and Handle Outliers) take 3.5; times are skewed, and hyperfine
 * takes 10, as we do.
 */
const MOST_DEVIATIONS = 10;
const NORMAL_SCALE = 1.4826;

/** How many times are far above the median, and the largest time over the median. */
export function outliersOf({ samples, p50, mad, max }: Statistics): { count: number; worst: number } {
  const limit = p50 + MOST_DEVIATIONS * NORMAL_SCALE * mad;
  return { count: samples!.filter((time) => time > limit).length, worst: max / p50 };
}
