/** From what a user asks for to a study with every choice made. */
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { getOptimizer } from "../../optim/registry.ts";
import { loadTask } from "../../tasks/load.ts";
import { CONSTANT_SCHEDULE } from "../../tasks/schedule.ts";
import type { Task } from "../../tasks/task.ts";
import { parsePruner } from "../pruners/registry.ts";
import { grid } from "../samplers/grid.ts";
import { type SamplerName, samplers } from "../samplers/registry.ts";
import { conditionally } from "../space/condition.ts";
import { wholeSpace } from "../space/whole.ts";
import { defaultGrouping } from "../workers/groups.ts";
import {
  checkBatch,
  checkCount,
  checkGroup,
  checkParts,
  checkRungs,
  checkRunningStatistics,
  checkShard,
} from "./checks.ts";
import { scalingFactor } from "./lr_scaling.ts";
import { groupParameters } from "./parameter_groups.ts";
import { shareProcessors } from "./processors.ts";
import { protocolOf } from "./protocol.ts";
import type { StudyRequest } from "./request.ts";
import type { StudySettings } from "./settings.ts";

const DEFAULT_AHEAD = 8;
const DEFAULT_TRIALS = 50;
const CHECKPOINT_MINUTES = 5;
const HANG_MINUTES = 10;

/**
 * Fills in the defaults and checks that there is something to search.
 *
 * @throws {SpaceError} for a space without a legal point, a batch that the data cannot fill, or a setting that makes no
 * difference to the task.
 * @throws {RangeError} for a task that does not exist, or a count that is not a positive integer.
 */
export async function planStudy(request: StudyRequest): Promise<StudySettings> {
  const counts = ["epochs", "batchSize", "accumulate", "jobs", "threads", "groupSize", "ahead"] as const;
  for (const name of counts) checkCount(name, request[name]);
  checkCount("trials", request.budget?.trials);
  checkCount("epochs of the budget", request.budget?.epochs);
  const {
    sampler = "grid",
    seeds = [1],
    accumulate = 1,
    pruners = [],
    ahead = DEFAULT_AHEAD,
    device = "cpu",
  } = request;
  const protocol = request.protocol && protocolOf(request.protocol);
  const parsed = pruners.map(parsePruner);
  checkRungs(parsed);
  checkShard(request, pruners);
  const taskChoice = {
    task: request.task,
    table: request.table,
    text: request.text,
    ...protocol?.name === "nested" && { heldOut: true as const },
  };
  const task = await loadTask(taskChoice);
  const optimizer = getOptimizer(request.optimizer.name, request.optimizer.base);
  const defaults = defaultsOn(task, optimizer);
  const space = wholeSpace(optimizer, request.values ?? {}, defaults, sampler !== "grid");
  const parameterGroups = groupParameters(task, optimizer, request);
  const conditions = request.conditions ?? [];
  const settle = conditionally(optimizer, conditions, defaults);
  const { points, leftOut } = sampler === "grid"
    ? grid(optimizer, space, { parameterGroups, settle })
    : { points: undefined, leftOut: [] };
  const batchSize = request.batchSize ?? task.batchSize;
  checkBatch(task, batchSize);
  checkParts(optimizer, space, batchSize, accumulate);
  checkRunningStatistics(task, optimizer, request.runningStatistics);
  const budget = {
    ...request.budget,
    ...sampler !== "grid" && request.budget === undefined && { trials: DEFAULT_TRIALS },
  };
  const configurations = Math.min(
    points?.length ?? Infinity,
    budget.trials === undefined ? Infinity : Math.max(1, Math.floor(budget.trials / seeds.length)),
  );
  const trials = configurations * seeds.length;
  const grouping = defaultGrouping(task, device, trials);
  checkGroup(device, request.groupSize);
  return {
    task: task.name,
    taskChoice,
    metric: task.metric,
    target: task.target,
    optimizer: request.optimizer,
    space,
    defaults,
    conditions,
    sampler: { name: sampler, seed: request.samplerSeed ?? 0, ahead },
    points: points?.length,
    leftOut,
    pruners: parsed.map(({ text }) => text),
    cohort: parsed.some(({ rungs }) => rungs !== undefined)
      ? cohortOf(sampler, ahead, configurations)
      : undefined,
    stopAtTarget: request.stopAtTarget ?? false,
    budget,
    protocol,
    shard: request.shard,
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
    device,
    ...shareProcessors(request, trials, grouping.groupSize === 1),
    ...request.groupSize === undefined
      ? grouping
      : { groupSize: request.groupSize, groupReason: "asked for" },
    checkpointMinutes: request.checkpointMinutes ?? CHECKPOINT_MINUTES,
    hangMinutes: request.hangMinutes ?? HANG_MINUTES,
  };
}

/** As many as are planned, where no configuration depends on the results of others. */
function cohortOf(sampler: "grid" | SamplerName, ahead: number, configurations: number): number {
  const learns = sampler !== "grid" && samplers[sampler].learns;
  return learns || configurations === Infinity ? ahead : configurations;
}

function defaultsOn(task: Task, { hyperparameters }: Optimizer): Record<string, HyperValue> {
  const defaults: Record<string, HyperValue> = {};
  for (const [name, declaration] of Object.entries(hyperparameters)) {
    if (declaration.default !== undefined) defaults[name] = declaration.default;
  }
  if (task.learningRate === undefined) defaults.schedule = CONSTANT_SCHEDULE;
  return defaults;
}
