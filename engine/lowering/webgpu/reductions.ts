import type { Shape } from "../../graph.ts";
import type { Lowering } from "../../lower.ts";
import { reductionRules as general, swapLast } from "../reductions.ts";
import type { LoweringRules } from "../rule.ts";
import { keepingNaN } from "./limits.ts";

/** The place of the first maximum along an axis, of which length 1 is left, and the numbers of all places, as floats. */
export function firstMaximum(lower: Lowering, x: string, shape: Shape, axis: number): [string, string] {
  const length = shape[axis];
  const numbers = Array.from({ length }, (_, i) => i);
  const places = lower.constant(numbers, shape.map((_, i) => i === axis ? length : 1), "float");
  const along = (op: string, of: string) => lower.emit(op, [of, lower.integers([axis])], { keepdims: 1 });
  const isLargest = lower.emit("Equal", [x, along("ReduceMax", x)]);
  // Where all are NaN, none equals another: then it is the last.
  const last = lower.scalar(length - 1, "float");
  return [along("ReduceMin", lower.emit("Where", [isLargest, places, last])), places];
}

export const reductionRules: LoweringRules = {
  ArgMax(lower, { shape, inputs: [{ shape: of }], attributes: { axis } }, [x]) {
    const [first] = firstMaximum(lower, x, of, axis as number);
    return lower.cast(lower.emit("Reshape", [first, lower.integers(shape)]), "int32");
  },
  Softmax: keepingNaN(general.Softmax),
  LogSoftmax(lower, { attributes: { axis } }, [x]) {
    const along = (op: string, of: string) =>
      lower.emit(op, [of, lower.integers([axis as number])], { keepdims: 1 });
    const shifted = lower.emit("Sub", [x, along("ReduceMax", x)]);
    return lower.emit("Sub", [
      shifted,
      lower.emit("Log", [along("ReduceSum", lower.emit("Exp", [shifted]))]),
    ]);
  },
  /** The provider's product of many matrices has no transposed factors. */
  BatchMatMul(lower, { shape, inputs, attributes: { transposeA, transposeB } }, [a, b]) {
    if (shape.length === 2) {
      return lower.emit("Gemm", [a, b], { transA: Number(transposeA), transB: Number(transposeB) });
    }
    const [left, right] = [[a, transposeA], [b, transposeB]].map(([name, isTransposed], i) =>
      isTransposed
        ? lower.emit("Transpose", [name as string], { perm: swapLast(inputs[i].shape) })
        : name as string
    );
    return lower.emit("MatMul", [left, right]);
  },
};
