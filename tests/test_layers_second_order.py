"""Second derivatives of layers, against differences of first ones, eagerly and traced."""

from __future__ import annotations

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras

L = keras.layers
CASES = {
    "Dense": (lambda: L.Dense(3, "tanh", dtype="float64"), (4, 5)),
    "Conv1D": (lambda: L.Conv1D(3, 2, activation="tanh", dtype="float64"), (2, 5, 3)),
    "Conv2D": (lambda: L.Conv2D(3, 2, activation="tanh", dtype="float64"), (2, 4, 4, 2)),
    "transposed": (lambda: L.Conv2DTranspose(3, 2, dtype="float64"), (2, 4, 4, 2)),
    "depthwise": (lambda: L.DepthwiseConv2D(2, activation="tanh", dtype="float64"), (2, 4, 4, 2)),
    "separable": (lambda: L.SeparableConv2D(3, 2, dtype="float64"), (2, 4, 4, 2)),
    "BatchNormalization": (lambda: L.BatchNormalization(dtype="float64"), (6, 3)),
    "LayerNormalization": (lambda: L.LayerNormalization(dtype="float64"), (4, 6)),
    "GroupNormalization": (lambda: L.GroupNormalization(2, dtype="float64"), (4, 6)),
    "SimpleRNN": (lambda: L.SimpleRNN(3, dtype="float64"), (2, 4, 3)),
    "LSTM": (lambda: L.LSTM(3, dtype="float64"), (2, 4, 3)),
    "GRU": (lambda: L.GRU(3, dtype="float64"), (2, 4, 3)),
    "average pooling": (lambda: L.AveragePooling2D(2, dtype="float64"), (2, 4, 4, 2)),
    "max pooling": (lambda: L.MaxPooling2D(dtype="float64"), (2, 4, 4, 2)),
    "attention": (lambda: L.Attention(dtype="float64"), (2, 4, 5)),
    "multi-head attention": (lambda: L.MultiHeadAttention(2, 3, dtype="float64"), (2, 4, 5)),
    "bilinear": (lambda: L.UpSampling2D(interpolation="bilinear", dtype="float64"), (1, 3, 3, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_second_derivative_is_the_slope_of_the_first(name):
    make, shape = CASES[name]
    rng = np.random.default_rng(0)
    mt.keras.utils.set_random_seed(0)
    layer, x, along = (
        make(),
        mt.constant(rng.normal(size=shape)),
        mt.constant(rng.normal(size=shape)),
    )

    def run(z):
        return layer([z, z] if name == "attention" else z, **(
            {"value": z} if name == "multi-head attention" else {}))  # fmt: skip

    weights = mt.constant(rng.normal(size=run(x).shape))

    def gradient(z):
        with mt.GradientTape() as tape:
            tape.watch(z)
            y = mt.reduce_sum(mt.sin(run(z)) * weights)
        return tape.gradient(y, z)

    def second(z):
        with mt.GradientTape() as tape:
            tape.watch(z)
            slope = mt.reduce_sum(gradient(z) * along)
        return tape.gradient(slope, z)

    h = 1e-5
    expected = (gradient(x + h * along) - gradient(x - h * along)).numpy() / (2 * h)
    found = second(x).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(mt.function(second)(x).numpy(), found, rtol=1e-12, atol=1e-12)
