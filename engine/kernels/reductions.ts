/** Kernels that combine the elements along some axes: sums, extremes, products of matrices. */
import { broadcastShape } from "../graph.ts";
import { combined, type KernelRule, type KernelRules, normalAxes, reducedShape } from "./rule.ts";

function reduction(op: string, axisAttribute = "axis"): KernelRule {
  return (build, { x }, attrs) => {
    const axes = normalAxes(attrs[axisAttribute], x.shape);
    if (axes.length === 0) return x;
    const shape = reducedShape(x.shape, axes, attrs.keepDims);
    return build.node(op, [x], { shape, dtype: x.dtype }, { axes, keepDims: attrs.keepDims === true });
  };
}

export const reductionKernels: KernelRules = {
  Sum: reduction("Sum"),
  /** The mean of integers is a float. */
  Mean: (build, { x }, attrs) => reduction("Mean")(build, { x: build.cast(x, "float") }, attrs),
  Max: reduction("Max", "reductionIndices"),
  Min: reduction("Min"),
  ArgMax(build, { x }, attrs) {
    const [axis] = normalAxes(attrs.axis, x.shape);
    return build.node("ArgMax", [x], { shape: reducedShape(x.shape, [axis], false), dtype: "int32" }, {
      axis,
    });
  },
  Cumsum(build, { x }, { axis, exclusive, reverse }) {
    const attributes = {
      axis: normalAxes(axis, x.shape)[0],
      exclusive: exclusive === true,
      reverse: reverse === true,
    };
    return build.node("Cumsum", [x], x, attributes);
  },
  /** Normalised by moments that are given: (x - mean) scale / sqrt(variance + epsilon) + offset. */
  FusedBatchNorm(build, { x, mean, variance, scale, offset }, { varianceEpsilon }) {
    const epsilon = build.constant(varianceEpsilon, { shape: [], dtype: x.dtype });
    const rsqrt = build.node("Rsqrt", [combined(build, "Add", variance, epsilon)], variance);
    const factor = scale ? combined(build, "Multiply", rsqrt, scale) : rsqrt;
    const scaled = combined(build, "Multiply", combined(build, "Sub", x, mean), factor);
    return offset ? combined(build, "Add", scaled, offset) : scaled;
  },
  Softmax: (build, { logits }, attrs) => build.node("Softmax", [logits], logits, { axis: attrs.dim }),
  LogSoftmax: (build, { logits }, attrs) => build.node("LogSoftmax", [logits], logits, { axis: attrs.axis }),

  BatchMatMul(build, { a, b }, { transposeA, transposeB }) {
    const rows = a.shape.at(transposeA ? -1 : -2)!;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return build.node("BatchMatMul", [a, b], { shape: [...batch, rows, columns], dtype: a.dtype }, {
      transposeA: transposeA === true,
      transposeB: transposeB === true,
    });
  },
};
