"""What the project promises about speed; missed bars are explained in NOTES.md."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.problems import CALLS, CHAIN, CURVES, LOOP


class Bar(NamedTuple):
    """At most `limit` times the time of `peer`; without a peer, at most `limit` milliseconds.

    An aim is what a bar may become, not a promise.
    """

    limit: float
    peer: str = ""
    aim: bool = False

    def verdict(self, value: float) -> str:
        """Whether the value keeps to the limit, in words."""
        if self.aim:
            return f"aim {self.limit:.4g}: {'reached' if value <= self.limit else 'not yet'}"
        unit = "" if self.peer else " ms"
        return f"≤ {self.limit:.4g}{unit}: {'met' if value <= self.limit else 'MISSED'}"


BARS = {
    "multiply x1000": [Bar(1.0, "PyTorch")],
    "multiply taped x1000": [Bar(0.6, "PyTorch")],
    "chain of 100 ops": [Bar(0.6, "PyTorch"), Bar(1 / 15, "TensorFlow")],
    "conv forward": [Bar(1.0, "PyTorch")],
    "conv forward + backward": [Bar(1.2, "PyTorch")],
    CHAIN: [Bar(0.06)],
    "MLP 64-128-64-10 step": [Bar(0.9, "JAX jit")],
    "MLP 784-512-512-10 step": [Bar(1.1, "JAX jit"), Bar(1.1, "TF XLA")],
    "convnet 28x28 step": [Bar(0.8, "PyTorch"), Bar(1.0, "TF graph", aim=True)],
    "convnet 8x8 step": [Bar(1.0, "PyTorch")],
    CURVES: [Bar(1.0, "JAX jit"), Bar(1.0, "TF XLA", aim=True)],
    "transformer block step": [Bar(1.0, "PyTorch compiled")],
    "LSTM 64, 32 steps, step": [Bar(1.5, "PyTorch")],
    CALLS: [Bar(8.0)],
    LOOP: [Bar(5.0)],
}
"""Workload → its bars. A thousand calls in 8 ms are 8 µs each."""


def absolute(name: str) -> Bar | None:
    """The workload's bar in milliseconds."""
    return next((bar for bar in BARS.get(name, []) if not bar.peer), None)


def against(name: str, peer: str) -> Bar | None:
    """The workload's bar beside a peer."""
    return next((bar for bar in BARS.get(name, []) if bar.peer == peer), None)
