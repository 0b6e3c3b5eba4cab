/** Kinds of steps that take turns, as those of LookSAM do: which comes next, and how long a step takes on average. */
export class Turns {
  readonly #turns: readonly string[];
  #taken: number;

  /** @param taken how many steps were taken before. */
  constructor(turns: readonly string[], taken = 0) {
    this.#turns = turns;
    this.#taken = taken;
  }

  /** The kind of the next step, and how many steps of that kind come one after another, at most so many. */
  next(most: number): { turn: string; steps: number } {
    const count = this.#turns.length;
    const turn = this.#turns[this.#taken % count];
    let steps = 1;
    while (steps < most && this.#turns[(this.#taken + steps) % count] === turn) steps++;
    this.#taken += steps;
    return { turn, steps };
  }
}

/** Samples, and the round that is not yet complete. Plain data. */
export interface SavedTimes {
  readonly samples: readonly number[];
  readonly ms: number;
  readonly steps: number;
}

/** Milliseconds a step, a sample for each call into the runtime; where kinds take turns, for each round of them. */
export class StepTimes {
  readonly #samples: number[];
  readonly #round: number;
  #ms: number;
  #steps: number;

  /**
   * @param round steps until the first kind's turn comes again.
   * @param saved what was measured before.
   */
  constructor(round: number, { samples, ms, steps }: SavedTimes = { samples: [], ms: 0, steps: 0 }) {
    this.#round = round;
    this.#samples = [...samples];
    this.#ms = ms;
    this.#steps = steps;
  }

  /** All so far; it does not change with what is added later. */
  save(): SavedTimes {
    return { samples: [...this.#samples], ms: this.#ms, steps: this.#steps };
  }

  /** Where no round was completed, that of the broken one. */
  get samples(): readonly number[] {
    return this.#samples.length > 0 || this.#steps === 0 ? this.#samples : [this.#ms / this.#steps];
  }

  /** @param trials that took the steps together, and share the time. */
  add(ms: number, steps: number, trials: number): void {
    this.#ms += ms / trials;
    this.#steps += steps;
    if (this.#steps % this.#round !== 0) return;
    this.#samples.push(this.#ms / this.#steps);
    this.#ms = this.#steps = 0;
  }
}
