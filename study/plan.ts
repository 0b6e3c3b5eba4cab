/** From what a user asks for to a study with every choice made. */
import { availableParallelism } from "node:os";
import type { HyperValue } from "../optim/hyperparameter.ts";
import { getOptimizer } from "../optim/registry.ts";
import { loadTask } from "../tasks/load.ts";
import type { TableTaskChoice } from "../tasks/own/table_choice.ts";
import { grid } from "./grid.ts";
import { defaultGroupReason, defaultGroupSize } from "./groups.ts";
import { type Task, testBatchSize } from "../tasks/task.ts";
import type { RunningStatistics, Shuffle, StudySettings } from "./settings.ts";
import { defaultSpace, parseValues, SpaceError } from "./space.ts";
import type { OptimizerChoice } from "./trial.ts";

/** A study as it is asked for. */
export interface StudyRequest {
  readonly optimizer: OptimizerChoice;
  /** Name of a task, or the path of a module whose default export is one. */
  readonly task: string;
  /** For a task that trains on a table of the user's own. */
  readonly table?: TableTaskChoice;
  /** For `char_transformer`: the file of a text of the user's own. */
  readonly text?: string;
  /** The values to try, by hyper-parameter. Default: its declared sweep, else its default. */
  readonly values?: Readonly<Record<string, readonly HyperValue[]>>;
  /** Default: 1 alone. */
  readonly seeds?: readonly number[];
  /** Default: the task's. */
  readonly epochs?: number;
  /** Default: the task's. */
  readonly batchSize?: number;
  /** Default: `every-epoch`. */
  readonly shuffle?: Shuffle;
  /** Default: `first`. */
  readonly runningStatistics?: RunningStatistics;
  /** Default: as many as the machine has processors for, and no more than there are trials. */
  readonly jobs?: number;
  /** Default: the processors that the jobs leave, for a task whose operations are worth sharing out; else 1. */
  readonly threads?: number;
  /** Trials that are trained together, at most. Default: by the size of the task. */
  readonly groupSize?: number;
}

/**
 * Fills in the defaults and lays out the grid.
 *
 * @throws {SpaceError} for a space without a legal point, a batch that the data cannot fill, or a setting that makes no
 * difference to the task.
 * @throws {RangeError} for a task that does not exist, or a count that is not a positive integer.
 */
export async function planStudy(request: StudyRequest): Promise<StudySettings> {
  for (const name of ["epochs", "batchSize", "jobs", "threads", "groupSize"] as const) {
    const count = request[name];
    if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
      throw new RangeError(`Invalid ${name} ${count}: expected a positive integer`);
    }
  }
  const taskChoice = { task: request.task, table: request.table, text: request.text };
  const task = await loadTask(taskChoice);
  const optimizer = getOptimizer(request.optimizer.name, request.optimizer.base);
  const space: Record<string, readonly HyperValue[]> = {};
  const defaults = defaultSpace(optimizer);
  for (const [name, declaration] of Object.entries(optimizer.hyperparameters)) {
    space[name] = request.values?.[name] ?? parseValues(name, defaults[name] ?? "", declaration);
  }
  const batchSize = request.batchSize ?? task.batchSize;
  checkBatch(task, batchSize);
  if (request.runningStatistics !== undefined && task.buffers === undefined) {
    throw new SpaceError(`${task.name} keeps no running statistics: leave out which gradient updates them`);
  }
  if (request.runningStatistics === "last" && optimizer.base === undefined) {
    throw new SpaceError(
      `${optimizer.name} takes one gradient a step, the first: the last can be asked for with an optimizer such as sam`,
    );
  }
  const { configurations, leftOut } = grid(optimizer, space);
  const seeds = request.seeds ?? [1];
  return {
    task: task.name,
    taskChoice,
    metric: task.metric,
    target: task.target,
    optimizer: request.optimizer,
    space,
    configurations,
    leftOut,
    seeds,
    epochs: request.epochs ?? task.epochs,
    batchSize,
    shuffle: request.shuffle ?? "every-epoch",
    runningStatistics: request.runningStatistics ?? "first",
    ...shareProcessors(request, configurations.length * seeds.length, defaultGroupSize(task) === 1),
    groupSize: request.groupSize ?? defaultGroupSize(task),
    groupReason: request.groupSize === undefined ? defaultGroupReason(task) : "asked for",
  };
}

/** How many trials at a time, and with how many threads each: which changes none of their numbers. */
function shareProcessors(
  { jobs, threads }: Pick<StudyRequest, "jobs" | "threads">,
  trials: number,
  isLarge: boolean,
): { jobs: number; threads: number } {
  const processors = availableParallelism();
  const share = (among: number) => Math.max(1, Math.floor(processors / among));
  const atATime = jobs ?? Math.min(share(threads ?? 1), trials);
  return { jobs: atATime, threads: threads ?? (isLarge ? share(atATime) : 1) };
}

function checkBatch(task: Task, batchSize: number): void {
  const { name, trainRows, testRows } = task.data;
  if (batchSize > trainRows) {
    throw new SpaceError(
      `Cannot train ${task.name} on batches of ${batchSize}: ${name} has ${trainRows} training rows; ` +
        "use a smaller batch size",
    );
  }
  if (testBatchSize(task) > testRows) {
    throw new SpaceError(
      `Cannot test ${task.name} on batches of ${testBatchSize(task)}: ${name} has ${testRows} test rows`,
    );
  }
}
