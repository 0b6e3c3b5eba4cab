/**
 * From a configuration file to the words of a command line. The words are parsed with the user's own, so that a value
 * means the same in both places, and is refused for the same reasons.
 */
import { optionName } from "../hyperparameters.ts";
import { nearest } from "../words.ts";
import { configError, type Content, type Position } from "./read.ts";
import { type ConfigCommand, type Setting, settingsOf, spaceSections } from "./settings.ts";

/** One key of a file that has a value. */
export interface Entry {
  /** As in `space.lr`. */
  readonly key: string;
  /** The option that it stands for, and its short form. */
  readonly names: readonly string[];
  /** The same on a command line; nothing for a flag that is off. */
  readonly words: readonly string[];
  readonly position: Position;
}

/**
 * Turns every key into words, in the order of the file.
 *
 * @param path of the file, for errors.
 * @throws {UsageError} for a key that is unknown or in the wrong place, and for a value that no option could have.
 */
export function entriesOf(path: string, content: Content, command: ConfigCommand): Entry[] {
  const failAt = (keys: readonly string[]): Fail => (problem) => {
    throw configError(path, content.at(keys), keys.length === 0 ? problem : `${keys.join(".")}: ${problem}`);
  };
  const settings = settingsOf(command);
  const seen = new Map<string, string>();
  return flatten(content.value, failAt).map(({ keys, value }) => {
    const fail = failAt(keys);
    const find = keys[0] === "space" ? findHyperparameter : findSetting;
    const setting = find(keys[keys.length - 1], settings, fail);
    const key = keys.join(".");
    const [name] = setting.names;
    const earlier = seen.get(name);
    if (earlier !== undefined) fail(`it is the same as ${earlier}; drop one`);
    seen.set(name, key);
    return { key, names: setting.names, words: wordsOf(setting, value, fail), position: content.at(keys) };
  });
}

type Fail = (problem: string) => never;

interface Field {
  readonly keys: readonly string[];
  readonly value: unknown;
}

/** The keys of a file with their values; `$schema` is for editors. */
function flatten(content: unknown, failAt: (keys: readonly string[]) => Fail): Field[] {
  return fieldsOf(content, failAt([])).flatMap(([key, value]) => {
    if (key === "$schema") return [];
    if (key !== "space") return [{ keys: [key], value }];
    return fieldsOf(value, failAt([key])).map(([name, value]) => ({ keys: [key, name], value }));
  });
}

/** The keys of a map with their values. An empty file says nothing, and so does an empty `space`. */
function fieldsOf(value: unknown, fail: Fail): [string, unknown][] {
  if (value === null || value === undefined) return [];
  if (kindOf(value) !== "a map") fail(`expected keys with values, as in lr: 0.1, got ${kindOf(value)}`);
  return Object.entries(value);
}

function findSetting(key: string, settings: readonly Setting[], fail: Fail): Setting {
  const setting = settingOf(key, settings);
  if (setting !== undefined) return setting;
  if (hyperparameterNames().includes(nameOf(key))) fail("it is a hyper-parameter; move it into space");
  return fail(unknownKey(key, [...settings.map(({ key }) => key), "space"]));
}

function findHyperparameter(key: string, settings: readonly Setting[], fail: Fail): Setting {
  const names = hyperparameterNames();
  if (names.includes(nameOf(key))) return hyperparameterSetting(nameOf(key));
  if (settingOf(key, settings) !== undefined) fail("it is no hyper-parameter; move it out of space");
  return fail(unknownKey(key, names));
}

function settingOf(key: string, settings: readonly Setting[]): Setting | undefined {
  return settings.find((setting) => setting.key === key.replaceAll("_", "-"));
}

function hyperparameterNames(): string[] {
  return [...new Set(Object.values(spaceSections()).flatMap(Object.keys))];
}

function nameOf(key: string): string {
  return key.replaceAll("-", "_");
}

/** In `space` even a flag has a value, or several. */
function hyperparameterSetting(name: string): Setting {
  const option = optionName(name) as Setting["names"][number];
  return { key: name, names: [option], metavar: "VALUES", isRepeatable: false, help: "" };
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `unknown key: ${
    meant === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${meant}?`
  }`;
}

function wordsOf({ names, metavar, isRepeatable }: Setting, value: unknown, fail: Fail): string[] {
  const name = names[names.length - 1];
  if (metavar === undefined) {
    if (typeof value !== "boolean") fail(`expected true or false, got ${describe(value)}`);
    return value ? [name] : [];
  }
  if (!Array.isArray(value)) return [`${name}=${textOf(value, fail)}`];
  if (value.length === 0) fail("the list is empty; give at least one value");
  const texts = value.map((item) => textOf(item, fail));
  if (isRepeatable) return texts.map((text) => `${name}=${text}`);
  // A single number of --seeds is how many; with a comma after it, it is a list.
  const isOneSeed = name === "--seeds" && texts.length === 1;
  return [`${name}=${texts.join(",")}${isOneSeed ? "," : ""}`];
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

function describe(value: unknown): string {
  return typeof value === "object" ? kindOf(value) : JSON.stringify(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  return typeof value === "object" ? "a map" : "a value";
}
