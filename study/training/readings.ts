import type { Executable, Numbers, Pace, Value } from "../../engine/device.ts";

/** Steps that a device was asked for in a call, of which nothing is known yet. */
interface Asked {
  readonly steps: number;
  readonly loss: Value;
  readonly trajectory?: Value;
}

/** What some calls measured. */
export interface Reading {
  /** From asking for the first of them on. */
  readonly ms: number;
  /** Steps that were taken, which may be fewer than were asked for. */
  readonly steps: number;
  /** Of each call: [steps, slots] losses, and where the task has a landscape, [steps, slots, 2] points. */
  readonly calls: readonly { readonly losses: Numbers; readonly points?: Numbers }[];
}

/**
 * When what calls measured is read: on a device that computes while the host goes on, not after each call. How an epoch is
 * divided into calls and readings makes no difference to its numbers.
 */
export class Readings {
  readonly #executable: Executable;
  readonly #pace: Pace;
  readonly #mostSteps: number;
  readonly #width: number;
  /** That are worth a reading. */
  #steps = 1;
  #asked: Asked[] = [];
  #askedAtMs = 0;

  /**
   * @param executable any of the program's steps.
   * @param mostSteps of a call, besides the device's own limit.
   * @param width how many slots there are.
   */
  constructor(executable: Executable, pace: Pace, mostSteps: number, width: number) {
    this.#executable = executable;
    this.#pace = pace;
    this.#mostSteps = Math.min(pace.mostSteps, mostSteps);
    this.#width = width;
  }

  /** Steps of the next call: of a loop, as many as are worth a reading; those that are written out have one number. */
  get stepsOfCall(): number {
    return this.#executable.model.steps ?? this.#steps;
  }

  /** Whether it is time to read. */
  get areDue(): boolean {
    const isWritten = this.#executable.model.steps !== undefined;
    return !isWritten || this.#asked.reduce((sum, { steps }) => sum + steps, 0) >= this.#steps;
  }

  /** Says that a call is about to be made. */
  begin(): void {
    if (this.#asked.length === 0) this.#askedAtMs = performance.now();
  }

  add(call: Asked): void {
    this.#asked.push(call);
  }

  /** Waits for all calls that were not read; undefined where there are none. */
  async read(): Promise<Reading | undefined> {
    if (this.#asked.length === 0) return undefined;
    const calls: { losses: Numbers; points?: Numbers }[] = [];
    for (const { loss, trajectory } of this.#asked) {
      const losses = await this.#executable.read(loss);
      calls.push({ losses, points: trajectory && await this.#executable.read(trajectory) });
      this.#executable.free(trajectory ? [loss, trajectory] : [loss]);
    }
    this.#asked = [];
    const ms = performance.now() - this.#askedAtMs;
    const steps = calls.reduce((sum, { losses }) => sum + losses.length, 0) / this.#width;
    const worth = Math.floor(this.#pace.readingMs * steps / ms);
    this.#steps = Math.max(1, Math.min(this.#mostSteps, worth));
    return { ms, steps, calls };
  }
}
