/** Methods that end trials early: what each is asked and what it answers. */
import type { EpochMetrics } from "../trial.ts";

/** The costs of a trial after each of its epochs, the first epoch first: finite, the lower the better. */
export type CostCurve = readonly number[];

/** A pruner with its options chosen: it has one of the four ways to end a trial. */
export interface Pruner {
  /** As it was asked for, such as `asha:eta=3`. */
  readonly text: string;
  /**
   * The highest that the best cost of a trial up to and including an epoch may be for it to go on after that epoch;
   * undefined where any may. Called ahead of the training, once for each epoch but the last.
   *
   * @param epoch from 1
   * @param earlier the curves of the study's first trials, each at its trial's number: shorter than the training where a
   * trial ended early, empty where it failed.
   * @param trial the number of the trial that is judged, from 0.
   */
  readonly bound?: (epoch: number, earlier: readonly CostCurve[], trial: number) => number | undefined;
  /** Why a trial is to end after its latest epoch, by its own measurements; undefined: it goes on. */
  readonly objection?: (epochs: readonly EpochMetrics[], costs: CostCurve) => string | undefined;
  /** Why a trial need not go on after its latest epoch, as any more would change little: it is completed. */
  readonly satisfaction?: (epochs: readonly EpochMetrics[], costs: CostCurve) => string | undefined;
  /** For all trials of a cohort, which wait for one another. */
  readonly rungs?: Rungs;
}

/** Where the trials of a cohort wait for one another, and which of them go on. */
export interface Rungs {
  /** The epochs after which they wait, ascending, all before the last epoch of a training of that many. */
  epochs(budget: number): readonly number[];
  /**
   * Which trials of those that were to reach a rung go on, by their places, ascending: the best, and of equals the first.
   *
   * @param costs the best of each trial up to and including the rung; undefined of one that ended before, which counts
   * as one of them but never goes on.
   */
  survivors(costs: readonly (number | undefined)[]): readonly number[];
}

/** What ends a trial early: settled before it starts, so that it does not matter which trials end meanwhile. Plain data. */
export interface Stopping {
  /** By pruner, the highest that the trial's best cost so far may be for it to go on after each epoch, the first first. */
  readonly bounds: readonly { readonly pruner: string; readonly costs: readonly (number | undefined)[] }[];
  /** The pruners that go by the trial's own measurements. */
  readonly pruners: readonly string[];
  /** Whether to end, completed, where the metric reaches the target. */
  readonly atTarget: boolean;
}
