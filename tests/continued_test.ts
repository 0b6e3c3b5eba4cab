import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scalar } from "@tensorflow/tfjs";
import fc from "fast-check";
import { decodeCheckpoint, encodeCheckpoint, type TrialCheckpoint } from "../study/training/checkpoint.ts";
import type { GroupOutcome } from "../study/training/member.ts";
import { normal } from "../tasks/initializers.ts";
import { getTask } from "../tasks/registry.ts";
import type { Task } from "../tasks/task.ts";
import { slope, trainGroup, type Trial, type TrialsChoice } from "./_trials.ts";

/** What a training leaves that no clock had a part in. */
function numbersOf(outcome: GroupOutcome) {
  if (outcome.status === "paused") {
    const { seconds: _, compileSeconds: _compiling, record, ...rest } = outcome.checkpoint;
    const { epochSeconds: _epochs, stepTimes: _steps, ...measured } = record;
    return { ...rest, record: measured };
  }
  assert.ok(outcome.status === "completed", JSON.stringify(outcome));
  const { epochs, trajectory, steps } = outcome;
  return { epochs, trajectory, steps };
}

/** Trains trials until some calls into the runtime have returned, and has them go on from the bytes of checkpoints. */
async function stoppedAfter(
  calls: number,
  task: Task,
  trials: readonly Trial[],
  choice: TrialsChoice,
): Promise<Trial[]> {
  const taken: ReadonlyMap<number, TrialCheckpoint>[] = [];
  const training = trainGroup(task, trials, {
    ...choice,
    checkpointMs: 0,
    listener: {
      onCheckpoint(checkpoints) {
        if (taken.push(checkpoints) > calls) throw new Error("enough");
      },
    },
  });
  // A training that comes to its end before that goes on from its last checkpoint.
  await training.catch(({ message }: Error) => assert.equal(message, "enough"));
  return trials.map((trial, i) => ({ ...trial, checkpoint: passedOn(taken[taken.length - 1].get(i)!) }));
}

function passedOn(checkpoint: TrialCheckpoint): TrialCheckpoint {
  return decodeCheckpoint(encodeCheckpoint(checkpoint));
}

function continued(trials: readonly Trial[], outcomes: readonly GroupOutcome[]): Trial[] {
  return outcomes.map((outcome, i) => {
    assert.ok(outcome.status === "paused");
    return { ...trials[i], checkpoint: passedOn(outcome.checkpoint) };
  });
}

/** Takes noise of two kinds in training, an odd number of normals for each batch, and noise in test. */
const noisy: Task = {
  ...slope,
  parameters: { w: { shape: [3], init: normal(1) } },
  noise: { z: { shape: [3], kind: "normal" }, keep: { shape: [], kind: "bernoulli", probability: 0.5 } },
  testNoise: { z: { shape: [3], kind: "uniform" } },
  batchSize: 1,
  loss: ({ w }, { number }, { noise }) =>
    w.mul(noise.z).sum(1).mul(noise.keep.toFloat()).mean().add(w.sub(number).square().sum()) as Scalar,
  evaluate: ({ w }, _batch, { noise }) => ({ loss: w.mul(noise.z).sum(1).mean() as Scalar }),
};

/** Keeps a running mean of its data, which has a say in its loss. */
const running: Task = {
  ...slope,
  parameters: { w: { shape: [2, 2], init: normal(1) } },
  buffers: { mean: { shape: [], init: normal(1) } },
  batchSize: 1,
  loss({ w }, { number }, { buffers: { mean } }) {
    const next = mean.mul(0.9).add(number.mean().mul(0.1));
    return { loss: w.sub(next).square().mul(w.square()).sum() as Scalar, buffers: { mean: next } };
  },
  evaluate: ({ w }, _batch, { buffers: { mean } }) => ({ loss: w.sub(mean).square().sum() as Scalar }),
};

interface Case {
  readonly name: string;
  readonly task: Task;
  /** Of three trials, of which the first and the last have the same seed. */
  readonly given: readonly Trial["given"][];
  readonly options?: TrialsChoice;
}

const cases: readonly Case[] = [
  {
    name: "SGD with momentum and a schedule",
    task: getTask("digits_mlp"),
    given: [
      { lr: 0.1, momentum: 0.9, schedule: "cosine" },
      { lr: 0.2, momentum: 0.5, schedule: "cosine" },
      { lr: 0.3, momentum: 0.9, schedule: "warmup:1ep>cosine" },
    ],
  },
  {
    name: "Adam on noise",
    task: noisy,
    given: [{ lr: 0.1 }, { lr: 0.2, beta1: 0.5 }, { lr: 0.3 }],
    options: { optimizer: "adam" },
  },
  {
    name: "LARS with buffers, in one order of the rows",
    task: running,
    given: [{ lr: 0.01 }, { lr: 0.02 }, { lr: 0.03 }],
    options: { optimizer: "lars", shuffle: "once" },
  },
  {
    name: "LookSAM, whose steps take turns, with buffers",
    task: running,
    given: [{ lr: 1e-3 }, { lr: 2e-3, rho: 0.1 }, { lr: 3e-3 }],
    options: { optimizer: "looksam", base: "sgd" },
  },
  {
    name: "schedule-free SGD in a landscape",
    task: getTask("rosenbrock"),
    given: [{ lr: 1e-3 }, { lr: 1e-4 }, { lr: 2e-4 }],
    options: { optimizer: "schedule_free_sgd" },
  },
];

for (const { name, task, given, options } of cases) {
  const choice: TrialsChoice = { ...options, epochs: 3 };
  const trials = given.map((given, i) => ({ given, seed: 1 + i % 2 }));

  test(`a training that was stopped and went on is the uninterrupted one: ${name}`, async () => {
    const expected = (await trainGroup(task, trials, choice)).map(numbersOf);
    const later = (await trainGroup(task, trials, { ...choice, pauseAfter: 2 })).map(numbersOf);
    const stops = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(stops, async (stops) => {
        let left: Trial[] = trials;
        for (const calls of stops) left = await stoppedAfter(calls, task, left, { ...choice, pauseAfter: 2 });
        const paused = await trainGroup(task, left, { ...choice, pauseAfter: 2 });
        assert.deepEqual(paused.map(numbersOf), later);
        assert.deepEqual((await trainGroup(task, left, choice)).map(numbersOf), expected);
      }),
      { numRuns: 3 },
    );
  });

  test(`a trial goes on in whatever company: ${name}`, async () => {
    const expected = (await trainGroup(task, trials, choice)).map(numbersOf);
    const [first, second, third] = await stoppedAfter(2, task, trials, choice);
    const others = await trainGroup(task, [third, first], choice);
    const [itself] = await trainGroup(task, [second], { ...choice, slots: { count: 2, shareRows: true } });
    assert.deepEqual([others[1], itself, others[0]].map(numbersOf), expected);
  });
}

test("a trial that was trained alone goes on alone", async () => {
  const trials: Trial[] = [{ given: { lr: 0.1 } }];
  const choice: TrialsChoice = { optimizer: "adam", epochs: 3 };
  const expected = (await trainGroup(noisy, trials, choice)).map(numbersOf);
  const left = await stoppedAfter(1, noisy, await stoppedAfter(2, noisy, trials, choice), choice);
  assert.deepEqual((await trainGroup(noisy, left, choice)).map(numbersOf), expected);
});

test("pausing after every epoch is going through", async () => {
  const trials: Trial[] = [{ given: { lr: 0.1 } }, { given: { lr: 0.2 }, seed: 2 }];
  const choice: TrialsChoice = { optimizer: "adam", epochs: 4 };
  const expected = (await trainGroup(noisy, trials, choice)).map(numbersOf);
  let left = trials;
  for (const pauseAfter of [1, 2, 3]) {
    const outcomes = await trainGroup(noisy, left, { ...choice, pauseAfter });
    left = continued(left, outcomes);
    assert.deepEqual(left.map(({ checkpoint }) => [checkpoint!.epoch, checkpoint!.step]), [
      [pauseAfter + 1, 0],
      [pauseAfter + 1, 0],
    ]);
  }
  assert.deepEqual((await trainGroup(noisy, left, { ...choice, pauseAfter: 4 })).map(numbersOf), expected);
});

test("the time before a checkpoint is the trial's too", async () => {
  const trials: Trial[] = [{ given: { lr: 0.1 } }, { given: { lr: 0.2 } }];
  const left = continued(trials, await trainGroup(slope, trials, { pauseAfter: 1 })).map((trial) => {
    const checkpoint = { ...trial.checkpoint!, seconds: 1000, compileSeconds: 7 };
    return { ...trial, checkpoint };
  });
  const outcomes = await trainGroup(slope, left);
  outcomes.forEach((outcome, i) => {
    assert.ok(outcome.status === "completed");
    const { epochSeconds, wallSeconds, compileSeconds, stepMs } = outcome;
    const { record } = left[i].checkpoint;
    assert.equal(epochSeconds[0], record.epochSeconds[0]);
    assert.ok(epochSeconds[1] > 1000 && wallSeconds >= epochSeconds[1] && wallSeconds < 2000);
    assert.equal(compileSeconds, 7);
    assert.deepEqual(stepMs.slice(0, record.stepTimes.samples.length), record.stepTimes.samples);
    assert.ok(stepMs.length > record.stepTimes.samples.length);
  });
});

test("a checkpoint does not change when the training goes on", async () => {
  const taken: { checkpoint: TrialCheckpoint; bytes: Uint8Array }[] = [];
  await trainGroup(
    running,
    [{ given: { lr: 1e-3, momentum: 0.9 } }, { given: { lr: 2e-3, momentum: 0.5 } }],
    {
      checkpointMs: 0,
      listener: {
        onCheckpoint(checkpoints) {
          for (const checkpoint of checkpoints.values()) {
            taken.push({ checkpoint, bytes: encodeCheckpoint(checkpoint) });
          }
        },
      },
    },
  );
  assert.ok(taken.length > 4);
  for (const { checkpoint, bytes } of taken) assert.deepEqual(encodeCheckpoint(checkpoint), bytes);
});

test("checkpoints are taken of trials that are still in training, and only where they are asked for", async () => {
  const bounds = [{ pruner: "asha", costs: [-1e9] }];
  const trials: Trial[] = [
    { given: { lr: 0.1 }, stopping: { bounds, pruners: [], atTarget: false } },
    { given: { lr: 0.1 } },
  ];
  const taken = new Set<string>();
  const listener: TrialsChoice["listener"] = {
    onCheckpoint(checkpoints) {
      for (const [trial, { epoch }] of checkpoints) taken.add(`${trial} in epoch ${epoch}`);
    },
  };
  for (const checkpointMs of [undefined, 1e9]) await trainGroup(slope, trials, { checkpointMs, listener });
  assert.equal(taken.size, 0);
  await trainGroup(slope, trials, { checkpointMs: 0, listener });
  assert.deepEqual([...taken], ["0 in epoch 1", "1 in epoch 1", "1 in epoch 2"]);
});

test("trials that are not at the same step are not trained together", async () => {
  const trials: Trial[] = [{ given: { lr: 0.1 } }, { given: { lr: 0.2 } }];
  const [first] = continued(trials, await trainGroup(slope, trials, { pauseAfter: 1 }));
  await assert.rejects(trainGroup(slope, [first, trials[1]]), {
    message: "Cannot train trials together: one is at epoch 2, step 0, another at the start; " +
      "group those that are at the same step",
  });
  const [, second] = await stoppedAfter(1, slope, trials, {});
  await assert.rejects(
    trainGroup(slope, [first, second]),
    /one is at epoch 2, step 0, another at epoch 1, step 1;/,
  );
});

test("a trial does not go from company to being alone, or back", async () => {
  const trials: Trial[] = [{ given: { lr: 0.1 } }, { given: { lr: 0.2 } }];
  const [first] = continued(trials, await trainGroup(slope, trials, { pauseAfter: 1 }));
  await assert.rejects(trainGroup(slope, [first]), {
    message: "Cannot continue a trial alone: up to epoch 2, step 0, it was trained in company, " +
      "which rounds differently; continue it in company",
  });
  const [alone] = continued(trials, await trainGroup(slope, [trials[0]], { pauseAfter: 1 }));
  await assert.rejects(
    trainGroup(slope, [alone, alone]),
    /Cannot continue a trial in company: .* trained alone/,
  );
});

test("a trial does not go on with another model or optimizer", async () => {
  const trials: Trial[] = [{ given: { lr: 0.1 } }];
  const left = continued(trials, await trainGroup(slope, trials, { pauseAfter: 1 }));
  const given = { lr: 0.1, momentum: 0.9 };
  await assert.rejects(trainGroup(slope, [{ ...left[0], given }]), {
    message:
      'Cannot continue from checkpoint: it has no "a/momentum_buffer" of shape [1]; start the trial anew',
  });
  const wider: Task = { ...slope, parameters: { ...slope.parameters, a: { shape: [2], init: normal(1) } } };
  await assert.rejects(trainGroup(wider, left), /it has no "a" of shape \[2\];/);
});
