import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../datasets/random.ts";
import { mannWhitneyU } from "../results/statistics/rank_tests.ts";
import {
  furtherPairs,
  furtherRuns,
  smallestPairedP,
  smallestUnpairedP,
} from "../results/statistics/sample_size.ts";
import {
  pairedSuperiority,
  type Superiority,
  unpairedSuperiority,
} from "../results/statistics/superiority.ts";

/** tests/statistics/generate.py wrote it. */
interface Reference {
  superiority: {
    wilson: { successes: number; n: number; low: number; high: number }[];
    newcombe: { probability: number; m: number; n: number; low: number; high: number }[];
  };
}
const { superiority: { wilson, newcombe } }: Reference = JSON.parse(
  readFileSync(new URL("fixtures/statistics.json", import.meta.url), "utf8"),
);

const plan = { alpha: 0.05, power: 0.8 };

function assertEnds(actual: Superiority, { low, high }: { low: number; high: number }): void {
  assert.ok(Math.abs(actual.low - low) < 1e-9 && Math.abs(actual.high - high) < 1e-9, JSON.stringify(actual));
}

test("of pairs it is the share of positive differences, with Wilson's interval", () => {
  for (const { successes, n, low, high } of wilson) {
    const result = pairedSuperiority(Array.from({ length: n }, (_, i) => i < successes ? 2 : -1));
    assert.equal(result.probability, successes / n);
    assertEnds(result, { low, high });
  }
  assert.equal(pairedSuperiority([1, 0, 0, -3]).probability, 0.5);
});

test("of independent samples it has Newcombe's interval", () => {
  for (const { probability, m, n, low, high } of newcombe) {
    assertEnds(unpairedSuperiority(probability, m, n), { low, high });
  }
});

test("three runs that are all better do not make it certain", () => {
  assert.ok(unpairedSuperiority(1, 3, 3).low < 0.6);
  assert.ok(pairedSuperiority([1, 2, 3]).low < 0.5);
});

test("an interval contains the probability, and is mirrored where the samples are swapped", () => {
  const size = fc.integer({ min: 1, max: 30 });
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), size, size, (share, m, n) => {
    const result = unpairedSuperiority(share, m, n);
    assert.ok(result.low >= 0 && result.low <= share && share <= result.high && result.high <= 1);
    const mirrored = unpairedSuperiority(1 - share, n, m);
    assert.ok(Math.abs(result.low + mirrored.high - 1) < 1e-9);
  }));
});

test("its interval covers the truth about as often as it says", () => {
  const random = new Random(7, "coverage");
  const draw = (shift: number) => Array.from({ length: 6 }, () => random.normal() + shift);
  // P(x > y) = Phi(shift / sqrt 2) is 0.8 and 0.95.
  for (const [shift, truth] of [[1.19023, 0.8], [2.32617, 0.95]]) {
    let covered = 0;
    for (let i = 0; i < 1000; i++) {
      const { low, high } = unpairedSuperiority(mannWhitneyU(draw(shift), draw(0)).share, 6, 6);
      covered += Number(low <= truth && truth <= high);
    }
    assert.ok(covered > 920 && covered < 990, `${covered} of 1000 for ${truth}`);
  }
});

test("the smallest p are those of samples that are wholly apart", () => {
  assert.equal(smallestUnpairedP(3, 3), 0.1);
  assert.equal(smallestUnpairedP(1, 1), 1);
  for (const [m, n] of [[2, 5], [5, 5], [10, 4]]) {
    const [low, high] = [Array.from({ length: m }, (_, i) => i), Array.from({ length: n }, (_, i) => m + i)];
    assert.ok(Math.abs(smallestUnpairedP(m, n) - mannWhitneyU(low, high).p) < 1e-15);
  }
  assert.equal(smallestPairedP(6), 1 / 32);
});

test("the runs that it takes are those of Noether's formulas", () => {
  // statpsych::size.test.mann(.05, .90, .3) is 44 on each side.
  assert.equal(furtherRuns(0.3, 4, 4, { alpha: 0.05, power: 0.9 }), 40);
  // (1.95996 + 0.84162)^2 / (3 * 0.2^2) is 65.4 pairs.
  assert.equal(furtherPairs(0.7, 10, 10, plan), 56);
  // Half of the pairs show nothing.
  assert.equal(furtherPairs(0.7, 10, 5, plan), 121);
});

test("so many runs find the effect in four of five cases, or some more", () => {
  const random = new Random(3, "power");
  // P(x > y) = 0.76.
  const n = 6 + (furtherRuns(0.76, 6, 6, plan) as number);
  const draw = (shift: number) => Array.from({ length: n }, () => random.normal() + shift);
  let found = 0;
  for (let i = 0; i < 500; i++) found += Number(mannWhitneyU(draw(1), draw(0)).p <= 0.05);
  assert.ok(found >= 400 && found < 460, `${found} of 500 with ${n} runs`);
});

test("no effect takes more runs than are counted", () => {
  assert.equal(furtherRuns(0.5, 5, 5, plan), "more than 1000");
  assert.equal(furtherPairs(0.5, 5, 0, plan), "more than 1000");
});

test("even the strongest effect takes as many runs as the test needs", () => {
  const strict = { alpha: 0.0001, power: 0.01 };
  const more = furtherRuns(1, 3, 3, strict) as number;
  assert.ok(smallestUnpairedP(3 + more, 3 + more) <= 0.0001);
  // 2^-14 is the first power below 0.0001.
  assert.equal(furtherPairs(1, 6, 6, strict), 9);
});
