/** Small tasks of the tests' own, trained in this thread: step by step with all that a step leaves, or as trials. */
import assert from "node:assert/strict";
import type { Scalar } from "@tensorflow/tfjs";
import { Random } from "../datasets/random.ts";
import type { Precision } from "../engine/lower.ts";
import type { ModelDevice, Numbers } from "../engine/device.ts";
import { HostDevice, HostExecutable, type HostValue, numbers } from "../engine/devices/host.ts";
import { resolve } from "../optim/coefficients.ts";
import { type GroupRule, partition } from "../optim/groups.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { getOptimizer, type OptimizerName, type RuleName } from "../optim/registry.ts";
import { bufferName, dataName, LEARNING_RATE_FACTOR, noiseName, ROWS } from "../study/training/names.ts";
import { NoiseStream } from "../study/training/noise.ts";
import { compileProgram, type Slots } from "../study/training/program.ts";
import type { ProgramSettings } from "../study/training/steps.ts";
import { splitConfiguration } from "../study/training/structure.ts";
import { loadProgram } from "../study/training/loaded.ts";
import type { GroupListener, GroupMember, GroupOutcome, TrainingSettings } from "../study/training/member.ts";
import { train } from "../study/training/trainer.ts";
import { constant } from "../tasks/initializers.ts";
import { rolesOf, type Task } from "../tasks/task.ts";
import { numberRows } from "./_numbers.ts";
import type { Completed } from "./_results.ts";

/** Loss 3 a + 4 b, from a = 1 and b = 2: gradients 3 and 4 at every step, a norm of 5. Four steps an epoch. */
export const slope: Task = {
  name: "slope",
  summary: "a slope",
  data: numberRows,
  batchSize: 2,
  epochs: 2,
  metric: "loss",
  target: 0,
  parameters: {
    a: { shape: [1], init: constant(1) },
    b: { shape: [1], init: constant(2), role: "bias" },
  },
  loss: ({ a, b }) => a.mul(3).add(b.mul(4)).sum() as Scalar,
  evaluate: ({ a, b }) => ({ loss: a.mul(3).add(b.mul(4)).sum() as Scalar }),
};

/** A point that moves by lr along each axis at every step, in a landscape: so its trajectory is kept. */
export const ramp: Task = {
  ...slope,
  parameters: { w: { shape: [2], init: constant(1) } },
  landscape: { f: () => 0, x: [0, 1], y: [0, 1], minima: [] },
  loss: ({ w }) => w.sum() as Scalar,
  evaluate: ({ w }) => ({ loss: w.sum() as Scalar }),
};

type Given = Readonly<Record<string, unknown>>;

interface Choice extends Partial<Pick<ProgramSettings, "accumulate" | "runningStatistics" | "batchSize">> {
  /** By name, or one that is in no registry. Default: `sgd`. */
  readonly optimizer?: OptimizerName | Optimizer;
  readonly base?: RuleName;
  readonly rules?: readonly GroupRule[];
  readonly lrScale?: number;
}

function chosen({ optimizer = "sgd", base }: Choice): Optimizer {
  return typeof optimizer === "string" ? getOptimizer(optimizer, base) : optimizer;
}

function split(task: Task, given: Given, choice: Choice) {
  const optimizer = chosen(choice);
  const groups = partition(rolesOf(task), choice.rules ?? []);
  return splitConfiguration(optimizer, groups, resolve(optimizer, given), choice.lrScale);
}

export interface StepsChoice extends Choice {
  /** Row numbers of the batches, one after the other. Default: the rows as they stand, over and over. */
  readonly rows?: readonly number[];
  /** What each step's learning rate is multiplied by. */
  readonly factors?: readonly number[];
  /** Default: `float64`. */
  readonly precision?: Precision;
}

/** What is left after some steps. */
export interface Left {
  /** Before each step. */
  readonly losses: readonly number[];
  readonly params: Readonly<Record<string, readonly number[]>>;
  readonly buffers: Readonly<Record<string, readonly number[]>>;
  /** The parameters to evaluate with. */
  readonly evaluated: Readonly<Record<string, readonly number[]>>;
}

/** Takes some steps in one call of the compiled program, from a task's first values. */
export async function takeSteps(
  task: Task,
  given: Given,
  steps: number,
  choice: StepsChoice = {},
): Promise<Left> {
  const { batchSize = task.batchSize, precision = "float64", factors } = choice;
  const { groups, coefficients } = split(task, given, choice);
  const program = compileProgram(
    { ...choice, task, optimizer: chosen(choice), groups, batchSize, scheduled: factors !== undefined },
    precision,
  );
  const [model] = Object.values(program.train);
  const executable = await HostExecutable.load(model);
  const { train: data } = task.data.load();
  const rows = choice.rows ?? Array.from({ length: steps * batchSize }, (_, i) => i % data.rows);
  const random = new Random(1, "steps");
  const noise = new NoiseStream(task.noise ?? {}, 1, "noise", batchSize).draw(steps);
  const named = (tensors: Task["parameters"] = {}, rename = (name: string) => name) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, init }]) => [rename(name), init.fill(shape, random)]),
    );
  const all: Record<string, ArrayLike<number>> = {
    ...named(task.parameters),
    ...Object.fromEntries(Object.entries(coefficients).map(([name, value]) => [name, [value]])),
    ...named(task.buffers, bufferName),
    ...Object.fromEntries(Object.entries(data.columns).map(([name, values]) => [dataName(name), values])),
    [ROWS]: rows,
    ...Object.fromEntries(Object.entries(noise).map(([name, values]) => [noiseName(name), values])),
    ...factors && { [LEARNING_RATE_FACTOR]: factors },
  };
  const feeds = Object.fromEntries(
    Object.keys(model.inputs).filter((name) => name in all)
      .map((name) => [name, executable.value(name, all[name])]),
  );
  const only = (names: readonly string[], from: Readonly<Record<string, HostValue>>) =>
    Object.fromEntries(names.map((name) => [name, from[name]]));
  const inputs = [...program.params, ...Object.keys(coefficients)];
  const init = program.init && await HostExecutable.load(program.init);
  const state = init && await init.run(only(inputs, feeds));
  const point = await executable.run({ ...feeds, ...state });
  const evaluation = program.evaluated && await HostExecutable.load(program.evaluated);
  const evaluated = await evaluation?.run({
    ...only(Object.keys(coefficients), feeds),
    ...only([...program.params, ...program.state], point),
  });
  const values = (names: readonly string[], from: Readonly<Record<string, HostValue>>) =>
    Object.fromEntries(names.map((name) => [name.replace(/^buffer\//, ""), plain(numbers(from[name]))]));
  return {
    losses: plain(numbers(point.loss)),
    params: values(program.params, point),
    buffers: values(program.buffers, point),
    evaluated: values(program.params, evaluated ?? point),
  };
}

function plain(values: Numbers): number[] {
  return Array.from(values, Number);
}

/** A trial: its hyper-parameters, the schedule among them. */
export interface Trial extends Pick<GroupMember, "checkpoint" | "stopping"> {
  readonly given: Given;
  /** Default: 1. */
  readonly seed?: number;
}

export interface TrialsChoice
  extends Choice, Partial<Omit<TrainingSettings, "startMs" | "compileSeconds" | "batchSize">> {
  /** Default: one for each trial, or none for one alone. */
  readonly slots?: Slots;
  readonly listener?: GroupListener;
  /** Default: the CPU. */
  readonly device?: ModelDevice;
}

/** Trains trials in one program, as a study does with a group: several have an axis of slots, one has none. */
export async function trainGroup(
  task: Task,
  trials: readonly Trial[],
  choice: TrialsChoice = {},
): Promise<GroupOutcome[]> {
  const { batchSize = task.batchSize, listener = {}, device = new HostDevice() } = choice;
  const all = trials.map(({ given }) => split(task, given, choice));
  const optimizer = chosen(choice);
  const schedules = trials.map(({ given }) => resolve(optimizer, given).schedule as string ?? "task");
  const scheduled = schedules.some((text) => text !== "constant");
  const { slots = trials.length > 1 ? { count: trials.length, shareRows: false } : undefined } = choice;
  const program = await loadProgram(
    compileProgram(
      { ...choice, task, optimizer, groups: all[0].groups, batchSize, scheduled },
      "float32",
      slots,
      device.name,
    ),
    device,
  );
  const members = trials.map(({ given: _, seed = 1, ...rest }, i) => ({
    seed,
    coefficients: all[i].coefficients,
    schedule: schedules[i],
    ...rest,
  }));
  const settings = {
    epochs: task.epochs,
    shuffle: "every-epoch",
    ...choice,
    batchSize,
    startMs: performance.now(),
    compileSeconds: 0,
  } as const;
  return await train(program, task, members, settings, listener);
}

/** Trains trials that all come to their last epoch. */
export async function trainTrials(
  task: Task,
  trials: readonly Trial[],
  choice?: TrialsChoice,
): Promise<Completed[]> {
  const outcomes = await trainGroup(task, trials, choice);
  return outcomes.map((outcome) => {
    assert.ok(outcome.status === "completed", JSON.stringify(outcome));
    return outcome;
  });
}

/** The only trial's outcome. */
export async function trainAlone(task: Task, given: Given, choice?: TrialsChoice): Promise<Completed> {
  const [outcome] = await trainTrials(task, [{ given }], choice);
  return outcome;
}
