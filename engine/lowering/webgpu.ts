/** What WebGPU's provider has no operator for, made of those that it has. */
import type { Lowering } from "../lower.ts";
import type { LoweringRule, LoweringRules } from "./rule.ts";

/** The second where it compares so with the first, else the first: then NaN in the first stays. */
function unless(op: "Greater" | "Less"): LoweringRule {
  return (lower, _node, [a, b]) => lower.emit("Where", [lower.emit(op, [a, b]), b, a]);
}

function or(lower: Lowering, a: string, b: string): string {
  return lower.emit("Not", [lower.emit("And", [lower.emit("Not", [a]), lower.emit("Not", [b])])]);
}

export const webgpuRules: LoweringRules = {
  Maximum: unless("Less"),
  Minimum: unless("Greater"),
  LogicalOr: (lower, _node, [a, b]) => or(lower, a, b),
};
