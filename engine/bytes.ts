import { mapBodies } from "./body.ts";
import { Builder } from "./builder.ts";
import type { Graph, TensorSpec } from "./graph.ts";
import { rebuild } from "./rebuild.ts";

/** The same computation with bytes as floats, for a device that has no bytes: it is fed with floats, too. */
export function withoutBytes(graph: Graph): Graph {
  const build = new Builder();
  const wide = <T extends TensorSpec>(spec: T): TensorSpec => ({
    shape: spec.shape,
    dtype: spec.dtype === "uint8" ? "float" : spec.dtype,
  });
  return rebuild(
    graph,
    (original, inputs) =>
      original.op === "Cast"
        ? build.cast(inputs[0], wide(original).dtype)
        : build.node(original.op, inputs, wide(original), mapBodies(original.attributes, withoutBytes)),
  );
}
