"""SGD, LARS and SAM for an accelerator: few kernels, each for all parameters at once (torch._foreach_*), and nothing
that the host waits for. The steps are those of PyTorch's own SGD."""

import torch

from pytorch import optimizers


class LARS(torch.optim.SGD):
    """Layer-wise adaptive rate scaling (You, Gitman & Ginsburg 2017), by the formulae of fixtures/README.md."""

    def __init__(self, params, lr, trust_coefficient=0.001, eps=1e-8, **sgd):
        super().__init__(params, lr, **sgd)
        self.trust_coefficient = trust_coefficient
        self.eps = eps
        for group in self.param_groups:
            # The step itself shall not decay: what is scaled, includes the decay.
            group["decay"], group["weight_decay"] = group["weight_decay"], 0

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params and group["decay"] != 0:
                self._scale(params, [p.grad for p in params], group["decay"])
        super().step()

    def _scale(self, params, grads, decay):
        w, g = torch.stack(torch._foreach_norm(params)), torch.stack(torch._foreach_norm(grads))
        q = self.trust_coefficient * w / (g + decay * w + self.eps)
        # Where one of the norms is 0, the gradient stays as it is: of zeros, whatever decay has added to it.
        q = q.masked_fill(w == 0, 1).masked_fill(g == 0, 0)
        torch._foreach_add_(grads, params, alpha=decay)
        torch._foreach_mul_(grads, q.unbind())


class SAM(optimizers.SAM):
    """Sharpness-aware minimization (Foret et al. 2021; adaptive: Kwon et al. 2021) over a base optimizer's class."""

    def _perturb(self):
        params = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        directions = [p.grad for p in params]
        if not params:
            return params, directions
        if self.adaptive:
            torch._foreach_mul_(directions, params)
        scale = self.rho / (torch.stack(torch._foreach_norm(directions)).norm() + 1e-12)
        if self.adaptive:
            torch._foreach_mul_(directions, params)
        torch._foreach_mul_(directions, scale)
        torch._foreach_add_(params, directions)
        return params, directions

    def _restore(self, perturbation):
        params, directions = perturbation
        if params:
            torch._foreach_sub_(params, directions)


RULES = {"sgd": torch.optim.SGD, "lars": LARS, "adam": torch.optim.Adam}


def make_optimizer(params, name, hyper, base="sgd"):
    """By a name of RULES, or "sam" over the rule that `base` names."""
    return SAM(params, RULES[base], **hyper) if name == "sam" else RULES[name](params, **hyper)
