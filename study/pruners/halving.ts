import type { PrunerKind } from "./kind.ts";
import { ladder, ladderOptions, promoted } from "./ladder.ts";

/**
 * Successive halving (Jamieson & Talwalkar, AISTATS 2016, Non-stochastic Best Arm Identification and Hyperparameter
 * Optimization; with eta other than 2 as in Li et al., JMLR 2018, Hyperband). All trials of a cohort pause after
 * min eta^k epochs; then the max(1, floor(n / eta)) best of n go on.
 */
export const halving: PrunerKind<"eta" | "min"> = {
  name: "halving",
  summary: "successive halving: all trials wait at each rung for one another, then the best 1/eta go on",
  options: ladderOptions,
  build: ({ eta, min }) => ({
    rungs: {
      epochs: (budget) => ladder({ eta, min }, budget - 1),
      survivors(costs) {
        const places = costs.flatMap((cost, place) => cost === undefined ? [] : [{ cost, place }]);
        return places.sort((a, b) => a.cost - b.cost).slice(0, promoted(costs.length, eta))
          .map(({ place }) => place).sort((a, b) => a - b);
      },
    },
  }),
};
