"""SGD, LARS and SAM, with as few passes over the parameters as their formulae allow. They change gradients in place."""

import torch


class SGD(torch.optim.Optimizer):
    """As torch.optim.SGD, in 6 readings and writings of the parameters' size instead of 8 (momentum alone)."""

    def __init__(self, params, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
                                      nesterov=nesterov))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._step(p, p.grad, group)

    def _step(self, p, d, group):
        if group["weight_decay"] != 0:
            d.add_(p, alpha=group["weight_decay"])
        self._move(p, d, group)

    def _move(self, p, d, group):
        momentum, dampening = group["momentum"], group["dampening"]
        if momentum != 0:
            state = self.state[p]
            if "momentum_buffer" not in state:
                v = state["momentum_buffer"] = torch.clone(d)
            else:
                v = state["momentum_buffer"]
                if dampening == 0:
                    torch.add(d, v, alpha=momentum, out=v)
                else:
                    v.mul_(momentum).add_(d, alpha=1 - dampening)
            d = d.add_(v, alpha=momentum) if group["nesterov"] else v
        p.add_(d, alpha=-group["lr"])


class LARS(SGD):
    """Layer-wise adaptive rate scaling (You, Gitman & Ginsburg 2017), by the formulae of fixtures/README.md."""

    def __init__(self, params, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False,
                 trust_coefficient=0.001, eps=1e-8):
        super().__init__(params, lr, momentum, dampening, weight_decay, nesterov)
        # The formulae have one value of these for all groups.
        self.trust_coefficient = trust_coefficient
        self.eps = eps

    def _step(self, p, g, group):
        if group["weight_decay"] != 0:
            self._scale(p, g, group["weight_decay"])
        self._move(p, g, group)

    def _scale(self, w, g, weight_decay):
        # On a CPU, reading a norm costs nothing and spares the arithmetic of a torch.where on tensors.
        w_norm = norm(w)
        g_norm = norm(g)
        if w_norm == 0 or g_norm == 0:
            return
        q = self.trust_coefficient * w_norm / (g_norm + weight_decay * w_norm + self.eps)
        g.add_(w, alpha=weight_decay).mul_(q)


class SAM(torch.optim.Optimizer):
    """Sharpness-aware minimization (Foret et al. 2021; adaptive: Kwon et al. 2021) over a base optimizer's class."""

    def __init__(self, params, base, rho=0.05, adaptive=True, **base_hyper):
        super().__init__(params, {})
        self.base = base(self.param_groups, **base_hyper)
        self.param_groups = self.base.param_groups
        self.rho = rho
        self.adaptive = adaptive

    @torch.no_grad()
    def step(self, closure):
        """`closure` computes the loss and its gradients, afresh; it is called twice."""
        closure = torch.enable_grad()(closure)
        loss = closure()
        perturbation = self._perturb()
        closure()
        self._restore(perturbation)
        self.base.step()
        return loss

    def _perturb(self):
        params = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        # The second pass makes new gradients, so these may be changed and kept.
        directions = [p.grad.mul_(p) if self.adaptive else p.grad for p in params]
        scale = self.rho / (sum(norm(x) ** 2 for x in directions) ** 0.5 + 1e-12)
        for p, x in zip(params, directions):
            if self.adaptive:
                x.mul_(p)
            # Scaled before it is added: with add_'s alpha, taking it off again would leave a rounding error.
            p.add_(x.mul_(scale))
        return params, directions

    def _restore(self, perturbation):
        for p, e in zip(*perturbation):
            p.sub_(e)


def norm(x):
    """As a number. OpenBLAS's product takes less than half the time of PyTorch's norm."""
    flat = x.flatten()
    return torch.dot(flat, flat).item() ** 0.5


RULES = {"sgd": SGD, "lars": LARS, "adam": torch.optim.Adam}
LIBRARY = "torch.optim."


def make_optimizer(params, name, hyper, base="sgd"):
    """By a name of RULES, "sam" (over the rule that `base` names), or a class' own name, such as torch.optim.NAdam."""
    if name.startswith(LIBRARY):
        return getattr(torch.optim, name[len(LIBRARY):])(params, **hyper)
    if name == "sam":
        return SAM(params, RULES[base], **hyper)
    return RULES[name](params, **hyper)
