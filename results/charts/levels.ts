import { quantileSorted } from "d3-array";
import type { Landscape } from "../../tasks/task.ts";

/** A function of two variables as its contours show it. */
export interface Relief {
  /** How far a value is above the minimum; what is no number counts as infinitely far. */
  height(x: number, y: number): number;
  /** Heights of the contours, ascending, evenly spaced on a logarithmic scale. */
  readonly levels: readonly number[];
}

/** Values along each axis that the heights are judged by. */
const SAMPLES = 50;
/** Fractions of the window below the lowest contour and above the highest, about. */
const MARGIN = 0.01;
/** First digits of the levels in so many decades, from the finest. */
const SCALES: readonly (readonly [digits: readonly number[], decades: number])[] = [
  [[1, 2, 5], 1],
  [[1, 3], 1],
  [[1], 1],
  [[1], 2],
  [[1], 3],
  [[1], 4],
];

/**
 * Contours of round heights for all of the window but its highest peaks and deepest points.
 *
 * @param most how many contours at most, at least 2
 * @returns the finest levels that are not more; none for a function that is the same everywhere.
 */
export function relief({ f, x, y, minima }: Landscape, most: number): Relief {
  const grid = samples(y).flatMap((v) => samples(x).map((u) => f(u, v)));
  const minimum = [...grid, ...minima.map((point) => f(...point))]
    .filter(Number.isFinite).reduce((a, b) => Math.min(a, b), Infinity);
  const heights = grid.map((value) => value - minimum)
    .filter((height) => height > 0 && height < Infinity).sort((a, b) => a - b);
  const levels = heights.length === 0
    ? []
    : roundLevels(quantileSorted(heights, MARGIN)!, quantileSorted(heights, 1 - MARGIN)!, most);
  return {
    height(u, v) {
      const height = f(u, v) - minimum;
      return Number.isNaN(height) ? Infinity : height;
    },
    levels,
  };
}

function samples([low, high]: readonly [number, number]): number[] {
  return Array.from({ length: SAMPLES }, (_, i) => low + (i + 0.5) / SAMPLES * (high - low));
}

function roundLevels(low: number, high: number, most: number): number[] {
  for (const [digits, decades] of SCALES) {
    const levels: number[] = [];
    const first = decades * Math.floor(Math.log10(low) / decades);
    for (let exponent = first; exponent <= Math.log10(high); exponent += decades) {
      levels.push(...digits.map((digit) => Number(`${digit}e${exponent}`)));
    }
    const between = levels.filter((level) => level >= low && level <= high);
    if (between.length <= most) return between;
  }
  return [low, high];
}
