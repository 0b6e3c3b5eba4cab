/**
 * What a hyper-parameter may be in a search: some values, or a range without gaps.
 *
 *     domain = list | range
 *     range  = ("uniform" | "loguniform" | "int") ":" lower ".." upper
 *
 * Lists are those of values.ts. A range includes both its ends.
 */
import {
  type CountDeclaration,
  type Declaration,
  type HyperValue,
  isLegal,
  legalRange,
  type NumberDeclaration,
} from "../../optim/hyperparameter.ts";
import { parseNumber, parseValues, SpaceError } from "./values.ts";

/** All numbers from one to another, evenly spread, or evenly in the logarithm; or all integers. */
export interface Range {
  readonly distribution: "uniform" | "loguniform" | "int";
  readonly from: number;
  readonly to: number;
}

export type Domain = readonly HyperValue[] | Range;

/** The domain of each hyper-parameter, in the order of its declarations. */
export type SearchSpace = Readonly<Record<string, Domain>>;

export function isRange(domain: Domain): domain is Range {
  return "distribution" in domain;
}

/** Whether there is anything to choose. */
export function varies(domain: Domain): boolean {
  return isRange(domain) || domain.length > 1;
}

/**
 * Reads the domain of one hyper-parameter.
 *
 * @param name of the hyper-parameter, for errors.
 * @param text such as `loguniform:0.001..1`, `int:1..8`, or a list of values.
 * @throws {SpaceError} for text outside the grammar or an illegal value.
 */
export function parseDomain(name: string, text: string, declaration: Declaration): Domain {
  const range = text.trim().match(/^(uniform|loguniform|int):(.*?)(?:\.\.(.*))?$/);
  if (range === null) return parseValues(name, text, declaration);
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot parse ${name} ${JSON.stringify(text)}: ${problem}`);
  };
  const distribution = range[1] as Range["distribution"];
  if (declaration.kind !== "number" && declaration.kind !== "count") {
    fail(`${name} is no number; use ${legalRange(declaration)}`);
  }
  if (declaration.kind === "count" && distribution !== "int") {
    fail(`${name} is an integer; use int:1..8 or a list`);
  }
  if (range[3] === undefined) fail(`a range has two ends; write it as ${distribution}:1..8`);
  const numeric = declaration as NumberDeclaration | CountDeclaration;
  const from = parseNumber(range[2], numeric, fail);
  const to = parseNumber(range[3], numeric, fail);
  if (from >= to) fail(`the lower bound ${from} has to be < the upper bound ${to}`);
  if (distribution === "loguniform" && from <= 0) fail("the lower bound of a loguniform range has to be > 0");
  const ends = [from, to];
  if (distribution === "int" && !ends.every(Number.isSafeInteger)) {
    fail("the ends of an int range are integers");
  }
  return { distribution, from, to };
}

/** As it is typed: `loguniform:0.001..1` or `0.1,1`. */
export function formatDomain(domain: Domain): string {
  return isRange(domain) ? `${domain.distribution}:${domain.from}..${domain.to}` : domain.join(",");
}

/**
 * What is searched within a budget unless the user says otherwise: everything between the ends of a list of numbers, in
 * the logarithm where it spans a decade or more; a list of anything else as it is. Counts stay a list too, as those
 * between (of the parts of a batch) need not be legal.
 */
export function filledIn(domain: Domain, declaration: Declaration): Domain {
  if (isRange(domain) || declaration.kind !== "number" || domain.length < 2) return domain;
  const numbers = (domain as readonly number[]).toSorted((a, b) => a - b);
  const [from, to] = [numbers[0], numbers[numbers.length - 1]];
  return { distribution: from > 0 && to >= 10 * from ? "loguniform" : "uniform", from, to };
}

/** @throws {SpaceError} for a domain that is empty or holds an illegal value. */
export function checkDomain(owner: string, name: string, domain: Domain, declaration: Declaration): void {
  const values = isRange(domain) ? [domain.from, domain.to] : domain;
  if (values.length === 0) {
    throw new SpaceError(`Cannot search ${owner}: ${name} has no values; give at least one`);
  }
  for (const value of values) {
    if (isLegal(declaration, value)) continue;
    throw new SpaceError(
      `Cannot search ${owner}: ${name} ${value} is illegal; use ${legalRange(declaration)}`,
    );
  }
}
