import { Builder } from "../builder.ts";
import { type Node, type Shape, type TensorSpec, uniformValue } from "../graph.ts";

/** A node of the batched graph, and whether it has the additional axis. */
export interface Value {
  readonly node: Node;
  readonly batched: boolean;
}

/** Makes what stands for a node of which some operand differs between sets: with the axis in front. */
export type Rule = (build: Batcher, original: Node, inputs: readonly Value[]) => Node;

export type Rules = Readonly<Record<string, Rule>>;

/** Makes the nodes of a graph for several sets of inputs, which have an axis of sets in front. */
export class Batcher extends Builder {
  /** How many sets. */
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

  /** The sets' first axes, of images or rows, as one: from [sets, batch, ...] to [sets * batch, ...]. */
  folded(x: Node): Node {
    const [size, batch, ...rest] = x.shape;
    return this.reshape(x, [size * batch, ...rest]);
  }

  /** The axes in another order. */
  transposed(x: Node, perm: readonly number[]): Node {
    const shape = perm.map((axis) => x.shape[axis]);
    return this.node("Transpose", [x], { shape, dtype: x.dtype }, { perm });
  }
}
