/** Operations that make arrays, or put their elements elsewhere. */
import type { LoweringRules } from "./rule.ts";

export const arrayRules: LoweringRules = {
  Reshape: (lower, { shape }, [x]) => lower.emit("Reshape", [x, lower.integers(shape)]),
  Transpose: (lower, { attributes: { perm } }, [x]) =>
    lower.emit("Transpose", [x], { perm: perm as number[] }),
  Tile: (lower, { attributes: { reps } }, [x]) => lower.emit("Tile", [x, lower.integers(reps as number[])]),
  Concat: (lower, { attributes: { axis } }, inputs) => lower.emit("Concat", inputs, { axis: axis as number }),
  Slice(lower, { shape, attributes: { begin, strides } }, [x]) {
    return lower.slice(x, begin as readonly number[], shape, strides as readonly number[] | undefined);
  },
  Pad(lower, { dtype, attributes: { before, after, value } }, [x]) {
    const widths = [...before as readonly number[], ...after as readonly number[]];
    return lower.emit("Pad", [x, lower.integers(widths), lower.scalar(value as number, dtype)]);
  },
  Gather: (lower, { attributes: { axis } }, inputs) => lower.emit("Gather", inputs, { axis: axis as number }),

  Constant: (lower, { shape, dtype, attributes: { value } }) =>
    lower.constant(value as number | number[], shape, dtype),
};
