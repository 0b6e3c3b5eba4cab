/** Which trials end after an epoch that is not their last. */
import type { Task } from "../../tasks/task.ts";
import { costOf } from "../cost.ts";
import { best } from "../pruners/curves.ts";
import type { Stopping } from "../pruners/pruner.ts";
import { parsePruner } from "../pruners/registry.ts";
import type { EpochMetrics } from "../trial.ts";
import type { Ending } from "./record.ts";

/** Says how a trial ends after the latest of its epochs; undefined: it goes on. */
export type Judge = (epochs: readonly EpochMetrics[]) => Ending | undefined;

/**
 * The judge by a trial's rules: the target comes first, then what earlier trials cost, then what the trial itself did.
 *
 * @throws {SpaceError} for a text that is no pruner.
 */
export function judgeBy(
  { bounds, pruners, atTarget }: Stopping,
  { metric, target }: Pick<Task, "metric" | "target">,
): Judge {
  const own = pruners.map(parsePruner);
  const isAccuracy = metric === "accuracy";
  const targetCost = isAccuracy ? -target : target;
  const shown = (cost: number) => isAccuracy ? `${rounded(-100 * cost)} %` : rounded(cost);
  return (epochs) => {
    const after = epochs.length;
    const costs = epochs.map((metrics) => costOf(metrics, metric));
    if (atTarget && costs[after - 1] <= targetCost) {
      return {
        status: "completed",
        reason: `reached the target of ${shown(targetCost)} after epoch ${after}`,
      };
    }
    const lowest = best(costs);
    for (const { pruner, costs } of bounds) {
      const bound = costs[after - 1];
      if (bound !== undefined && lowest > bound) {
        const needed = `at ${isAccuracy ? "least" : "most"} ${shown(bound)} goes on`;
        const reason = `${pruner}: best ${metric} ${shown(lowest)} after epoch ${after}, ${needed}`;
        return { status: "pruned", reason };
      }
    }
    for (const { text, objection, satisfaction } of own) {
      const against = objection?.(epochs, costs);
      if (against !== undefined) return { status: "pruned", reason: `${text}: ${against}` };
      const enough = satisfaction?.(epochs, costs);
      if (enough !== undefined) return { status: "completed", reason: `${text}: ${enough}` };
    }
  };
}

/** With as many digits as a person compares. */
function rounded(x: number): string {
  return String(Number(x.toPrecision(4)));
}
