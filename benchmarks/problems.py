"""The numbers that every framework starts from: weights, data and sizes, made by NumPy alone.

Layouts are TensorFlow's (images NHWC, filters HWIO, matrices in×out); a framework that prefers
another one turns them once, before anything is timed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

RATE, BETA_1, BETA_2, EPSILON = 2e-4, 0.9, 0.999, 1e-7
"""Adam's settings, everywhere. Epsilon is added to the root of the corrected second moment."""

HEADS = 4
LAYER_NORM_EPSILON = 1e-5

CHAIN = "chain of 100 ops, traced"
CURVES = "tanh*sigmoid + exp, 4 M"
CALLS = "traced x + x, 1000 calls"
LOOP = "while loop of 1000"
"""The traced workloads that train nothing."""


class Problem(NamedTuple):
    """What a network starts from, and what it is trained on."""

    parameters: dict[str, np.ndarray]
    inputs: np.ndarray
    targets: np.ndarray


class _Draw:
    """Float32 weights from one seed."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        return (self.rng.normal(size=shape) * scale).astype(np.float32)

    def dense(self, inputs: int, outputs: int) -> np.ndarray:
        return self.normal(inputs, outputs, scale=(2 / inputs) ** 0.5)

    def labels(self, count: int) -> np.ndarray:
        return self.rng.integers(0, 10, count).astype(np.int32)


def mlp(batch: int, *sizes: int) -> Problem:
    """Dense layers with relu between them; softmax cross entropy on ten classes."""
    draw = _Draw(0)
    parameters = {}
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        parameters[f"w{i}"] = draw.dense(inputs, outputs)
        parameters[f"b{i}"] = np.zeros(outputs, np.float32)
    return Problem(parameters, draw.normal(batch, sizes[0]), draw.labels(batch))


def convnet(side: int, batch: int = 64) -> Problem:
    """Two convolutions 3×3 (32 and 64 filters, valid) with relu, max pool 2, a dense layer."""
    draw = _Draw(1)
    pooled = (side - 4) // 2
    parameters = {
        "k0": draw.normal(3, 3, 1, 32, scale=(2 / 9) ** 0.5),
        "b0": np.zeros(32, np.float32),
        "k1": draw.normal(3, 3, 32, 64, scale=(2 / 288) ** 0.5),
        "b1": np.zeros(64, np.float32),
        "w": draw.dense(pooled * pooled * 64, 10),
        "b": np.zeros(10, np.float32),
    }
    return Problem(parameters, draw.normal(batch, side, side, 1), draw.labels(batch))


def transformer(batch: int = 16, tokens: int = 32, width: int = 64) -> Problem:
    """One pre-norm block: self-attention and a feed-forward layer four times as wide."""
    draw = _Draw(2)
    parameters = {}
    for name in ("q", "k", "v", "o"):
        parameters[f"w{name}"] = draw.normal(width, width, scale=width**-0.5)
        parameters[f"b{name}"] = np.zeros(width, np.float32)
    for i, (inputs, outputs) in enumerate([(width, 4 * width), (4 * width, width)]):
        parameters[f"w{i}"] = draw.dense(inputs, outputs)
        parameters[f"b{i}"] = np.zeros(outputs, np.float32)
    for name in ("n0", "n1"):
        parameters[f"scale_{name}"] = np.ones(width, np.float32)
        parameters[f"shift_{name}"] = np.zeros(width, np.float32)
    shape = batch, tokens, width
    return Problem(parameters, draw.normal(*shape), draw.normal(*shape))


def recurrent(batch: int = 32, steps: int = 32, features: int = 64, units: int = 64) -> Problem:
    """An LSTM whose last output goes through a dense layer; gates in the order i, f, c, o."""
    draw = _Draw(6)
    parameters = {
        "kernel": draw.normal(features, 4 * units, scale=features**-0.5),
        "recurrent": draw.normal(units, 4 * units, scale=units**-0.5),
        "bias": np.zeros(4 * units, np.float32),
        "w": draw.dense(units, 10),
        "b": np.zeros(10, np.float32),
    }
    return Problem(parameters, draw.normal(batch, steps, features), draw.labels(batch))


NETWORKS: dict[str, tuple[str, Any]] = {
    "MLP 64-128-64-10 step": ("mlp", lambda: mlp(64, 64, 128, 64, 10)),
    "MLP 784-512-512-10 step": ("mlp", lambda: mlp(256, 784, 512, 512, 10)),
    "convnet 28x28 step": ("convnet", lambda: convnet(28)),
    "convnet 8x8 step": ("convnet", lambda: convnet(8)),
    "transformer block step": ("transformer", transformer),
}
"""Workload → the name of its loss, and what makes its problem. Each is a whole training step."""

LAYERED: dict[str, tuple[str, Any]] = {"LSTM 64, 32 steps, step": ("recurrent", recurrent)}
"""The same for networks that are only there as layers."""


def images() -> np.ndarray:
    """A batch of feature maps, as a middle layer sees them."""
    return _Draw(3).normal(64, 26, 26, 32)


def filters() -> np.ndarray:
    """The filters for them."""
    return _Draw(4).normal(3, 3, 32, 64, scale=1 / 17)


def many() -> np.ndarray:
    """Four million floats."""
    return _Draw(5).normal(1 << 22)


def summary(result: Any) -> float:
    """One number that two frameworks must agree on: the mean size of all elements."""
    if hasattr(result, "detach"):
        result = result.detach()
    if isinstance(result, (tuple, list)):
        return float(np.mean([summary(part) for part in result]))
    return float(np.mean(np.abs(np.asarray(result, np.float64))))
