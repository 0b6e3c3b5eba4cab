/** From the coordinates in which samplers search to hyper-parameters. */
import type { HyperValue, HyperValues } from "../../optim/hyperparameter.ts";
import type { Dimension, Point } from "../samplers/sampler.ts";
import { type Domain, isRange, type Range, type SearchSpace, varies } from "./domain.ts";

/** Integers of a range that are told apart one by one; more of them are a continuum to a sampler. */
const MOST_LEVELS = 64;
/** Significant digits of a number that is drawn: enough for any learning rate, and few enough to read. */
const DIGITS = 5;

/** The coordinates of a space: one for each hyper-parameter that has a choice, in the order of the space. */
export function dimensionsOf(space: SearchSpace): Dimension[] {
  return Object.entries(space).filter(([, domain]) => varies(domain)).map(([name, domain]) => {
    const levels = levelsOf(domain);
    if (levels === undefined) return { name, kind: "continuous" };
    const isOrdered = levels.every((level) => typeof level === "number");
    return { name, kind: isOrdered ? "ordered" : "choice", levels: levels.length };
  });
}

/** The hyper-parameters at a point, with those that have no choice. */
export function valuesAt(space: SearchSpace, point: Point): HyperValues {
  let next = 0;
  const values: Record<string, HyperValue> = {};
  for (const [name, domain] of Object.entries(space)) {
    if (!varies(domain)) values[name] = (domain as readonly HyperValue[])[0];
    else {
      const coordinate = point[next++];
      const levels = levelsOf(domain);
      values[name] = levels === undefined ? within(domain as Range, coordinate) : levels[coordinate];
    }
  }
  return values;
}

/** The values that are told apart, numbers in ascending order; undefined for a continuum. */
function levelsOf(domain: Domain): readonly HyperValue[] | undefined {
  if (!isRange(domain)) {
    const isNumeric = domain.every((value) => typeof value === "number");
    return isNumeric ? domain.toSorted((a, b) => (a as number) - (b as number)) : domain;
  }
  const { distribution, from, to } = domain;
  if (distribution !== "int" || to - from >= MOST_LEVELS) return undefined;
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function within({ distribution, from, to }: Range, coordinate: number): number {
  switch (distribution) {
    case "int":
      return Math.min(to, from + Math.floor(coordinate * (to - from + 1)));
    case "uniform":
      return rounded(from + coordinate * (to - from), from, to);
    case "loguniform":
      return rounded(10 ** (Math.log10(from) * (1 - coordinate) + Math.log10(to) * coordinate), from, to);
  }
}

function rounded(value: number, from: number, to: number): number {
  return Math.min(to, Math.max(from, Number(value.toPrecision(DIGITS))));
}
