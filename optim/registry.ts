/** Every optimizer, by name. A new one is a file beside this one and a line here. */
import { adam } from "./adam.ts";
import { lars } from "./lars.ts";
import { fromRule, type Optimizer, type UpdateRule } from "./optimizer.ts";
import { sam } from "./sam.ts";
import { sgd } from "./sgd.ts";

/** Optimizers that stand alone; each can be the base of a wrapper. */
export const rules = { lars, sgd, adam } as const satisfies Record<string, UpdateRule>;

/** Optimizers that wrap another. */
export const wrappers = { sam } as const satisfies Record<string, (base: UpdateRule) => Optimizer>;

export type RuleName = keyof typeof rules;
export type WrapperName = keyof typeof wrappers;
export type OptimizerName = RuleName | WrapperName;

export const ruleNames = Object.keys(rules) as RuleName[];
export const wrapperNames = Object.keys(wrappers) as WrapperName[];
export const optimizerNames: OptimizerName[] = [...ruleNames, ...wrapperNames];

/** The base of a wrapper for which none is named. */
export const DEFAULT_BASE: RuleName = "sgd";

export function isWrapper(name: OptimizerName): name is WrapperName {
  return Object.hasOwn(wrappers, name);
}

/** The optimizer of that name; `base` matters to wrappers alone. */
export function getOptimizer(name: OptimizerName, base: RuleName = DEFAULT_BASE): Optimizer {
  return isWrapper(name) ? wrappers[name](rules[base]) : fromRule(rules[name]);
}
