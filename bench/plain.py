"""PyTorch as a script is usually written: nn.Module, torch.optim.SGD, memory laid out and allocated by default. It answers
the requests `setup` and `steps` of bench/peer.py, for momentum SGD alone; the threads are those of its environment."""

import json
import os
import sys
import time

# Pinned by a shell to kernels of an older processor, OpenBLAS would slow down this side alone.
for pin in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]:
    os.environ.pop(pin, None)

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 1000), nn.ReLU(), nn.Linear(1000, 500), nn.ReLU(),
                         nn.Linear(500, 100), nn.ReLU(), nn.Linear(100, 10))


def net_2c2d():
    return nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(), nn.Linear(1024, 10))


def net_3c3d():
    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    return nn.Sequential(nn.Conv2d(3, 64, 5), nn.ReLU(), pool(), nn.Conv2d(64, 96, 3), nn.ReLU(), pool(),
                         nn.Conv2d(96, 128, 3, padding=1), nn.ReLU(), pool(),
                         nn.Flatten(), nn.Linear(1152, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(),
                         nn.Linear(256, 10))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x):
        y = functional.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.stride > 1:
            x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.added))
        return functional.relu(y + x)


def resnet20():
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    blocks = [Block(a, b, 1 if a == b else 2) for a, b in zip(widths, widths[1:])]
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


NETWORKS = {"mnist_mlp": (mlp, (1, 28, 28)), "mnist_2c2d": (net_2c2d, (1, 28, 28)),
            "cifar10_3c3d": (net_3c3d, (3, 32, 32)), "cifar10_resnet20": (resnet20, (3, 32, 32))}


class Training:
    """The images are as they come: neither augmented nor decayed."""

    def __init__(self, request):
        make, shape = NETWORKS[request["model"]]
        self.network = make()
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.01, momentum=0.9)
        self.batch = request["batch"]
        self.images = torch.rand(8192, *shape)
        self.labels = torch.randint(0, 10, (8192,))

    def step(self):
        rows = torch.randint(0, len(self.labels), (self.batch,))
        self.optimizer.zero_grad()
        loss = functional.cross_entropy(self.network(self.images[rows]), self.labels[rows])
        loss.backward()
        self.optimizer.step()


def main():
    training = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "setup":
            torch.set_num_threads(request["threads"])
            training = Training(request)
            print(json.dumps({}), flush=True)
        else:
            start = time.perf_counter()
            for _ in range(request["n"]):
                training.step()
            print(json.dumps({"ms_per_step": (time.perf_counter() - start) * 1000 / request["n"]}), flush=True)


if __name__ == "__main__":
    main()
