import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { checkTask } from "./check.ts";
import { TaskError } from "./error.ts";
import type { Task } from "../task.ts";

const imported = new Map<string, Task>();

/**
 * The task that a module of the user's own exports by default. The module is run once a thread, and once it has loaded
 * its data it keeps them.
 *
 * @param file its path, relative to the working directory
 * @throws {TaskError} when the module is missing, cannot be run, or exports anything but a task, naming the file.
 */
export async function importTask(file: string): Promise<Task> {
  const { href } = pathToFileURL(resolve(file));
  let task = imported.get(href);
  if (task === undefined) {
    if (!statSync(resolve(file), { throwIfNoEntry: false })?.isFile()) {
      throw new TaskError(`Cannot find ${file}: expected a module whose default export is a task`);
    }
    task = checkTask((await run(href, file)).default, file);
    imported.set(href, task);
  }
  return task;
}

async function run(href: string, file: string): Promise<{ readonly default?: unknown }> {
  try {
    return await import(href);
  } catch (error) {
    // Deno goes on with the code in question and with hints, in colours.
    const [reason] = stripVTControlCharacters(error instanceof Error ? error.message : String(error)).split(
      "\n",
    );
    throw new TaskError(`Cannot load ${file}: ${reason}`, { cause: error });
  }
}
