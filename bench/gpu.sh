#!/bin/sh
# Ours beside PyTorch on a machine with an NVIDIA GPU: a step of a single trial, and the wall time of a sweep.
# bench/gpu.ts says what is compared, and how. It needs no network, but the checkout with its node_modules, Deno, a
# Python with PyTorch 2.3 or later, and for WebGPU a Vulkan loader (Debian: libvulkan1).
#
#     bench/gpu.sh [OPTION]... [WORD]... >gpu.json
#
#     --deno PATH              the first option, if it is there: Deno (default: deno)
#     --python PATH            the Python that has PyTorch (default: $OPTBENCH_PYTHON, or python3)
#     --cuda-dir FOLDER        of ONNX Runtime's provider for CUDA and of CUDA's libraries, as `optbench doctor` has
#                              them installed (default: $OPTBENCH_CUDA, or none: where they are the system's)
#     --device cpu             a dry run on a machine without a GPU
#     --quick                  little work: 13 steps, 1 round, 4 configurations
#     --rounds N               after the one that warms up (default: 5)
#     --configurations N       of a sweep (default: 64)
#     --group N                of which ours trains so many together (default: all)
#     --threads N              of the host, for each side (default: 1)
#     --compile-mode MODE      of torch.compile (default: default)
#     --sides NAME,NAME...     only sides with one of these in their names, such as ours,eager
#     WORD                     only work that has all words in its name, such as mnist_mlp lars sweep
set -eu
deno=deno
if [ "${1-}" = --deno ]; then
  deno=$2
  shift 2
fi
exec "$deno" run -A --cached-only "$(dirname "$0")/gpu.ts" "$@"
