/**
 * Batching: from a graph to one that computes it for many sets of inputs at once, with one more axis in front of
 * everything that differs between them. What is the same for all stays as it is, and is computed once.
 *
 * One rule an operation, as in jax.vmap: https://docs.jax.dev/en/latest/_autosummary/jax.vmap.html
 */
import { Body } from "./body.ts";
import { Builder } from "./builder.ts";
import { elementwiseOperations } from "./elementwise.ts";
import { type Graph, type Node, type Shape, type TensorSpec, uniformValue } from "./graph.ts";
import { inPackets } from "./packets.ts";
import type { PartsAttributes } from "./parts.ts";

/** A node of the batched graph, and whether it has the additional axis. */
interface Value {
  readonly node: Node;
  readonly batched: boolean;
}

type Rule = (build: Batcher, original: Node, inputs: readonly Value[]) => Node;

/** Attributes that count axes from the front move by one. */
function alongAxes(build: Batcher, original: Node, [x]: readonly Value[]): Node {
  const axes = (original.attributes.axes as readonly number[]).map((axis) => axis + 1);
  return build.node(original.op, [build.spread(x)], build.spec(original), { ...original.attributes, axes });
}

function alongAxis(build: Batcher, original: Node, inputs: readonly Value[]): Node {
  const axis = positiveAxis(original, inputs[0].node.shape.length - 1) + 1;
  const all = inputs.map((input) => build.spread(input));
  return build.node(original.op, all, build.spec(original), { ...original.attributes, axis });
}

function positiveAxis({ attributes }: Node, rank: number): number {
  const axis = attributes.axis as number;
  return axis < 0 ? axis + rank : axis;
}

/** Operands are aligned at their last axes, so shorter ones get axes of length 1 behind the one in front. */
function elementwise(build: Batcher, original: Node, inputs: readonly Value[]): Node {
  const operands = inputs.map((input) => build.aligned(input, original.shape.length));
  return build.node(original.op, operands, build.spec(original), original.attributes);
}

/** A product's sums of up to so many terms come out the same, to the last bit, whatever the number of its columns. */
const LONGEST_SUM = 128;
/** Fewer than fill a register of the processor. */
const FEW_COLUMNS = 16;

function matMul(build: Batcher, original: Node, [a, b]: readonly Value[]): Node {
  const { shape, attributes } = original;
  const { transposeA, transposeB } = attributes;
  const [rows, columns] = shape.slice(-2);
  const isGradient = transposeA && !transposeB && !a.batched && shape.length === 2;
  if (isGradient && columns > 1 && columns < FEW_COLUMNS && a.node.shape[0] <= LONGEST_SUM) {
    return sideBySide(build, original, a.node, b.node);
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
function sideBySide(build: Batcher, original: Node, a: Node, b: Node): Node {
  const { shape: [size, rows, columns], dtype } = build.spec(original);
  const terms = a.shape[0];
  const wide = build.node("Transpose", [b], { shape: [terms, size, columns], dtype }, { perm: [1, 0, 2] });
  const operands = [a, build.reshape(wide, [terms, size * columns])];
  const spec = { shape: [rows, size * columns], dtype };
  const product = build.node("BatchMatMul", operands, spec, original.attributes);
  // The runtime would move a plain transposition behind the sums of what it gives, which it then adds up in another order.
  const apart = build.reshape(product, [1, rows, size, columns]);
  const page = { shape: [1, size, rows, columns], dtype };
  const transposed = build.node("Transpose", [apart], page, { perm: [0, 2, 1, 3] });
  return build.reshape(transposed, [size, rows, columns]);
}

/** What treats the images of a batch alike takes those of all sets as one batch. */
function foldedIntoBatch(build: Batcher, original: Node, inputs: readonly Value[]): Node {
  const operands = inputs.map((input) => {
    const all = build.spread(input);
    const [size, batch, ...rest] = all.shape;
    return build.reshape(all, [size * batch, ...rest]);
  });
  const { shape: [size, batch, ...rest], dtype } = build.spec(original);
  const folded = build.node(
    original.op,
    operands,
    { shape: [size * batch, ...rest], dtype },
    original.attributes,
  );
  return build.reshape(folded, [size, batch, ...rest]);
}

/** The body is batched, with all that is carried; its parts are taken behind the axis in front. */
function inParts(build: Batcher, original: Node, inputs: readonly Value[]): Node {
  const { body, axes, carried } = original.attributes as PartsAttributes;
  const isCarried = (i: number) => i >= axes.length && i < axes.length + carried;
  const isBatched = (i: number) => isCarried(i) || inputs[i].batched;
  const batched = Object.keys(body.graph.inputs).filter((_, i) => isBatched(i));
  const operands = inputs.map((input, i) => isCarried(i) ? build.spread(input) : input.node);
  return build.node("SumOverParts", operands, original, {
    ...original.attributes,
    axes: axes.map((axis, i) => isBatched(i) ? axis + 1 : axis),
    body: new Body(batch(body.graph, build.size, batched)),
  });
}

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(elementwiseOperations.map((op) => [op, elementwise])),
  Sum: alongAxes,
  SumOfSquares: alongAxes,
  Norm: alongAxes,
  Mean: alongAxes,
  Max: alongAxes,
  Min: alongAxes,
  ArgMax: alongAxis,
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  Concat: alongAxis,
  Cumsum: alongAxis,
  MaxPool: foldedIntoBatch,
  MaxPoolGrad: foldedIntoBatch,
  AvgPool: foldedIntoBatch,
  AvgPoolGrad: foldedIntoBatch,
  BatchMatMul: matMul,
  Dense(build, original, [a, b, bias]) {
    const product = a.batched || b.batched
      ? matMul(build, original, [a, b])
      : build.node("BatchMatMul", [a.node, b.node], original, original.attributes);
    return build.node("Add", [product, build.aligned(bias, 2)], build.spec(original));
  },
  Reshape: (build, original, [x]) => build.reshape(x.node, build.spec(original).shape),
  Transpose(build, original, [x]) {
    const perm = [0, ...(original.attributes.perm as readonly number[]).map((axis) => axis + 1)];
    return build.node("Transpose", [x.node], build.spec(original), { perm });
  },
  Tile: (build, original, [x]) =>
    build.node("Tile", [x.node], build.spec(original), {
      reps: [1, ...original.attributes.reps as readonly number[]],
    }),
  Slice: (build, original, [x]) =>
    build.node("Slice", [x.node], build.spec(original), {
      begin: [0, ...original.attributes.begin as readonly number[]],
      ...(original.attributes.strides
        ? { strides: [1, ...original.attributes.strides as readonly number[]] }
        : {}),
    }),
  Pad(build, original, [x]) {
    const { before, after, value } = original.attributes;
    return build.node("Pad", [x.node], build.spec(original), {
      before: [0, ...before as readonly number[]],
      after: [0, ...after as readonly number[]],
      value,
    });
  },
  Gather(build, original, [x, indices]) {
    const axis = positiveAxis(original, original.inputs[0].shape.length);
    if (x.batched && indices.batched) {
      throw new RangeError("Cannot batch a gather from what differs by what differs");
    }
    if (indices.batched && axis !== 0) {
      throw new RangeError(`Cannot batch the indices of a gather along axis ${axis}`);
    }
    return build.node("Gather", [x.node, indices.node], build.spec(original), {
      axis: x.batched ? axis + 1 : axis,
    });
  },
  SumOverParts: inParts,
  Result: (build, original, [parts]) =>
    build.node("Result", [parts.node], build.spec(original), original.attributes),
};

/** What the runtime adds up in another order without an axis in front: so each set has its own, even of what is shared. */
const SUMS = new Set(["Sum", "SumOfSquares", "Norm", "Mean"]);

class Batcher extends Builder {
  readonly size: number;

  constructor(size: number) {
    super();
    this.size = size;
  }

  spec({ shape, dtype }: TensorSpec): TensorSpec {
    return { shape: [this.size, ...shape], dtype };
  }

  /** As it has to look beside operands of this rank (without the axis in front). */
  aligned({ node, batched }: Value, rank: number): Node {
    if (!batched || node.shape.length === rank + 1) return node;
    const ones: Shape = new Array(rank + 1 - node.shape.length).fill(1);
    return this.reshape(node, [this.size, ...ones, ...node.shape.slice(1)]);
  }

  /** With the axis in front, whether its values differ along it or not. */
  spread({ node, batched }: Value): Node {
    if (batched) return node;
    const spec = this.spec(node);
    const value = uniformValue(node);
    if (value !== undefined) return this.constant(value, spec);
    return this.node("Multiply", [
      node,
      this.constant(1, { ...spec, shape: [this.size, ...node.shape.map(() => 1)] }),
    ], spec);
  }
}

/**
 * The graph for `size` sets of inputs. Those named in `batched` are given for each set, and have the additional axis; the
 * others are shared. All outputs have it. What is computed for a set depends neither on its place nor on the others, to
 * the last bit, from two sets on.
 *
 * @throws {RangeError} for an operation without a rule.
 */
export function batch(graph: Graph, size: number, batched: readonly string[]): Graph {
  const { inputs, outputs } = inPackets(graph);
  const build = new Batcher(size);
  const values = new Map<Node, Value>();
  const newInputs: Record<string, Node> = {};
  for (const [name, node] of Object.entries(inputs)) {
    const isBatched = batched.includes(name);
    newInputs[name] = build.input(name, isBatched ? build.spec(node) : node);
    values.set(node, { node: newInputs[name], batched: isBatched });
  }
  const valueOf = (original: Node): Value => {
    let value = values.get(original);
    if (!value) {
      const operands = original.inputs.map(valueOf);
      if (operands.some(({ batched }) => batched) || SUMS.has(original.op)) {
        const rule = rules[original.op];
        if (!rule) throw new RangeError(`Cannot batch ${original.op}: train these trials one at a time`);
        value = { node: rule(build, original, operands), batched: true };
      } else {
        const nodes = operands.map(({ node }) => node);
        value = { node: build.node(original.op, nodes, original, original.attributes), batched: false };
      }
      values.set(original, value);
    }
    return value;
  };
  const newOutputs = Object.entries(outputs).map(([name, node]) => [name, build.spread(valueOf(node))]);
  return { inputs: newInputs, outputs: Object.fromEntries(newOutputs) };
}
