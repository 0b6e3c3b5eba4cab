/** Which task on which table. Apart from what reads tables, so that the command line starts without it. */
import type { TableChoice } from "../../datasets/table.ts";

/**
 * - `mlp`: fully connected ReLU layers, then a softmax over the classes, or one number.
 * - `logreg`: logistic regression from zeros: the label is read as classes.
 * - `linear`: linear regression from zeros: the label is read as numbers.
 */
export const tableTaskNames = ["mlp", "logreg", "linear"] as const;

export type TableTaskName = typeof tableTaskNames[number];

/** A table, and what of a task on it can be chosen. Plain data. */
export interface TableTaskChoice extends TableChoice {
  /** Units of the hidden layers, of `mlp` alone. Default: 64 and 32. */
  readonly hidden?: readonly number[];
}

export function isTableTask(name: string): name is TableTaskName {
  return tableTaskNames.some((known) => known === name);
}
