/**
 * Ranks, and how many ways there are for a sum of them: the exact null distributions of rank tests. With ties
 * they are the permutation distributions of the midranks, as in Hollander, Wolfe & Chicken (2013),
 * Nonparametric Statistical Methods, 3.1 and 4.1. Midranks are halves, so sums are counted in halves. Up to
 * 50 values all counts are exact.
 */

/** Ranks from 1, the smallest value's; equal values share the mean of theirs. Values may be infinite. */
export function midranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) =>
    Number(values[i] > values[j]) - Number(values[i] < values[j])
  );
  const ranks = new Array<number>(values.length);
  for (let first = 0, end; first < order.length; first = end) {
    end = first + 1;
    while (end < order.length && values[order[end]] === values[order[first]]) end++;
    for (let i = first; i < end; i++) ranks[order[i]] = (first + 1 + end) / 2;
  }
  return ranks;
}

/** The sum of t^3 - t over the groups of t equal ranks, which the variance of a rank sum is corrected by. */
export function tieCorrection(ranks: readonly number[]): number {
  const sizes = new Map<number, number>();
  for (const rank of ranks) sizes.set(rank, (sizes.get(rank) ?? 0) + 1);
  return sizes.values().reduce((sum, t) => sum + t ** 3 - t, 0);
}

/** How many of all subsets of the ranks have each sum, by twice the sum. */
export function subsetSums(ranks: readonly number[]): Float64Array {
  const counts = new Float64Array(2 * total(ranks) + 1);
  counts[0] = 1;
  for (const rank of ranks) {
    for (let sum = counts.length - 1; sum >= 2 * rank; sum--) counts[sum] += counts[sum - 2 * rank];
  }
  return counts;
}

/** The same of the subsets that have so many members. */
export function subsetSumsOfSize(ranks: readonly number[], size: number): Float64Array {
  const length = 2 * total(ranks) + 1;
  const counts = Array.from({ length: size + 1 }, () => new Float64Array(length));
  counts[0][0] = 1;
  for (const rank of ranks) {
    for (let members = size; members > 0; members--) {
      const [smaller, same] = [counts[members - 1], counts[members]];
      for (let sum = 2 * rank; sum < length; sum++) same[sum] += smaller[sum - 2 * rank];
    }
  }
  return counts[size];
}

/**
 * Twice the smaller of the probabilities of a sum no larger, and no smaller, than the one seen; at most 1.
 */
export function twoSidedP(counts: Float64Array, seen: number): number {
  const below = total(counts.subarray(0, 2 * seen + 1));
  const above = total(counts.subarray(2 * seen));
  return Math.min(1, 2 * Math.min(below, above) / total(counts));
}

function total(values: readonly number[] | Float64Array): number {
  let sum = 0;
  for (const x of values) sum += x;
  return sum;
}
