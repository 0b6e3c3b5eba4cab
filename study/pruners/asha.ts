import { count } from "../../optim/hyperparameter.ts";
import { bestsAt } from "./curves.ts";
import type { PrunerKind } from "./kind.ts";
import { ladder, ladderOptions, promoted } from "./ladder.ts";

/**
 * Asynchronous successive halving: ASHA (Li et al., MLSys 2020, A System for Massively Parallel Hyperparameter Tuning,
 * arXiv:1810.05934, algorithm 2), in the variant that stops trials where the paper's pauses them.
 *
 * Rungs are after min eta^k epochs. Of the n trials that have reached a rung, this one included, the max(1, floor(n /
 * eta)) best go on, by the best cost of each up to there, and whatever equals the last of these.
 *
 * With several brackets it is asynchronous Hyperband: the trials take turns at them, and those of bracket s, whose first
 * rung is after min eta^s epochs, are compared with none but one another.
 */
export const asha: PrunerKind<"eta" | "min" | "brackets"> = {
  name: "asha",
  summary: "asynchronous successive halving: the best 1/eta of the earlier trials' costs at each rung go on",
  options: {
    ...ladderOptions,
    brackets: count({ default: 1, meaning: "ladders that the trials take turns at, each a rung shorter" }),
  },
  build: ({ eta, min, brackets }) => ({
    bound(epoch, earlier, trial) {
      const bracket = trial % brackets;
      if (ladder({ eta, min }, epoch).indexOf(epoch) < bracket) return undefined;
      const rivals = bestsAt(epoch, earlier.filter((_, i) => i % brackets === bracket)).sort();
      return rivals[promoted(rivals.length + 1, eta) - 1];
    },
  }),
};
