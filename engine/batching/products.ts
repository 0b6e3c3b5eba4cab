/** Batching of products of matrices. */
import type { Attributes, Node, TensorSpec } from "../graph.ts";
import type { Batcher, Rules, Value } from "./batcher.ts";

/** A product's sums of up to so many terms come out the same, to the last bit, whatever the number of its columns. */
const LONGEST_SUM = 128;
/** Fewer than fill a register of the processor. */
const FEW_COLUMNS = 16;

/** @param original what the product is of a single set: its shape and type, and which factors are transposed */
export function matMul(
  build: Batcher,
  original: TensorSpec & { readonly attributes: Attributes },
  [a, b]: readonly Value[],
): Node {
  const { shape, attributes } = original;
  const { transposeA, transposeB } = attributes;
  const [rows, columns] = shape.slice(-2);
  const isGradient = transposeA && !transposeB && !a.batched && shape.length === 2;
  if (isGradient && columns > 1 && columns < FEW_COLUMNS && a.node.shape[0] <= LONGEST_SUM) {
    return sideBySide(build, build.spec(original), a.node, b.node);
  }
  // The runtime puts the rows of all sets into one product with what they share, in which a vector is one among others.
  const isVector = rows === 1 || columns === 1;
  const second = isVector && a.batched ? { node: build.spread(b), batched: true } : b;
  const operands = [a, second].map((operand) => build.aligned(operand, shape.length));
  return build.node("BatchMatMul", operands, build.spec(original), attributes);
}

/**
 * a^T [b1 b2 ...] as one product with the narrow matrices of all sets side by side: the gradient by a layer's weights where
 * all sets share its inputs, which are then transposed once, not for each set.
 */
function sideBySide(
  build: Batcher,
  { shape: [size, rows, columns], dtype }: TensorSpec,
  a: Node,
  b: Node,
): Node {
  const terms = a.shape[0];
  const wide = build.reshape(build.transposed(b, [1, 0, 2]), [terms, size * columns]);
  const product = build.node("BatchMatMul", [a, wide], { shape: [rows, size * columns], dtype }, {
    transposeA: true,
    transposeB: false,
  });
  // The runtime would move a plain transposition behind the sums of what it gives, which it then adds up in another order.
  const apart = build.reshape(product, [1, rows, size, columns]);
  return build.reshape(build.transposed(apart, [0, 2, 1, 3]), [size, rows, columns]);
}

export const productRules: Rules = {
  BatchMatMul: matMul,
  Dense(build, original, [a, b, bias]) {
    const product = a.batched || b.batched
      ? matMul(build, original, [a, b])
      : build.node("BatchMatMul", [a.node, b.node], original, original.attributes);
    return build.node("Add", [product, build.aligned(bias, 2)], build.spec(original));
  },
};
