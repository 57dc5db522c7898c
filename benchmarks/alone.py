"""What minitensor is measured at by itself: import time, frames, a long tape, a trained network."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import minitensor as mt


def import_cost() -> str:
    """Seconds that `import minitensor` takes beyond numpy's, once Python has compiled both."""
    settings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def seconds(module: str) -> float:
        code = (
            f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
        )
        runs = [
            float(subprocess.check_output([sys.executable, "-c", code], text=True, env=settings))
            for _ in range(9)
        ]
        return min(runs)

    ours, numpy = seconds("minitensor"), seconds("numpy")
    return (
        f"numpy {numpy * 1e3:.0f} ms, minitensor {ours * 1e3:.0f} ms: + {(ours - numpy) * 1e3:.0f}"
    )


def frames() -> str:
    """Python frames from `a * b` to numpy, with a tape."""
    a = mt.constant([1.0, 2.0])
    entered: list[str] = []

    def watch(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            entered.append(frame.f_code.co_qualname)

    with mt.GradientTape() as tape:
        tape.watch(a)
        sys.setprofile(watch)
        a * a
        sys.setprofile(None)
    path = entered[: entered.index("multiply") + 1]
    return f"{len(path)}: {' → '.join(path)}"


def long_tape() -> str:
    """A tape of 100 000 ops: its gradient, and the memory that is left when it is gone."""
    x = mt.constant(1.0)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(100_000):
            y = y * 1.0
    gradient = tape.gradient(y, x)
    peak = tracemalloc.get_traced_memory()[1]
    del tape, y
    gc.collect()
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return f"gradient {float(gradient)}, peak {peak / 1e6:.0f} MB, left {left / 1e6:.2f} MB"


def digits(epochs: int = 20) -> str:
    """A 64-128-10 network on scikit-learn's digits, by tape and plain ops."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    images = (images[order] / 16).astype(np.float32)
    labels = labels[order].astype(np.int32)
    train, test = slice(0, 1437), slice(1437, None)
    rng = np.random.default_rng(1)
    parameters = [
        mt.Variable((rng.normal(size=(64, 128)) * 0.18).astype(np.float32)),
        mt.Variable(np.zeros(128, np.float32)),
        mt.Variable((rng.normal(size=(128, 10)) * 0.12).astype(np.float32)),
        mt.Variable(np.zeros(10, np.float32)),
    ]

    def logits(x: Any) -> Any:
        w1, b1, w2, b2 = parameters
        return mt.nn.relu(x @ w1 + b1) @ w2 + b2

    memory = []
    start = time.perf_counter()
    for _ in range(epochs):
        for i in range(0, 1437, 32):
            x, y = mt.constant(images[train][i : i + 32]), mt.constant(labels[train][i : i + 32])
            with mt.GradientTape() as tape:
                losses = mt.nn.sparse_softmax_cross_entropy_with_logits(y, logits(x))
                loss = mt.reduce_mean(losses)
            for variable, gradient in zip(parameters, tape.gradient(loss, parameters), strict=True):
                variable.assign_sub(0.2 * gradient)
        memory.append(resident())
    seconds = time.perf_counter() - start
    guesses = mt.argmax(logits(mt.constant(images[test])), axis=1).numpy()
    accuracy = float(np.mean(guesses == labels[test]))
    return (
        f"{accuracy:.1%} after {epochs} epochs, {seconds:.1f} s, memory from epoch 2 to the last: "
        f"{(memory[-1] - memory[1]) / 1e6:+.1f} MB"
    )


def resident() -> float:
    """Bytes of memory that the process holds, on Linux."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096.0


CHECKS = {
    "import, beyond numpy (≤ 60 ms)": import_cost,
    "Python frames to numpy (≤ 4)": frames,
    "tape of 100 000 ops": long_tape,
    "digits network (≥ 96 %, ≤ 10 s, flat)": digits,
}


def show(checks: dict[str, Callable[[], str]]) -> None:
    """Print one line per check; what needs a missing package is skipped with a word."""
    for name, check in checks.items():
        try:
            print(f"{name:48}{check()}")
        except ImportError as error:
            print(f"{name:48}skipped: {error}")
        except Exception as error:  # the other checks are still made
            print(f"{name:48}failed: {type(error).__name__}: {error}")


if __name__ == "__main__":
    show(CHECKS)
