/** Hyper-parameters as the command line shows them. */
import { type Declaration, type Declarations, legalRange } from "../optim/hyperparameter.ts";
import { getOptimizer, isWrapper, type OptimizerName, ruleNames, rules } from "../optim/registry.ts";
import type { OptimizerChoice } from "../study/trial.ts";

/** The option that sets a hyper-parameter: `--trust-coefficient` for `trust_coefficient`. */
export function optionName(hyperparameter: string): `--${string}` {
  return `--${hyperparameter.replaceAll("_", "-")}`;
}

/** What an optimizer declares itself; the hyper-parameters of what it wraps are not among them. */
export function ownHyperparameters(name: OptimizerName): Declarations {
  if (!isWrapper(name)) return rules[name].hyperparameters;
  const [base] = ruleNames;
  const inherited = Object.keys(rules[base].hyperparameters);
  const all = Object.entries(getOptimizer(name, base).hyperparameters);
  return Object.fromEntries(all.filter(([hyperparameter]) => !inherited.includes(hyperparameter)));
}

/** The optimizer and what it wraps, with what each declares. */
export function declarers(
  { name, base }: OptimizerChoice,
): { name: OptimizerName; hyperparameters: Declarations }[] {
  const names: OptimizerName[] = base === undefined ? [name] : [name, base];
  return names.map((name) => ({ name, hyperparameters: ownHyperparameters(name) }));
}

/** `sam over sgd` */
export function describeChoice({ name, base }: OptimizerChoice): string {
  return base === undefined ? name : `${name} over ${base}`;
}

/** The legal values in few words, as in `>= 0 and < 1`. Here every number is a finite one. */
export function briefRange(declaration: Declaration): string {
  return legalRange(declaration).replace("a finite number ", "");
}
