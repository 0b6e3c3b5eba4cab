/** Hyper-parameters as the command line shows them. */
import { type Declaration, type Declarations, legalRange } from "../../optim/hyperparameter.ts";
import { type OptimizerName, ownHyperparameters, sharedHyperparameters } from "../../optim/registry.ts";
import type { OptimizerChoice } from "../../study/trial.ts";

/** The option that sets a hyper-parameter: `--trust-coefficient` for `trust_coefficient`. */
export function optionName(hyperparameter: string): `--${string}` {
  return `--${hyperparameter.replaceAll("_", "-")}`;
}

/** Who declares hyper-parameters, and which: the optimizer, what it wraps, and what goes with every one. */
export function declarers(
  { name, base }: OptimizerChoice,
): { title: string; hyperparameters: Declarations }[] {
  const names: OptimizerName[] = base === undefined ? [name] : [name, base];
  return [
    ...names.map((name) => ({
      title: `Hyper-parameters of ${name}`,
      hyperparameters: ownHyperparameters(name),
    })),
    { title: "With every optimizer", hyperparameters: sharedHyperparameters },
  ];
}

/** The legal values in few words, as in `>= 0 and < 1`. Here every number is a finite one. */
export function briefRange(declaration: Declaration): string {
  return legalRange(declaration).replace("a finite number ", "");
}
