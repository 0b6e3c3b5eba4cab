"""What makes PyTorch fast on this machine. `prepare` is to be called before torch is imported: what its libraries do is
settled as they are loaded."""

import ctypes
import os
import sysconfig
from pathlib import Path

MMAP_MAX, TOP_PAD, TRIM_THRESHOLD = -4, -2, -1  # glibc's malloc.h

# Of Debian's package libopenblas0-openmp.
OPENMP_BLAS = Path("/usr/lib", sysconfig.get_config_var("MULTIARCH"), "openblas-openmp")


def prepare(blas_threads):
    """Sets up what is below PyTorch.

    - `blas_threads`: an OpenBLAS that uses OpenMP ("openmp") has its threads in common with the rest of PyTorch; the
      usual one ("pthread") has its own. OpenMP's threads then wait asleep: awake, they take the processors from those
      of OpenBLAS. With 2 threads the first is better for convolutions, the second for networks without.
    - OpenBLAS finds out the processor itself. A shell that pins its kernels to those of an older one, for the sake of
      equal digits everywhere, would slow down this side alone: pinned to AVX2 on a processor with AVX-512, a step of
      mnist_mlp takes 9.6 ms instead of 5.9.
    - Memory that was freed stays with the process. Else each step asks the system for its large arrays afresh, and
      every page of them is cleared: the gradient of the VAE's last layer, 39 MB, takes 40 ms instead of 15.
    """
    for pin in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]:
        os.environ.pop(pin, None)
    if blas_threads == "openmp":
        # What is loaded first serves all who ask for a library of that name.
        for library in ["libopenblas.so.0", "libblas.so.3", "liblapack.so.3"]:
            ctypes.CDLL(str(OPENMP_BLAS / library), ctypes.RTLD_GLOBAL)
    else:
        os.environ["OMP_WAIT_POLICY"] = "passive"
    libc = ctypes.CDLL(None)
    libc.mallopt(MMAP_MAX, 0)
    libc.mallopt(TRIM_THRESHOLD, 2**31 - 1)
    libc.mallopt(TOP_PAD, 64 * 2**20)


def set_threads(n, convolutions):
    """OpenBLAS multiplies matrices, and OpenMP's threads do all else, convolutions among it. A network without
    convolutions leaves these alone: the rest is too small to be worth waking a thread for."""
    import torch

    # set_num_threads does not reach OpenBLAS; and what OpenBLAS sets may be OpenMP's, so that it comes first.
    blas().openblas_set_num_threads(n)
    torch.set_num_threads(n if convolutions else 1)


def describe():
    """What PyTorch runs on."""
    import torch

    library = blas()
    for function in (library.openblas_get_config, library.openblas_get_corename):
        function.restype = ctypes.c_char_p
    return {"torch": torch.__version__, "blas": library.openblas_get_config().decode(),
            "blas_kernels": library.openblas_get_corename().decode(),
            "openmp_blas_installed": OPENMP_BLAS.exists()}


def blas():
    return ctypes.CDLL("libopenblas.so.0")
