/** Trials from seed to metrics. It runs in a worker, and knows no tensors but what the runtime hands back. */
import type { Split } from "../../datasets/dataset.ts";
import type { CompiledModel } from "../../engine/compile.ts";
import { Executable, numbers, type Value } from "../../engine/runtime.ts";
import { type Task, testBatchSize } from "../../tasks/task.ts";
import { Batches, type BatchSettings, feedData, initialValues, NoiseFeed, type Values } from "./feeds.ts";
import { bufferName, ROWS, TRAJECTORY } from "./names.ts";
import type { Program } from "./program.ts";
import { getSchedule } from "../../tasks/schedule.ts";
import type { EpochMetrics, EpochProgress, TrialOutcome } from "../trial.ts";
import { StepTimes, Turns } from "./turns.ts";

/** A program loaded into the runtime. */
export interface LoadedProgram {
  readonly program: Program;
  /** Absent where the optimizer keeps no state. */
  readonly init?: Executable;
  /** By kind of step. */
  readonly train: Readonly<Record<string, Executable>>;
  /** Absent where the parameters themselves are evaluated. */
  readonly evaluated?: Executable;
  readonly evaluate: Executable;
}

/** Loads a program; `threads` is how many threads one operation may use. */
export async function loadProgram(program: Program, threads = 1): Promise<LoadedProgram> {
  const load = (model: CompiledModel) => Executable.load(model, threads);
  const train: Record<string, Executable> = {};
  for (const [turn, model] of Object.entries(program.train)) train[turn] = await load(model);
  return {
    program,
    init: program.init && await load(program.init),
    train,
    evaluated: program.evaluated && await load(program.evaluated),
    evaluate: await load(program.evaluate),
  };
}

/** What is told of a group while it trains. */
export interface GroupListener {
  /** The position of a trial in the group, and what it measured. */
  onEpoch?(trial: number, metrics: EpochMetrics): void;
  /** Within an epoch, between calls into the runtime. */
  onSteps?(progress: EpochProgress): void;
  /** How many milliseconds at least lie between two tellings of steps. Default: 250. */
  readonly everyMs?: number;
}

/** A trial of a group: what sets it apart from the others. */
export interface GroupMember {
  readonly seed: number;
  /** What the program's `hyper/...` inputs are fed. */
  readonly coefficients: Readonly<Record<string, number>>;
  /** Of the learning rate. */
  readonly schedule: string;
}

export interface TrainingSettings extends BatchSettings {
  /** When the group was taken up, in milliseconds of `performance.now()`. */
  readonly startMs: number;
  readonly compileSeconds: number;
}

/**
 * A call into the runtime takes this many steps at most, enough to make its own cost vanish; and about this long, as
 * nothing can stop it. How an epoch is divided into calls makes no difference to its numbers.
 */
const MOST_STEPS = 50;
const CALL_MS = 200;
/** Nor does it take more noise than this. */
const CALL_BYTES = 2 ** 26;

/**
 * Trains a group of trials, reporting each epoch of each. The last incomplete batch is dropped, in training and in test.
 *
 * @param isStopped asked between calls into the runtime; once it says so, the training throws.
 * @returns an outcome for each trial. One that diverges takes no further part; the others are not affected.
 */
export async function train(
  { program, init, train, evaluated, evaluate }: LoadedProgram,
  task: Task,
  group: readonly GroupMember[],
  settings: TrainingSettings,
  isStopped: () => boolean,
  listener: GroupListener,
): Promise<TrialOutcome[]> {
  const { epochs } = settings;
  const { everyMs = 250 } = listener;
  const data = task.data.load();
  // A slot beyond the group's trials repeats the last one.
  const slots = Array.from(
    { length: program.slots?.count ?? 1 },
    (_, i) => group[Math.min(i, group.length - 1)],
  );
  const width = slots.length;
  const seeds = slots.map(({ seed }) => seed);
  // All kinds of steps take the same.
  const [anyTrain] = Object.values(train);
  // Of what differs by seed alone, one serves all slots that share it.
  const streamSeeds = program.slots?.shareRows ?? true ? seeds.slice(0, 1) : seeds;

  const params = initialValues(anyTrain, task.parameters, seeds, "parameters", (name) => name);
  const coefficients: Values = {};
  for (const name of Object.keys(group[0].coefficients)) {
    coefficients[name] = anyTrain.value(name, slots.map((member) => member.coefficients[name]));
  }
  let point: Values = {
    ...params,
    ...init && await init.run({ ...params, ...coefficients }),
    ...initialValues(anyTrain, task.buffers ?? {}, seeds, "buffers", bufferName),
  };
  const trainFeeds = { ...coefficients, ...feedData(anyTrain, data.train) };
  const test = new TestRun(evaluate, task, data.test, streamSeeds, width);

  const schedules = program.scheduled ? slots.map(({ schedule }) => getSchedule(schedule, task)) : [];
  const batches = new Batches(anyTrain, task, streamSeeds, data.train.rows, schedules, settings);
  const { stepsPerEpoch } = batches;
  const turns = new Turns(program.turns);
  const mostSteps = Math.min(MOST_STEPS, Math.ceil(CALL_BYTES / batches.noiseBytes));
  const records = group.map(() => new TrialRecord());
  if (task.landscape) {
    records.forEach((record, slot) => record.move(numbers(Object.values(params)[0]), slot, width));
  }
  const stepTimes = new StepTimes(program.turns.length);
  let stepsPerCall = 1;
  let toldMs = performance.now();

  for (let epoch = 1; epoch <= epochs && records.some(({ error }) => error === undefined); epoch++) {
    batches.beginEpoch();
    const lossSums = group.map(() => 0);
    for (let from = 0, to; from < stepsPerEpoch; from = to) {
      if (isStopped()) throw new Error("the study was stopped");
      const { turn, steps } = turns.next(Math.min(stepsPerCall, stepsPerEpoch - from));
      to = from + steps;
      const feeds = batches.take(from, to);
      const before = performance.now();
      const results = await train[turn].run({ ...point, ...trainFeeds, ...feeds });
      const losses = numbers(results.loss);
      const callMs = performance.now() - before;
      stepTimes.add(callMs, losses.length / width, width);
      stepsPerCall = Math.max(1, Math.min(mostSteps, Math.floor(CALL_MS * (to - from) / callMs)));
      group.forEach((_, slot) => {
        if (task.landscape) records[slot].move(numbers(results[TRAJECTORY]), slot, width);
        for (let i = slot; i < losses.length; i += width) {
          records[slot].step(losses[i], epoch);
          lossSums[slot] += losses[i];
        }
      });
      point = pick(results, [...program.params, ...program.state, ...program.buffers]);
      if (to < stepsPerEpoch && performance.now() - toldMs >= everyMs) {
        listener.onSteps?.({ epoch, steps: to, stepsPerEpoch });
        toldMs = performance.now();
      }
      if (losses.length < (to - from) * width) break;
    }
    const params = evaluated ? await evaluated.run({ ...point, ...coefficients }) : point;
    const measured = await test.measure({
      ...pick(params, program.params),
      ...pick(point, program.buffers),
    });
    const seconds = (performance.now() - settings.startMs) / 1000 / group.length;
    group.forEach((_, slot) => {
      const record = records[slot];
      if (record.error !== undefined) return;
      record.epoch({ epoch, trainLoss: lossSums[slot] / stepsPerEpoch, ...measured[slot] }, seconds);
      if (record.error === undefined) listener.onEpoch?.(slot, record.epochs[record.epochs.length - 1]);
    });
  }

  const wallSeconds = (performance.now() - settings.startMs) / 1000 / group.length;
  const compileSeconds = settings.compileSeconds / group.length;
  return records.map((record) => ({
    ...record.outcome(),
    stepMs: stepTimes.samples,
    compileSeconds,
    wallSeconds,
    groupSize: group.length,
  }));
}

/** Measures on all complete batches of the test rows. */
class TestRun {
  readonly #executable: Executable;
  readonly #feeds: Values;
  readonly #steps: number;
  readonly #width: number;

  constructor(executable: Executable, task: Task, split: Split, seeds: readonly number[], width: number) {
    const batchSize = testBatchSize(task);
    this.#executable = executable;
    this.#width = width;
    this.#steps = Math.floor(split.rows / batchSize);
    const rows = Int32Array.from({ length: this.#steps * batchSize }, (_, row) => row);
    this.#feeds = {
      ...feedData(executable, split),
      [ROWS]: executable.value(ROWS, rows),
      ...new NoiseFeed(executable, task.testNoise, seeds, "test noise", batchSize).take(this.#steps),
    };
  }

  /** What each slot measures. */
  async measure(point: Values): Promise<{ testLoss: number; testAccuracy?: number }[]> {
    const { loss, accuracy } = await this.#executable.run({ ...point, ...this.#feeds });
    return Array.from({ length: this.#width }, (_, slot) => ({
      testLoss: this.#mean(loss, slot),
      ...accuracy && { testAccuracy: this.#mean(accuracy, slot) },
    }));
  }

  #mean(value: Value, slot: number): number {
    const all = numbers(value);
    let total = 0;
    for (let i = slot; i < all.length; i += this.#width) total += all[i];
    return total / this.#steps;
  }
}

/** What one trial measures, up to the first number that is not finite. */
class TrialRecord {
  readonly epochs: EpochMetrics[] = [];
  readonly epochSeconds: number[] = [];
  readonly trajectory: [number, number][] = [];
  steps = 0;
  error: string | undefined;

  step(loss: number, epoch: number): void {
    if (this.error !== undefined) return;
    this.steps++;
    if (!Number.isFinite(loss)) this.error = `loss is ${loss} at step ${this.steps} (epoch ${epoch})`;
  }

  /** Adds the points of one of so many slots. */
  move(points: ArrayLike<number>, slot: number, slots: number): void {
    if (this.error !== undefined) return;
    for (let i = 2 * slot; i < points.length; i += 2 * slots) {
      this.trajectory.push([points[i], points[i + 1]]);
    }
  }

  epoch(metrics: EpochMetrics, seconds: number): void {
    if (!Number.isFinite(metrics.testLoss)) {
      this.error = `test loss is ${metrics.testLoss} after epoch ${metrics.epoch}`;
      return;
    }
    this.epochs.push(metrics);
    this.epochSeconds.push(seconds);
  }

  outcome() {
    const { epochs, epochSeconds, steps, error, trajectory } = this;
    const measured = { epochs, epochSeconds, steps, ...trajectory.length > 0 && { trajectory } };
    return error === undefined
      ? { status: "completed", ...measured } as const
      : { status: "diverged", error, ...measured } as const;
  }
}

function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
