import { holdOut } from "../datasets/held_out.ts";
import { TaskError } from "./own/error.ts";
import { type Task, testBatchSize } from "./task.ts";

/** A thread asks for its task with every group of trials, and selecting rows copies them. */
const made = new WeakMap<Task, Task>();

/**
 * The same task, measured on rows held out of its training rows in place of its test rows: at least a test batch.
 *
 * @throws {TaskError} where it has no data, or too few to hold out a test batch.
 */
export function validationTask(task: Task): Task {
  let validation = made.get(task);
  if (validation === undefined) {
    validation = { ...task, data: holdOut(task.data, fewestRows(task)) };
    made.set(task, validation);
  }
  return validation;
}

function fewestRows(task: Task): number {
  const { name, data: { columns, trainRows } } = task;
  const rows = testBatchSize(task);
  if (Object.keys(columns).length === 0) {
    throw new TaskError(`Cannot hold out rows of ${name}: it has no data to hold any out of`);
  }
  if (rows >= trainRows) {
    throw new TaskError(
      `Cannot hold out a test batch of ${rows} rows of ${name}: it has ${trainRows} to train on; use more data`,
    );
  }
  return rows;
}
