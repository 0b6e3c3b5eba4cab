/** Kernels that make arrays, or put their elements elsewhere. */
import * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../../datasets/shape.ts";
import { type Node, type NodeFactory, sameShape, type Shape, type TensorSpec } from "../graph.ts";
import { combined, dtypes, type KernelRule, type KernelRules, normalAxes, selected } from "./rule.ts";

function filled(value: number): KernelRule {
  return (build, { x }) => build.constant(value, { shape: x.shape, dtype: x.dtype });
}

/** A block of x: for each axis where it begins, how long it is, and every how manieth element it takes. */
function sliced(
  build: NodeFactory,
  x: Node,
  begin: readonly number[],
  shape: Shape,
  strides?: readonly number[],
): Node {
  const contiguous = !strides || strides.every((stride) => stride === 1);
  if (contiguous && sameShape(x.shape, shape)) return x;
  return build.node(
    "Slice",
    [x],
    { shape, dtype: x.dtype },
    contiguous ? { begin: [...begin] } : { begin: [...begin], strides: [...strides] },
  );
}

/** Parts of x along an axis, one after the other. */
function split(build: NodeFactory, x: Node, axis: number, sizes: readonly number[]): Node[] {
  let start = 0;
  return sizes.map((size) => {
    const part = sliced(build, x, x.shape.map((_, i) => i === axis ? start : 0), x.shape.with(axis, size));
    start += size;
    return part;
  });
}

function concatenated(build: NodeFactory, parts: readonly Node[], axis: number): Node {
  const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const spec: TensorSpec = { shape: parts[0].shape.with(axis, total), dtype: parts[0].dtype };
  return build.node("Concat", parts, spec, { axis });
}

/** Whether each index is each of the first `count` integers: [..., count]. */
function hits(build: NodeFactory, indices: Node, count: number): Node {
  const spec: TensorSpec = { shape: [count], dtype: "int32" };
  const classes = build.constant(Array.from({ length: count }, (_, i) => i), spec);
  const column = build.reshape(build.cast(indices, "int32"), [...indices.shape, 1]);
  return combined(build, "Equal", column, classes, "bool");
}

/** Resolves the -1 that a reshape may hold. */
function inferredShape(shape: Shape, from: Shape): Shape {
  const known = shape.filter((dimension) => dimension !== -1);
  return shape.map((dimension) => dimension === -1 ? sizeOf(from) / sizeOf(known) : dimension);
}

export const arrayKernels: KernelRules = {
  Identity: (_, { x }) => x,
  Reshape: (build, { x }, attrs) => build.reshape(x, inferredShape(attrs.shape, x.shape)),
  ExpandDims(build, { input }, { dim }) {
    const shape = [...input.shape];
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
    return build.reshape(input, shape);
  },
  Transpose(build, { x }, { perm }) {
    const shape = perm.map((axis: number) => x.shape[axis]);
    return build.node("Transpose", [x], { shape, dtype: x.dtype }, { perm: [...perm] });
  },
  Reverse(build, { x }, { dims }) {
    const axes = normalAxes(dims, x.shape);
    if (axes.length === 0) return x;
    const begin = x.shape.map((length, i) => axes.includes(i) ? length - 1 : 0);
    return sliced(build, x, begin, x.shape, x.shape.map((_, i) => axes.includes(i) ? -1 : 1));
  },
  Tile(build, { x }, { reps }) {
    const shape = x.shape.map((dimension, i) => dimension * reps[i]);
    return reps.every((n: number) => n === 1)
      ? x
      : build.node("Tile", [x], { shape, dtype: x.dtype }, { reps: [...reps] });
  },
  Concat: (build, inputs, attrs) => {
    const parts = Object.values(inputs);
    return concatenated(build, parts, normalAxes(attrs.axis, parts[0].shape)[0]);
  },
  Pack(build, inputs, { axis }) {
    const parts = Object.values(inputs);
    const at = axis < 0 ? axis + parts[0].shape.length + 1 : axis;
    return concatenated(
      build,
      parts.map((part) => build.reshape(part, part.shape.toSpliced(at, 0, 1))),
      at,
    );
  },
  Unpack(build, { value }, attrs) {
    const [axis] = normalAxes(attrs.axis, value.shape);
    const sizes = new Array(value.shape[axis]).fill(1);
    return split(build, value, axis, sizes).map((part) => build.reshape(part, part.shape.toSpliced(axis, 1)));
  },
  SplitV(build, { x }, { numOrSizeSplits, axis }) {
    const [at] = normalAxes(axis, x.shape);
    return split(
      build,
      x,
      at,
      tf.backend_util.prepareSplitSize(x as unknown as tf.Tensor, numOrSizeSplits, at),
    );
  },
  Slice(build, { x }, { begin, size }) {
    const [from, shape] = tf.slice_util.parseSliceParams(x as unknown as tf.Tensor, begin, size);
    return sliced(build, x, from, shape);
  },
  StridedSlice(build, { x }, { begin, end, strides, ...masks }) {
    const info = tf.slice_util.sliceInfo(
      [...x.shape],
      begin,
      end,
      strides,
      masks.beginMask,
      masks.endMask,
      masks.ellipsisMask,
      masks.newAxisMask,
      masks.shrinkAxisMask,
    );
    const shape = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
    return build.reshape(sliced(build, x, info.begin, shape, info.strides), info.finalShape);
  },
  PadV2(build, { x }, { paddings, constantValue }) {
    const before = paddings.map(([first]: number[]) => first);
    const after = paddings.map(([, last]: number[]) => last);
    if ([...before, ...after].every((width) => width === 0)) return x;
    const shape = x.shape.map((length, i) => before[i] + length + after[i]);
    return build.node("Pad", [x], { shape, dtype: x.dtype }, { before, after, value: constantValue });
  },
  GatherV2(build, { x, indices }, attrs) {
    if (attrs.batchDims) {
      throw new RangeError(`Cannot trace gather with batchDims ${attrs.batchDims}: expected 0`);
    }
    const [axis] = normalAxes(attrs.axis, x.shape);
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return build.node("Gather", [x, indices], { shape, dtype: x.dtype }, { axis });
  },
  /**
   * The rows of each segment, added up: the product with a matrix of ones and zeros. Unlike a scatter it adds in the
   * same order every time, and on all threads.
   */
  UnsortedSegmentSum(build, { x, segmentIds }, { numSegments }) {
    if (segmentIds.shape.length !== 1) {
      throw new RangeError(
        `Cannot trace a segment sum with ids of shape [${segmentIds.shape}]: expected one axis`,
      );
    }
    const [rows, ...rest] = x.shape;
    const member = build.cast(hits(build, segmentIds, numSegments), "float");
    const values = build.cast(build.reshape(x, [rows, sizeOf(rest)]), "float");
    const sums = build.node("BatchMatMul", [member, values], {
      shape: [numSegments, sizeOf(rest)],
      dtype: "float",
    }, { transposeA: true, transposeB: false });
    return build.cast(build.reshape(sums, [numSegments, ...rest]), x.dtype);
  },
  OneHot(build, { indices }, { depth, onValue, offValue, dtype }) {
    const hit = hits(build, indices, depth);
    if (onValue === 1 && offValue === 0) return build.cast(hit, dtypes[dtype]);
    const scalar: TensorSpec = { shape: [], dtype: dtypes[dtype] };
    return selected(build, hit, build.constant(onValue, scalar), build.constant(offValue, scalar));
  },

  Fill: (build, _, { shape, value, dtype }) =>
    build.constant(value, { shape, dtype: dtypes[dtype ?? "float32"] }),
  Range(build, _, { start, stop, step, dtype }) {
    const values = Array.from(
      { length: Math.max(0, Math.ceil((stop - start) / step)) },
      (_, i) => start + i * step,
    );
    return build.constant(values, { shape: [values.length], dtype: dtypes[dtype] });
  },
  LinSpace(build, _, { start, stop, num }) {
    const values = Array.from({ length: num }, (_, i) => start + (stop - start) * (i / Math.max(1, num - 1)));
    return build.constant(values, { shape: [num], dtype: "float" });
  },
  ZerosLike: filled(0),
  OnesLike: filled(1),
};
