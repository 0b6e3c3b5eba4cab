import { number } from "../../optim/hyperparameter.ts";
import type { PrunerKind } from "./kind.ts";

/**
 * Ends a trial whose training loss has grown: that of its latest epoch is more than `factor` times that of its first.
 * Where the first is not positive, as of a function whose minimum is below 0, there is no such ratio, and none is ended.
 */
export const divergence: PrunerKind<"factor"> = {
  name: "divergence",
  summary: "ends a trial whose training loss exceeds a multiple of that of its first epoch",
  options: {
    factor: number({
      default: 3,
      min: 1,
      meaning: "of the first epoch's training loss, what none may exceed",
    }),
  },
  build: ({ factor }) => ({
    objection(epochs) {
      const first = epochs[0].trainLoss;
      const { epoch, trainLoss } = epochs.at(-1)!;
      if (first <= 0 || trainLoss <= factor * first) return undefined;
      return `training loss ${shown(trainLoss)} in epoch ${epoch}, more than ${factor} times the ${
        shown(first)
      } of the first`;
    },
  }),
};

function shown(loss: number): string {
  return String(Number(loss.toPrecision(3)));
}
