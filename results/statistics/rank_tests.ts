/**
 * Tests of whether one sample tends to be larger than another that look at ranks alone, so that one outlier,
 * or a run that failed and counts as infinitely bad, moves them no more than any other value of its rank.
 *
 * Up to 50 values the p values are exact, with ties too. Without ties they equal those of scipy.stats with
 * method="exact"; with ties, those with PermutationMethod over all permutations, where SciPy's default would
 * approximate. Beyond 50 values they equal SciPy's with method="asymptotic".
 */
import { normalCdf } from "./normal.ts";
import { midranks, subsetSums, subsetSumsOfSize, tieCorrection, twoSidedP } from "./ranks.ts";

const MOST_FOR_EXACT = 50;

/** What a test of two samples found. */
export interface RankTest {
  /** The probability of a difference at least so large, either way, between samples of one distribution. */
  readonly p: number;
  /** Whether p is exact, or from the normal approximation. */
  readonly exact: boolean;
  /** Of 1, how much of the rank sum speaks for the first sample being larger: 0.5 is neither. */
  readonly share: number;
}

/**
 * The two-sided signed-rank test of paired samples: Wilcoxon (1945), Individual comparisons by ranking
 * methods. Pairs without a difference are left out, as he did. Its share is that of Walsh averages above 0,
 * the mean of any two differences, or of one with itself.
 *
 * @param differences first minus second of each pair; they may be infinite.
 */
export function wilcoxonSignedRank(differences: readonly number[]): RankTest {
  const nonZero = differences.filter((d) => d !== 0);
  const n = nonZero.length;
  if (n === 0) return { p: 1, exact: true, share: 0.5 };
  const ranks = midranks(nonZero.map(Math.abs));
  const positive = ranks.reduce((sum, rank, i) => nonZero[i] > 0 ? sum + rank : sum, 0);
  const share = positive / (n * (n + 1) / 2);
  if (n <= MOST_FOR_EXACT) return { p: twoSidedP(subsetSums(ranks), positive), exact: true, share };
  const variance = (n * (n + 1) * (2 * n + 1) - tieCorrection(ranks) / 2) / 24;
  const z = Math.abs(positive - n * (n + 1) / 4) / Math.sqrt(variance);
  return { p: 2 * normalCdf(-z), exact: false, share };
}

/**
 * The two-sided test of independent samples: Mann & Whitney (1947), On a test of whether one of two random
 * variables is stochastically larger than the other. Its share is U / (m n), the share of pairs of an a and a
 * b in which a is larger, ties counted half.
 *
 * @param a, b at least one value each; they may be infinite.
 */
export function mannWhitneyU(a: readonly number[], b: readonly number[]): RankTest {
  const [m, n] = [a.length, b.length];
  const ranks = midranks([...a, ...b]);
  const rankSum = ranks.slice(0, m).reduce((sum, rank) => sum + rank, 0);
  const u = rankSum - m * (m + 1) / 2;
  const share = u / (m * n);
  const all = m + n;
  if (all <= MOST_FOR_EXACT) {
    return { p: twoSidedP(subsetSumsOfSize(ranks, m), rankSum), exact: true, share };
  }
  const variance = m * n / 12 * (all + 1 - tieCorrection(ranks) / (all * (all - 1)));
  // The half is the correction for continuity.
  const z = (Math.abs(u - m * n / 2) - 0.5) / Math.sqrt(variance);
  return { p: variance > 0 ? Math.min(1, 2 * normalCdf(-z)) : 1, exact: false, share };
}
