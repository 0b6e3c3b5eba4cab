/**
 * What can be typed, and what comes of it.
 *
 * Optique parses, and derives the help and the shell completion from the declarations in commands.ts. The options of
 * those that train depend on the optimizer, which may be named anywhere on the line: so the line is searched for it
 * first, and the commands are declared for that optimizer. (Optique's own `conditional` settles for its default when it
 * meets the first option of the default's, and would not take `--lr 1 --opt sgd`.)
 */
import { or } from "@optique/core/constructs";
import { runParserSync } from "@optique/core/facade";
import { formatMessage } from "@optique/core/message";
import manifest from "../package.json" with { type: "json" };
import { DEFAULT_BASE, isWrapper, optimizerNames, ruleNames } from "../optim/registry.ts";
import type { OptimizerChoice } from "../study/trial.ts";
import { declareCommands, examples } from "./declare/commands.ts";
import { DEFAULT_OPTIMIZER } from "./declare/training.ts";
import type { SyncParser } from "./declare/elements.ts";
import { UsageError } from "./errors.ts";
import { foresee, unexpected } from "./mistakes.ts";
import { say } from "./declare/values.ts";
import type { Request } from "./requests.ts";
import { unknownWord } from "./words.ts";

/** How help may look. */
export interface Page {
  readonly width: number;
  readonly colors: boolean;
}

/**
 * Reads a command line; without any argument it asks for help.
 *
 * @throws {UsageError} for whatever it cannot mean.
 */
export function parse(args: readonly string[], page: Page = { width: 80, colors: false }): Request {
  const line = args.length === 0 ? ["--help"] : args;
  const completing = line[0] === "completions";
  const optimizer = chosenOptimizer(line, completing);
  const commands = declareCommands(optimizer);
  const attempt = { line, optimizer, commands };
  const mistake = foresee(attempt);
  if (mistake !== undefined) throw new UsageError(mistake);
  const parser = or(...Object.values(commands) as [SyncParser<Request>, SyncParser<Request>], {
    errors: { unexpectedInput: (token) => say(unexpected(token, attempt)) },
  });

  const printed: string[] = [];
  let isPrintout = false;
  const onShow = () => isPrintout = true;
  const request = runParserSync(parser, "optbench", line, {
    brief: say("Benchmarks and tunes neural-network optimizers."),
    usageLine: [{ type: "argument", metavar: "COMMAND [OPTIONS]" }],
    examples,
    help: { option: { names: ["-h", "--help"] }, command: { hidden: true }, onShow },
    version: { option: true, value: `optbench ${manifest.version}`, onShow },
    completion: { command: { names: ["completions"] }, onShow },
    stdout: (text) => printed.push(text),
    stderr: () => {},
    aboveError: "none",
    onError(_, error) {
      throw new UsageError(formatMessage(error));
    },
    colors: page.colors,
    maxWidth: page.width,
    termWidth: "auto",
  });
  return isPrintout ? { command: "print", text: `${printed.join("\n").trimEnd()}\n` } : request;
}

/** A word that is still being typed need not be known. What `bench` names is a list, of no meaning to its options. */
function chosenOptimizer(line: readonly string[], completing: boolean): OptimizerChoice {
  if (line[0] === "bench") return { name: DEFAULT_OPTIMIZER };
  function choose<T extends string>(option: string, kind: string, names: readonly T[], otherwise: T): T {
    const typed = valueOf(option, line);
    const name = names.find((name) => name === typed);
    if (name !== undefined) return name;
    if (typed === undefined || completing) return otherwise;
    throw new UsageError(unknownWord(kind, typed, names));
  }
  const name = choose("--opt", "optimizer", optimizerNames, DEFAULT_OPTIMIZER);
  return isWrapper(name) ? { name, base: choose("--base", "base", ruleNames, DEFAULT_BASE) } : { name };
}

/** The value of an option, wherever the option stands. */
function valueOf(option: string, line: readonly string[]): string | undefined {
  const i = line.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (line[i] !== option) return line[i]?.slice(option.length + 1);
  return line[i + 1]?.startsWith("-") ? undefined : line[i + 1];
}
