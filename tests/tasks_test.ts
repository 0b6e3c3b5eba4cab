import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ClassifiedSource } from "../datasets/dataset.ts";
import { mnist } from "../datasets/mnist.ts";
import { Random } from "../datasets/random.ts";
import { runEagerly } from "./_eagerly.ts";
import type { Numbers } from "../engine/device.ts";
import { HostDevice } from "../engine/devices/host.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { resolve } from "../optim/coefficients.ts";
import { partition } from "../optim/groups.ts";
import { getOptimizer } from "../optim/registry.ts";
import { bufferName, noiseName } from "../study/training/names.ts";
import { compileProgram } from "../study/training/program.ts";
import { splitConfiguration } from "../study/training/structure.ts";
import { loadProgram } from "../study/training/loaded.ts";
import { train } from "../study/training/trainer.ts";
import { mnist2c2d } from "../tasks/2c2d.ts";
import { cifar10With3c3d } from "../tasks/3c3d.ts";
import { testNorm, trainingNorm } from "../tasks/layers/batch_norm.ts";
import { scaledRate } from "../tasks/large_batch.ts";
import { cifar10Resnet20, dividedTwice } from "../tasks/resnet.ts";
import { getTask, tasks } from "../tasks/registry.ts";
import { countParameters, rolesOf, type Task, testBatchSize } from "../tasks/task.ts";
import { mnistVae } from "../tasks/vae.ts";
import { assertClose, runCompiled } from "./_compiled.ts";
import {
  colourImages,
  compiledPass,
  type Feeds,
  feedsOf,
  firstRows,
  testPass,
  trainingLoss,
  trainingPass,
} from "./_tasks.ts";

const published = {
  mnist_logreg: { parameters: 7_850, batchSize: 128, epochs: 50 },
  fmnist_logreg: { parameters: 7_850, batchSize: 128, epochs: 50 },
  mnist_mlp: { parameters: 1_336_610, batchSize: 128, epochs: 100 },
  fmnist_mlp: { parameters: 1_336_610, batchSize: 128, epochs: 100 },
  mnist_2c2d: { parameters: 3_274_634, batchSize: 128, epochs: 100 },
  fmnist_2c2d: { parameters: 3_274_634, batchSize: 128, epochs: 100 },
  mnist_vae: { parameters: 10_151_489, batchSize: 64, epochs: 50 },
  fmnist_vae: { parameters: 10_151_489, batchSize: 64, epochs: 100 },
  cifar10_3c3d: { parameters: 895_210, batchSize: 128, epochs: 100 },
  cifar10_resnet20: { parameters: 269_722, batchSize: 128, epochs: 164 },
};

test("networks have the size and the budget that they are published with", () => {
  for (const [name, expected] of Object.entries(published)) {
    const task = getTask(name);
    const { batchSize, epochs } = task;
    assert.deepEqual({ parameters: countParameters(task), batchSize, epochs }, expected, name);
    assert.equal(task.data.name, name.split("_")[0]);
  }
});

test("the target of a classifier is an accuracy", () => {
  for (const { name, metric, target } of Object.values(tasks)) {
    assert.ok(metric === "loss" || (target > 0.5 && target < 1), name);
  }
});

/** The four networks, on data that every machine has. */
const ROWS = 20;
const digits = firstRows(mnist, ROWS);
const networks = {
  "2c2d": on(digits, mnist2c2d),
  vae: on(digits, mnistVae),
  "3c3d": on(colourImages(ROWS), cifar10With3c3d),
  resnet20: on(colourImages(ROWS), cifar10Resnet20),
};

/** The mean over the digits of the squared error of an image that is half grey all over. */
const greyError = Array.from(digits.load().train.columns.inputs)
  .reduce((sum, byte) => sum + (byte / 255 - 0.5) ** 2, 0) / ROWS;

function on(data: ClassifiedSource, task: Task): Task {
  return { ...task, data };
}

/** Mean and standard deviation. */
function moments(values: ArrayLike<number>): { mean: number; sd: number } {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return { mean, sd: Math.sqrt(squares / values.length) };
}

function assertStart(values: ArrayLike<number>, sd: number, name: string) {
  const found = moments(values);
  assert.ok(Math.abs(found.mean) < 4 * sd / Math.sqrt(values.length), `${name}: mean ${found.mean}`);
  assert.ok(Math.abs(found.sd / sd - 1) < 4 / Math.sqrt(values.length), `${name}: sd ${found.sd}, not ${sd}`);
}

const SD_WITHIN_TWO = 0.87962566;

test("2c2d starts with a truncated normal of 0.05, and biases of 0.05", () => {
  const { data } = feedsOf(networks["2c2d"], 1, 1);
  for (const layer of ["conv1", "conv2", "dense1", "dense2"]) {
    assertStart(data[`${layer}_w`], 0.05 * SD_WITHIN_TWO, layer);
    assert.ok(data[`${layer}_b`].every((b) => b === Math.fround(0.05)), layer);
  }
});

test("3c3d and the auto-encoder start with Glorot's variances, and biases of 0", () => {
  for (const task of [networks["3c3d"], networks.vae]) {
    const { data } = feedsOf(task, 1, 1);
    for (const [name, { shape }] of Object.entries(task.parameters)) {
      if (name.endsWith("_b")) assert.ok(data[name].every((b) => b === 0), name);
      else {
        const [inputs, outputs] = shape.slice(-2);
        const pixels = shape.length === 4 ? shape[0] * shape[1] : 1;
        assertStart(data[name], Math.sqrt(2 / (pixels * (inputs + outputs))), name);
      }
    }
  }
});

test("the residual network starts with a variance of 2 over the fan-in, gains of 1 and biases of 0", () => {
  const { data } = feedsOf(networks.resnet20, 1, 1);
  assertStart(data.conv_w, Math.sqrt(2 / 27), "conv");
  assertStart(data.stage2_block1_conv1_w, Math.sqrt(2 / (9 * 16)), "stage2_block1_conv1");
  assertStart(data.stage3_block3_conv2_w, Math.sqrt(2 / (9 * 64)), "stage3_block3_conv2");
  assertStart(data.dense_w, Math.sqrt(2 / 64), "dense");
  assert.deepEqual(data.stage1_block2_conv1_norm_gain, new Float32Array(16).fill(1));
  assert.deepEqual(data.stage1_block2_conv1_norm_bias, new Float32Array(16).fill(0));
  assert.deepEqual(data[bufferName("stage1_block2_conv1_norm_mean")], new Float32Array(16).fill(0));
  assert.deepEqual(data[bufferName("stage1_block2_conv1_norm_variance")], new Float32Array(16).fill(1));
});

/** One loss, or all that a pass computes. */
async function measure(pass: TensorFunction, { specs, data }: Feeds): Promise<Record<string, number[]>> {
  const results = await (await compiledPass(pass, specs))(data);
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, Array.from(values)]));
}

test("the first loss of a classifier is near ln 10; of 3c3d, with 1.262 for its weights", async () => {
  for (const seed of [1, 2]) {
    const [flat] = (await measure(testPass(networks["2c2d"]), feedsOf(networks["2c2d"], ROWS, seed))).loss;
    assert.ok(Math.abs(flat - Math.log(10)) < 0.3, `2c2d: ${flat}`);
    // DeepOBS' baselines begin at 3.59.
    for (const pass of [testPass, trainingLoss]) {
      const [deep] = (await measure(pass(networks["3c3d"]), feedsOf(networks["3c3d"], ROWS, seed))).loss;
      assert.ok(Math.abs(deep - Math.log(10) - 1.262) < 0.2, `3c3d: ${deep}`);
    }
  }
});

test("the first loss of the auto-encoder is near that of a half grey image", async () => {
  // On the whole of MNIST, DeepOBS' baselines begin at 181.4.
  const { loss: [trained] } = await measure(trainingLoss(networks.vae), feedsOf(networks.vae, ROWS, 1));
  const { loss: [tested] } = await measure(testPass(networks.vae), feedsOf(networks.vae, ROWS, 1));
  for (const loss of [trained, tested]) {
    assert.ok(Math.abs(loss - greyError) < 1, `${loss}, not ${greyError}`);
  }
});

for (const [name, task] of Object.entries(networks)) {
  test(`gradients of ${name} are the float64 differences of its loss, in a random direction`, async () => {
    const feeds = feedsOf(task, 3, 5);
    const random = new Random(1, "directions");
    // Away from biases of 0, where a pixel of 0 stands at the kink of a ReLU.
    const biases = Object.keys(task.parameters).filter((name) => !name.endsWith("_w"));
    const data = moved(feeds.data, drawn(feeds.data, biases, random), 0.05);
    const gradients = await (await compiledPass(trainingPass(task), feeds.specs, "float64"))(data);
    const direction = drawn(data, Object.keys(task.parameters), random);
    let slope = 0;
    for (const [name, values] of Object.entries(direction)) {
      assert.ok(gradients[name].some((g) => g !== 0), `${name} has no gradient`);
      for (let i = 0; i < values.length; i++) slope += values[i] * gradients[name][i];
    }
    const loss = await compiledPass(trainingLoss(task), feeds.specs, "float64");
    // Small enough that no kink is passed.
    const h = 1e-9;
    const above = await loss(moved(data, direction, h));
    const below = await loss(moved(data, direction, -h));
    const difference = (above.loss[0] - below.loss[0]) / (2 * h);
    assert.ok(
      Math.abs(difference - slope) <= 1e-4 * Math.abs(slope),
      `${slope} analytically, ${difference} by differences`,
    );
  });
}

/** A random number, from -1 to 1, for each of those under some names. */
function drawn(data: Feeds["data"], names: readonly string[], random: Random): Record<string, Float64Array> {
  return Object.fromEntries(names.map((name) => {
    const values = new Float64Array(data[name].length);
    for (let i = 0; i < values.length; i++) values[i] = 2 * random.uniform() - 1;
    return [name, values];
  }));
}

/** With so much of a direction added. */
function moved(data: Feeds["data"], direction: Feeds["data"], by: number): Feeds["data"] {
  const values = Object.entries(direction).map(([name, step]) => {
    const sum = new Float64Array(data[name]);
    for (let i = 0; i < sum.length; i++) sum[i] += by * step[i];
    return [name, sum];
  });
  return { ...data, ...Object.fromEntries(values) };
}

/** The losses of a training's epochs with Adam, on the same few rows again and again. */
async function trainingLosses(task: Task, lr: number, epochs: number): Promise<number[]> {
  const small: Task = { ...task, batchSize: 10, testBatchSize: 10, learningRate: undefined };
  const optimizer = getOptimizer("adam");
  const values = resolve(optimizer, { lr });
  const { groups, coefficients } = splitConfiguration(optimizer, partition(rolesOf(task), []), values);
  const program = compileProgram({ task: small, optimizer, groups, batchSize: 10 }, "float32");
  const [outcome] = await train(
    await loadProgram(program, new HostDevice()),
    small,
    [{ seed: 1, coefficients, schedule: "constant" }],
    { epochs, batchSize: 10, shuffle: "every-epoch", startMs: 0, compileSeconds: 0 },
    {},
  );
  assert.ok(outcome.status === "completed", JSON.stringify(outcome));
  return outcome.epochs.map(({ trainLoss }) => trainLoss);
}

const trainable: [keyof typeof networks, lr: number, epochs: number, fraction: number][] = [
  ["2c2d", 0.001, 8, 0.2],
  ["vae", 0.001, 3, 0.6],
  ["3c3d", 0.001, 12, 0.8],
  ["resnet20", 0.01, 6, 0.6],
];

for (const [name, lr, epochs, fraction] of trainable) {
  test(`${name} learns a few rows`, async () => {
    const losses = await trainingLosses(networks[name], lr, epochs);
    assert.ok(losses.at(-1)! < fraction * losses[0], losses.join(" "));
  });
}

test("the auto-encoder's bound is the squared error and the divergence of its normal distribution", async () => {
  const feeds = feedsOf(networks.vae, ROWS, 1);
  const [mean, logVariance] = [0.7, -0.4];
  const data: Record<string, Numbers> = { ...feeds.data };
  for (const name of Object.keys(networks.vae.parameters)) data[name] = data[name].map(() => 0);
  data.mean_b = data.mean_b.map(() => mean);
  data.log_variance_b = data.log_variance_b.map(() => logVariance);
  const { loss } = await measure(testPass(networks.vae), { specs: feeds.specs, data });
  const divergence = -0.5 * 8 * (1 + logVariance - mean ** 2 - Math.exp(logVariance));
  // Every pixel is sigmoid(0).
  assertClose(loss, [greyError + divergence], 1e-5);
});

const dropped = ["conv1", "conv2", "conv3", "transposed1", "transposed2"];

test("dropout takes away what it does not keep, in training alone", async () => {
  const feeds = feedsOf(networks.vae, ROWS, 1);
  const data: Record<string, Numbers> = { ...feeds.data };
  for (const layer of dropped) data[noiseName(layer)] = data[noiseName(layer)].map(() => 0);
  const { loss } = await measure(trainingLoss(networks.vae), { specs: feeds.specs, data });
  assertClose(loss, [greyError], 1e-5);
  const tested = await measure(testPass(networks.vae), { specs: feeds.specs, data });
  assert.deepEqual(tested, await measure(testPass(networks.vae), feeds));
});

test("what dropout keeps is divided by 0.8", async () => {
  const { specs, data } = feedsOf(networks.vae, ROWS, 1);
  const keepAll = Object.fromEntries(
    dropped.map((layer) => [noiseName(layer), data[noiseName(layer)].map(() => 1)]),
  );
  const { loss } = await measure(trainingLoss(networks.vae), { specs, data: { ...data, ...keepAll } });
  // Without biases, as at the start, what one layer is scaled by comes out at the end.
  const scaled = (name: string, layers: number) => ({ [name]: data[name].map((w) => w / 0.8 ** layers) });
  const tested = await measure(testPass(networks.vae), {
    specs,
    data: { ...data, ...scaled("mean_w", 3), ...scaled("log_variance_w", 3), ...scaled("image_w", 2) },
  });
  assertClose(loss, tested.loss, 1e-5);
});

const NORM_SPECS = {
  x: { shape: [6, 2, 2, 3], dtype: "float" },
  norm_gain: { shape: [3], dtype: "float" },
  norm_bias: { shape: [3], dtype: "float" },
  norm_mean: { shape: [3], dtype: "float" },
  norm_variance: { shape: [3], dtype: "float" },
} as const;

function normData() {
  const random = new Random(1, "norm");
  return {
    // A mean a thousand times the spread: the variance must not be a difference of squares.
    x: Array.from({ length: 72 }, (_, i) => 1000 + (i % 3) + random.normal()),
    norm_gain: [1, 2, 0.5],
    norm_bias: [0, -1, 3],
    norm_mean: [10, 20, 30],
    norm_variance: [1, 2, 3],
  };
}

const normalize: TensorFunction = ({ x, ...tensors }) => {
  const { norm, next } = trainingNorm(tensors, tensors);
  return { y: norm("norm", x), ...next };
};

test("batch normalization gives each channel the mean and the spread of its bias and gain", async () => {
  const data = normData();
  const { y } = await runCompiled(normalize, NORM_SPECS, data);
  for (const channel of [0, 1, 2]) {
    const { mean, sd } = moments(y.filter((_, i) => i % 3 === channel));
    assertClose([mean, sd], [data.norm_bias[channel], data.norm_gain[channel]], 1e-3);
  }
});

test("running statistics move a tenth towards the batch's mean and unbiased variance", async () => {
  const data = normData();
  const { norm_mean, norm_variance } = await runCompiled(normalize, NORM_SPECS, data);
  for (const channel of [0, 1, 2]) {
    const { mean, sd } = moments(data.x.filter((_, i) => i % 3 === channel));
    const expectedMean = 0.9 * data.norm_mean[channel] + 0.1 * mean;
    const expectedVariance = 0.9 * data.norm_variance[channel] + 0.1 * sd ** 2 * 24 / 23;
    assertClose([norm_mean[channel], norm_variance[channel]], [expectedMean, expectedVariance], 1e-4);
  }
});

test("in test, a channel is normalized with the running statistics", async () => {
  const data = normData();
  const { y } = await runCompiled(
    ({ x, ...tensors }) => ({ y: testNorm(tensors, tensors)("norm", x) }),
    NORM_SPECS,
    data,
  );
  const expected = data.x.map((x, i) =>
    (x - data.norm_mean[i % 3]) / Math.sqrt(data.norm_variance[i % 3] + 1e-5) * data.norm_gain[i % 3] +
    data.norm_bias[i % 3]
  );
  assertClose(y, expected, 1e-4);
});

test("the residual network's answer to a row does not depend on the other rows of a test batch", async () => {
  const task = networks.resnet20;
  const [together, alone] = [feedsOf(task, 2, 1), feedsOf(task, 1, 1)];
  const { loss: [mean] } = await measure(testPass(task), together);
  const losses = [];
  for (const row of [0, 1]) {
    const columns = Object.entries(together.data).filter(([name]) => name.startsWith("data/")).map((
      [name, values],
    ) => [name, values.slice(row * values.length / 2, (row + 1) * values.length / 2)]);
    const data = { ...alone.data, ...Object.fromEntries(columns) };
    losses.push((await measure(testPass(task), { specs: alone.specs, data })).loss[0]);
  }
  assertClose([mean], [(losses[0] + losses[1]) / 2], 1e-5);
});

test("the residual network's buffers after a step are those of its normalizations, all moved", async () => {
  const task = networks.resnet20;
  const feeds = feedsOf(task, ROWS, 1);
  const results = await measure(trainingPass(task), feeds);
  const names = Object.keys(task.buffers!).map(bufferName);
  assert.equal(names.length, 2 * 19);
  for (const name of names) assert.notDeepEqual(results[name], Array.from(feeds.data[name]), name);
});

test("the residual network's learning rate is divided by 10 in the middle and at three quarters", () => {
  const course = { stepsPerEpoch: 390, epochs: 164 };
  const steps = [0, 31_979, 31_980, 47_969, 47_970, 63_959];
  assert.deepEqual(steps.map((step) => dividedTwice(step, course)), [1, 1, 0.1, 0.1, 0.01, 0.01]);
});

test("large batches differ in batch and learning rate alone, and are measured on the same rows", () => {
  const large = Object.values(tasks).filter(({ name }) => name.startsWith("large_batch_"));
  assert.deepEqual(large.map(({ batchSize }) => batchSize), [256, 512, 1024, 2048, 4096, 8192, 16384]);
  for (const task of large) {
    assert.equal(task.name, `large_batch_${task.batchSize}`);
    assert.equal(testBatchSize(task), 128);
    assert.deepEqual(Object.keys(task.parameters), Object.keys(mnist2c2d.parameters));
    assert.equal(task.epochs, large[0].epochs);
    assert.equal(task.target, mnist2c2d.target);
  }
});

test("the scaled learning rate warms up for five epochs to batch / 256, then decays with power 2", () => {
  const course = { stepsPerEpoch: 10, epochs: 25 };
  const rates = [0, 25, 50, 150, 249].map((step) => scaledRate(2048, step, course));
  assertClose(rates, [1, 4.5, 8, 2, 8 * (1 / 200) ** 2]);
});

test("the scaled learning rate never jumps and stays above zero, whatever the batch and the course", () => {
  const batchSize = fc.integer({ min: 1, max: 2 ** 20 });
  const count = fc.integer({ min: 1, max: 60 });
  fc.assert(fc.property(batchSize, count, count, (batchSize, stepsPerEpoch, epochs) => {
    const course = { stepsPerEpoch, epochs };
    const rates = Array.from(
      { length: stepsPerEpoch * epochs },
      (_, step) => scaledRate(batchSize, step, course),
    );
    const scale = batchSize / 256;
    const largestMove = Math.max(Math.abs(scale - 1) / (5 * stepsPerEpoch), 2 * scale / stepsPerEpoch);
    rates.forEach((rate, i) => {
      assert.ok(rate > 0 && rate <= Math.max(1, scale) * (1 + 1e-12));
      if (i > 0 && epochs > 5) assert.ok(Math.abs(rate - rates[i - 1]) <= largestMove * (1 + 1e-9));
    });
  }));
});

test("compiled, networks compute what TensorFlow.js does", async () => {
  for (const name of ["3c3d", "resnet20"] as const) {
    const task = networks[name];
    const feeds = feedsOf(task, 1, 3);
    const pass = testPass(task);
    assertClose((await measure(pass, feeds)).loss, runEagerly(pass, feeds.specs, feeds.data).loss, 1e-5);
  }
});
