import type { Node } from "../../graph.ts";
import type { Lowering } from "../../lower.ts";
import type { LoweringRules } from "../rule.ts";

/** Rounded down, and what remains, which has the divisor's sign. */
interface Division {
  readonly quotient: string;
  readonly remainder: string;
}

/**
 * A GPU's division need not be exact: the quotient of a multiple may come out just below the whole number. So what remains
 * is divided again.
 */
function ofFloats(lower: Lowering, a: string, b: string): Division {
  const first = lower.emit("Floor", [lower.emit("Div", [a, b])]);
  const rest = lower.emit("Sub", [a, lower.emit("Mul", [first, b])]);
  const more = lower.emit("Floor", [lower.emit("Div", [rest, b])]);
  return {
    quotient: lower.emit("Add", [first, more]),
    remainder: lower.emit("Sub", [rest, lower.emit("Mul", [more, b])]),
  };
}

/** Their division goes towards zero: one too far where what remains has the other sign. */
function ofIntegers(lower: Lowering, a: string, b: string): Division {
  const zero = lower.scalar(0, "int32");
  const first = lower.emit("Div", [a, b]);
  const rest = lower.emit("Sub", [a, lower.emit("Mul", [first, b])]);
  const signs = [rest, b].map((x) => lower.cast(lower.emit("Less", [x, zero]), "int32"));
  const [isWhole, isSame] = [lower.emit("Equal", [rest, zero]), lower.emit("Equal", signs)];
  const isOff = lower.emit("And", [lower.emit("Not", [isWhole]), lower.emit("Not", [isSame])]);
  const off = lower.cast(isOff, "int32");
  return {
    quotient: lower.emit("Sub", [first, off]),
    remainder: lower.emit("Add", [rest, lower.emit("Mul", [off, b])]),
  };
}

function division(lower: Lowering, { dtype }: Node, [a, b]: readonly string[]): Division {
  return dtype === "float" ? ofFloats(lower, a, b) : ofIntegers(lower, a, b);
}

export const divisionRules: LoweringRules = {
  FloorDiv: (lower, node, inputs) => division(lower, node, inputs).quotient,
  Mod: (lower, node, inputs) => division(lower, node, inputs).remainder,
};
