/** From what a user names to a task. A choice is plain data: the workers that train load its task themselves. */
import { getTask } from "./registry.ts";
import { isTableTask, type TableTaskChoice } from "./own/table_choice.ts";
import type { Task } from "./task.ts";

/** Which task. */
export interface TaskChoice {
  /** The name of a registered task or of one that trains on a table, or the path of a module whose default export is one. */
  readonly task: string;
  /** What a task trains on that has no data of its own. */
  readonly table?: TableTaskChoice;
  /** A text for `char_transformer`, by its file. Default: the one in the package. */
  readonly text?: string;
  /** Measured on rows held out of its training rows, in place of its test rows. */
  readonly heldOut?: true;
}

/** Whether a name of a task is the path of a module: it has a slash, or an ending of TypeScript or JavaScript. */
export function isModulePath(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}

/**
 * The task of a choice.
 *
 * @throws {RangeError} for a name that is not registered.
 * @throws {TaskError} for a module that cannot be loaded or exports no task, naming the file; for a task without rows to
 * hold out, where some are to be.
 * @throws {DatasetError} for a table that cannot be read or learnt from, naming the file.
 */
export async function loadTask({ heldOut, ...choice }: TaskChoice): Promise<Task> {
  const task = await loadWhole(choice);
  return heldOut ? (await import("./validation.ts")).validationTask(task) : task;
}

async function loadWhole({ task, table, text }: TaskChoice): Promise<Task> {
  if (isModulePath(task)) return (await import("./own/import.ts")).importTask(task);
  if (text !== undefined) return (await import("./transformer.ts")).charTransformerOn(text);
  if (!isTableTask(task)) return getTask(task);
  if (table === undefined) {
    throw new RangeError(`Cannot load ${task} without a table: name its file and its label`);
  }
  return (await import("./own/table.ts")).tableTask(task, table);
}
