import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compileFunction, type Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import { convolutionKernels } from "../engine/kernels/convolution.ts";
import { kernelRules } from "../engine/kernels.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { assertClose, both, gradientsOf, runCompiled } from "./_compiled.ts";
import { data, inputs, table, type Tensors, WITHOUT_GRADIENT } from "./_kernels.ts";

test("every kernel that can be traced stands in the table, or in that of convolutions", () => {
  const convolutions = Object.keys(convolutionKernels);
  assert.deepEqual([...Object.keys(table), ...convolutions].sort(), Object.keys(kernelRules).sort());
});

for (const [kernel, fn] of Object.entries(table)) {
  test(`${kernel} computes what TensorFlow.js computes`, async () => {
    const { compiled, eager } = await both(fn, inputs, data);
    assertClose(compiled, eager);
  });
}

for (const [kernel, fn] of Object.entries(table)) {
  if (WITHOUT_GRADIENT.has(kernel)) continue;
  test(`the gradients of ${kernel} are those of TensorFlow.js`, async () => {
    const gradients = gradientsOf(fn, inputs);
    const compiled = await runCompiled(gradients, inputs, data);
    const eager = runEagerly(gradients, inputs, data);
    assert.deepEqual(Object.keys(compiled), Object.keys(eager));
    assert.ok(Object.keys(eager).length > 0);
    for (const name of Object.keys(eager)) assertClose(compiled[name], eager[name], 2e-6);
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
      const executable = await HostExecutable.load(compileFunction(named, inputs, "float32", together));
      const feeds = Object.keys(inputs).map((name) => {
        const values = differing.includes(name) ? sets.flatMap((set) => set[name]) : sets[0][name];
        return [name, executable.value(name, values)];
      });
      const { result } = await executable.run(Object.fromEntries(feeds));
      assertClose(Array.from(numbers(result)), sets.flatMap((set) => runEagerly(named, inputs, set).result));
    });
  }
}

test("the gradient of gathered rows adds up where a row is gathered twice", async () => {
  const specs: Specs = { a: { shape: [3, 2], dtype: "float" }, i: { shape: [4], dtype: "int32" } };
  const gradients = gradientsOf(({ a, i }) => a.gather(i as tf.Tensor1D), specs);
  const values = { a: [1, 2, 3, 4, 5, 6], i: [2, 0, 2, 2] };
  assert.deepEqual(await runCompiled(gradients, specs, values), runEagerly(gradients, specs, values));
});

test("what the runtime has in float32 only is an error in float64 that says so", () => {
  for (const fn of [({ a }: Tensors) => ({ y: a.cos() }), ({ a }: Tensors) => ({ y: a.erf() })]) {
    assert.throws(
      () => compileFunction(fn, inputs, "float64"),
      /in float64: the runtime has it in float32 only/,
    );
  }
});

test("transpositions that undo each other vanish", async () => {
  const { compiled, eager } = await both(
    ({ a }) => a.transpose().transpose().matMul(a.transpose()),
    inputs,
    data,
  );
  assertClose(compiled, eager);
});

test("the mean of integers is a float", async () => {
  assert.deepEqual(await both(({ i }) => i.mean(), inputs, data), { compiled: [1.25], eager: [1.25] });
});

test("indices that differ gather different rows", async () => {
  const fn = ({ a, i }: Readonly<Record<string, tf.Tensor>>) => ({ result: a.gather(i as tf.Tensor1D) });
  const specs: Specs = { a: { shape: [3, 2], dtype: "float" }, i: { shape: [2], dtype: "int32" } };
  const executable = await HostExecutable.load(
    compileFunction(fn, specs, "float32", { size: 2, inputs: ["i"] }),
  );
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
