/** What curves of costs say up to an epoch. */
import type { CostCurve } from "./pruner.ts";

/** The best cost up to and including an epoch of each curve that reaches it. */
export function bestsAt(epoch: number, curves: readonly CostCurve[]): Float64Array {
  return Float64Array.from(reaching(epoch, curves).map((costs) => best(costs, 0, epoch)));
}

/** The mean cost up to and including an epoch of each curve that reaches it. */
export function meansAt(epoch: number, curves: readonly CostCurve[]): Float64Array {
  const mean = (costs: CostCurve) => {
    let sum = 0;
    for (let i = 0; i < epoch; i++) sum += costs[i];
    return sum / epoch;
  };
  return Float64Array.from(reaching(epoch, curves).map(mean));
}

/** The lowest of the costs from one place up to another, that one not included. */
export function best(costs: CostCurve, from = 0, to = costs.length): number {
  let lowest = Infinity;
  for (let i = from; i < to; i++) lowest = Math.min(lowest, costs[i]);
  return lowest;
}

function reaching(epoch: number, curves: readonly CostCurve[]): readonly CostCurve[] {
  return curves.filter(({ length }) => length >= epoch);
}
