import { statSync } from "node:fs";
import type { Task } from "../task.ts";

/**
 * Keeps the last task that was made of a file, as long as the file and what was asked of it are the same: a thread asks
 * for its task with every group of trials, and a file may take seconds to read.
 */
export function keepLatest(): (file: string, choice: unknown, make: () => Task) => Task {
  let latest: { readonly key: string; readonly task: Task } | undefined;
  return (file, choice, make) => {
    const { mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? {};
    const key = JSON.stringify({ file, choice, mtimeMs, size });
    if (latest?.key !== key) latest = { key, task: make() };
    return latest.task;
  };
}
