"""The workloads in minitensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minitensor as mt


def workloads() -> dict[str, Callable[[], Any]]:
    """Name → a call that does the work once."""
    small = mt.constant(np.full((2, 3), 1.5, np.float32))
    other = mt.constant(np.full((2, 3), 0.5, np.float32))
    vector = mt.constant(np.ones(4, np.float32))
    rng = np.random.default_rng(0)
    images = mt.constant(rng.normal(size=(64, 26, 26, 32)).astype(np.float32))
    filters = mt.constant((rng.normal(size=(3, 3, 32, 64)) / 17).astype(np.float32))

    def multiply() -> None:
        a, b = small, other
        for _ in range(1000):
            a * b

    def multiply_taped() -> None:
        a, b = small, other
        with mt.GradientTape() as tape:
            tape.watch(a)
            for _ in range(1000):
                a * b

    def chain() -> Any:
        with mt.GradientTape() as tape:
            tape.watch(vector)
            y = vector
            for _ in range(50):
                y = y * 1.01
                y = y + 0.01
        return tape.gradient(y, vector)

    def conv() -> Any:
        return mt.nn.conv2d(images, filters, 1, "VALID")

    def conv_gradient() -> Any:
        with mt.GradientTape() as tape:
            tape.watch([images, filters])
            y = mt.nn.conv2d(images, filters, 1, "VALID")
        return tape.gradient(y, [images, filters])

    return {
        "multiply x1000": multiply,
        "multiply taped x1000": multiply_taped,
        "chain of 100 ops": chain,
        "conv forward": conv,
        "conv forward + backward": conv_gradient,
    }
