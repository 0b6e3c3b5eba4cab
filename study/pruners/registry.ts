/**
 * Every pruner, by name, and the grammar of `--pruner asha:eta=3,min=2`. A new one is a file beside this one and a line
 * here.
 *
 *     pruner = name [ ":" option "=" number { "," option "=" number } ]
 */
import { isLegal, legalRange } from "../../optim/hyperparameter.ts";
import { type Fail, SpaceError } from "../space/values.ts";
import { asha } from "./asha.ts";
import { divergence } from "./divergence.ts";
import { halving } from "./halving.ts";
import type { PrunerKind } from "./kind.ts";
import { median } from "./median.ts";
import { patience } from "./patience.ts";
import type { Pruner } from "./pruner.ts";

const all: readonly PrunerKind[] = [median, asha, halving, patience, divergence];

export const pruners: Readonly<Record<string, PrunerKind>> = Object.fromEntries(
  all.map((kind) => [kind.name, kind]),
);
export const prunerNames: readonly string[] = Object.keys(pruners);

/** How a kind is written, with its defaults: `patience:epochs=5,delta=0`. */
export function prunerForm({ name, options }: PrunerKind): string {
  const defaults = Object.entries(options).map(([option, { default: value }]) => `${option}=${value}`);
  return `${name}:${defaults.join(",")}`;
}

/**
 * The pruner that a text names, with defaults for the options that it leaves out.
 *
 * @param text such as `median` or `asha:eta=3,min=2`.
 * @throws {SpaceError} for any other text, with one line that names the text and the fix.
 */
export function parsePruner(text: string): Pruner {
  const fail: Fail = (problem) => {
    throw new SpaceError(`Cannot parse pruner ${JSON.stringify(text)}: ${problem}`);
  };
  const [, name, rest] = text.match(/^([^:]*)(?::(.*))?$/s)!;
  const kind = Object.hasOwn(pruners, name.trim()) ? pruners[name.trim()] : undefined;
  if (kind === undefined) {
    return fail(
      `there is no pruner ${JSON.stringify(name.trim())}; expected one of ${prunerNames.join(", ")}`,
    );
  }
  return { text: text.trim(), ...kind.build(readOptions(kind, rest?.split(",") ?? [], fail)) };
}

function readOptions(kind: PrunerKind, args: readonly string[], fail: Fail): Record<string, number> {
  const { name, options } = kind;
  const given: Record<string, number> = {};
  for (const arg of args) {
    const [option, ...values] = arg.split("=").map((piece) => piece.trim());
    if (values.length !== 1) {
      fail(`${JSON.stringify(arg.trim())} is not an option; write options as in ${prunerForm(kind)}`);
    }
    if (!Object.hasOwn(options, option)) {
      fail(`${name} has no option ${JSON.stringify(option)}; use ${Object.keys(options).join(", ")}`);
    }
    if (Object.hasOwn(given, option)) fail(`${option} is given twice; drop one`);
    const [value] = values;
    const number = value === "" ? NaN : Number(value);
    if (!isLegal(options[option], number)) {
      fail(`${option} is ${value === "" ? "empty" : value}; use ${legalRange(options[option])}`);
    }
    given[option] = number;
  }
  const defaults = Object.entries(options).map(([option, { default: value }]) => [option, value!]);
  return { ...Object.fromEntries(defaults), ...given };
}
