import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { measure, type Timed } from "../study/timing/measure.ts";
import { stepsOfSample } from "../study/timing/sampling.ts";
import { Turnstile } from "../study/timing/turnstile.ts";
import { NO_WARMUP } from "./_timings.ts";

/** Subjects that take no time to take a sample of so many milliseconds, and the order in which they were asked. */
function subjects(...ms: number[]): { all: Timed[]; order: number[] } {
  const order: number[] = [];
  const all = ms.map((ms, i) => ({
    sample() {
      order.push(i);
      return Promise.resolve({ ms, steps: 10 });
    },
  }));
  return { all, order };
}

test("subjects take turns, sample by sample, in the warm-up too", async () => {
  const { all, order } = subjects(1, 2, 3);
  await measure(all, { ...NO_WARMUP, samples: 4, warmupSamples: 2 });
  assert.deepEqual(order, Array.from({ length: 3 * 6 }, (_, i) => i % 3));
});

test("a time is that of a step, by the subject's own clock", async () => {
  const { all } = subjects(40);
  const [measured] = await measure(all, { ...NO_WARMUP, samples: 3 });
  assert.ok(measured.status === "measured");
  const { p50, p75, p99, mean, rme, samples } = measured.stepMs;
  assert.deepEqual({ p50, p75, p99, mean, rme }, { p50: 4, p75: 4, p99: 4, mean: 4, rme: 0 });
  assert.deepEqual([...samples!], [4, 4, 4]);
});

test("a subject is measured until it has both the samples and the time", async () => {
  const count = async (samples: number, ms: number) => {
    const [measured] = await measure(subjects(10).all, { ...NO_WARMUP, samples, ms });
    return measured.status === "measured" && measured.stepMs.samplesCount;
  };
  assert.equal(await count(3, 100), 10);
  assert.equal(await count(20, 100), 20);
});

test("samples of the warm-up are counted, and are no part of what is measured", async () => {
  let taken = 0;
  const told: number[] = [];
  const sample = () => Promise.resolve({ ms: taken++ < 5 ? 1000 : 10, steps: 10 });
  const [measured] = await measure(
    [{ sample }],
    { ...NO_WARMUP, samples: 4, warmupSamples: 2, warmupMs: 5000 },
    (_, { ms }) => told.push(ms),
  );
  assert.ok(measured.status === "measured");
  assert.equal(measured.warmupSamples, 5);
  assert.equal(measured.stepMs.max, 1);
  assert.deepEqual(told, [10, 10, 10, 10]);
});

test("a subject that fails, early or late, says why; the others go on", async () => {
  const failing = (after: number): Timed => {
    let left = after;
    return {
      sample: () =>
        left-- > 0 ? Promise.resolve({ ms: 1, steps: 1 }) : Promise.reject(new Error(`after ${after}`)),
    };
  };
  const measured = await measure(
    [failing(0), subjects(1).all[0], failing(1), failing(4)],
    { ...NO_WARMUP, samples: 8, warmupSamples: 1 },
  );
  assert.deepEqual(
    measured.map((each) => each.status === "failed" ? each.reason : each.stepMs.samplesCount),
    [
      "after 0",
      8,
      "after 1",
      "after 4",
    ],
  );
});

test("a turnstile lets in one at a time, in the order in which they came", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 20 }), async (waits) => {
      const turnstile = new Turnstile();
      const order: number[] = [];
      let inside = 0;
      await Promise.all(waits.map(async (wait, i) => {
        const leave = await turnstile.enter();
        assert.equal(++inside, 1);
        for (let tick = 0; tick < wait; tick++) await Promise.resolve();
        order.push(i);
        inside--;
        leave();
      }));
      assert.deepEqual(order, waits.map((_, i) => i));
    }),
  );
});

test("a sample takes 50 ms or more, of whole quanta, and not much more than it must", async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 30 }),
    fc.double({ min: 1e-4, max: 200, noNaN: true }),
    fc.double({ min: 0, max: 20, noNaN: true }),
    async (quantum, stepMs, callMs) => {
      const steps = await stepsOfSample(quantum, (steps) => Promise.resolve(callMs + steps * stepMs));
      assert.equal(steps % quantum, 0);
      assert.ok(callMs + steps * stepMs >= 50);
      assert.ok(steps === quantum || callMs + (steps - quantum) * stepMs <= 1.2 * 50);
    },
  ));
});

test("a moment in which something else runs makes no sample too short", async () => {
  let calls = 0;
  const steps = await stepsOfSample(1, (steps) => Promise.resolve(calls++ === 0 ? 60 : steps));
  assert.ok(steps >= 50);
});
