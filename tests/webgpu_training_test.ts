import assert from "node:assert/strict";
import { digits } from "../datasets/digits.ts";
import { type OptimizerName, optimizerNames } from "../optim/registry.ts";
import { decodeCheckpoint, encodeCheckpoint, type TrialCheckpoint } from "../study/training/checkpoint.ts";
import { denseClassifier } from "../tasks/classifier.ts";
import { glorotUniform } from "../tasks/initializers.ts";
import { assertClose } from "./_compiled.ts";
import { firstRows } from "./_tasks.ts";
import { trainAlone, trainGroup, trainTrials, type Trial, type TrialsChoice } from "./_trials.ts";
import { testOnWebGpu, type WebGpuTests } from "./_webgpu.ts";

/** A multilayer perceptron with four steps an epoch. */
const task = denseClassifier({
  name: "small_mlp",
  summary: "8x8 digits, 64-8-10 tanh network",
  data: firstRows(digits, 64),
  hidden: [8],
  activation: "tanh",
  weights: glorotUniform(),
  batchSize: 16,
  epochs: 2,
  target: 0.9,
});

/** Hyper-parameters that switch on what they can without others. */
const given: Readonly<Partial<Record<OptimizerName, Trial["given"]>>> = {
  lars: { momentum: 0.9, weight_decay: 0.01 },
  sgd: { momentum: 0.9, nesterov: true, clip_norm: 0.5, clip_value: 0.1, ema: 0.9 },
  adam: { amsgrad: true, weight_decay: 0.01 },
  rmsprop: { centered: true, momentum: 0.9 },
};

const TOLERANCE = 2e-5;

/** What trials measure in all epochs, in the order of the trials. */
async function metrics(trials: readonly Trial[], choice: TrialsChoice): Promise<number[]> {
  const outcomes = await trainTrials(task, trials, choice);
  return outcomes.flatMap(({ epochs }) =>
    epochs.flatMap(({ trainLoss, testLoss, testAccuracy = NaN }) => [trainLoss, testLoss, testAccuracy])
  );
}

const optimizers: WebGpuTests = Object.fromEntries(
  optimizerNames.map((optimizer) => [
    `${optimizer} trains on WebGPU as on the CPU, alone and in company`,
    async (device) => {
      const trials = [0.01, 0.03].map((lr, i) => ({ given: { lr, ...given[optimizer] }, seed: i + 1 }));
      for (const some of [trials.slice(0, 1), trials]) {
        const onCpu = await metrics(some, { optimizer });
        assertClose(await metrics(some, { optimizer, device }), onCpu, TOLERANCE);
      }
    },
  ]),
);

const momentum = { given: { lr: 0.1, momentum: 0.9 } };

await testOnWebGpu(import.meta.url, {
  ...optimizers,

  async "gradients of a batch in parts are the CPU's on WebGPU"(device) {
    const choice = { accumulate: 4 };
    assertClose(
      await metrics([momentum], { ...choice, device }),
      await metrics([momentum], choice),
      TOLERANCE,
    );
  },

  async "a trial that diverges on WebGPU does so where it does on the CPU, and leaves its group alone"(
    device,
  ) {
    const company = (
      lr: number,
    ) => [momentum, { given: { ...momentum.given, lr } }, { ...momentum, seed: 2 }];
    const [first, diverged, last] = await trainGroup(task, company(1e38), { device });
    const [, onCpu] = await trainGroup(task, company(1e38));
    assert.ok(diverged.status === "diverged" && onCpu.status === "diverged");
    assert.equal(diverged.reason, onCpu.reason);
    const others = await trainTrials(task, company(0.02), { device });
    for (const [outcome, expected] of [[first, others[0]], [last, others[2]]] as const) {
      assert.ok(outcome.status === "completed");
      assert.deepEqual(outcome.epochs, expected.epochs);
    }
  },

  async "a trial that pauses and goes on measures the same on WebGPU, to the last bit"(device) {
    const optimizer = "adam";
    const trials = [{ given: { lr: 0.01 } }, { given: { lr: 0.03 }, seed: 2 }];
    const expected = await trainTrials(task, trials, { optimizer, device });
    const paused = await trainGroup(task, trials, { optimizer, device, pauseAfter: 1 });
    const halves = trials.map((trial, i) => {
      const outcome = paused[i];
      assert.ok(outcome.status === "paused");
      return { ...trial, checkpoint: decodeCheckpoint(encodeCheckpoint(outcome.checkpoint)) };
    });
    const resumed = await trainTrials(task, halves, { optimizer, device });
    assert.deepEqual(resumed.map(({ epochs }) => epochs), expected.map(({ epochs }) => epochs));
  },

  async "a trial goes on from a checkpoint, on WebGPU or on the CPU"(device) {
    const checkpoints: TrialCheckpoint[] = [];
    const expected = await trainAlone(task, momentum.given, {
      device,
      checkpointMs: 0,
      listener: { onCheckpoint: (all) => checkpoints.push(all.get(0)!) },
    });
    const checkpoint = checkpoints.find(({ epoch }) => epoch === 2)!;
    for (const choice of [{ device }, {}]) {
      const [resumed] = await trainTrials(task, [{ ...momentum, checkpoint }], choice);
      resumed.epochs.forEach((epoch, i) =>
        assertClose([epoch.trainLoss, epoch.testLoss], [
          expected.epochs[i].trainLoss,
          expected.epochs[i].testLoss,
        ], TOLERANCE)
      );
    }
  },
});
