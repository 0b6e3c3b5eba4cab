/** Numbers that GPUs get wrong: NaN, infinities, small results of cancellation, ties, angles of many turns. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { HostDevice } from "../engine/devices/host.ts";
import { assertClose } from "./_compiled.ts";
import { compute, testOnWebGpu, type WebGpuTests } from "./_webgpu.ts";

type Unary = (x: tf.Tensor) => tf.Tensor;

const NUMBERS = [0, 1e-30, -1e-8, 3e-5, 1e-3, -0.0123, 0.24, -0.26, 0.7, -0.99, 1.5, 3, -9.5, 17.25];
const SPECIAL = [NaN, Infinity, -Infinity];

/** What each gives is as exact as on the CPU, also where it is near 0; NaN and infinities included. */
const exact: Readonly<Record<string, Unary>> = {
  Exp: (x) => x.exp(),
  Expm1: (x) => x.expm1(),
  Log: (x) => x.log(),
  Log1p: (x) => x.log1p(),
  Tanh: (x) => x.tanh(),
  Softplus: (x) => x.softplus(),
  Elu: (x) => x.elu(),
  Relu: (x) => x.relu(),
  LeakyRelu: (x) => x.leakyRelu(0.1),
  ClipByValue: (x) => x.clipByValue(-1, 2),
  Maximum: (x) => x.maximum(0.3).concat(tf.fill([1], 0.3).maximum(x)),
  Minimum: (x) => x.minimum(0.3).concat(tf.fill([1], 0.3).minimum(x)),
  "Maximum of two that differ": (x) => x.maximum(x.reverse()),
  "Minimum of two that differ": (x) => x.minimum(x.reverse()),
  Sign: (x) => x.sign(),
  Round: (x) => x.round(),
  Sqrt: (x) => x.sqrt(),
  Sum: (x) => x.sum(),
};

/** What is made of a ReLU, which makes NaN of -Infinity. */
const OF_RELU = new Set(["Relu", "Softplus"]);

function computed(fn: Unary, x: readonly number[]) {
  const specs = { x: { shape: [x.length], dtype: "float" } } as const;
  return [({ x }: Record<string, tf.Tensor>) => ({ y: fn(x) }), specs, { x }] as const;
}

/** Within some units in the last place, whatever the magnitude. */
function assertExact(actual: readonly number[], expected: readonly number[], x: readonly number[]) {
  actual.forEach((value, i) =>
    assert.ok(
      Object.is(value + 0, expected[i] + 0) || Math.abs(value - expected[i]) <= 2e-6 * Math.abs(expected[i]),
      `${value}, expected ${expected[i]}, of ${x[i % x.length]}`,
    )
  );
}

const asOnCpu: WebGpuTests = Object.fromEntries(
  Object.entries(exact).map(([kernel, fn]) => [
    `${kernel} on WebGPU is as exact as on the CPU, and NaN and infinities are the same`,
    async (device) => {
      const special = OF_RELU.has(kernel) ? SPECIAL.filter((x) => x !== -Infinity) : SPECIAL;
      for (const x of [NUMBERS, [...NUMBERS, ...special]]) {
        const [onGpu, onCpu] = [
          await compute(device, ...computed(fn, x)),
          await compute(new HostDevice(), ...computed(fn, x)),
        ];
        assertExact(onGpu.y, onCpu.y, x);
      }
    },
  ]),
);

/** What an activation or a distribution makes of NaN must not look like a number: the loss is to show it. */
const spreading: Readonly<Record<string, Unary>> = {
  Sigmoid: (x) => x.sigmoid(),
  Softmax: (x) => x.softmax(),
  LogSoftmax: (x) => x.logSoftmax(),
  Pow: (x) => x.pow(1.5),
  Cos: (x) => x.cos(),
  Sin: (x) => x.sin(),
};

await testOnWebGpu(import.meta.url, {
  ...asOnCpu,
  ...Object.fromEntries(
    Object.entries(spreading).map(([kernel, fn]) => [
      `${kernel} of NaN is NaN on WebGPU`,
      async (device) => {
        const { y } = await compute(device, ...computed(fn, [1, NaN, 2]));
        assert.ok(Number.isNaN(y[1]), `${y}`);
      },
    ]),
  ),
  async "sines on WebGPU are right to the last digits for angles of thousands of turns"(device) {
    const x = [0.5, -1, 1.57, 2, -3.14159, 3, 6.2831, -9.42, 17.3, 100.5, -999.25, 12345.5];
    for (const [fn, expected] of [[tf.sin, Math.sin], [tf.cos, Math.cos]] as const) {
      const { y } = await compute(device, ...computed(fn, x));
      assertClose(y, x.map((angle) => expected(Math.fround(angle))), 5e-7);
    }
  },
  async "sines on WebGPU never leave their range"(device) {
    const { y } = await compute(device, ...computed(tf.sin, [1e6, -1e10, 3e38]));
    assert.ok(y.every((value) => Math.abs(value) <= 1), `${y}`);
  },
  async "halves are rounded to even on WebGPU, and what is next to a half is not one"(device) {
    const x = [0.5, -0.5, 1.5, 2.5, -1.5, -2.5, 0.49999997, 0.50000006, 8388607.5, 16777216, -3.75];
    const { y } = await compute(device, ...computed(tf.round, x));
    assert.deepEqual(y.map((value) => value + 0), [0, 0, 2, 2, -2, -2, 0, 1, 8388608, 16777216, -4]);
  },
  async "the remainder of a multiple is 0 on WebGPU, and the quotient whole"(device) {
    const x = Array.from({ length: 200 }, (_, i) => i - 100);
    for (const divisor of [3, -7, 49]) {
      const multiples = x.map((factor) => factor * divisor);
      const { y } = await compute(
        device,
        ...computed(
          (x) => x.floorDiv(tf.scalar(divisor)).add(x.mod(tf.scalar(divisor)).mul(1000)),
          multiples,
        ),
      );
      assert.deepEqual(y.map((value) => value + 0), x);
    }
  },
});
