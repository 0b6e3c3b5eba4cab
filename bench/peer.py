#!/usr/bin/python3
"""PyTorch's side of the measurements: optbench's training loops, written as a good PyTorch programmer would.

A server: one JSON request a line on stdin, one JSON reply a line on stdout, so that a harness can take turns between
this process and its own. Every request has an "op" and may have an "id", which its reply repeats; a request that fails
is answered with {"error": ...}.

    {"op": "setup", "id": "a", "model": {"layers": [784, 256, 128, 10], "hidden": "relu" | "tanh"},
     "optimizer": "sgd" | "lars" | "sam", "hyper": {"lr": 0.1, ...}, "batch": 128, "threads": 1}
        makes a model, its optimizer and "rows" (60,000 unless said) random images, and keeps them under that id
    {"op": "steps", "id": "a", "n": 50}
        trains it for n steps: {"ms_per_step": mean wall-clock milliseconds, "loss": before the last step}
    {"op": "sweep", "optimizer": "lars", "configurations": [{"lr": 0.1, ...}, ...], "seeds": [42], "epochs": 30,
     "batch": 64, "threads": 1}
        trains the 64-32-10 tanh network on digits once for each configuration and seed, one after another:
        {"wall_seconds": for all of them, data and evaluation included, "best_accuracy": after the last epoch}

"hyper" holds the optimizer's own arguments; for SAM also those of its base, which "base" names (sgd unless said).

    peer.py --verify lars.json sam.json

compares LARS and SAM with the parity vectors instead, which fixtures/README.md explains.
"""

import argparse
import ctypes
import json
import math
import sys
import time
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional

DIGITS = Path(__file__).parent.parent / "datasets" / "digits.csv.gz"
DIGITS_TRAIN_ROWS = 1437


class LARS(torch.optim.Optimizer):
    """Layer-wise adaptive rate scaling (You, Gitman & Ginsburg 2017), by the formulae of fixtures/README.md."""

    def __init__(self, params, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False,
                 trust_coefficient=0.001, eps=1e-8):
        defaults = dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov)
        super().__init__(params, defaults)
        # The formulae have one value of these for all groups.
        self.trust_coefficient = trust_coefficient
        self.eps = eps

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()

        for group in self.param_groups:
            momentum, weight_decay = group["momentum"], group["weight_decay"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                d = p.grad
                if weight_decay != 0:
                    d = self._scaled(p, d, weight_decay)
                if momentum != 0:
                    state = self.state[p]
                    if "momentum_buffer" not in state:
                        v = state["momentum_buffer"] = torch.clone(d)
                    else:
                        v = state["momentum_buffer"]
                        v.mul_(momentum).add_(d, alpha=1 - group["dampening"])
                    d = d.add(v, alpha=momentum) if group["nesterov"] else v
                p.add_(d, alpha=-group["lr"])
        return loss

    def _scaled(self, w, g, weight_decay):
        # On a CPU, reading a norm costs nothing and spares the arithmetic of a torch.where on tensors.
        w_norm = w.norm().item()
        g_norm = g.norm().item()
        if w_norm == 0 or g_norm == 0:
            return g
        q = self.trust_coefficient * w_norm / (g_norm + weight_decay * w_norm + self.eps)
        return g.add(w, alpha=weight_decay).mul_(q)


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
        for p, e in perturbation:
            p.sub_(e)
        self.base.step()
        return loss

    def _perturb(self):
        params = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        if not params:
            return []
        h = [p * p.grad if self.adaptive else p.grad for p in params]
        norm = torch.stack([x.norm() for x in h]).norm()
        scale = self.rho / (norm + 1e-12)
        e = [x.mul_(p).mul_(scale) if self.adaptive else x * scale for p, x in zip(params, h)]
        for p, e_p in zip(params, e):
            p.add_(e_p)
        return list(zip(params, e))


RULES = {"sgd": torch.optim.SGD, "lars": LARS, "adam": torch.optim.Adam}


def make_optimizer(params, name, hyper, base="sgd"):
    if name == "sam":
        return SAM(params, RULES[base], **hyper)
    return RULES[name](params, **hyper)


def make_network(layers, hidden):
    """Fully connected; Glorot uniform weights and zero biases, as optbench's tasks have them."""
    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[hidden]
    modules = []
    for fan_in, fan_out in zip(layers, layers[1:]):
        linear = nn.Linear(fan_in, fan_out)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        modules += [linear, activation()]
    return nn.Sequential(*modules[:-1])


class Training:
    """A network in training on inputs and labels in memory."""

    def __init__(self, network, optimizer, inputs, labels, batch):
        self.network = network
        self.optimizer = optimizer
        self.inputs = inputs
        self.labels = labels
        self.batch = batch
        self.batches = iter(())

    def epoch_batches(self):
        """The rows of each batch, in a new order; the last incomplete batch is dropped."""
        order = torch.randperm(len(self.labels))
        return order[:len(order) // self.batch * self.batch].split(self.batch)

    def step(self, rows):
        """Takes one step and returns the loss before it, as a tensor without a graph."""
        inputs, labels = self.inputs.index_select(0, rows), self.labels.index_select(0, rows)

        def closure():
            self.optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(self.network(inputs), labels)
            loss.backward()
            return loss

        if isinstance(self.optimizer, SAM):
            return self.optimizer.step(closure).detach()
        loss = closure()
        self.optimizer.step()
        return loss.detach()

    def steps(self, n):
        """Takes n steps, over as many epochs as that needs, and returns the last one's loss."""
        for _ in range(n):
            rows = next(self.batches, None)
            if rows is None:
                self.batches = iter(self.epoch_batches())
                rows = next(self.batches)
            loss = self.step(rows)
        return loss


class Server:
    def __init__(self):
        self.trainings = {}

    def setup(self, request):
        torch.manual_seed(0)
        layers = request["model"]["layers"]
        network = make_network(layers, request["model"]["hidden"])
        optimizer = make_optimizer(network.parameters(), request["optimizer"], request["hyper"],
                                   request.get("base", "sgd"))
        training = Training(network, optimizer, *random_images(request.get("rows", 60_000), layers), request["batch"])
        self.trainings[request["id"]] = training, request.get("threads", 1)
        return {"torch": torch.__version__}

    def steps(self, request):
        training, threads = self.trainings[request["id"]]
        set_threads(threads)
        start = time.perf_counter()
        loss = training.steps(request["n"])
        ms = 1000 * (time.perf_counter() - start)
        return {"ms_per_step": ms / request["n"], "loss": loss.item()}

    def sweep(self, request):
        set_threads(request.get("threads", 1))
        start = time.perf_counter()
        train, test = load_digits()
        accuracies = [
            train_on_digits(train, test, seed, request.get("optimizer", "lars"), hyper, request.get("base", "sgd"),
                            request.get("batch", 64), request.get("epochs", 30))
            for hyper in request["configurations"] for seed in request["seeds"]
        ]
        return {"wall_seconds": time.perf_counter() - start, "best_accuracy": max(accuracies)}

    def answer(self, request):
        operations = {"setup": self.setup, "steps": self.steps, "sweep": self.sweep}
        return operations[request["op"]](request)


def set_threads(n):
    """Debian's PyTorch has two thread pools: OpenBLAS's, which multiplies the matrices and which set_num_threads does
    not reach, and its own. Both pools at once hinder each other: an MLP step of 1.0 ms on two processors then takes
    2 ms or far more (1.4 with OMP_WAIT_POLICY=passive). So the threads go where the work is."""
    torch.set_num_threads(1)
    ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(n)


def random_images(rows, layers):
    """Inputs in [0, 1), labelled by a random linear map: a network that could learn nothing from them would die, and
    its momentum fade into denormal numbers, which take far longer to multiply."""
    inputs = torch.rand(rows, layers[0])
    return inputs, ((inputs - 0.5) @ torch.randn(layers[0], layers[-1])).argmax(1)


def load_digits():
    """(inputs, labels) of the training rows and of the test rows."""
    table = torch.from_numpy(numpy.loadtxt(DIGITS, delimiter=",", skiprows=1, dtype=numpy.float32))
    inputs, labels = table[:, :-1] / 16, table[:, -1].long()
    train, test = slice(None, DIGITS_TRAIN_ROWS), slice(DIGITS_TRAIN_ROWS, None)
    return (inputs[train], labels[train]), (inputs[test], labels[test])


def train_on_digits(train, test, seed, optimizer, hyper, base, batch, epochs):
    """One trial; returns the test accuracy after its last epoch. A trial whose loss is not finite ends there."""
    torch.manual_seed(seed)
    network = make_network([64, 32, 10], "tanh")
    training = Training(network, make_optimizer(network.parameters(), optimizer, hyper, base), *train, batch)
    accuracy = 0.0
    for _ in range(epochs):
        losses = [training.step(rows) for rows in training.epoch_batches()]
        train_loss = torch.stack(losses).mean().item()
        test_loss, accuracy = evaluate(network, *test)
        if not (math.isfinite(train_loss) and math.isfinite(test_loss)):
            break
    return accuracy


@torch.no_grad()
def evaluate(network, inputs, labels):
    """Mean loss and accuracy, over all rows at once."""
    logits = network(inputs)
    loss = functional.cross_entropy(logits, labels)
    return loss.item(), (logits.argmax(1) == labels).float().mean().item()


def serve():
    server = Server()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = server.answer(request)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"id": request.get("id"), **reply}), flush=True)


class Verification:
    """One case of the parity vectors in one precision."""

    def __init__(self, case, dtype):
        self.case = case
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
        return make_optimizer(groups, self.case["optimizer"], {**base, **hyper}, name)

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


def verify(paths):
    """Prints the largest deviation of each file and precision; false where one is beyond its tolerance."""
    good = True
    for path in paths:
        cases = json.loads(Path(path).read_text())["cases"]
        for dtype, tolerance in TOLERANCES.items():
            deviations = {case["name"]: Verification(case, dtype).run() for case in cases}
            wrong = [name for name, deviation in deviations.items() if not deviation <= tolerance]
            print(f"{path} {dtype}: {len(cases) - len(wrong)} of {len(cases)} cases within {tolerance:g}, "
                  f"largest deviation {max(deviations.values()):.1e}")
            for name in wrong:
                print(f"  {name}: {deviations[name]:.1e}")
            good = good and not wrong
    return good


def main():
    parser = argparse.ArgumentParser(description="PyTorch's side of optbench's measurements")
    parser.add_argument("--verify", nargs="+", metavar="PATH", help="compare LARS and SAM with parity vectors")
    paths = parser.parse_args().verify
    if paths is None:
        serve()
    elif not verify(paths):
        sys.exit(1)


if __name__ == "__main__":
    main()
