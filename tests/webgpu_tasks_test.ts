/** A step and an evaluation of every network, on two rows of made-up data, for trials together. */
import assert from "node:assert/strict";
import { Random } from "../datasets/random.ts";
import { type Column, type Split, type Values } from "../datasets/dataset.ts";
import { sizeOf } from "../datasets/shape.ts";
import { tasks } from "../tasks/registry.ts";
import type { Task } from "../tasks/task.ts";
import { assertClose } from "./_compiled.ts";
import { trainTrials, type TrialsChoice } from "./_trials.ts";
import { testOnWebGpu, type WebGpuTests } from "./_webgpu.ts";

const ROWS = 2;
/** Classes and characters are among the first ten. */
const FEW = ["labels", "tokens"];

function drawn(name: string, { shape, dtype }: Column, random: Random): Values {
  const length = ROWS * sizeOf(shape);
  return dtype === "float"
    ? Float32Array.from({ length }, () => random.normal())
    : Uint8Array.from({ length }, () => Math.floor((FEW.includes(name) ? 10 : 256) * random.uniform()));
}

function miniature(task: Task): Task {
  const random = new Random(1, "rows");
  const columns = Object.entries(task.data.columns).map(([name, column]) =>
    [name, drawn(name, column, random)] as const
  );
  const split: Split = { rows: ROWS, columns: Object.fromEntries(columns) };
  const data = { ...task.data, trainRows: ROWS, testRows: ROWS, load: () => ({ train: split, test: split }) };
  return { ...task, data, batchSize: ROWS, testBatchSize: ROWS, epochs: 1 };
}

/** Sums of many squares are as exact as that in float32. */
const TOLERANCE = 1e-4;

async function metrics(task: Task, rates: readonly number[], choice?: TrialsChoice): Promise<number[]> {
  const trials = rates.map((lr, i) => ({ given: { lr, schedule: "constant" }, seed: i + 1 }));
  const outcomes = await trainTrials(task, trials, choice);
  return outcomes.flatMap(({ epochs: [{ trainLoss, testLoss, testAccuracy = 0 }] }) => [
    trainLoss,
    testLoss,
    testAccuracy,
  ]);
}

/** One task for each kind of network, with learning rates at which a step matters, one for each trial. */
const networks: Readonly<Record<string, readonly number[]>> = {
  digits_mlp: [0.1, 0.03],
  mnist_2c2d: [0.01, 0.003],
  // Ten million parameters: SwiftShader has enough to do with those of one trial.
  mnist_vae: [1e-4],
  cifar10_3c3d: [0.01, 0.003],
  cifar10_resnet20: [0.1, 0.03],
  char_transformer: [0.1, 0.03],
  quadratic_deep: [0.001, 0.002],
  rosenbrock: [1e-4, 2e-4],
  beale: [1e-6, 2e-6],
  branin: [0.01, 0.02],
};

const tests: WebGpuTests = Object.fromEntries(
  Object.entries(networks).map(([name, rates]) => [
    `${name} takes the same step on WebGPU as on the CPU`,
    async (device) => {
      const task = miniature(tasks[name]);
      const onCpu = await metrics(task, rates);
      assert.ok(onCpu.every(Number.isFinite));
      assertClose(await metrics(task, rates, { device }), onCpu, TOLERANCE);
    },
  ]),
);

await testOnWebGpu(import.meta.url, tests);
