/** Options that several commands share: what is trained, on what, and how it is told. */
import { object, tuple } from "@optique/core/constructs";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import { deviceNames } from "../../engine/device.ts";
import type { Declaration } from "../../optim/hyperparameter.ts";
import {
  DEFAULT_BASE,
  isWrapper,
  type OptimizerName,
  optimizerNames,
  ruleNames,
} from "../../optim/registry.ts";
import { parseGroupRule } from "../../study/settings/group_rules.ts";
import { parseLrScaling } from "../../study/settings/lr_scaling.ts";
import type { RunningStatistics, Shuffle } from "../../study/settings/settings.ts";
import type { OptimizerChoice } from "../../study/trial.ts";
import { tableTaskNames } from "../../tasks/own/table_choice.ts";
import { DEFAULT_TASK, taskNames } from "../../tasks/registry.ts";
import { choices, lines, setting, type SyncParser, toggle } from "./elements.ts";
import { briefRange, declarers } from "./hyperparameters.ts";
import { columnNames, labelTypes, layers } from "./own_data.ts";
import { file, folder, integer, name, selectors, taskName, value } from "./values.ts";

export const DEFAULT_OPTIMIZER: OptimizerName = "lars";

const DEVICES = ["auto", ...deviceNames] as const;
const SHUFFLES = ["every-epoch", "once"] as const satisfies readonly Shuffle[];
const PASSES = ["first", "last"] as const satisfies readonly RunningStatistics[];

export function trainingOptions({ name: chosen }: OptimizerChoice) {
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
  const device = `where to train: ${choices(DEVICES, "cpu")}; auto is the fastest that works`;
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
    device: optional(setting("--device", name("device", DEVICES), device)),
    ...cudaDirOption(),
    ...dataDirOption(),
  };
}

export function ownDataOptions() {
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

export function outputFlags() {
  return {
    quiet: toggle(["-q", "--quiet"], "show no progress"),
    json: toggle(["--json"], "print the results as JSON, for programs"),
  };
}

export function cudaDirOption() {
  const help = "folder of CUDA's libraries (default: OPTBENCH_CUDA, or else the system's)";
  return { cudaDir: optional(setting("--cuda-dir", folder("--cuda-dir"), help)) };
}

export function dataDirOption() {
  const help = "folder of downloaded data (default: see optbench data path)";
  return { dataDir: optional(setting("--data-dir", folder("--data-dir"), help)) };
}

/** An option for each hyper-parameter, in a section for each optimizer that declares some. */
export function hyperparameterOptions<T>(
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

/** The choice was made before the commands were declared; here `--opt` and `--base` are read for the errors alone. */
export function withOptimizer(optimizer: OptimizerChoice) {
  return <R extends { opt?: unknown; base?: unknown }>({ opt: _opt, base: _base, ...request }: R) => ({
    ...request,
    optimizer,
  });
}

/** `>= 0; default 0.001` */
export function describe(declaration: Declaration): string {
  const start = declaration.default === undefined ? "" : `; default ${declaration.default}`;
  return briefRange(declaration) + start;
}

/** Values for shell completion to propose. */
export function samples({ kind, default: start, sweep }: Declaration): string[] {
  const all = kind === "flag" ? ["true", "false", "false,true"] : [start?.toString(), sweep];
  return all.filter((sample) => sample !== undefined);
}
