/**
 * Rewrites applied to each node as it is built. Every one keeps finite values to the last bit, or replaces a
 * computation by one at least as accurate.
 */
import { sizeOf } from "../datasets/shape.ts";
import {
  type Attributes,
  type Node,
  type NodeFactory,
  sameShape,
  type TensorSpec,
  uniformValue,
} from "./graph.ts";

type Rewrite = (
  build: NodeFactory,
  inputs: readonly Node[],
  spec: TensorSpec,
  attributes: Attributes,
) => Node | undefined;

/** Operations that compute each element from those at the same place, after broadcasting. */
const broadcasting = new Set(["Add", "Sub", "Multiply", "RealDiv", "Maximum", "Minimum", "Select"]);

/** Operations on each element by itself, with which a reshape changes places. */
const elementwise = new Set(["Abs", "Square", "Neg", "Sqrt", "Exp", "Tanh", "Relu", "Cast"]);

/** x, where it already has the result's shape. */
function unlessBroadcast(x: Node, { shape }: TensorSpec): Node | undefined {
  return sameShape(x.shape, shape) ? x : undefined;
}

const rewrites: Readonly<Record<string, Rewrite>> = {
  // Gradients of sums multiply by a tensor of ones in order to broadcast.
  Multiply(build, [a, b], spec) {
    if (uniformValue(b) === 1) return unlessBroadcast(a, spec);
    if (uniformValue(a) === 1) return unlessBroadcast(b, spec);
    // 2 x times one number a channel, in the gradient of a variance: a power of two may as well scale the few.
    for (const [few, many] of [[a, b], [b, a]]) {
      const [x, factor] = many.op === "Multiply" ? many.inputs : [];
      const isPower = factor && Number.isInteger(Math.log2(uniformValue(factor) ?? 0));
      if (isPower && sameShape(x.shape, spec.shape) && sizeOf(few.shape) < sizeOf(x.shape)) {
        const scalar = build.constant(uniformValue(factor)!, { shape: [], dtype: factor.dtype });
        return build.node("Multiply", [x, build.node("Multiply", [few, scalar], few)], spec);
      }
    }
  },
  // The gradient of a leaky relu: a choice costs as much as five products.
  Select(build, [condition, x, scaled], spec) {
    const [of, factor] = scaled.op === "Multiply" ? scaled.inputs : [];
    const slope = factor && uniformValue(factor);
    if (
      of === x && slope !== undefined && slope >= 0 && slope <= 1 && sameShape(condition.shape, spec.shape)
    ) {
      const scalar = build.constant(slope, { shape: [], dtype: x.dtype });
      const slopes = build.node("Maximum", [build.cast(condition, x.dtype), scalar], spec);
      return build.node("Multiply", [x, slopes], spec);
    }
  },
  RealDiv: (_, [a, b], spec) => uniformValue(b) === 1 ? unlessBroadcast(a, spec) : undefined,
  Add(build, [a, b], spec) {
    // A dense layer: the product and its bias in one operation.
    if (a.op === "BatchMatMul" && a.shape.length === 2 && b.shape.length === 1) {
      return build.node("Dense", [...a.inputs, b], spec, a.attributes);
    }
  },
  // tf.norm is sqrt(sum(pow(abs(x), 2))) of the flattened tensor.
  Pow: (build, [x, exponent], spec) =>
    uniformValue(exponent) === 2 ? build.node("Square", [x], spec) : undefined,
  Square: (build, [x], spec) => x.op === "Abs" ? build.node("Square", [x.inputs[0]], spec) : undefined,
  Sum(build, [x], spec, attributes) {
    if (x.op === "Square") return build.node("SumOfSquares", [x.inputs[0]], spec, attributes);
    if (x.op === "Reshape" && spec.shape.length === 0) {
      const axes = x.inputs[0].shape.map((_, axis) => axis);
      return build.node("Sum", x.inputs, spec, { axes, keepDims: false });
    }
  },
  Sqrt(build, [x], spec) {
    if (x.op === "SumOfSquares") return build.node("Norm", [x.inputs[0]], spec, x.attributes);
  },

  // tf.logSoftmax is (x - max) - log(sum(exp(x - max))).
  Sub(build, [shifted, log], spec) {
    const [sum] = log.op === "Log" ? log.inputs : [];
    const [exp] = sum?.op === "Sum" ? sum.inputs : [];
    const [x, max] = shifted.op === "Sub" ? shifted.inputs : [];
    const lastAxis = spec.shape.length - 1;
    if (
      exp?.op === "Exp" && exp.inputs[0] === shifted && max?.op === "Max" && max.inputs[0] === x &&
      String(sum.attributes.axes) === String(lastAxis) && String(max.attributes.axes) === String(lastAxis)
    ) {
      return build.node("LogSoftmax", [x], spec, { axis: lastAxis });
    }
  },

  // The runtime takes an identity before a product of matrices for a real transposition.
  Transpose(build, [x], spec, { perm }) {
    const order = perm as readonly number[];
    if (order.every((axis, i) => axis === i)) return x;
    if (x.op === "Transpose") {
      const inner = x.attributes.perm as readonly number[];
      return build.node("Transpose", x.inputs, spec, { perm: order.map((axis) => inner[axis]) });
    }
  },
  Cast(build, [x], spec) {
    const value = uniformValue(x);
    if (value !== undefined && spec.dtype !== "bool") {
      return build.constant(spec.dtype === "float" ? value : Math.trunc(value), spec);
    }
    // A truth value is 0 or 1 in every type.
    if (x.op === "Cast" && x.inputs[0].dtype === "bool") return build.cast(x.inputs[0], spec.dtype);
  },
};

export function simplify(
  build: NodeFactory,
  op: string,
  inputs: readonly Node[],
  spec: TensorSpec,
  attributes: Attributes,
): Node | undefined {
  if (broadcasting.has(op)) {
    const narrowed = withoutNeedlessBroadcasts(build, inputs, spec);
    if (narrowed) return build.node(op, narrowed, spec, attributes);
  }
  const inside = beforeBroadcast(build, op, inputs, spec, attributes);
  if (inside) return inside;
  if (elementwise.has(op) && inputs[0].op === "Reshape") {
    const [x] = inputs[0].inputs;
    return build.reshape(build.node(op, [x], { shape: x.shape, dtype: spec.dtype }, attributes), spec.shape);
  }
  return rewrites[op]?.(build, inputs, spec, attributes);
}

/**
 * An operand that is a scalar times ones, or a uniform constant, need not be spread out by itself when another operand
 * already has the result's shape.
 */
function withoutNeedlessBroadcasts(
  build: NodeFactory,
  inputs: readonly Node[],
  spec: TensorSpec,
): Node[] | undefined {
  const narrow = inputs.map((input) => narrowed(build, input));
  for (let i = 0; i < inputs.length; i++) {
    if (narrow[i] === inputs[i]) continue;
    const othersSuffice = inputs.some((other, j) => j !== i && sameShape(other.shape, spec.shape));
    if (othersSuffice) return inputs.map((input, j) => j === i ? narrow[i] : input);
  }
}

function narrowed(build: NodeFactory, x: Node): Node {
  const value = uniformValue(x);
  if (value !== undefined && x.shape.length > 0) return build.constant(value, { shape: [], dtype: x.dtype });
  return spreadOut(x) ?? x;
}

/** What x spreads out by a product with ones, if that is what it does. */
function spreadOut(x: Node): Node | undefined {
  if (x.op !== "Multiply") return undefined;
  const [a, b] = x.inputs;
  if (uniformValue(b) === 1 && !sameShape(a.shape, x.shape)) return a;
  if (uniformValue(a) === 1 && !sameShape(b.shape, x.shape)) return b;
}

/** The gradient of a mean divides what it has spread out; better the other way round. */
function beforeBroadcast(
  build: NodeFactory,
  op: string,
  inputs: readonly Node[],
  spec: TensorSpec,
  attributes: Attributes,
): Node | undefined {
  const at = inputs.findIndex((input) => spreadOut(input) && sameShape(input.shape, spec.shape));
  const isSingle = (input: Node, i: number) => i === at || sizeOf(input.shape) === 1;
  if (at < 0 || !(elementwise.has(op) || broadcasting.has(op)) || !inputs.every(isSingle)) return undefined;
  const few = spreadOut(inputs[at])!;
  const operands = inputs.map((input, i) => i === at ? few : build.reshape(input, []));
  const inner = build.node(op, operands, { shape: few.shape, dtype: spec.dtype }, attributes);
  return build.node("Multiply", [inner, build.constant(1, spec)], spec);
}
