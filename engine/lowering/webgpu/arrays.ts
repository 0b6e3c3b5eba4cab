/** The provider moves numbers only: truth values are moved as integers. */
import type { Lowering } from "../../lower.ts";
import type { Node } from "../../graph.ts";
import { arrayRules as general } from "../arrays.ts";
import type { LoweringRule, LoweringRules } from "../rule.ts";

/** The operands' names, where truth values are integers. */
export function asIntegers(lower: Lowering, { inputs }: Node, names: readonly string[]): string[] {
  return names.map((name, i) => inputs[i].dtype === "bool" ? lower.cast(name, "int32") : name);
}

function moved(rule: LoweringRule): LoweringRule {
  return (lower, node, inputs) =>
    node.dtype === "bool"
      ? lower.cast(rule(lower, { ...node, dtype: "int32" }, asIntegers(lower, node, inputs)), "bool")
      : rule(lower, node, inputs);
}

const moving = ["Transpose", "Tile", "Concat", "Slice", "Pad", "Gather"];

export const arrayRules: LoweringRules = Object.fromEntries(moving.map((op) => [op, moved(general[op])]));
