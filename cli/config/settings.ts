/** What a configuration file may set: the options of a command but those of hyper-parameters, which `space` holds. */
import { formatMessage } from "@optique/core/message";
import { getDocPage, suggest } from "@optique/core/parser";
import type { Declarations } from "../../optim/hyperparameter.ts";
import {
  DEFAULT_BASE,
  optimizerNames,
  ownHyperparameters,
  sharedHyperparameters,
  wrapperNames,
} from "../../optim/registry.ts";
import type { OptimizerChoice } from "../../study/trial.ts";
import { declareCommands } from "../declare/commands.ts";
import { declarers } from "../declare/hyperparameters.ts";

/** The commands that take a configuration file. */
export const configCommands: readonly string[] = ["sweep", "tune"];

/** How an option is written. */
export interface OptionShape {
  /** The short form, if there is one, and the long one. */
  readonly names: readonly string[];
  /** The placeholder for its value; undefined where it takes none. */
  readonly metavar?: string;
  readonly isRepeatable: boolean;
}

/** One setting, as the command's option declares it. */
export interface Setting extends OptionShape {
  /** A command that has it. */
  readonly command: string;
  /** The option without its dashes, as in `batch-size`. */
  readonly key: string;
  readonly help: string;
}

/** An optimizer that has every setting. */
const WRAPPED: OptimizerChoice = { name: wrapperNames[0], base: DEFAULT_BASE };

/**
 * The settings of all these commands, in the order of their help: whether the one that is typed has them is left to its
 * parser, which says where they belong.
 */
export function allSettings(): Setting[] {
  const settings = new Map<string, Setting>();
  for (const setting of configCommands.flatMap(settingsOf)) {
    if (!settings.has(setting.key)) settings.set(setting.key, setting);
  }
  return [...settings.values()];
}

function settingsOf(command: string): Setting[] {
  const parser = declareCommands(WRAPPED)[command];
  const repeatable = parser.usage.flatMap((term) => term.type === "multiple" ? term.terms : [])
    .flatMap((term) => term.type === "option" ? term.names : []);
  const titles = declarers(WRAPPED).map(({ title }) => title);
  const sections = getDocPage(parser, [command])?.sections ?? [];
  const entries = sections.filter(({ title = "" }) => !titles.includes(title)).flatMap(({ entries }) =>
    entries
  );
  return entries.flatMap(({ term, description = [] }) => {
    if (term.type !== "option") return [];
    const { names, metavar } = term;
    const name = names[names.length - 1];
    const help = formatMessage(description).replaceAll(/\s+/g, " ");
    return [{ command, key: name.slice(2), names, metavar, isRepeatable: repeatable.includes(name), help }];
  });
}

/** Whether a value is two texts around a colon, as in `NAME:CONDITION`, which a file may give as a key and its value. */
export function isPaired(metavar: string): boolean {
  return metavar.includes(":");
}

/** Values of a setting that the shell's completion proposes too. */
export function proposalsFor({ command, names, metavar }: Setting): string[] {
  if (metavar === undefined) return [];
  const suggestions = suggest(declareCommands(WRAPPED)[command], [command, names[0], ""]);
  return suggestions.flatMap((suggestion) => suggestion.kind === "literal" ? [suggestion.text] : []);
}

/** Every hyper-parameter that `space` may hold, by who declares it; `every` is what goes with each optimizer. */
export function spaceSections(): Record<string, Declarations> {
  const own = optimizerNames.map((name) => [name, ownHyperparameters(name)] as const);
  return { ...Object.fromEntries(own), every: sharedHyperparameters };
}
