import type { Declaration, HyperValue, HyperValues } from "../../optim/hyperparameter.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { parseExpression } from "./expression.ts";
import type { Kind } from "./expression_tree.ts";
import { SpaceError } from "./values.ts";

/** When a hyper-parameter is searched, as in `nesterov: momentum>0`. Plain data. */
export interface Condition {
  readonly name: string;
  /** An expression of the others. */
  readonly when: string;
}

/**
 * Reads `nesterov: momentum>0`.
 *
 * @throws {SpaceError} for a text that is not of that form; whether the names exist is checked with the space.
 */
export function parseCondition(text: string): Condition {
  const [, name, when] = text.match(/^\s*([\w-]+)\s*:\s*(.+?)\s*$/) ?? [];
  if (name === undefined) {
    throw new SpaceError(`Cannot parse condition "${text}": write it as "nesterov: momentum>0"`);
  }
  return { name: name.replaceAll("-", "_"), when };
}

/** Of values, as expressions tell them apart. */
const KINDS: Readonly<Record<Declaration["kind"], Kind>> = {
  number: "number",
  count: "number",
  flag: "flag",
  schedule: "text",
};

/**
 * Puts conditions to work: the result gives a hyper-parameter whose condition does not hold its default.
 *
 * @throws {SpaceError} for an unknown name, a condition of a hyper-parameter on itself, or one without a default.
 */
export function conditionally(
  { name: optimizer, hyperparameters }: Optimizer,
  conditions: readonly Condition[],
  defaults: Readonly<Record<string, HyperValue>>,
): (values: HyperValues) => HyperValues {
  const names = Object.keys(hyperparameters);
  const kinds = Object.fromEntries(names.map((name) => [name, KINDS[hyperparameters[name].kind]]));
  const parsed = conditions.map(({ name, when }) => {
    const fail = (problem: string): never => {
      throw new SpaceError(`Cannot use the condition "${name}: ${when}": ${problem}`);
    };
    if (!names.includes(name)) {
      fail(`${optimizer} has no hyper-parameter "${name}"; expected one of ${names.join(", ")}`);
    }
    if (defaults[name] === undefined) fail(`${name} has no default to take where it is not searched`);
    const others = names.filter((other) => other !== name);
    return { name, holds: parseExpression(when, others, kinds).holds };
  });
  return (values) => {
    let current = values;
    for (const { name, holds } of parsed) {
      if (!holds(current)) current = { ...current, [name]: defaults[name] };
    }
    return current;
  };
}
