import type { Scalar, Tensor } from "@tensorflow/tfjs";
import { flag, number } from "./hyperparameter.ts";
import {
  applyRule,
  type Coefficients,
  type Gradients,
  type Group,
  initState,
  type Optimizer,
  type Tensors,
  type UpdateRule,
} from "./optimizer.ts";

const ownHyperparameters = {
  rho: number({ default: 0.05, sweep: "0.01,0.05,0.2", meaning: "radius of the neighbourhood" }),
  adaptive: flag({
    default: true,
    sweep: "false,true",
    meaning: "measure the neighbourhood relative to each parameter's size (ASAM)",
  }),
};

type Own = Coefficients<typeof ownHyperparameters, "norm_offset">;

/**
 * Sharpness-aware minimization (Foret, Kleiner, Mobahi & Neyshabur 2021, arXiv:2010.01412, algorithm 1), by default in
 * its adaptive form (Kwon, Kim, Park & Choi 2021, arXiv:2102.11600, equation 9, with T_w = |w| and no offset), over any
 * update rule:
 *
 *     w' = w + e(w, g)                             g the gradient at w, e below
 *     w  = base step from w with the gradient at w'
 *
 * The base step starts from the very tensors that the step was given, so what is restored is restored to the last bit.
 * Hyper-parameters of a group apply to that group's perturbation; the norm runs over all groups.
 */
export function sam(base: UpdateRule): Optimizer {
  return {
    name: "sam",
    base: base.name,
    summary: "sharpness-aware minimization over a base optimizer",
    source:
      "Foret et al. 2021, arXiv:2010.01412, algorithm 1; adaptive: Kwon et al. 2021, arXiv:2102.11600, equation 9",
    hyperparameters: { ...ownHyperparameters, ...base.hyperparameters },
    conflict: base.conflict,
    // A constant of the code is a float32; fed like this, it is exact in float64 too.
    derive: (values) => ({ ...base.derive?.(values), norm_offset: 1e-12 }),
    init: (params, groups) => initState(base, params, groups),
    step(gradient, point, groups) {
      const { loss, gradients } = gradient(point.params);
      const perturbed = perturb(point.params, gradients, groups).params;
      return { loss, ...applyRule(base, gradient(perturbed).gradients, point, groups) };
    },
  };
}

/**
 * SAM's ascent, over the parameters that have a gradient:
 *
 *     N = sqrt(sum |h|^2)                          h = |w| g if adaptive, else g
 *     w' = w + rho / (N + 1e-12) (w^2 g if adaptive, else g)
 *
 * @returns the perturbed parameters, and N (0-d; null where no parameter has a gradient).
 */
export function perturb(
  params: Tensors,
  gradients: Gradients,
  groups: readonly Group<Coefficients>[],
): { params: Tensors; norm: Scalar | null } {
  const active: { name: string; w: Tensor; g: Tensor; hyper: Own }[] = [];
  for (const { parameters, hyper } of groups) {
    for (const name of parameters) {
      const g = gradients[name];
      if (g !== null) active.push({ name, w: params[name], g, hyper: hyper as Own });
    }
  }
  if (active.length === 0) return { params, norm: null };
  const squares = active.map(({ w, g, hyper }) => (hyper.adaptive ? w.mul(g) : g).square().sum());
  const norm = squares.reduce((sum, square) => sum.add(square)).sqrt() as Scalar;
  const perturbed: Record<string, Tensor> = { ...params };
  for (const { name, w, g, hyper } of active) {
    const scale = hyper.rho.div(norm.add(hyper.norm_offset));
    perturbed[name] = w.add((hyper.adaptive ? w.square().mul(g) : g).mul(scale));
  }
  return { params: perturbed, norm };
}
