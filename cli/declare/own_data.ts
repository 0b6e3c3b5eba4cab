/** What the command line says of data of the user's own: a table, or a text. */
import type { ValueParser } from "@optique/core/valueparser";
import type { LabelType } from "../../datasets/table/label.ts";
import type { TaskChoice } from "../../tasks/load.ts";
import { isTableTask, tableTaskNames } from "../../tasks/own/table_choice.ts";
import { UsageError } from "../errors.ts";
import { value } from "./values.ts";

/** The task that takes a text. */
const TEXT_TASK = "char_transformer";

export const labelTypes = ["class", "number"] as const satisfies readonly LabelType[];

/** The options, as far as they are given. */
export interface OwnDataOptions {
  readonly data?: string;
  readonly label?: string;
  readonly labelType?: LabelType;
  readonly drop?: readonly string[];
  readonly hidden?: readonly number[];
}

/** Names of columns, between commas. */
export function columnNames(option: string): ValueParser<"sync", string[]> {
  return value("COLUMNS", (typed) => {
    const names = typed.split(",").map((name) => name.trim());
    if (names.includes("")) {
      throw new UsageError(`${option} "${typed}": expected names of columns, as in id,address`);
    }
    return names;
  });
}

/** Units of layers, between commas. */
export function layers(option: string): ValueParser<"sync", number[]> {
  return value("UNITS", (typed) => {
    if (!/^[1-9]\d{0,5}(,[1-9]\d{0,5})*$/.test(typed)) {
      throw new UsageError(`${option} "${typed}": expected units of each layer, as in 64,32`);
    }
    return typed.split(",").map(Number);
  }, ["64,32", "128", "32"]);
}

/** The data of the user's own that a task is to train on. */
export type OwnData = Pick<TaskChoice, "table" | "text">;

/**
 * Nothing for a task that trains on data of its own.
 *
 * @throws {UsageError} for a table without its file or label, or options that the task does not have.
 */
export function ownData(task: string, options: OwnDataOptions): OwnData {
  const { data: file, label, labelType, drop, hidden } = options;
  if (isTableTask(task)) {
    if (task !== "mlp" && hidden !== undefined) {
      throw new UsageError(`--hidden is for --task mlp: ${task} has no hidden layers`);
    }
    if (file !== undefined && label !== undefined) return { table: { file, label, labelType, drop, hidden } };
    const missing = file === undefined
      ? label === undefined ? "--data FILE --label COLUMN" : "--data FILE"
      : "--label COLUMN";
    throw new UsageError(`--task ${task} trains on a table of your own: add ${missing}`);
  }
  const names = { label: "--label", labelType: "--label-type", drop: "--drop", hidden: "--hidden" } as const;
  for (const [name, option] of Object.entries(names)) {
    if (options[name as keyof typeof names] !== undefined) {
      throw new UsageError(
        `${option} is for a table of your own: use it with --task ${tableTaskNames.join(", ")}`,
      );
    }
  }
  if (file === undefined) return {};
  if (task === TEXT_TASK) return { text: file };
  throw new UsageError(
    `--data "${file}": ${task} has data of its own; a table is for --task ${
      tableTaskNames.join(", ")
    }, a text for ${TEXT_TASK}`,
  );
}
