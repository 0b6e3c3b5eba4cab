/**
 * The grammar of parameter groups: what `--for bias,norm:weight_decay=0,lr=0.1x` means.
 *
 *     rule     = selector { "," selector } ":" override { "," override }
 *     selector = "weight" | "bias" | "norm" | a parameter's name, in which "*" stands for anything
 *     override = hyper-parameter "=" ( number | "true" | "false" | number "x" )
 *
 * `0.1x` is a tenth of what the configuration has.
 */
import type { GroupRule, Override } from "../../optim/groups.ts";
import { SpaceError } from "../space/values.ts";

/** @throws {SpaceError} for a text outside the grammar; whether there are such parameters is not known here. */
export function parseGroupRule(text: string): GroupRule {
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot parse parameter group ${JSON.stringify(text)}: ${problem}`);
  };
  const colon = text.indexOf(":");
  if (colon < 0) fail("write whose and which, as in bias,norm:weight_decay=0");
  const parameters = items(text.slice(0, colon));
  if (parameters.includes("")) fail("a parameter is missing before the colon or beside a comma");
  const overrides = items(text.slice(colon + 1)).map((item): [string, Override] => {
    const [, name, typed] = item.match(/^([a-z0-9_-]+)\s*=\s*(.+)$/) ??
      fail(`${JSON.stringify(item)} is no setting; write it as lr=0.1 or lr=0.1x`);
    const override = parseOverride(typed) ??
      fail(`"${typed}" is no value for ${name}; write a number, a multiple such as 0.1x, true or false`);
    // As it is declared, or as the option is called.
    return [name.replaceAll("-", "_"), override];
  });
  return { parameters, overrides: Object.fromEntries(overrides) };
}

function items(text: string): string[] {
  return text.split(",").map((item) => item.trim());
}

function parseOverride(text: string): Override | undefined {
  if (text === "true" || text === "false") return { value: text === "true" };
  const [, digits, times] = text.match(/^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(x?)$/i) ?? [];
  if (digits === undefined) return;
  // Adding 0 makes -0 the 0 that switches a term off.
  const number = Number(digits) + 0;
  return times === "" ? { value: number } : { times: number };
}

/** A group as people read it: `b1, b2: weight_decay 0, lr 0.1x`. */
export function describeGroup({ parameters, overrides }: GroupRule): string {
  const settings = Object.entries(overrides).map(([name, override]) =>
    `${name} ${"value" in override ? override.value : `${override.times}x`}`
  );
  return `${parameters.join(", ")}: ${settings.join(", ")}`;
}
