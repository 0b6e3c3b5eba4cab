/**
 * Tiling: from a graph to one that computes the same, with convolutions in the layout that the processor's kernels want
 * (tiles/layout.ts). What stands between convolutions is computed in that layout, too, so that images change it only
 * where they enter and leave. One rule an operation; what has none is computed as it was, on images as they were.
 */
import type { Graph, Node } from "./graph.ts";
import { convolutionTiles } from "./tiles/convolution.ts";
import { elementwiseTiles } from "./tiles/elementwise.ts";
import { poolTiles } from "./tiles/pooling.ts";
import { Tiler, type TileRules, Value } from "./tiles/value.ts";

const rules: TileRules = { ...elementwiseTiles, ...convolutionTiles, ...poolTiles };

/** Whether a graph has anything that is faster in tiles. */
export function hasConvolutions({ outputs }: Graph): boolean {
  const seen = new Set<Node>();
  const has = (node: Node): boolean => {
    if (seen.has(node)) return false;
    seen.add(node);
    return node.op in convolutionTiles || node.inputs.some(has);
  };
  return Object.values(outputs).some(has);
}

/** @param block how many channels the processor's blocked kernels take together */
export function tile({ inputs, outputs }: Graph, block: number): Graph {
  const build = new Tiler(block);
  const values = new Map<Node, Value>();
  const newInputs: Record<string, Node> = {};
  for (const [name, node] of Object.entries(inputs)) {
    newInputs[name] = build.input(name, node);
    values.set(node, new Value(build, node, { plain: newInputs[name] }));
  }
  const valueOf = (original: Node): Value => {
    let value = values.get(original);
    if (!value) {
      const operands = original.inputs.map(valueOf);
      value = rules[original.op]?.(build, original, operands) ?? plainly(build, original, operands);
      values.set(original, value);
    }
    return value;
  };
  const newOutputs = Object.entries(outputs).map(([name, node]) => [name, valueOf(node).plain()]);
  return { inputs: newInputs, outputs: Object.fromEntries(newOutputs) };
}

function plainly(build: Tiler, original: Node, operands: readonly Value[]): Value {
  const nodes = operands.map((operand) => operand.plain());
  return new Value(build, original, { plain: build.node(original.op, nodes, original, original.attributes) });
}
