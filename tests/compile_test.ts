import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compileFunction, compileLoop, type Specs } from "../engine/compile.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { type TensorFunction, trace } from "../engine/trace.ts";

const vector: Specs = { x: { shape: [3], dtype: "float" } };

async function evaluate(
  fn: TensorFunction,
  specs: Specs,
  data: Record<string, number[]>,
  precision = "float64" as const,
) {
  const executable = await HostExecutable.load(compileFunction(fn, specs, precision));
  const feeds = Object.keys(specs).map((name) => [name, executable.value(name, data[name])]);
  const results = await executable.run(Object.fromEntries(feeds));
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, Array.from(numbers(value))]),
  );
}

/** How often each operation occurs in what a function computes. */
function operations(fn: TensorFunction, specs: Specs): Record<string, number> {
  const counts: Record<string, number> = {};
  const seen = new Set<unknown>();
  const visit = (node: ReturnType<typeof trace>["outputs"][string]) => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.op !== "Input" && node.op !== "Constant") counts[node.op] = (counts[node.op] ?? 0) + 1;
    node.inputs.forEach(visit);
  };
  Object.values(trace(fn, specs).outputs).forEach(visit);
  return counts;
}

test("a tensor from outside the traced function is an error that says what to do", () => {
  const outside = tf.tensor1d([1, 2, 3]);
  assert.throws(
    () => trace(({ x }) => ({ y: x.add(outside) }), vector),
    /made outside the traced function: pass it as an input/,
  );
  outside.dispose();
});

test("reading a traced tensor is an error that says why", () => {
  assert.throws(() => trace(({ x }) => ({ y: x.mul(x.dataSync()[0]) }), vector), /cannot read its tensors/);
});

test("a kernel that cannot be compiled is an error that names it", () => {
  assert.throws(() => trace(({ x }) => ({ y: x.asinh() }), vector), /Asinh/);
});

test("tracing leaves TensorFlow.js as it was", () => {
  tf.setBackend("cpu");
  const before = { ...tf.memory() };
  trace(({ x }) => ({ y: x.square().sum().sqrt().add(tf.scalar(1)) }), vector);
  assert.equal(tf.getBackend(), "cpu");
  assert.equal(tf.memory().numTensors, before.numTensors);
  assert.equal(tf.memory().numDataBuffers, before.numDataBuffers);
  assert.throws(() =>
    trace(() => {
      throw new Error("in the function");
    }, vector), /in the function/);
  assert.equal(tf.getBackend(), "cpu");
});

test("what is computed twice is computed once", () => {
  assert.deepEqual(operations(({ x }) => ({ y: x.exp().add(x.exp()) }), vector), { Exp: 1, Add: 1 });
});

test("tf.norm becomes one operation", () => {
  const matrix: Specs = { x: { shape: [3, 2], dtype: "float" } };
  assert.deepEqual(operations(({ x }) => ({ y: x.norm() }), matrix), { Norm: 1 });
});

test("a dense layer becomes one operation", () => {
  const specs: Specs = {
    x: { shape: [4, 3], dtype: "float" },
    w: { shape: [3, 2], dtype: "float" },
    b: { shape: [2], dtype: "float" },
  };
  assert.deepEqual(operations(({ x, w, b }) => ({ y: x.matMul(w).add(b) }), specs), { Dense: 1 });
});

test("log softmax and its gradient become two operations and a correction", () => {
  const specs: Specs = { x: { shape: [4, 3], dtype: "float" } };
  const fn: TensorFunction = ({ x }) => {
    const { gradients } = lossAndGradients(({ x }) => x.as2D(4, 3).logSoftmax().sum() as tf.Scalar)({ x });
    return { y: gradients.x! };
  };
  const counts = operations(fn, specs);
  assert.equal(counts.LogSoftmax, 1);
  assert.equal(counts.Max, undefined);
});

test("constants keep infinities, NaN and negative zero", async () => {
  const fn: TensorFunction = ({ x }) => ({
    y: x.mul(0).add(tf.tensor1d([Infinity, NaN, 1])),
    z: x.mul(0).add(tf.scalar(-Infinity)),
    zero: tf.scalar(1).div(tf.tensor1d([-0, 0, -0])).mul(x.div(x)),
  });
  const { y, z, zero } = await evaluate(fn, vector, { x: [1, 2, 3] });
  assert.deepEqual(y, [Infinity, NaN, 1]);
  assert.deepEqual(z, [-Infinity, -Infinity, -Infinity]);
  assert.deepEqual(zero, [-Infinity, Infinity, -Infinity]);
});

test("a result may be an input, a constant, or the same as another result", async () => {
  const fn: TensorFunction = ({ x }) => ({ same: x, twice: x.mul(2), again: x.mul(2), one: tf.ones([2]) });
  const results = await evaluate(fn, vector, { x: [1, 2, 3] });
  assert.deepEqual(results, { same: [1, 2, 3], twice: [2, 4, 6], again: [2, 4, 6], one: [1, 1] });
});

test("a factor of a product of matrices is a float64 in float64", async () => {
  const specs: Specs = { x: { shape: [2, 3, 3], dtype: "float" } };
  const fn: TensorFunction = ({ x }) => ({ y: x.mul(tf.scalar(1).div(3)).matMul(x, false, true) });
  const { y } = await evaluate(fn, specs, { x: new Array(18).fill(1) });
  assert.deepEqual(y, new Array(18).fill(1));
});

test("an empty tensor has norm 0 and an empty gradient", async () => {
  const empty: Specs = { x: { shape: [0], dtype: "float" } };
  const { norm, y } = await evaluate(({ x }) => ({ norm: x.norm(), y: x.mul(2) }), empty, { x: [] });
  assert.deepEqual(norm, [0]);
  assert.deepEqual(y, []);
});

test("a parameter that the loss ignores has no gradient", () => {
  const specs: Specs = { x: { shape: [3], dtype: "float" }, unused: { shape: [2], dtype: "float" } };
  trace(({ x, unused }) => {
    const { gradients } = lossAndGradients(({ x }) => x.square().sum() as tf.Scalar)({ x, unused });
    assert.equal(gradients.unused, null);
    assert.notEqual(gradients.x, null);
    return { x: gradients.x! };
  }, specs);
});

/** x <- x * factor + row, with the sum of x collected. */
const loop = () =>
  compileLoop(
    ({ x, factor, row }) => {
      const next = x.mul(factor).add(row);
      return { x: next, total: next.sum() };
    },
    {
      carried: vector,
      fixed: { factor: { shape: [], dtype: "float" } },
      scanned: { row: { shape: [3], dtype: "float" } },
      stopUnlessFinite: "total",
    },
    "float32",
  );

async function runLoop(x: number[], factor: number, rows: number[]) {
  const executable = await HostExecutable.load(loop());
  const results = await executable.run({
    x: executable.value("x", x),
    factor: executable.value("factor", [factor]),
    row: executable.value("row", rows),
  });
  return { x: Array.from(numbers(results.x)), total: Array.from(numbers(results.total)) };
}

test("a loop carries, scans and collects", async () => {
  const { x, total } = await runLoop([1, 2, 3], 2, [1, 1, 1, 0, 0, 5]);
  assert.deepEqual(x, [6, 10, 19]);
  assert.deepEqual(total, [15, 35]);
});

test("a loop of many steps is bit-identical to as many loops of one", async () => {
  const rows = Array.from({ length: 30 }, (_, i) => Math.sin(i));
  const together = await runLoop([0.1, 0.2, 0.3], 0.9, rows);
  let x = [0.1, 0.2, 0.3];
  const totals: number[] = [];
  for (let step = 0; step < 10; step++) {
    const one = await runLoop(x, 0.9, rows.slice(3 * step, 3 * step + 3));
    x = one.x;
    totals.push(...one.total);
  }
  assert.deepEqual(together, { x, total: totals });
});

for (const bad of [NaN, Infinity, -Infinity]) {
  test(`a loop stops after the step whose result is ${bad}`, async () => {
    const { total } = await runLoop([0, 0, 0], 1, [1, 1, 1, bad, 0, 0, 1, 1, 1]);
    assert.deepEqual(total, [3, bad]);
  });
}

test("a large matrix that is transposed before a product gives the product's numbers, in either precision", async () => {
  const [rows, columns, width] = [70, 90, 11];
  const specs: Specs = {
    x: { shape: [rows, columns], dtype: "float" },
    y: { shape: [rows, width], dtype: "float" },
  };
  // Integers, so that every sum is exact.
  const x = Array.from({ length: rows * columns }, (_, i) => i % 17 - 8);
  const y = Array.from({ length: rows * width }, (_, i) => i % 13 - 6);
  const expected = Array.from({ length: columns * width }, (_, i) => {
    const [column, k] = [Math.floor(i / width), i % width];
    return Array.from({ length: rows }, (_, row) => x[row * columns + column] * y[row * width + k])
      .reduce((sum, term) => sum + term);
  });
  const product: TensorFunction = ({ x, y }) => ({ z: x.matMul(y, true) });
  for (const precision of ["float32", "float64"] as const) {
    const executable = await HostExecutable.load(compileFunction(product, specs, precision));
    const { z } = await executable.run({ x: executable.value("x", x), y: executable.value("y", y) });
    assert.deepEqual(z.dims, [columns, width]);
    assert.deepEqual(Array.from(numbers(z)), expected);
    await executable.release();
  }
});
