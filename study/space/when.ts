/** Conditions between hyper-parameters: what `--when "nesterov: momentum>0"` means. */
import { type Expression, findName, parseExpression, unknownName } from "./expression.ts";
import type { Kind } from "./expression_tree.ts";
import { SpaceError } from "./values.ts";

/** A hyper-parameter that is searched only where others have certain values. */
export interface When {
  readonly name: string;
  readonly condition: Expression;
}

/**
 * Reads a name, a colon and an expression on other names.
 *
 * @param names of the hyper-parameters.
 * @param kinds of those whose kind is known.
 * @throws {SpaceError} for anything else.
 */
export function parseWhen(
  text: string,
  names: readonly string[],
  kinds: Readonly<Record<string, Kind>> = {},
): When {
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot parse when ${JSON.stringify(text)}: ${problem}`);
  };
  const colon = text.indexOf(":");
  if (colon === -1) fail("the colon is missing; write it as nesterov: momentum>0");
  const typed = text.slice(0, colon).trim();
  const name = findName(typed, names) ?? fail(unknownName(typed, names));
  const condition = parseExpression(text.slice(colon + 1).trim(), names, kinds);
  if (condition.names.includes(name)) fail(`${name} depends on itself; use other names after the colon`);
  return { name, condition };
}
