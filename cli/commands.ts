/** The commands: each option with its value, its help and its completion. */
import { merge, object, or, tuple } from "@optique/core/constructs";
import { lineBreak, type Message, text } from "@optique/core/message";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import type { Parser } from "@optique/core/parser";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { OptionName } from "@optique/core/usage";
import type { ValueParser } from "@optique/core/valueparser";
import { datasetNames } from "../datasets/registry.ts";
import type { Declaration } from "../optim/hyperparameter.ts";
import { DEFAULT_BASE, isWrapper, type OptimizerName, optimizerNames, ruleNames } from "../optim/registry.ts";
import { scheduleNames } from "../optim/schedules/forms.ts";
import type { RunningStatistics, Shuffle } from "../study/settings/settings.ts";
import { parseGroupRule } from "../study/settings/group_rules.ts";
import { parseLrScaling } from "../study/settings/lr_scaling.ts";
import { parseSeeds, parseValues } from "../study/space/values.ts";
import type { OptimizerChoice } from "../study/trial.ts";
import { DEFAULT_TASK, taskNames } from "../tasks/registry.ts";
import { UsageError } from "./errors.ts";
import { briefRange, declarers, optionName } from "./hyperparameters.ts";
import type { DataRequest, ListRequest, RunRequest, SweepRequest } from "./requests.ts";
import { columnNames, labelTypes, layers } from "./own_data.ts";
import { tableTaskNames } from "../tasks/own/table_choice.ts";
import { file, folder, integer, name, say, selectors, taskName, value } from "./values.ts";

export const DEFAULT_OPTIMIZER: OptimizerName = "lars";

const SHUFFLES = ["every-epoch", "once"] as const satisfies readonly Shuffle[];
const PASSES = ["first", "last"] as const satisfies readonly RunningStatistics[];

/** What can be listed, and the names of it. */
export const listable: Readonly<Record<ListRequest["what"], readonly string[]>> = {
  tasks: taskNames,
  optimizers: optimizerNames,
  schedules: scheduleNames,
  datasets: datasetNames,
};

type SyncParser<T> = Parser<"sync", T, unknown>;

export interface Commands {
  readonly sweep: SyncParser<SweepRequest>;
  readonly run: SyncParser<RunRequest>;
  readonly list: SyncParser<ListRequest>;
  readonly data: SyncParser<DataRequest>;
}

/** The commands for an optimizer: its hyper-parameters are options of `sweep` and `run`. */
export function declareCommands(optimizer: OptimizerChoice): Commands {
  return { sweep: sweep(optimizer), run: run(optimizer), list: list(), data: data() };
}

/** How to begin; it ends the program's help. */
export const examples = lines(
  "optbench sweep                   tune LARS on handwritten digits",
  "optbench sweep --opt sam --rho 0.02,0.05 --lr log:0.01..1:5",
  "optbench sweep --opt sam --help  what else can be tuned",
  "optbench run --opt sgd --lr 0.1  train once",
);

function sweep(optimizer: OptimizerChoice): SyncParser<SweepRequest> {
  const seeds = "how many, as in 3, or which, as in 1,2,42 (default 1)";
  const out = "folder for the results (default: a new one)";
  const options = object("Options", {
    command: constant("sweep"),
    ...trainingOptions(optimizer),
    seeds: optional(setting("--seeds", value("SEEDS", parseSeeds), seeds)),
    jobs: optional(
      setting("--jobs", integer("--jobs", 1), "trials or groups at a time (default: one a core)"),
    ),
    groupSize: optional(
      setting("--group", integer("--group", 1), "trials trained together, at most (default: by size)"),
    ),
    out: optional(setting("--out", folder("--out"), out)),
    ...outputFlags(),
  });
  const values = hyperparameterOptions(optimizer, (hyperparameter, declaration) => {
    const name = optionName(hyperparameter);
    const read = (typed: string) => parseValues(name, typed, declaration);
    const { meaning, sweep } = declaration;
    const facts = describe(declaration) + (sweep === undefined ? "" : `; sweeps ${sweep}`);
    return optional(setting(name, value("VALUES", read, samples(declaration)), lines(meaning, facts)));
  });
  return command("sweep", map(merge(options, ownDataOptions(), values), withOptimizer(optimizer)), {
    brief: say("Try many settings of an optimizer and rank them."),
    usageLine: [{ type: "argument", metavar: "[OPTIONS]" }],
    footer: lines(
      "VALUES: one value, a list (0.1,0.5,1), or a range: lin:0..0.9:4 is four evenly",
      "spaced values, log:0.01..10:4 four evenly spaced in the logarithm.",
      "With another --opt, --help shows the hyper-parameters of that one.",
    ),
  });
}

function run(optimizer: OptimizerChoice): SyncParser<RunRequest> {
  const options = object("Options", {
    command: constant("run"),
    ...trainingOptions(optimizer),
    svg: optional(
      setting("--svg", file("--svg"), "draw the trajectory of a 2-D function into this new file"),
    ),
    seed: withDefault(setting("--seed", integer("--seed", 0), "seed of every random number (default 1)"), 1),
    ...outputFlags(),
  });
  const values = hyperparameterOptions(optimizer, (hyperparameter, declaration) => {
    const name = optionName(hyperparameter);
    const read = (typed: string) => {
      const values = parseValues(name, typed, declaration);
      if (values.length === 1) return values[0];
      throw new UsageError(`${name} "${typed}": a run takes one value; optbench sweep tries several`);
    };
    const required = declaration.default === undefined;
    const help = lines(declaration.meaning, describe(declaration) + (required ? "; required" : ""));
    const parser = setting(name, value("VALUE", read, samples(declaration)), help);
    return required ? parser : optional(parser);
  });
  return command("run", map(merge(options, ownDataOptions(), values), withOptimizer(optimizer)), {
    brief: say("Train once and show the learning curve."),
    usageLine: [{ type: "argument", metavar: "[OPTIONS]" }],
    footer: say("With another --opt, --help shows the hyper-parameters of that one."),
  });
}

/** The choice was made before the commands were declared; here `--opt` and `--base` are read for the errors alone. */
function withOptimizer(optimizer: OptimizerChoice) {
  return <R extends { opt?: unknown; base?: unknown }>({ opt: _opt, base: _base, ...request }: R) => ({
    ...request,
    optimizer,
  });
}

function list(): SyncParser<ListRequest> {
  const branch = <K extends ListRequest["what"]>(what: K, brief: string) => {
    const one = argument(name(what.slice(0, -1), listable[what]), {
      description: say(`only this one: ${listable[what].join(", ")}`),
      errors: { invalidValue: (error) => error },
    });
    return command(what, object({ what: constant(what), name: optional(one) }), { brief: say(brief) });
  };
  const what = or(
    branch("tasks", "What can be trained."),
    branch("optimizers", "What can be tuned, and what each option means."),
    branch("schedules", "Courses of the learning rate, and how they are written."),
    branch("datasets", "The data, and where they come from."),
    { errors: { noMatch: say(`list what? ${Object.keys(listable).join(", ")}`) } },
  );
  const json = object({ command: constant("list"), json: toggle(["--json"], "print JSON, for programs") });
  return command("list", merge(json, what), {
    brief: say("Describe the tasks, optimizers, schedules or datasets."),
    usageLine: [{ type: "argument", metavar: `${Object.keys(listable).join("|")} [NAME] [--json]` }],
  });
}

/** What can be done with the files of datasets. */
export const dataActions: readonly DataRequest["what"][] = ["list", "fetch", "verify", "path"];

function data(): SyncParser<DataRequest> {
  const dataset = argument(name("dataset", datasetNames), {
    description: say(datasetNames.join(", ")),
    errors: { invalidValue: (error) => error },
  });
  const list = object({
    what: constant("list"),
    json: toggle(["--json"], "print JSON, for programs"),
    ...dataDirOption(),
  });
  const fetch = object({
    what: constant("fetch"),
    names: multiple(dataset),
    all: toggle(["--all"], "every dataset"),
    quiet: toggle(["-q", "--quiet"], "show no progress"),
    ...dataDirOption(),
  });
  const verify = object({ what: constant("verify"), names: multiple(dataset), ...dataDirOption() });
  const path = object({ what: constant("path"), name: optional(dataset), ...dataDirOption() });
  const action = or(
    command("list", list, { brief: say("What is there, and where.") }),
    command("fetch", fetch, { brief: say("Download what is missing or damaged.") }),
    command("verify", verify, { brief: say("Compare the files with what was published.") }),
    command("path", path, { brief: say("The folder of the data, or of a dataset.") }),
    { errors: { noMatch: say(`data what? ${dataActions.join(", ")}`) } },
  );
  return command("data", merge(object({ command: constant("data") }), action), {
    brief: say("Download, find and verify the data."),
    usageLine: [{ type: "argument", metavar: `${dataActions.join("|")} [NAME...] [OPTIONS]` }],
  });
}

function dataDirOption() {
  const help = "folder of downloaded data (default: see optbench data path)";
  return { dataDir: optional(setting("--data-dir", folder("--data-dir"), help)) };
}

function trainingOptions({ name: chosen }: OptimizerChoice) {
  const opt = `optimizer: ${choices(optimizerNames, DEFAULT_OPTIMIZER)}`;
  const base = `what ${chosen} wraps: ${choices(ruleNames, DEFAULT_BASE)}`;
  const task = `a task of optbench list tasks, or a module of your own (default ${DEFAULT_TASK})`;
  const epochs = "passes over the training data (default: the task's)";
  const batchSize = "rows a training step (default: the task's)";
  const accumulate = "parts of a batch to go through one after another, to save memory (default 1)";
  const lrScaling = "scale lr with the batch: linear:256 by batch/256, sqrt:256 by its root";
  const exclude = "parameters without decay and layer-wise scaling: bias, norm, weight, names";
  const groups = lines(
    "hyper-parameters of some parameters, as in bias,norm:weight_decay=0 or",
    "conv*:lr=0.1x (a tenth); may be repeated",
  );
  const shuffle = "reorder the training rows every-epoch (default), or once for all epochs";
  const statistics = `gradient of a step that updates a network's running statistics: ${
    choices(PASSES, "first")
  }`;
  return {
    opt: optional(setting("--opt", name("optimizer", optimizerNames), opt)),
    ...isWrapper(chosen) ? { base: optional(setting("--base", name("base", ruleNames), base)) } : {},
    task: withDefault(setting("--task", taskName([...taskNames, ...tableTaskNames]), task), DEFAULT_TASK),
    epochs: optional(setting("--epochs", integer("--epochs", 1), epochs)),
    batchSize: optional(setting("--batch-size", integer("--batch-size", 1), batchSize)),
    accumulate: optional(setting("--accumulate", integer("--accumulate", 1), accumulate)),
    lrScaling: optional(
      setting("--lr-scaling", value("RULE:BATCH", parseLrScaling, ["linear:256", "sqrt:256"]), lrScaling),
    ),
    exclude: optional(setting("--exclude", value("PARAMETERS", selectors, ["bias,norm"]), exclude)),
    groupRules: multiple(
      setting("--for", value("PARAMETERS:SETTINGS", parseGroupRule, ["bias,norm:weight_decay=0"]), groups),
    ),
    shuffle: optional(setting("--shuffle", name("shuffle", SHUFFLES, "WHEN"), shuffle)),
    runningStatistics: optional(
      setting("--running-statistics", name("gradient", PASSES, "WHICH"), statistics),
    ),
    threads: optional(
      setting("--threads", integer("--threads", 1), "threads of a trial (default: the cores left)"),
    ),
    ...dataDirOption(),
  };
}

function ownDataOptions() {
  return object("Data of your own", {
    data: optional(
      setting("--data", file("--data"), "a CSV file for mlp, logreg or linear; a text for char_transformer"),
    ),
    label: optional(setting("--label", value("COLUMN", (typed) => typed), "the column of --data to predict")),
    labelType: optional(
      setting("--label-type", name("label type", labelTypes, "TYPE"), "read the label as class or number"),
    ),
    drop: optional(setting("--drop", columnNames("--drop"), "columns of --data to leave out")),
    hidden: optional(setting("--hidden", layers("--hidden"), "hidden layers of mlp (default 64,32)")),
  });
}

function outputFlags() {
  return {
    quiet: toggle(["-q", "--quiet"], "show no progress"),
    json: toggle(["--json"], "print the results as JSON, for programs"),
  };
}

/** An option for each hyper-parameter, in a section for each optimizer that declares some. */
function hyperparameterOptions<T>(
  optimizer: OptimizerChoice,
  declare: (hyperparameter: string, declaration: Declaration) => SyncParser<T | undefined>,
): SyncParser<{ values: Record<string, T> }> {
  const sections = declarers(optimizer).map(({ title, hyperparameters }) => {
    const options = Object.entries(hyperparameters).map(([key, value]) =>
      [key, declare(key, value)] as const
    );
    return object(title, Object.fromEntries(options));
  });
  const values = map(tuple(sections), (sections) => {
    const given: Record<string, T> = {};
    for (const [key, value] of sections.flatMap((section) => Object.entries(section))) {
      if (value !== undefined) given[key] = value as T;
    }
    return given;
  });
  return object({ values });
}

/** An option with a value. */
function setting<T>(name: OptionName, value: ValueParser<"sync", T>, help: string | Message) {
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
function toggle(names: readonly [OptionName, ...OptionName[]], help: string) {
  return option(...names, {
    description: say(help),
    errors: {
      duplicate: (name) => say(`${name} is given twice`),
      unexpectedValue: say(`${names.at(-1)} takes no value`),
    },
  });
}

/** `>= 0; default 0.001` */
function describe(declaration: Declaration): string {
  const start = declaration.default === undefined ? "" : `; default ${declaration.default}`;
  return briefRange(declaration) + start;
}

/** Values for shell completion to propose. */
function samples({ kind, default: start, sweep }: Declaration): string[] {
  const all = kind === "flag" ? ["true", "false", "false,true"] : [start?.toString(), sweep];
  return all.filter((sample) => sample !== undefined);
}

/** `lars (default), sgd, adam` */
function choices(names: readonly string[], chosen: string): string {
  return names.map((name) => name === chosen ? `${name} (default)` : name).join(", ");
}

function lines(...all: string[]): Message {
  return all.flatMap((line, i) => i === 0 ? [text(line)] : [lineBreak(), text(line)]);
}
