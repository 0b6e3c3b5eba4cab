/** Convolutions of several sets of inputs at once are those of each set. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { Random } from "../datasets/random.ts";
import { sizeOf } from "../datasets/shape.ts";
import { compileFunction, type Specs } from "../engine/compile.ts";
import type { Precision } from "../engine/lower.ts";
import { sumOverParts } from "../engine/parts.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { assertClose, type Data, gradientsOf, runCompiled } from "./_compiled.ts";

type Tensors = Readonly<Record<string, tf.Tensor>>;
type Function = (inputs: Tensors) => tf.Tensor;
type Shape4D = [number, number, number, number];

function floats(shapes: Record<string, readonly number[]>): Specs {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, dtype: "float" }]),
  );
}

function numbersOf(specs: Specs, set: number): Data {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const random = new Random(set, name);
      return [name, Array.from({ length: sizeOf(shape) }, () => random.uniform() - 0.5)];
    }),
  );
}

/** Results of sets at once, beside those of each alone. What does not differ is the first set's. */
async function atOnce(
  fn: TensorFunction,
  specs: Specs,
  sets: readonly Data[],
  differing: readonly string[],
  precision: Precision = "float32",
) {
  const own = (data: Data) => Object.fromEntries(differing.map((name) => [name, data[name]]));
  const joined = Object.fromEntries(differing.map((name) => [name, sets.flatMap((data) => data[name])]));
  const together = { size: sets.length, inputs: differing };
  const actual = await runCompiled(fn, specs, { ...sets[0], ...joined }, precision, together);
  const alone = await Promise.all(
    sets.map((data) => runCompiled(fn, specs, { ...sets[0], ...own(data) }, precision)),
  );
  const names = Object.keys(alone[0]);
  const expected = Object.fromEntries(names.map((name) => [name, alone.flatMap((each) => each[name])]));
  return { actual, expected };
}

const TOLERANCES: readonly (readonly [Precision, number])[] = [["float64", 1e-10], ["float32", 1e-5]];

async function assertLikeAlone(
  fn: TensorFunction,
  specs: Specs,
  count: number,
  differing: readonly string[],
) {
  const sets = Array.from({ length: count }, (_, set) => numbersOf(specs, set));
  for (const [precision, tolerance] of TOLERANCES) {
    const { actual, expected } = await atOnce(fn, specs, sets, differing, precision);
    assert.deepEqual(Object.keys(actual), Object.keys(expected));
    for (const name of Object.keys(actual)) assertClose(actual[name], expected[name], tolerance);
  }
}

/** A function's value and its gradients. */
function withGradients(fn: Function, specs: Specs): TensorFunction {
  return (inputs) => ({ y: fn(inputs), ...gradientsOf(fn, specs)(inputs) });
}

const setting = fc.record({
  sets: fc.integer({ min: 2, max: 4 }),
  batch: fc.integer({ min: 1, max: 3 }),
  pixels: fc.tuple(fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 })),
  window: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  inputs: fc.integer({ min: 1, max: 6 }),
  outputs: fc.integer({ min: 1, max: 9 }),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  pad: fc.constantFrom("same", "valid"),
  differing: fc.constantFrom(["x", "filter"], ["x"], ["filter"]),
});

test("a convolution of several sets is that of each, with its gradients, whatever the sets share", () =>
  fc.assert(
    fc.asyncProperty(setting, ({ sets, batch, pixels, window, inputs, outputs, strides, pad, differing }) => {
      const specs = floats({ x: [batch, ...pixels, inputs], filter: [...window, inputs, outputs] });
      const convolve: Function = ({ x, filter }) =>
        tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
      return assertLikeAlone(withGradients(convolve, specs), specs, sets, differing);
    }),
    { numRuns: 30 },
  ));

test("a transposed convolution of several sets is that of each, with its gradients, whatever the sets share", () =>
  fc.assert(
    fc.asyncProperty(setting, ({ sets, batch, pixels, window, inputs, outputs, strides, pad, differing }) => {
      const images: Shape4D = [batch, ...pixels, inputs];
      const filter: Shape4D = [...window, inputs, outputs];
      const { outShape } = tf.backend_util.computeConv2DInfo(images, filter, strides, 1, pad);
      const spread: Function = ({ x, filter }) =>
        tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, images, strides, pad);
      const specs = floats({ x: outShape, filter });
      return assertLikeAlone(withGradients(spread, specs), specs, sets, differing);
    }),
    { numRuns: 30 },
  ));

/** A layer with a bias and a pool, behind another. */
const network: Function = ({ x, first, second, bias }) => {
  const hidden = tf.conv2d(x as tf.Tensor4D, first as tf.Tensor4D, 1, "same").add(bias).relu();
  const pooled = tf.maxPool(hidden as tf.Tensor4D, 3, 2, "same");
  return tf.conv2d(pooled, second as tf.Tensor4D, 2, "valid").tanh();
};
const networkSpecs = floats({ x: [4, 7, 6, 2], first: [3, 3, 2, 5], second: [2, 3, 5, 3], bias: [5] });

test("networks of several sets are those of each, with rows of their own or the same ones", async () => {
  const filters = ["first", "second", "bias"];
  for (const differing of [["x", ...filters], filters]) {
    await assertLikeAlone(withGradients(network, networkSpecs), networkSpecs, 3, differing);
  }
});

test("networks of several sets take the rows of a batch in parts", async () => {
  const inParts: TensorFunction = ({ x, ...params }) =>
    sumOverParts(2, { x }, {}, (part) => ({
      sums: { sum: network({ ...part, ...params }).square().sum() },
      carried: {},
    })).sums;
  await assertLikeAlone(inParts, networkSpecs, 2, Object.keys(networkSpecs));
});

test("convolutions of several sets are the same on every processor: none is in tiles", () => {
  const specs = floats({ x: [16, 6, 6, 16], filter: [3, 3, 16, 16] });
  const convolve = ({ x, filter }: Tensors) => ({
    y: tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"),
  });
  for (const inputs of [["x", "filter"], ["x"], ["filter"]]) {
    assert.deepEqual(compileFunction(convolve, specs, "float32", { size: 2, inputs }).tiled, {});
  }
});

test("indices that differ gather from what differs, along every axis", async () => {
  const specs: Specs = {
    x: { shape: [3, 4, 2], dtype: "float" },
    indices: { shape: [2, 3], dtype: "int32" },
  };
  const sets = [0, 1, 2].map((set) => ({
    x: Array.from({ length: 24 }, (_, i) => 100 * set + i),
    indices: [0, 1, set % 2, 1, 0, (set + 1) % 2],
  }));
  for (const axis of [0, 1, -1]) {
    const gather: TensorFunction = ({ x, indices }) => ({ y: x.gather(indices as tf.Tensor2D, axis) });
    for (const differing of [["x", "indices"], ["indices"], ["x"]]) {
      const { actual, expected } = await atOnce(gather, specs, sets, differing);
      assert.deepEqual(actual, expected, `axis ${axis}, differing: ${differing}`);
    }
  }
});
