import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mean, median, quantile, standardDeviation } from "../results/statistics/descriptive.ts";

const finite = fc.double({ min: -1e12, max: 1e12, noNaN: true });
const sample = fc.array(finite, { minLength: 1, maxLength: 50 });
/** Integers, of which sums and differences are exact. */
const integers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 50 });

const within = (actual: number | undefined, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual! - expected) <= tolerance, `${actual} is not ${expected} +- ${tolerance}`);

test("there is no statistic of nothing, and no standard deviation of one value", () => {
  assert.equal(mean([]), undefined);
  assert.equal(median([]), undefined);
  assert.equal(quantile([], 0.95), undefined);
  assert.equal(standardDeviation([]), undefined);
  assert.equal(standardDeviation([3]), undefined);
});

test("known values", () => {
  assert.equal(mean([1, 2, 4]), 7 / 3);
  assert.equal(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7));
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  // R: quantile(c(1, 2, 3, 4, 10), c(0.1, 0.95), type = 7)
  within(quantile([10, 1, 2, 3, 4], 0.1), 1.4, 1e-15);
  within(quantile([10, 1, 2, 3, 4], 0.95), 8.8, 1e-14);
});

test("the median sorts numbers as numbers", () => {
  assert.equal(median([10, 9, 100]), 10);
});

test("the arguments are left as they are", () => {
  const values = [3, 1, 2];
  median(values);
  standardDeviation(values);
  assert.deepEqual(values, [3, 1, 2]);
});

test("a quantile outside 0 to 1 is refused", () => {
  for (const p of [-0.1, 1.1, NaN]) {
    assert.throws(
      () => quantile([1], p),
      new RangeError(`Invalid quantile ${p}: expected a number from 0 to 1`),
    );
  }
});

test("equal values have themselves as mean and no deviation", () => {
  fc.assert(fc.property(finite, fc.integer({ min: 2, max: 50 }), (x, n) => {
    const values = new Array<number>(n).fill(x);
    within(mean(values), x, 0);
    within(standardDeviation(values), 0, 0);
    within(quantile(values, 0.3), x, 0);
  }));
});

test("large values that differ little keep their digits", () => {
  fc.assert(fc.property(integers, fc.constantFrom(1e9, -1e9, 1e12), (values, offset) => {
    const moved = values.map((x) => x + offset);
    within(mean(moved), offset + mean(values)!, Math.abs(offset) * Number.EPSILON);
    const sd = standardDeviation(values)!;
    within(standardDeviation(moved), sd, 1e-6 * Math.max(sd, 1e-6));
  }));
  within(standardDeviation([1e9 + 0.25, 1e9 + 0.5, 1e9 + 0.75]), 0.25, 1e-15);
});

test("mean and deviation agree with exact integer arithmetic", () => {
  fc.assert(fc.property(integers, (values) => {
    const n = values.length;
    const total = values.reduce((a, b) => a + b, 0);
    const squares = values.reduce((a, b) => a + b * b, 0);
    within(mean(values), total / n, 1e-12);
    within(standardDeviation(values)! ** 2, (n * squares - total * total) / (n * (n - 1)), 1e-6);
  }));
});

test("mean, median and quantiles lie between the extremes", () => {
  fc.assert(fc.property(sample, fc.double({ min: 0, max: 1, noNaN: true }), (values, p) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const slack = Number.EPSILON * Math.max(Math.abs(low), Math.abs(high));
    assert.ok(mean(values)! >= low - slack && mean(values)! <= high + slack);
    for (const q of [median(values)!, quantile(values, p)!]) assert.ok(q >= low && q <= high);
  }));
});

test("quantiles rise with p, from the smallest value to the largest", () => {
  fc.assert(fc.property(sample, (values) => {
    within(quantile(values, 0), Math.min(...values), 0);
    within(quantile(values, 1), Math.max(...values), 0);
    const quantiles = Array.from({ length: 21 }, (_, i) => quantile(values, i / 20)!);
    const slack = 4 * Number.EPSILON * Math.max(...values.map(Math.abs));
    quantiles.slice(1).forEach((q, i) => assert.ok(q >= quantiles[i] - slack));
  }));
});

test("quantiles at the order statistics are the values themselves", () => {
  fc.assert(fc.property(fc.array(finite, { minLength: 5, maxLength: 5 }), (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    sorted.forEach((x, i) => within(quantile(values, i / 4), x, 0));
  }));
});

test("half of the values are on each side of the median", () => {
  fc.assert(fc.property(sample, (values) => {
    const m = median(values)!;
    assert.ok(values.filter((x) => x < m).length <= values.length / 2);
    assert.ok(values.filter((x) => x > m).length <= values.length / 2);
  }));
});
