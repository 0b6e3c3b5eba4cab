"""A training that lives on one device: data, parameters and state, and the order of the rows."""

import time

import torch

from plain import NETWORKS
from pytorch.foreach import make_optimizer
from pytorch.training import Training, images_of, loss_of

WARM_UP_STEPS = 3


class Resident:
    """From a request of gpu.py. `mode` is torch.compile's; without it, PyTorch is eager."""

    def __init__(self, request, device, mode=None):
        torch.manual_seed(0)
        self.device = device
        model, rows = request["model"], request["rows"]
        network = NETWORKS[model][0]().to(device)
        batch_of, loss, hyper = images_of(model, rows, device=device), loss_of(model), dict(request["hyper"])
        if mode:
            batch_of, loss = torch.compile(batch_of), torch.compile(loss, mode=mode)
            # A number would be part of the code, and each learning rate of a sweep need code of its own.
            hyper["lr"] = torch.tensor(hyper["lr"], device=device)
        elif device == "cuda":
            hyper["fused"] = True
        self.optimizer = make_optimizer(network.parameters(), request["optimizer"], hyper)
        if mode:
            compile_steps(self.optimizer)
        self.training = Training(network, self.optimizer, rows, request["batch"], batch_of, loss, None, device)
        self.values = list(network.state_dict().values())
        self.initial = [value.clone() for value in self.values]

    def warm_up(self):
        self.timed(lambda: self.steps(WARM_UP_STEPS))

    def steps(self, n):
        self.training.steps(n)

    def sweep(self, lrs, n):
        """n steps with each learning rate, from the initial values: all configurations have one seed."""
        for lr in lrs:
            self._restart(lr)
            self.steps(n)

    def timed(self, work):
        """Seconds that it takes, until the device has done it."""
        self._wait()
        start = time.perf_counter()
        work()
        self._wait()
        return time.perf_counter() - start

    @torch.no_grad()
    def _restart(self, lr):
        for value, initial in zip(self.values, self.initial):
            value.copy_(initial)
        base = getattr(self.optimizer, "base", self.optimizer)
        for state in base.state.values():
            # Without dampening, it starts from zeros as well as from the first gradient.
            state["momentum_buffer"].zero_()
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(lr)
            else:
                group["lr"] = lr

    def _wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()


def compile_steps(optimizer):
    """What an optimizer does between the passes through the network."""
    if hasattr(optimizer, "base"):
        optimizer._perturb = torch.compile(optimizer._perturb)
        optimizer._restore = torch.compile(optimizer._restore)
        optimizer = optimizer.base
    optimizer.step = torch.compile(optimizer.step)
