/**
 * TensorFlow's own library by @tensorflow/tfjs-node, as tests/tensorflow/install.sh installs it. It works under Deno and
 * under Bun: these tests use it in the one that runs them.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { mnist } from "../datasets/mnist.ts";
import type { Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import { eagerFunction } from "../engine/devices/tensorflow/eager.ts";
import { findTensorflow, loadTensorflow, TENSORFLOW_BACKEND } from "../engine/devices/tensorflow/package.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { mnist2c2d } from "../tasks/2c2d.ts";
import { cifar10With3c3d } from "../tasks/3c3d.ts";
import { getTask } from "../tasks/registry.ts";
import { cifar10Resnet20 } from "../tasks/resnet.ts";
import { mnistVae } from "../tasks/vae.ts";
import { assertClose, type Data, gradientsOf } from "./_compiled.ts";
import { inTemporaryFolder, readStudy, sorted } from "./_sweeps.ts";
import { colourImages, compiledPass, feedsOf, firstRows, testPass, trainingPass } from "./_tasks.ts";
import { optbench } from "./cli.ts";
import { runCase } from "./parity/cases.ts";
import { deviation, tolerance } from "./parity/deviation.ts";
import type { Evaluator } from "./parity/evaluator.ts";
import { readVectors } from "./parity/parity.ts";
import type { VectorFile } from "./parity/vectors.ts";
import { assertAsCompiled } from "./tensorflow/trials.ts";

const folder = process.env.OPTBENCH_TENSORFLOW ??
  fileURLToPath(new URL("../node_modules/.optbench/tensorflow", import.meta.url));
const skip = !findTensorflow(folder) && "tests/tensorflow/install.sh has not installed it";
const options = { skip, timeout: 60_000 };
const runtimeName = process.versions.bun === undefined ? "Deno" : "Bun";

/** A function's results on TensorFlow. */
async function onTensorflow(
  fn: TensorFunction,
  specs: Specs,
  data: Readonly<Record<string, ArrayLike<number>>>,
): Promise<Record<string, number[]>> {
  loadTensorflow(folder);
  const executable = eagerFunction(fn, specs, TENSORFLOW_BACKEND);
  const feeds = Object.keys(specs).map((name) => [name, executable.value(name, data[name])] as const);
  const results = await executable.run(Object.fromEntries(feeds));
  const numbers: Record<string, number[]> = {};
  for (const [name, value] of Object.entries(results)) {
    numbers[name] = Array.from(await executable.read(value));
  }
  executable.free([...feeds.map(([, value]) => value), ...Object.values(results)]);
  return numbers;
}

test(`the package loads under ${runtimeName}, and leaves the active backend as it is`, options, () => {
  void tf.setBackend("cpu");
  const { name, libraryVersion } = loadTensorflow(folder);
  assert.match(name, /^@tensorflow\/tfjs-node/);
  assert.match(libraryVersion, /^2\.\d+\.\d+/);
  assert.equal(tf.getBackend(), "cpu");
  assert.deepEqual(loadTensorflow(folder), loadTensorflow(folder));
});

test(`a function runs on TensorFlow's own kernels under ${runtimeName}`, options, async () => {
  let backend: string | undefined;
  const product: TensorFunction = ({ a, b }) => {
    // The first call traces it.
    backend = tf.getBackend();
    return { product: a.matMul(b), bytes: b.toInt(), bits: b.greater(6) };
  };
  const specs: Specs = { a: { shape: [1, 2], dtype: "float" }, b: { shape: [2, 2], dtype: "uint8" } };
  const results = await onTensorflow(product, specs, { a: [0.5, 2], b: [5, 6, 7, 8] });
  assert.deepEqual(results, { product: [16.5, 19], bytes: [5, 6, 7, 8], bits: [0, 0, 1, 1] });
  assert.equal(backend, TENSORFLOW_BACKEND);
  assert.equal(tf.getBackend(), "cpu");
});

const tensorflow: Evaluator = {
  label: "float32 TensorFlow",
  precision: "float32",
  prepare: (fn, specs) => Promise.resolve((data) => onTensorflow(fn, specs, data)),
};

for (const [name, count] of [["lars", 75], ["sam", 48]] as const) {
  test(`every case of ${name}.json agrees on TensorFlow under ${runtimeName}`, options, async () => {
    const path = fileURLToPath(new URL(`fixtures/${name}.json`, import.meta.url));
    const cases = (readVectors(path) as VectorFile).cases.filter(({ kind }) => kind !== "quirk");
    assert.equal(cases.length, count);
    const failed: Record<string, number> = {};
    for (const vectorCase of cases) {
      const found = await runCase(vectorCase, tensorflow);
      if (!(found <= tolerance.float32)) failed[vectorCase.name] = found;
    }
    assert.deepEqual(failed, {});
  });
}

const image = (size: number) => Array.from({ length: size }, (_, i) => Math.sin(i));
for (const [pad, strides] of [["same", 1], ["valid", 2], [0, 1], [1, 1], [1, 2], [2, 3]] as const) {
  test(
    `convolutions padded by ${pad}, with strides of ${strides}, and their gradients agree`,
    options,
    async () => {
      const specs: Specs = {
        x: { shape: [2, 7, 6, 3], dtype: "float" },
        w: { shape: [3, 3, 3, 2], dtype: "float" },
      };
      const data: Data = { x: image(2 * 7 * 6 * 3), w: image(3 * 3 * 3 * 2) };
      const convolution = ({ x, w }: Record<string, tf.Tensor>) =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad);
      const forward: TensorFunction = (tensors) => ({ result: convolution(tensors) });
      for (const fn of [forward, gradientsOf(convolution, specs)]) {
        const expected = runEagerly(fn, specs, data);
        const found = await onTensorflow(fn, specs, data);
        assert.deepEqual(Object.keys(found), Object.keys(expected));
        for (const name of Object.keys(expected)) {
          assert.ok(deviation(found[name], expected[name]) < 1e-6, name);
        }
      }
    },
  );
}

const ROWS = 4;
const networks = {
  "2c2d": { ...mnist2c2d, data: firstRows(mnist, ROWS) },
  vae: { ...mnistVae, data: firstRows(mnist, ROWS) },
  "3c3d": { ...cifar10With3c3d, data: colourImages(ROWS) },
  resnet20: { ...cifar10Resnet20, data: colourImages(ROWS) },
};

for (const [name, task] of Object.entries(networks)) {
  test(`${name} measures, and learns, what it does compiled`, options, async () => {
    const { specs, data } = feedsOf(task, ROWS, 3);
    for (const pass of [trainingPass(task), testPass(task)]) {
      const expected = await (await compiledPass(pass, specs))(data);
      const found = await onTensorflow(pass, specs, data);
      for (const result of Object.keys(expected)) {
        const worst = deviation(found[result], Array.from(expected[result]));
        // Through twenty layers, a rounding error turns a ReLU that is next to zero on or off.
        assert.ok(
          worst < (name === "resnet20" && Object.hasOwn(task.parameters, result) ? 0.1 : 1e-5),
          result,
        );
      }
    }
  });
}

test(`trials of LARS and SAM measure what compiled ones do under ${runtimeName}`, options, async () => {
  loadTensorflow(folder);
  const task = { ...getTask("digits_mlp"), epochs: 2 };
  const lars = { task, optimizer: "lars", given: { lr: 1, momentum: 0.9, trust_coefficient: 0.02 } } as const;
  const sam = { task, optimizer: "sam", base: "sgd", given: { lr: 0.1, rho: 0.05 }, accumulate: 2 } as const;
  for (const trial of [lars, sam]) await assertAsCompiled(trial, TENSORFLOW_BACKEND, 1e-4);
});

test(`optbench sweep --device tensorflow finds what the CPU does under ${runtimeName}`, options, async () => {
  const grid = "sweep --opt lars --task digits_mlp --lr 0.1,1 --momentum 0.9 --nesterov false --epochs 2 " +
    "--trust-coefficient 0.02 --jobs 2";
  const losses = (device: string) =>
    inTemporaryFolder((out) => {
      const words = [...grid.split(" "), "--device", device, "--out", out];
      const { code, stderr } = optbench(words, { OPTBENCH_TENSORFLOW: folder });
      assert.equal(code, 0, stderr);
      return sorted(readStudy(out).trials, /^$/).map(({ test_loss }) => Number(test_loss));
    });
  const expected = await losses("cpu");
  assert.equal(expected.length, 2);
  assertClose(await losses("tensorflow"), expected, 1e-4);
});
