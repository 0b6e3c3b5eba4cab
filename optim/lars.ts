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
 * Layer-wise adaptive rate scaling (You, Gitman & Ginsburg 2017, arXiv:1708.03888, equations 4 to 6 and algorithm 1),
 * with |.| the Euclidean norm of the whole tensor before the update:
 *
 *     q = trust_coefficient |w| / (|g| + weight_decay |w| + eps)
 *     d = q (g + weight_decay w)
 *     d = momentum(d)                              see momentum.ts
 *     w = w - lr d
 *
 * Where weight_decay, |w| or |g| is zero, d = g: the tensor is neither scaled nor decayed. So a group with
 * weight_decay 0 (biases, normalisation) is left out of the scaling. The learning rate multiplies outside the momentum
 * buffer, unlike in the paper, where it stands inside.
 */
export const lars = updateRule({
  name: "lars",
  summary: "layer-wise adaptive rate scaling, for large batches",
  source: "You, Gitman & Ginsburg 2017, arXiv:1708.03888, equations 4 to 6",
  hyperparameters: {
    lr: number({ sweep: "0.1,0.3,1,3", meaning: "learning rate" }),
    trust_coefficient: number({
      default: 0.001,
      sweep: "0.001,0.005,0.02,0.05",
      meaning: "size of a layer's step relative to the norm of its parameters",
    }),
    ...momentumHyperparameters,
    weight_decay: numberOrOff({
      sweep: "1e-4",
      meaning: "factor of the parameters added to the gradient; 0 switches the layer-wise scaling off too",
    }),
    eps: number({ default: 1e-8, meaning: "added to the denominator of the trust ratio" }),
  },
  conflict: momentumConflict,
  derive: deriveMomentum,
}, {
  init: initMomentum,
  update(w, g, slots, h) {
    let scaled = g;
    if (h.weight_decay !== 0) {
      const wNorm = w.norm();
      const gNorm = g.norm();
      const denominator = gNorm.add(wNorm.mul(h.weight_decay)).add(h.eps);
      const trustRatio = wNorm.mul(h.trust_coefficient).div(denominator);
      // Chosen as scalars, not as tensors: 1 (g + 0 w) is g to the last bit.
      const bothNonZero = wNorm.minimum(gNorm).greater(0);
      const q = trustRatio.where(bothNonZero, trustRatio.onesLike());
      const decay = h.weight_decay.where(bothNonZero, h.weight_decay.zerosLike());
      scaled = g.add(w.mul(decay)).mul(q);
    }
    const { d, slots: next } = applyMomentum(scaled, slots, h);
    return { w: w.sub(d.mul(h.lr)), slots: next };
  },
});
