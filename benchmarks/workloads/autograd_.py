"""The workloads in HIPS autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as np


def workloads() -> dict[str, Callable[[], Any]]:
    """Name → a call that does the work once."""
    vector = np.ones(4, np.float32)

    def long_product(x: Any) -> Any:
        for _ in range(50):
            x = x * 1.01
            x = x + 0.01
        return np.sum(x)

    gradient = autograd.grad(long_product)

    def chain() -> Any:
        return gradient(vector)

    return {"chain of 100 ops": chain}
