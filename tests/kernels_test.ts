import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compileFunction, type Specs } from "../engine/compile.ts";
import { runEagerly } from "../engine/eager.ts";
import { convolutionKernels } from "../engine/kernels/convolution.ts";
import { kernelRules } from "../engine/kernels.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { assertClose, both, gradientsOf, runCompiled } from "./_compiled.ts";

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

type Tensors = Record<string, tf.Tensor>;
const table: Record<string, (inputs: Tensors) => tf.Tensor> = {
  Abs: ({ a }) => a.abs(),
  Ceil: ({ a }) => a.ceil(),
  ClipByValue: ({ a }) => a.clipByValue(-1, 1),
  Cos: ({ a }) => a.cos(),
  Cumsum: ({ a }) => a.cumsum(1, true, true),
  Elu: ({ a }) => a.elu(),
  EluGrad: ({ a }) => tf.grad((x: tf.Tensor) => x.elu())(a),
  Erf: ({ a }) => a.erf(),
  Exp: ({ a }) => a.exp(),
  Expm1: ({ a }) => a.mul(0.01).expm1().mul(100),
  Floor: ({ a }) => a.floor(),
  FloorDiv: ({ a, b }) => a.toInt().mul(3).floorDiv(b.toInt().add(5)).toFloat().add(a.floorDiv(b)),
  FusedBatchNorm: ({ a, v, s }) =>
    tf.batchNorm2d(
      a as tf.Tensor2D,
      v as tf.Tensor1D,
      v.square() as tf.Tensor1D,
      v.add(s) as tf.Tensor1D,
      v as tf.Tensor1D,
    ),
  LeakyRelu: ({ a }) => a.leakyRelu(0.3),
  LinSpace: ({ v }) => v.mul(tf.linspace(-1, 2, 3)),
  Log: ({ p }) => p.log(),
  Log1p: ({ p }) => p.mul(0.001).log1p().mul(1000).add(p.log1p()),
  Mod: ({ a, b }) => a.toInt().mul(4).mod(b.toInt().add(5)).toFloat().add(a.mod(b)),
  Neg: ({ a }) => a.neg(),
  Pack: ({ a, b }) => tf.stack([a, b], 1),
  PadV2: ({ a }) => a.pad([[1, 0], [2, 1]], 0.5),
  Prelu: ({ a, v }) => a.prelu(v),
  Range: ({ v }) => v.add(tf.range(1, 7, 2)),
  Reciprocal: ({ a }) => a.reciprocal(),
  Relu: ({ a }) => a.relu(),
  Relu6: ({ a }) => a.mul(4).relu6(),
  Reverse: ({ a }) => a.reverse(1),
  Round: ({ a }) => a.mul(2).round(),
  Rsqrt: ({ p }) => p.rsqrt(),
  Sigmoid: ({ a }) => a.sigmoid(),
  Sign: ({ a, b }) => a.sub(a).concat(b).sign(),
  Sin: ({ a }) => a.sin(),
  Softplus: ({ a }) => a.softplus(),
  SplitV: ({ a, b }) => tf.split(a, [1, 2], 1)[1].mul(tf.split(b, 3, 1)[2]),
  SquaredDifference: ({ a, b }) => a.squaredDifference(b),
  StridedSlice: ({ a }) => a.stridedSlice([1, -1], [0, 0], [-1, -2], 0, 2),
  Sqrt: ({ p }) => p.sqrt(),
  Square: ({ a }) => a.square(),
  Step: ({ a }) => a.step(0.5),
  Unpack: ({ a }) => tf.unstack(a, 1)[1].mul(tf.unstack(a, 0)[0].sum()),
  UnsortedSegmentSum: ({ a, i }) => tf.unsortedSegmentSum(a.concat(a), i as tf.Tensor1D, 4),
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
  Select: ({ a, b, i }) => a.where(i.slice(1, 3).greater(0), b),
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

/** Kernels that choose, count or round, for which TensorFlow.js has no gradient, or whose input is not a float. */
const WITHOUT_GRADIENT = new Set(
  `ArgMax Cast EluGrad Equal Fill Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr NotEqual OneHot OnesLike
  Range StridedSlice ZerosLike`.split(/\s+/),
);

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
