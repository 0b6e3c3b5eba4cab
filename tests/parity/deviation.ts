import type { Precision } from "../../engine/lower.ts";

/** What two correct implementations may differ by. */
export const tolerance: Readonly<Record<Precision, number>> = { float32: 1e-5, float64: 1e-12 };

/**
 * The largest difference in an array over the largest magnitude expected in it. An array of zeros has to be met exactly.
 */
export function deviation(actual: readonly number[] | undefined, expected: readonly number[]): number {
  if (actual?.length !== expected.length) return Infinity;
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i] - expected[i]);
    if (!(d <= difference)) difference = Number.isNaN(d) ? Infinity : d;
    magnitude = Math.max(magnitude, Math.abs(expected[i]));
  }
  return difference === 0 ? 0 : difference / magnitude;
}
