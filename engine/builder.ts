import {
  type Attributes,
  type Dtype,
  type Node,
  type NodeFactory,
  sameShape,
  type Shape,
  type TensorSpec,
} from "./graph.ts";
import { simplify } from "./simplify.ts";

/** Makes nodes, and never the same one twice: common subexpressions are shared from the start. */
export class Builder implements NodeFactory {
  #nodes = new Map<string, Node>();
  #count = 0;

  node(op: string, inputs: readonly Node[], spec: TensorSpec, attributes: Attributes = {}): Node {
    const simpler = simplify(this, op, inputs, spec, attributes);
    if (simpler) return simpler;
    const key = JSON.stringify(
      [op, inputs.map((input) => input.id), spec.shape, spec.dtype, attributes],
      exactNumber,
    );
    let node = this.#nodes.get(key);
    if (!node) {
      node = { id: this.#count++, op, inputs, shape: spec.shape, dtype: spec.dtype, attributes };
      this.#nodes.set(key, node);
    }
    return node;
  }

  input(name: string, spec: TensorSpec): Node {
    return this.node("Input", [], spec, { name });
  }

  constant(value: number | readonly number[], spec: TensorSpec): Node {
    return this.node("Constant", [], spec, { value });
  }

  cast(x: Node, dtype: Dtype): Node {
    return x.dtype === dtype ? x : this.node("Cast", [x], { shape: x.shape, dtype });
  }

  reshape(x: Node, shape: Shape): Node {
    return sameShape(x.shape, shape) ? x : this.node("Reshape", [x], { shape, dtype: x.dtype });
  }
}

/** JSON has no infinities, no NaN and no negative zero. */
function exactNumber(_key: string, value: unknown): unknown {
  return typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))
    ? value
    : `#${1 / value}${value}`;
}
