/** What the runtime is fed with: first values, data, and for each step its rows and its noise. */
import type { Split } from "../../datasets/dataset.ts";
import { Random, type StreamState } from "../../datasets/random.ts";
import type { Executable, Numbers, Value } from "../../engine/device.ts";
import type { Schedule } from "../../optim/schedules/schedule.ts";
import type { Initialized, Noise, Task } from "../../tasks/task.ts";
import { dataName, LEARNING_RATE_FACTOR, noiseName, ROWS } from "./names.ts";
import { noiseBytes, NoiseStream } from "./noise.ts";
import type { Shuffle } from "../settings/settings.ts";

/** Values by the name of an input or a result. */
export type Values = Record<string, Value>;

export interface BatchSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: Shuffle;
}

/** Where the random numbers are that a trial's batches are made of. */
export interface BatchStreams {
  /** Before the order was drawn that the rows have in the epoch. */
  readonly shuffle: StreamState;
  /** After the last batch that was taken. */
  readonly noise: StreamState;
}

/** What the training steps of each slot take: rows, noise, and where the task has a schedule, the learning rate's factor. */
export class Batches {
  readonly stepsPerEpoch: number;
  /** Of a step. */
  readonly noiseBytes: number;
  readonly #executable: Executable;
  readonly #schedules: readonly Schedule[];
  readonly #settings: BatchSettings;
  readonly #shuffles: Shuffles;
  readonly #noise: NoiseFeed;
  #epoch = -1;

  /**
   * @param seeds one for each slot, or one for all.
   * @param schedules of the learning rate, one for each slot; none where the steps take no factor.
   */
  constructor(
    executable: Executable,
    task: Task,
    seeds: readonly number[],
    rows: number,
    schedules: readonly Schedule[],
    settings: BatchSettings,
  ) {
    const { batchSize, shuffle } = settings;
    this.stepsPerEpoch = Math.floor(rows / batchSize);
    this.noiseBytes = seeds.length * noiseBytes(task.noise ?? {}, batchSize);
    this.#executable = executable;
    this.#schedules = schedules;
    this.#settings = settings;
    this.#shuffles = new Shuffles(seeds, rows, shuffle);
    this.#noise = new NoiseFeed(executable, task.noise, seeds, "noise", batchSize);
  }

  beginEpoch(): void {
    this.#epoch++;
    this.#shuffles.next();
  }

  /**
   * Begins with an epoch that was left, wherever in it that was.
   *
   * @param epoch from 1
   * @param streams as they were then, one for each slot.
   */
  continueEpoch(epoch: number, streams: readonly BatchStreams[]): void {
    this.#epoch = epoch - 2;
    this.#shuffles.restore(streams.map(({ shuffle }) => shuffle));
    this.#noise.restore(streams.map(({ noise }) => noise));
    this.beginEpoch();
  }

  /** Where the streams of a slot are in the epoch. */
  streams(slot: number): BatchStreams {
    return { shuffle: this.#shuffles.state(slot), noise: this.#noise.state(slot) };
  }

  /** For some steps of the epoch; they are taken in order, each once. */
  take(from: number, to: number): Values {
    const rows = this.#shuffles.batches(from, to, this.#settings.batchSize);
    return {
      [ROWS]: this.#executable.value(ROWS, rows),
      ...this.#noise.take(to - from),
      ...this.#schedules.length > 0 && {
        [LEARNING_RATE_FACTOR]: this.#executable.value(LEARNING_RATE_FACTOR, this.#factors(from, to)),
      },
    };
  }

  /** Of the learning rate at some steps of the epoch, shape [steps, slots]. */
  #factors(from: number, to: number): Float32Array {
    const course = { stepsPerEpoch: this.stepsPerEpoch, epochs: this.#settings.epochs };
    const first = this.#epoch * this.stepsPerEpoch + from;
    const parts = this.#schedules.map((schedule) =>
      Float32Array.from({ length: to - from }, (_, i) => schedule(first + i, course))
    );
    return interleaved(parts, to - from);
  }
}

/** The noise of each slot's batches. */
export class NoiseFeed {
  readonly #executable: Executable;
  readonly #streams: NoiseStream[];

  constructor(
    executable: Executable,
    noise: Readonly<Record<string, Noise>> = {},
    seeds: readonly number[],
    purpose: string,
    batchSize: number,
  ) {
    this.#executable = executable;
    this.#streams = seeds.map((seed) => new NoiseStream(noise, seed, purpose, batchSize));
  }

  /** Of a slot's stream, after what was taken so far. */
  state(slot: number): StreamState {
    return ofSlot(this.#streams, slot).state();
  }

  /** @param states one for each slot. */
  restore(states: readonly StreamState[]): void {
    this.#streams.forEach((stream, slot) => stream.restore(states[slot]));
  }

  take(steps: number): Values {
    const drawn = this.#streams.map((stream) => stream.draw(steps));
    const values: Values = {};
    for (const name of Object.keys(drawn[0])) {
      const parts = drawn.map((noise) => noise[name]);
      values[noiseName(name)] = this.#executable.value(noiseName(name), interleaved(parts, steps));
    }
    return values;
  }
}

/** The order in which each slot visits the rows, epoch by epoch. */
class Shuffles {
  readonly #rows: number;
  readonly #shuffle: Shuffle;
  readonly #streams: Random[];
  #orders: Int32Array[] = [];
  /** Of the streams, before the orders were drawn. */
  #before: StreamState[] = [];

  constructor(seeds: readonly number[], rows: number, shuffle: Shuffle) {
    this.#rows = rows;
    this.#shuffle = shuffle;
    this.#streams = seeds.map((seed) => new Random(seed, "shuffle"));
  }

  next(): void {
    if (this.#orders.length > 0 && this.#shuffle === "once") return;
    this.#before = this.#streams.map((stream) => stream.state());
    this.#orders = this.#streams.map((stream) => stream.shuffled(this.#rows));
  }

  /** Of a slot's stream, before its order was drawn. */
  state(slot: number): StreamState {
    return ofSlot(this.#before, slot);
  }

  /** @param states one for each slot, before an order was drawn; it is the next one. */
  restore(states: readonly StreamState[]): void {
    this.#streams.forEach((stream, slot) => stream.restore(states[slot]));
  }

  /** The rows of some steps, shape [steps, slots, batch]; without the slots where one order holds for all. */
  batches(from: number, to: number, batchSize: number): Int32Array {
    const parts = this.#orders.map((order) => order.subarray(from * batchSize, to * batchSize));
    return interleaved(parts, to - from);
  }
}

/** What a slot has, where each has its own, or one serves all. */
function ofSlot<T>(all: readonly T[], slot: number): T {
  return all[Math.min(slot, all.length - 1)];
}

/** What each slot takes in some steps, step by step: [steps, slots, ...] of [steps, ...] for each slot. */
export function interleaved<T extends Numbers>(parts: readonly T[], steps: number): T {
  const [first] = parts;
  if (parts.length === 1) return first;
  const size = first.length / steps;
  const all = new (first.constructor as new (length: number) => T)(parts.length * first.length);
  for (let step = 0; step < steps; step++) {
    parts.forEach((part, slot) => {
      all.set(part.subarray(step * size, (step + 1) * size), (step * parts.length + slot) * size);
    });
  }
  return all;
}

/** The first values of each slot's parameters or buffers, one slot after the other, by the name that `input` gives them. */
export function initialValues(
  executable: Executable,
  tensors: Initialized,
  seeds: readonly number[],
  purpose: string,
  input: (name: string) => string,
): Values {
  const bySeed = new Map<number, Float32Array[]>();
  for (const seed of seeds) {
    if (!bySeed.has(seed)) {
      const random = new Random(seed, purpose);
      bySeed.set(seed, Object.values(tensors).map(({ shape, init }) => init.fill(shape, random)));
    }
  }
  const values: Values = {};
  Object.keys(tensors).forEach((name, i) => {
    const parts = seeds.map((seed) => bySeed.get(seed)![i]);
    values[input(name)] = executable.value(input(name), interleaved(parts, 1));
  });
  return values;
}

/** What the program's `hyper/...` inputs are fed, by those of each slot. */
export function feedCoefficients(
  executable: Executable,
  slots: readonly Readonly<Record<string, number>>[],
): Values {
  const names = Object.keys(slots[0]);
  return Object.fromEntries(
    names.map((name) => [name, executable.value(name, slots.map((coefficients) => coefficients[name]))]),
  );
}

export function feedData(executable: Executable, { columns }: Split): Values {
  return Object.fromEntries(
    Object.entries(columns).map((
      [name, values],
    ) => [dataName(name), executable.value(dataName(name), values)]),
  );
}
