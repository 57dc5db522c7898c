"""The workloads in PyTorch, eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def workloads() -> dict[str, Callable[[], Any]]:
    """Name → a call that does the work once."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    small, other = torch.full((2, 3), 1.5), torch.full((2, 3), 0.5)
    watched = small.clone().requires_grad_()
    vector = torch.ones(4, requires_grad=True)
    images = torch.randn(64, 32, 26, 26)
    filters = torch.randn(64, 32, 3, 3) / 17
    images_g, filters_g = (x.clone().requires_grad_() for x in (images, filters))

    def multiply() -> None:
        a, b = small, other
        for _ in range(1000):
            a * b

    def multiply_taped() -> None:
        a, b = watched, other
        for _ in range(1000):
            a * b

    def chain() -> Any:
        y = vector
        for _ in range(50):
            y = y * 1.01
            y = y + 0.01
        return torch.autograd.grad(y, vector, torch.ones_like(y))

    def conv() -> Any:
        with torch.no_grad():
            return torch.nn.functional.conv2d(images, filters)

    def conv_gradient() -> Any:
        y = torch.nn.functional.conv2d(images_g, filters_g)
        return torch.autograd.grad(y, [images_g, filters_g], torch.ones_like(y))

    return {
        "multiply x1000": multiply,
        "multiply taped x1000": multiply_taped,
        "chain of 100 ops": chain,
        "conv forward": conv,
        "conv forward + backward": conv_gradient,
    }
