/**
 * The p values of a family of tests, adjusted so that the probability of any false finding among them stays
 * below the level that they are compared with: Holm (1979), A simple sequentially rejective multiple test
 * procedure, Scandinavian Journal of Statistics 6(2).
 *
 * @returns the adjusted ones in the order of the given, and what each was multiplied by: the size of the
 * family for the smallest, 1 for the largest. Where an adjusted p is larger than that product, a smaller p's
 * adjusted one is as large.
 */
export function holm(pValues: readonly number[]): { adjusted: number[]; multipliers: number[] } {
  const adjusted = new Array<number>(pValues.length);
  const multipliers = new Array<number>(pValues.length);
  let largest = 0;
  pValues.map((_, i) => i).sort((i, j) => pValues[i] - pValues[j]).forEach((i, position) => {
    multipliers[i] = pValues.length - position;
    largest = Math.max(largest, Math.min(1, multipliers[i] * pValues[i]));
    adjusted[i] = largest;
  });
  return { adjusted, multipliers };
}
