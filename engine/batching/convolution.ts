/**
 * Batching of convolutions and pools.
 *
 * Sets with filters of their own become groups of a single convolution: its images have the channels of all sets side by
 * side, [batch, height, width, sets * in], its filter the results of all, [height, width, in, sets * out], and a set's
 * filters see the set's channels. Where the sets share the images, these filters all see the same channels: one group.
 * What treats the images of a batch alike takes those of all sets as one batch.
 *
 * So `Conv2D` and `Conv2DBackpropInput` have an attribute `groups`: how many there are. Every batched convolution has it,
 * if only as 1. The gradient by the filter is a product of the images' patches and the gradient of the result, for which
 * the patches of shared images are made once. A node `Patches` makes them, from [batch, height, width, channels] to
 * [batch, out height, out width, size * channels], with what each position of a window sees one after another.
 */
import { sizeOf } from "../../datasets/shape.ts";
import type { Node } from "../graph.ts";
import type { Batcher, Rules, Value } from "./batcher.ts";
import { matMul } from "./products.ts";

/** What a batched node is made from: one of a single set. */
type Single = Pick<Node, "op" | "shape" | "dtype" | "attributes">;

/** The images of all sets as one batch. @param others operands that the sets share */
function inOneBatch(
  build: Batcher,
  single: Single,
  images: readonly Value[],
  others: readonly Node[] = [],
): Node {
  const { op, shape: [batch, ...image], dtype, attributes } = single;
  const operands = images.map((value) => build.folded(build.spread(value)));
  const spec = { shape: [build.size * batch, ...image], dtype };
  const result = build.node(op, [...operands, ...others], spec, attributes);
  return build.reshape(result, [build.size, batch, ...image]);
}

/** A convolution by a filter that the sets share. */
function ofOneGroup({ op, shape, dtype, attributes }: Node): Single {
  return { op, shape, dtype, attributes: { ...attributes, groups: 1 } };
}

/** From [sets, ..., channels] to [..., sets * channels]. */
function sideBySide(build: Batcher, x: Node): Node {
  const [size, ...others] = x.shape.slice(0, 4);
  return build.reshape(build.transposed(x, [1, 2, 3, 0, 4]), [...others, size * x.shape[4]]);
}

/** From [..., sets * channels] to [sets, ..., channels]. */
function apart(build: Batcher, x: Node): Node {
  const [batch, height, width, channels] = x.shape;
  const split = build.reshape(x, [batch, height, width, build.size, channels / build.size]);
  return build.transposed(split, [3, 0, 1, 2, 4]);
}

/**
 * A convolution with the filters of all sets, or its gradient by the image.
 *
 * @param images [batch, height, width, groups * channels]
 * @param filters those of each set, [sets, height, width, in, out]
 */
function convolved(
  build: Batcher,
  { op, shape, dtype, attributes }: Single,
  images: Node,
  filters: Node,
  groups: number,
): Node {
  const spec = { shape: shape.with(3, build.size * shape[3]), dtype };
  return apart(build, build.node(op, [images, sideBySide(build, filters)], spec, { ...attributes, groups }));
}

export const convolutionRules: Rules = {
  Conv2D(build, original, [x, filter]) {
    const [, height, width, outputs] = original.shape;
    // A single filter, or what a single pixel sees, is a vector to the runtime, multiplied in an order of its own.
    const isVector = outputs === 1 || height * width === 1;
    if (!filter.batched && !isVector) return inOneBatch(build, ofOneGroup(original), [x], [filter.node]);
    if (!x.batched && !isVector) return convolved(build, original, x.node, filter.node, 1);
    const images = sideBySide(build, build.spread(x));
    return convolved(build, original, images, build.spread(filter), build.size);
  },
  Conv2DBackpropInput(build, original, [dy, filter]) {
    if (!filter.batched) return inOneBatch(build, ofOneGroup(original), [dy], [filter.node]);
    return convolved(build, original, sideBySide(build, build.spread(dy)), filter.node, build.size);
  },
  Conv2DBackpropFilter(build, original, [x, dy]) {
    const { shape: [height, width, inputs, outputs], dtype, attributes } = original;
    const [, gradient] = original.inputs;
    const row = height * width * inputs;
    const patches: Single = {
      op: "Patches",
      shape: gradient.shape.with(3, row),
      dtype,
      attributes: { ...attributes, size: [height, width] },
    };
    const seen = x.batched
      ? inOneBatch(build, patches, [x])
      : build.node(patches.op, [x.node], patches, patches.attributes);
    const rows = sizeOf(gradient.shape.slice(0, 3));
    const matrix = ({ node, batched }: Value, columns: number) => ({
      node: build.reshape(node, batched ? [build.size, rows, columns] : [rows, columns]),
      batched,
    });
    const product = matMul(build, {
      shape: [row, outputs],
      dtype,
      attributes: { transposeA: true, transposeB: false },
    }, [matrix({ node: seen, batched: x.batched }, row), matrix(dy, outputs)]);
    return build.reshape(product, build.spec(original).shape);
  },
  MaxPool: inOneBatch,
  MaxPoolGrad: inOneBatch,
  AvgPool: inOneBatch,
  AvgPoolGrad: inOneBatch,
};
