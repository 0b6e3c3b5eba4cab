import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { holm } from "../results/statistics/holm.ts";
import { normalCdf, normalQuantile } from "../results/statistics/normal.ts";
import { mannWhitneyU, wilcoxonSignedRank } from "../results/statistics/rank_tests.ts";
import { midranks } from "../results/statistics/ranks.ts";

/** What SciPy and statsmodels find; tests/statistics/generate.py wrote it. */
interface Reference {
  normal: { cdf: [number, number][]; quantile: [number, number][] };
  wilcoxon: { values: number[]; exact: boolean; p: number }[];
  mannWhitney: { a: number[]; b: number[]; exact: boolean; p: number; u: number }[];
  holm: { p: number[]; adjusted: number[] }[];
}
const reference: Reference = JSON.parse(
  readFileSync(new URL("fixtures/statistics.json", import.meta.url), "utf8"),
);

const close = (actual: number, expected: number, relative = 1e-12) =>
  assert.ok(
    Math.abs(actual - expected) <= relative * Math.abs(expected),
    `${actual} is not ${expected}`,
  );

/** Small integers, so that ties and zeros are frequent. */
const tied = (minLength: number, maxLength = 12) =>
  fc.array(fc.integer({ min: -6, max: 6 }), { minLength, maxLength });
const probabilities = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });

test("the normal distribution is SciPy's, also in its tails", () => {
  for (const [x, p] of reference.normal.cdf) close(normalCdf(x), p);
  for (const [p, x] of reference.normal.quantile) {
    assert.ok(Math.abs(normalQuantile(p) - x) <= 1e-13 * Math.max(1, Math.abs(x)));
  }
});

test("the ends of the normal distribution are infinite", () => {
  assert.deepEqual([normalQuantile(0), normalQuantile(1)], [-Infinity, Infinity]);
  assert.deepEqual([normalCdf(-Infinity), normalCdf(Infinity)], [0, 1]);
});

test("the signed-rank test has SciPy's p: exact, by permutation with ties, for many values approximate", () => {
  for (const { values, exact, p } of reference.wilcoxon) {
    const result = wilcoxonSignedRank(values);
    assert.equal(result.exact, exact);
    close(result.p, p);
  }
});

test("the Mann-Whitney test has SciPy's U and p, in the same cases", () => {
  for (const { a, b, exact, p, u } of reference.mannWhitney) {
    const result = mannWhitneyU(a, b);
    assert.equal(result.exact, exact);
    close(result.share, u / (a.length * b.length));
    close(result.p, p);
  }
});

test("three against three values never have a p below 0.1, nor five pairs below 1/16", () => {
  close(mannWhitneyU([4, 5, 6], [1, 2, 3]).p, 0.1);
  close(wilcoxonSignedRank([1, 2, 3, 4, 5]).p, 1 / 16);
});

test("values that are all alike show nothing", () => {
  const nothing = { p: 1, share: 0.5 };
  assert.deepEqual(wilcoxonSignedRank([0, 0, 0]), { ...nothing, exact: true });
  assert.deepEqual(mannWhitneyU([1, 1], [1, 1, 1]), { ...nothing, exact: true });
  const many = new Array<number>(40).fill(7);
  assert.deepEqual(mannWhitneyU(many, many), { ...nothing, exact: false });
});

test("infinite values take part as the largest and the smallest", () => {
  assert.deepEqual(midranks([Infinity, 3, -Infinity, Infinity]), [3.5, 2, 1, 3.5]);
  assert.deepEqual(mannWhitneyU([-Infinity, 5, 6], [7, 8, 9]), mannWhitneyU([4, 5, 6], [7, 8, 9]));
  assert.deepEqual(wilcoxonSignedRank([1, 2, -Infinity]), wilcoxonSignedRank([1, 2, -3]));
});

test("turning the question round turns the share and leaves p", () => {
  fc.assert(fc.property(tied(1), tied(1), (a, b) => {
    const [one, other] = [mannWhitneyU(a, b), mannWhitneyU(b, a)];
    close(one.p, other.p);
    close(one.share, 1 - other.share, 1e-9);
    const [paired, turned] = [wilcoxonSignedRank(a), wilcoxonSignedRank(a.map((d) => -d))];
    close(paired.p, turned.p);
    close(paired.share + turned.share, 1);
  }));
});

test("only the order counts: rising functions of the values change nothing", () => {
  fc.assert(fc.property(tied(1), tied(1), (a, b) => {
    const grow = (x: number) => Math.exp(x) + x ** 3;
    assert.deepEqual(mannWhitneyU(a.map(grow), b.map(grow)), mannWhitneyU(a, b));
    const odd = (d: number) => d ** 3 + d;
    assert.deepEqual(wilcoxonSignedRank(a.map(odd)), wilcoxonSignedRank(a));
  }));
});

test("the order of the values changes nothing", () => {
  fc.assert(fc.property(tied(1), tied(1), (a, b) => {
    assert.deepEqual(mannWhitneyU(a.toReversed(), b.toReversed()), mannWhitneyU(a, b));
    assert.deepEqual(wilcoxonSignedRank(a.toReversed()), wilcoxonSignedRank(a));
  }));
});

test("the share is that of pairs, and of Walsh averages, that speak for the first", () => {
  const half = (x: number) => (Math.sign(x) + 1) / 2;
  fc.assert(fc.property(tied(1), tied(1), (a, b) => {
    const pairs = a.flatMap((x) => b.map((y): number => half(x - y)));
    close(mannWhitneyU(a, b).share, pairs.reduce((x, y) => x + y) / pairs.length);
    const nonZero = a.filter((d) => d !== 0);
    fc.pre(nonZero.length > 0);
    const walsh = nonZero.flatMap((x, i) => nonZero.slice(0, i + 1).map((y): number => half(x + y)));
    close(wilcoxonSignedRank(a).share, walsh.reduce((x, y) => x + y) / walsh.length);
  }));
});

test("p is a probability, and of no difference at least so often as it says", () => {
  // Under the null hypothesis all splits of the values are equally likely.
  fc.assert(fc.property(tied(4, 8), fc.double({ min: 0.01, max: 0.5, noNaN: true }), (values, alpha) => {
    const ps = splits(values, 3).map(([a, b]) => mannWhitneyU(a, b).p);
    assert.ok(ps.every((p) => p > 0 && p <= 1));
    assert.ok(ps.filter((p) => p <= alpha).length / ps.length <= alpha + 1e-12);
  }));
});

function splits(values: number[], size: number): [number[], number[]][] {
  const masks = Array.from({ length: 2 ** values.length }, (_, mask) => mask);
  return masks.map((mask): [number[], number[]] => [
    values.filter((_, i) => mask >> i & 1),
    values.filter((_, i) => !(mask >> i & 1)),
  ]).filter(([chosen]) => chosen.length === size);
}

test("Holm's correction is statsmodels'", () => {
  for (const { p, adjusted } of reference.holm) holm(p).adjusted.forEach((x, i) => close(x, adjusted[i]));
});

test("Holm's correction raises p by at most the size of the family and keeps the order", () => {
  fc.assert(fc.property(probabilities, (ps) => {
    const { adjusted, multipliers } = holm(ps);
    ps.forEach((p, i) => {
      assert.ok(adjusted[i] >= p && adjusted[i] <= Math.min(1, p * ps.length));
      assert.ok(adjusted[i] >= Math.min(1, p * multipliers[i]));
      ps.forEach((q, j) => assert.ok(p > q || adjusted[i] <= adjusted[j]));
    });
  }));
});

test("one p alone stays as it is", () => {
  assert.deepEqual(holm([0.03]), { adjusted: [0.03], multipliers: [1] });
  assert.deepEqual(holm([]), { adjusted: [], multipliers: [] });
});
