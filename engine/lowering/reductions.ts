/** Operations that combine the elements along some axes: sums, extremes, products of matrices. */
import { sizeOf } from "../../datasets/shape.ts";
import type { Shape } from "../graph.ts";
import type { Lowering } from "../lower.ts";
import { CONTRIB, type LoweringRule, type LoweringRules } from "./rule.ts";

/** A reduction over `axes`. */
function reduction(op: string): LoweringRule {
  return (lower, { attributes: { axes, keepDims } }, [x]) =>
    lower.emit(op, [x, lower.integers(axes as number[])], { keepdims: keepDims ? 1 : 0 });
}

function alongAxis(op: string): LoweringRule {
  return (lower, { attributes: { axis } }, [x]) => lower.emit(op, [x], { axis: axis as number });
}

/** The order of axes in which the last two have changed places. */
export function swapLast(shape: Shape): number[] {
  const perm = shape.map((_, i) => i);
  return [...perm.slice(0, -2), perm.at(-1)!, perm.at(-2)!];
}

/** From so many elements on, a matrix is turned before a product, whose kernel is slower with a transposed first operand. */
const FEWEST_TURNED = 4096;

/** A matrix transposed, in disguise: the runtime would put a plain transposition before a product back into it. */
function turned(lower: Lowering, x: string, [rows, columns]: Shape): string {
  const page = lower.emit("Reshape", [x, lower.integers([1, rows, columns])]);
  const transposed = lower.emit("Transpose", [page], { perm: [0, 2, 1] });
  return lower.emit("Reshape", [transposed, lower.integers([columns, rows])]);
}

export const reductionRules: LoweringRules = {
  Sum: reduction("ReduceSum"),
  SumOfSquares: reduction("ReduceSumSquare"),
  Norm: reduction("ReduceL2"),
  Mean: reduction("ReduceMean"),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  ArgMax: (lower, { attributes: { axis } }, [x]) =>
    lower.cast(lower.emit("ArgMax", [x], { axis: axis as number, keepdims: 0 }), "int32"),
  Cumsum: (lower, { attributes: { axis, exclusive, reverse } }, [x]) =>
    lower.emit("CumSum", [x, lower.integer(axis as number)], {
      exclusive: Number(exclusive),
      reverse: Number(reverse),
    }),
  Softmax: alongAxis("Softmax"),
  LogSoftmax: alongAxis("LogSoftmax"),

  BatchMatMul(lower, node, [a, b]) {
    const { transposeA, transposeB } = node.attributes;
    const [nodeA, nodeB] = node.inputs;
    if (node.shape.length === 2) {
      const isTurned = transposeA && !transposeB && sizeOf(nodeA.shape) >= FEWEST_TURNED;
      return isTurned
        ? lower.emit("Gemm", [turned(lower, a, nodeA.shape), b])
        : lower.emit("Gemm", [a, b], { transA: Number(transposeA), transB: Number(transposeB) });
    }
    if (lower.precision === "float32" && (transposeA || transposeB)) {
      return lower.emit(
        "FusedMatMul",
        [a, b],
        { transA: Number(transposeA), transB: Number(transposeB) },
        CONTRIB,
      );
    }
    return lower.emit("MatMul", [
      transposeA ? lower.emit("Transpose", [a], { perm: swapLast(nodeA.shape) }) : a,
      transposeB ? lower.emit("Transpose", [b], { perm: swapLast(nodeB.shape) }) : b,
    ]);
  },
  Dense: (lower, { attributes: { transposeA, transposeB } }, [a, b, bias]) =>
    lower.emit("Gemm", [a, b, bias], { transA: Number(transposeA), transB: Number(transposeB) }),
};
