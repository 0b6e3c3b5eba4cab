import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import {
  biasCorrection,
  bootstrapInterval,
  jackknifeAcceleration,
  meanDifferenceInterval,
  meanInterval,
  type Statistic,
} from "../results/statistics/bootstrap.ts";
import { mean, median } from "../results/statistics/descriptive.ts";

/** SciPy's intervals of the mean, or of the difference of two; tests/statistics/generate.py wrote them. */
interface Reference {
  bootstrap: { samples: number[][]; low: number; high: number; acceleration: number; bias?: number }[];
}
const reference: Reference = JSON.parse(
  readFileSync(new URL("fixtures/statistics.json", import.meta.url), "utf8"),
);

const meanOf: Statistic = (a, b) => mean(a)! - (b === undefined ? 0 : mean(b)!);
const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 12 });
const few = { resamples: 200 };

test("intervals are SciPy's within Monte Carlo error", () => {
  for (const { samples, low, high } of reference.bootstrap) {
    const interval = bootstrapInterval(samples, meanOf)!;
    // Ends of 10,000 resamples are within 3 % of the width of those of infinitely many, five standard errors.
    const tolerance = 0.03 * (high - low);
    assert.ok(Math.abs(interval.low - low) < tolerance, `${interval.low} is not ${low}`);
    assert.ok(Math.abs(interval.high - high) < tolerance, `${interval.high} is not ${high}`);
  }
});

test("the acceleration is that of the formula for means", () => {
  for (const { samples, acceleration } of reference.bootstrap) {
    assert.ok(Math.abs(jackknifeAcceleration(samples, meanOf) - acceleration) < 1e-12);
  }
});

test("the bias correction of all n^n resamples is SciPy's, though rounding sets equal means apart", () => {
  for (const { samples: [sample], bias } of reference.bootstrap.filter(({ bias }) => bias !== undefined)) {
    let resamples: number[][] = [[]];
    for (const _ of sample) resamples = resamples.flatMap((start) => sample.map((x) => [...start, x]));
    const sums = Float64Array.from(resamples, (resample) => resample.reduce((a, b) => a + b) / sample.length);
    assert.ok(Math.abs(biasCorrection(sums.sort(), mean(sample)!) - bias!) < 1e-12);
  }
});

test("there is no interval of fewer than two values", () => {
  assert.equal(meanInterval([]), undefined);
  assert.equal(meanInterval([3]), undefined);
  assert.equal(meanDifferenceInterval([1, 2], [3]), undefined);
});

test("equal values have themselves as interval", () => {
  assert.deepEqual(meanInterval([0.1, 0.1, 0.1], few), { low: 0.1, high: 0.1 });
});

test("a statistic that has neither bias nor acceleration has the percentile interval", () => {
  const largest: Statistic = (sample) => Math.max(...sample);
  // With each value left out in turn, it is 5 always, and its acceleration 0/0.
  assert.deepEqual(bootstrapInterval([[1, 2, 5, 5]], largest, { resamples: 2000 }), { low: 2, high: 5 });
  assert.equal(biasCorrection(Float64Array.of(1, 2, 3), 4), NaN);
  assert.equal(biasCorrection(Float64Array.of(1, 2, 3), 0), NaN);
});

test("the same seed gives the same interval, whatever the order of the values, and another seed another", () => {
  fc.assert(fc.property(values, fc.integer({ min: 0, max: 1e6 }), (sample, seed) => {
    const interval = meanInterval(sample, { ...few, seed });
    assert.deepEqual(meanInterval(sample.toReversed(), { ...few, seed }), interval);
  }));
  const sample = [0.3, 1.7, 2.9, 4.1, 7.7, 8.2];
  assert.notDeepEqual(meanInterval(sample, { seed: 1 }), meanInterval(sample, { seed: 2 }));
});

test("an interval lies within the values, contains the estimate and grows with the level", () => {
  fc.assert(fc.property(values, (sample) => {
    const slack = 1e-12 * Math.max(...sample.map(Math.abs));
    const [narrow, wide] = [0.8, 0.95].map((level) => meanInterval(sample, { ...few, level })!);
    assert.ok(wide.low >= Math.min(...sample) - slack && wide.high <= Math.max(...sample) + slack);
    assert.ok(narrow.low >= wide.low && narrow.high <= wide.high);
    const center = mean(sample)!;
    assert.ok(wide.low <= center + slack && wide.high >= center - slack);
  }));
});

test("scaling and moving the values scales and moves the interval", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 10 }), (sample) => {
      const { low, high } = meanInterval(sample, few)!;
      const moved = meanInterval(sample.map((x) => 4 * x + 64), few)!;
      // Equal means are told from close ones by their rounding, which moving changes.
      assert.ok(Math.abs(moved.low - (4 * low + 64)) < 1e-9);
      assert.ok(Math.abs(moved.high - (4 * high + 64)) < 1e-9);
    }),
  );
});

test("swapping two samples of the same values turns the interval of their difference round", () => {
  const [a, b] = [[1, 2, 4, 8], [2, 3, 3, 5, 6]];
  const [one, other] = [meanDifferenceInterval(a, b)!, meanDifferenceInterval(b, a)!];
  assert.ok(Math.abs(one.low + other.high) < 0.15 && Math.abs(one.high + other.low) < 0.15);
});

test("it works for other statistics, such as the median", () => {
  const { low, high } = bootstrapInterval([[1, 2, 3, 4, 100]], (sample) => median(sample)!)!;
  assert.ok(low >= 1 && low <= 2 && high >= 4 && high <= 100);
});
