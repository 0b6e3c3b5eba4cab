"""PyTorch's side of bench/gpu.sh: networks as scripts usually write them (plain.py), with random images and all else on
one device. A server as peer.py is: one JSON request a line on stdin, one JSON reply a line on stdout, {"error": ...}
where one fails. It has one training at a time.

    {"op": "describe"}
        the versions of PyTorch, CUDA and cuDNN, and the device
    {"op": "setup", "model": "mnist_2c2d", "optimizer": "sgd" | "lars" | "sam", "hyper": {"lr": 0.1, ...},
     "rows": 60000, "batch": 128}
        makes it and takes its first steps, which compile what is to be compiled: {"seconds": that this took}
    {"op": "steps", "n": 78}
        trains for n steps: {"ms_per_step": mean wall-clock milliseconds}
    {"op": "setup_sweep", ..., "lrs": [0.1, ...]}
        the same, and keeps the learning rates; where the last request of the kind was for the same model and optimizer,
        there is nothing else to do
    {"op": "sweep", "n": 78}
        trains from the initial values for n steps with each learning rate, one after another: {"seconds": for all}

The host waits for the device before a measurement begins and before it ends, and at no step in between.

    gpu.py --device cpu --verify lars.json sam.json

compares its LARS and SAM with the parity vectors instead, which fixtures/README.md explains.
"""

import argparse
import json
import sys
import time

# Imports leave nothing behind in the working tree.
sys.dont_write_bytecode = True

import torch

from pytorch.foreach import make_optimizer
from pytorch.resident import Resident
from pytorch.verify import verify

parser = argparse.ArgumentParser(description="PyTorch's side of bench/gpu.sh")
parser.add_argument("--device", choices=["cuda", "cpu"], required=True)
parser.add_argument("--compile", metavar="MODE", help="torch.compile's mode, such as default or reduce-overhead")
parser.add_argument("--tf32", action="store_true", help="TF32 for all products; else as PyTorch comes: in convolutions")
parser.add_argument("--threads", type=int, default=1, help="of the host")
parser.add_argument("--verify", nargs="+", metavar="PATH", help="compare LARS and SAM with parity vectors")
options = parser.parse_args()


def prepare():
    if options.device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("PyTorch finds no CUDA device")
    if options.compile and not hasattr(torch, "compile"):
        raise RuntimeError(f"PyTorch {torch.__version__} has no torch.compile")
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.backends.cuda.matmul.allow_tf32 = options.tf32
    # All batches have one shape: the fastest convolution is looked for once.
    torch.backends.cudnn.benchmark = True


def describe():
    description = {"torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
                   "threads": torch.get_num_threads(), "compile": options.compile,
                   "tf32_matmul": torch.backends.cuda.matmul.allow_tf32,
                   "tf32_cudnn": torch.backends.cudnn.allow_tf32}
    if options.device == "cuda":
        device = torch.cuda.get_device_properties(0)
        description |= {"device": device.name, "memory_gib": round(device.total_memory / 2**30, 1)}
    return description


class Server:
    def __init__(self):
        self.resident = None
        self.made = None
        self.lrs = []

    def describe(self, _request):
        prepare()
        return describe()

    def setup(self, request):
        # The one before goes first, and what was compiled for it.
        self.resident = self.made = None
        if options.compile:
            torch._dynamo.reset()
        start = time.perf_counter()
        self.resident = Resident(request, options.device, options.compile)
        self.resident.warm_up()
        self.made = what(request)
        return {"seconds": time.perf_counter() - start}

    def setup_sweep(self, request):
        self.lrs = request["lrs"]
        return {"seconds": 0} if self.made == what(request) else self.setup(request)

    def steps(self, request):
        seconds = self.resident.timed(lambda: self.resident.steps(request["n"]))
        return {"ms_per_step": 1000 * seconds / request["n"]}

    def sweep(self, request):
        return {"seconds": self.resident.timed(lambda: self.resident.sweep(self.lrs, request["n"]))}

    def answer(self, request):
        operations = {"describe": self.describe, "setup": self.setup, "setup_sweep": self.setup_sweep,
                      "steps": self.steps, "sweep": self.sweep}
        return operations[request["op"]](request)


def what(request):
    return request["model"], request["optimizer"]


def serve():
    server = Server()
    for line in sys.stdin:
        try:
            reply = server.answer(json.loads(line))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(reply), flush=True)


if options.verify is None:
    serve()
elif not verify(options.verify, make_optimizer):
    sys.exit(1)
