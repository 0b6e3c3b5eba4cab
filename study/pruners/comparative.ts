import type { Pruner } from "./pruner.ts";

/** Whether a pruner judges a trial by others. */
export function isComparative({ bound, rungs }: Pruner): boolean {
  return bound !== undefined || rungs !== undefined;
}
