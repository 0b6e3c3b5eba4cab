import type { Scalar, Tensor } from "@tensorflow/tfjs";
import { number, numberOrOff } from "./hyperparameter.ts";
import { updateRule } from "./optimizer.ts";

/**
 * Adam (Kingma & Ba 2015, arXiv:1412.6980, algorithm 1) with coupled weight decay, as PyTorch 1.13 defines it. t counts
 * the gradients that this tensor has had:
 *
 *     d = g + weight_decay w
 *     m = beta1 m + (1 - beta1) d                  exp_avg
 *     s = beta2 s + (1 - beta2) d^2                exp_avg_sq
 *     w = w - lr / (1 - beta1^t) m / (sqrt(s) / sqrt(1 - beta2^t) + eps)
 */
export const adam = updateRule({
  name: "adam",
  summary: "adaptive moment estimation",
  source: "Kingma & Ba 2015, arXiv:1412.6980, algorithm 1, in the form of torch.optim.Adam 1.13",
  hyperparameters: {
    lr: number({ sweep: "log:1e-4..0.1:7", meaning: "learning rate" }),
    beta1: number({
      default: 0.9,
      below: 1,
      sweep: "0.8,0.9",
      meaning: "decay of the running mean of gradients",
    }),
    beta2: number({
      default: 0.999,
      below: 1,
      sweep: "0.99,0.999",
      meaning: "decay of the running mean of squared gradients",
    }),
    eps: number({ default: 1e-8, meaning: "added to the denominator" }),
    weight_decay: numberOrOff({ meaning: "factor of the parameters added to the gradient" }),
  },
  derive: ({ beta1, beta2 }) => ({
    complement1: 1 - beta1,
    complement2: 1 - beta2,
    log_beta1: Math.log(beta1),
    log_beta2: Math.log(beta2),
  }),
}, {
  init: (w, h) => ({ exp_avg: w.zerosLike(), exp_avg_sq: w.zerosLike(), step: h.lr.zerosLike() }),
  update(w, g, slots, h) {
    const t = slots.step.add(1);
    const d = h.weight_decay === 0 ? g : g.add(w.mul(h.weight_decay));
    const m = slots.exp_avg.mul(h.beta1).add(d.mul(h.complement1));
    const s = slots.exp_avg_sq.mul(h.beta2).add(d.square().mul(h.complement2));
    const stepSize = h.lr.div(oneMinusExp(h.log_beta1.mul(t)));
    const denominator = s.sqrt().div(oneMinusExp(h.log_beta2.mul(t)).sqrt()).add(h.eps);
    return { w: w.sub(m.div(denominator).mul(stepSize)), slots: { exp_avg: m, exp_avg_sq: s, step: t } };
  },
});

/**
 * 1 - e^x for x <= 0, as -2 tanh(x/2) / (1 - tanh(x/2)). Near zero, where 1 - beta^t loses three digits in float32,
 * this keeps them.
 */
function oneMinusExp(x: Tensor): Scalar {
  const tanh = x.div(2).tanh();
  return tanh.mul(2).div(tanh.sub(1)) as Scalar;
}
