import type { Node } from "../graph.ts";
import type { Lowering } from "../lower.ts";

/** Emits what computes a node from the names of its operands, and returns the name of its value. */
export type LoweringRule = (lower: Lowering, node: Node, inputs: readonly string[]) => string;

export type LoweringRules = Readonly<Record<string, LoweringRule>>;

/** ONNX Runtime's own operators. */
export const CONTRIB = "com.microsoft";
