import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../datasets/random.ts";
import {
  constant,
  glorotNormal,
  glorotUniform,
  type Initializer,
  truncatedNormal,
  zeros,
} from "../tasks/initializers.ts";

const all = [zeros(), constant(0.05), truncatedNormal(0.03), glorotUniform(), glorotNormal()];
const DENSE = [300, 100];
const FILTER = [5, 5, 32, 64];

const fill = (initializer: Initializer, shape: readonly number[], seed = 1) =>
  initializer.fill(shape, new Random(seed, "initialize"));

const largest = (values: Float32Array) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

function assertVariance(values: Float32Array, expected: number) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + x * x, 0) / values.length;
  assert.ok(Math.abs(mean) < 4 * Math.sqrt(expected / values.length), `mean ${mean}`);
  assert.ok(Math.abs(variance / expected - 1) < 0.03, `variance ${variance}, expected ${expected}`);
}

test("every initializer gives one float32 for each element of the shape", () => {
  for (const initializer of all) {
    const values = fill(initializer, [2, 3, 4, 5]);
    assert.ok(values instanceof Float32Array);
    assert.equal(values.length, 120, initializer.summary);
  }
});

test("every initializer is a function of its stream", () => {
  for (const initializer of all) assert.deepEqual(fill(initializer, DENSE), fill(initializer, DENSE));
});

test("random initializers differ from seed to seed", () => {
  for (const initializer of all.slice(2)) {
    assert.notDeepEqual(fill(initializer, DENSE, 1), fill(initializer, DENSE, 2));
  }
});

test("initializers have different summaries", () => {
  assert.deepEqual(all.map((initializer) => initializer.summary), [
    "zeros",
    "constant 0.05",
    "truncated normal, sd 0.03",
    "Glorot uniform",
    "Glorot normal",
  ]);
});

test("zeros and constants are what they say", () => {
  assert.deepEqual(fill(zeros(), [3]), new Float32Array(3));
  assert.deepEqual(fill(constant(0.05), [2]), Float32Array.of(0.05, 0.05));
});

test("a scalar's shape gives one value", () => {
  assert.deepEqual(fill(constant(2), []), Float32Array.of(2));
});

test("the truncated normal reaches two standard deviations and no further", () => {
  const reached = largest(fill(truncatedNormal(0.03), DENSE)) / 0.03;
  assert.ok(reached > 1.99 && reached <= 2 * (1 + 2 ** -24), `reached ${reached}`);
});

test("the truncated normal has the variance of a normal cut at two", () => {
  assertVariance(fill(truncatedNormal(0.03), DENSE), 0.773741 * 0.03 ** 2);
});

test("Glorot uniform has variance 2 / (fan-in + fan-out) and limit sqrt(6 / (fan-in + fan-out)) for weights", () => {
  const values = fill(glorotUniform(), DENSE);
  const limit = Math.sqrt(6 / (300 + 100));
  assertVariance(values, 2 / (300 + 100));
  assert.ok(largest(values) > 0.99 * limit && largest(values) <= Math.fround(limit));
});

test("Glorot uniform counts a filter's pixels in both fans", () => {
  assertVariance(fill(glorotUniform(), FILTER), 2 / (25 * 32 + 25 * 64));
});

test("Glorot normal has variance 2 / (fan-in + fan-out), also for filters", () => {
  assertVariance(fill(glorotNormal(), DENSE), 2 / (300 + 100));
  assertVariance(fill(glorotNormal(), FILTER), 2 / (25 * 32 + 25 * 64));
});

test("Glorot normal is cut at two standard deviations of the uncut normal", () => {
  const uncut = Math.sqrt(2 / (300 + 100)) / 0.87962566;
  const reached = largest(fill(glorotNormal(), DENSE)) / uncut;
  assert.ok(reached > 1.99 && reached <= 2 + 1e-6, `reached ${reached}`);
});

test("a shape without fan-in and fan-out is an error that names it", () => {
  for (const initializer of [glorotUniform(), glorotNormal()]) {
    assert.throws(() => fill(initializer, [10]), {
      name: "RangeError",
      message: "Cannot tell fan-in and fan-out of shape [10]: expected [..., in, out]",
    });
  }
});
