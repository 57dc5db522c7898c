"""The six patients of lesson 13: networks after 30 steps of training, each ill in its own way.

They are made here and not in the notebook, which would give the diagnoses away.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import minitensor as mt
from minitensor.keras import datasets


class Patient(NamedTuple):
    """What can be seen of a network."""

    outputs: list
    """What each hidden layer gave for the last batch."""
    losses: tuple[float, float]
    """The first and the last."""
    gradients: tuple[float, float]
    """The lengths of those of the first and the last kernel, in the last step."""

    def __str__(self) -> str:
        """Three lines of numbers."""
        first, last = self.gradients
        zero = np.mean([(h.numpy() == 0).all(axis=0).mean() for h in self.outputs])
        return (
            f"   loss, first and last step: {self.losses[0]:.2g}, {self.losses[1]:.2g}\n"
            f"   gradient, first and last kernel: {first:.0e}, {last:.0e}\n"
            f"   units that are 0 for the whole batch: {zero:.0%}"
        )


def he(inputs: int) -> float:
    """The deviation that keeps the size of a signal through ReLU layers."""
    return np.sqrt(2 / inputs)


def trained(
    activation: Callable, deviation: Callable, rate: float, depth: int,
    offset: float = 0.0, scale: float = 1.0,
) -> Patient:  # fmt: skip
    """A network of `depth` equal layers after 30 steps on the digits."""
    (x, labels), _ = datasets.digits.load_data()
    x = scale * x.reshape(-1, 64)
    rng, sizes = np.random.default_rng(0), [64, *[32] * depth, 10]
    kernels = [
        mt.Variable((deviation(a) * rng.normal(size=(a, b))).astype("float32"))
        for a, b in pairwise(sizes)
    ]
    offsets = [mt.Variable(np.full(size, offset, "float32")) for size in sizes[1:-1]]
    losses: list[Any] = []
    for _ in range(30):
        batch = rng.choice(len(x), 64, replace=False)
        with mt.GradientTape() as tape:
            h, outputs = mt.constant(x[batch]), []
            for kernel, b in zip(kernels, offsets, strict=False):
                h = activation(h @ kernel + b)
                outputs.append(h)
            loss = mt.reduce_mean(
                mt.nn.sparse_softmax_cross_entropy_with_logits(
                    labels=labels[batch], logits=h @ kernels[-1]
                )
            )
        gradients = tape.gradient(loss, kernels)
        for kernel, gradient in zip(kernels, gradients, strict=True):
            kernel.assign_sub(rate * gradient)
        losses.append(float(loss))
    first, last = (np.linalg.norm(gradients[i].numpy()) for i in (0, -1))
    return Patient(outputs, (losses[0], losses[-1]), (float(first), float(last)))


def patients() -> dict[str, Patient]:
    """All six, by letter."""
    return {
        "A": trained(mt.sigmoid, lambda n: 1 / np.sqrt(n), 0.1, depth=8),
        "B": trained(mt.nn.relu, he, 0.3, depth=3),
        "C": trained(mt.nn.relu, lambda n: 2.2 * he(n), 1e-12, depth=8),
        "D": trained(mt.nn.relu, he, 0.1, depth=3, offset=-6.0),
        "E": trained(mt.tanh, lambda n: 6 / np.sqrt(n), 0.01, depth=3, scale=3.0),
        "F": trained(lambda h: mt.sqrt(h), he, 0.1, depth=3),
    }
