"""Record small files of Keras 3, and what their models compute, beside this file.

Run it with a Python that has TensorFlow and Keras 3 (3.15 made the files):
`python tests/recorded/keras_saving.py`. Each model is there as a whole, .keras, or its weights,
.weights.h5; keras_saving.npz holds inputs and outputs, and the losses of further training.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

HERE = Path(__file__).parent
L = keras.layers


def sequential() -> keras.Model:
    """Trained, so that the file holds the state of an optimiser."""
    layers = [L.Dense(3, activation="relu"), L.BatchNormalization(), L.Dropout(0.0), L.Dense(2)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def functional() -> keras.Model:
    """Branches, nested models, a layer and a model used twice, recurrent layers."""
    a, b = keras.Input((5,), dtype="int32", name="a"), keras.Input((4,), name="b")
    steps = L.Embedding(7, 3)(a)
    parts = [L.LSTM(4)(steps), L.Bidirectional(L.GRU(2))(steps), L.SimpleRNN(2)(steps)]
    shared = L.Dense(3, activation="tanh")
    inner = keras.Sequential([L.Dense(3), L.Dense(3, activation="gelu")], name="inner")
    parts += [shared(inner(b)), shared(shared(inner(b)))]
    c = keras.Input((3,))
    twice = keras.Model(c, L.Dense(2)(L.Dense(4)(c)))
    parts += [twice(parts[-1]), twice(parts[-2])]
    return keras.Model([a, b], L.Dense(2)(L.Concatenate()(parts)))


def convolutional() -> keras.Model:
    layers = [L.Conv2D(3, 3, activation="relu"), L.DepthwiseConv2D(2), L.MaxPooling2D(),
              L.SeparableConv2D(4, 2), L.GlobalAveragePooling2D(), L.LayerNormalization(),
              L.Dense(2, activation="softmax")]  # fmt: skip
    return keras.Sequential([keras.Input((9, 9, 1)), *layers])


def attention() -> keras.Model:
    x = keras.Input((4, 6))
    y = L.MultiHeadAttention(2, 3)(x, x)
    return keras.Model(x, L.Add()([x, y]))


def main() -> None:
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    inputs = {
        "sequential": [rng.normal(size=(6, 4)).astype("f")],
        "functional": [
            rng.integers(0, 7, (3, 5)).astype("i4"),
            rng.normal(size=(3, 4)).astype("f"),
        ],
        "convolutional": [rng.normal(size=(2, 9, 9, 1)).astype("f")],
        "attention": [rng.normal(size=(2, 4, 6)).astype("f")],
    }
    kept = {}
    for make in (sequential, functional, convolutional, attention):
        model, name = make(), make.__name__
        for weight in model.weights:  # zeros and ones would fit anywhere
            if str(weight.dtype) == "float32":
                weight.assign(rng.uniform(0.1, 0.9, weight.shape))
        x = inputs[name]
        if model.compiled:
            y = rng.normal(size=(6, 2)).astype("f")
            model.train_on_batch(x[0], y)
            kept[f"{name}/target"] = y
        if name in ("sequential", "functional"):
            model.save(HERE / f"keras_saving_{name}.keras")
        else:
            model.save_weights(HERE / f"keras_saving_{name}.weights.h5")
        for i, array in enumerate(x):
            kept[f"{name}/x{i}"] = array
        kept[f"{name}/y"] = np.asarray(model(x if len(x) > 1 else x[0]))
        if model.compiled:
            batch = x[0], kept[f"{name}/target"]
            for _ in range(3):
                model.train_on_batch(*batch)
            model.reset_metrics()
            kept[f"{name}/loss"] = np.float32(model.test_on_batch(*batch)[0])
    np.savez_compressed(HERE / "keras_saving.npz", **kept)


if __name__ == "__main__":
    main()
