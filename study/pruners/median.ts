import { count } from "../../optim/hyperparameter.ts";
import { meansAt } from "./curves.ts";
import type { PrunerKind } from "./kind.ts";

/**
 * The median stopping rule (Golovin et al., KDD 2017, Google Vizier: A Service for Black-Box Optimization, section
 * 3.2.2): a trial ends after epoch e where its best cost up to e is worse than the median, over the earlier trials that
 * have reached e, of the mean of their costs up to e. Of an even number, the median is halfway between the middle two.
 */
export const median: PrunerKind<"warmup" | "trials"> = {
  name: "median",
  summary:
    "ends a trial whose best cost is worse than the median of the earlier trials' mean costs up to there",
  options: {
    warmup: count({ default: 1, meaning: "epochs that every trial is given" }),
    trials: count({ default: 5, meaning: "earlier trials that an epoch needs before any is judged at it" }),
  },
  build: ({ warmup, trials }) => ({
    bound(epoch, earlier) {
      if (epoch < warmup) return undefined;
      const means = meansAt(epoch, earlier).sort();
      if (means.length < trials) return undefined;
      const middle = means.length / 2;
      return (means[Math.ceil(middle) - 1] + means[Math.floor(middle)]) / 2;
    },
  }),
};
