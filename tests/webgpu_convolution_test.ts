import * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../datasets/shape.ts";
import type { Specs } from "../engine/compile.ts";
import { HostDevice } from "../engine/devices/host.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { assertClose, type Data, gradientsOf } from "./_compiled.ts";
import { compute, testOnWebGpu, type WebGpuTests } from "./_webgpu.ts";

type Fn = (inputs: Record<string, tf.Tensor>) => tf.Tensor;
type Sides = number | [number, number];
type Pad = "same" | "valid";

/** Numbers that repeat late and are of both signs. */
function filled(shape: readonly number[], seed: number): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) * 1.5);
}

function specsOf(shapes: Readonly<Record<string, readonly number[]>>): Specs {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, dtype: "float" }]),
  );
}

/** A function and its gradients compute the same on the device as on the CPU, for three sets that differ in some inputs. */
function same(fn: Fn, specs: Specs, data: Data, differing: readonly string[] = []): WebGpuTests[string] {
  const together = differing.length > 0 ? { size: 3, inputs: differing } : undefined;
  const all = Object.fromEntries(
    Object.entries(data).map(([name, values]) => [
      name,
      differing.includes(name) ? [1, -0.7, 0.3].flatMap((by) => values.map((value) => by * value)) : values,
    ]),
  );
  const functions: readonly TensorFunction[] = [(inputs) => ({ y: fn(inputs) }), gradientsOf(fn, specs)];
  return async (device) => {
    for (const each of functions) {
      const expected = await compute(new HostDevice(), each, specs, all, together);
      const computed = await compute(device, each, specs, all, together);
      for (const name of Object.keys(expected)) assertClose(computed[name], expected[name], 1e-5);
    }
  };
}

/** Images, filters, stride and padding, chosen for what is easily wrong. */
const convolutions: readonly [string, number[], number[], Sides, Pad][] = [
  ["padded evenly", [2, 6, 5, 3], [3, 3, 3, 4], 1, "same"],
  ["padded unevenly", [2, 5, 6, 2], [4, 4, 2, 3], 1, "same"],
  ["strided, padded unevenly", [2, 8, 7, 2], [3, 3, 2, 3], 2, "same"],
  ["with a rest unseen", [2, 8, 6, 2], [3, 3, 2, 2], 2, "valid"],
  ["with a stride longer than the filter", [1, 7, 7, 2], [2, 2, 2, 3], 3, "same"],
  ["with different strides", [1, 7, 6, 2], [3, 2, 2, 2], [2, 1], "valid"],
  ["pointwise, strided", [2, 5, 4, 3], [1, 1, 3, 2], 2, "same"],
  ["from eight channels to sixteen", [2, 8, 8, 8], [3, 3, 8, 16], 1, "same"],
  ["to one channel", [2, 6, 6, 8], [3, 3, 8, 1], 1, "same"],
];

const pools: readonly [string, number[], Sides, Sides, Pad][] = [
  ["2x2", [2, 4, 6, 3], 2, 2, "valid"],
  ["2x2 of an odd size", [2, 5, 7, 2], 2, 2, "valid"],
  ["2x2 of an odd size, padded", [2, 5, 7, 2], 2, 2, "same"],
  ["3x3 with stride 2, padded unevenly", [2, 8, 6, 2], 3, 2, "same"],
  ["3x3 with stride 1", [1, 5, 5, 2], 3, 1, "same"],
  ["3x2 with different strides", [1, 7, 6, 2], [3, 2], [1, 3], "valid"],
  ["2x2 with a longer stride", [1, 9, 8, 4], 2, 3, "valid"],
];

/** What windows see: no equals, many equals, nothing else, and nothing above the padding. */
const images: Readonly<Record<string, (x: number) => number>> = {
  "of different numbers": (x) => x,
  "with equals": Math.round,
  "of zeros": () => 0,
  "below zero": (x) => -Math.abs(x),
};

const tests: [string, WebGpuTests[string]][] = [];
for (const [name, x, filter, strides, pad] of convolutions) {
  const specs = specsOf({ x, filter });
  const data = { x: filled(x, 1), filter: filled(filter, 2) };
  const fn: Fn = ({ x, filter }) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
  tests.push([`a convolution ${name} is the CPU's on WebGPU, with its gradients`, same(fn, specs, data)]);
  for (const differing of [["x", "filter"], ["filter"]]) {
    tests.push([
      `convolutions ${name} of three sets of ${
        differing.join(" and ")
      } are the CPU's on WebGPU, with their gradients`,
      same(fn, specs, data, differing),
    ]);
  }
}
for (const [name, x, size, strides, pad] of pools) {
  const specs = specsOf({ x });
  const max: Fn = ({ x }) => tf.maxPool(x as tf.Tensor4D, size, strides, pad);
  const average: Fn = ({ x }) => tf.avgPool(x as tf.Tensor4D, size, strides, pad);
  for (const [what, value] of Object.entries(images)) {
    const data = { x: filled(x, 1).map(value) };
    tests.push([
      `the maximum over windows, ${name}, of images ${what} is the CPU's on WebGPU, with its gradient`,
      same(max, specs, data),
    ]);
  }
  tests.push(
    [`the average over windows, ${name}, is the CPU's on WebGPU`, same(average, specs, { x: filled(x, 1) })],
    [`pools of three sets, ${name}, are the CPU's on WebGPU`, async (device) => {
      for (const fn of [max, average]) await same(fn, specs, { x: filled(x, 1) }, ["x"])(device);
    }],
  );
}

await testOnWebGpu(import.meta.url, Object.fromEntries(tests));
