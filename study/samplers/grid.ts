import { type HyperValue, type HyperValues, isLegal, legalRange } from "../../optim/hyperparameter.ts";
import { resolve } from "../../optim/coefficients.ts";
import { type ParameterGroup, withOverrides } from "../../optim/groups.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import type { SearchSpace, StudySettings } from "../settings/settings.ts";
import { SpaceError } from "../space/values.ts";
import type { Configuration } from "../trial.ts";

const MOST_POINTS = 1_000_000;

/**
 * Every legal combination of the values of a search space. The first declared hyper-parameter varies slowest.
 *
 * @param space values for each declared hyper-parameter.
 * @param parameterGroups whose overrides have to be legal together with the point's values. Default: none has any.
 * @returns the configurations, and how many points were left out because the optimizer forbids them, by its reason.
 * @throws {SpaceError} when the space does not fit the optimizer's declarations, has more than 1,000,000 points, or
 * holds no legal combination.
 */
export function grid(
  optimizer: Optimizer,
  space: SearchSpace,
  parameterGroups: readonly ParameterGroup[] = [],
): Pick<StudySettings, "configurations" | "leftOut"> {
  checkSpace(optimizer, space);
  const configurations: Configuration[] = [];
  const leftOut = new Map<string, number>();
  for (const values of product(Object.keys(optimizer.hyperparameters), space)) {
    const reason = optimizer.conflict?.(values) ?? groupConflict(optimizer, values, parameterGroups);
    if (reason === undefined) configurations.push({ index: configurations.length, values });
    else leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
  }
  if (configurations.length === 0) {
    const reasons = [...leftOut].map(([reason, count]) => `${reason} (${count} of the points)`).join("; ");
    throw new SpaceError(`Cannot search ${optimizer.name}: no point of the space is legal: ${reasons}`);
  }
  return { configurations, leftOut: [...leftOut].map(([reason, count]) => ({ reason, count })) };
}

/** Why the values cannot be together with what some parameters have of their own. */
function groupConflict(
  optimizer: Optimizer,
  values: HyperValues,
  parameterGroups: readonly ParameterGroup[],
): string | undefined {
  for (const { parameters, overrides } of parameterGroups) {
    if (Object.keys(overrides).length === 0) continue;
    try {
      resolve(optimizer, withOverrides(values, overrides));
    } catch (error) {
      return `${parameters[0]}: ${(error as Error).message}`;
    }
  }
}

function checkSpace(optimizer: Optimizer, space: SearchSpace): void {
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot search ${optimizer.name}: ${problem}`);
  };
  const declared = Object.keys(optimizer.hyperparameters);
  for (const name of Object.keys(space)) {
    if (!declared.includes(name)) {
      fail(`it has no hyper-parameter "${name}"; expected one of ${declared.join(", ")}`);
    }
  }
  let points = 1;
  for (const [name, declaration] of Object.entries(optimizer.hyperparameters)) {
    const values = space[name] ?? [];
    if (values.length === 0) fail(`${name} has no values; give at least one`);
    for (const value of values) {
      if (!isLegal(declaration, value)) fail(`${name} ${value} is illegal; use ${legalRange(declaration)}`);
    }
    points *= values.length;
  }
  if (points > MOST_POINTS) {
    fail(`its space has ${points} points; use at most ${MOST_POINTS}, with fewer values or points a range`);
  }
}

/** The cartesian product, counted like an odometer: the last name turns fastest. */
function* product(names: readonly string[], space: SearchSpace): Generator<HyperValues> {
  const digits = names.map(() => 0);
  while (true) {
    const values: Record<string, HyperValue> = {};
    names.forEach((name, i) => values[name] = space[name][digits[i]]);
    yield values;
    let i = names.length - 1;
    while (i >= 0 && ++digits[i] === space[names[i]].length) digits[i--] = 0;
    if (i < 0) return;
  }
}
