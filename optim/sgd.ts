import { number, numberOrOff } from "./hyperparameter.ts";
import {
  applyMomentum,
  deriveMomentum,
  initMomentum,
  momentumConflict,
  momentumHyperparameters,
} from "./momentum.ts";
import { updateRule } from "./optimizer.ts";

/**
 * Stochastic gradient descent with momentum, as PyTorch 1.13 defines it:
 *
 *     d = g + weight_decay w
 *     d = momentum(d)                              see momentum.ts
 *     w = w - lr d
 */
export const sgd = updateRule({
  name: "sgd",
  summary: "stochastic gradient descent with heavy-ball or Nesterov momentum",
  source: "Sutskever, Martens, Dahl & Hinton, ICML 2013, in the form of torch.optim.SGD 1.13",
  hyperparameters: {
    lr: number({ sweep: "log:0.003..3:7", meaning: "learning rate" }),
    ...momentumHyperparameters,
    weight_decay: numberOrOff({ meaning: "factor of the parameters added to the gradient" }),
  },
  conflict: momentumConflict,
  derive: deriveMomentum,
}, {
  init: initMomentum,
  update(w, g, slots, h) {
    const decayed = h.weight_decay === 0 ? g : g.add(w.mul(h.weight_decay));
    const { d, slots: next } = applyMomentum(decayed, slots, h);
    return { w: w.sub(d.mul(h.lr)), slots: next };
  },
});
