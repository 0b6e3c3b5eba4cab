/** Executables that run eagerly, on TensorFlow.js' own backend for the CPU: no package has to be installed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compileLoop, type LoopSpecs } from "../../engine/compile.ts";
import type { Executable, Value } from "../../engine/device.ts";
import { HostExecutable } from "../../engine/devices/host.ts";
import { eagerFunction, eagerLoop } from "../../engine/devices/tensorflow/eager.ts";
import type { TensorFunction } from "../../engine/trace.ts";
import { getTask } from "../../tasks/registry.ts";
import { assertAsCompiled, type EagerTrial } from "./trials.ts";

type Data = Readonly<Record<string, readonly number[]>>;

/** w <- w - lr x, with the row of w that `row` says as what is collected. */
const specs: LoopSpecs = {
  carried: { w: { shape: [2, 2], dtype: "float" } },
  fixed: { lr: { shape: [], dtype: "float" } },
  scanned: { x: { shape: [2], dtype: "float" }, row: { shape: [1], dtype: "int32" } },
};
const step: TensorFunction = ({ w, lr, x, row }) => {
  const next = w.sub(x.mul(lr));
  return { w: next, seen: next.gather(row as tf.Tensor1D).flatten(), sum: next.sum() };
};
const data: Data = { w: [1, 2, 3, 4], lr: [0.5], x: [1, 0, 0, 1, 2, 2], row: [0, 1, 0] };

function feed(executable: Executable): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(data).map(([name, numbers]) => [name, executable.value(name, numbers)]),
  );
}

async function readAll(executable: Executable, values: Readonly<Record<string, Value>>) {
  const all: Record<string, { dims: readonly number[]; numbers: number[] }> = {};
  for (const [name, value] of Object.entries(values)) {
    all[name] = { dims: value.dims, numbers: Array.from(await executable.read(value)) };
  }
  return all;
}

function compiledLoop(): Promise<Executable> {
  return HostExecutable.load(compileLoop(step, specs, "float32"));
}

test("a loop carries, collects and scans as a compiled one does", async () => {
  const eager = eagerLoop(step, specs, "cpu");
  const compiled = await compiledLoop();
  const found = await readAll(eager, await eager.run(feed(eager)));
  assert.deepEqual(found, await readAll(compiled, await compiled.run(feed(compiled))));
  assert.deepEqual(found.seen, { dims: [3, 2], numbers: [0.5, 2, 2.5, 3.5, -0.5, 0.5] });
  assert.deepEqual(eager.model.inputs, compiled.model.inputs);
  assert.deepEqual(eager.model.outputs, compiled.model.outputs);
  assert.deepEqual(eager.model.scanned, compiled.model.scanned);
});

test("two calls of a loop are one of as many steps", async () => {
  const loop = eagerLoop(step, specs, "cpu");
  const { w, ...fed } = feed(loop);
  const half = (from: number, to: number) => ({
    x: loop.value("x", data.x.slice(2 * from, 2 * to)),
    row: loop.value("row", data.row.slice(from, to)),
  });
  const once = await loop.run({ ...fed, w });
  const first = await loop.run({ ...fed, w: loop.value("w", data.w), ...half(0, 1) });
  const second = await loop.run({ ...fed, w: first.w, ...half(1, 3) });
  assert.deepEqual(await loop.read(second.w), await loop.read(once.w));
});

test("a call leaves nothing but its results, and what it carried is gone", async () => {
  const loop = eagerLoop(step, specs, "cpu");
  const before = tf.memory().numTensors;
  const { w, lr, ...scanned } = feed(loop);
  const results = await loop.run({ w, lr, ...scanned });
  assert.equal(tf.memory().numTensors - before, 1 + Object.keys(results).length);
  await assert.rejects(loop.run({ w, lr, ...scanned }), /disposed/);
  loop.free([lr, w, ...Object.values(results), ...Object.values(scanned)]);
  assert.equal(tf.memory().numTensors, before);
});

test("a function may return what it was given", async () => {
  const fn: TensorFunction = ({ a }) => ({ a, same: a });
  const executable = eagerFunction(fn, { a: { shape: [2], dtype: "float" } }, "cpu");
  const a = executable.value("a", [1, 2]);
  const results = await executable.run({ a });
  executable.free([a, results.a]);
  assert.deepEqual(Array.from(await executable.read(results.same)), [1, 2]);
});

test("a value of another device is refused", async () => {
  const loop = eagerLoop(step, specs, "cpu");
  const compiled = await compiledLoop();
  const foreign = { ...feed(loop), lr: compiled.value("lr", data.lr) };
  const reason = /^TypeError: Cannot take lr: it is in the memory of another device$/;
  await assert.rejects(loop.run(foreign), reason);
  await assert.rejects(
    compiled.run({ ...feed(compiled), lr: loop.value("lr", data.lr) }),
    reason,
  );
});

const digits = { ...getTask("digits_mlp"), epochs: 1 };
const trials: Readonly<Record<string, EagerTrial>> = {
  "LARS": { task: digits, optimizer: "lars", given: { lr: 1, momentum: 0.9, trust_coefficient: 0.02 } },
  "SAM, with the batch in parts": {
    task: digits,
    optimizer: "sam",
    base: "sgd",
    given: { lr: 0.1, rho: 0.05 },
    accumulate: 2,
  },
  "LookSAM, whose steps take turns": { task: digits, optimizer: "looksam", base: "sgd", given: { lr: 0.1 } },
  "Adam with a schedule": {
    task: digits,
    optimizer: "adam",
    given: { lr: 0.003, schedule: "cosine" },
  },
  "averages of parameters": { task: digits, optimizer: "sgd", given: { lr: 0.1, ema: 0.9 } },
  "a landscape": { task: { ...getTask("rosenbrock"), epochs: 5 }, optimizer: "sgd", given: { lr: 1e-4 } },
};

for (const [name, trial] of Object.entries(trials)) {
  test(`a trial measures what the compiled one does: ${name}`, () => assertAsCompiled(trial, "cpu", 1e-5));
}
