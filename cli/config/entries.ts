/**
 * From a configuration file to the words of a command line. The words are parsed with the user's own, so that a value
 * means the same in both places, and is refused for the same reasons.
 */
import { optionName } from "../declare/hyperparameters.ts";
import { nearest } from "../words.ts";
import type { Content, Position } from "./content.ts";
import { configError } from "./read.ts";
import { type Fail, isMap, kindOf, wordsOf } from "./option_words.ts";
import { allSettings, type OptionShape, type Setting, spaceSections } from "./settings.ts";

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
export function entriesOf(path: string, content: Content): Entry[] {
  const failAt = (keys: readonly string[]): Fail => (problem) => {
    throw configError(path, content.at(keys), keys.length === 0 ? problem : `${keys.join(".")}: ${problem}`);
  };
  const settings = allSettings();
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
  if (!isMap(value)) return fail(`expected keys with values, as in lr: 0.1, got ${kindOf(value)}`);
  return Object.entries(value);
}

function findSetting(key: string, settings: readonly Setting[], fail: Fail): OptionShape {
  const setting = settingOf(key, settings);
  if (setting !== undefined) return setting;
  if (hyperparameterNames().includes(nameOf(key))) fail("it is a hyper-parameter; move it into space");
  return fail(unknownKey(key, [...settings.map(({ key }) => key), "space"]));
}

/** In `space` even a flag has a value, or several. */
function findHyperparameter(key: string, settings: readonly Setting[], fail: Fail): OptionShape {
  const names = hyperparameterNames();
  if (names.includes(nameOf(key))) {
    return { names: [optionName(nameOf(key))], metavar: "VALUES", isRepeatable: false };
  }
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

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `unknown key: ${
    meant === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${meant}?`
  }`;
}
