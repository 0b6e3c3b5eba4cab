/** Loops written out, for a device that has none: each turn becomes nodes of its own. */
import { Builder } from "./builder.ts";
import { mapBodies } from "./body.ts";
import type { Graph, Node } from "./graph.ts";
import type { PartsAttributes } from "./parts.ts";

interface Steps {
  /** What a step takes from the step before. */
  readonly carried: readonly string[];
  /** Inputs that are different in each step. */
  readonly scanned: readonly string[];
  readonly steps: number;
}

/**
 * From the graph of one step to that of several, one after another. What is scanned has the steps in front, and so has
 * what is collected: all results but those that are carried.
 */
export function writeOutSteps({ inputs, outputs }: Graph, { carried, scanned, steps }: Steps): Graph {
  const build = new Builder();
  const newInputs = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [
      name,
      build.input(name, { shape: scanned.includes(name) ? [steps, ...shape] : shape, dtype }),
    ]),
  );
  let now: Record<string, Node> = newInputs;
  const collected: Record<string, Node[]> = {};
  for (let step = 0; step < steps; step++) {
    const copy = copier(
      build,
      Object.entries(inputs).map(([name, node]) => [
        node,
        scanned.includes(name)
          ? build.reshape(block(build, newInputs[name], 0, step, 1), node.shape)
          : now[name],
      ]),
    );
    const results = Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, copy(node)]));
    now = { ...newInputs, ...Object.fromEntries(carried.map((name) => [name, results[name]])) };
    for (const [name, node] of Object.entries(results)) {
      if (!carried.includes(name)) (collected[name] ??= []).push(build.reshape(node, [1, ...node.shape]));
    }
  }
  const last = carried.map((name) => [name, now[name]]);
  const stacked = Object.entries(collected).map(([name, nodes]) => [name, stack(build, nodes)]);
  return { inputs: newInputs, outputs: Object.fromEntries([...last, ...stacked]) };
}

/** The same graph, with every sum over parts (parts.ts) part by part. */
export function writeOutParts({ inputs, outputs }: Graph): Graph {
  const build = new Builder();
  const newInputs = Object.entries(inputs).map(([name, node]) => [name, build.input(name, node)] as const);
  const copy = copier(build, newInputs.map(([name, node]) => [inputs[name], node]));
  return {
    inputs: Object.fromEntries(newInputs),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, copy(node)])),
  };
}

/** Makes nodes that compute what others do, from what stands for the inputs of those. */
function copier(build: Builder, inputs: Iterable<readonly [Node, Node]>): (original: Node) => Node {
  const made = new Map<Node, Node>(inputs);
  const sums = new Map<Node, Node[]>();
  const resultsOf = (parts: Node): Node[] => {
    let results = sums.get(parts);
    if (!results) sums.set(parts, results = sumOverParts(build, parts, parts.inputs.map(copy)));
    return results;
  };
  const copy = (original: Node): Node => {
    let node = made.get(original);
    if (!node) {
      const { op, attributes } = original;
      node = op === "Result"
        ? resultsOf(original.inputs[0])[attributes.index as number]
        // A body belongs to one node alone.
        : build.node(op, original.inputs.map(copy), original, mapBodies(attributes, (body) => body));
      made.set(original, node);
    }
    return node;
  };
  return copy;
}

/** What the last part carries on, and the sums. */
function sumOverParts(build: Builder, { attributes }: Node, operands: readonly Node[]): Node[] {
  const { body: { graph }, count, axes, carried } = attributes as PartsAttributes;
  const inputs = Object.values(graph.inputs);
  const behind = axes.length + carried;
  let now = operands.slice(axes.length, behind);
  let sums: Node[] = [];
  for (let part = 0; part < count; part++) {
    const divided = axes.map((axis, i) => {
      const length = inputs[i].shape[axis];
      return block(build, operands[i], axis, part * length, length);
    });
    const own = [...divided, ...now, ...operands.slice(behind)];
    const copy = copier(build, inputs.map((input, i) => [input, own[i]]));
    const results = Object.values(graph.outputs).map(copy);
    now = results.slice(0, carried);
    const terms = results.slice(carried);
    sums = part === 0 ? terms : sums.map((sum, i) => build.node("Add", [sum, terms[i]], sum));
  }
  return [...now, ...sums];
}

/** Some of x along an axis. */
function block(build: Builder, x: Node, axis: number, start: number, length: number): Node {
  if (x.shape[axis] === length) return x;
  const begin = x.shape.map((_, i) => i === axis ? start : 0);
  return build.node("Slice", [x], { shape: x.shape.with(axis, length), dtype: x.dtype }, { begin });
}

function stack(build: Builder, nodes: readonly Node[]): Node {
  const [{ shape: [, ...shape], dtype }] = nodes;
  return nodes.length === 1
    ? nodes[0]
    : build.node("Concat", nodes, { shape: [nodes.length, ...shape], dtype }, { axis: 0 });
}
