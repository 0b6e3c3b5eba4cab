/** From the values of a configuration file to the words of a command line. */
import { isPaired, type OptionShape } from "./settings.ts";

/** Called with what is wrong; throws. */
export type Fail = (problem: string) => never;

/** An option with its value, as a command line has it: nothing for a flag that is off, several words for a repeated one. */
export function wordsOf({ names, metavar, isRepeatable }: OptionShape, value: unknown, fail: Fail): string[] {
  const name = names[names.length - 1];
  if (metavar === undefined) {
    if (typeof value !== "boolean") fail(`expected true or false, got ${describe(value)}`);
    return value ? [name] : [];
  }
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const texts = items.flatMap((item) =>
    isPaired(metavar) && isMap(item) ? pairs(item, fail) : [textOf(item, fail)]
  );
  if (texts.length === 0) fail("it is empty; give at least one value");
  if (isRepeatable) return texts.map((text) => `${name}=${text}`);
  // A single number of --seeds is how many; with a comma after it, it is a list.
  const isOneSeed = name === "--seeds" && Array.isArray(value) && texts.length === 1;
  return [`${name}=${texts.join(",")}${isOneSeed ? "," : ""}`];
}

/** `nesterov: momentum>0` is a text in quotes, and without them a key with its value: it means the same. */
function pairs(map: object, fail: Fail): string[] {
  return Object.entries(map).map(([key, value]) => `${key}:${textOf(value, fail)}`);
}

function textOf(value: unknown, fail: Fail): string {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
  }
  if (value === null) fail("it has no value; give one or drop the key");
  return fail(`expected a value or a list of values, got ${describe(value)}`);
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return kindOf(value) === "a map";
}

function describe(value: unknown): string {
  return typeof value === "object" ? kindOf(value) : JSON.stringify(value);
}

/** `a map`, in words for errors. */
export function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  return typeof value === "object" ? "a map" : "a value";
}
