import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { blockSize } from "../engine/devices/block_size.ts";
import { compileFunction, type Specs } from "../engine/compile.ts";
import type { Node } from "../engine/graph.ts";
import { tile } from "../engine/tiles.ts";
import { trace } from "../engine/trace.ts";
import { assertClose, type Data, gradientsOf, runCompiled } from "./_compiled.ts";

type Tensors = Record<string, tf.Tensor>;
type Function = (inputs: Tensors) => tf.Tensor;

/** Numbers of both signs that don't repeat soon. */
function filled(shape: readonly number[], seed: number): number[] {
  const size = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: size }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) * 1.5);
}

function floats(shapes: Record<string, readonly number[]>): { specs: Specs; data: Data } {
  const entries = Object.entries(shapes);
  return {
    specs: Object.fromEntries(entries.map(([name, shape]) => [name, { shape, dtype: "float" }])),
    data: Object.fromEntries(entries.map(([name, shape], i) => [name, filled(shape, i + 1)])),
  };
}

/** In tiles and without, the function's value and its gradients. */
async function assertAlike(fn: Function, specs: Specs, data: Data) {
  for (const each of [(inputs: Tensors) => ({ result: fn(inputs) }), gradientsOf(fn, specs)]) {
    const tiled = await runCompiled(each, specs, data);
    const plain = await runCompiled(each, specs, data, "float32", undefined, { tiles: false, axpy: true });
    assert.deepEqual(Object.keys(tiled), Object.keys(plain));
    for (const name of Object.keys(plain)) {
      const size = Math.max(1, ...plain[name].map(Math.abs));
      assertClose(
        tiled[name].map((value) => value / size),
        plain[name].map((value) => value / size),
        1e-5,
      );
    }
  }
}

function operations(fn: Function, specs: Specs, block: number): Map<string, number> {
  const counts = new Map<string, number>();
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
    node.inputs.forEach(visit);
  };
  Object.values(tile(trace((inputs) => ({ y: fn(inputs) }), specs), block).outputs).forEach(visit);
  return counts;
}

function conv(strides: number | [number, number], pad: "same" | "valid"): Function {
  return ({ x, filter }) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
}

const settings: [string, number[], number[], number | [number, number], "same" | "valid"][] = [
  ["whole blocks", [32, 6, 5, 32], [3, 3, 32, 16], 1, "same"],
  ["an even filter, padded unevenly", [16, 5, 6, 16], [4, 4, 16, 32], 1, "same"],
  ["no padding", [16, 6, 7, 16], [5, 3, 16, 16], 1, "valid"],
  ["one channel", [32, 7, 6, 1], [5, 5, 1, 32], 1, "same"],
  ["three channels", [16, 7, 6, 3], [3, 3, 3, 16], 1, "valid"],
  ["channels that fill no block", [16, 5, 5, 20], [3, 3, 20, 10], 1, "same"],
  ["one channel of the result", [16, 5, 5, 16], [3, 3, 16, 1], 1, "same"],
  ["strided, padded unevenly", [16, 8, 8, 16], [4, 4, 16, 16], 2, "same"],
  ["strided, of an odd size", [16, 7, 9, 16], [3, 3, 16, 32], 2, "same"],
  ["strided, with a rest unseen", [16, 8, 6, 16], [3, 3, 16, 16], 2, "valid"],
  ["strided, one channel", [16, 8, 8, 1], [4, 4, 1, 16], 2, "same"],
  ["different strides", [16, 7, 6, 16], [3, 2, 16, 16], [2, 3], "same"],
  ["a stride longer than the filter", [16, 7, 7, 16], [1, 1, 16, 16], 2, "valid"],
  ["a stride of three", [16, 7, 8, 16], [2, 2, 16, 16], 3, "same"],
  ["rows that fill no block", [10, 6, 6, 16], [3, 3, 16, 16], 1, "same"],
  ["a single row", [1, 6, 6, 16], [3, 3, 16, 16], 1, "same"],
  ["a prime number of rows", [17, 4, 4, 16], [3, 3, 16, 16], 2, "same"],
];

for (const [name, x, filter, strides, pad] of settings) {
  test(`a convolution in tiles, ${name}, is that without, with its gradients`, async () => {
    const { specs, data } = floats({ x, filter });
    await assertAlike(conv(strides, pad), specs, data);
  });

  test(`a transposed convolution in tiles, ${name}, is that without, with its gradients`, async () => {
    const outputs =
      trace((inputs) => ({ y: conv(strides, pad)(inputs) }), floats({ x, filter }).specs).outputs;
    const { specs, data } = floats({ x: outputs.y.shape, filter });
    const shape = x as [number, number, number, number];
    await assertAlike(
      ({ x, filter }) => tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, shape, strides, pad),
      specs,
      data,
    );
  });
}

/** What may stand between two convolutions. */
const between: Record<string, (x: tf.Tensor4D, inputs: Tensors) => tf.Tensor> = {
  "a bias and relu": (x, { bias }) => x.add(bias).relu(),
  "a leaky relu": (x) => x.leakyRelu(0.3),
  "a sum with another image": (x, { other }) => x.add(other),
  "a product with numbers of rows": (x, { rows }) => x.mul(rows),
  "a product with one image": (x, { other }) => x.mul(other.slice([0, 0, 0, 0], [1, -1, -1, -1])),
  "batch normalization": (x, { bias }) => {
    const centred = x.sub(x.mean([0, 1, 2]));
    return centred.mul(centred.square().mean([0, 1, 2]).add(1e-5).rsqrt().mul(bias)).add(bias);
  },
  "the mean of each image": (x) => x.sub(x.mean([1, 2], true)),
  "the mean over channels": (x) => x.sub(x.mean(3, true)),
  "the largest of each image": (x) => x.sub(x.max([1, 2], true)),
  "the whole sum": (x) => x.mul(x.sum().mul(0.01)),
  "a scalar and a uniform tensor": (x) => x.mul(tf.fill(x.shape, 0.5)).sub(1),
  "a 2x2 max-pool": (x) => x.maxPool(2, 2, "valid"),
  "a 3x3 max-pool with stride 2": (x) => x.maxPool(3, 2, "same"),
  "a 3x3 max-pool with stride 1": (x) => x.maxPool(3, 1, "same"),
  "a 1x1 pool with stride 2": (x) => x.avgPool(1, 2, "valid"),
  "a 3x3 average pool with stride 2": (x) => x.avgPool(3, 2, "same"),
  "padding of channels": (x) =>
    x.pad([[0, 0], [0, 0], [0, 0], [0, 16]]).slice([0, 0, 0, 0], [-1, -1, -1, 16]),
  "padding of pixels": (x) => x.pad([[0, 0], [1, 0], [0, 2], [0, 0]]),
  "padding of rows": (x) => x.pad([[1, 0], [0, 0], [0, 0], [0, 0]]).slice([1, 0, 0, 0], [-1, -1, -1, -1]),
  "a choice": (x, { other }) => tf.where(x.greaterEqual(other), x, other.mul(2)),
  "a reshape": (x) => x.reshape([16, 30, 16]).mul(2).reshape(x.shape),
};

for (const [name, fn] of Object.entries(between)) {
  test(`${name} between two convolutions in tiles is that without, with its gradients`, async () => {
    const { specs, data } = floats({
      x: [16, 5, 6, 16],
      filter: [3, 3, 16, 16],
      second: [2, 2, 16, 16],
      bias: [16],
      other: [16, 5, 6, 16],
      rows: [16, 1, 1, 1],
    });
    await assertAlike(
      (inputs) => {
        const first = conv(1, "same")(inputs).mul(0.1);
        const middle = fn(first as tf.Tensor4D, inputs) as tf.Tensor4D;
        return middle.conv2d(inputs.second as tf.Tensor4D, 1, "same").mul(0.1);
      },
      specs,
      data,
    );
  });
}

test("the gradient of a maximum in tiles goes to the first of equals", async () => {
  const { specs, data } = floats({ x: [16, 6, 6, 16], filter: [1, 1, 16, 16] });
  // The filter that changes nothing, and images with many equal numbers.
  const filter = Array.from({ length: 256 }, (_, i) => i % 17 === 0 ? 1 : 0);
  for (const [size, strides] of [[2, 2], [3, 2], [3, 1]]) {
    const fn: Function = (inputs) => (conv(1, "same")(inputs) as tf.Tensor4D).maxPool(size, strides, "same");
    for (const x of [data.x.map(Math.round), data.x.map(() => 0)]) {
      const gradients = gradientsOf(fn, specs);
      const tiled = await runCompiled(gradients, specs, { x, filter });
      const plain = await runCompiled(gradients, specs, { x, filter }, "float32", undefined, {
        tiles: false,
        axpy: true,
      });
      assert.deepEqual(tiled.x, plain.x);
    }
  }
});

for (const [size, strides] of [[2, 2], [3, 2], [3, 1], [2, 3]]) {
  test(`a first layer in tiles with a ${size}x${size} pool of stride ${strides} is that without`, async () => {
    for (const channels of [1, 3]) {
      const { specs, data } = floats({ x: [32, 9, 8, channels], filter: [3, 3, channels, 16] });
      const fn: Function = (inputs) =>
        (conv(1, "same")(inputs) as tf.Tensor4D).maxPool(size, strides, "same");
      await assertAlike(fn, specs, data);
    }
  });
}

test("a residual block in tiles is that without, with its gradients", async () => {
  const { specs, data } = floats({
    x: [32, 6, 6, 16],
    filter: [3, 3, 16, 16],
    second: [3, 3, 16, 16],
    gain: [16],
    bias: [16],
  });
  const fn: Function = ({ x, filter, second, gain, bias }) => {
    const norm = (x: tf.Tensor) => {
      const centred = x.sub(x.mean([0, 1, 2]));
      return centred.mul(centred.square().mean([0, 1, 2]).add(1e-5).rsqrt().mul(gain)).add(bias);
    };
    const first = norm(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same")).relu();
    return norm(tf.conv2d(first as tf.Tensor4D, second as tf.Tensor4D, 1, "same")).add(x).relu();
  };
  await assertAlike(fn, specs, data);
  const counts = operations(fn, specs, 16);
  // Of each normalization one pass, with its gain, its bias, the shortcut and relu.
  assert.equal(counts.get("TileScale"), 2);
  assert.equal(counts.get("Relu"), undefined);
});

test("large batches are divided into parts, and give the same", async () => {
  const { specs, data } = floats({ x: [48, 40, 40, 1], filter: [3, 3, 1, 32], second: [3, 3, 32, 16] });
  const fn: Function = ({ x, filter, second }) => {
    const first = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same").relu().maxPool(2, 2, "same");
    return tf.conv2d(first as tf.Tensor4D, second as tf.Tensor4D, 1, "same").mean([0, 1, 2]);
  };
  await assertAlike(fn, specs, data);
  assert.equal(operations(fn, specs, 16).get("TileConv"), 6);
});

test("images stay in tiles between convolutions", () => {
  const { specs } = floats({ x: [16, 6, 6, 1], filter: [3, 3, 1, 16], second: [3, 3, 16, 16], bias: [16] });
  const counts = operations(
    (inputs) => {
      const first = (conv(1, "same")(inputs) as tf.Tensor4D).maxPool(2, 2, "same").add(inputs.bias).relu();
      return (first as tf.Tensor4D).conv2d(inputs.second as tf.Tensor4D, 1, "same").mean([1, 2]);
    },
    specs,
    16,
  );
  assert.equal(counts.get("TileConv"), 2);
  assert.equal(counts.get("Conv2D"), undefined);
  // Of the input, of two filters, of the result: none of what stands between.
  assert.ok(counts.get("Transpose")! <= 5, `${counts.get("Transpose")} transpositions`);
});

test("a diverged convolution gives no finite loss", async () => {
  const { specs, data } = floats({ x: [16, 6, 6, 16], filter: [3, 3, 16, 16] });
  const fn: Function = (inputs) =>
    (conv(1, "same")(inputs) as tf.Tensor4D).maxPool(2, 2, "same").relu().sum();
  for (const value of [NaN, Infinity]) {
    const { y } = await runCompiled((inputs) => ({ y: fn(inputs) }), specs, {
      ...data,
      filter: data.filter.map(() => value),
    });
    assert.ok(!Number.isFinite(y[0]), String(y[0]));
  }
});

test("a model in tiles gives the same numbers every time", async () => {
  const { specs, data } = floats({ x: [32, 8, 8, 16], filter: [3, 3, 16, 32] });
  const gradients = gradientsOf(conv(1, "same"), specs);
  assert.deepEqual(await runCompiled(gradients, specs, data), await runCompiled(gradients, specs, data));
});

test("models are tiled for the processors there are, in float32, where they have convolutions", async () => {
  const { specs } = floats({ x: [16, 6, 6, 16], filter: [3, 3, 16, 16] });
  const named = (inputs: Tensors) => ({ y: conv(1, "same")(inputs) });
  const block = await blockSize();
  assert.ok([0, 8, 16].includes(block), String(block));
  assert.deepEqual(Object.keys(compileFunction(named, specs, "float32").tiled), ["8", "16"]);
  assert.deepEqual(compileFunction(named, specs, "float64").tiled, {});
  assert.deepEqual(compileFunction(({ x }) => ({ y: x.square() }), specs, "float32").tiled, {});
});
