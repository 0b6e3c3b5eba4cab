/** One trial, from seed to metrics. It runs in a worker, and knows no tensors but what the runtime hands back. */
import { Random } from "../datasets/random.ts";
import { getDataset } from "../datasets/registry.ts";
import type { Split } from "../datasets/dataset.ts";
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

export interface TrainingSettings {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** What the program's `hyper/...` inputs are fed. */
  readonly coefficients: Readonly<Record<string, number>>;
  /** When the trial was taken up, in milliseconds of `performance.now()`. */
  readonly startMs: number;
  readonly compileSeconds: number;
}

/** Steps in one call into the runtime, at most: enough to make the call's cost vanish, few enough to time them. */
const STEPS_PER_CALL = 50;

type Values = Record<string, Value>;

/**
 * Trains and evaluates, reporting each epoch. Each epoch visits the training rows in a new order; the last incomplete
 * batch is dropped, in training and in test. The test batch is the task's own whatever the training batch, so that all
 * trials of a task are measured on the same rows.
 */
export async function train(
  { program, init, train, evaluate }: LoadedProgram,
  task: Task,
  settings: TrainingSettings,
  onEpoch: (metrics: EpochMetrics) => void,
): Promise<TrialOutcome> {
  const data = getDataset(task.dataset).load();
  const shuffling = new Random(settings.seed, "shuffle");
  const coefficients: Values = {};
  for (const [name, value] of Object.entries(settings.coefficients)) {
    coefficients[name] = train.value(name, [value]);
  }
  const trainFeeds: Values = { ...coefficients, ...feedData(train, data.train) };
  const testFeeds: Values = { ...feedData(evaluate, data.test) };
  const testSteps = Math.floor(data.test.rows / task.batchSize);
  testFeeds.rows = evaluate.value(
    "rows",
    Int32Array.from({ length: testSteps * task.batchSize }, (_, row) => row),
  );

  let point: Values = initialParameters(train, task, settings.seed);
  if (init) point = { ...point, ...await init.run({ ...point, ...coefficients }) };

  const stepsPerEpoch = Math.floor(data.train.rows / settings.batchSize);
  const epochs: EpochMetrics[] = [];
  const stepMs: number[] = [];
  let steps = 0;
  const progress = () => ({
    epochs,
    steps,
    stepMs,
    compileSeconds: settings.compileSeconds,
    wallSeconds: (performance.now() - settings.startMs) / 1000,
  });

  for (let epoch = 1; epoch <= settings.epochs; epoch++) {
    const order = shuffling.shuffled(data.train.rows);
    let lossSum = 0;
    for (const [from, to] of calls(stepsPerEpoch)) {
      const rows = order.subarray(from * settings.batchSize, to * settings.batchSize);
      const before = performance.now();
      const results = await train.run({ ...point, ...trainFeeds, rows: train.value("rows", rows) });
      const losses = numbers(results.loss);
      stepMs.push((performance.now() - before) / losses.length);
      steps += losses.length;
      const last = losses[losses.length - 1];
      if (!Number.isFinite(last)) {
        return {
          status: "diverged",
          error: `loss is ${last} at step ${steps} (epoch ${epoch})`,
          ...progress(),
        };
      }
      for (const loss of losses) lossSum += loss;
      point = pick(results, [...program.params, ...program.state]);
    }
    const test = await evaluate.run({ ...pick(point, program.params), ...testFeeds });
    const metrics: EpochMetrics = {
      epoch,
      trainLoss: lossSum / stepsPerEpoch,
      testLoss: sum(test.loss) / testSteps,
      testAccuracy: sum(test.correct) / (testSteps * task.batchSize),
    };
    if (!Number.isFinite(metrics.testLoss)) {
      return {
        status: "diverged",
        error: `test loss is ${metrics.testLoss} after epoch ${epoch}`,
        ...progress(),
      };
    }
    epochs.push(metrics);
    onEpoch(metrics);
  }
  return { status: "completed", ...progress() };
}

/** Ranges of steps, as equal as they can be, that make up an epoch. */
function* calls(steps: number): Generator<[number, number]> {
  const count = Math.ceil(steps / STEPS_PER_CALL);
  for (let i = 0; i < count; i++) yield [Math.floor(i * steps / count), Math.floor((i + 1) * steps / count)];
}

function initialParameters(executable: Executable, task: Task, seed: number): Values {
  const random = new Random(seed, "parameters");
  const values: Values = {};
  for (const [name, { shape, init }] of Object.entries(task.parameters)) {
    values[name] = executable.value(name, init.fill(shape, random));
  }
  return values;
}

function feedData(executable: Executable, { inputs, labels }: Split): Values {
  return { inputs: executable.value("inputs", inputs), labels: executable.value("labels", labels) };
}

function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

function sum(value: Value): number {
  let total = 0;
  for (const number of numbers(value)) total += number;
  return total;
}
