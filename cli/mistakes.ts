/** What to say of a command line that cannot be parsed: what is wrong with it, and what was probably meant. */
import { extractOptionNames, type Usage } from "@optique/core/usage";
import { type Declaration, legalRange } from "../optim/hyperparameter.ts";
import { isWrapper, type OptimizerName, optimizerNames, ownHyperparameters } from "../optim/registry.ts";
import type { OptimizerChoice } from "../study/trial.ts";
import { optimizerLabel } from "../results/format.ts";
import { taskNames } from "../tasks/registry.ts";
import type { Commands } from "./declare/commands.ts";
import { dataActions } from "./declare/data.ts";
import { listable } from "./declare/list.ts";
import { declarers, optionName } from "./declare/hyperparameters.ts";
import { nearest, unknownWord } from "./words.ts";

/** A command line, and what it is parsed with. */
export interface Attempt {
  readonly line: readonly string[];
  readonly optimizer: OptimizerChoice;
  readonly commands: Commands;
}

const flags = ["-h", "--help", "--version", "-q", "--quiet", "--json"];
const shells = ["bash", "fish", "nu", "pwsh", "zsh"];

/** What the parser would not see, or would say less about; undefined where there is nothing. */
export function foresee(attempt: Attempt): string | undefined {
  const [command, word] = attempt.line;
  if (command === "completions") {
    if (word === undefined) return `completions for which shell? ${shells.join(", ")}`;
    return [...shells, ...flags].includes(word) ? undefined : unknownWord("shell", word, shells);
  }
  if (command === "help" && word !== undefined) {
    const topics = [...Object.keys(attempt.commands), "completions"];
    return topics.includes(word) ? undefined : unknownWord("command", word, topics);
  }
  return missingValue(attempt);
}

/** An option that the line ends with, or that is followed by another, which the parser would take for the value. */
function missingValue({ line, optimizer, commands }: Attempt): string | undefined {
  const known = Object.values(commands).flatMap(({ usage }) => valued(usage));
  const option = line.find((arg, i) => known.includes(arg) && (line[i + 1] ?? "--").startsWith("--"));
  if (option === undefined) return;
  const [, declaration] = declared(optimizer).find(([name]) => optionName(name) === option) ?? [];
  return `${option} needs a value${declaration === undefined ? "" : `: ${legalRange(declaration)}`}`;
}

/** What to say of a word that is no option, no value of an option and no argument. */
export function unexpected(token: string, attempt: Attempt): string {
  const names = Object.keys(attempt.commands) as (keyof Commands)[];
  const command = names.find((name) => name === attempt.line[0]);
  if (token.startsWith("-")) {
    const option = token.split("=", 1)[0];
    return command === undefined ? strayOption(option, attempt) : foreignOption(option, command, attempt);
  }
  if (command === undefined) return unknownWord("command", token, [...names, "completions"]);
  if (command === "list" && token === attempt.line[1]) {
    return unknownWord("list", token, Object.keys(listable));
  }
  if (command === "data" && token === attempt.line[1]) return unknownWord("data command", token, dataActions);

  let meant = nearest(token, [...optionsOf(attempt.commands[command]), "--help"]);
  if (taskNames.includes(token)) meant = `--task ${token}`;
  if (optimizerNames.some((name) => name === token)) meant = `--opt ${token}`;
  return `unexpected "${token}"${didYouMean(meant)}`;
}

/** An option where a command should stand. */
function strayOption(option: string, { line, commands }: Attempt): string {
  if (!optionsOf(commands.sweep).includes(option)) {
    return `unknown option ${option}${didYouMean(nearest(option, ["--help", "--version"]))}`;
  }
  const [command = "sweep"] = line.filter((word) => Object.hasOwn(commands, word));
  const rest = line.filter((word) => word !== command).join(" ");
  return `no command before ${option}${didYouMean(`optbench ${command} ${rest}`)}`;
}

/** An option that the command does not have. */
function foreignOption(option: string, command: keyof Commands, attempt: Attempt): string {
  const { line, optimizer, commands } = attempt;
  const options = optionsOf(commands[command]);
  if (options.includes(option)) {
    return line.includes("--")
      ? `unexpected ${option} after --`
      : `${option} is not an option of ${command} ${line[1]}`;
  }

  const isTraining = options.includes("--opt") && command !== "bench";
  const chosen = optimizerLabel(optimizer);
  const owners = optimizerNames.filter((name) => optimizerOptions(name).includes(option));
  if (isTraining && owners.length > 0) {
    const base = isWrapper(optimizer.name) ? owners.find((name) => !isWrapper(name)) : undefined;
    const hint = base === undefined ? "" : ` (--base ${base})`;
    return `${option} is not an option of ${chosen}: it belongs to ${owners.join(", ")}${hint}`;
  }

  const others = Object.keys(commands).filter((name) => optionsOf(commands[name]).includes(option));
  if (others.length > 0) {
    const alike = options.find((known) => known.startsWith(option) || option.startsWith(known));
    return `${option} is not an option of ${command}: it belongs to ${others.join(", ")}${
      alike ? ` (here: ${alike})` : ""
    }`;
  }
  if (!isTraining) {
    return `unknown option ${option} for ${command}${didYouMean(nearest(option, options))}`;
  }
  const words = option.slice(2).replaceAll("-", " ");
  const [synonym] = declared(optimizer).find(([, { meaning }]) => meaning === words) ?? [];
  const meant = synonym === undefined ? nearest(option, options) : optionName(synonym);
  const advice = didYouMean(meant) || `: see optbench ${command} --opt ${optimizer.name} --help`;
  return `unknown option ${option} for ${chosen}${advice}`;
}

function declared(optimizer: OptimizerChoice): [string, Declaration][] {
  return declarers(optimizer).flatMap(({ hyperparameters }) => Object.entries(hyperparameters));
}

function optimizerOptions(name: OptimizerName): string[] {
  const options: string[] = Object.keys(ownHyperparameters(name)).map(optionName);
  return isWrapper(name) ? [...options, "--base"] : options;
}

/** The options of a usage that take a value. */
function valued(usage: Usage): string[] {
  return usage.flatMap((term): string[] => {
    switch (term.type) {
      case "option":
        return term.metavar === undefined ? [] : [...term.names];
      case "optional":
      case "multiple":
        return valued(term.terms);
      case "exclusive":
        return term.terms.flatMap(valued);
      default:
        return [];
    }
  });
}

function optionsOf(command: Commands[keyof Commands]): string[] {
  return [...extractOptionNames(command.usage)];
}

function didYouMean(meant: string | undefined): string {
  return meant === undefined ? "" : `: did you mean ${meant}?`;
}
