/** Numbers of channels at which WebGPU's own convolutions are wrong: alone, and of several sets. */
import * as tf from "@tensorflow/tfjs";
import { Random } from "../datasets/random.ts";
import { sizeOf } from "../datasets/shape.ts";
import type { Specs, Together } from "../engine/compile.ts";
import { HostDevice } from "../engine/devices/host.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { assertClose, gradientsOf } from "./_compiled.ts";
import { compute, testOnWebGpu, type WebGpuTests } from "./_webgpu.ts";

/** From so many channels to so many. */
const channels: readonly [number, number][] = [[6, 4], [9, 8], [2, 6], [4, 5], [3, 10], [1, 4], [1, 16], [
  15,
  7,
]];

function same([inputs, outputs]: [number, number], together?: Together): WebGpuTests[string] {
  const specs: Specs = {
    x: { shape: [2, 5, 6, inputs], dtype: "float" },
    filter: { shape: [3, 2, inputs, outputs], dtype: "float" },
  };
  const convolve = ({ x, filter }: Record<string, tf.Tensor>) =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, [2, 1], "same");
  const all: TensorFunction = (inputs) => ({ y: convolve(inputs), ...gradientsOf(convolve, specs)(inputs) });
  const random = new Random(1, "channels");
  const data = Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const sets = together?.inputs.includes(name) ? together.size : 1;
      return [name, Array.from({ length: sets * sizeOf(shape) }, () => random.uniform() - 0.5)];
    }),
  );
  return async (device) => {
    const expected = await compute(new HostDevice(), all, specs, data, together);
    const computed = await compute(device, all, specs, data, together);
    for (const name of Object.keys(expected)) assertClose(computed[name], expected[name], 1e-5);
  };
}

await testOnWebGpu(
  import.meta.url,
  Object.fromEntries(channels.flatMap((pair): [string, WebGpuTests[string]][] => {
    const title = `a convolution from ${pair.join(" to ")} channels is the CPU's on WebGPU`;
    return [
      [title, same(pair)],
      [`${title}, of two sets`, same(pair, { size: 2, inputs: ["x", "filter"] })],
      [`${title}, of four sets on the same images`, same(pair, { size: 4, inputs: ["filter"] })],
    ];
  })),
);
