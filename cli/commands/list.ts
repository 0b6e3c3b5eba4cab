/** `optbench list`: what there is, as tables or as JSON. */
import process from "node:process";
import { formatMessage } from "@optique/core/message";
import type { ClassifiedSource, DatasetSource } from "../../datasets/dataset.ts";
import { type DatasetName, getDataset } from "../../datasets/registry.ts";
import {
  getOptimizer,
  isWrapper,
  type OptimizerName,
  ownHyperparameters,
  ruleNames,
} from "../../optim/registry.ts";
import { namedSchedules, type ScheduleForm, scheduleGrammar } from "../../optim/schedules/forms.ts";
import { formatTarget } from "../../results/goal.ts";
import { getTask } from "../../tasks/registry.ts";
import { tableTaskNames } from "../../tasks/own/table_choice.ts";
import { countParameters } from "../../tasks/task.ts";
import type { PrunerKind } from "../../study/pruners/kind.ts";
import { prunerForm, pruners } from "../../study/pruners/registry.ts";
import { getSampler, type SamplerName } from "../../study/samplers/registry.ts";
import type { Sampler } from "../../study/samplers/sampler.ts";
import { listable } from "../declare/list.ts";
import { briefRange, optionName } from "../declare/hyperparameters.ts";
import type { ListRequest } from "../requests.ts";
import { say } from "../declare/values.ts";

/** Prints what is asked for and returns the exit code. */
export function list(request: ListRequest): number {
  process.stdout.write(`${listing(request)}\n`);
  return 0;
}

function listing({ what, name, json }: ListRequest): string {
  const names = name === undefined ? listable[what] : [name];
  const show = <T>(all: T[], toText: (all: T[]) => string) => json ? toJson(all) : toText(all);
  switch (what) {
    case "tasks":
      return show(names.map(task), (all) => taskTable(all) + (name === undefined ? `\n\n${OWN}` : ""));
    case "optimizers":
      return show(names.map(optimizer), name === undefined ? optimizerTable : optimizerOptions);
    case "schedules":
      return show(
        names.map(schedule),
        (all) => scheduleTable(name === undefined ? [...all, ...scheduleGrammar] : all),
      );
    case "samplers":
      return show(names.map((name) => getSampler(name as SamplerName)), samplerTable);
    case "pruners":
      return show(names.map((name) => pruners[name]), prunerTable);
    case "datasets":
      return show(names.map(dataset), datasetTable);
  }
}

function samplerTable(samplers: readonly Pick<Sampler, "name" | "summary">[]): string {
  return table(["sampler"], samplers.map(({ name, summary }) => ({ cells: [name], notes: [summary] })));
}

function prunerTable(pruners: readonly PrunerKind[]): string {
  const rows = pruners.map((kind) => ({
    cells: [prunerForm(kind)],
    notes: [
      kind.summary,
      ...Object.entries(kind.options).map(([name, declaration]) =>
        `${name} (${briefRange(declaration)}): ${declaration.meaning}`
      ),
    ],
  }));
  return table(["pruner, with its defaults"], rows);
}

const OWN = [
  `on a table of your own:  --task ${tableTaskNames.join("|")} --data FILE.csv --label COLUMN`,
  "on a text of your own:   --task char_transformer --data FILE.txt",
  "a task of your own:      --task ./FILE.ts",
].join("\n");

function task(name: string) {
  const task = getTask(name);
  const { summary, data, batchSize, epochs, metric, target } = task;
  const parameters = countParameters(task);
  return { name, summary, dataset: data.name, parameters, batchSize, epochs, metric, target };
}

function taskTable(tasks: ReturnType<typeof task>[]): string {
  const rows = tasks.map(({ summary, name, dataset, parameters, batchSize, epochs, metric, target }) => ({
    cells: [
      name,
      dataset,
      count(parameters),
      count(batchSize),
      epochs,
      `${metric} ${formatTarget({ metric, target })}`,
    ],
    notes: [summary],
  }));
  return table(["task", "data", "parameters", "batch", "epochs", "target"], rows);
}

function optimizer(name: string) {
  const known = name as OptimizerName;
  const { summary, source } = getOptimizer(known);
  const bases = isWrapper(known) ? ruleNames : undefined;
  return { name, summary, source, bases, hyperparameters: ownHyperparameters(known) };
}

function optimizerTable(optimizers: ReturnType<typeof optimizer>[]): string {
  const rows = (wraps: boolean) =>
    optimizers.filter(({ bases }) => (bases !== undefined) === wraps)
      .map(({ name, summary }) => ({ cells: [name], notes: [summary] }));
  return [
    table(["optimizer"], rows(false)),
    table(["over any of these"], rows(true)),
    "the source and the options of one:  optbench list optimizers NAME",
  ].join("\n\n");
}

function optimizerOptions(optimizers: ReturnType<typeof optimizer>[]): string {
  return optimizers.map(({ name, summary, source, bases, hyperparameters }) => {
    const rows = Object.entries(hyperparameters).map(([hyperparameter, declaration]) => ({
      cells: [
        optionName(hyperparameter),
        declaration.default ?? "none",
        briefRange(declaration),
        declaration.sweep ?? "",
      ],
      notes: [declaration.meaning],
    }));
    const options = table(["option", "default", "range", "default sweep"], rows);
    const parts = [`${note(`${name}: ${summary}`, 0)}\n${note(source)}`, options];
    if (bases !== undefined) {
      parts.push(
        note(`It wraps another optimizer, whose options it takes too: --base ${bases.join(", ")}`, 2),
      );
    }
    return parts.join("\n\n");
  }).join("\n\n\n");
}

function schedule(name: string) {
  const { form, meaning } = namedSchedules[name];
  return { name, form, meaning };
}

function scheduleTable(schedules: readonly ScheduleForm[]): string {
  return table(["--schedule"], schedules.map(({ form, meaning }) => ({ cells: [form], notes: [meaning] })));
}

function dataset(name: string) {
  const source = getDataset(name as DatasetName);
  const { summary, columns, trainRows, testRows } = source;
  const classes = "classes" in source ? (source as ClassifiedSource).classes : undefined;
  return { name, summary, source: source.source, columns, classes, trainRows, testRows };
}

function datasetTable(datasets: ReturnType<typeof dataset>[]): string {
  const rows = datasets.map(({ name, summary, source, columns, classes, trainRows, testRows }) => ({
    cells: [name, describeColumns(columns), classes ?? NOTHING, count(trainRows), count(testRows)],
    notes: [summary, source],
  }));
  return table(["dataset", "columns", "classes", "training rows", "test rows"], rows);
}

/** `inputs 8x8, labels` */
function describeColumns(columns: DatasetSource["columns"]): string {
  const described = Object.entries(columns).map(([name, { shape }]) => `${name} ${shape.join("x")}`.trim());
  return described.join(", ") || NOTHING;
}

const NOTHING = "-";

/** `60,000` */
function count(n: number): string {
  return n.toLocaleString("en-US");
}

interface Row {
  readonly cells: readonly (string | number | boolean)[];
  /** Lines below the cells, which would be too wide beside them. */
  readonly notes: readonly string[];
}

/** Aligns the cells, counts to the right. */
export function table(head: readonly string[], rows: readonly Row[]): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map(({ cells }) => `${cells[i]}`.length))
  );
  const isCount = head.map((_, i) =>
    rows.every(({ cells }) => /^(\d{1,3}(,?\d{3})*|-)$/.test(`${cells[i]}`))
  );
  const line = (cells: Row["cells"]) => {
    const padded = cells.map((cell, i) =>
      isCount[i] ? `${cell}`.padStart(widths[i]) : `${cell}`.padEnd(widths[i])
    );
    return padded.join("  ").trimEnd();
  };
  return [
    line(head),
    ...rows.flatMap(({ cells, notes }) => [line(cells), ...notes.map((words) => note(words))]),
  ].join("\n");
}

/** Indents and wraps a text for a terminal of 80 columns. */
function note(words: string, indent = 4): string {
  const wrapped = formatMessage(say(words), { maxWidth: 80 - indent });
  return wrapped.replaceAll(/ *$/gm, "").replaceAll(/^/gm, " ".repeat(indent));
}

/** A bound that does not exist is left out: JSON has no infinity. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, value) => value === Infinity ? undefined : value, 2);
}
