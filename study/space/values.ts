/**
 * The grammar of lists of values: what `--lr log:0.01..1:3` means.
 *
 *     list  = item { "," item }
 *     item  = number | "true" | "false" | schedule | ("lin" | "log") ":" lower ".." upper ":" points
 *
 * Schedules are those of optim/schedules/parse.ts. A range includes both its ends, `lin` evenly spaced and `log` evenly spaced in the logarithm.
 */
import {
  type CountDeclaration,
  type Declaration,
  type HyperValue,
  isLegal,
  legalRange,
  type NumberDeclaration,
} from "../../optim/hyperparameter.ts";
import { scheduleProblem } from "../../optim/schedules/choice.ts";
import type { Optimizer } from "../../optim/optimizer.ts";

/** A search space or a list of seeds that cannot be used. The message names the text and the fix. */
export class SpaceError extends Error {
  override readonly name = "SpaceError";
}

/** Most values that one hyper-parameter takes, and most seeds of a study. */
const MOST_VALUES = 10_000;
const LARGEST_SEED = 2 ** 31 - 1;

/**
 * Reads the values of one hyper-parameter, in the order given, without duplicates.
 *
 * @param name of the hyper-parameter, for errors.
 * @param text such as `0.5`, `true,false`, `lin:0..0.9:4` or `0,log:0.01..1:3`. The ends of a range are exact; what
 * lies between is rounded to 12 significant digits, so that it reads 0.1 and not 0.10000000000000002, and is the same
 * on every runtime.
 * @param declaration gives the legal values.
 * @throws {SpaceError} for text outside the grammar, an illegal value, or more than 10,000 values.
 */
export function parseValues(name: string, text: string, declaration: Declaration): HyperValue[] {
  const fail: Fail = (problem) => {
    throw new SpaceError(`Cannot parse ${name} ${JSON.stringify(text)}: ${problem}`);
  };
  if (text.trim() === "") {
    fail(`expected ${EXPECTED[declaration.kind]}`);
  }
  const values: HyperValue[] = [];
  for (const item of text.split(",").map((item) => item.trim())) {
    if (item === "") fail("a value is missing beside a comma; add it or drop the comma");
    if (declaration.kind === "flag") values.push(parseFlag(item, fail));
    else if (declaration.kind === "schedule") values.push(checkSchedule(item));
    else for (const value of parseItem(item, declaration, fail)) values.push(value);
    if (values.length > MOST_VALUES) fail(TOO_MANY);
  }
  return [...new Set(values)];
}

/**
 * Reads the seeds of a study: `3` is how many, so 1, 2 and 3; `1,2,42` lists them; `42,` is the one seed 42.
 *
 * @throws {SpaceError} for anything but distinct integers from 0 to 2^31 - 1, or more than 10,000 of them.
 */
export function parseSeeds(text: string): number[] {
  const fail: Fail = (problem) => {
    throw new SpaceError(`Cannot parse seeds ${JSON.stringify(text)}: ${problem}`);
  };
  const items = text.split(",").map((item) => item.trim());
  const isList = items.length > 1;
  if (isList && items.at(-1) === "") items.pop();
  const numbers = items.map((item) => {
    if (!/^\d+$/.test(item)) {
      fail("expected how many, as in 3, or a list of integers >= 0, as in 1,2,42");
    }
    return Number(item);
  });
  if (!isList) {
    const [count] = numbers;
    if (count === 0) fail("a study needs at least 1 seed; for the seed 0 itself write 0,");
    if (count > MOST_VALUES) {
      fail(`more than ${MOST_VALUES} seeds; for the seed ${count} itself write ${count},`);
    }
    return Array.from({ length: count }, (_, i) => i + 1);
  }
  if (numbers.length > MOST_VALUES) fail(`more than ${MOST_VALUES} seeds; give fewer`);
  const seen = new Set<number>();
  for (const seed of numbers) {
    if (seed > LARGEST_SEED) fail(`the seed ${seed} is too large; use at most ${LARGEST_SEED}`);
    if (seen.has(seed)) fail(`the seed ${seed} is given twice; drop one`);
    seen.add(seed);
  }
  return numbers;
}

/**
 * What is searched unless the user says otherwise, in the grammar of this file: each hyper-parameter's declared sweep,
 * else its default. One that declares neither is left out, for the user to choose.
 */
export function defaultSpace(optimizer: Optimizer): Record<string, string> {
  const space: Record<string, string> = {};
  for (const [name, declaration] of Object.entries(optimizer.hyperparameters)) {
    const text = declaration.sweep ?? declaration.default?.toString();
    if (text !== undefined) space[name] = text;
  }
  return space;
}

/** Throws an error about a text. */
export type Fail = (problem: string) => never;
type NumericDeclaration = NumberDeclaration | CountDeclaration;

const EXPECTED: Readonly<Record<Declaration["kind"], string>> = {
  number: "values such as 0.1,1 or a range such as lin:0..1:5",
  count: "values such as 2,4 or a range such as lin:1..5:5",
  flag: "true, false or false,true",
  schedule: 'schedules such as "constant,warmup:5ep>cosine"',
};

const TOO_MANY = `more than ${MOST_VALUES} values; use fewer points`;

function parseFlag(item: string, fail: Fail): boolean {
  if (item !== "true" && item !== "false") fail(`expected true or false, got "${item}"`);
  return item === "true";
}

/** @throws {SpaceError} for a text that names no schedule. */
function checkSchedule(text: string): string {
  const problem = scheduleProblem(text);
  if (problem !== undefined) throw new SpaceError(problem);
  return text;
}

function parseItem(item: string, declaration: NumericDeclaration, fail: Fail): number[] {
  const range = item.match(/^(lin|log):(.*?)\.\.(.*):(.*)$/);
  if (range === null) return [parseNumber(item, declaration, fail)];
  const [, kind, from, to, points] = range;
  const count = Number(points);
  if (!/^\d+$/.test(points.trim()) || count < 1) {
    fail(`"${points}" is no number of points; use an integer >= 2`);
  }
  if (count > MOST_VALUES) fail(TOO_MANY);
  const lower = parseNumber(from, declaration, fail);
  const upper = parseNumber(to, declaration, fail);
  if (kind === "log" && lower <= 0) fail("the lower bound of a log range has to be > 0");
  if (lower === upper && count === 1) return [lower];
  if (lower >= upper) fail(`the lower bound ${lower} has to be < the upper bound ${upper}`);
  if (count === 1) fail("a range with two ends has at least 2 points");
  const values = interpolate(kind, lower, upper, count, fail);
  const illegal = values.find((value) => !isLegal(declaration, value));
  if (illegal !== undefined) fail(`the range meets ${illegal}; use ${legalRange(declaration)}`);
  return values;
}

function interpolate(kind: string, lower: number, upper: number, count: number, fail: Fail): number[] {
  const values = [lower];
  for (let i = 1; i < count - 1; i++) {
    const t = i / (count - 1);
    const value = kind === "lin"
      ? lower * (1 - t) + upper * t
      : 10 ** (Math.log10(lower) * (1 - t) + Math.log10(upper) * t);
    values.push(Number(value.toPrecision(12)));
  }
  values.push(upper);
  if (values.some((value, i) => i > 0 && value <= values[i - 1])) {
    fail(`the range is too narrow for ${count} points; use fewer`);
  }
  return values;
}

/** @throws what `fail` throws, for text that is no number or an illegal one. */
export function parseNumber(text: string, declaration: NumericDeclaration, fail: Fail): number {
  const trimmed = text.trim();
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?(inf|infinity|nan)$/i.test(trimmed);
  if (!isNumber) {
    const meant = /:|\.\./.test(trimmed)
      ? "a range; write it as lin:0..1:5 or log:0.01..1:5"
      : "a number; write it as 0.1 or 1e-4";
    fail(`"${trimmed}" is not ${meant}`);
  }
  // "inf" becomes NaN here: not legal either. Adding 0 makes -0 the 0 that switches a term off.
  const value = Number(trimmed) + 0;
  if (!isLegal(declaration, value)) fail(`${trimmed} is out of range; use ${legalRange(declaration)}`);
  return value;
}
