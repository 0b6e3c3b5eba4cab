/**
 * Convolutions and pools of images [batch, height, width, channels], with filters [height, width, in, out].
 *
 * What padding "same" or "valid" means for a shape is settled here, by TensorFlow.js' own rules: nodes carry the widths
 * [top, left, bottom, right], and the gradients' nodes those of the operation they are the gradient of.
 */
import * as tf from "@tensorflow/tfjs";
import type { Attributes, Node, Shape } from "../graph.ts";
import type { KernelAttributes, KernelRules } from "./rule.ts";

type Shape4D = [number, number, number, number];

/** The result's shape and the node's attributes of a convolution. */
function convolution(input: Shape, filter: Shape, attrs: KernelAttributes): [Shape, Attributes] {
  const { strides, pad, dilations = 1, dataFormat, dimRoundingMode } = attrs;
  if (dataFormat !== "NHWC") {
    throw new RangeError(`Cannot trace a convolution of format ${dataFormat}: expected NHWC`);
  }
  if ([dilations].flat().some((dilation) => dilation !== 1)) {
    throw new RangeError(`Cannot trace a convolution with dilations ${dilations}: expected 1`);
  }
  const info = tf.backend_util.computeConv2DInfo(
    [...input] as Shape4D,
    [...filter] as Shape4D,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  return [info.outShape, { strides: [info.strideHeight, info.strideWidth], pads: widths(info) }];
}

/** The result's shape and the node's attributes of a pool. */
function pool(input: Shape, attrs: KernelAttributes): [Shape, Attributes] {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = tf.backend_util.computePool2DInfo(
    [...input] as Shape4D,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  return [info.outShape, {
    size: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    pads: widths(info),
  }];
}

function widths({ padInfo: { top, left, bottom, right } }: tf.backend_util.Conv2DInfo): number[] {
  return [top, left, bottom, right];
}

function like({ dtype }: Node, shape: Shape) {
  return { shape, dtype };
}

export const convolutionKernels: KernelRules = {
  Conv2D(build, { x, filter }, attrs) {
    const [shape, attributes] = convolution(x.shape, filter.shape, attrs);
    return build.node("Conv2D", [x, filter], like(x, shape), attributes);
  },
  Conv2DBackpropInput(build, { dy, filter }, { inputShape, ...attrs }) {
    const [, attributes] = convolution(inputShape, filter.shape, attrs);
    return build.node("Conv2DBackpropInput", [dy, filter], like(dy, [...inputShape]), attributes);
  },
  Conv2DBackpropFilter(build, { x, dy }, { filterShape, ...attrs }) {
    const [, attributes] = convolution(x.shape, filterShape, attrs);
    return build.node("Conv2DBackpropFilter", [x, dy], like(x, [...filterShape]), attributes);
  },

  MaxPool(build, { x }, attrs) {
    const [shape, attributes] = pool(x.shape, attrs);
    return build.node("MaxPool", [x], like(x, shape), attributes);
  },
  /** The gradient goes to the first maximum of each window, in row-major order. */
  MaxPoolGrad(build, { dy, input, output }, attrs) {
    const [, attributes] = pool(input.shape, attrs);
    return build.node("MaxPoolGrad", [dy, input, output], input, attributes);
  },
  AvgPool(build, { x }, attrs) {
    const [shape, attributes] = pool(x.shape, attrs);
    return build.node("AvgPool", [x], like(x, shape), attributes);
  },
  AvgPoolGrad(build, { dy, input }, attrs) {
    const [, attributes] = pool(input.shape, attrs);
    return build.node("AvgPoolGrad", [dy], input, attributes);
  },
};
