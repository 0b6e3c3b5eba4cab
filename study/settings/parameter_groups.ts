/** Which parameters of a task have hyper-parameters of their own in a study. */
import {
  type GroupRule,
  type Override,
  overrideProblem,
  type ParameterGroup,
  partition,
} from "../../optim/groups.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { groupHyperparameters } from "../../optim/registry.ts";
import { rolesOf, type Task } from "../../tasks/task.ts";
import { SpaceError } from "../space/values.ts";

/**
 * The groups of a task's parameters.
 *
 * @throws {SpaceError} for parameters that there are not, or what they cannot have of their own.
 */
export function groupParameters(
  task: Task,
  optimizer: Optimizer,
  { exclude = [], groupRules = [] }: {
    readonly exclude?: readonly string[];
    readonly groupRules?: readonly GroupRule[];
  },
): ParameterGroup[] {
  const rules = [...exclusion(optimizer, exclude), ...groupRules];
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot give parameters of ${task.name} hyper-parameters of their own: ${problem}`);
  };
  const declarations = groupHyperparameters(optimizer.hyperparameters);
  for (const { overrides } of rules) {
    for (const [name, override] of Object.entries(overrides)) {
      const problem = overrideProblem(declarations, name, override);
      if (problem !== undefined) fail(problem);
    }
  }
  try {
    return partition(rolesOf(task), rules);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return fail(error.message);
  }
}

/** As a rule: the parameters have no weight decay, and no layer-wise scaling. */
function exclusion({ name, hyperparameters }: Optimizer, parameters: readonly string[]): GroupRule[] {
  if (parameters.length === 0) return [];
  const off: Readonly<Record<string, Override>> = { weight_decay: { value: 0 }, layerwise: { value: false } };
  const overrides = Object.entries(off).filter(([name]) => Object.hasOwn(hyperparameters, name));
  if (overrides.length === 0) {
    throw new SpaceError(
      `Cannot exclude ${
        parameters.join(", ")
      } from what ${name} does not have: weight decay and layer-wise scaling`,
    );
  }
  return [{ parameters, overrides: Object.fromEntries(overrides) }];
}
