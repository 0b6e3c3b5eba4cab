/**
 * Packets: so that what an operation makes of some numbers does not depend on where they stand. The runtime goes through
 * memory in packets of numbers that a register of the processor holds, and what fills no packet one number at a time, in
 * another order or with another approximation. Of several sets side by side, each set should begin with a packet.
 *
 * It is so with what it leaves to Eigen: a sum along a row begins its packets at the first address that is a multiple of
 * their size (Eigen/src/Core/Redux.h), and logarithms, sines and cosines have another algorithm behind the last packet.
 */
import { sizeOf } from "../datasets/shape.ts";
import { mapBodies } from "./body.ts";
import { Builder } from "./builder.ts";
import type { Graph, Node, Shape } from "./graph.ts";
import { rebuild } from "./rebuild.ts";

/** Numbers in a packet of Eigen as the runtime is built: 16 bytes, as SSE and NEON have them. */
const PACKET = 4;

/** What computes the same with filled packets; undefined where nothing is to be filled. */
type Rule = (build: Builder, original: Node, x: Node) => Node | undefined;

const rules: Readonly<Record<string, Rule>> = {
  Sum: sum,
  Mean: mean,
  Log: each,
  Log1p: each,
  Sin: each,
  Cos: each,
};

/** The same computation, in which no operation depends on where its numbers stand beside those of other sets. */
export function inPackets(graph: Graph): Graph {
  const build = new Builder();
  return rebuild(
    graph,
    (original, inputs) =>
      rules[original.op]?.(build, original, inputs[0]) ??
        build.node(original.op, inputs, original, mapBodies(original.attributes, inPackets)),
  );
}

/** Numbers one by one. */
function each(build: Builder, { op, shape, dtype, attributes }: Node, x: Node): Node | undefined {
  const size = sizeOf(shape);
  if (size % PACKET === 0) return undefined;
  const padded = filled(build, x, [1, size]);
  const all = build.node(op, [padded], { shape: padded.shape, dtype }, attributes);
  const own = build.node("Slice", [all], { shape: [1, size], dtype }, { begin: [0, 0] });
  return build.reshape(own, shape);
}

function sum(build: Builder, { shape, dtype, attributes }: Node, x: Node): Node | undefined {
  const rows = rowsOf(x.shape, attributes.axes as Shape);
  // Less than a packet is added up one by one wherever it stands.
  if (!rows || rows[1] < PACKET || sizeOf(rows) % PACKET === 0) return undefined;
  const spec = { shape: rows.slice(0, 1), dtype };
  const sums = build.node("Sum", [filled(build, x, rows)], spec, { axes: [1], keepDims: false });
  return build.reshape(sums, shape);
}

function mean(build: Builder, original: Node, x: Node): Node | undefined {
  const total = sum(build, original, x);
  const count = build.constant(sizeOf(x.shape) / sizeOf(original.shape), { shape: [], dtype: x.dtype });
  return total && build.node("RealDiv", [total, count], original);
}

/** [rows, row], where a reduction is along rows that lie in one piece each; its other sums are in no packets of a row. */
function rowsOf(shape: Shape, axes: Shape): Shape | undefined {
  const long = shape.map((_, axis) => axis).filter((axis) => shape[axis] > 1);
  const kept = long.filter((axis) => !axes.includes(axis));
  const isInOnePiece = kept.every((axis, i) => axis === long[i]);
  const rows = sizeOf(kept.map((axis) => shape[axis]));
  return isInOnePiece ? [rows, sizeOf(shape) / rows] : undefined;
}

/** As rows, with zeros behind each up to the end of a packet. */
function filled(build: Builder, x: Node, [rows, row]: Shape): Node {
  const missing = PACKET - row % PACKET;
  const spec = { shape: [rows, row + missing], dtype: x.dtype };
  return build.node("Pad", [build.reshape(x, [rows, row])], spec, {
    before: [0, 0],
    after: [0, missing],
    value: 0,
  });
}
