import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compileFunction, type Specs } from "../engine/compile.ts";
import { runEagerly } from "../engine/eager.ts";
import { kernelRules } from "../engine/kernels.ts";
import { Executable, numbers } from "../engine/runtime.ts";

/** A function of `a` and `b` (shape [2, 3]), `v` ([3]), `s` (0-d), `i` (integers, [4]), by the kernel it exercises. */
const a = [0.5, -1.25, 2, -3, 0.75, 1.5];
const b = [1.5, 2, -0.5, 3, -2.25, 0.25];
const positive = a.map(Math.abs);
const inputs: Specs = {
  a: { shape: [2, 3], dtype: "float" },
  b: { shape: [2, 3], dtype: "float" },
  p: { shape: [2, 3], dtype: "float" },
  v: { shape: [3], dtype: "float" },
  s: { shape: [], dtype: "float" },
  i: { shape: [4], dtype: "int32" },
};
const data = { a, b, p: positive, v: [1, -2, 0.5], s: [0.25], i: [2, 0, 1, 2] };

type Tensors = Record<keyof typeof inputs, tf.Tensor>;
const table: Record<string, (inputs: Tensors) => tf.Tensor> = {
  Abs: ({ a }) => a.abs(),
  Exp: ({ a }) => a.exp(),
  Log: ({ p }) => p.log(),
  Neg: ({ a }) => a.neg(),
  Reciprocal: ({ a }) => a.reciprocal(),
  Relu: ({ a }) => a.relu(),
  Rsqrt: ({ p }) => p.rsqrt(),
  Sigmoid: ({ a }) => a.sigmoid(),
  Sign: ({ a, b }) => a.sub(a).concat(b).sign(),
  Sqrt: ({ p }) => p.sqrt(),
  Square: ({ a }) => a.square(),
  Step: ({ a }) => a.step(0.5),
  Tanh: ({ a }) => a.tanh(),
  LogicalNot: ({ a }) => a.greater(0).logicalNot().toFloat(),
  Add: ({ a, v }) => a.add(v),
  Sub: ({ a, s }) => a.sub(s),
  Multiply: ({ a, b }) => a.mul(b),
  RealDiv: ({ v, b }) => v.div(b),
  Pow: ({ p, b }) => p.pow(b),
  Maximum: ({ a, b }) => a.maximum(b),
  Minimum: ({ a, b }) => a.minimum(b),
  Equal: ({ a }) => a.equal(-3).toFloat(),
  NotEqual: ({ a }) => a.notEqual(-3).toFloat(),
  Greater: ({ a, b }) => a.greater(b).toFloat(),
  GreaterEqual: ({ a }) => a.greaterEqual(0.75).toFloat(),
  Less: ({ a, b }) => a.less(b).toFloat(),
  LessEqual: ({ a }) => a.lessEqual(0.75).toFloat(),
  LogicalAnd: ({ a, b }) => a.greater(0).logicalAnd(b.greater(0)).toFloat(),
  LogicalOr: ({ a, b }) => a.greater(0).logicalOr(b.greater(0)).toFloat(),
  AddN: ({ a, b, p }) => tf.addN([a, b, p]),
  Select: ({ a, b }) => a.where(b.greater(0), b),
  Sum: ({ a }) => a.sum(1, true),
  Mean: ({ a }) => a.mean(0),
  Max: ({ a }) => a.max(-1),
  Min: ({ a }) => a.min(),
  ArgMax: ({ a }) => a.argMax(1).toFloat(),
  Softmax: ({ a }) => a.softmax(),
  LogSoftmax: ({ a }) => a.logSoftmax(),
  BatchMatMul: ({ a, b }) => a.matMul(b, true, false),
  Identity: ({ a }) => a.clone(),
  Cast: ({ a }) => a.toInt().toFloat(),
  Reshape: ({ a }) => a.reshape([3, -1]).add(0),
  ExpandDims: ({ a }) => a.expandDims(-1).add(0),
  Transpose: ({ a }) => a.transpose(),
  Tile: ({ a }) => a.tile([2, 3]),
  Concat: ({ a, b }) => a.concat(b, 1),
  Slice: ({ a }) => a.slice([0, 1], [2, -1]),
  GatherV2: ({ a, i }) => a.gather(i as tf.Tensor1D, 1),
  OneHot: ({ i }) => i.oneHot(4, 2, -1).toFloat(),
  Fill: ({ a }) => a.mul(tf.fill([2, 3], 2.5)),
  ZerosLike: ({ a }) => a.zerosLike().add(1),
  OnesLike: ({ a }) => a.onesLike().add(1),
};

test("every kernel that can be traced stands in the table", () => {
  assert.deepEqual(Object.keys(table).sort(), Object.keys(kernelRules).sort());
});

/** Compiled values beside the values TensorFlow.js computes. */
async function both(
  fn: (inputs: Tensors) => tf.Tensor,
  specs = inputs,
  values: Record<string, number[]> = data,
) {
  const named = (tensors: Readonly<Record<string, tf.Tensor>>) => ({ result: fn(tensors) });
  const executable = await Executable.load(compileFunction(named, specs, "float32"));
  const feeds = Object.keys(specs).map((name) => [name, executable.value(name, values[name])]);
  const { result } = await executable.run(Object.fromEntries(feeds));
  return { compiled: Array.from(numbers(result)), eager: runEagerly(named, specs, values).result };
}

function assertClose(actual: readonly number[], expected: readonly number[]) {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) =>
    assert.ok(
      Math.abs(value - expected[i]) <= 1e-6 * Math.max(1, Math.abs(expected[i])),
      `${actual} is not ${expected}`,
    )
  );
}

for (const [kernel, fn] of Object.entries(table)) {
  test(`${kernel} computes what TensorFlow.js computes`, async () => {
    const { compiled, eager } = await both(fn);
    assertClose(compiled, eager);
  });
}

for (const differing of [["a", "b", "p", "v", "s"], ["a", "s"], ["b", "v"]]) {
  for (const [kernel, fn] of Object.entries(table)) {
    test(`${kernel} for three sets of ${differing} at once is ${kernel} for each`, async () => {
      const named = (tensors: Readonly<Record<string, tf.Tensor>>) => ({ result: fn(tensors) });
      const sets = [1, 0.5, -0.75].map((factor) =>
        Object.fromEntries(
          Object.entries(data).map(([name, values]) => {
            const scale = name === "p" ? Math.abs(factor) : factor;
            return [name, differing.includes(name) ? values.map((value) => value * scale) : values];
          }),
        )
      );
      const together = { size: sets.length, inputs: differing };
      const executable = await Executable.load(compileFunction(named, inputs, "float32", together));
      const feeds = Object.keys(inputs).map((name) => {
        const values = differing.includes(name) ? sets.flatMap((set) => set[name]) : sets[0][name];
        return [name, executable.value(name, values)];
      });
      const { result } = await executable.run(Object.fromEntries(feeds));
      assertClose(Array.from(numbers(result)), sets.flatMap((set) => runEagerly(named, inputs, set).result));
    });
  }
}

test("indices that differ gather different rows", async () => {
  const fn = ({ a, i }: Readonly<Record<string, tf.Tensor>>) => ({ result: a.gather(i as tf.Tensor1D) });
  const specs: Specs = { a: { shape: [3, 2], dtype: "float" }, i: { shape: [2], dtype: "int32" } };
  const executable = await Executable.load(compileFunction(fn, specs, "float32", { size: 2, inputs: ["i"] }));
  const { result } = await executable.run({
    a: executable.value("a", [1, 2, 3, 4, 5, 6]),
    i: executable.value("i", [0, 2, 1, 1]),
  });
  assert.deepEqual(Array.from(numbers(result)), [1, 2, 5, 6, 3, 4, 3, 4]);
});

for (const [transposeA, transposeB] of [[false, true], [true, false], [true, true], [false, false]]) {
  test(`a batch of products, transposed ${transposeA} and ${transposeB}`, async () => {
    const specs: Specs = { a: { shape: [2, 2, 2], dtype: "float" }, b: { shape: [2, 2, 2], dtype: "float" } };
    const values = { a: [1, 2, 3, 4, 5, 6, 7, 8], b: [2, 0, 1, -1, 3, 5, -2, 4] };
    const { compiled, eager } = await both(({ a, b }) => a.matMul(b, transposeA, transposeB), specs, values);
    assertClose(compiled, eager);
  });
}

test("bytes become integers where they meet integers", async () => {
  const specs: Specs = { bytes: { shape: [3], dtype: "uint8" }, i: { shape: [3], dtype: "int32" } };
  const { compiled, eager } = await both(({ bytes, i }) => bytes.sub(i).toFloat(), specs, {
    bytes: [1, 2, 255],
    i: [3, 2, -1],
  });
  assert.deepEqual(eager, [-2, 0, 256]);
  assert.deepEqual(compiled, eager);
});
