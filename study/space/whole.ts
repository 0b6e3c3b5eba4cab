import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { TASK_SCHEDULE } from "../../optim/schedules/choice.ts";
import { checkDomain, type Domain, filledIn, parseDomain, type SearchSpace } from "./domain.ts";
import { defaultSpace, SpaceError } from "./values.ts";

/**
 * The whole space, every hyper-parameter with a domain.
 *
 * @param isSampled whether samplers search it: default lists of numbers are then everything between their ends.
 * @throws {SpaceError} for an unknown name or an illegal value.
 */
export function wholeSpace(
  optimizer: Optimizer,
  given: SearchSpace,
  defaults: Readonly<Record<string, HyperValue>>,
  isSampled: boolean,
): SearchSpace {
  const { name: owner, hyperparameters } = optimizer;
  const unknown = Object.keys(given).find((name) => !(name in hyperparameters));
  if (unknown !== undefined) {
    const names = Object.keys(hyperparameters).join(", ");
    throw new SpaceError(`${owner} has no hyper-parameter "${unknown}"; expected one of ${names}`);
  }
  const texts = defaultSpace(optimizer);
  const space: Record<string, Domain> = {};
  for (const [name, declaration] of Object.entries(hyperparameters)) {
    const byDefault = () => {
      if (texts[name] === undefined) {
        throw new SpaceError(`Cannot search ${owner}: ${name} has no values; give at least one`);
      }
      const domain = parseDomain(name, texts[name], declaration);
      return isSampled ? filledIn(domain, declaration) : domain;
    };
    space[name] = given[name] ?? byDefault();
    checkDomain(owner, name, space[name], declaration);
  }
  // The task's schedule under its plainest name.
  const schedules = (space.schedule as readonly HyperValue[]).map((text) =>
    text === TASK_SCHEDULE ? defaults.schedule : text
  );
  space.schedule = [...new Set(schedules)];
  return space;
}
