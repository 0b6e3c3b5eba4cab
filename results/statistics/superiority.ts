/**
 * How often one is better: the effect size of comparisons here. It needs no unit, depends on ranks alone as
 * the tests do, lets failed runs take part, and reads the same for paired samples and independent ones.
 * Cohen's d is left out: it assumes normal values, and a standard deviation of three seeds says little. So is
 * a bootstrap of it: where every a is above every b, so is every resample, and the interval would be [1, 1]
 * for three runs. The score intervals here stay honest: the values that a two-sided z test would not reject.
 * Of very few values one can leave out 0.5 where the exact test still has p above 0.05; the test decides.
 */
import type { Interval } from "./bootstrap.ts";
import { normalQuantile } from "./normal.ts";

/**
 * The probability that a value of the first is larger than one of the second, a tie counted half, and its
 * interval.
 */
export interface Superiority extends Interval {
  readonly probability: number;
}

/**
 * Of paired samples: the share of pairs with a positive difference, with the score interval of a proportion
 * of Wilson (1927), Probable inference, JASA 22(158).
 *
 * @param differences at least one; they may be infinite.
 */
export function pairedSuperiority(differences: readonly number[], level = 0.95): Superiority {
  const n = differences.length;
  const probability = differences.reduce((sum, d) => sum + (Math.sign(d) + 1) / 2, 0) / n;
  return { probability, ...scoreInterval(probability, (theta) => theta * (1 - theta) / n, level) };
}

/**
 * Of independent samples: A of Vargha & Delaney (2000), U / (m n), with the interval of Newcombe (2006),
 * Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2, Statistics in
 * Medicine 25(4), method 5.
 *
 * @param probability the share that mannWhitneyU gives.
 * @param m, n the sizes of the samples.
 */
export function unpairedSuperiority(probability: number, m: number, n: number, level = 0.95): Superiority {
  const others = (m + n) / 2 - 1;
  const variance = (theta: number) =>
    theta * (1 - theta) * (1 + others * ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (m * n);
  return { probability, ...scoreInterval(probability, variance, level) };
}

/** All theta no further from the estimate than z standard errors, if theta were true. */
function scoreInterval(estimate: number, variance: (theta: number) => number, level: number): Interval {
  const z = normalQuantile((1 + level) / 2);
  const end = (limit: number) => {
    let [inside, outside] = [estimate, limit];
    // Halving a difference of at most 1 often enough to reach the last bit.
    for (let i = 0; i < 52; i++) {
      const theta = (inside + outside) / 2;
      if ((theta - estimate) ** 2 <= z * z * variance(theta)) inside = theta;
      else outside = theta;
    }
    return inside;
  };
  return { low: end(0), high: end(1) };
}
