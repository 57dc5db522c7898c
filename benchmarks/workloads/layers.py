"""The training steps again, built from minitensor's layers, losses and optimisers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minitensor as mt
from benchmarks import problems
from benchmarks.problems import BETA_1, BETA_2, EPSILON, HEADS, LAYER_NORM_EPSILON, RATE
from minitensor import keras
from minitensor.keras import layers

Work = Callable[[], Any]


def training() -> dict[str, Callable[[], Work]]:
    """Name → a factory of a training step."""

    def factory(kind: str, problem: Callable[[], Any]) -> Callable[[], Work]:
        return lambda: train(kind, problem())

    networks = problems.NETWORKS | problems.LAYERED
    return {name: factory(*how) for name, how in networks.items()}


def train(kind: str, problem: Any) -> Work:
    """A step of Adam as a learner writes it: tape, gradient, apply_gradients."""
    model = MODELS[kind](problem)
    inputs, targets = mt.constant(problem.inputs), mt.constant(problem.targets)
    model(inputs)
    model.set_weights([problem.parameters[name] for name in ORDER.get(kind, problem.parameters)])
    optimizer = keras.optimizers.Adam(RATE, BETA_1, BETA_2, EPSILON)
    loss = LOSSES[kind]

    @mt.function
    def step(x: Any, y: Any) -> Any:
        with mt.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    return lambda: step(inputs, targets)


def mlp(problem: Any) -> Any:
    """Dense layers with relu between them."""
    sizes = [b.size for name, b in problem.parameters.items() if name.startswith("b")]
    hidden = [layers.Dense(size, activation="relu") for size in sizes[:-1]]
    return keras.Sequential([*hidden, layers.Dense(sizes[-1])])


def convnet(problem: Any) -> Any:
    """Two convolutions, a pool, a dense layer."""
    return keras.Sequential([
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10),
    ])  # fmt: skip


class Block(keras.Model):
    """A pre-norm block: attention, then a feed-forward layer, each added to what came in."""

    def __init__(self, width: int):
        super().__init__()
        self.before = layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON)
        self.attention = layers.MultiHeadAttention(HEADS, width // HEADS)
        self.between = layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON)
        self.hidden = layers.Dense(4 * width, activation=lambda x: mt.nn.gelu(x, approximate=True))
        self.out = layers.Dense(width)

    def call(self, x: Any) -> Any:
        """Vectors for vectors."""
        normal = self.before(x)
        x = x + self.attention(normal, normal)
        return x + self.out(self.hidden(self.between(x)))


def transformer(problem: Any) -> Any:
    """The block; its projections have an axis for the heads."""
    width = problem.inputs.shape[-1]
    for name in "qkv":
        shape = width, HEADS, width // HEADS
        problem.parameters[f"w{name}"] = problem.parameters[f"w{name}"].reshape(shape)
        problem.parameters[f"b{name}"] = problem.parameters[f"b{name}"].reshape(shape[1:])
    problem.parameters["wo"] = problem.parameters["wo"].reshape(HEADS, width // HEADS, width)
    return Block(width)


def recurrent(problem: Any) -> Any:
    """An LSTM whose last output goes through a dense layer."""
    units = len(problem.parameters["recurrent"])
    return keras.Sequential([layers.LSTM(units, unit_forget_bias=False), layers.Dense(10)])


MODELS = {"mlp": mlp, "convnet": convnet, "transformer": transformer, "recurrent": recurrent}
ORDER = {
    "transformer": ("scale_n0", "shift_n0", "wq", "bq", "wk", "bk", "wv", "bv", "wo", "bo",
                    "scale_n1", "shift_n1", "w0", "b0", "w1", "b1"),
}  # fmt: skip
"""The order of a model's weights, where it is not that of the problem's parameters."""
_labels = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
LOSSES = {"mlp": _labels, "convnet": _labels, "recurrent": _labels,
          "transformer": keras.losses.MeanSquaredError()}  # fmt: skip
