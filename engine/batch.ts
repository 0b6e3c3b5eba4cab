/**
 * Batching: from a graph to one that computes it for many sets of inputs at once, with one more axis in front of
 * everything that differs between them. What is the same for all stays as it is, and is computed once.
 *
 * One rule an operation, as in jax.vmap: https://docs.jax.dev/en/latest/_autosummary/jax.vmap.html
 */
import { arrayRules } from "./batching/arrays.ts";
import { Batcher, type Rule, type Rules, type Value } from "./batching/batcher.ts";
import { convolutionRules } from "./batching/convolution.ts";
import { productRules } from "./batching/products.ts";
import { Body } from "./body.ts";
import type { Graph, Node } from "./graph.ts";
import { inPackets } from "./packets.ts";
import type { PartsAttributes } from "./parts.ts";

/** The body is batched, with all that is carried; its parts are taken behind the axis in front. */
const inParts: Rule = (build, original, inputs) => {
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
};

const rules: Rules = {
  ...arrayRules,
  ...productRules,
  ...convolutionRules,
  SumOverParts: inParts,
  Result: (build, original, [parts]) =>
    build.node("Result", [parts.node], build.spec(original), original.attributes),
};

/** What the runtime adds up in another order without an axis in front: so each set has its own, even of what is shared. */
const SUMS = new Set(["Sum", "SumOfSquares", "Norm", "Mean"]);

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
