/** Choices by comparison, in which NaN stays NaN: a comparison with it fails. */
import { type Node, uniformValue } from "../../graph.ts";
import type { Lowering } from "../../lower.ts";
import type { LoweringRule, LoweringRules } from "../rule.ts";

/** The larger or the smaller of two, or NaN where one is NaN. */
function extreme(isBeyond: "Greater" | "Less"): LoweringRule {
  return (lower, { dtype, inputs: nodes }, inputs) => {
    const [x, limit] = uniformValue(nodes[0]) === undefined ? inputs : inputs.toReversed();
    const limited = lower.emit("Where", [lower.emit(isBeyond, [limit, x]), limit, x]);
    const isOneKnown = nodes.some((node) => uniformValue(node) !== undefined);
    return isOneKnown || dtype !== "float" ? limited : withNaN(lower, limit, limited);
  };
}

/** A value where x is a number; NaN where x is. */
function withNaN(lower: Lowering, x: string, value: string): string {
  return lower.emit("Where", [lower.emit("Equal", [x, x]), value, x]);
}

/** Of a function that a GPU need compute of numbers alone; the first operand may be NaN. */
export function keepingNaN(rule: LoweringRule): LoweringRule {
  return (lower, node, inputs) => withNaN(lower, inputs[0], rule(lower, node, inputs));
}

export function clipped(lower: Lowering, x: string, low: string, high: string): string {
  const raised = lower.emit("Where", [lower.emit("Less", [x, low]), low, x]);
  return lower.emit("Where", [lower.emit("Greater", [raised, high]), high, raised]);
}

export const limitRules: LoweringRules = {
  Maximum: extreme("Greater"),
  Minimum: extreme("Less"),
  ClipByValue: (lower, { dtype, attributes: { min, max } }: Node, [x]) =>
    clipped(lower, x, lower.scalar(min as number, dtype), lower.scalar(max as number, dtype)),
};
