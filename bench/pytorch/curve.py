"""Training on real images from given initial values in a given order, so that loss curves can be laid side by side."""

from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional

from pytorch.machine import set_threads
from pytorch.networks import Convolutional, make_network
from pytorch.optimizers import make_optimizer
from pytorch.training import Training, cross_entropy


class Curve:
    """What a request's "folder" holds, raw and row-major:

    values       float32, all parameters one after another as optbench has them, in the order of the request's
                 "shapes": filters [height, width, in, out], weights [in, out], images NHWC
    order        int32, the rows of each step's batch
    train_inputs, train_labels, test_inputs, test_labels
                 bytes; an input's value is byte / 255
    """

    def __init__(self, request):
        folder = Path(request["folder"])
        self.threads = request.get("threads", 1)
        self.order = torch.from_numpy(numpy.fromfile(folder / "order", numpy.int32)).long().split(request["batch"])
        columns = {name: torch.from_numpy(numpy.fromfile(folder / name, numpy.uint8))
                   for name in ("train_inputs", "train_labels", "test_inputs", "test_labels")}
        train, test = [(columns[f"{split}_inputs"].view(-1, *request["image"]).permute(0, 3, 1, 2).contiguous(),
                        columns[f"{split}_labels"].long()) for split in ("train", "test")]
        self.test = [column[:request["test_rows"]] for column in test]
        self.network = make_network(request["model"])
        load_values(self.network, numpy.fromfile(folder / "values", numpy.float32), request["shapes"])
        optimizer = make_optimizer(self.network.parameters(), request["optimizer"], request["hyper"],
                                   request.get("base", "sgd"))
        self.training = Training(
            self.network, optimizer, len(train[1]), request["batch"],
            lambda rows: (train[0].index_select(0, rows).float().div_(255), train[1].index_select(0, rows)),
            cross_entropy)

    def steps(self, first, count):
        """The losses before those steps, counted from 0, and after them the mean loss and accuracy on the test rows."""
        set_threads(self.threads, convolutions=True)
        losses = [self.training.step(rows).item() for rows in self.order[first:first + count]]
        return {"losses": losses, **self.evaluate()}

    @torch.no_grad()
    def evaluate(self):
        loss, correct, rows = 0.0, 0, len(self.test[1])
        for inputs, labels in zip(*[column.split(1000) for column in self.test]):
            logits = self.network(inputs.float().div_(255))
            loss += functional.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(1) == labels).sum().item()
        return {"test_loss": loss / rows, "accuracy": correct / rows}


def load_values(network, values, shapes):
    """Into the parameters, in the order of the network's layers.

    @throws ValueError when the shapes are not those of the network.
    """
    modules = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    parts = iter(numpy.split(values, numpy.cumsum([numpy.prod(shape, dtype=int) for shape in shapes])[:-1]))
    arrays = [torch.from_numpy(part).view(*shape) for part, shape in zip(parts, shapes)]
    if len(arrays) != 2 * len(modules):
        raise ValueError(f"Cannot load {len(arrays)} parameters: expected {2 * len(modules)}, weights and biases")
    first_dense = network.classifier[0] if isinstance(network, Convolutional) else None
    channels = None
    with torch.no_grad():
        for module, weight, bias in zip(modules, arrays[::2], arrays[1::2]):
            if isinstance(module, nn.Conv2d):
                weight, channels = weight.permute(3, 2, 0, 1), weight.shape[3]
            else:
                if module is first_dense:
                    # Its inputs are flattened NHWC there, NCHW here.
                    weight = weight.view(-1, channels, weight.shape[1]).transpose(0, 1).flatten(0, 1)
                weight = weight.t()
            if module.weight.shape != weight.shape or module.bias.shape != bias.shape:
                raise ValueError(f"Cannot load shape {list(weight.shape)}: expected {list(module.weight.shape)}")
            module.weight.copy_(weight)
            module.bias.copy_(bias)
