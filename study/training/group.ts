/** A group of trials in training, call by call into the runtime. Between two calls it can be left, and gone on with. */
import type { Numbers } from "../../engine/device.ts";
import { getSchedule } from "../../tasks/schedule.ts";
import type { Task } from "../../tasks/task.ts";
import type { TrialCheckpoint } from "./checkpoint.ts";
import { Batches, feedCoefficients, feedData, type Values } from "./feeds.ts";
import { TRAJECTORY } from "./names.ts";
import { initialPoint, pick, placeOf, pointNames, restoredPoint, savedPoints } from "./point.ts";
import { Readings } from "./readings.ts";
import { TrialRecord } from "./record.ts";
import { type Judge, judgeBy } from "./stopping.ts";
import { TestRun } from "./test_run.ts";
import type { LoadedProgram } from "./loaded.ts";
import type { GroupListener, GroupMember, GroupOutcome, TrainingSettings } from "./member.ts";
import type { TrialOutcome } from "../trial.ts";
import { Turns } from "./turns.ts";

/** A call does not take more noise than this. */
const CALL_BYTES = 2 ** 26;

/** The group that a program's slots hold. */
interface Company {
  /** A slot beyond the group's trials repeats the last one. */
  readonly slots: readonly GroupMember[];
  /** Of each slot, or absent where the group starts. */
  readonly checkpoints?: readonly TrialCheckpoint[];
  readonly coefficients: Values;
  readonly point: Values;
  /** The first numbers of the first parameter, where the task has a landscape. */
  readonly start?: Numbers;
}

/** A group in training, as it is between two calls. */
export class GroupTraining {
  /** The one at hand, from 1. */
  epoch: number;
  /** How many of its steps were taken. */
  step: number;
  readonly stepsPerEpoch: number;
  readonly #loaded: LoadedProgram;
  readonly #group: readonly GroupMember[];
  readonly #settings: TrainingSettings;
  readonly #width: number;
  readonly #coefficients: Values;
  /** What all calls of the training are fed. */
  readonly #fixed: Values;
  readonly #batches: Batches;
  readonly #turns: Turns;
  readonly #test: TestRun;
  readonly #records: readonly TrialRecord[];
  readonly #judges: readonly (Judge | undefined)[];
  readonly #readings: Readings;
  #point: Values;

  /** @throws {Error} when the trials are not at the same step, or a checkpoint is none of this program's. */
  static async start(
    loaded: LoadedProgram,
    task: Task,
    group: readonly GroupMember[],
    settings: TrainingSettings,
  ): Promise<GroupTraining> {
    const { program, init, train } = loaded;
    const slots = Array.from(
      { length: program.slots?.count ?? 1 },
      (_, i) => group[Math.min(i, group.length - 1)],
    );
    // All kinds of steps take the same.
    const [anyTrain] = Object.values(train);
    const coefficients = feedCoefficients(anyTrain, slots.map(({ coefficients }) => coefficients));
    const checkpoints = checkpointsOf(slots);
    const point = checkpoints
      ? restoredPoint(anyTrain, program, checkpoints)
      : await initialPoint(anyTrain, init, task, slots.map(({ seed }) => seed), coefficients);
    const start = task.landscape && await anyTrain.read(point[program.params[0]]);
    return new GroupTraining(loaded, task, group, settings, {
      slots,
      checkpoints,
      coefficients,
      point,
      start,
    });
  }

  private constructor(
    loaded: LoadedProgram,
    task: Task,
    group: readonly GroupMember[],
    settings: TrainingSettings,
    { slots, checkpoints, coefficients, point, start }: Company,
  ) {
    const { device: { pace }, program, train, evaluate } = loaded;
    const [anyTrain] = Object.values(train);
    const data = task.data.load();
    const seeds = slots.map(({ seed }) => seed);
    // Of what differs by seed alone, one serves all slots that share it.
    const streamSeeds = program.slots?.shareRows ?? true ? seeds.slice(0, 1) : seeds;
    const schedules = program.scheduled ? slots.map(({ schedule }) => getSchedule(schedule, task)) : [];
    this.#loaded = loaded;
    this.#group = group;
    this.#settings = settings;
    this.#width = slots.length;
    this.#coefficients = coefficients;
    this.#fixed = { ...coefficients, ...feedData(anyTrain, data.train) };
    this.#batches = new Batches(anyTrain, task, streamSeeds, data.train.rows, schedules, settings);
    this.#test = new TestRun(evaluate, task, data.test, streamSeeds, slots.length);
    this.#judges = group.map(({ stopping }) => stopping && judgeBy(stopping, task));
    const mostSteps = Math.ceil(CALL_BYTES / this.#batches.noiseBytes);
    this.#readings = new Readings(anyTrain, pace, mostSteps, slots.length);
    this.#point = point;
    this.stepsPerEpoch = this.#batches.stepsPerEpoch;

    const { turns } = program;
    this.#records = group.map(({ checkpoint }) => new TrialRecord(turns.length, checkpoint?.record));
    const at = checkpoints?.[0] ?? { epoch: 1, step: 0 };
    this.epoch = at.epoch;
    this.step = at.step;
    this.#turns = new Turns(turns, (this.epoch - 1) * this.stepsPerEpoch + this.step);
    if (checkpoints) {
      this.#batches.continueEpoch(this.epoch, checkpoints.map(({ streams }) => streams));
    } else {
      this.#batches.beginEpoch();
      if (start) this.#records.forEach((record, slot) => record.move(start[2 * slot], start[2 * slot + 1]));
    }
  }

  /** Whether there is anything left to train. */
  get goesOn(): boolean {
    return this.epoch <= this.#settings.epochs && this.#records.some(({ inTraining }) => inTraining);
  }

  /** One call into the runtime; and what came of it, and of those before, where it is time to look. */
  async takeSteps(): Promise<void> {
    const { program, train } = this.#loaded;
    const left = this.stepsPerEpoch - this.step;
    const { turn, steps } = this.#turns.next(Math.min(this.#readings.stepsOfCall, left));
    const feeds = this.#batches.take(this.step, this.step + steps);
    this.#readings.begin();
    const results = await train[turn].run({ ...this.#point, ...this.#fixed, ...feeds });
    this.#point = pick(results, pointNames(program));
    this.#readings.add({ steps, loss: results.loss, trajectory: results[TRAJECTORY] });
    this.step += steps;
    if (this.#readings.areDue || this.step === this.stepsPerEpoch) await this.look();
  }

  /** Records what the steps since the last time measured. */
  async look(): Promise<void> {
    const reading = await this.#readings.read();
    if (!reading) return;
    const { ms, steps, calls } = reading;
    this.#records.forEach((record, slot) => {
      if (!record.inTraining) return;
      record.time(ms, steps, this.#width);
      for (const { losses, points } of calls) {
        for (let i = slot; i < losses.length && record.inTraining; i += this.#width) {
          if (points) record.move(points[2 * i], points[2 * i + 1]);
          record.step(losses[i]);
        }
      }
    });
  }

  /** Measures and judges the trials after the last step of an epoch, and begins with the next. */
  async endEpoch(listener: GroupListener): Promise<void> {
    const { program, evaluated } = this.#loaded;
    const smoothed = evaluated && await evaluated.run({ ...this.#point, ...this.#coefficients });
    const measured = await this.#test.measure({
      ...pick(smoothed ?? this.#point, program.params),
      ...pick(this.#point, program.buffers),
    });
    if (smoothed) evaluated.free(Object.values(smoothed));
    const isLast = this.epoch === this.#settings.epochs;
    this.#records.forEach((record, slot) => {
      if (!record.inTraining) return;
      const seconds = this.#seconds(slot);
      record.endEpoch(measured[slot], this.stepsPerEpoch, seconds);
      if (!record.inTraining) return;
      if (!isLast) record.end(this.#judges[slot]?.(record.epochs));
      listener.onEpoch?.(slot, record.epochs[record.epochs.length - 1], seconds);
    });
    this.epoch++;
    this.step = 0;
    if (this.goesOn) this.#batches.beginEpoch();
  }

  /** Of the trials that are still in training, by their positions in the group. */
  async checkpoints(): Promise<Map<number, TrialCheckpoint>> {
    await this.look();
    const { program, train } = this.#loaded;
    const slots = [...this.#records.keys()].filter((slot) => this.#records[slot].inTraining);
    const points = await savedPoints(Object.values(train)[0], program, this.#point, slots);
    return new Map(slots.map((slot, i) => [slot, {
      epoch: this.epoch,
      step: this.step,
      alone: program.slots === undefined,
      point: points[i],
      streams: this.#batches.streams(slot),
      record: this.#records[slot].save(),
      seconds: this.#seconds(slot),
      compileSeconds: this.#compileSeconds(slot),
      groupSize: this.#group.length,
    }]));
  }

  /** What became of each trial; those that are in the middle of it pause. */
  async outcomes(): Promise<GroupOutcome[]> {
    const paused = this.goesOn ? await this.checkpoints() : undefined;
    return this.ended().map((outcome, slot) => {
      const checkpoint = paused?.get(slot);
      return checkpoint ? { status: "paused", checkpoint } : outcome;
    });
  }

  /** What became of each trial, if there is nothing more to come. */
  ended(): TrialOutcome[] {
    return this.#records.map((record, slot) => ({
      ...record.outcome(),
      compileSeconds: this.#compileSeconds(slot),
      wallSeconds: this.#seconds(slot),
      groupSize: this.#group.length,
    }));
  }

  /** Frees what the device keeps for the group. */
  release(): void {
    const [anyTrain] = Object.values(this.#loaded.train);
    anyTrain.free([...Object.values(this.#point), ...Object.values(this.#coefficients)]);
  }

  /** A trial's share of the time so far, to the microsecond: beyond that, digits would make files long and say nothing. */
  #seconds(slot: number): number {
    const { startMs } = this.#settings;
    const before = this.#group[slot].checkpoint?.seconds ?? 0;
    const seconds = before + (performance.now() - startMs) / 1000 / this.#group.length;
    return Math.round(1e6 * seconds) / 1e6;
  }

  #compileSeconds(slot: number): number {
    const before = this.#group[slot].checkpoint?.compileSeconds ?? 0;
    return before + this.#settings.compileSeconds / this.#group.length;
  }
}

/** Where all go on; undefined where all start. */
function checkpointsOf(slots: readonly GroupMember[]): TrialCheckpoint[] | undefined {
  const places = slots.map(({ checkpoint }) => checkpoint ? placeOf(checkpoint) : "the start");
  const other = places.find((place) => place !== places[0]);
  if (other !== undefined) {
    throw new Error(
      `Cannot train trials together: one is at ${places[0]}, another at ${other}; ` +
        "group those that are at the same step",
    );
  }
  const checkpoints = slots.flatMap(({ checkpoint }) => checkpoint ?? []);
  return checkpoints.length > 0 ? checkpoints : undefined;
}
