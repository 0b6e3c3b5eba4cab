/** What a configuration file may set: the options of a command but those of hyper-parameters, which `space` holds. */
import { formatMessage } from "@optique/core/message";
import { getDocPage, suggest } from "@optique/core/parser";
import type { OptionName } from "@optique/core/usage";
import type { Declarations } from "../../optim/hyperparameter.ts";
import {
  DEFAULT_BASE,
  optimizerNames,
  ownHyperparameters,
  sharedHyperparameters,
  wrapperNames,
} from "../../optim/registry.ts";
import type { OptimizerChoice } from "../../study/trial.ts";
import { type Commands, declareCommands } from "../commands.ts";
import { declarers } from "../hyperparameters.ts";

/** The commands that take a configuration file. */
export const configCommands = ["sweep"] as const satisfies readonly (keyof Commands)[];
export type ConfigCommand = (typeof configCommands)[number];

/** One setting, as the command's option declares it. */
export interface Setting {
  /** The option without its dashes, as in `batch-size`. */
  readonly key: string;
  /** The option, and its short form. */
  readonly names: readonly OptionName[];
  /** The option's placeholder for its value; undefined where it takes none. */
  readonly metavar?: string;
  readonly isRepeatable: boolean;
  readonly help: string;
}

/** An optimizer that has every setting. */
const WRAPPED: OptimizerChoice = { name: wrapperNames[0], base: DEFAULT_BASE };

/** The settings of a command, in the order of its help. */
export function settingsOf(command: ConfigCommand): Setting[] {
  const parser = declareCommands(WRAPPED)[command];
  const repeatable = parser.usage.flatMap((term) => term.type === "multiple" ? term.terms : [])
    .flatMap((term) => term.type === "option" ? term.names : []);
  const titles = declarers(WRAPPED).map(({ title }) => title);
  const sections = getDocPage(parser, [command])?.sections ?? [];
  return sections.filter(({ title = "" }) => !titles.includes(title)).flatMap(({ entries }) =>
    entries.flatMap(({ term, description = [] }) => {
      if (term.type !== "option") return [];
      const { names, metavar } = term;
      const name = names[names.length - 1];
      return [{
        key: name.slice(2),
        names,
        metavar,
        isRepeatable: repeatable.includes(name),
        help: formatMessage(description).replaceAll(/\s+/g, " "),
      }];
    })
  );
}

/** Values of a setting that the shell's completion proposes too. */
export function proposalsFor({ names, metavar }: Setting, command: ConfigCommand): string[] {
  if (metavar === undefined) return [];
  const suggestions = suggest(declareCommands(WRAPPED)[command], [command, names[0], ""]);
  return suggestions.flatMap((suggestion) => suggestion.kind === "literal" ? [suggestion.text] : []);
}

/** Every hyper-parameter that `space` may hold, by who declares it; `every` is what goes with each optimizer. */
export function spaceSections(): Record<string, Declarations> {
  const own = optimizerNames.map((name) => [name, ownHyperparameters(name)] as const);
  return { ...Object.fromEntries(own), every: sharedHyperparameters };
}
