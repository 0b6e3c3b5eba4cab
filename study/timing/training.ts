/** A task in training outside a study, for what measures it: in this very thread, as many steps at a time as it asks for. */
import type { Executable, Numbers, Value } from "../../engine/device.ts";
import { resolve } from "../../optim/coefficients.ts";
import { partition } from "../../optim/groups.ts";
import { getOptimizer } from "../../optim/registry.ts";
import { TASK_SCHEDULE } from "../../optim/schedules/choice.ts";
import { getSchedule } from "../../tasks/schedule.ts";
import { rolesOf, type Task } from "../../tasks/task.ts";
import type { TrainingSettings } from "./settings.ts";
import { Batches, feedCoefficients, feedData, type Values } from "../training/feeds.ts";
import type { LoadedProgram } from "../training/loaded.ts";
import { initialPoint, pick } from "../training/point.ts";
import { splitConfiguration } from "../training/structure.ts";
import { TestRun } from "../training/test_run.ts";
import { Turns } from "../training/turns.ts";
import { compile, type CompileTimes } from "./compile.ts";

/** What a training starts with. */
interface Start {
  readonly task: Task;
  readonly seed: number;
  readonly batches: Batches;
  readonly coefficients: Values;
  readonly data: Values;
  readonly point: Values;
}

export class Training {
  readonly stepsPerEpoch: number;
  readonly compileTimes: CompileTimes;
  /** Steps that belong together, as kinds of them take turns, or a call takes so many: others are multiples of it. */
  readonly quantum: number;
  readonly #loaded: LoadedProgram;
  /** Any kind of step. */
  readonly #train: Executable;
  readonly #task: Task;
  readonly #seed: number;
  readonly #batches: Batches;
  readonly #turns: Turns;
  readonly #fixed: Values;
  readonly #mostSteps: number;
  #point: Values;
  #stepOfEpoch = 0;

  private constructor(loaded: LoadedProgram, times: CompileTimes, start: Start) {
    const { device: { pace }, program: { turns }, train } = loaded;
    const { task, seed, batches, coefficients, data, point } = start;
    this.compileTimes = times;
    this.#loaded = loaded;
    [this.#train] = Object.values(train);
    this.#task = task;
    this.#seed = seed;
    this.#batches = batches;
    this.#turns = new Turns(turns);
    this.#fixed = { ...coefficients, ...data };
    this.#point = point;
    this.stepsPerEpoch = batches.stepsPerEpoch;
    // Steps that are written out are one a call where kinds take turns.
    this.quantum = turns.length > 1 ? turns.length : this.#train.model.steps ?? 1;
    this.#mostSteps = this.#train.model.steps ?? pace.mostSteps;
    batches.beginEpoch();
  }

  /** @throws {Error} where a device, a task or an optimizer cannot be used, or configurations cannot share a program. */
  static async start(settings: TrainingSettings): Promise<Training> {
    const { task, optimizer: name, base, configurations, seed = 1 } = settings;
    const { batchSize = task.batchSize, shuffle = "every-epoch" } = settings;
    const optimizer = getOptimizer(name, base);
    const split = configurations.map((values) =>
      splitConfiguration(optimizer, partition(rolesOf(task), []), resolve(optimizer, values))
    );
    const scheduled = task.learningRate !== undefined;
    const { loaded, times } = await compile(settings, {
      groups: split[0].groups,
      batchSize,
      scheduled,
    });
    const { init } = loaded;
    const [train] = Object.values(loaded.train);

    const { train: rows } = task.data.load();
    const coefficients = feedCoefficients(train, split.map(({ coefficients }) => coefficients));
    const schedules = scheduled ? configurations.map(() => getSchedule(TASK_SCHEDULE, task)) : [];
    const course = { epochs: task.epochs, batchSize, shuffle };
    return new Training(loaded, times, {
      task,
      seed,
      batches: new Batches(train, task, [seed], rows.rows, schedules, course),
      coefficients,
      data: feedData(train, rows),
      point: await initialPoint(train, init, task, configurations.map(() => seed), coefficients),
    });
  }

  /**
   * Takes some steps, a multiple of `quantum`, in as many calls as a study would; an epoch follows the other.
   *
   * @returns the loss before each step, and where there are several configurations, of each of these.
   * @throws {Error} when a loss is not finite.
   */
  async steps(count: number): Promise<number[]> {
    const calls = await this.#call(count);
    const losses: number[] = [];
    for (const call of calls) losses.push(...await this.#train.read(call));
    this.#train.free(calls);
    if (!losses.every(Number.isFinite)) {
      throw new Error(`Cannot go on with ${this.#task.name}: its loss is not finite`);
    }
    return losses;
  }

  /** Milliseconds of a reading of losses, of one call, that the device has computed before. */
  async readingMs(): Promise<number> {
    const calls = await this.#call(this.quantum);
    const [last] = calls.slice(-1);
    await this.#train.read(last);
    const start = performance.now();
    await this.#train.read(last);
    const ms = performance.now() - start;
    this.#train.free(calls);
    return ms;
  }

  /** The inputs of a step that stay on the device from call to call. */
  get resident() {
    const { inputs, scanned } = this.#train.model;
    return Object.fromEntries(Object.entries(inputs).filter(([name]) => !scanned.includes(name)));
  }

  /** The numbers of each parameter as they are now, in the order of the task's declaration. */
  async parameters(): Promise<Numbers[]> {
    const all: Numbers[] = [];
    for (const name of this.#loaded.program.params) all.push(await this.#train.read(this.#point[name]));
    return all;
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

  /** @returns the losses of each call. */
  async #call(count: number): Promise<Value[]> {
    const calls: Value[] = [];
    for (let left = count; left > 0;) {
      if (this.#stepOfEpoch === this.stepsPerEpoch) {
        this.#batches.beginEpoch();
        this.#stepOfEpoch = 0;
      }
      const most = Math.min(left, this.stepsPerEpoch - this.#stepOfEpoch, this.#mostSteps);
      const { turn, steps } = this.#turns.next(most);
      const feeds = this.#batches.take(this.#stepOfEpoch, this.#stepOfEpoch + steps);
      const results = await this.#loaded.train[turn].run({ ...this.#point, ...this.#fixed, ...feeds });
      calls.push(results.loss);
      this.#point = pick(results, Object.keys(this.#point));
      this.#stepOfEpoch += steps;
      left -= steps;
    }
    return calls;
  }

  async release(): Promise<void> {
    const { device, init, train, evaluated, evaluate } = this.#loaded;
    await Promise.all(
      [init, ...Object.values(train), evaluated, evaluate].map((executable) => executable?.release()),
    );
    await device.release();
  }
}
