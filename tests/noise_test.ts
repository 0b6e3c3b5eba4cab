import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../datasets/random.ts";
import { noiseBytes, NoiseStream } from "../study/training/noise.ts";
import type { Noise } from "../tasks/task.ts";

const noise: Record<string, Noise> = {
  mask: { shape: [3], kind: "bernoulli", probability: 0.8 },
  z: { shape: [2], kind: "normal" },
  offset: { shape: [], kind: "uniform" },
};

test("what a batch draws does not depend on how many steps are drawn at once", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
    fc.nat(1000),
    (parts, seed) => {
      const total = parts.reduce((sum, steps) => sum + steps, 0);
      const whole = new NoiseStream(noise, seed, "noise", 4).draw(total);
      const stream = new NoiseStream(noise, seed, "noise", 4);
      const drawn = parts.map((steps) => stream.draw(steps));
      for (const name of Object.keys(noise)) {
        assert.deepEqual(drawn.flatMap((part) => Array.from(part[name])), Array.from(whole[name]));
      }
    },
  ));
});

test("noise goes on from where another stream of it was", () => {
  fc.assert(fc.property(fc.nat(5), fc.nat(1000), (steps, seed) => {
    const stream = new NoiseStream(noise, seed, "noise", 3);
    stream.draw(steps);
    const other = new NoiseStream(noise, seed + 1, "noise", 3);
    other.restore(stream.state());
    assert.deepEqual(other.draw(2), stream.draw(2));
  }));
});

test("noise has the declared shapes, types and bytes", () => {
  const { mask, z, offset } = new NoiseStream(noise, 1, "noise", 5).draw(2);
  assert.ok(mask instanceof Uint8Array && z instanceof Float32Array && offset instanceof Float32Array);
  assert.deepEqual([mask.length, z.length, offset.length], [30, 20, 10]);
  assert.equal(noiseBytes(noise, 5), 15 + 4 * 10 + 4 * 5);
});

test("noise has the declared distributions", () => {
  const { mask, z, offset } = new NoiseStream(noise, 3, "noise", 20_000).draw(1);
  const mean = (values: ArrayLike<number>) =>
    Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
  // Five standard errors of the mean, of the variance, of the mean.
  assert.ok(Math.abs(mean(mask) - 0.8) < 5 * 0.4 / Math.sqrt(mask.length));
  assert.ok(Math.abs(mean(z)) < 5 / Math.sqrt(z.length));
  assert.ok(Math.abs(mean(Array.from(z, (x) => x * x)) - 1) < 5 * Math.SQRT2 / Math.sqrt(z.length));
  assert.ok(Math.abs(mean(offset) - 0.5) < 5 / Math.sqrt(12 * offset.length));
  assert.ok(offset.every((x) => x >= 0 && x <= 1));
});

test("seeds and purposes draw different noise", () => {
  const draw = (seed: number, purpose: string) =>
    Array.from(new NoiseStream(noise, seed, purpose, 8).draw(1).z).join();
  assert.equal(new Set([draw(1, "noise"), draw(2, "noise"), draw(1, "test noise")]).size, 3);
});

for (const [probability, length] of [[0, 7], [1, 7], [0.5, 1]] as const) {
  test(`a Bernoulli fill of ${length} with probability ${probability} holds nothing but 0 and 1`, () => {
    const values = new Uint8Array(length).fill(9);
    new Random(5, "test").fillBernoulli(values, probability);
    const legal = probability === 0 ? [0] : probability === 1 ? [1] : [0, 1];
    assert.ok(values.every((value) => legal.includes(value)), String(values));
  });
}

test("a Bernoulli probability finer than the generator's halves is met", () => {
  // 1.5 / 65536: every second value on the threshold counts.
  const values = new Uint8Array(2 ** 22);
  new Random(6, "test").fillBernoulli(values, 1.5 / 65536);
  const ones = values.reduce((sum, value) => sum + value, 0);
  assert.ok(Math.abs(ones - 96) < 5 * Math.sqrt(96), String(ones));
});
