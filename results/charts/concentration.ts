/**
 * Whether the best configurations of a study prefer some values of a hyper-parameter, judged by how likely chance alone
 * would bring as many of them together.
 *
 * Were the metric blind to the hyper-parameter, the best b of n configurations could be any b of them, and of those
 * that have a value, K of all, the best would hold as many as the hypergeometric distribution says. Any other value, or
 * window of as many neighbouring numbers, could have been the crowded one, so the probability counts for each of them
 * (the correction of Bonferroni). There is a preference where it is below 5 %.
 */
import { least, sum } from "d3-array";
import type { HyperValue } from "../../optim/hyperparameter.ts";

/** Probability by chance below which there is a preference. */
const SIGNIFICANT = 0.05;
/** The part of the best that a window of numbers has to hold, rounded up: one outlier in five is let pass. */
const MOST = 0.8;

/** How many configurations have a value: of all, the best included, and of the best. */
export interface Count {
  readonly value: HyperValue;
  readonly all: number;
  readonly best: number;
}

/** Neighbouring values: their places among all values, the last included, and how many configurations have them. */
export interface Window {
  readonly first: number;
  readonly last: number;
  readonly all: number;
  readonly best: number;
}

/** Where the best are together, or why that cannot be said. */
export type Verdict =
  | { readonly kind: "preference"; readonly window: Window; readonly probability: number }
  | { readonly kind: "none" }
  /** Not even all of the best together would be told from chance. */
  | { readonly kind: "too few" };

/**
 * Of an ordered hyper-parameter the window is judged that holds 80 % of the best among the fewest of all, of another
 * the value that is most crowded.
 *
 * @param counts of the different values, those of an ordered hyper-parameter ascending; one of the best at least.
 * @param isOrdered whether neighbouring values may be taken together.
 */
export function concentration(counts: readonly Count[], isOrdered: boolean): Verdict {
  const all = sum(counts, ({ all }) => all);
  const best = sum(counts, ({ best }) => best);
  const tail = hypergeometricTail(all, best);
  const probability = ({ first, last, all, best }: Window) =>
    Math.min(1, (counts.length - (last - first)) * tail(best, all));
  const single = (i: number): Window => ({ ...counts[i], first: i, last: i });
  const places = counts.map((_, i) => i);

  const fullest = isOrdered ? windows(counts, "all", best) : places.map(single);
  const isTellable = fullest.some((window) =>
    probability({ ...window, best: Math.min(best, window.all) }) < SIGNIFICANT
  );
  if (!isTellable) return { kind: "too few" };

  const window = isOrdered
    ? least(windows(counts, "best", Math.ceil(MOST * best)), (a, b) => a.all - b.all || b.best - a.best)!
    : least(places.map(single), probability)!;
  const p = probability(window);
  return p < SIGNIFICANT ? { kind: "preference", window, probability: p } : { kind: "none" };
}

/** From each value on the shortest window that holds so many, where there is one. */
function windows(counts: readonly Count[], which: "all" | "best", held: number): Window[] {
  const found: Window[] = [];
  let [all, best, end] = [0, 0, 0];
  for (let first = 0; first < counts.length; first++) {
    while (end < counts.length && (which === "all" ? all : best) < held) {
      all += counts[end].all;
      best += counts[end].best;
      end++;
    }
    if ((which === "all" ? all : best) < held) break;
    found.push({ first, last: end - 1, all, best });
    all -= counts[first].all;
    best -= counts[first].best;
  }
  return found;
}

/**
 * The upper tail of the hypergeometric distribution: the probability that of `drawn` from a population without
 * replacement at least `held` are among its `members`, as a function of both.
 */
export function hypergeometricTail(
  population: number,
  drawn: number,
): (held: number, members: number) => number {
  const logFactorial = new Float64Array(population + 1);
  for (let i = 1; i <= population; i++) logFactorial[i] = logFactorial[i - 1] + Math.log(i);
  const logChoose = (n: number, k: number) => logFactorial[n] - logFactorial[k] - logFactorial[n - k];
  return (held, members) => {
    const from = Math.max(held, drawn + members - population);
    const to = Math.min(drawn, members);
    let tail = 0;
    for (let k = from; k <= to; k++) {
      tail += Math.exp(
        logChoose(members, k) + logChoose(population - members, drawn - k) - logChoose(population, drawn),
      );
    }
    return Math.min(tail, 1);
  };
}
