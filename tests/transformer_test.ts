import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Tensor } from "@tensorflow/tfjs";
import { Random } from "../datasets/random.ts";
import { sizeOf } from "../datasets/shape.ts";
import { shakespeare, type TextSource } from "../datasets/text.ts";
import { compileFunction, compileLoop, type Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { resolve } from "../optim/coefficients.ts";
import { partition } from "../optim/groups.ts";
import { getOptimizer } from "../optim/registry.ts";
import { dataName, ROWS } from "../study/training/names.ts";
import { initialState, trainingStep } from "../study/training/steps.ts";
import { splitConfiguration } from "../study/training/structure.ts";
import { countParameters, rolesOf, type Task } from "../tasks/task.ts";
import { charTransformer, charTransformerOn } from "../tasks/transformer.ts";
import { runCompiled } from "./_compiled.ts";

/** Three windows of seven, each token from 0 to 5. */
const SOME_TOKENS = Array.from({ length: 21 }, (_, i) => (i * i + i) % 7 % 6);
const EXTRA = { noise: {}, buffers: {} };

/** Windows of a few characters, so that all of them can be written down. */
function smallText(characters: string, context: number): TextSource {
  return {
    ...shakespeare,
    context,
    vocabulary: [...characters],
    columns: { tokens: { shape: [context + 1], dtype: "uint8" } },
  };
}

function specsOf({ parameters, data }: Task, batchSize: number): Specs {
  const { shape, dtype } = data.columns.tokens;
  return {
    ...Object.fromEntries(
      Object.entries(parameters).map(([name, { shape }]) => [name, { shape, dtype: "float" as const }]),
    ),
    tokens: { shape: [batchSize, ...shape], dtype },
  };
}

function initialValues({ parameters }: Task): Record<string, number[]> {
  const random = new Random(1, "initial values");
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, init }]) => [name, Array.from(init.fill(shape, random))]),
  );
}

/** Far from the first values, so that everything matters: attention is sharp, no gain is 1, no bias 0. */
function unevenValues(task: Task): Record<string, number[]> {
  const random = new Random(2, "uneven values");
  const sd = (name: string) => /embedding|positions|_w$/.test(name) ? 0.3 : 0.5;
  return Object.fromEntries(
    Object.entries(initialValues(task)).map(([name, values]) => [
      name,
      values.map((value) => (name.endsWith("gain") ? value : 0) + sd(name) * random.normal()),
    ]),
  );
}

/** All windows of so many tokens, each from 0 to one less than `tokens`. */
function allWindows(tokens: number, length: number): number[][] {
  if (length === 0) return [[]];
  const shorter = allWindows(tokens, length - 1);
  return shorter.flatMap((window) => Array.from({ length: tokens }, (_, token) => [...window, token]));
}

/** The probability of all characters of each window after its first, given the first. */
async function probabilities(task: Task, windows: readonly number[][]): Promise<number[]> {
  const executable = await HostExecutable.load(
    compileFunction(
      ({ tokens, ...params }) => ({ loss: task.loss(params, { tokens }, EXTRA) as Tensor }),
      specsOf(task, 1),
      "float64",
    ),
  );
  const values = Object.entries(unevenValues(task)).map(([name, v]) => [name, executable.value(name, v)]);
  const result: number[] = [];
  for (const window of windows) {
    const feeds = { ...Object.fromEntries(values), tokens: executable.value("tokens", window) };
    const { loss } = await executable.run(feeds);
    result.push(Math.exp(-numbers(loss)[0] * (window.length - 1)));
  }
  await executable.release();
  return result;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

test("char_transformer has the parameters of a two-layer GPT-2 of width 64 on 70 characters", () => {
  const task = charTransformer(shakespeare);
  const [characters, context, width] = [70, 64, 64];
  const norm = 2 * width;
  const dense = (inputs: number, outputs: number) => (inputs + 1) * outputs;
  const layer = 2 * norm + 4 * dense(width, width) + dense(width, 4 * width) + dense(4 * width, width);
  assert.equal(countParameters(task), (characters + context) * width + 2 * layer + norm);
  assert.equal(countParameters(task), 108_672);
});

test("weights start at sd 0.02, those into the residual stream at half of it, gains at 1, biases at 0", () => {
  for (const [name, values] of Object.entries(initialValues(charTransformer(shakespeare)))) {
    if (/gain$|bias$|_b$/.test(name)) {
      assert.ok(values.every((value) => value === (name.endsWith("gain") ? 1 : 0)), name);
      continue;
    }
    const sd = Math.sqrt(sum(values.map((value) => value ** 2)) / values.length);
    const expected = /projection|down/.test(name) ? 0.01 : 0.02;
    assert.ok(Math.abs(sd / expected - 1) < 0.05, `${name} has sd ${sd}`);
  }
});

test("the first loss is that of a guess among all characters", async () => {
  const task = charTransformer(shakespeare);
  const tokens = Array.from(shakespeare.load().train.columns.tokens.subarray(0, 8 * 65));
  const { loss, accuracy } = await runCompiled(
    ({ tokens, ...params }) => task.evaluate(params, { tokens }, EXTRA) as Record<string, Tensor>,
    specsOf(task, 8),
    { ...initialValues(task), tokens },
  );
  assert.ok(Math.abs(loss[0] - Math.log(70)) < 0.03, `the loss is ${loss[0]}`);
  assert.ok(accuracy[0] >= 0 && accuracy[0] < 0.2, `the accuracy is ${accuracy[0]}`);
});

// The golden value is PyTorch 1.13's, in float64, of F.layer_norm, F.linear, softmax, F.gelu(approximate="tanh") and
// F.cross_entropy with the same parameters.
test("the loss is what PyTorch computes for the same network", async () => {
  const task = charTransformer(smallText("abcdef", 6));
  const values = Object.entries(task.parameters).map(([name, { shape }], p) => {
    const wave = Array.from({ length: sizeOf(shape) }, (_, i) => 0.3 * Math.sin(7 * p + i + 1));
    return [name, name.endsWith("gain") ? wave.map((value) => 1 + value) : wave];
  });
  const { loss } = await runCompiled(
    ({ tokens, ...params }) => ({ loss: task.loss(params, { tokens }, EXTRA) as Tensor }),
    specsOf(task, 3),
    { ...Object.fromEntries(values), tokens: SOME_TOKENS },
    "float64",
  );
  assert.ok(Math.abs(loss[0] - 13.846245387876637) < 1e-7, `the loss is ${loss[0]}`);
});

// If a prediction saw a character that it is to predict, or one after it, these were no probabilities.
test("the probabilities of everything that can follow a character add up to 1", async () => {
  const windows = allWindows(3, 5);
  const found = await probabilities(charTransformer(smallText("abc", 4)), windows);
  for (const first of [0, 1, 2]) {
    const total = sum(found.filter((_, i) => windows[i][0] === first));
    assert.ok(Math.abs(total - 1) < 1e-9, `after ${first} they add up to ${total}`);
  }
  assert.ok(Math.max(...found) > 3 * Math.min(...found), "all continuations are alike");
});

test("a prediction depends on every character before it, and on their order", async () => {
  const windows = allWindows(2, 5);
  const found = await probabilities(charTransformer(smallText("ab", 4)), windows);
  /** Of token 1 after those. */
  const next = (...before: number[]) => {
    const [zero, one] = [0, 1].map((last) =>
      found[windows.findIndex((w) => String(w) === String([...before, last]))]
    );
    return one / (zero + one);
  };
  const predictions = [
    next(0, 0, 0, 0),
    next(1, 0, 0, 0),
    next(0, 1, 0, 0),
    next(0, 0, 1, 0),
    next(0, 0, 0, 1),
  ];
  for (const [i, a] of predictions.entries()) {
    for (const b of predictions.slice(0, i)) assert.ok(Math.abs(a - b) > 1e-4, `predictions: ${predictions}`);
  }
});

test("accuracy is the fraction of characters whose probability is the largest", async () => {
  const task = charTransformer(smallText("ab", 1));
  const windows = allWindows(2, 2);
  const found = await probabilities(task, windows);
  const { accuracy } = await runCompiled(
    ({ tokens, ...params }) => task.evaluate(params, { tokens }, EXTRA) as Record<string, Tensor>,
    specsOf(task, 4),
    { ...unevenValues(task), tokens: windows.flat() },
  );
  assert.equal(accuracy[0], found.filter((probability) => probability > 0.5).length / 4);
});

/** The loss, and the gradient of every parameter. */
function lossWithGradients(task: Task) {
  return ({ tokens, ...params }: Readonly<Record<string, Tensor>>) => {
    const { loss, gradients } = lossAndGradients((params) => task.loss(params, { tokens }, EXTRA))(params);
    return { loss, ...gradients } as Record<string, Tensor>;
  };
}

test("compiled gradients agree with those that TensorFlow.js computes on its own", async () => {
  const task = charTransformer(smallText("abcdef", 6));
  const data = { ...unevenValues(task), tokens: SOME_TOKENS };
  const compiled = await runCompiled(lossWithGradients(task), specsOf(task, 3), data);
  const eager = runEagerly(lossWithGradients(task), specsOf(task, 3), data);
  for (const [name, expected] of Object.entries(eager)) {
    const magnitude = Math.max(...expected.map(Math.abs));
    // A key's bias adds the same to all scores of a row, which softmax takes out again: its gradient is rounding errors.
    const tolerance = name.endsWith("key_b") ? 1e-5 : 1e-4 * magnitude;
    expected.forEach((value, i) =>
      assert.ok(
        Math.abs(compiled[name][i] - value) <= tolerance,
        `${name}[${i}] is ${compiled[name][i]}, not ${value}`,
      )
    );
  }
});

test("gradients are the float64 differences of the loss", async () => {
  const task = charTransformer(smallText("abcdef", 6));
  const values: Record<string, number[]> = {
    ...unevenValues(task),
    tokens: SOME_TOKENS,
  };
  const executable = await HostExecutable.load(
    compileFunction(lossWithGradients(task), specsOf(task, 3), "float64"),
  );
  const evaluate = () =>
    executable.run(
      Object.fromEntries(Object.entries(values).map(([name, v]) => [name, executable.value(name, v)])),
    );
  const { loss: _, ...gradients } = await evaluate();
  const random = new Random(3, "elements");
  for (const [name, gradient] of Object.entries(gradients)) {
    const analytic = numbers(gradient);
    for (let check = 0; check < 2; check++) {
      const i = Math.floor(random.uniform() * analytic.length);
      const h = 1e-5;
      const original = values[name][i];
      values[name][i] = original + h;
      const above = numbers((await evaluate()).loss)[0];
      values[name][i] = original - h;
      const below = numbers((await evaluate()).loss)[0];
      values[name][i] = original;
      const difference = (above - below) / (2 * h);
      assert.ok(
        Math.abs(difference - analytic[i]) <= 1e-8 + 1e-5 * Math.abs(analytic[i]),
        `${name}[${i}]: ${analytic[i]} analytically, ${difference} by differences`,
      );
    }
  }
  await executable.release();
});

test("sixty steps of Adam on eight windows of the plays halve the loss", async () => {
  const task = charTransformer(shakespeare);
  const optimizer = getOptimizer("adam", undefined);
  const values = resolve(optimizer, { lr: 0.01 });
  const { groups, coefficients: fed } = splitConfiguration(optimizer, partition(rolesOf(task), []), values);
  const settings = { task, optimizer, groups, batchSize: 8 };
  const coefficients = Object.fromEntries(
    Object.entries(fed).map(([name, value]) => [name, [value]]),
  );
  const point = { ...initialValues(task), ...coefficients };
  const init = initialState(settings);
  const state = await runCompiled(init.fn, init.specs, point);
  const step = trainingStep(settings, compileFunction(init.fn, init.specs, "float32").outputs);

  const executable = await HostExecutable.load(compileLoop(step.fn, step.specs, "float32"));
  const feeds = {
    ...point,
    ...state,
    [dataName("tokens")]: shakespeare.load().train.columns.tokens,
    [ROWS]: Array.from({ length: 60 * 8 }, (_, i) => i % 8),
  };
  const { loss } = await executable.run(
    Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, executable.value(name, values)])),
  );
  await executable.release();
  const losses = numbers(loss);
  assert.equal(losses.length, 60);
  assert.ok(losses[59] < losses[0] / 2, `the loss went from ${losses[0]} to ${losses[59]}`);
});

test("a text of the user's own makes a task with its characters", () => {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    const file = join(folder, "my.txt");
    writeFileSync(file, "naïve café\n".repeat(2000));
    const task = charTransformerOn(file);
    assert.deepEqual(task.parameters.embedding.shape, [10, 64]);
    assert.equal(task.data.trainRows, Math.floor(19_799 / 64));
    assert.equal(charTransformerOn(file), task, "a file that has not changed is read once");
    writeFileSync(file, "too short");
    assert.throws(
      () => charTransformerOn(file),
      /my.txt as a text: it has 9 characters, expected at least 20481/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
