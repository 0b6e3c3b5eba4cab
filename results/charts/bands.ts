/** The rows and the columns of a heat map: each a value of a hyper-parameter, or a bin of neighbouring numbers. */
import { median, nice, ticks } from "d3-array";
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { Metric } from "../../tasks/task.ts";
import { bestFirst, cut, distinctLabels, distinctValues, type Tried } from "./tried.ts";

/** One row or column. */
export interface Band {
  /** The value; of a bin the lower edge, which belongs to it. */
  readonly label: string;
  /** The upper edge of a bin. It belongs to the next bin, the last one to its own. */
  readonly upper?: string;
  has(value: HyperValue): boolean;
}

/** Columns that a word or a number may take. */
const LONGEST_LABEL = 20;
/** More would tell apart only samples that are the same but for rounding. */
const EDGE_DIGITS = 6;
/** Bins that samples are put into, at least. */
const LEAST_BINS = 4;

/**
 * The rows or columns for a hyper-parameter, as a function of how many there may be at most, at least 1. Numbers are put
 * into bins where there are too many for the room, and where most configurations have one of their own, as samples do:
 * then into about as many bins as the square root of the number of configurations, one configuration for each cell of
 * two such sides. Of words and flags that are too many, those of the best configurations are taken.
 */
export function bands(points: readonly Tried[], name: string, metric: Metric): (most: number) => Band[] {
  const all = distinctValues(points, name);
  const numbers = all.filter((value) => typeof value === "number");
  if (numbers.length < all.length) {
    return (most) => listed(all.length > most ? bestOf(points, name, metric, all, most) : all);
  }
  const isSampled = all.length > LEAST_BINS && 2 * all.length > points.length;
  const bins = Math.max(LEAST_BINS, Math.round(Math.sqrt(points.length)));
  if (isSampled) return (most) => binned(numbers, Math.min(most, bins));
  return (most) => all.length > most ? binned(numbers, most) : listed(all);
}

function listed(values: readonly HyperValue[]): Band[] {
  const labels = distinctLabels(values);
  return values.map((value, i) => ({
    label: cut(labels[i], LONGEST_LABEL),
    has: (other) => other === value,
  }));
}

/** The values of the best configurations, in the order of all values. */
function bestOf(
  points: readonly Tried[],
  name: string,
  metric: Metric,
  all: readonly HyperValue[],
  most: number,
): HyperValue[] {
  const ranked = new Set([...bestFirst(points, metric).map(({ values }) => values[name]), ...all]);
  const best = new Set([...ranked].slice(0, most));
  return all.filter((value) => best.has(value));
}

function binned(numbers: readonly number[], most: number): Band[] {
  const edges = roundEdges(numbers, most);
  const labels = distinctLabels(edges, 4, EDGE_DIGITS);
  return edges.slice(1).map((upper, i) => {
    const isLast = i === edges.length - 2;
    return {
      label: labels[i],
      upper: labels[i + 1],
      has: (value) =>
        typeof value === "number" && value >= edges[i] && (value < upper || isLast && value === upper),
    };
  });
}

/**
 * Edges of bins, round numbers from the smallest value or below to the largest or above. They are even on a linear
 * scale, or about so on a logarithmic one, whichever has the median of the values nearer to its middle: of uniform
 * samples that is the linear scale, of log-uniform ones the logarithmic one.
 *
 * @param values ascending and different, one at least.
 * @param most bins, at least 1.
 */
export function roundEdges(values: readonly number[], most: number): number[] {
  const [low, high] = [values[0], values.at(-1)!];
  if (low === high) return [low, high];
  const middle = median(values)!;
  const offCentre = (f: (x: number) => number) => Math.abs((f(middle) - f(low)) / (f(high) - f(low)) - 0.5);
  const isLogarithmic = low > 0 && high >= 10 * low && offCentre(Math.log) < offCentre((x) => x);
  return isLogarithmic ? logarithmicEdges(low, high, most) : linearEdges(low, high, most);
}

/** First digits of edges in so many decades, from the finest. */
const SCALES: readonly (readonly [digits: readonly number[], decades: number])[] = [
  [[1, 2, 5], 1],
  [[1, 3], 1],
  ...[1, 2, 3, 4, 6, 10, 20, 50, 100, 700].map((decades) => [[1], decades] as const),
];

function logarithmicEdges(low: number, high: number, most: number): number[] {
  for (const [digits, decades] of SCALES) {
    const edges: number[] = [];
    const first = decades * Math.floor(Math.log10(low) / decades);
    for (let exponent = first; exponent < Math.log10(high) + decades; exponent += decades) {
      edges.push(...digits.map((digit) => Number(`${digit}e${exponent}`)));
    }
    const from = edges.findLastIndex((edge) => edge <= low);
    const to = edges.findIndex((edge) => edge >= high);
    if (from >= 0 && to - from >= 1 && to - from <= most) return edges.slice(from, to + 1);
  }
  return [low, high];
}

function linearEdges(low: number, high: number, most: number): number[] {
  for (let count = most; count >= 1; count--) {
    const edges = ticks(...nice(low, high, count), count);
    // Where low and high are the same but for rounding, edges are, too.
    const isSound = edges[0] <= low && edges.at(-1)! >= high && new Set(edges).size === edges.length;
    if (isSound && edges.length >= 2 && edges.length - 1 <= most) return edges;
  }
  return [low, high];
}
