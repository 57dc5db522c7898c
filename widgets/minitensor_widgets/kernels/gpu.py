"""The same kernel on a real GPU: its CUDA C compiled and run by CuPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .c_types import ArrayType, UnsupportedError, name_in_c
from .cuda import cuda_source, parameter_types
from .device import Dim3
from .memory import Memory
from .source import Kernel

SCALARS = {
    "bool": "bool_", "int": "int32", "long long": "int64", "float": "float32", "double": "float64",
}  # fmt: skip


def require_gpu() -> Any:
    """CuPy, once it is known that it has a GPU.

    Raises:
        minitensor.errors.UnavailableError: where there is no CuPy or no GPU.
    """
    try:
        import cupy  # pyright: ignore[reportMissingImports]

        if cupy.cuda.runtime.getDeviceCount() > 0:
            return cupy
        why = "CuPy finds no GPU"
    except Exception as error:  # without a driver CuPy raises errors of its own
        why = f"{type(error).__name__}: {error}"
    import minitensor

    raise minitensor.errors.UnavailableError(
        f'launch(device="gpu"): there is no usable GPU ({why}). A kernel runs on a GPU where '
        "an NVIDIA GPU and CuPy are: pip install cupy-cuda12x. Leave out device= to run the "
        "same kernel in the simulator."
    )


def run_on_gpu(
    kernel: Kernel, grid: Dim3, block: Dim3, given: dict[str, Any], memories: dict[str, Memory]
) -> tuple[str, bool]:
    """Run a kernel on the GPU; its numbers are in the arrays afterwards.

    Returns:
        How it went, and whether it ran.
    """
    cupy = require_gpu()
    args = list(given.values())
    try:
        types = parameter_types(kernel, args)
        code = cupy.RawKernel(
            cuda_source(kernel, args), name_in_c(kernel.__name__), options=("--std=c++14",)
        )
        sent = [_sent(cupy, value, kind) for value, kind in zip(args, types, strict=True)]
        code(tuple(grid), tuple(block), tuple(sent))
        results = {
            name: cupy.asnumpy(value) for name, value in zip(given, sent, strict=True)
            if name in memories
        }  # fmt: skip
    except UnsupportedError as error:
        return f"Not run on the GPU. {error}", False
    except Exception as error:  # what a compiler or a driver says about a learner's kernel
        return f"The GPU refused the kernel: {type(error).__name__}: {error}", False
    return _taken(given, memories, results), True


def _sent(cupy: Any, value: Any, kind: str | ArrayType) -> Any:
    import numpy as np

    if isinstance(kind, ArrayType):
        return cupy.asarray(np.ascontiguousarray(value))
    return getattr(np, SCALARS[kind])(value)


def _taken(given: dict[str, Any], memories: dict[str, Memory], results: Any) -> str:
    import numpy as np

    most = 0.0
    for name, found in results.items():
        if not memories[name].written:
            continue
        expected = np.array(memories[name].data, dtype=float).reshape(found.shape)
        differences = np.abs(expected - found.astype(float))
        most = max(most, float(np.nanmax(differences, initial=0.0)))
        given[name][...] = found
    return (
        "Run on the GPU: these numbers are in the arrays. Their largest difference from the "
        f"simulator's is {most:.2g}."
    )


def refused(problems: Sequence[Any]) -> str:
    """Why a kernel with problems is not sent to the GPU."""
    return (
        "Not run on the GPU, where a mistake shows no error and can spoil other memory: mend the "
        f"{'problem' if len(problems) == 1 else 'problems'} first."
    )
