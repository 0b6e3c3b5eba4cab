/** A task in training, step by step, whose point can be taken away and put into another training. */
import { Random } from "../datasets/random.ts";
import { runEagerly } from "./_eagerly.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import type { Specs } from "../engine/compile.ts";
import { resolve } from "../optim/coefficients.ts";
import { partition } from "../optim/groups.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { dataName, ROWS } from "../study/training/names.ts";
import { compileProgram, type Program } from "../study/training/program.ts";
import { initialState, type ProgramSettings, trainingStep } from "../study/training/steps.ts";
import { splitConfiguration } from "../study/training/structure.ts";
import { Turns } from "../study/training/turns.ts";
import { rolesOf, type Task } from "../tasks/task.ts";

/** Numbers by the names of a program's inputs. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

export class StepwiseTraining {
  readonly program: Program;
  readonly #settings: ProgramSettings;
  readonly #coefficients: Numbers;
  readonly #data: Numbers;
  readonly #loaded = new Map<string, HostExecutable>();
  readonly #turns: Turns;
  #step = 0;
  /** Parameters and state. */
  point: Numbers;

  private constructor(settings: ProgramSettings, program: Program, coefficients: Numbers, point: Numbers) {
    const { task } = settings;
    this.#settings = settings;
    this.program = program;
    this.#coefficients = coefficients;
    this.#turns = new Turns(program.turns);
    const { train } = task.data.load();
    this.#data = Object.fromEntries(
      Object.entries(train.columns).map(([name, values]) => [dataName(name), Array.from(values)]),
    );
    this.point = point;
  }

  static async start(
    task: Task,
    optimizer: Optimizer,
    given: Readonly<Record<string, unknown>>,
  ): Promise<StepwiseTraining> {
    const values = resolve(optimizer, given);
    const split = splitConfiguration(optimizer, partition(rolesOf(task), []), values);
    const settings = { task, optimizer, groups: split.groups, batchSize: task.batchSize };
    const program = compileProgram(settings, "float32");
    const coefficients = Object.fromEntries(
      Object.entries(split.coefficients).map(([name, value]) => [name, [value]]),
    );
    const random = new Random(1, "test");
    const params = Object.fromEntries(
      Object.entries(task.parameters).map(([name, { shape, init }]) => [
        name,
        Array.from(init.fill(shape, random)),
      ]),
    );
    const init = program.init && await HostExecutable.load(program.init);
    const state = init && await run(init, { ...params, ...coefficients });
    await init?.release();
    return new StepwiseTraining(settings, program, coefficients, { ...params, ...state });
  }

  /** Takes some steps, a call each. @returns the loss before each of them */
  async steps(count: number): Promise<number[]> {
    const losses: number[] = [];
    for (let i = 0; i < count; i++) {
      const { turn } = this.#turns.next(1);
      let executable = this.#loaded.get(turn);
      if (!executable) {
        this.#loaded.set(turn, executable = await HostExecutable.load(this.program.train[turn]));
      }
      const results = await run(executable, this.#feeds());
      losses.push(results.loss[0]);
      this.point = this.#next(results);
      this.#step++;
    }
    return losses;
  }

  /** The same, computed by TensorFlow.js. */
  eagerSteps(count: number): number[] {
    const init = initialState(this.#settings);
    const state = this.program.init
      ? runEagerly(init.fn, init.specs, { ...this.point, ...this.#coefficients })
      : {};
    this.point = { ...this.point, ...state };
    const losses: number[] = [];
    for (let i = 0; i < count; i++) {
      const { turn } = this.#turns.next(1);
      const { fn, specs: { carried, fixed, scanned } } = trainingStep(
        this.#settings,
        this.program.init?.outputs ?? {},
        turn,
      );
      const specs: Specs = { ...carried, ...fixed, ...scanned };
      const results = runEagerly(fn, specs, this.#feeds());
      losses.push(results.loss[0]);
      this.point = this.#next(results);
      this.#step++;
    }
    return losses;
  }

  /** Goes on from where another training of the same task and optimizer is. */
  continueFrom(other: StepwiseTraining): void {
    this.point = structuredClone(other.point);
    this.#step = other.#step;
    this.#turns.next(1);
    for (let i = 1; i < other.#step; i++) this.#turns.next(1);
  }

  async release(): Promise<void> {
    for (const executable of this.#loaded.values()) await executable.release();
  }

  #feeds(): Numbers {
    const { task, batchSize } = this.#settings;
    const rows = Array.from(
      { length: batchSize },
      (_, i) => (this.#step * batchSize + i) % task.data.trainRows,
    );
    return { ...this.point, ...this.#coefficients, ...this.#data, [ROWS]: rows };
  }

  #next(results: Numbers): Numbers {
    return Object.fromEntries(Object.keys(this.point).map((name) => [name, results[name]]));
  }
}

async function run(executable: HostExecutable, data: Numbers): Promise<Record<string, number[]>> {
  const names = Object.keys(executable.model.inputs);
  const feeds = Object.fromEntries(names.map((name) => [name, executable.value(name, data[name])]));
  const results = await executable.run(feeds);
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, Array.from(numbers(value), Number)]),
  );
}
