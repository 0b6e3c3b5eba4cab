/** From what a user asks for to a study with every choice made. */
import { availableParallelism } from "node:os";
import { getDataset } from "../datasets/registry.ts";
import type { HyperValue } from "../optim/hyperparameter.ts";
import { getOptimizer } from "../optim/registry.ts";
import { getTask } from "../tasks/registry.ts";
import { grid } from "./grid.ts";
import { defaultGroupSize } from "./groups.ts";
import type { StudySettings } from "./settings.ts";
import { defaultSpace, parseValues, SpaceError } from "./space.ts";
import type { OptimizerChoice } from "./trial.ts";

/** A study as it is asked for. */
export interface StudyRequest {
  readonly optimizer: OptimizerChoice;
  /** Name of the task. */
  readonly task: string;
  /** The values to try, by hyper-parameter. Default: its declared sweep, else its default. */
  readonly values?: Readonly<Record<string, readonly HyperValue[]>>;
  /** Default: 1 alone. */
  readonly seeds?: readonly number[];
  /** Default: the task's. */
  readonly epochs?: number;
  /** Default: the task's. */
  readonly batchSize?: number;
  /** Default: as many as the machine has processors. */
  readonly jobs?: number;
  /** Trials that are trained together, at most. Default: by the size of the task. */
  readonly groupSize?: number;
}

/**
 * Fills in the defaults and lays out the grid.
 *
 * @throws {SpaceError} for a space without a legal point, or a batch that the training data cannot fill.
 * @throws {RangeError} for a task that does not exist, or a count that is not a positive integer.
 */
export function planStudy(request: StudyRequest): StudySettings {
  for (const name of ["epochs", "batchSize", "jobs", "groupSize"] as const) {
    const count = request[name];
    if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
      throw new RangeError(`Invalid ${name} ${count}: expected a positive integer`);
    }
  }
  const task = getTask(request.task);
  const optimizer = getOptimizer(request.optimizer.name, request.optimizer.base);
  const space: Record<string, readonly HyperValue[]> = {};
  const defaults = defaultSpace(optimizer);
  for (const [name, declaration] of Object.entries(optimizer.hyperparameters)) {
    space[name] = request.values?.[name] ?? parseValues(name, defaults[name] ?? "", declaration);
  }
  const batchSize = request.batchSize ?? task.batchSize;
  const { trainRows } = getDataset(task.dataset);
  if (batchSize > trainRows) {
    throw new SpaceError(
      `Cannot train ${task.name} on batches of ${batchSize}: ${task.dataset} has ${trainRows} training rows; ` +
        "use a smaller batch size",
    );
  }
  return {
    task: task.name,
    optimizer: request.optimizer,
    space,
    ...grid(optimizer, space),
    seeds: request.seeds ?? [1],
    epochs: request.epochs ?? task.epochs,
    batchSize,
    jobs: request.jobs ?? availableParallelism(),
    groupSize: request.groupSize ?? defaultGroupSize(task),
  };
}
