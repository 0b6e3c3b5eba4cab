/** Every combination of the values of a space. */
import type { HyperValue, HyperValues } from "../../optim/hyperparameter.ts";
import { resolve } from "../../optim/coefficients.ts";
import { type ParameterGroup, withOverrides } from "../../optim/groups.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { isRange, type SearchSpace } from "../space/domain.ts";
import { SpaceError } from "../space/values.ts";

const MOST_POINTS = 1_000_000;

export interface Grid {
  /** The legal combinations; the first hyper-parameter varies slowest. */
  readonly points: readonly HyperValues[];
  /** How many combinations are left out because the optimizer forbids them, by its reason. */
  readonly leftOut: readonly { readonly reason: string; readonly count: number }[];
}

/** What a space has besides its values. */
export interface Restrictions {
  /** Whose overrides have to be legal together with a point's values. Default: none has any. */
  readonly parameterGroups?: readonly ParameterGroup[];
  /** From a combination to the point that it stands for; combinations of the same point are one. Default: each its own. */
  readonly settle?: (values: HyperValues) => HyperValues;
}

/**
 * Every legal combination of the values of a search space.
 *
 * @throws {SpaceError} for a range, which has no end of values; for more than 1,000,000 combinations; or where no
 * combination is legal.
 */
export function grid(
  optimizer: Optimizer,
  space: SearchSpace,
  { parameterGroups = [], settle = (values) => values }: Restrictions = {},
): Grid {
  checkSize(optimizer, space);
  const points = new Map<string, HyperValues>();
  const leftOut = new Map<string, number>();
  for (const combination of product(Object.keys(optimizer.hyperparameters), space)) {
    const values = settle(combination);
    const reason = conflictOf(optimizer, values, parameterGroups);
    if (reason === undefined) points.set(JSON.stringify(values), values);
    else leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
  }
  if (points.size === 0) {
    const reasons = [...leftOut].map(([reason, count]) => `${reason} (${count} of the points)`).join("; ");
    throw new SpaceError(`Cannot search ${optimizer.name}: no point of the space is legal: ${reasons}`);
  }
  return {
    points: [...points.values()],
    leftOut: [...leftOut].map(([reason, count]) => ({ reason, count })),
  };
}

/** Why values are no legal configuration; undefined where they are one. */
export function conflictOf(
  optimizer: Optimizer,
  values: HyperValues,
  parameterGroups: readonly ParameterGroup[],
): string | undefined {
  return optimizer.conflict?.(values) ?? groupConflict(optimizer, values, parameterGroups);
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

function checkSize(optimizer: Optimizer, space: SearchSpace): void {
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot search ${optimizer.name}: ${problem}`);
  };
  let points = 1;
  for (const [name, domain] of Object.entries(space)) {
    if (isRange(domain)) {
      const { distribution, from, to } = domain;
      const list = distribution === "loguniform" ? "log" : "lin";
      return fail(
        `a sweep tries every value, and ${name} ${distribution}:${from}..${to} has no end of them; ` +
          `use points, as in ${list}:${from}..${to}:5, or optbench tune`,
      );
    }
    points *= domain.length;
  }
  if (points > MOST_POINTS) {
    fail(`its space has ${points} points; use at most ${MOST_POINTS}, with fewer values or points a range`);
  }
}

/** The cartesian product, counted like an odometer: the last name turns fastest. */
function* product(names: readonly string[], domains: SearchSpace): Generator<HyperValues> {
  const space = domains as Readonly<Record<string, readonly HyperValue[]>>;
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
