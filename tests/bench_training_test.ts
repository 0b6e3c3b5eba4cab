import assert from "node:assert/strict";
import { test } from "node:test";
import { prepare } from "../study/timing/prepare.ts";
import { LR } from "../study/timing/subject.ts";
import type { TrainingSettings } from "../study/timing/settings.ts";
import { Training } from "../study/timing/training.ts";
import { uploadMs } from "../study/timing/upload.ts";
import { getTask } from "../tasks/registry.ts";
import { sgd } from "./_timings.ts";
import { ramp, trainAlone } from "./_trials.ts";

const digits = getTask("digits_mlp");

async function using<T>(
  settings: Partial<TrainingSettings>,
  use: (training: Training) => Promise<T>,
): Promise<T> {
  const training = await Training.start({
    task: digits,
    optimizer: "sgd",
    configurations: [{ lr: 0.1 }],
    threads: 1,
    ...settings,
  });
  try {
    return await use(training);
  } finally {
    await training.release();
  }
}

test("steps are those of a study", async () => {
  const { epochs } = await trainAlone(digits, { lr: 0.1 }, { optimizer: "sgd", epochs: 2 });
  const losses = await using({}, async (training) => [
    ...await training.steps(training.stepsPerEpoch),
    ...await training.steps(training.stepsPerEpoch),
  ]);
  const { length } = losses;
  assert.equal(length, 2 * 22);
  const mean = (of: readonly number[]) => of.reduce((sum, loss) => sum + loss) / of.length;
  assert.equal(mean(losses.slice(0, length / 2)), epochs[0].trainLoss);
  assert.equal(mean(losses.slice(length / 2)), epochs[1].trainLoss);
});

test("however steps are asked for, an epoch follows the other", async () => {
  const losses = (...counts: number[]) =>
    using({ task: ramp, configurations: [{ lr: 1 / 64 }] }, async (training) => {
      const all: number[] = [];
      for (const count of counts) all.push(...await training.steps(count));
      return all;
    });
  const atOnce = await losses(11);
  assert.deepEqual(atOnce, Array.from({ length: 11 }, (_, i) => 2 * (1 - i / 64)));
  assert.deepEqual(await losses(3, 7, 1), atOnce);
});

test("configurations that are trained together have a loss each", async () => {
  const lrs = [1 / 64, 1 / 32];
  const losses = await using(
    { task: ramp, configurations: lrs.map((lr) => ({ lr })) },
    (training) => training.steps(3),
  );
  assert.deepEqual(losses, [0, 1, 2].flatMap((step) => lrs.map((lr) => 2 * (1 - step * lr))));
});

test("a loss that is not finite ends a training", () =>
  using({ task: ramp, configurations: [{ lr: 3e38 }] }, async (training) => {
    await assert.rejects(
      training.steps(10),
      /^Error: Cannot go on with slope: its loss is not finite$/,
    );
  }));

test("kinds of steps that take turns belong together", () =>
  using({ optimizer: "looksam", configurations: [{ lr: LR }] }, async ({ quantum }) => {
    assert.equal(quantum, 5);
    assert.equal(await using({}, ({ quantum }) => Promise.resolve(quantum)), 1);
  }));

test("what stays on a device is all that a step is fed with but its batch", () =>
  using({ configurations: [{ lr: 0.1, momentum: 0.9 }] }, ({ resident }) => {
    const names = Object.keys(resident);
    for (const name of ["data/inputs", "data/labels", "hyper/0/lr", ...Object.keys(digits.parameters)]) {
      assert.ok(names.includes(name), name);
    }
    assert.ok(!names.includes("rows"));
    return Promise.resolve();
  }));

test("moving what stays on a device takes some time, or none in the same memory", () =>
  using({ configurations: [{ lr: 0.1, momentum: 0.9 }] }, async ({ resident }) => {
    assert.ok(await uploadMs(resident, "cpu", 1) >= 0);
  }));

test("a subject that is ready has the times of what came before, and takes samples of whole quanta", async () => {
  const { preparation, sample } = await prepare({
    ...sgd,
    optimizer: { name: "looksam", base: "sgd" },
    group: 3,
  });
  const { tracingMs, loadingMs, firstStepsMs, readingMs, uploadMs, stepsPerSample } = preparation;
  for (const ms of [tracingMs!, loadingMs, firstStepsMs]) assert.ok(ms > 0);
  assert.ok(readingMs >= 0);
  assert.equal(uploadMs, undefined, "on the CPU nothing is moved");
  assert.equal(stepsPerSample % 5, 0);
  const { ms, steps } = await sample();
  assert.ok(ms > 0);
  assert.equal(steps, stepsPerSample);
});
