/** Ours: a task in training in this very thread, a call of steps at a time, as study/training/trainer.ts does it. */
import { openDevice } from "../engine/devices/open.ts";
import type { Provider } from "../engine/compile.ts";
import type { Executable, Numbers, Value } from "../engine/device.ts";
import { resolve } from "../optim/coefficients.ts";
import { partition } from "../optim/groups.ts";
import type { HyperValue } from "../optim/hyperparameter.ts";
import { getOptimizer, type OptimizerName, type RuleName } from "../optim/registry.ts";
import { TASK_SCHEDULE } from "../optim/schedules/choice.ts";
import { Batches, feedData, type Values } from "../study/training/feeds.ts";
import { initialPoint, pick } from "../study/training/point.ts";
import { compileProgram } from "../study/training/program.ts";
import { splitConfiguration } from "../study/training/structure.ts";
import { type LoadedProgram, loadProgram } from "../study/training/loaded.ts";
import { TestRun } from "../study/training/test_run.ts";
import { Turns } from "../study/training/turns.ts";
import { getSchedule } from "../tasks/schedule.ts";
import { rolesOf, type Task } from "../tasks/task.ts";

export interface TrainingSettings {
  readonly task: Task;
  readonly optimizer: OptimizerName;
  /** What it wraps, if it wraps another. */
  readonly base?: RuleName;
  /** More than one are trained together, on the same batches. They differ in numbers alone. */
  readonly configurations: readonly Readonly<Record<string, HyperValue>>[];
  readonly threads: number;
  /** Default: `cpu`. */
  readonly device?: Provider;
  /** Default: 1. */
  readonly seed?: number;
}

export class Training {
  readonly stepsPerEpoch: number;
  readonly #loaded: LoadedProgram;
  readonly #task: Task;
  readonly #batches: Batches;
  readonly #turns: Turns;
  readonly #seed: number;
  readonly #fixed: Values;
  #point: Values;
  #stepOfEpoch = 0;

  private constructor(
    loaded: LoadedProgram,
    task: Task,
    batches: Batches,
    seed: number,
    fixed: Values,
    point: Values,
  ) {
    this.stepsPerEpoch = batches.stepsPerEpoch;
    this.#loaded = loaded;
    this.#task = task;
    this.#batches = batches;
    this.#turns = new Turns(loaded.program.turns);
    this.#seed = seed;
    this.#fixed = fixed;
    this.#point = point;
  }

  static async start(settings: TrainingSettings): Promise<Training> {
    const { task, optimizer: name, base, configurations, threads, device = "cpu", seed = 1 } = settings;
    const optimizer = getOptimizer(name, base);
    const split = configurations.map((values) =>
      splitConfiguration(optimizer, partition(rolesOf(task), []), resolve(optimizer, values))
    );
    const [{ groups }] = split;
    const { batchSize, epochs } = task;
    const scheduled = task.learningRate !== undefined;
    const slots = configurations.length > 1 ? { count: configurations.length, shareRows: true } : undefined;
    const program = compileProgram(
      { task, optimizer, groups, batchSize, scheduled },
      "float32",
      slots,
      device,
    );
    const loaded = await loadProgram(program, openDevice(device, threads));
    const { init } = loaded;
    const [train] = Object.values(loaded.train);

    const { train: rows } = task.data.load();
    const coefficients: Values = {};
    for (const name of Object.keys(split[0].coefficients)) {
      coefficients[name] = train.value(name, split.map(({ coefficients }) => coefficients[name]));
    }
    const seeds = configurations.map(() => seed);
    const point = await initialPoint(train, init, task, seeds, coefficients);
    const schedules = scheduled ? configurations.map(() => getSchedule(TASK_SCHEDULE, task)) : [];
    const batches = new Batches(train, task, [seed], rows.rows, schedules, {
      epochs,
      batchSize,
      shuffle: "every-epoch",
    });
    return new Training(loaded, task, batches, seed, { ...coefficients, ...feedData(train, rows) }, point);
  }

  /** The numbers of each parameter as they are now, in the order of the task's declaration. */
  async parameters(): Promise<Numbers[]> {
    const all: Numbers[] = [];
    for (const name of this.#loaded.program.params) all.push(await this.#read(this.#point[name]));
    return all;
  }

  /**
   * Takes some steps of an epoch, or of the next where this one has not as many left.
   *
   * @returns the loss before each step, and where there are several configurations, of each of these.
   * @throws {Error} when a loss is not finite.
   */
  async steps(count: number): Promise<ArrayLike<number>> {
    if (this.#stepOfEpoch === 0 || this.#stepOfEpoch + count > this.stepsPerEpoch) {
      this.#batches.beginEpoch();
      this.#stepOfEpoch = 0;
    }
    const calls: Value[] = [];
    const { steps: atOnce = count } = Object.values(this.#loaded.train)[0].model;
    for (let left = count; left > 0;) {
      const { turn, steps } = this.#turns.next(Math.min(left, atOnce));
      const feeds = this.#batches.take(this.#stepOfEpoch, this.#stepOfEpoch + steps);
      const results = await this.#loaded.train[turn].run({ ...this.#point, ...this.#fixed, ...feeds });
      calls.push(results.loss);
      this.#point = Object.fromEntries(Object.keys(this.#point).map((key) => [key, results[key]]));
      this.#stepOfEpoch += steps;
      left -= steps;
    }
    this.#stepOfEpoch %= this.stepsPerEpoch;
    const losses: number[] = [];
    for (const call of calls) losses.push(...await this.#read(call));
    Object.values(this.#loaded.train)[0].free(calls);
    if (!losses.every(Number.isFinite)) throw new Error(`${this.#task.name} diverged: use a smaller lr`);
    return losses;
  }

  /** The mean accuracy over all complete batches of the test rows. */
  async accuracy(): Promise<number> {
    const { evaluate, program } = this.#loaded;
    const { test } = this.#task.data.load();
    const run = new TestRun(evaluate, this.#task, test, [this.#seed], program.slots?.count ?? 1);
    const names = [...program.params, ...program.buffers];
    const measured = await run.measure(pick(this.#point, names));
    return measured.reduce((sum, { testAccuracy = NaN }) => sum + testAccuracy, 0) / measured.length;
  }

  #read(value: Value): Promise<Numbers> {
    return Object.values(this.#loaded.train)[0].read(value);
  }

  async release(): Promise<void> {
    const { device, init, train, evaluated, evaluate } = this.#loaded;
    await Promise.all(
      [init, ...Object.values(train), evaluated, evaluate].map((executable: Executable | undefined) =>
        executable?.release()
      ),
    );
    await device.release();
  }
}
