import { count, number } from "../../optim/hyperparameter.ts";
import { best } from "./curves.ts";
import type { PrunerKind } from "./kind.ts";

/**
 * Early stopping (Prechelt 1998, Early Stopping - But When?): a trial ends once its last `epochs` epochs have not
 * brought its best cost down by more than `delta`.
 */
export const patience: PrunerKind<"epochs" | "delta"> = {
  name: "patience",
  summary: "ends a trial whose best cost has not improved by more than delta for some epochs",
  options: {
    epochs: count({ default: 5, meaning: "epochs to wait for an improvement" }),
    delta: number({ default: 0, meaning: "what an improvement has to exceed; of an accuracy, 0.01 is 1 %" }),
  },
  build: ({ epochs, delta }) => ({
    satisfaction(_, costs) {
      const last = costs.length - epochs;
      if (last < 1 || best(costs, 0, last) - best(costs, last) > delta) return undefined;
      const by = delta === 0 ? "" : ` by more than ${delta}`;
      return `no improvement${by} in the ${epochs} epochs up to epoch ${costs.length}`;
    },
  }),
};
