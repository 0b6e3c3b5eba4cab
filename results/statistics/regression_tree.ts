/**
 * A regression tree on levels, as a list of its leaves: Breiman, Friedman, Olshen & Stone (1984), CART,
 * chapter 8.
 */
import type { Random } from "../../datasets/random.ts";

/** Points of which every level is in a range have the same prediction. */
export interface Leaf {
  /** By parameter: levels from `low` up to, not including, `high`. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly prediction: number;
}

const SMALLEST_LEAF = 3;

/**
 * Grows a tree that splits where that reduces the squared error most, by one of a random choice of the
 * parameters each time, until leaves are small or equal.
 *
 * @param levels by parameter, by point.
 * @param sizes how many levels each parameter has.
 * @param sample indices of points, some more than once.
 */
export function growTree(
  levels: readonly Int32Array[],
  sizes: readonly number[],
  costs: readonly number[],
  sample: Int32Array,
  random: Random,
): Leaf[] {
  const leaves: Leaf[] = [];
  const grow = (members: Int32Array, low: Int32Array, high: Int32Array) => {
    const split = bestSplit(levels, low, high, costs, members, candidates(sizes.length, random));
    if (split === undefined) {
      const total = members.reduce((sum, point) => sum + costs[point], 0);
      leaves.push({ low, high, prediction: total / members.length });
      return;
    }
    const { parameter, level } = split;
    const own = levels[parameter];
    grow(members.filter((point) => own[point] < level), low, high.with(parameter, level));
    grow(members.filter((point) => own[point] >= level), low.with(parameter, level), high);
  };
  grow(sample, new Int32Array(sizes.length), Int32Array.from(sizes));
  return leaves;
}

/** The leaf's prediction that a point falls in. */
export function predict(leaves: readonly Leaf[], levels: readonly Int32Array[], point: number): number {
  return leaves.find(({ low, high }) =>
    levels.every((own, p) => own[point] >= low[p] && own[point] < high[p])
  )!.prediction;
}

/** Seven of ten parameters, as in Hutter, Hoos & Leyton-Brown's forests. */
function candidates(parameters: number, random: Random): Int32Array {
  return random.shuffled(parameters).subarray(0, Math.ceil(0.7 * parameters));
}

/** The level from which on points go right, in the middle of a gap between levels of members. */
function bestSplit(
  levels: readonly Int32Array[],
  low: Int32Array,
  high: Int32Array,
  costs: readonly number[],
  members: Int32Array,
  parameters: Int32Array,
): { parameter: number; level: number } | undefined {
  let best: { parameter: number; level: number } | undefined;
  const center = members.reduce((sum, point) => sum + costs[point], 0) / members.length;
  const scatter = members.reduce((sum, point) => sum + (costs[point] - center) ** 2, 0);
  let largest = 1e-12 * scatter;
  for (const parameter of parameters) {
    const width = high[parameter] - low[parameter];
    const counts = new Int32Array(width);
    const sums = new Float64Array(width);
    for (const point of members) {
      const level = levels[parameter][point] - low[parameter];
      counts[level]++;
      sums[level] += costs[point] - center;
    }
    let [left, leftSum, previous] = [0, 0, 0];
    for (let level = 0; level < width; level++) {
      if (counts[level] === 0) continue;
      const right = members.length - left;
      // The reduction of the squared error, as all deviations from the center sum to 0.
      const reduction = left < SMALLEST_LEAF || right < SMALLEST_LEAF
        ? 0
        : leftSum ** 2 * (1 / left + 1 / right);
      if (reduction > largest) {
        largest = reduction;
        best = { parameter, level: low[parameter] + Math.ceil((previous + 1 + level) / 2) };
      }
      left += counts[level];
      leftSum += sums[level];
      previous = level;
    }
  }
  return best;
}
