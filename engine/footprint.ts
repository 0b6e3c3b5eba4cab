import { sizeOf } from "../datasets/shape.ts";
import type { Graph, Node, TensorSpec } from "./graph.ts";
import { nodesOf } from "./rebuild.ts";

/**
 * Bytes of memory that computing a graph takes, about: its inputs, and the most that are alive at a time of what it
 * computes, where each is freed after its last use. The runtime may need more, as it rounds sizes up and uses scratch
 * memory, or less, as it computes some operations in place.
 */
export function footprint(graph: Graph): number {
  const nodes = [...nodesOf(graph)];
  const lastUse = new Map<Node, number>();
  nodes.forEach((node, place) => node.inputs.forEach((input) => lastUse.set(input, place)));
  for (const node of Object.values(graph.outputs)) lastUse.set(node, Infinity);
  const freed = new Map<number, number>();
  let [alive, most] = [0, 0];
  nodes.forEach((node, place) => {
    if (node.op === "Input" || node.op === "Constant") return;
    alive += bytesOf(node);
    most = Math.max(most, alive);
    const end = lastUse.get(node) ?? place;
    freed.set(end, (freed.get(end) ?? 0) + bytesOf(node));
    alive -= freed.get(place) ?? 0;
  });
  return most + Object.values(graph.inputs).reduce((sum, node) => sum + bytesOf(node), 0);
}

function bytesOf({ shape, dtype }: TensorSpec): number {
  return sizeOf(shape) * (dtype === "uint8" || dtype === "bool" ? 1 : 4);
}
