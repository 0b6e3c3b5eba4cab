/** Trials of convolutional networks in groups give what each gives alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mnist } from "../datasets/mnist.ts";
import { compileFunction, type Together } from "../engine/compile.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { mnist2c2d } from "../tasks/2c2d.ts";
import { cifar10With3c3d } from "../tasks/3c3d.ts";
import { cifar10Resnet20 } from "../tasks/resnet.ts";
import type { Task } from "../tasks/task.ts";
import { mnistVae } from "../tasks/vae.ts";
import { assertClose } from "./_compiled.ts";
import { colourImages, type Feeds, feedsOf, firstRows, trainingPass } from "./_tasks.ts";
import { trainTrials } from "./_trials.ts";

const ROWS = 4;
const digits = firstRows(mnist, 2 * ROWS);
const colours = colourImages(2 * ROWS);
const small = { batchSize: ROWS, testBatchSize: ROWS, epochs: 1 };
const convolutional: Readonly<Record<string, Task>> = {
  "2c2d": { ...mnist2c2d, ...small, data: digits },
  vae: { ...mnistVae, ...small, data: digits },
  "3c3d": { ...cifar10With3c3d, ...small, data: colours },
  resnet20: { ...cifar10Resnet20, ...small, data: colours },
};

/** What a training step sees, in float64. */
async function gradients(task: Task, { specs, data }: Feeds, together?: Together) {
  const executable = await HostExecutable.load(
    compileFunction(trainingPass(task), specs, "float64", together),
  );
  const feeds = Object.keys(specs).map((name) => [name, executable.value(name, data[name])]);
  const results = await executable.run(Object.fromEntries(feeds));
  await executable.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, numbers(value) as Float64Array]),
  );
}

/** One after the other. */
function joined(first: ArrayLike<number>, second: ArrayLike<number>): Float64Array {
  const both = new Float64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Of two sets of parameters at once, as of each alone. */
async function assertSameGradients(task: Task, isShared: (name: string) => boolean) {
  const [first, second] = [1, 2].map((seed) => feedsOf(task, ROWS, seed));
  const { specs } = first;
  const inputs = Object.keys(specs).filter((name) => !isShared(name));
  const own = Object.fromEntries(inputs.map((name) => [name, second.data[name]]));
  const both = Object.fromEntries(inputs.map((name) => [name, joined(first.data[name], own[name])]));
  const actual = await gradients(task, { specs, data: { ...first.data, ...both } }, { size: 2, inputs });
  for (const [set, data] of [first.data, { ...first.data, ...own }].entries()) {
    for (const [name, expected] of Object.entries(await gradients(task, { specs, data }))) {
      const found = actual[name].subarray(set * expected.length, (set + 1) * expected.length);
      let [largest, error] = [0, 0];
      expected.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value));
        error = Math.max(error, Math.abs(found[i] - value));
      });
      assert.ok(
        error <= 1e-10 * largest,
        `${name} of set ${set}: an error of ${error}, numbers up to ${largest}`,
      );
    }
  }
}

/** Sums of many squares, as in the loss of 3c3d, are as exact as that in float32. */
const TOLERANCE = 1e-4;

for (const [name, task] of Object.entries(convolutional)) {
  test(`gradients of ${name} by two sets of parameters are those by each`, async () => {
    await assertSameGradients(task, () => false);
  });

  test(`gradients of ${name} by two sets of parameters on the same rows are those by each`, async () => {
    await assertSameGradients(task, (input) => /^(data|noise)\//.test(input));
  });

  test(`two steps of ${name} in a group are those of each trial alone`, async () => {
    const trials = [{ lr: 0.001, seed: 1 }, { lr: 0.0002, seed: 1 }, { lr: 0.0005, seed: 2 }]
      .map(({ lr, seed }) => ({ given: { lr }, seed }));
    const alone = await Promise.all(trials.map((trial) => trainTrials(task, [trial])));
    for (const group of [trials.slice(0, 2), trials]) {
      const shareRows = group.every(({ seed }) => seed === trials[0].seed);
      const outcomes = await trainTrials(task, group, { slots: { count: group.length, shareRows } });
      for (const [i, { epochs: [actual] }] of outcomes.entries()) {
        const [{ epochs: [expected] }] = alone[i];
        assertClose(
          [actual.trainLoss / expected.trainLoss, actual.testLoss / expected.testLoss],
          [1, 1],
          TOLERANCE,
        );
      }
    }
  });
}
