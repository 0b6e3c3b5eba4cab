/**
 * `deno task bench:curves [TASK [EPOCHS]]`: optbench and PyTorch train the same network with momentum SGD, from the
 * same initial values, on the same batches in the same order. The first steps must agree to the last digits; after that
 * rounding grows, in PyTorch alone as fast between its float32 and its float64. TASK is fmnist_2c2d (the default) or
 * another classifier of MNIST or Fashion-MNIST without noise; EPOCHS is 1 unless said.
 *
 * A table goes to stderr; to stdout JSON with the losses of every step of both.
 */
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Random } from "../datasets/random.ts";
import { Training } from "../study/timing/training.ts";
import { getTask } from "../tasks/registry.ts";
import { testBatchSize } from "../tasks/task.ts";
import { PyTorch } from "./pytorch.ts";

const SEED = 42;
const HYPER = { lr: 0.01, momentum: 0.9 };
const THREADS = 1;
const STEPS_PER_CALL = 20;

interface Epoch {
  readonly epoch: number;
  readonly trainLoss: { readonly ours: number; readonly pytorch: number };
  readonly testAccuracy: { readonly ours: number; readonly pytorch: number };
  /** The largest difference between the losses of a step, relative to PyTorch's. */
  readonly largestDifference: number;
}

const [name = "fmnist_2c2d", epochsText = "1"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "optbench-curves-"));
const pytorch = PyTorch.tuned("pthread");
try {
  const epochCount = Number(epochsText);
  if (!Number.isSafeInteger(epochCount) || epochCount < 1) {
    throw new Error(`Cannot parse epochs "${epochsText}": expected a positive integer`);
  }
  const task = getTask(name);
  if (!/^f?mnist_/.test(name) || task.noise) {
    throw new Error(`Cannot compare ${name}: expected a classifier of MNIST or Fashion-MNIST without noise`);
  }
  const { train, test } = task.data.load();
  const { batchSize } = task;
  const settings = { task, optimizer: "sgd", configurations: [HYPER], threads: THREADS, seed: SEED } as const;
  const training = await Training.start(settings);
  const { stepsPerEpoch } = training;

  // As study/training/feeds.ts draws the order.
  const random = new Random(SEED, "shuffle");
  const orders = Array.from(
    { length: epochCount },
    () => random.shuffled(train.rows).subarray(0, stepsPerEpoch * batchSize),
  );
  const files: Record<string, Iterable<ArrayBufferView>> = {
    values: (await training.parameters()).map((values) => Float32Array.from(values)),
    order: orders,
    train_inputs: [train.columns.inputs],
    train_labels: [train.columns.labels],
    test_inputs: [test.columns.inputs],
    test_labels: [test.columns.labels],
  };
  for (const [file, parts] of Object.entries(files)) {
    const bytes = Array.from(
      parts,
      ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
    );
    writeFileSync(join(folder, file), Buffer.concat(bytes));
  }
  const { shape } = task.data.columns.inputs;
  await pytorch.ask({
    op: "setup_curve",
    id: "curve",
    folder,
    model: name.replace(/^fmnist/, "mnist"),
    shapes: Object.values(task.parameters).map(({ shape }) => shape),
    image: [...shape, ...shape.length < 3 ? [1] : []],
    optimizer: "sgd",
    hyper: HYPER,
    batch: batchSize,
    test_rows: Math.floor(test.rows / testBatchSize(task)) * testBatchSize(task),
    threads: THREADS,
  });

  const losses: { ours: number[]; pytorch: number[] } = { ours: [], pytorch: [] };
  const epochs: Epoch[] = [];
  for (let epoch = 1; epoch <= epochCount; epoch++) {
    const ours: number[] = [];
    while (ours.length < stepsPerEpoch) {
      ours.push(...Array.from(await training.steps(Math.min(STEPS_PER_CALL, stepsPerEpoch - ours.length))));
    }
    const first = (epoch - 1) * stepsPerEpoch;
    const theirs = await pytorch.ask<"losses">({
      op: "curve_steps",
      id: "curve",
      first,
      count: stepsPerEpoch,
    });
    losses.ours.push(...ours);
    losses.pytorch.push(...theirs.losses);
    epochs.push({
      epoch,
      trainLoss: { ours: mean(ours), pytorch: mean(theirs.losses) },
      testAccuracy: { ours: await training.accuracy(), pytorch: theirs.accuracy },
      largestDifference: largestDifference(ours, theirs.losses),
    });
    report(epochs[epoch - 1], losses);
  }
  const setting = { task: name, optimizer: "sgd", ...HYPER, seed: SEED, batchSize };
  process.stdout.write(`${JSON.stringify({ ...setting, epochs, losses }, null, 2)}\n`);
} catch (error) {
  process.stderr.write(`curves: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  pytorch.close();
  rmSync(folder, { recursive: true });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value) / values.length;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]) / Math.abs(b[i])));
}

function report({ epoch, trainLoss, testAccuracy, largestDifference: all }: Epoch, losses: {
  readonly ours: readonly number[];
  readonly pytorch: readonly number[];
}): void {
  if (epoch === 1) {
    for (const steps of [1, 10, 100]) {
      const [a, b] = [losses.ours.slice(0, steps), losses.pytorch.slice(0, steps)];
      process.stderr.write(
        `first ${String(steps).padStart(3)} steps: losses differ by ${
          largestDifference(a, b).toExponential(1)
        } at most\n`,
      );
    }
  }
  const pair = ({ ours, pytorch }: { ours: number; pytorch: number }) =>
    `ours ${ours.toFixed(4)}  PyTorch ${pytorch.toFixed(4)}`;
  process.stderr.write(
    `epoch ${epoch}: training loss ${pair(trainLoss)}   test accuracy ${pair(testAccuracy)}   ` +
      `losses differ by ${all.toExponential(1)} at most\n`,
  );
}
