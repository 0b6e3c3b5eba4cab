import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../datasets/random.ts";

const draw = (n: number, next: () => number) => Float64Array.from({ length: n }, next);
const mean = (values: Float64Array) => values.reduce((sum, x) => sum + x, 0) / values.length;

function assertNear(actual: number, expected: number, tolerance: number) {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

// The golden values come from an independent implementation in Python, from the published algorithms.
test("uniform numbers are the golden ones", () => {
  const random = new Random(42, "test");
  assert.deepEqual([...draw(3, () => random.uniform())], [
    0.04540869041837248,
    0.9146999582430486,
    0.2653852155295874,
  ]);
});

test("normal numbers are the golden ones", () => {
  const random = new Random(42, "test");
  const expected = [-0.21612308539687114, -0.38203743912248406, -0.16599357862297262, 0.8901545818670458];
  for (const value of expected) assertNear(random.normal(), value, 1e-15);
});

test("a shuffled order is the golden one", () => {
  assert.deepEqual([...new Random(42, "test").shuffled(10)], [3, 5, 7, 0, 8, 4, 1, 2, 6, 9]);
});

test("uniform numbers have the moments of a uniform distribution on [0, 1)", () => {
  const random = new Random(1, "uniform");
  const values = draw(200_000, () => random.uniform());
  assert.ok(values.every((x) => x >= 0 && x < 1));
  assertNear(mean(values), 1 / 2, 3e-3);
  assertNear(mean(values.map((x) => (x - 1 / 2) ** 2)), 1 / 12, 1e-3);
});

test("normal numbers have the first four moments of a standard normal distribution", () => {
  const random = new Random(1, "normal");
  const values = draw(200_000, () => random.normal());
  assertNear(mean(values), 0, 0.01);
  assertNear(mean(values.map((x) => x ** 2)), 1, 0.015);
  assertNear(mean(values.map((x) => x ** 3)), 0, 0.04);
  assertNear(mean(values.map((x) => x ** 4)), 3, 0.1);
});

test("a shuffled order is a permutation", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), fc.nat(300), (seed, n) => {
    const order = new Random(seed, "shuffle").shuffled(n);
    assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: n }, (_, i) => i));
  }));
});

test("every order is equally likely", () => {
  const random = new Random(1, "shuffle");
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = random.shuffled(4).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert.ok(chiSquared < 49.7, `chi-squared ${chiSquared}, at most 49.7 in all but 0.1 % of cases`);
});

test("a stream depends on its seed and its purpose alone", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), fc.string(), (seed, purpose) => {
    const first = new Random(seed, purpose).uniform();
    assert.equal(new Random(seed, purpose).uniform(), first);
    assert.notEqual(new Random(seed, purpose + "'").uniform(), first);
    assert.notEqual(new Random(seed === 0 ? 1 : -seed, purpose).uniform(), first);
  }));
});

test("a stream that is put where another was draws what the other draws from there on", () => {
  const draws = {
    uniform: (random: Random) => random.uniform(),
    normal: (random: Random) => random.normal(),
    order: (random: Random) => [...random.shuffled(5)],
    coins: (random: Random) => {
      const coins = new Uint8Array(5);
      random.fillBernoulli(coins, 0.5);
      return [...coins];
    },
  };
  const kinds = fc.array(fc.constantFrom(...Object.values(draws)), { maxLength: 8 });
  fc.assert(fc.property(fc.maxSafeInteger(), kinds, kinds, (seed, before, after) => {
    const stream = new Random(seed, "test");
    for (const draw of before) draw(stream);
    const state = stream.state();
    const other = new Random(0, "another");
    other.normal();
    other.restore(state);
    assert.deepEqual(after.map((draw) => draw(other)), after.map((draw) => draw(stream)));
    other.restore(state);
    assert.deepEqual(other.state(), state, "a state does not change with the stream");
  }));
});

test("streams of one seed are not correlated", () => {
  const [a, b] = ["initialize", "shuffle"].map((purpose) => new Random(7, purpose));
  const products = draw(100_000, () => (a.uniform() - 1 / 2) * (b.uniform() - 1 / 2));
  assertNear(12 * mean(products), 0, 0.015);
});

test("the first numbers of neighbouring seeds are not correlated", () => {
  const first = (seed: number) => new Random(seed, "test").uniform() - 1 / 2;
  let seed = 0;
  const products = draw(10_000, () => first(seed) * first(++seed));
  assertNear(12 * mean(products), 0, 0.05);
});

test("a seed that is not an integer is an error that names it", () => {
  for (const seed of [1.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => new Random(seed, "test"), {
      name: "RangeError",
      message: `Invalid seed ${seed}: expected an integer`,
    });
  }
});
