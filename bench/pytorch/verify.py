"""LARS and SAM against the parity vectors that fixtures/README.md explains."""

import json
import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from pytorch.optimizers import make_optimizer


class Verification:
    """One case of the parity vectors in one precision."""

    def __init__(self, case, dtype, make):
        self.case = case
        self.make = make
        self.expected = case["expected"][str(dtype).removeprefix("torch.")]
        self.dtype = dtype
        self.params = {}
        groups = []
        for group in case["groups"]:
            members = {p["name"]: nn.Parameter(self.tensor(p["initial"], p["shape"])) for p in group["params"]}
            self.params.update(members)
            groups.append({"params": list(members.values()), **group["overrides"]})
        self.optimizer = self.make_optimizer(groups)
        self.deviation = 0.0

    def tensor(self, values, shape):
        return torch.tensor(values, dtype=self.dtype).reshape(shape)

    def make_optimizer(self, groups):
        hyper = dict(self.case["hyper"])
        base = dict(self.case.get("base", {}))
        name = base.pop("type", None)
        return self.make(groups, self.case["optimizer"], {**base, **hyper}, name)

    def run(self):
        """The largest deviation of any array, relative to the largest magnitude in it."""
        for step, expected in zip(self.case["steps"], self.expected):
            for group, lr in zip(self.optimizer.param_groups, step["lr"]):
                group["lr"] = lr
            if self.case["optimizer"] == "lars":
                self.set_gradients(step["gradients"])
                self.optimizer.step()
            else:
                self.step_sam(step, expected)
            self.compare(self.values(), expected["params"])
            for slot, values in expected["state"].items():
                self.compare(self.slot(slot), values)
        return self.deviation

    def set_gradients(self, gradients):
        for name, values in gradients.items():
            p = self.params[name]
            p.grad = None if values is None else self.tensor(values, p.shape)

    def step_sam(self, step, expected):
        passes = iter([("", "params"), ("perturbed_", "perturbed")])

        def closure():
            prefix, params = next(passes)
            if params == "perturbed":
                self.compare(self.values(), expected["perturbed"])
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(step["inactive"])
            if loss.requires_grad:
                loss.backward()
            self.compare({"loss": loss.detach()}, {"loss": expected[prefix + "loss"]})
            self.compare({name: p.grad for name, p in self.params.items()}, expected[prefix + "gradients"])
            return loss

        self.optimizer.step(closure)

    def loss(self, inactive):
        loss, params = self.case["loss"], self.params
        if loss["type"] == "mlp_cross_entropy":
            inputs = torch.tensor(loss["inputs"], dtype=self.dtype)
            hidden = torch.tanh(functional.linear(inputs, params["w1"], params["b1"]))
            logits = functional.linear(hidden, params["w2"], params["b2"])
            return functional.cross_entropy(logits, torch.tensor(loss["labels"]))
        total = torch.zeros((), dtype=self.dtype)
        for name, term in loss["terms"].items():
            if name not in inactive:
                p = params[name]
                a, b, c = (self.tensor(term[key], p.shape) for key in "abc")
                total = total + (0.5 * a * (p - c) ** 2 + 0.25 * b * p ** 4).sum()
        return total

    def values(self):
        return {name: p.detach() for name, p in self.params.items()}

    def slot(self, slot):
        state = getattr(self.optimizer, "base", self.optimizer).state
        return {name: state.get(p, {}).get(slot) for name, p in self.params.items()}

    def compare(self, actual, expected):
        for name, values in expected.items():
            found = actual[name]
            if found is None or values is None:
                if found is not values:
                    self.deviation = math.inf
                continue
            wanted = torch.as_tensor(values, dtype=torch.float64).reshape(-1)
            if wanted.numel() == 0:
                continue
            difference = (torch.as_tensor(found).double().reshape(-1) - wanted).abs().max().item()
            magnitude = wanted.abs().max().item()
            if difference > magnitude or math.isnan(difference):
                self.deviation = math.inf
            elif difference != 0:
                self.deviation = max(self.deviation, difference / magnitude)


TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}


def verify(paths, make=make_optimizer):
    """Prints the largest deviation of each file and precision; false where one is beyond its tolerance. `make` makes
    the optimizers as make_optimizer does."""
    good = True
    for path in paths:
        cases = json.loads(Path(path).read_text())["cases"]
        for dtype, tolerance in TOLERANCES.items():
            deviations = {case["name"]: Verification(case, dtype, make).run() for case in cases}
            wrong = [name for name, deviation in deviations.items() if not deviation <= tolerance]
            print(f"{path} {dtype}: {len(cases) - len(wrong)} of {len(cases)} cases within {tolerance:g}, "
                  f"largest deviation {max(deviations.values()):.1e}")
            for name in wrong:
                print(f"  {name}: {deviations[name]:.1e}")
            good = good and not wrong
    return good
