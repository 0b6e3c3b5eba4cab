import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scalar } from "@tensorflow/tfjs";
import fc from "fast-check";
import { fromGroups } from "../optim/descent.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { getOptimizer } from "../optim/registry.ts";
import { StepTimes, Turns } from "../study/training/turns.ts";
import { ramp, trainAlone } from "./_trials.ts";

const round = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 6 });
const calls = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });

test("kinds of steps take turns, over and over, however many a call may take", () => {
  fc.assert(fc.property(round, calls, (kinds, calls) => {
    const turns = new Turns(kinds);
    const taken: string[] = [];
    for (const most of calls) {
      const { turn, steps } = turns.next(most);
      assert.ok(steps >= 1 && steps <= most);
      for (let i = 0; i < steps; i++) taken.push(turn);
      const next = kinds[taken.length % kinds.length];
      assert.ok(steps === most || next !== turn, "a call takes as many steps of a kind as it may");
    }
    assert.deepEqual(taken, taken.map((_, i) => kinds[i % kinds.length]));
  }));
});

test("turns go on after the steps that were taken before", () => {
  fc.assert(fc.property(round, calls, (kinds, calls) => {
    const turns = new Turns(kinds);
    const taken = calls.reduce((sum, most) => sum + turns.next(most).steps, 0);
    const continued = new Turns(kinds, taken);
    assert.deepEqual(calls.map((most) => continued.next(most)), calls.map((most) => turns.next(most)));
  }));
});

test("steps that are all alike are taken as many at once as a call may take", () => {
  const turns = new Turns(["step"]);
  assert.deepEqual([1, 50, 7].map((most) => turns.next(most)), [
    { turn: "step", steps: 1 },
    { turn: "step", steps: 50 },
    { turn: "step", steps: 7 },
  ]);
});

test("the time of steps that are all alike is a sample a call, an equal share for each trial", () => {
  const times = new StepTimes(1);
  times.add(12, 3, 1);
  times.add(12, 3, 4);
  assert.deepEqual(times.samples, [4, 1]);
});

test("where kinds take turns, a sample is the mean of a whole round", () => {
  const times = new StepTimes(4);
  // One slow step and three fast ones, in calls that end where the kinds do or before.
  times.add(10, 1, 1);
  times.add(2, 1, 1);
  assert.deepEqual(times.samples, [6], "of the broken round, as long as there is no other");
  times.add(4, 2, 1);
  assert.deepEqual(times.samples, [4]);
  times.add(20, 1, 2);
  times.add(12, 3, 2);
  assert.deepEqual(times.samples, [4, 4]);
});

test("times go on from what was saved, in the middle of a round too", () => {
  const times = new StepTimes(4);
  times.add(4, 4, 1);
  times.add(10, 1, 1);
  const saved = times.save();
  const continued = new StepTimes(4, saved);
  for (const each of [times, continued]) each.add(2, 3, 1);
  assert.deepEqual(continued.samples, [1, 3]);
  assert.deepEqual(times.samples, [1, 3]);
  assert.deepEqual(saved, { samples: [1], ms: 10, steps: 1 });
});

/** Descends along the gradient at the first of three steps, along it tenfold at the others. */
const unequal: Optimizer = {
  ...getOptimizer("sgd"),
  name: "unequal",
  turns: () => ["short", "long", "long"],
  step(objective, { params, state }, groups, turn) {
    const { loss, gradients } = objective(params);
    const next = fromGroups(groups, (name, { lr }) => {
      const d = gradients[name]!.mul(lr as Scalar);
      return params[name].sub(turn === "long" ? d.mul(16) : d);
    });
    return { loss, params: next, state };
  },
};

test("a training takes the turns in order, across calls and epochs", async () => {
  const { trajectory, steps, epochs } = await trainAlone(ramp, { lr: 1 / 64 }, {
    optimizer: unequal,
    epochs: 3,
  });
  assert.equal(steps, 12);
  const lengths = trajectory!.slice(1).map(([x], i) => 64 * (trajectory![i][0] - x));
  assert.deepEqual(lengths, Array.from({ length: 12 }, (_, i) => i % 3 === 0 ? 1 : 16));
  assert.equal(epochs.at(-1)!.testLoss, 2 * (1 - 4 * 33 / 64));
});

test("a training takes a sample of time for each whole round", async () => {
  const { stepMs } = await trainAlone(ramp, { lr: 1 / 64 }, { optimizer: unequal, epochs: 2 });
  // Eight steps: two rounds and a broken one.
  assert.equal(stepMs.length, 2);
  assert.ok(stepMs.every((ms) => ms > 0));
});
