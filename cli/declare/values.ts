/** Parsers of the values of options: plain functions that throw what the user reads. */
import { type Message, text } from "@optique/core/message";
import type { NonEmptyString } from "@optique/core/nonempty";
import type { ValueParser } from "@optique/core/valueparser";
import { isModulePath } from "../../tasks/load.ts";
import { SpaceError } from "../../study/space/values.ts";
import { UsageError } from "../errors.ts";
import { unknownWord } from "../words.ts";

/** Words for Optique, which would quote and wrap what it takes for a value. */
export function say(words: string): Message {
  return [text(words)];
}

/**
 * @param metavar stands for the value in the help.
 * @param read turns what was typed into the value, or throws a UsageError or SpaceError.
 * @param examples what shell completion proposes.
 */
export function value<T>(
  metavar: NonEmptyString,
  read: (typed: string) => T,
  examples: readonly string[] = [],
): ValueParser<"sync", T> {
  return {
    mode: "sync",
    metavar,
    parse(typed) {
      try {
        return { success: true, value: read(typed) };
      } catch (error) {
        if (!(error instanceof UsageError || error instanceof SpaceError)) throw error;
        return { success: false, error: say(error.message) };
      }
    },
    format: String,
    suggest: (prefix) =>
      examples.filter((text) => text.startsWith(prefix)).map((text) => ({ kind: "literal", text })),
    placeholder: undefined as T, // for prompts, of which there are none
  };
}

/** One of some names; `kind` is what they are the names of. */
export function name<T extends string>(
  kind: string,
  names: readonly T[],
  metavar: NonEmptyString = "NAME",
): ValueParser<"sync", T> {
  return value(metavar, (typed) => {
    const found = names.find((name) => name === typed);
    if (found === undefined) throw new UsageError(unknownWord(kind, typed, names));
    return found;
  }, names);
}

/** One of the registered tasks, or the path of a module. */
export function taskName(names: readonly string[]): ValueParser<"sync", string> {
  const registered = name("task", names);
  return {
    ...registered,
    metavar: "TASK",
    parse: (typed) => isModulePath(typed) ? { success: true, value: typed } : registered.parse(typed),
  };
}

/** An integer from `least` to 2^31 - 1. */
export function integer(option: string, least: 0 | 1): ValueParser<"sync", number> {
  const most = 2 ** 31 - 1;
  return value("N", (typed) => {
    const number = /^\d+$/.test(typed) ? Number(typed) : NaN;
    if (number >= least && number <= most) return number;
    const expected = number > most
      ? `at most ${most}`
      : least === 1
      ? "a positive integer"
      : "an integer >= 0";
    throw new UsageError(`${option} "${typed}": expected ${expected}`);
  });
}

const SECONDS = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 } as const;

/** A time as people write it: `90s`, `30m`, `1.5h`. The value is in seconds. */
export function seconds(option: string): ValueParser<"sync", number> {
  return value("TIME", (typed) => {
    const [, number, unit] = typed.match(/^(\d+(?:\.\d+)?)(s|m|min|h|d)$/) ?? [];
    const time = Number(number) * SECONDS[unit as keyof typeof SECONDS];
    if (time > 0) return time;
    throw new UsageError(`${option} "${typed}": expected a time, as in 90s, 30m or 2h`);
  }, ["30m", "2h"]);
}

/** Names of parameters or of their roles. */
export function selectors(typed: string): string[] {
  const names = typed.split(",").map((name) => name.trim());
  if (names.includes("")) throw new UsageError(`--exclude "${typed}": expected parameters, as in bias,norm`);
  return names;
}

/** A folder, which need not exist. */
export function folder(option: string): ValueParser<"sync", string> {
  return path(option, "DIR", "directory");
}

/** A file, which need not exist. */
export function file(option: string): ValueParser<"sync", string> {
  return path(option, "FILE", "file");
}

function path(
  option: string,
  metavar: "DIR" | "FILE",
  type: "directory" | "file",
): ValueParser<"sync", string> {
  const read = (typed: string) => {
    if (typed === "") throw new UsageError(`${option} "": expected a ${type === "file" ? "file" : "folder"}`);
    return typed;
  };
  return {
    ...value(metavar, read),
    suggest: (pattern) => [{ kind: "file", type, pattern, includeHidden: false }],
  };
}
