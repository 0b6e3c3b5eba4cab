import type { Node } from "../../graph.ts";
import type { Lowering } from "../../lower.ts";
import { elementwiseRules as general } from "../elementwise.ts";
import type { LoweringRule, LoweringRules } from "../rule.ts";
import { asIntegers } from "./arrays.ts";
import { divisionRules } from "./division.ts";
import { keepingNaN, limitRules } from "./limits.ts";
import { seriesRules } from "./series.ts";

/** 1, -1, or x itself where it is 0 or NaN. */
function sign(lower: Lowering, { dtype }: Node, [x]: readonly string[]): string {
  const zero = lower.scalar(0, dtype);
  const negative = lower.emit("Where", [lower.emit("Less", [x, zero]), lower.scalar(-1, dtype), x]);
  return lower.emit("Where", [lower.emit("Greater", [x, zero]), lower.scalar(1, dtype), negative]);
}

/** To the nearest integer; from the middle between two, to the even one. */
function round(lower: Lowering, _node: Node, [x]: readonly string[]): string {
  const half = lower.scalar(0.5, "float");
  const low = lower.emit("Floor", [x]);
  const rest = lower.emit("Sub", [x, low]);
  const next = lower.emit("Add", [low, lower.scalar(1, "float")]);
  const pairs = lower.emit("Floor", [lower.emit("Mul", [next, half])]);
  const even = lower.emit("Add", [pairs, pairs]);
  const nearest = lower.emit("Where", [lower.emit("Greater", [rest, half]), next, low]);
  return lower.emit("Where", [lower.emit("Equal", [rest, half]), even, nearest]);
}

function or(lower: Lowering, _node: Node, [a, b]: readonly string[]): string {
  return lower.emit("Not", [lower.emit("And", [lower.emit("Not", [a]), lower.emit("Not", [b])])]);
}

/** Of operations that the provider has for floats alone. */
function eitherOf(ofFloats: LoweringRule, ofIntegers: LoweringRule): LoweringRule {
  return (lower, node, inputs) => (node.dtype === "float" ? ofFloats : ofIntegers)(lower, node, inputs);
}

const negative: LoweringRule = (lower, { dtype }, [x]) => lower.emit("Sub", [lower.scalar(0, dtype), x]);

/** x where it is not negative, else what another rule makes of it. */
function unlessNegative(rule: LoweringRule): LoweringRule {
  return (lower, node, [x]) => {
    const isNegative = lower.emit("Less", [x, lower.scalar(0, node.dtype)]);
    return lower.emit("Where", [isNegative, rule(lower, node, [x]), x]);
  };
}

/** The provider compares numbers only. */
function compared(op: string): LoweringRule {
  return (lower, node, inputs) => general[op](lower, node, asIntegers(lower, node, inputs));
}

function select(lower: Lowering, node: Node, inputs: readonly string[]): string {
  if (node.dtype !== "bool") return general.Select(lower, node, inputs);
  const [, a, b] = asIntegers(lower, node, inputs);
  return lower.cast(lower.emit("Where", [inputs[0], a, b]), "bool");
}

export const elementwiseRules: LoweringRules = {
  ...divisionRules,
  ...limitRules,
  ...seriesRules,
  Abs: eitherOf(general.Abs, unlessNegative(negative)),
  Neg: eitherOf(general.Neg, negative),
  // The provider's Relu makes 0 of NaN. This multiplies all but what is at least 0 by 0, so that of -Infinity it is NaN.
  Relu: eitherOf(
    (lower, _node, [x]) => lower.emit("LeakyRelu", [x], { alpha: { float: 0 } }),
    unlessNegative((lower, { dtype }) => lower.scalar(0, dtype)),
  ),
  Sign: sign,
  Round: round,
  Exp: keepingNaN(general.Exp),
  Pow: keepingNaN(general.Pow),
  Sigmoid: keepingNaN(general.Sigmoid),
  LogicalOr: or,
  Equal: compared("Equal"),
  NotEqual: compared("NotEqual"),
  Select: select,
};
