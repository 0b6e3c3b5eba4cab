/** Trials from seed to metrics. It runs in a worker, and knows no tensors but what the runtime hands back. */
import type { Split } from "../datasets/dataset.ts";
import { Random } from "../datasets/random.ts";
import { getDataset } from "../datasets/registry.ts";
import { Executable, numbers, type Value } from "../engine/runtime.ts";
import type { Task } from "../tasks/task.ts";
import type { Program } from "./program.ts";
import type { EpochMetrics, TrialOutcome } from "./trial.ts";

/** A program loaded into the runtime. */
export interface LoadedProgram {
  readonly program: Program;
  /** Absent where the optimizer keeps no state. */
  readonly init?: Executable;
  readonly train: Executable;
  readonly evaluate: Executable;
}

/** Loads a program to run on one thread. */
export async function loadProgram(program: Program): Promise<LoadedProgram> {
  const init = program.init && await Executable.load(program.init);
  return {
    program,
    init,
    train: await Executable.load(program.train),
    evaluate: await Executable.load(program.evaluate),
  };
}

/** A trial of a group: what sets it apart from the others. */
export interface GroupMember {
  readonly seed: number;
  /** What the program's `hyper/...` inputs are fed. */
  readonly coefficients: Readonly<Record<string, number>>;
}

export interface TrainingSettings {
  readonly epochs: number;
  readonly batchSize: number;
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

type Values = Record<string, Value>;

/**
 * Trains a group of trials, reporting each epoch of each. An epoch visits the training rows in a new order; the last
 * incomplete batch is dropped, in training and in test. The test batch is the task's own whatever the training batch, so
 * that all trials of a task are measured on the same rows.
 *
 * @param isStopped asked between calls into the runtime; once it says so, the training throws.
 * @param onEpoch told the position of the trial in the group, and what it measured.
 * @returns an outcome for each trial. One that diverges takes no further part; the others are not affected.
 */
export async function train(
  { program, init, train, evaluate }: LoadedProgram,
  task: Task,
  group: readonly GroupMember[],
  settings: TrainingSettings,
  isStopped: () => boolean,
  onEpoch: (trial: number, metrics: EpochMetrics) => void,
): Promise<TrialOutcome[]> {
  const { batchSize } = settings;
  const data = getDataset(task.dataset).load();
  // A slot beyond the group's trials repeats the last one.
  const slots = Array.from(
    { length: program.slots?.count ?? 1 },
    (_, i) => group[Math.min(i, group.length - 1)],
  );
  const width = slots.length;

  let point: Values = initialParameters(train, task, slots);
  const coefficients: Values = {};
  for (const name of Object.keys(group[0].coefficients)) {
    coefficients[name] = train.value(name, slots.map((member) => member.coefficients[name]));
  }
  if (init) point = { ...point, ...await init.run({ ...point, ...coefficients }) };
  const trainFeeds = { ...coefficients, ...feedData(train, data.train) };

  const testSteps = Math.floor(data.test.rows / task.batchSize);
  const testRows = Int32Array.from({ length: testSteps * task.batchSize }, (_, row) => row);
  const testFeeds = { ...feedData(evaluate, data.test), rows: evaluate.value("rows", testRows) };

  const shuffles = new Shuffles(slots, program.slots?.shareRows ?? true, data.train.rows);
  const stepsPerEpoch = Math.floor(data.train.rows / batchSize);
  const records = group.map(() => new TrialRecord());
  const stepMs: number[] = [];
  let stepsPerCall = 1;

  for (let epoch = 1; epoch <= settings.epochs && records.some(({ error }) => error === undefined); epoch++) {
    shuffles.next();
    const lossSums = group.map(() => 0);
    for (let from = 0, to; from < stepsPerEpoch; from = to) {
      if (isStopped()) throw new Error("the study was stopped");
      to = Math.min(from + stepsPerCall, stepsPerEpoch);
      const rows = train.value("rows", shuffles.batches(from, to, batchSize));
      const before = performance.now();
      const results = await train.run({ ...point, ...trainFeeds, rows });
      const losses = numbers(results.loss);
      const callMs = performance.now() - before;
      stepMs.push(callMs / losses.length);
      stepsPerCall = Math.max(1, Math.min(MOST_STEPS, Math.floor(CALL_MS * (to - from) / callMs)));
      group.forEach((_, slot) => {
        for (let i = slot; i < losses.length; i += width) {
          records[slot].step(losses[i], epoch);
          lossSums[slot] += losses[i];
        }
      });
      point = pick(results, [...program.params, ...program.state]);
      if (losses.length < (to - from) * width) break;
    }
    const test = await evaluate.run({ ...pick(point, program.params), ...testFeeds });
    group.forEach((_, slot) => {
      const record = records[slot];
      if (record.error !== undefined) return;
      record.epoch({
        epoch,
        trainLoss: lossSums[slot] / stepsPerEpoch,
        testLoss: sum(test.loss, slot, width) / testSteps,
        testAccuracy: sum(test.correct, slot, width) / (testSteps * task.batchSize),
      });
      if (record.error === undefined) onEpoch(slot, record.epochs[record.epochs.length - 1]);
    });
  }

  const wallSeconds = (performance.now() - settings.startMs) / 1000 / group.length;
  const compileSeconds = settings.compileSeconds / group.length;
  return records.map(({ epochs, steps, error }) => {
    const progress = { epochs, steps, stepMs, compileSeconds, wallSeconds, groupSize: group.length };
    return error === undefined
      ? { status: "completed", ...progress }
      : { status: "diverged", error, ...progress };
  });
}

/** What one trial measures, up to the first number that is not finite. */
class TrialRecord {
  readonly epochs: EpochMetrics[] = [];
  steps = 0;
  error: string | undefined;

  step(loss: number, epoch: number): void {
    if (this.error !== undefined) return;
    this.steps++;
    if (!Number.isFinite(loss)) this.error = `loss is ${loss} at step ${this.steps} (epoch ${epoch})`;
  }

  epoch(metrics: EpochMetrics): void {
    if (Number.isFinite(metrics.testLoss)) this.epochs.push(metrics);
    else this.error = `test loss is ${metrics.testLoss} after epoch ${metrics.epoch}`;
  }
}

/** The order in which each slot visits the rows, epoch by epoch. */
class Shuffles {
  readonly #rows: number;
  readonly #streams: Random[];
  #orders: Int32Array[] = [];

  /** With `share`, one order holds for all slots. */
  constructor(slots: readonly GroupMember[], share: boolean, rows: number) {
    this.#rows = rows;
    this.#streams = (share ? slots.slice(0, 1) : slots).map(({ seed }) => new Random(seed, "shuffle"));
  }

  next(): void {
    this.#orders = this.#streams.map((stream) => stream.shuffled(this.#rows));
  }

  /** The rows of some steps, shape [steps, slots, batch]; without the slots where one order holds for all. */
  batches(from: number, to: number, batchSize: number): Int32Array {
    const [first] = this.#orders;
    const slots = this.#orders.length;
    if (slots === 1) return first.subarray(from * batchSize, to * batchSize);
    const rows = new Int32Array((to - from) * slots * batchSize);
    for (let step = from; step < to; step++) {
      this.#orders.forEach((order, slot) => {
        const batch = order.subarray(step * batchSize, (step + 1) * batchSize);
        rows.set(batch, ((step - from) * slots + slot) * batchSize);
      });
    }
    return rows;
  }
}

/** Each slot's parameters, one slot after the other. */
function initialParameters(executable: Executable, task: Task, slots: readonly GroupMember[]): Values {
  const bySeed = new Map<number, Float32Array[]>();
  for (const { seed } of slots) {
    if (!bySeed.has(seed)) {
      const random = new Random(seed, "parameters");
      bySeed.set(seed, Object.values(task.parameters).map(({ shape, init }) => init.fill(shape, random)));
    }
  }
  const values: Values = {};
  Object.keys(task.parameters).forEach((name, i) => {
    const parts = slots.map(({ seed }) => bySeed.get(seed)![i]);
    const all = new Float32Array(parts.length * parts[0].length);
    parts.forEach((part, slot) => all.set(part, slot * part.length));
    values[name] = executable.value(name, all);
  });
  return values;
}

function feedData(executable: Executable, { inputs, labels }: Split): Values {
  return { inputs: executable.value("inputs", inputs), labels: executable.value("labels", labels) };
}

function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** The sum over batches of one slot's results. */
function sum(value: Value, slot: number, slots: number): number {
  const all = numbers(value);
  let total = 0;
  for (let i = slot; i < all.length; i += slots) total += all[i];
  return total;
}
