/** What one trial of a group measures, up to its end: the last epoch, a verdict, or the first number that is not finite. */
import type { EpochMetrics, Measured } from "../trial.ts";
import type { TestMetrics } from "./test_run.ts";
import { type SavedTimes, StepTimes } from "./turns.ts";

/** A record of a trial in training. Plain data. */
export interface SavedRecord {
  readonly epochs: readonly EpochMetrics[];
  readonly epochSeconds: readonly number[];
  readonly trajectory: readonly (readonly [number, number])[];
  readonly steps: number;
  /** Over the epoch at hand. */
  readonly lossSum: number;
  readonly stepTimes: SavedTimes;
}

/** How a trial ends, other than by its last epoch. */
export interface Ending {
  readonly status: Measured["status"];
  readonly reason: string;
}

type Recorded = Pick<Measured, "epochs" | "epochSeconds" | "trajectory" | "steps" | "stepMs">;

/** A record that grows. */
export class TrialRecord {
  readonly #epochs: EpochMetrics[];
  readonly #epochSeconds: number[];
  readonly #trajectory: (readonly [number, number])[];
  readonly #stepTimes: StepTimes;
  #steps: number;
  #lossSum: number;
  #ending: Ending | undefined;

  /**
   * @param round steps until the first kind of steps has its turn again.
   * @param saved what was recorded before.
   */
  constructor(round: number, saved?: SavedRecord) {
    this.#epochs = [...saved?.epochs ?? []];
    this.#epochSeconds = [...saved?.epochSeconds ?? []];
    this.#trajectory = [...saved?.trajectory ?? []];
    this.#stepTimes = new StepTimes(round, saved?.stepTimes);
    this.#steps = saved?.steps ?? 0;
    this.#lossSum = saved?.lossSum ?? 0;
  }

  /** Whether nothing has ended it yet. */
  get inTraining(): boolean {
    return this.#ending === undefined;
  }

  get epochs(): readonly EpochMetrics[] {
    return this.#epochs;
  }

  /** Milliseconds that some steps took, of which so many trials each had a share. */
  time(ms: number, steps: number, trials: number): void {
    this.#stepTimes.add(ms, steps, trials);
  }

  /** All so far; it does not change with what is added later. */
  save(): SavedRecord {
    return {
      epochs: [...this.#epochs],
      epochSeconds: [...this.#epochSeconds],
      trajectory: [...this.#trajectory],
      steps: this.#steps,
      lossSum: this.#lossSum,
      stepTimes: this.#stepTimes.save(),
    };
  }

  /** Adds where the trial is in a landscape. */
  move(x: number, y: number): void {
    this.#trajectory.push([x, y]);
  }

  /** Adds the loss before a step. */
  step(loss: number): void {
    this.#steps++;
    this.#lossSum += loss;
    if (!Number.isFinite(loss)) {
      this.end({
        status: "diverged",
        reason: `loss is ${loss} at step ${this.#steps} (epoch ${this.#epochs.length + 1})`,
      });
    }
  }

  /** Adds what was measured after an epoch. */
  endEpoch(measured: TestMetrics, stepsPerEpoch: number, seconds: number): void {
    const epoch = this.#epochs.length + 1;
    const { testLoss } = measured;
    if (!Number.isFinite(testLoss)) {
      this.end({ status: "diverged", reason: `test loss is ${testLoss} after epoch ${epoch}` });
      return;
    }
    this.#epochs.push({ epoch, trainLoss: this.#lossSum / stepsPerEpoch, ...measured });
    this.#epochSeconds.push(seconds);
    this.#lossSum = 0;
  }

  /** @param ending undefined: it goes on. */
  end(ending: Ending | undefined): void {
    this.#ending = ending;
  }

  /** A trial that nothing has ended is through its last epoch. */
  outcome(): Recorded & (Ending | { readonly status: "completed" }) {
    return {
      ...this.#ending ?? { status: "completed" },
      epochs: this.#epochs,
      epochSeconds: this.#epochSeconds,
      steps: this.#steps,
      ...this.#trajectory.length > 0 && { trajectory: this.#trajectory },
      stepMs: this.#stepTimes.samples,
    };
  }
}
