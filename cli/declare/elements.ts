/** What declarations are made of. */
import { lineBreak, type Message, text } from "@optique/core/message";
import type { Parser } from "@optique/core/parser";
import { argument, option } from "@optique/core/primitives";
import type { OptionName } from "@optique/core/usage";
import type { ValueParser } from "@optique/core/valueparser";
import { folder, say } from "./values.ts";

export type SyncParser<T> = Parser<"sync", T, unknown>;

/** An option with a value. */
export function setting<T>(name: OptionName, value: ValueParser<"sync", T>, help: string | Message) {
  return option(name, value, {
    description: typeof help === "string" ? say(help) : help,
    errors: {
      missing: say(`${name} is missing: it has no default`),
      duplicate: say(`${name} is given twice`),
      invalidValue: (error) => error,
    },
  });
}

/** An option without a value. */
export function toggle(names: readonly [OptionName, ...OptionName[]], help: string) {
  return option(...names, {
    description: say(help),
    errors: {
      duplicate: (name) => say(`${name} is given twice`),
      unexpectedValue: say(`${names.at(-1)} takes no value`),
    },
  });
}

/** The folder of a study, where a command takes one. */
export function studyArgument() {
  return argument(folder("STUDY"), {
    description: say("the folder of the study"),
    errors: { endOfInput: say("which study? name its folder; optbench ls lists them") },
  });
}

/** `lars (default), sgd, adam` */
export function choices(names: readonly string[], chosen: string): string {
  return names.map((name) => name === chosen ? `${name} (default)` : name).join(", ");
}

export function lines(...all: string[]): Message {
  return all.flatMap((line, i) => i === 0 ? [text(line)] : [lineBreak(), text(line)]);
}
