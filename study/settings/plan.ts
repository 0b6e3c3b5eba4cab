/** From what a user asks for to a study with every choice made. */
import { availableParallelism } from "node:os";
import type { GroupRule } from "../../optim/groups.ts";
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { getOptimizer } from "../../optim/registry.ts";
import { TASK_SCHEDULE } from "../../optim/schedules/choice.ts";
import { loadTask } from "../../tasks/load.ts";
import type { TableTaskChoice } from "../../tasks/own/table_choice.ts";
import { grid } from "../samplers/grid.ts";
import { defaultGroupReason, defaultGroupSize } from "../workers/groups.ts";
import { CONSTANT_SCHEDULE } from "../../tasks/schedule.ts";
import { type Task, testBatchSize } from "../../tasks/task.ts";
import { type LrScaling, scalingFactor } from "./lr_scaling.ts";
import { groupParameters } from "./parameter_groups.ts";
import type { RunningStatistics, SearchSpace, Shuffle, StudySettings } from "./settings.ts";
import { defaultSpace, parseValues, SpaceError } from "../space/values.ts";
import type { OptimizerChoice } from "../trial.ts";

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
  /** Default: the learning rate is used as it is. */
  readonly lrScaling?: LrScaling;
  /** Hyper-parameters of some parameters, in place of the configuration's. */
  readonly groupRules?: readonly GroupRule[];
  /** Parameters, by role or name, that are neither decayed nor scaled layer by layer. */
  readonly exclude?: readonly string[];
  /** Parts of a batch whose gradients are taken one after another, to save memory. Default: 1. */
  readonly accumulate?: number;
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
  for (const name of ["epochs", "batchSize", "accumulate", "jobs", "threads", "groupSize"] as const) {
    const count = request[name];
    if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
      throw new RangeError(`Invalid ${name} ${count}: expected a positive integer`);
    }
  }
  const taskChoice = { task: request.task, table: request.table, text: request.text };
  const task = await loadTask(taskChoice);
  const optimizer = getOptimizer(request.optimizer.name, request.optimizer.base);
  const space: Record<string, readonly HyperValue[]> = {};
  const unknown = Object.keys(request.values ?? {}).find((name) => !(name in optimizer.hyperparameters));
  if (unknown !== undefined) {
    throw new SpaceError(
      `${optimizer.name} has no hyper-parameter "${unknown}"; expected one of ${
        Object.keys(optimizer.hyperparameters).join(", ")
      }`,
    );
  }
  const defaults = defaultSpace(optimizer);
  for (const [name, declaration] of Object.entries(optimizer.hyperparameters)) {
    space[name] = request.values?.[name] ?? parseValues(name, defaults[name] ?? "", declaration);
  }
  const defaultValues = defaultsOn(task, optimizer);
  // The task's schedule under its plainest name.
  const schedules = space.schedule.map((text) => text === TASK_SCHEDULE ? defaultValues.schedule : text);
  space.schedule = [...new Set(schedules)];
  const parameterGroups = groupParameters(task, optimizer, request);
  const { configurations, leftOut } = grid(optimizer, space, parameterGroups);
  const batchSize = request.batchSize ?? task.batchSize;
  checkBatch(task, batchSize);
  const { accumulate = 1 } = request;
  checkParts(optimizer, space, batchSize, accumulate);
  if (request.runningStatistics !== undefined && task.buffers === undefined) {
    throw new SpaceError(`${task.name} keeps no running statistics: leave out which gradient updates them`);
  }
  if (request.runningStatistics === "last" && optimizer.asksOnce) {
    throw new SpaceError(
      `${optimizer.name} takes one gradient a step, the first: the last can be asked for with an optimizer such as sam`,
    );
  }
  const seeds = request.seeds ?? [1];
  return {
    task: task.name,
    taskChoice,
    metric: task.metric,
    target: task.target,
    optimizer: request.optimizer,
    space,
    defaults: defaultValues,
    configurations,
    leftOut,
    seeds,
    epochs: request.epochs ?? task.epochs,
    batchSize,
    lrScaling: request.lrScaling && {
      ...request.lrScaling,
      factor: scalingFactor(request.lrScaling, batchSize),
    },
    accumulate,
    parameterGroups,
    shuffle: request.shuffle ?? "every-epoch",
    runningStatistics: request.runningStatistics ?? "first",
    ...shareProcessors(request, configurations.length * seeds.length, defaultGroupSize(task) === 1),
    groupSize: request.groupSize ?? defaultGroupSize(task),
    groupReason: request.groupSize === undefined ? defaultGroupReason(task) : "asked for",
  };
}

/** @throws {SpaceError} where a batch cannot be divided as the optimizer and the accumulation of gradients ask for. */
function checkParts(
  { hyperparameters }: Optimizer,
  space: SearchSpace,
  batchSize: number,
  accumulate: number,
): void {
  const counts = Object.entries(hyperparameters).flatMap(([name, declaration]) =>
    declaration.kind === "count" && declaration.dividesBatch ? space[name] as readonly number[] : []
  );
  for (const parts of counts.length > 0 ? counts : [1]) {
    if (batchSize % (parts * accumulate) === 0) continue;
    const how = [parts, accumulate].filter((count) => count > 1).join(" x ");
    throw new SpaceError(
      `Cannot divide a batch of ${batchSize} into ${how} equal parts: use numbers whose product divides ${batchSize}`,
    );
  }
}

function defaultsOn(task: Task, { hyperparameters }: Optimizer): Record<string, HyperValue> {
  const defaults: Record<string, HyperValue> = {};
  for (const [name, declaration] of Object.entries(hyperparameters)) {
    if (declaration.default !== undefined) defaults[name] = declaration.default;
  }
  if (task.learningRate === undefined) defaults.schedule = CONSTANT_SCHEDULE;
  return defaults;
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
