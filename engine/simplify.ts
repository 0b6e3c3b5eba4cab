/**
 * Rewrites applied to each node as it is built. Every one keeps finite values to the last bit, or replaces a
 * computation by one at least as accurate.
 */
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
    // The gradient of relu: a choice is one pass, a comparison, a cast and a product are three.
    const [step, other] = b.op === "Step" ? [b, a] : [a, b];
    if (step.op === "Step" && step.attributes.alpha === 0 && sameShape(other.shape, spec.shape)) {
      const zero = build.constant(0, { shape: [], dtype: "float" });
      const positive = build.node("Greater", [step.inputs[0], zero], { shape: step.shape, dtype: "bool" });
      return build.node("Select", [positive, other, zero], spec);
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
  if (x.op === "Multiply") {
    const [a, b] = x.inputs;
    if (uniformValue(b) === 1 && !sameShape(a.shape, x.shape)) return a;
    if (uniformValue(a) === 1 && !sameShape(b.shape, x.shape)) return b;
  }
  return x;
}
