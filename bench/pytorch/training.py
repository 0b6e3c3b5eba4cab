"""A network in training on data in memory."""

from functools import lru_cache

import torch
from torch import nn
from torch.nn import functional

from pytorch.augmentation import Crops, channel_standardizer, jitter_colours, standardize
from pytorch.machine import set_threads
from pytorch.networks import make_network, weight_penalty
from pytorch.optimizers import SAM, make_optimizer

CIFAR10 = ("cifar10_3c3d", "cifar10_resnet20")


class Training:
    """`batch_of` maps numbers of rows to a batch, `loss` a network and a batch to the mean loss. All of them are on
    `device`. `threads`: None leaves them as they are."""

    def __init__(self, network, optimizer, rows, batch, batch_of, loss, threads=1, device="cpu"):
        self.network = network
        self.optimizer = optimizer
        self.rows = rows
        self.batch = batch
        self.batch_of = batch_of
        self.loss = loss
        self.threads = threads
        self.device = device
        self.batches = iter(())

    def epoch_batches(self):
        """The rows of each batch, in a new order; the last incomplete batch is dropped."""
        order = torch.randperm(self.rows, device=self.device)
        return order[:self.rows // self.batch * self.batch].split(self.batch)

    def step(self, rows):
        """Takes one step and returns the loss before it, as a tensor without a graph."""
        batch = self.batch_of(rows)

        def closure():
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.network, batch)
            loss.backward()
            return loss

        if isinstance(self.optimizer, SAM):
            return self.optimizer.step(closure).detach()
        loss = closure()
        self.optimizer.step()
        return loss.detach()

    def steps(self, n):
        """Takes n steps, over as many epochs as that needs, and returns the last one's loss."""
        if self.threads is not None:
            set_threads(self.threads, any(isinstance(module, nn.Conv2d) for module in self.network.modules()))
        for _ in range(n):
            rows = next(self.batches, None)
            if rows is None:
                self.batches = iter(self.epoch_batches())
                rows = next(self.batches)
            loss = self.step(rows)
        return loss


def rows_of(*columns):
    """Batches of float images and labels: those rows of each column."""
    return lambda rows: tuple(column.index_select(0, rows) for column in columns)


def cross_entropy(network, batch):
    inputs, labels = batch
    return functional.cross_entropy(network(inputs), labels)


def regularized_cross_entropy(network, batch):
    return cross_entropy(network, batch) + weight_penalty(network)


def loss_of(model):
    """The loss of a task's network, by the task's name."""
    if isinstance(model, str) and model.endswith("vae"):
        return lambda network, batch: network(batch[0])
    return regularized_cross_entropy if model == "cifar10_3c3d" else cross_entropy


def make_training(request):
    """From a request of peer.py, on random images."""
    torch.manual_seed(0)
    model = request["model"]
    network = make_network(model)
    optimizer = make_optimizer(network.parameters(), request["optimizer"], request["hyper"],
                               request.get("base", "sgd"))
    rows = request.get("rows", 60_000)
    batch_of = images_of(model, rows, request.get("augment", True))
    return Training(network, optimizer, rows, request["batch"], batch_of, loss_of(model), request.get("threads", 1))


def images_of(model, rows, augment=True, device="cpu"):
    """Batches of random images for a model, by numbers of rows."""
    return photographs(model, rows, augment, device) if model in CIFAR10 else grey_images(rows, device)


@lru_cache(1)
def grey_images(rows, device="cpu"):
    """Images of 28x28 in [0, 1), labelled by a random linear map: a network that could learn nothing from them would
    die, and its momentum fade into denormal numbers, which take far longer to multiply."""
    inputs = torch.rand(rows, 1, 28, 28, device=device)
    return rows_of(inputs, ((inputs.flatten(1) - 0.5) @ torch.randn(28 * 28, 10, device=device)).argmax(1))


@lru_cache(1)
def photographs(model, rows, augment, device):
    """Bytes of 3x32x32, labelled likewise."""
    images = torch.randint(256, (rows, 3, 32, 32), dtype=torch.uint8, device=device)
    pixels = images[:, :, ::4, ::4].flatten(1).float() - 127.5
    labels = (pixels @ torch.randn(3 * 8 * 8, 10, device=device)).argmax(1)
    if model == "cifar10_3c3d":
        crops, colours, plain = Crops(images, 2), jitter_colours, standardize
    else:
        crops, colours = Crops(images, 4), channel_standardizer(device)
        plain = colours

    def augmented(rows):
        return colours(crops(rows)), labels.index_select(0, rows)

    def unchanged(rows):
        return plain(images.index_select(0, rows).float()), labels.index_select(0, rows)

    return augmented if augment else unchanged
