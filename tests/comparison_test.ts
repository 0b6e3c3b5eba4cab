import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  compareAll,
  type CompareOptions,
  compareSamples,
  type Comparison,
} from "../results/compare/compare.ts";
import type { SeedValue } from "../results/compare/evidence.ts";
import { verdictSentence } from "../results/compare/verdict.ts";

const higher: CompareOptions = { better: "higher", resamples: 500 };
const lower: CompareOptions = { better: "lower", resamples: 500 };

/** Runs with the seeds 1, 2, 3, or from another one on. */
const runs = (values: (number | undefined)[], firstSeed = 1): SeedValue[] =>
  values.map((value, i) => ({ seed: firstSeed + i, value }));

const value = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined, freq: 8 });
const values = fc.array(value, { minLength: 1, maxLength: 10 });

const names = { a: "lars", b: "sgd", metric: "test accuracy", percent: true };
const lossNames = { ...names, metric: "test loss", percent: false };

test("six common seeds are compared in pairs, and runs with other seeds are left out", () => {
  const a = runs([3, 5, 4, 6, 7, 9, 100]);
  const b = runs([1, 4, 2, 3, 5, 4]).toReversed();
  const result = compareSamples(a, b, higher);
  assert.equal(result.test, "Wilcoxon signed-rank");
  assert.equal(result.paired, true);
  assert.equal(result.leftOut, 1);
  assert.equal(result.a.runs, 6);
  assert.equal(result.difference!.mean, 2.5);
  assert.equal(result.superiority.probability, 1);
  assert.equal(result.p, 1 / 32);
  assert.equal(result.verdict, "better");
});

test("fewer are compared as independent samples, as no test of five pairs finds anything", () => {
  const result = compareSamples(runs([3, 5, 4, 6, 7]), runs([1, 0, 2, 1, 2, 3]), higher);
  assert.equal(result.test, "Mann-Whitney U");
  assert.equal(result.paired, false);
  assert.equal(result.leftOut, 0);
  assert.deepEqual([result.a.runs, result.b.runs], [5, 6]);
  assert.equal(result.difference!.mean, 3.5);
  assert.equal(result.verdict, "better");
});

test("pairs find what independent samples of the same values do not", () => {
  const base = [10, 30, 50, 70, 90, 110, 130, 150];
  const a = base.map((x, i) => x + 1 + i / 10);
  assert.equal(compareSamples(runs(a), runs(base), higher).verdict, "better");
  assert.equal(compareSamples(runs(a), runs(base, 100), higher).verdict, "no difference seen");
});

test("of losses the lower is better", () => {
  const [low, high] = [runs([1, 2, 3, 4]), runs([5, 6, 7, 8])];
  assert.equal(compareSamples(low, high, lower).verdict, "better");
  assert.equal(compareSamples(low, high, higher).verdict, "worse");
  assert.equal(compareSamples(low, high, lower).superiority.probability, 1);
  assert.equal(compareSamples(low, high, lower).difference!.mean, -4);
});

test("runs that failed are counted, rank as the worst, and have no part in means", () => {
  const a = runs([9, undefined, 9, undefined]);
  const b = runs([1, 2, 3, 4]);
  const result = compareSamples(a, b, higher);
  assert.deepEqual(result.a, { runs: 4, failed: 2, mean: 9, sd: 0, median: 9 });
  assert.equal(result.superiority.probability, 0.5);
  assert.equal(result.difference!.mean, 6.5);
  assert.equal(compareSamples(a, b, lower).superiority.probability, 0);
});

test("pairs of which both failed show nothing, of which one failed the most", () => {
  const a = runs([1, 2, 3, 4, 5, undefined, undefined]);
  const b = runs([2, 3, 4, 5, 6, 7, undefined]);
  const result = compareSamples(a, b, higher);
  assert.equal(result.superiority.probability, 0.5 / 7);
  assert.equal(result.difference!.mean, -1);
  assert.equal(result.p, 1 / 32);
});

test("where all runs of a side failed there is a verdict, and no difference", () => {
  const failed = runs(new Array<undefined>(6).fill(undefined));
  const result = compareSamples(runs([1, 2, 3, 4, 5, 6]), failed, higher);
  assert.equal(result.verdict, "better");
  assert.equal(result.difference, undefined);
  assert.deepEqual(result.b, { runs: 6, failed: 6, mean: undefined, sd: undefined, median: undefined });
});

test("rounding does not break ties of differences", () => {
  // As numbers, 0.93 - 0.92 is larger than 0.57 - 0.56.
  const a = runs([0.93, 0.92, 0.53, 0.56, 0.68, 0.81]);
  const b = runs([0.92, 0.91, 0.52, 0.57, 0.69, 0.82]);
  const result = compareSamples(a, b, higher);
  assert.equal(result.p, 1);
  assert.equal(result.superiority.probability, 0.5);
});

test("losses may be of any size, 0 too", () => {
  const b = runs([0, 1e-320, 1e-300, 1e-30, 1, 1e300]);
  const failed = runs(new Array<undefined>(6).fill(undefined));
  assert.equal(compareSamples(b, failed, lower).p, 1 / 32);
  const zeros = runs(new Array<number>(6).fill(0));
  assert.equal(compareSamples(zeros, failed, lower).superiority.probability, 1);
  // One of five against the others, and not the largest.
  const a = runs([0, 2e-320, 3e-300, 2e-30, 0.5, 2e300]);
  assert.equal(compareSamples(a, b, lower).p, 2 * 7 / 32);
});

test("three against three runs can never tell: it says what it takes at least, and about how many", () => {
  const result = compareSamples(runs([7, 8, 9]), runs([1, 2, 3]), higher);
  assert.equal(result.verdict, "no difference seen");
  assert.equal(result.p, 0.1);
  assert.equal(result.atLeastMoreSeeds, 1);
  assert.equal(result.moreSeeds, 3);
});

test("a weaker effect takes more seeds, and none more than are counted", () => {
  const b = runs([1, 2, 3, 4, 5, 6, 7, 8], 100);
  const moreSeeds = (a: number[]) => compareSamples(runs(a), b, higher).moreSeeds;
  const strong = moreSeeds([3, 4, 5, 6, 7, 8, 9, 10]) as number;
  const weak = moreSeeds([2, 3, 4, 5, 6, 7, 8, 9]) as number;
  assert.ok(strong >= 1 && weak > strong);
  assert.equal(moreSeeds([1, 2, 3, 4, 5, 6, 7, 8]), "more than 1000");
});

test("several comparisons are corrected together, in their order", () => {
  const reference = runs([1, 2, 3, 4, 5, 6]);
  const better = runs([3, 5, 7, 9, 11, 13]);
  const alike = runs([1, 3, 3, 5, 4, 6]);
  const [first, second] = compareAll([alike, better], reference, higher);
  assert.deepEqual([first.family, second.family], [2, 2]);
  assert.equal(second.p, 1 / 32);
  assert.equal(second.adjustedP, 1 / 16);
  assert.equal(second.verdict, "no difference seen");
  // A p of at most 0.025 takes seven pairs.
  assert.equal(second.atLeastMoreSeeds, 1);
  assert.equal(first.adjustedP, first.p);
  assert.equal(compareSamples(better, reference, higher).verdict, "better");
  assert.deepEqual(compareAll([], reference, higher), []);
});

test("swapping the sides turns the verdict round", () => {
  const turned = { better: "worse", worse: "better", "no difference seen": "no difference seen" };
  fc.assert(fc.property(values, values, fc.constantFrom(1, 4), (a, b, firstSeed) => {
    const one = compareSamples(runs(a), runs(b, firstSeed), higher);
    const other = compareSamples(runs(b, firstSeed), runs(a), higher);
    assert.equal(other.verdict, turned[one.verdict]);
    assert.ok(Math.abs(other.p - one.p) < 1e-12);
    assert.deepEqual([other.moreSeeds, other.atLeastMoreSeeds], [one.moreSeeds, one.atLeastMoreSeeds]);
    assert.ok(Math.abs(other.superiority.low + one.superiority.high - 1) < 1e-9);
  }));
});

test("a verdict is given if and only if p allows, and otherwise what it would take", () => {
  fc.assert(fc.property(values, values, (a, b) => {
    const result = compareSamples(runs(a), runs(b), higher);
    const isSeen = result.verdict !== "no difference seen";
    assert.equal(isSeen, result.adjustedP <= 0.05);
    assert.equal(result.moreSeeds === undefined, isSeen);
    if (isSeen) assert.equal(result.atLeastMoreSeeds, undefined);
    if (typeof result.moreSeeds === "number" && typeof result.atLeastMoreSeeds === "number") {
      assert.ok(result.moreSeeds >= result.atLeastMoreSeeds);
    }
    assert.deepEqual(JSON.parse(JSON.stringify(result)), withoutUndefined(result));
  }));
});

/** As JSON has it: plain data survives. */
function withoutUndefined(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, x]) => x !== undefined).map(([name, x]) => [name, withoutUndefined(x)]),
  );
}

test("runs that make no sense are refused", () => {
  const refused = (a: SeedValue[], message: string) =>
    assert.throws(
      () => compareSamples(a, runs([1]), higher),
      new RangeError(`Cannot compare runs: ${message}`),
    );
  refused([], "a sample has none; give each one run at least");
  refused([...runs([1]), ...runs([2])], "a sample has seed 1 twice; give each seed once");
  refused(runs([1, NaN]), "seed 2 has the value NaN; leave it undefined where a run diverged");
});

test("a verdict reads as a sentence", () => {
  const sgd = [0.911, 0.915, 0.921, 0.919, 0.923, 0.912, 0.918, 0.925, 0.922, 0.924];
  const lars = sgd.map((x, i) => x + 0.008 + 0.001 * (i % 5) * 2);
  assert.equal(
    verdictSentence(compareSamples(runs(lars), runs(sgd), { better: "higher" }), names),
    "lars is better than sgd: test accuracy 93.1 against 91.9 %, difference 1.2 [1, 1.4] points, p = 0.002 " +
      "(Wilcoxon signed-rank, 10 pairs)",
  );
});

test("the sentence of an open comparison says what it would take", () => {
  assert.equal(
    verdictSentence(compareSamples(runs([0.95, 0.96, 0.97]), runs([0.91, 0.92, 0.93]), higher), names),
    "no difference seen between lars and sgd: test accuracy 96 against 92 %, difference 4 [3, 5] points, p = 0.1 " +
      "(Mann-Whitney U, 3 against 3 runs); so few runs can never tell: it would take about 3 more seeds " +
      "each, at least 1",
  );
  const equal = compareSamples(runs([1, 2, 3, 4]), runs([1, 2, 3, 4]), lower);
  assert.match(
    verdictSentence({ ...equal, moreSeeds: 1 }, lossNames),
    /; it would take about 1 more seed each to tell$/,
  );
  assert.match(
    verdictSentence(equal, lossNames),
    /; it would take more than 1000 more seeds each to tell$/,
  );
});

test("the sentence counts failures, names Holm's correction and shortens a small p", () => {
  const failed = runs([undefined, undefined, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  const sound = runs(new Array<number>(13).fill(0.25));
  const [comparison] = compareAll([failed, sound], sound, lower);
  assert.equal(
    verdictSentence(comparison, lossNames),
    "lars is worse than sgd: test loss 0.5 against 0.25, difference 0.25 [0.25, 0.25], p < 0.001 " +
      "(Wilcoxon signed-rank, 13 pairs, Holm); 2 of 13 runs of lars failed, counted as the worst",
  );
});

test("without an interval the sentence has four digits", () => {
  assert.match(
    verdictSentence(compareSamples(runs([0.00123456]), runs([0.5]), lower), lossNames),
    /: test loss 0.001235 against 0.5, difference -0.4988, p = 1 \(Mann-Whitney U, 1 against 1 runs\)/,
  );
});

test("the sentence says where means and ranks disagree, and where there is no mean", () => {
  const b = [10, 11, 12, 13, 14, 15];
  const a = [11, 12.1, 13.2, 14.3, 15.4, 16.5];
  const outlier: Comparison = {
    ...compareSamples(runs(a), runs(b), higher),
    difference: { mean: -5, interval: undefined },
  };
  assert.match(
    verdictSentence(outlier, lossNames),
    /difference -5 \(the means say otherwise than the ranks\)/,
  );
  const none = compareSamples(runs(new Array<undefined>(6).fill(undefined)), runs(b), higher);
  assert.match(
    verdictSentence(none, lossNames),
    /^lars is worse than sgd: test loss none against 12.5, p = 0.031/,
  );
});
