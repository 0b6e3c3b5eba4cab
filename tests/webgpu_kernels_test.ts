import * as tf from "@tensorflow/tfjs";
import type { Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { assertClose, type Data, gradientsOf } from "./_compiled.ts";
import { data, inputs, table, type Tensors, WITHOUT_GRADIENT } from "./_kernels.ts";
import { compute, testOnWebGpu, type WebGpuTests } from "./_webgpu.ts";

const TOLERANCE = 2e-6;

/** Computes the same on the device as TensorFlow.js does. */
function same(fn: TensorFunction, specs: Specs, data: Data): WebGpuTests[string] {
  return async (device) => {
    const computed = await compute(device, fn, specs, data);
    for (const [name, expected] of Object.entries(runEagerly(fn, specs, data))) {
      assertClose(computed[name], expected, TOLERANCE);
    }
  };
}

const kernels: WebGpuTests = Object.fromEntries(
  Object.entries(table).flatMap(([kernel, fn]) => [
    [`${kernel} computes on WebGPU what TensorFlow.js computes`, same(named(fn), inputs, data)],
    ...WITHOUT_GRADIENT.has(kernel) ? [] : [
      [
        `the gradients of ${kernel} on WebGPU are those of TensorFlow.js`,
        same(gradientsOf(fn, inputs), inputs, data),
      ],
    ],
    [`${kernel} for three sets at once on WebGPU is ${kernel} for each`, together(fn)],
  ]),
);

function named(fn: (inputs: Tensors) => tf.Tensor): TensorFunction {
  return (tensors) => ({ result: fn(tensors) });
}

/** Sets that differ in all but the integers. */
function together(fn: (inputs: Tensors) => tf.Tensor): WebGpuTests[string] {
  const differing = ["a", "b", "p", "v", "s"];
  const sets = [1, 0.5, 2].map((factor) =>
    Object.fromEntries(
      Object.entries(data).map(([name, values]) => [
        name,
        differing.includes(name) ? values.map((value) => value * factor) : values,
      ]),
    )
  );
  const all = Object.fromEntries(
    Object.keys(data).map((name) => [
      name,
      differing.includes(name) ? sets.flatMap((set) => set[name]) : sets[0][name],
    ]),
  );
  return async (device) => {
    const size = sets.length;
    const { result } = await compute(device, named(fn), inputs, all, { size, inputs: differing });
    assertClose(result, sets.flatMap((set) => runEagerly(named(fn), inputs, set).result), TOLERANCE);
  };
}

/** Of integers i and j, and of truth values b, in [2, 3]; indices k. */
const others: Readonly<Record<string, (inputs: Tensors) => tf.Tensor>> = {
  "the absolute value": ({ i }) => i.abs(),
  negation: ({ i }) => i.neg(),
  "a ReLU": ({ i }) => i.relu(),
  "the sign": ({ i }) => i.sign(),
  clipping: ({ i }) => i.clipByValue(-2, 3),
  squares: ({ i }) => i.square().sum(1),
  "a product and a sum": ({ i, j }) => i.mul(j).add(i).sub(j),
  "the remainder": ({ i, j }) => i.mod(j),
  "the quotient, rounded down": ({ i, j }) => i.floorDiv(j),
  "the larger": ({ i, j }) => i.maximum(j),
  "the smaller": ({ i, j }) => i.minimum(j),
  comparisons: ({ i, j }) => tf.stack([i.equal(j), i.notEqual(j), i.less(j), i.greaterEqual(j)]),
  sums: ({ i }) => i.sum(0),
  extremes: ({ i }) => i.max(1).add(i.min(1)),
  "a mean": ({ i }) => i.mean(),
  "the first maximum": ({ i }) => i.argMax(0).add(i.abs().argMax(1).sum()),
  "running sums": ({ i }) => i.cumsum(1),
  "truth values of numbers": ({ i }) => i.toBool().toInt(),
  "equality of truth values": ({ b }) => b.equal(b.reverse(1)),
  "inequality of truth values": ({ b }) => b.notEqual(b.reverse(1)),
  "and, or and not": ({ b }) => b.reverse(1).logicalOr(b.slice([0, 0], [1, 3])).logicalAnd(b.logicalNot()),
  "a choice between truth values": ({ b }) => b.where(b.reverse(1), b.reverse(0)),
  "a count of truth values": ({ b }) => b.sum(1),
  "truth values beside each other": ({ b }) => b.concat(b.reverse(1), 1),
  "truth values in another order": ({ b, k }) => b.gather(k, 1).transpose(),
  "truth values repeated and surrounded": ({ b }) => b.tile([1, 2]).pad([[1, 0], [0, 2]]),
  "more operands than a shader may have buffers": ({ i }) =>
    tf.concat(Array.from({ length: 20 }, (_, n) => i.mul(n)), 1),
};
const otherInputs: Specs = {
  i: { shape: [2, 3], dtype: "int32" },
  j: { shape: [2, 3], dtype: "int32" },
  x: { shape: [2, 3], dtype: "float" },
  k: { shape: [2], dtype: "int32" },
};
const otherData = { i: [7, -7, 3, 0, -1, 6], j: [2, 2, -2, 5, -3, 3], x: [1, 0, 1, 1, 0, 0], k: [1, 0] };

const integers: WebGpuTests = Object.fromEntries(
  Object.entries(others).map(([what, fn]) => {
    const numbers = named(({ x, ...rest }) => fn({ ...rest, b: x.greater(0) }).toFloat());
    return [`${what}, of integers or truth values, is TensorFlow.js'`, same(numbers, otherInputs, otherData)];
  }),
);

await testOnWebGpu(import.meta.url, { ...kernels, ...integers });
