"""One example of every viewer: for the pictures in the README, and for the tests that look at all.

Each entry is a function without arguments that gives an island. Seeds are fixed, so that the
pictures are the same on every machine, to the last digit shown.
"""

from __future__ import annotations

from collections.abc import Callable

import minitensor as mt
import minitensor_widgets as view
from minitensor_widgets.output import Output


def graph() -> Output:
    """The graph of a small model."""
    mt.random.set_seed(1)
    model = mt.keras.Sequential(
        [
            mt.keras.layers.Dense(8, activation="relu", name="hidden"),
            mt.keras.layers.Dense(3, name="logits"),
        ],
        name="model",
    )
    x = mt.random.normal((4, 5))
    with mt.GradientTape() as tape:
        loss = mt.reduce_mean(mt.square(model(x)), name="loss")
    del loss
    return view.show(tape)


def stepper() -> Output:
    """A backward pass in the middle of its way."""
    a, b = mt.Variable(2.0, name="a"), mt.Variable(3.0, name="b")
    with mt.GradientTape() as tape:
        y = a * b + mt.sin(a)
    return view.step(tape, y, at=7)


def traces() -> Output:
    """The cache of a function that is traced anew for each Python number."""

    @mt.function
    def scaled(x: mt.Tensor, factor: float) -> mt.Tensor:
        return x * factor

    for factor in (1.0, 2.0, 2.0, 3.0):
        scaled(mt.ones((3,)), factor)
    scaled(mt.ones((2, 2)), 3.0)
    return view.traces(scaled)


def passes() -> Output:
    """What the optimiser makes of a training step."""
    w = mt.Variable(mt.ones((4, 3)), name="w")

    @mt.function
    def descend(x: mt.Tensor) -> mt.Tensor:
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean(mt.square(mt.tanh(x @ w)))
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    return view.passes(descend.get_concrete_function(mt.ones((2, 4))))


EXAMPLES: dict[str, Callable[[], Output]] = {
    "graph": graph,
    "stepper": stepper,
    "traces": traces,
    "passes": passes,
}
