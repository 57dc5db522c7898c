"""The workloads in JAX, without jit: what a learner's eager line costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def workloads() -> dict[str, Callable[[], Any]]:
    """Name → a call that does the work once."""
    small, other = jnp.full((2, 3), 1.5), jnp.full((2, 3), 0.5)
    vector = jnp.ones(4)
    images = jax.random.normal(jax.random.key(0), (64, 26, 26, 32))
    filters = jax.random.normal(jax.random.key(1), (3, 3, 32, 64)) / 17

    def multiply() -> None:
        a, b = small, other
        for _ in range(1000):
            c = a * b
        c.block_until_ready()

    def long_product(x: Any) -> Any:
        for _ in range(50):
            x = x * 1.01
            x = x + 0.01
        return x.sum()

    def chain() -> Any:
        return jax.grad(long_product)(vector).block_until_ready()

    def convolve(x: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(
            x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    def conv() -> Any:
        return convolve(images, filters).block_until_ready()

    def conv_gradient() -> Any:
        gradients = jax.grad(lambda x, w: convolve(x, w).sum(), argnums=(0, 1))(images, filters)
        return [g.block_until_ready() for g in gradients]

    return {
        "multiply x1000": multiply,
        "chain of 100 ops": chain,
        "conv forward": conv,
        "conv forward + backward": conv_gradient,
    }
