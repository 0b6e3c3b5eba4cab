import type { CostCurve, Pruner, Stopping } from "./pruner.ts";

/**
 * What the pruners that compare trials allow a trial after each of its epochs but the last. It is the same for all
 * trials of a bracket that are judged by the same earlier ones.
 *
 * @param epochs of the whole training
 * @param earlier the curves of the study's first trials, each at its trial's number: shorter than the training where a
 * trial ended early, empty where it failed.
 * @param trial the number of the trial that is judged, from 0.
 */
export function boundsOf(
  pruners: readonly Pruner[],
  epochs: number,
  earlier: readonly CostCurve[],
  trial: number,
): Stopping["bounds"] {
  return pruners.flatMap(({ text, bound }) =>
    bound === undefined ? [] : [{
      pruner: text,
      costs: Array.from({ length: epochs - 1 }, (_, i) => bound(i + 1, earlier, trial)),
    }]
  );
}
