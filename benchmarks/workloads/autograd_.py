"""The workloads in HIPS autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as np


def workloads() -> dict[str, dict[str, Callable[[], Callable[[], Any]]]]:
    """Column → name → a factory of something to call."""
    return {"autograd": {"chain of 100 ops": chain}}


def chain() -> Callable[[], Any]:
    """A long product and its gradient."""
    vector = np.ones(4, np.float32)

    def long_product(x: Any) -> Any:
        for _ in range(50):
            x = x * 1.01
            x = x + 0.01
        return x

    def value_and_gradient() -> Any:
        pull, y = autograd.make_vjp(long_product)(vector)
        return y, pull(np.ones(4, np.float32))

    return value_and_gradient
