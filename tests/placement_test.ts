/** What is computed for one of several sets of inputs depends on nothing else, to the last bit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { Shape } from "../engine/graph.ts";
import { kernelRules } from "../engine/kernels.ts";
import { sumOverParts } from "../engine/parts.ts";
import { assertPlaceless, type Case, type TensorFunction } from "./_placement.ts";

const rows: readonly Shape[] = [
  ...Array.from({ length: 36 }, (_, i) => i + 1),
  45,
  62,
  67,
  70,
  119,
  127,
  250,
  641,
].map((
  n,
) => [n]);
const matrices: readonly Shape[] = [[1, 7], [7, 1], [2, 3], [5, 7], [7, 5], [3, 10], [25, 10], [7, 10], [
  9,
  33,
], [17, 129]];
const pages: readonly Shape[] = matrices.map((shape) => [3, ...shape]);

const onRows: Record<string, TensorFunction> = {
  Abs: ({ x }) => x.abs(),
  Ceil: ({ x }) => x.ceil(),
  ClipByValue: ({ x }) => x.clipByValue(-1, 1),
  Cos: ({ x }) => x.cos(),
  Elu: ({ x }) => x.elu(),
  EluGrad: ({ x }) => tf.grad((x: tf.Tensor) => x.elu())(x),
  Erf: ({ x }) => x.erf(),
  Exp: ({ x }) => x.exp(),
  Expm1: ({ x }) => x.expm1(),
  Floor: ({ x }) => x.floor(),
  LeakyRelu: ({ x }) => x.leakyRelu(0.3),
  Log: ({ x }) => x.abs().log(),
  Log1p: ({ x }) => x.abs().log1p(),
  Neg: ({ x }) => x.neg(),
  Prelu: ({ x, y }) => x.prelu(y),
  Reciprocal: ({ x }) => x.reciprocal(),
  Relu: ({ x }) => x.relu(),
  Relu6: ({ x }) => x.relu6(),
  Round: ({ x }) => x.round(),
  Rsqrt: ({ x }) => x.abs().rsqrt(),
  Sigmoid: ({ x }) => x.sigmoid(),
  Sign: ({ x }) => x.sign(),
  Sin: ({ x }) => x.sin(),
  Softplus: ({ x }) => x.softplus(),
  Sqrt: ({ x }) => x.abs().sqrt(),
  Square: ({ x }) => x.square(),
  SquaredDifference: ({ x, y }) => x.squaredDifference(y),
  Step: ({ x }) => x.step(0.5),
  Tanh: ({ x }) => x.tanh(),
  Add: ({ x, y }) => x.add(y),
  AddN: ({ x, y }) => tf.addN([x, y, x]),
  Sub: ({ x, y }) => x.sub(y),
  Multiply: ({ x, y }) => x.mul(y),
  RealDiv: ({ x, y }) => x.div(y),
  FloorDiv: ({ x, y }) => x.floorDiv(y),
  Mod: ({ x, y }) => x.mod(y),
  Pow: ({ x, y }) => x.abs().pow(y),
  Maximum: ({ x, y }) => x.maximum(y),
  Minimum: ({ x, y }) => x.minimum(y),
  Select: ({ x, y }) => x.where(x.greater(0), y),
  Sum: ({ x }) => x.sum(),
  Mean: ({ x }) => x.mean(),
  Max: ({ x }) => x.max(),
  Min: ({ x }) => x.min(),
  ArgMax: ({ x }) => x.argMax().toFloat(),
  Cumsum: ({ x }) => x.cumsum(),
  Softmax: ({ x }) => x.softmax(),
  LogSoftmax: ({ x }) => x.logSoftmax(),
  "the sum of squares": ({ x }) => x.square().sum(),
  "a norm": ({ x }) => x.norm(),
  "a product of rows": ({ x, y }) => x.dot(y),
  "a sum of products": ({ x, y }) => x.mul(y).sum(),
};

const elsewhere: Record<string, { shapes: readonly Shape[]; fn: TensorFunction }> = {
  "a sum of columns": { shapes: matrices, fn: ({ x }) => x.sum(0) },
  "a sum of rows": { shapes: matrices, fn: ({ x }) => x.sum(1, true) },
  "a mean of rows": { shapes: matrices, fn: ({ x }) => x.mean(1) },
  "a mean of all": { shapes: matrices, fn: ({ x }) => x.mean() },
  "squares of rows": { shapes: matrices, fn: ({ x }) => x.square().sum(1) },
  "norms of columns": { shapes: matrices, fn: ({ x }) => x.norm(2, 0) },
  "a softmax of rows": { shapes: matrices, fn: ({ x }) => x.softmax() },
  "a log softmax of rows": { shapes: matrices, fn: ({ x }) => x.logSoftmax() },
  "a sum of pages": { shapes: pages, fn: ({ x }) => x.sum(0) },
  "a sum of matrices": { shapes: pages, fn: ({ x }) => x.sum([1, 2]) },
  "a sum of all but columns": { shapes: pages, fn: ({ x }) => x.mean([0, 1]) },
  "a sum around": { shapes: pages, fn: ({ x }) => x.sum([0, 2]) },
  FusedBatchNorm: {
    shapes: matrices,
    fn: ({ x }) => {
      const { mean, variance } = tf.moments(x, 0);
      return tf.batchNorm2d(x as tf.Tensor2D, mean as tf.Tensor1D, variance as tf.Tensor1D);
    },
  },
  "a layer's normalisation": {
    shapes: matrices,
    fn: ({ x }) => {
      const { mean, variance } = tf.moments(x, 1, true);
      return x.sub(mean).div(variance.add(1e-5).sqrt());
    },
  },
  MaxPool: {
    shapes: [[2, 5, 5, 3], [1, 7, 6, 1]],
    fn: ({ x }) => tf.maxPool(x as tf.Tensor4D, 2, 2, "same"),
  },
  MaxPoolGrad: {
    shapes: [[2, 5, 5, 3], [1, 7, 6, 1]],
    fn: ({ x }) => tf.grad((x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 3, 1, "same").square())(x),
  },
  AvgPool: {
    shapes: [[2, 5, 5, 3], [1, 7, 6, 1]],
    fn: ({ x }) => tf.avgPool(x as tf.Tensor4D, 3, 1, "same"),
  },
  AvgPoolGrad: {
    shapes: [[2, 5, 5, 3], [1, 7, 6, 1]],
    fn: ({ x }) => tf.grad((x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, 3, 1, "same").square())(x),
  },
  UnsortedSegmentSum: {
    shapes: matrices,
    fn: ({ x }) => tf.unsortedSegmentSum(x, tf.zeros([x.shape[0]], "int32") as tf.Tensor1D, 2),
  },
  "a sum over parts": {
    shapes: [[5, 1], [5, 3], [25, 10], [35, 7]],
    fn: ({ x }) =>
      sumOverParts(5, { x }, {}, ({ x }) => ({
        sums: { sum: x.abs().log().mean().add(x.sum()) },
        carried: {},
      })).sums.sum,
  },
};

/** Kernels that give the numbers that they are given, or truth values. */
const EXACT =
  `Cast Concat Equal ExpandDims Fill GatherV2 Greater GreaterEqual Identity Less LessEqual LinSpace LogicalAnd LogicalNot
  LogicalOr NotEqual OneHot OnesLike Pack PadV2 Range Reshape Reverse Slice SplitV StridedSlice Tile Transpose Unpack
  ZerosLike`.split(/\s+/);
/** Kernels that are placed below, and in batched_convolution_placement_test.ts. */
const OF_SEVERAL_OPERANDS = ["BatchMatMul", "Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"];

test("every kernel that computes is placed", () => {
  const placed = [...Object.keys(onRows), ...Object.keys(elsewhere), ...EXACT, ...OF_SEVERAL_OPERANDS];
  assert.deepEqual(Object.keys(kernelRules).filter((kernel) => !placed.includes(kernel)), []);
});

for (const [name, fn] of Object.entries(onRows)) {
  test(`${name} makes the same of a set at every place`, async () => {
    await assertPlaceless(rows.map((shape) => ({ fn, shapes: { x: shape, y: shape } })), [["x", "y"], []]);
  });
}

for (const [name, { shapes, fn }] of Object.entries(elsewhere)) {
  test(`${name} makes the same of a set at every place`, async () => {
    await assertPlaceless(shapes.map((shape) => ({ fn, shapes: { x: shape } })), [["x"], []]);
  });
}

/** Rows, terms of a sum, columns. */
const products = [
  [1, 1, 10],
  [1, 7, 1],
  [1, 7, 3],
  [1, 33, 17],
  [1, 640, 2],
  [2, 3, 4],
  [3, 5, 7],
  [3, 640, 1],
  [5, 9, 10],
  [7, 3, 1],
  [7, 30, 10],
  [7, 64, 10],
  [10, 1, 10],
  [13, 31, 1],
  [17, 33, 16],
  [25, 64, 30],
  [31, 65, 15],
  [64, 25, 10],
  [64, 65, 1],
  [129, 100, 1],
  [9, 129, 5],
  [300, 8, 1],
];

for (const transposeA of [false, true]) {
  for (const transposeB of [false, true]) {
    const name = `a product of a${transposeA ? "'" : ""} and b${transposeB ? "'" : ""}`;
    test(`${name} is the same at every place, whichever of them the sets share`, async () => {
      const multiply: TensorFunction = ({ a, b }) => tf.matMul(a, b, transposeA, transposeB);
      const cases = products.flatMap(([rows, terms, columns]): Case[] => {
        const shapes = {
          a: transposeA ? [terms, rows] : [rows, terms],
          b: transposeB ? [columns, terms] : [terms, columns],
        };
        return [
          { fn: multiply, shapes },
          { fn: (tensors) => multiply(tensors).add(tensors.c), shapes: { ...shapes, c: [columns] } },
        ];
      });
      await assertPlaceless(cases, [["a", "b", "c"], ["a", "c"], ["b", "c"]]);
    });
  }
}

test("products of several matrices are the same at every place", async () => {
  const cases = products.filter(([rows, terms]) => rows * terms < 600).flatMap((
    [rows, terms, columns],
  ): Case[] => [
    { fn: ({ a, b }) => a.matMul(b), shapes: { a: [3, rows, terms], b: [3, terms, columns] } },
    { fn: ({ a, b }) => a.matMul(b), shapes: { a: [3, rows, terms], b: [terms, columns] } },
  ]);
  await assertPlaceless(cases, [["a", "b"], ["a"], ["b"]]);
});

test("a product of what is shared gets what differs", async () => {
  const cases: Case[] = [{
    fn: ({ a, b, c }) => a.matMul(b, true).add(c),
    shapes: { a: [5, 3], b: [5, 7], c: [7] },
  }];
  await assertPlaceless(cases, [["a", "b", "c"], ["c"]]);
});
