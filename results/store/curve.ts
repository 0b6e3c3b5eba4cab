import type { EpochMetrics } from "../../study/trial.ts";
import type { SqlRow } from "./database.ts";
import { fromBlob, toBlob } from "./numbers.ts";

/** What was measured after each epoch of a trial. */
export class Curve {
  /** Numbers of an epoch. */
  static readonly WIDTH = 4;
  /** Shape [epochs, 4]: train loss, test loss, test accuracy (NaN where there is none), seconds. */
  readonly numbers: Float64Array;

  readonly #hasAccuracy: boolean;

  constructor(numbers: Float64Array, hasAccuracy: boolean) {
    this.numbers = numbers;
    this.#hasAccuracy = hasAccuracy;
  }

  get epochs(): number {
    return this.numbers.length / Curve.WIDTH;
  }

  get trainLoss(): Float64Array {
    return this.#column(0);
  }

  get testLoss(): Float64Array {
    return this.#column(1);
  }

  get testAccuracy(): Float64Array | undefined {
    return this.#hasAccuracy ? this.#column(2) : undefined;
  }

  /** At the end of each epoch, of the trial's time. */
  get seconds(): Float64Array {
    return this.#column(3);
  }

  #column(at: number): Float64Array {
    return Float64Array.from({ length: this.epochs }, (_, i) => this.numbers[Curve.WIDTH * i + at]);
  }
}

/** A curve as the database keeps it. */
export function encodeCurve(epochs: readonly EpochMetrics[], seconds: readonly number[]): Uint8Array {
  return toBlob(
    epochs.flatMap(({ trainLoss, testLoss, testAccuracy = NaN }, i) => [
      trainLoss,
      testLoss,
      testAccuracy,
      seconds[i],
    ]),
  );
}

export function decodeCurve({ epochs, has_accuracy }: SqlRow): Curve {
  return new Curve(fromBlob(epochs as Uint8Array), has_accuracy === 1);
}
