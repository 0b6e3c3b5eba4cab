/** The rungs of successive halving, at which the best 1/eta of the trials go on. */
import { count } from "../../optim/hyperparameter.ts";

/** What successive halving can be told, whether it waits for all trials or not. */
export const ladderOptions = {
  eta: count({ default: 3, min: 2, meaning: "of so many trials at a rung, one goes on" }),
  min: count({ default: 1, meaning: "epochs up to the first rung, which every trial is given" }),
} as const;

/** The epochs min, min eta, min eta^2, ..., up to an epoch and no further. */
export function ladder({ eta, min }: { readonly eta: number; readonly min: number }, last: number): number[] {
  const rungs = [];
  for (let rung = min; rung <= last; rung *= eta) rungs.push(rung);
  return rungs;
}

/** How many of the trials at a rung go on: a part of 1/eta, rounded down, but at least one. */
export function promoted(trials: number, eta: number): number {
  return Math.max(1, Math.floor(trials / eta));
}
