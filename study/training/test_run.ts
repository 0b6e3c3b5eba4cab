/** The measurement of a group after an epoch. */
import type { Split } from "../../datasets/dataset.ts";
import { type Executable, numbers, type Value } from "../../engine/runtime.ts";
import { type Task, testBatchSize } from "../../tasks/task.ts";
import type { EpochMetrics } from "../trial.ts";
import { feedData, NoiseFeed, type Values } from "./feeds.ts";
import { ROWS } from "./names.ts";

export type TestMetrics = Pick<EpochMetrics, "testLoss" | "testAccuracy">;

/** Measures on all complete batches of the test rows. */
export class TestRun {
  readonly #executable: Executable;
  readonly #feeds: Values;
  readonly #steps: number;
  readonly #width: number;

  /**
   * @param seeds one for each slot, or one for all.
   * @param width how many slots there are.
   */
  constructor(executable: Executable, task: Task, split: Split, seeds: readonly number[], width: number) {
    const batchSize = testBatchSize(task);
    this.#executable = executable;
    this.#width = width;
    this.#steps = Math.floor(split.rows / batchSize);
    const rows = Int32Array.from({ length: this.#steps * batchSize }, (_, row) => row);
    this.#feeds = {
      ...feedData(executable, split),
      [ROWS]: executable.value(ROWS, rows),
      ...new NoiseFeed(executable, task.testNoise, seeds, "test noise", batchSize).take(this.#steps),
    };
  }

  /** What each slot measures. */
  async measure(point: Values): Promise<TestMetrics[]> {
    const { loss, accuracy } = await this.#executable.run({ ...point, ...this.#feeds });
    return Array.from({ length: this.#width }, (_, slot) => ({
      testLoss: this.#mean(loss, slot),
      ...accuracy && { testAccuracy: this.#mean(accuracy, slot) },
    }));
  }

  #mean(value: Value, slot: number): number {
    const all = numbers(value);
    let total = 0;
    for (let i = slot; i < all.length; i += this.#width) total += all[i];
    return total / this.#steps;
  }
}
