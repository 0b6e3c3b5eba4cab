/**
 * A command line that names a configuration file: `optbench sweep study.yaml --epochs 3`.
 *
 * The file's settings are put before the user's own words, but for those that the user gives too, and all are parsed
 * together. Where that fails, the settings are tried one by one, to say which line of the file is wrong.
 */
import { UsageError } from "../errors.ts";
import { type Page, parse } from "../options.ts";
import type { Request } from "../requests.ts";
import type { Entry } from "./entries.ts";
import { configError, isConfigPath, readConfig } from "./read.ts";
import { allSettings, configCommands } from "./settings.ts";

/**
 * Reads a command line, and the file that it may name.
 *
 * @throws {UsageError} for whatever they cannot mean; with the line and the key where the file is to blame.
 */
export async function parseWithConfig(args: readonly string[], page?: Page): Promise<Request> {
  const [command] = args;
  const index = configCommands.includes(command) ? findConfig(args) : -1;
  if (index === -1) return parse(args, page);

  const path = args[index];
  const typed = args.toSpliced(index, 1).slice(1);
  const { entriesOf } = await import("./entries.ts");
  const entries = overridden(entriesOf(path, await readConfig(path)), typed);
  try {
    return parse([command, ...entries.flatMap(({ words }) => words), ...typed], page);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const wrong = locate(entries, typed, (words) => problemOf([command, ...words]));
    if (wrong === undefined) throw error;
    throw configError(path, wrong.entry.position, `${wrong.entry.key}: ${wrong.problem}`);
  }
}

/** Where the path of the file stands: it is no option and no option's value. -1 where there is none. */
function findConfig(args: readonly string[]): number {
  if (!args.some(isConfigPath)) return -1;
  const flags = allSettings().filter(({ metavar }) => metavar === undefined).flatMap(({ names }) => names);
  const takesNext = (word: string) =>
    word.startsWith("-") && !word.includes("=") && !["-h", "--help", ...flags].includes(word);
  return args.findIndex((word, i) => isConfigPath(word) && !word.startsWith("-") && !takesNext(args[i - 1]));
}

/** What is left of a file's settings beside those that the user gives. */
function overridden(entries: readonly Entry[], typed: readonly string[]): Entry[] {
  const given = typed.map((word) => word.split("=", 1)[0]);
  return entries.filter(({ names }) => !names.some((name) => given.includes(name)));
}

/**
 * The first setting that would be wrong by itself. Each is tried with the choice of the optimizer alone, as other options
 * depend on that; where the user's own choice is wrong, or none is, the file is not to blame.
 */
function locate(
  entries: readonly Entry[],
  typed: readonly string[],
  problemOf: (words: readonly string[]) => string | undefined,
): { entry: Entry; problem: string } | undefined {
  const choice: string[] = [];
  for (const option of ["--opt", "--base"]) {
    const entry = entries.find(({ names }) => names.includes(option));
    const words = entry?.words ?? typedSetting(option, typed);
    const problem = problemOf([...choice, ...words]);
    if (problem !== undefined) return entry && { entry, problem };
    choice.push(...words);
  }
  for (const entry of entries) {
    if (choice.includes(entry.words[0])) continue;
    const problem = problemOf([...choice, ...entry.words]);
    if (problem !== undefined) return { entry, problem };
  }
}

/** The words with which the user gives an option. */
function typedSetting(option: string, typed: readonly string[]): string[] {
  const i = typed.findIndex((word) => word === option || word.startsWith(`${option}=`));
  if (i === -1) return [];
  return typed[i] === option ? typed.slice(i, i + 2) : [typed[i]];
}

function problemOf(words: readonly string[]): string | undefined {
  try {
    parse(words);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}
