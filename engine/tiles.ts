/**
 * Tiling: from a graph to one that computes the same, with convolutions in the layout that the processor's kernels want
 * (tiles/layout.ts). What stands between convolutions is computed in that layout, too, so that images change it only
 * where they enter and leave. One rule an operation; what has none is computed as it was, on images as they were.
 */
import { sizeOf } from "../datasets/shape.ts";
import { bodiesOf, mapBodies } from "./body.ts";
import type { Graph, Node } from "./graph.ts";
import { nodesOf } from "./rebuild.ts";
import { convolutionTiles } from "./tiles/convolution.ts";
import { elementwiseTiles } from "./tiles/elementwise.ts";
import { fuse } from "./tiles/fusion.ts";
import { poolTiles } from "./tiles/pooling.ts";
import { isImage } from "./tiles/layout.ts";
import { Tiler, type TileRule, type TileRules, Value } from "./tiles/value.ts";

const rules: TileRules = { ...elementwiseTiles, ...convolutionTiles, ...poolTiles };

/**
 * A node's rule. Convolutions of several sets (batching/convolution.ts) stay as they are: in tiles, a set's numbers would
 * depend on how many sets there are, and on whether they share their images.
 */
function ruleOf({ op, attributes }: Node): TileRule | undefined {
  return attributes.groups === undefined ? rules[op] : undefined;
}

/** Whether a graph has anything that is faster in tiles. */
export function hasConvolutions(graph: Graph): boolean {
  for (const node of nodesOf(graph)) {
    if ((node.op in convolutionTiles && ruleOf(node)) || bodiesOf(node).some(hasConvolutions)) return true;
  }
  return false;
}

/** Parts of a graph's rows are at most this large, where that is a few tiles. */
const PART_BYTES = 4 * 2 ** 20;
/** Every part has nodes of its own. */
const MOST_PARTS = 32;

/**
 * Into how many parts rows are divided, each of which passes through the network by itself where it can: so many that
 * what a part's largest image needs stays in the processor's cache from one operation to the next.
 */
function partsOf(graph: Graph, block: number): number {
  let largest = 0;
  for (const { shape } of nodesOf(graph)) {
    if (isImage(shape, block)) largest = Math.max(largest, 4 * sizeOf(shape));
  }
  return Math.max(1, Math.min(Math.ceil(largest / PART_BYTES), MOST_PARTS));
}

/** @param block how many channels the processor's blocked kernels take together */
export function tile(graph: Graph, block: number): Graph {
  const { inputs, outputs } = graph;
  const build = new Tiler(block, partsOf(graph, block));
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
      value = ruleOf(original)?.(build, original, operands) ?? plainly(build, original, operands);
      values.set(original, value);
    }
    return value;
  };
  const newOutputs = Object.entries(outputs).map(([name, node]) => [name, valueOf(node).plain()]);
  return fuse({ inputs: newInputs, outputs: Object.fromEntries(newOutputs) }, block);
}

function plainly(build: Tiler, original: Node, operands: readonly Value[]): Value {
  const nodes = operands.map((operand) => operand.plain());
  const attributes = mapBodies(original.attributes, (body) => tile(body, build.block));
  return new Value(build, original, { plain: build.node(original.op, nodes, original, attributes) });
}
