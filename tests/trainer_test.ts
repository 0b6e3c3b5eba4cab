import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scalar } from "@tensorflow/tfjs";
import type { GroupOutcome } from "../study/training/member.ts";
import type { EpochProgress } from "../study/trial.ts";
import { constant } from "../tasks/initializers.ts";
import type { Task } from "../tasks/task.ts";
import { numberRows } from "./_numbers.ts";
import { trainGroup, type TrialsChoice } from "./_trials.ts";

/** Loss w1 + w2: every gradient is 1. */
const slope: Task = {
  name: "slope",
  summary: "a slope",
  data: numberRows,
  batchSize: 2,
  epochs: 2,
  metric: "loss",
  target: 0,
  parameters: { w: { shape: [2], init: constant(1) } },
  loss: ({ w }) => w.sum() as Scalar,
  evaluate: ({ w }) => ({ loss: w.sum() as Scalar }),
};

type Options = Omit<TrialsChoice, "base" | "slots"> & {
  readonly hyper?: Readonly<Record<string, unknown>>;
  readonly seeds?: readonly number[];
};

/** Trains a task with one configuration and some seeds, together if they are several. */
function trainTask(task: Task, options: Options = {}): Promise<GroupOutcome[]> {
  const { hyper = { lr: 0.25 }, seeds = [1], ...choice } = options;
  return trainGroup(task, seeds.map((seed) => ({ given: hyper, seed })), choice);
}

async function completed(task: Task, options?: Options) {
  const [outcome] = await trainTask(task, options);
  assert.ok(outcome.status === "completed");
  return outcome;
}

test("a task without classes is measured by its loss alone", async () => {
  const { epochs, steps, trajectory } = await completed(slope);
  assert.equal(steps, 8);
  // Each step takes lr off both.
  assert.deepEqual(epochs, [
    { epoch: 1, trainLoss: 2 - 0.5 * 1.5, testLoss: 0 },
    { epoch: 2, trainLoss: -0.5 * 1.5, testLoss: -2 },
  ]);
  assert.equal(trajectory, undefined);
});

test("the trajectory in a landscape is the start and the point after each step", async () => {
  const landscape = { f: () => 0, x: [0, 1], y: [0, 1], minima: [] } as const;
  const { trajectory } = await completed({ ...slope, landscape }, { epochs: 1 });
  assert.deepEqual(trajectory, [[1, 1], [0.75, 0.75], [0.5, 0.5], [0.25, 0.25], [0, 0]]);
});

test("each trial of a group has a trajectory of its own", async () => {
  const landscape = { f: () => 0, x: [0, 1], y: [0, 1], minima: [] } as const;
  const random: Task["parameters"] = {
    w: {
      shape: [2],
      init: { summary: "uniform", fill: (_, random) => Float32Array.of(random.uniform(), 1) },
    },
  };
  const outcomes = await trainTask({ ...slope, landscape, parameters: random }, { seeds: [1, 2], epochs: 1 });
  const starts = outcomes.map((outcome) => {
    assert.ok(outcome.status === "completed");
    const { trajectory } = outcome;
    assert.equal(trajectory!.length, 5);
    assert.ok(Math.abs(trajectory![4][0] - (trajectory![0][0] - 1)) < 1e-6);
    return trajectory![0][0];
  });
  assert.notEqual(starts[0], starts[1]);
});

test("a task's schedule multiplies the learning rate of each step", async () => {
  const seen: [number, number, number][] = [];
  const task: Task = {
    ...slope,
    learningRate(step, { stepsPerEpoch, epochs }) {
      seen.push([step, stepsPerEpoch, epochs]);
      return step === 3 ? 4 : step % 2;
    },
  };
  const { epochs } = await completed(task);
  assert.deepEqual(seen, Array.from({ length: 8 }, (_, step) => [step, 4, 2]));
  // Factors 0, 1, 0, 4 and 0, 1, 0, 1 of lr 0.25, on both parameters.
  assert.deepEqual(epochs.map(({ testLoss }) => testLoss), [2 - 2 * 1.25, 2 - 2 * 1.75]);
});

/** Keeps the parameters that the loss was last asked about. */
const remembering: Task = {
  ...slope,
  buffers: { seen: { shape: [2], init: constant(7) } },
  loss: ({ w }) => ({ loss: w.square().sum() as Scalar, buffers: { seen: w } }),
  evaluate: (_params, _batch, { buffers }) => ({ loss: buffers.seen.sum() as Scalar }),
};

for (const [runningStatistics, expected] of [["first", 2], ["last", 2 * (1 + 0.3 / Math.SQRT2)]] as const) {
  test(`running statistics are those of the ${runningStatistics} gradient of a step, on request`, async () => {
    const hyper = { lr: 0, rho: 0.3, adaptive: false };
    const { epochs } = await completed(remembering, { optimizer: "sam", hyper, runningStatistics });
    for (const { testLoss } of epochs) assert.ok(Math.abs(testLoss - expected) < 1e-6, `${testLoss}`);
  });
}

test("buffers go from step to step, and those that a loss does not return stay", async () => {
  const task: Task = {
    ...slope,
    buffers: { count: { shape: [], init: constant(0) }, five: { shape: [], init: constant(5) } },
    loss: ({ w }, _batch, { buffers }) => ({
      loss: w.sum() as Scalar,
      buffers: { count: buffers.count.add(1) },
    }),
    evaluate: (_params, _batch, { buffers }) => ({ loss: buffers.count.mul(10).add(buffers.five) as Scalar }),
  };
  const { epochs } = await completed(task);
  assert.deepEqual(epochs.map(({ testLoss }) => testLoss), [45, 85]);
});

/** The loss says which rows were drawn, and in which order. */
const ordered: Task = {
  ...slope,
  batchSize: 1,
  parameters: { w: { shape: [], init: constant(0) } },
  // w after a step: w / 9 + the row's number, as SGD with lr 1 subtracts the gradient w - w / 9 - number.
  loss: ({ w }, { number }) => w.mul(w).mul(4 / 9).sub(w.mul(number.sum())) as Scalar,
  evaluate: ({ w }) => ({ loss: w as Scalar }),
};

test("rows are put into a new order every epoch, or once where that is asked for", async () => {
  const ends = async (shuffle: "every-epoch" | "once") => {
    const { epochs } = await completed(ordered, { hyper: { lr: 1 }, shuffle, epochs: 4 });
    return epochs.map(({ testLoss }) => testLoss.toFixed(5));
  };
  const once = await ends("once");
  // From the second epoch on, what was before the epoch has faded.
  assert.equal(new Set(once.slice(1)).size, 1, once.join());
  assert.equal(new Set(await ends("every-epoch")).size, 4);
  assert.equal(once[0], (await ends("every-epoch"))[0]);
});

test("a trial's noise does not depend on its company, and is another in the next step", async () => {
  const task: Task = {
    ...slope,
    noise: { z: { shape: [2], kind: "normal" }, keep: { shape: [], kind: "bernoulli", probability: 0.5 } },
    testNoise: { z: { shape: [2], kind: "uniform" } },
    loss: ({ w }, _batch, { noise }) =>
      w.mul(noise.z).sum(1).mul(noise.keep.toFloat()).mean().add(w.square().sum()) as Scalar,
    evaluate: ({ w }, _batch, { noise }) => ({ loss: w.mul(noise.z).sum(1).mean() as Scalar }),
  };
  const [first, second] = await trainTask(task, { seeds: [1, 2] });
  const [alone] = await trainTask(task, { seeds: [2, 2] });
  assert.ok(first.status === "completed" && second.status === "completed" && alone.status === "completed");
  assert.deepEqual(second.epochs, alone.epochs);
  assert.notDeepEqual(first.epochs, second.epochs);
  const { epochs } = await completed({ ...task, learningRate: () => 0 });
  assert.equal(epochs[0].testLoss, epochs[1].testLoss, "the test rows have the same noise after every epoch");
  assert.notEqual(epochs[0].trainLoss, epochs[1].trainLoss);
});

test("steps are told of in order, between calls, and not at the end of an epoch", async () => {
  const told: EpochProgress[] = [];
  await completed(slope, { listener: { onSteps: (progress) => told.push(progress), everyMs: 0 } });
  // How many steps the later calls take depends on how long the first one took, which is of one step.
  assert.deepEqual(told[0], { epoch: 1, steps: 1, stepsPerEpoch: 4 });
  for (const [i, { epoch, steps, stepsPerEpoch }] of told.entries()) {
    assert.equal(stepsPerEpoch, 4);
    assert.ok(steps < 4);
    assert.ok(i === 0 || epoch > told[i - 1].epoch || steps > told[i - 1].steps);
  }
});

test("each epoch is told of with the trial's share of the time, which goes into its outcome", async () => {
  const told: number[][] = [[], []];
  const listener: TrialsChoice["listener"] = {
    onEpoch(trial, { epoch }, seconds) {
      assert.equal(told[trial].push(seconds), epoch);
    },
  };
  const outcomes = await trainTask(slope, { seeds: [1, 2], listener });
  outcomes.forEach((outcome, trial) => {
    assert.ok(outcome.status === "completed");
    assert.deepEqual(outcome.epochSeconds, told[trial]);
    assert.ok(outcome.wallSeconds >= told[trial][1] && told[trial][1] > told[trial][0]);
  });
});

test("a trial that diverges ends at the same step and point, whatever its company", async () => {
  const landscape = { f: () => 0, x: [0, 1], y: [0, 1], minima: [] } as const;
  // With lr 1 each step multiplies the point by -1e9, so that the loss of the third one overflows.
  const steep: Task = { ...slope, landscape, loss: ({ w }) => w.square().sum().mul(5e8) as Scalar };
  const [lone] = await trainGroup(steep, [{ given: { lr: 1 } }]);
  const [, diverged] = await trainGroup(steep, [{ given: { lr: 1e-10 } }, { given: { lr: 1 } }]);
  assert.ok(lone.status === "diverged" && diverged.status === "diverged");
  assert.equal(diverged.reason, lone.reason);
  assert.equal(diverged.reason, "loss is Infinity at step 3 (epoch 1)");
  assert.deepEqual([lone, diverged].map(({ trajectory }) => trajectory!.length), [4, 4]);
});
