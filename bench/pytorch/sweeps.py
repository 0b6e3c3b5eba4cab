"""Sweeps: many configurations, one after another."""

import math
import time
from pathlib import Path

import numpy
import torch
from torch.nn import functional

from pytorch.machine import set_threads
from pytorch.networks import make_network
from pytorch.optimizers import make_optimizer
from pytorch.training import Training, cross_entropy, grey_images, rows_of

DIGITS = Path(__file__).parent.parent.parent / "datasets" / "digits.csv.gz"
DIGITS_TRAIN_ROWS = 1437
DIGITS_MODEL = {"layers": [64, 32, 10], "hidden": "tanh"}


class Sweep:
    """Configurations of an optimizer for one model on random images, each trained for as many steps as is asked for."""

    def __init__(self, request):
        self.request = request
        self.rows = request.get("rows", 60_000)
        self.batch_of = grey_images(self.rows)

    def run(self, n):
        """Trains all configurations from their initial values; returns the last one's loss."""
        request = self.request
        for hyper in request["configurations"]:
            torch.manual_seed(0)
            network = make_network(request["model"])
            optimizer = make_optimizer(network.parameters(), request["optimizer"], hyper, request.get("base", "sgd"))
            training = Training(network, optimizer, self.rows, request["batch"], self.batch_of, cross_entropy,
                                request.get("threads", 1))
            loss = training.steps(n)
        return loss


def sweep_digits(request):
    """Wall seconds of all trials, data and evaluation included, and the best accuracy after a last epoch."""
    set_threads(request.get("threads", 1), convolutions=False)
    start = time.perf_counter()
    train, test = load_digits()
    accuracies = [
        train_on_digits(train, test, seed, request.get("optimizer", "lars"), hyper, request.get("base", "sgd"),
                        request.get("batch", 64), request.get("epochs", 30))
        for hyper in request["configurations"] for seed in request["seeds"]
    ]
    return {"wall_seconds": time.perf_counter() - start, "best_accuracy": max(accuracies)}


def load_digits():
    """(inputs, labels) of the training rows and of the test rows."""
    table = torch.from_numpy(numpy.loadtxt(DIGITS, delimiter=",", skiprows=1, dtype=numpy.float32))
    inputs, labels = table[:, :-1] / 16, table[:, -1].long()
    train, test = slice(None, DIGITS_TRAIN_ROWS), slice(DIGITS_TRAIN_ROWS, None)
    return (inputs[train], labels[train]), (inputs[test], labels[test])


def train_on_digits(train, test, seed, optimizer, hyper, base, batch, epochs):
    """One trial; returns the test accuracy after its last epoch. A trial whose loss is not finite ends there."""
    torch.manual_seed(seed)
    network = make_network(DIGITS_MODEL)
    optimizer = make_optimizer(network.parameters(), optimizer, hyper, base)
    training = Training(network, optimizer, len(train[1]), batch, rows_of(*train), cross_entropy)
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
