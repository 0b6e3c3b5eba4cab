import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import type { Node } from "../engine/graph.ts";
import { convolutionKernels } from "../engine/kernels/convolution.ts";
import { trace } from "../engine/trace.ts";
import { assertClose, both, type Data, gradientsOf, runCompiled } from "./_compiled.ts";

/** Numbers that repeat late and are of both signs. */
function filled(shape: readonly number[], seed = 1): number[] {
  const size = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: size }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) * 1.5);
}

function case4D(
  x: readonly number[],
  filter?: readonly number[],
): { specs: Specs; data: Data } {
  const shapes = filter ? { x, filter } : { x };
  return {
    specs: Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, { shape, dtype: "float" }]),
    ),
    data: Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, filled(shape, i + 1)])),
  };
}

type Pad = "same" | "valid";
type Function = (inputs: Record<string, tf.Tensor>) => tf.Tensor;

/** Images, filters, stride and padding, chosen for what is easily wrong. */
const convolutions: readonly [string, number[], number[], number | [number, number], Pad][] = [
  ["odd filter, padded evenly", [2, 6, 5, 3], [3, 3, 3, 4], 1, "same"],
  ["even filter, padded unevenly", [2, 5, 6, 2], [4, 4, 2, 3], 1, "same"],
  ["strided, padded unevenly", [2, 8, 7, 2], [3, 3, 2, 3], 2, "same"],
  ["strided by an even filter", [2, 8, 8, 1], [4, 4, 1, 3], 2, "same"],
  ["a stride that leaves a rest unseen", [2, 8, 6, 2], [3, 3, 2, 2], 2, "valid"],
  ["a stride longer than the filter", [1, 7, 7, 2], [2, 2, 2, 3], 3, "same"],
  ["different strides", [1, 7, 6, 2], [3, 2, 2, 2], [2, 1], "valid"],
  ["pointwise", [2, 3, 3, 4], [1, 1, 4, 2], 1, "valid"],
  ["pointwise, strided", [2, 5, 4, 3], [1, 1, 3, 2], 2, "same"],
];

function conv([, , , strides, pad]: typeof convolutions[number]): Function {
  return ({ x, filter }) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
}

/** The images that a convolution would turn into x. */
function transposed([, , , strides, pad]: typeof convolutions[number], shape: number[]): Function {
  return ({ x, filter }) =>
    tf.conv2dTranspose(
      x as tf.Tensor4D,
      filter as tf.Tensor4D,
      shape as [number, number, number, number],
      strides,
      pad,
    );
}

async function assertSameGradients(fn: Function, specs: Specs, data: Data, tolerance?: number) {
  const gradients = gradientsOf(fn, specs);
  const compiled = await runCompiled(gradients, specs, data);
  const eager = runEagerly(gradients, specs, data);
  assert.deepEqual(Object.keys(compiled), Object.keys(specs));
  for (const name of Object.keys(specs)) assertClose(compiled[name], eager[name], tolerance);
}

for (const setting of convolutions) {
  const [name, x, filter] = setting;
  const { specs, data } = case4D(x, filter);
  test(`a convolution, ${name}, is TensorFlow.js', with its gradients`, async () => {
    const { compiled, eager } = await both(conv(setting), specs, data);
    assertClose(compiled, eager, 1e-5);
    await assertSameGradients(conv(setting), specs, data, 1e-5);
  });

  test(`a transposed convolution, ${name}, is TensorFlow.js', with its gradients`, async () => {
    const [out] = Object.values(trace((inputs) => ({ out: conv(setting)(inputs) }), specs).outputs);
    const swapped = case4D(out.shape, filter);
    const fn = transposed(setting, x);
    const { compiled, eager } = await both(fn, swapped.specs, swapped.data);
    assertClose(compiled, eager, 1e-5);
    await assertSameGradients(fn, swapped.specs, swapped.data, 1e-5);
  });

  test(`a convolution in float64, ${name}, is that in float32, with its gradients`, async () => {
    for (
      const fn of [
        (inputs: Record<string, tf.Tensor>) => ({ y: conv(setting)(inputs) }),
        gradientsOf(conv(setting), specs),
      ]
    ) {
      const [single, double] = [
        await runCompiled(fn, specs, data),
        await runCompiled(fn, specs, data, "float64"),
      ];
      for (const result of Object.keys(single)) assertClose(single[result], double[result], 1e-5);
    }
  });
}

const pools: readonly [string, number[], number | [number, number], number | [number, number], Pad][] = [
  ["2x2", [2, 4, 6, 3], 2, 2, "valid"],
  ["2x2 of an odd size", [2, 5, 7, 2], 2, 2, "valid"],
  ["2x2 of an odd size, padded", [2, 5, 7, 2], 2, 2, "same"],
  ["3x3 with stride 2, padded unevenly", [2, 8, 6, 2], 3, 2, "same"],
  ["3x3 with stride 1", [1, 5, 5, 2], 3, 1, "same"],
  ["3x2 with different strides", [1, 7, 6, 2], [3, 2], [1, 3], "valid"],
];

for (const [name, shape, size, strides, pad] of pools) {
  const { specs, data } = case4D(shape);
  const max: Function = ({ x }) => tf.maxPool(x as tf.Tensor4D, size, strides, pad);
  const average: Function = ({ x }) => tf.avgPool(x as tf.Tensor4D, size, strides, pad);

  test(`a maximum over windows, ${name}, is TensorFlow.js', with its gradient`, async () => {
    const { compiled, eager } = await both(max, specs, data);
    assert.deepEqual(compiled, eager);
    await assertSameGradients(max, specs, data);
  });

  test(`the gradient of a maximum, ${name}, goes to the first of equals`, async () => {
    const rounded = { x: data.x.map((value) => Math.round(value)) };
    await assertSameGradients(max, specs, rounded);
    await assertSameGradients(max, specs, { x: data.x.map(() => 0) });
  });

  test(`an average over windows, ${name}, is TensorFlow.js'`, async () => {
    const { compiled, eager } = await both(average, specs, data);
    assertClose(compiled, eager);
  });

  // TensorFlow.js' own gradient divides by the size of the window where it reaches over the edge, the average does not.
  test(`the gradient of an average over windows, ${name}, is its slope`, async () => {
    const gradients = gradientsOf(average, specs);
    const { x: gradient } = await runCompiled(gradients, specs, data, "float64");
    const weigh = (values: number[]) =>
      values.reduce((sum, value, i) => sum + value * ((i + 1) % 5 - 1.5), 0);
    const value = async (x: number[]) =>
      weigh((await runCompiled((inputs) => ({ y: average(inputs) }), specs, { x }, "float64")).y);
    const start = await value([...data.x]);
    for (const i of [0, 1, 7, data.x.length - 1]) {
      const moved = await value(data.x.map((number, j) => j === i ? number + 1 : number));
      assertClose([gradient[i]], [moved - start], 1e-9);
    }
  });

  test(`pools of several sets at once, ${name}, are those of each`, async () => {
    for (const fn of [max, average]) {
      const together = { size: 2, inputs: ["x"] };
      const gradient = gradientsOf(fn, specs);
      const sets = [data.x, data.x.map((value) => -2 * value)];
      for (const each of [(inputs: Record<string, tf.Tensor>) => ({ x: fn(inputs) }), gradient]) {
        const alone = await Promise.all(sets.map((x) => runCompiled(each, specs, { x })));
        const all = await runCompiled(each, specs, { x: sets.flat() }, "float32", together);
        assertClose(all.x, alone.flatMap(({ x }) => x));
      }
    }
  });
}

test("the kernels of convolutions are those tested here", () => {
  const used = new Set<string>();
  const visit = ({ op, inputs }: Node): void => {
    used.add(op);
    inputs.forEach(visit);
  };
  const { specs } = case4D([1, 4, 4, 2], [2, 2, 2, 2]);
  for (
    const fn of [
      conv(["", [], [], 1, "same"]),
      ({ x }: Record<string, tf.Tensor>) => tf.maxPool(x as tf.Tensor4D, 2, 2, "same"),
      ({ x }: Record<string, tf.Tensor>) => tf.avgPool(x as tf.Tensor4D, 2, 2, "same"),
    ]
  ) {
    Object.values(trace((inputs) => ({ y: fn(inputs) }), specs).outputs).forEach(visit);
    Object.values(trace(gradientsOf(fn, specs), specs).outputs).forEach(visit);
  }
  for (const kernel of Object.keys(convolutionKernels)) assert.ok(used.has(kernel), kernel);
});

test("a dilated convolution is an error that says what is expected", () => {
  const { specs } = case4D([1, 6, 6, 2], [2, 2, 2, 2]);
  assert.throws(
    () =>
      trace(({ x, filter }) => ({
        y: tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "valid", "NHWC", 2),
      }), specs),
    /Cannot trace a convolution with dilations 2/,
  );
});
