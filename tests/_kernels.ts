/** A function for every kernel that can be traced, but for convolutions and pools. */
import * as tf from "@tensorflow/tfjs";
import type { Specs } from "../engine/compile.ts";

const a = [0.5, -1.25, 2, -3, 0.75, 1.5];
const b = [1.5, 2, -0.5, 3, -2.25, 0.25];
const positive = a.map(Math.abs);
/** Two matrices, one of them without a sign, a vector, a number, and integers. */
export const inputs: Specs = {
  a: { shape: [2, 3], dtype: "float" },
  b: { shape: [2, 3], dtype: "float" },
  p: { shape: [2, 3], dtype: "float" },
  v: { shape: [3], dtype: "float" },
  s: { shape: [], dtype: "float" },
  i: { shape: [4], dtype: "int32" },
};
export const data = { a, b, p: positive, v: [1, -2, 0.5], s: [0.25], i: [2, 0, 1, 2] };

export type Tensors = Record<string, tf.Tensor>;
/** A function of these, by the kernel that it exercises. */
export const table: Readonly<Record<string, (inputs: Tensors) => tf.Tensor>> = {
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

/** Kernels that choose, count or round, for which TensorFlow.js has no gradient, or whose input is not a float. */
export const WITHOUT_GRADIENT = new Set(
  `ArgMax Cast EluGrad Equal Fill Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr NotEqual OneHot OnesLike
  Range StridedSlice ZerosLike`.split(/\s+/),
);
