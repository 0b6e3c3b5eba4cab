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
import { type SamplerName, samplers } from "../samplers/registry.ts";
import { isComparative } from "../pruners/comparative.ts";
import type { Pruner } from "../pruners/pruner.ts";
import { parsePruner } from "../pruners/registry.ts";
import { type Condition, conditionally } from "../space/condition.ts";
import {
  checkDomain,
  type Domain,
  filledIn,
  isRange,
  parseDomain,
  type SearchSpace,
} from "../space/domain.ts";
import { defaultGroupReason, defaultGroupSize } from "../workers/groups.ts";
import { CONSTANT_SCHEDULE } from "../../tasks/schedule.ts";
import { type Task, testBatchSize } from "../../tasks/task.ts";
import { type LrScaling, scalingFactor } from "./lr_scaling.ts";
import { groupParameters } from "./parameter_groups.ts";
import { type ProtocolName, protocolOf } from "./protocol.ts";
import type { Budget, RunningStatistics, Shuffle, StudySettings } from "./settings.ts";
import type { Shard } from "./shard.ts";
import { defaultSpace, SpaceError } from "../space/values.ts";
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
  /** What to try, by hyper-parameter. Default: its declared sweep, else its default. */
  readonly values?: SearchSpace;
  /** Default: every hyper-parameter is searched whatever the others are. */
  readonly conditions?: readonly Condition[];
  /** Default: `grid`, every combination. */
  readonly sampler?: "grid" | SamplerName;
  /** Of the sampler's random numbers. Default: 0. */
  readonly samplerSeed?: number;
  /** Configurations tried ahead of results that guide the search or the pruning. Default: 8. */
  readonly ahead?: number;
  /** Default: a sampler has 50 trials; a grid has an end. */
  readonly budget?: Budget;
  /** As texts: `asha:eta=3`. Default: none. */
  readonly pruners?: readonly string[];
  /** Default: false. */
  readonly stopAtTarget?: boolean;
  /** Default: none; the search is all. */
  readonly protocol?: ProtocolName;
  /** Default: all of the study. */
  readonly shard?: Shard;
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
  /** Between two checkpoints of a trial. Default: 5. */
  readonly checkpointMinutes?: number;
  /** Without a sign of life, after which a worker is ended. Default: 10. */
  readonly hangMinutes?: number;
}

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
  const { sampler = "grid", seeds = [1], accumulate = 1, pruners = [], ahead = DEFAULT_AHEAD } = request;
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
  const space = spaceOf(optimizer, request.values ?? {}, defaults, sampler !== "grid");
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
    ...shareProcessors(request, configurations * seeds.length, defaultGroupSize(task) === 1),
    groupSize: request.groupSize ?? defaultGroupSize(task),
    groupReason: request.groupSize === undefined ? defaultGroupReason(task) : "asked for",
    checkpointMinutes: request.checkpointMinutes ?? CHECKPOINT_MINUTES,
    hangMinutes: request.hangMinutes ?? HANG_MINUTES,
  };
}

/** As many as are planned, where no configuration depends on the results of others. */
function cohortOf(sampler: "grid" | SamplerName, ahead: number, configurations: number): number {
  const learns = sampler !== "grid" && samplers[sampler].learns;
  return learns || configurations === Infinity ? ahead : configurations;
}

function checkCount(name: string, count: number | undefined): void {
  if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
    throw new RangeError(`Invalid ${name} ${count}: expected a positive integer`);
  }
}

/** @throws {SpaceError} where trials would wait by two ladders. */
function checkRungs(pruners: readonly Pruner[]): void {
  const [first, second] = pruners.filter(({ rungs }) => rungs !== undefined);
  if (second === undefined) return;
  throw new SpaceError(
    `Cannot prune by ${first.text} and by ${second.text}: trials wait at the rungs of one; leave out the other`,
  );
}

/** @throws {SpaceError} for a shard of a search whose trials look at one another. */
function checkShard({ shard, sampler = "grid", protocol }: StudyRequest, pruners: readonly string[]): void {
  if (shard === undefined) return;
  const name = `${shard.number}/${shard.of}`;
  const refuse = (what: string) => {
    throw new SpaceError(
      `Cannot run shard ${name} of a study with ${what}, whose trials need one another's results`,
    );
  };
  if (sampler !== "grid" && samplers[sampler].learns) refuse(`the sampler ${sampler}`);
  const pruner = pruners.find((text) => isComparative(parsePruner(text)));
  if (pruner !== undefined) refuse(`the pruner ${pruner}`);
  if (protocol !== undefined) refuse(`the protocol ${protocol}`);
}

/**
 * The whole space, every hyper-parameter with a domain.
 *
 * @param isSampled whether samplers search it: default lists of numbers are then everything between their ends.
 * @throws {SpaceError} for an unknown name or an illegal value.
 */
function spaceOf(
  optimizer: Optimizer,
  given: SearchSpace,
  defaults: Readonly<Record<string, HyperValue>>,
  isSampled: boolean,
): SearchSpace {
  const { name: owner, hyperparameters } = optimizer;
  const unknown = Object.keys(given).find((name) => !(name in hyperparameters));
  if (unknown !== undefined) {
    const names = Object.keys(hyperparameters).join(", ");
    throw new SpaceError(`${owner} has no hyper-parameter "${unknown}"; expected one of ${names}`);
  }
  const texts = defaultSpace(optimizer);
  const space: Record<string, Domain> = {};
  for (const [name, declaration] of Object.entries(hyperparameters)) {
    const byDefault = () => {
      if (texts[name] === undefined) {
        throw new SpaceError(`Cannot search ${owner}: ${name} has no values; give at least one`);
      }
      const domain = parseDomain(name, texts[name], declaration);
      return isSampled ? filledIn(domain, declaration) : domain;
    };
    space[name] = given[name] ?? byDefault();
    checkDomain(owner, name, space[name], declaration);
  }
  // The task's schedule under its plainest name.
  const schedules = (space.schedule as readonly HyperValue[]).map((text) =>
    text === TASK_SCHEDULE ? defaults.schedule : text
  );
  space.schedule = [...new Set(schedules)];
  return space;
}

/** @throws {SpaceError} for a choice that makes no difference. */
function checkRunningStatistics(
  task: Task,
  optimizer: Optimizer,
  runningStatistics: RunningStatistics | undefined,
): void {
  if (runningStatistics !== undefined && task.buffers === undefined) {
    throw new SpaceError(`${task.name} keeps no running statistics: leave out which gradient updates them`);
  }
  if (runningStatistics === "last" && optimizer.asksOnce) {
    throw new SpaceError(
      `${optimizer.name} takes one gradient a step, the first: the last can be asked for with an optimizer such as sam`,
    );
  }
}

/** @throws {SpaceError} where a batch cannot be divided as the optimizer and the accumulation of gradients ask for. */
function checkParts(
  { hyperparameters }: Optimizer,
  space: SearchSpace,
  batchSize: number,
  accumulate: number,
): void {
  const counts = Object.entries(hyperparameters).flatMap(([name, declaration]) => {
    if (declaration.kind !== "count" || !declaration.dividesBatch) return [];
    const domain = space[name];
    if (!isRange(domain)) return domain as readonly number[];
    return Array.from({ length: domain.to - domain.from + 1 }, (_, i) => domain.from + i);
  });
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
export function shareProcessors(
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
