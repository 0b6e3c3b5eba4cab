/** The measurement of a group after an epoch. */
import type { Split } from "../../datasets/dataset.ts";
import type { Executable, Numbers, Value } from "../../engine/device.ts";
import { type Task, testBatchSize } from "../../tasks/task.ts";
import type { EpochMetrics } from "../trial.ts";
import { feedData, NoiseFeed, type Values } from "./feeds.ts";
import { ROWS } from "./names.ts";

export type TestMetrics = Pick<EpochMetrics, "testLoss" | "testAccuracy">;

/** Measures on all complete batches of the test rows. */
export class TestRun {
  readonly #executable: Executable;
  /** The data. */
  readonly #fixed: Values;
  /** The rows and the noise of each call. */
  readonly #calls: readonly Values[];
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
    this.#fixed = feedData(executable, split);
    const noise = new NoiseFeed(executable, task.testNoise, seeds, "test noise", batchSize);
    const stepsOfCall = executable.model.steps ?? this.#steps;
    this.#calls = Array.from({ length: this.#steps / stepsOfCall }, (_, call) => {
      const first = call * stepsOfCall * batchSize;
      const rows = Int32Array.from({ length: stepsOfCall * batchSize }, (_, i) => first + i);
      return { [ROWS]: executable.value(ROWS, rows), ...noise.take(stepsOfCall) };
    });
  }

  /** What each slot measures. */
  async measure(point: Values): Promise<TestMetrics[]> {
    const results: Record<string, Value>[] = [];
    for (const feeds of this.#calls) {
      results.push(await this.#executable.run({ ...point, ...this.#fixed, ...feeds }));
    }
    const losses = await this.#all(results.map(({ loss }) => loss));
    const accuracies = await this.#all(results.flatMap(({ accuracy }) => accuracy ?? []));
    return Array.from({ length: this.#width }, (_, slot) => ({
      testLoss: this.#mean(losses, slot),
      ...accuracies.length > 0 && { testAccuracy: this.#mean(accuracies, slot) },
    }));
  }

  /** Their numbers; the values are gone afterwards. */
  async #all(values: readonly Value[]): Promise<Numbers[]> {
    const all: Numbers[] = [];
    for (const value of values) all.push(await this.#executable.read(value));
    this.#executable.free(values);
    return all;
  }

  #mean(calls: readonly Numbers[], slot: number): number {
    let total = 0;
    for (const all of calls) for (let i = slot; i < all.length; i += this.#width) total += all[i];
    return total / this.#steps;
  }
}
