/**
 * Checks of values whose types nothing vouches for. A check is given a value and its path, as in
 * `data.columns.inputs.shape`, and throws a Mismatch unless the value is what it has to be.
 */
import { findSimilar } from "@optique/core/suggestion";

export type Check = (value: unknown, path: string) => void;

/** The message names the path, what is there, and what is expected. */
export class Mismatch extends Error {}

export const isText: Check = expect(
  "a line of text",
  (value) => typeof value === "string" && /^.+$/.test(value),
);
export const isFunction: Check = expect("a function", (value) => typeof value === "function");
export const isNumber: Check = expect("a finite number", Number.isFinite);
export const isCount: Check = expect("a positive integer", isPositiveInteger);
export const isShape: Check = expect(
  "a list of positive integers, empty for a single number",
  (value) => Array.isArray(value) && value.every(isPositiveInteger),
);

/** One of some words. */
export function isOneOf(...words: readonly string[]): Check {
  const listed = words.map((word) => JSON.stringify(word)).join(" or ");
  return expect(listed, (value) => words.some((word) => word === value));
}

export const isObject: Check = expect(
  "an object",
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);

/** A list of two finite numbers. */
export const isPair: Check = expect(
  "a list of two finite numbers",
  (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite),
);

/** A list of values that pass. */
export function isListOf(check: Check): Check {
  return (value, path) => {
    expect("a list", Array.isArray)(value, path);
    (value as unknown[]).forEach((item, i) => check(item, `${path}[${i}]`));
  };
}

/** An object with values that pass, under names that pass. */
export function isRecordOf(
  check: Check,
  checkName: (name: string) => string | undefined = () => undefined,
): Check {
  return (value, path) => {
    isObject(value, path);
    for (const [name, item] of Object.entries(value as object)) {
      const problem = checkName(name);
      if (problem !== undefined) {
        throw new Mismatch(`${path} cannot have the name ${JSON.stringify(name)}; ${problem}`);
      }
      check(item, `${path}.${name}`);
    }
  };
}

/** An object with these fields; it may have others. */
export function hasFields(required: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    isObject(value, path);
    const fields = value as Readonly<Record<string, unknown>>;
    for (const [name, check] of Object.entries(required)) check(fields[name], fieldPath(path, name));
  };
}

/** An object with these fields, and of those that are optional any; nothing else, as it would be ignored. */
export function isObjectOf(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  const known = [...Object.keys(required), ...Object.keys(optional)];
  const hasRequired = hasFields(required);
  return (value, path) => {
    isObject(value, path);
    const fields = value as Readonly<Record<string, unknown>>;
    const stray = Object.keys(fields).find((name) => !known.includes(name));
    if (stray !== undefined) {
      const [meant] = findSimilar(stray, known);
      throw new Mismatch(
        `${fieldPath(path, stray)} is not known; ` +
          (meant === undefined ? `leave it out (known are ${known.join(", ")})` : `did you mean ${meant}?`),
      );
    }
    hasRequired(value, path);
    for (const [name, check] of Object.entries(optional)) {
      if (fields[name] !== undefined) check(fields[name], fieldPath(path, name));
    }
  };
}

function fieldPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function expect(what: string, test: (value: unknown) => boolean): Check {
  return (value, path) => {
    if (test(value)) return;
    throw new Mismatch(
      value === undefined
        ? `${path} is missing; expected ${what}`
        : `${path} is ${shown(value)}; expected ${what}`,
    );
  };
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function shown(value: unknown): string {
  if (typeof value === "number" || value === null) return String(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "object") return Array.isArray(value) ? `[${value}]` : "an object";
  return JSON.stringify(value) ?? String(value);
}
