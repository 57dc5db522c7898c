"""What Keras gives for losses: records losses.json. Run with Keras on TensorFlow installed.

    python tests/recorded/losses.py

A case holds the loss, its arguments, labels, predictions and weights, the loss that Keras computes
and its gradient with respect to the predictions. An error holds words that Keras's message has.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

RNG = np.random.default_rng(5)
CASES: list[dict] = []
ERRORS: list[dict] = []
SKIPPED = ["CTC", "CategoricalGeneralizedCrossEntropy", "Circle", "Loss"]
NEEDED: dict[str, dict] = {}
REDUCTIONS = ["sum", "mean", "none", "mean_with_sample_weight"]


def drawn(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return RNG.uniform(low, high, shape).round(3).astype("float32")


def shares(*shape: int) -> np.ndarray:
    x = RNG.uniform(0.1, 1.0, shape)
    return (x / x.sum(-1, keepdims=True)).round(4).astype("float32")


def plain(x: Any) -> Any:
    """As lists, float32 with no more digits than it has."""
    if x is None:
        return None
    x = np.asarray(x)
    if x.dtype == np.float32 and x.size:
        x = np.array([float(str(number)) for number in x.reshape(-1)]).reshape(x.shape)
    return x.tolist()


def case(loss: str, config: dict, y_true: Any, y_pred: Any, weight: Any = None,
         mask: Any = None) -> None:  # fmt: skip
    y_true, y_pred = np.asarray(y_true), tf.constant(np.asarray(y_pred, "float32"))
    if mask is not None:
        y_pred._keras_mask = tf.constant(mask)
    weight = None if weight is None else np.asarray(weight, "float32")
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = getattr(keras.losses, loss)(**config)(y_true, y_pred, sample_weight=weight)
    gradient = tape.gradient(value, y_pred)
    CASES.append({
        "loss": loss, "config": config, "y_true": plain(y_true), "true_dtype": str(y_true.dtype),
        "y_pred": plain(y_pred), "weight": plain(weight), "mask": plain(mask),
        "value": plain(value), "gradient": plain(gradient),
    })  # fmt: skip


def error(loss: str, config: dict, y_true: Any, y_pred: Any, words: str) -> None:
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred, "float32")
    said = ""
    try:
        getattr(keras.losses, loss)(**config)(y_true, y_pred)
    except Exception as caught:
        said = str(caught)
    assert words in said, (words, said)
    ERRORS.append({"loss": loss, "config": config, "y_true": plain(y_true),
                   "y_pred": plain(y_pred), "words": words})  # fmt: skip


def numbers() -> None:
    losses = {
        "MeanSquaredError": [{}], "MeanAbsoluteError": [{}], "MeanAbsolutePercentageError": [{}],
        "MeanSquaredLogarithmicError": [{}], "LogCosh": [{}], "Huber": [{}, {"delta": 0.4}],
        "CosineSimilarity": [{}, {"axis": 0}], "Poisson": [{}],
        "Hinge": [{}], "SquaredHinge": [{}], "CategoricalHinge": [{}],
    }  # fmt: skip
    for loss, configs in losses.items():
        positive = {"low": 0.1} if loss in ("Poisson", "MeanSquaredLogarithmicError") else {}
        for config in configs:
            case(loss, config, drawn(4, 3, **positive), drawn(4, 3, **positive))
        y_true, y_pred = drawn(4, 3, **positive), drawn(4, 3, **positive)
        for weight in ([0.5, 0.0, 2.0, 1.0], [[0.5], [0.0], [2.0], [1.0]]):
            case(loss, {}, y_true, y_pred, weight)
        for reduction in REDUCTIONS:
            case(loss, {"reduction": reduction}, y_true, y_pred, [0.5, 0.25, 2.0, 1.0])
        case(loss, {}, drawn(2, 3, 2, **positive), drawn(2, 3, 2, **positive),
             drawn(2, 3, low=0.0))  # fmt: skip
        case(loss, {}, drawn(5, **positive), drawn(5, 1, **positive))
        case(loss, {}, drawn(5, 1, **positive), drawn(5, **positive))
        case(loss, {}, RNG.integers(0, 2, (4, 3)), drawn(4, 3, **positive))
        case(loss, {}, y_true, y_pred, None, [True, False, True, True])
    case("CosineSimilarity", {}, np.zeros((2, 3)), drawn(2, 3))
    case("LogCosh", {}, [[0.0, 0.0]], [[200.0, -200.0]])
    case("MeanSquaredError", {"reduction": "none"}, drawn(4, 3), drawn(4, 3), None,
         [True, False, True, True])  # fmt: skip
    case("MeanSquaredError", {"reduction": "sum"}, drawn(4, 3), drawn(4, 3), [1.0, 2.0, 3.0, 4.0],
         [True, False, True, True])  # fmt: skip
    case("MeanSquaredError", {}, drawn(2, 3, 2), drawn(2, 3, 2), [[1.0], [3.0]],
         [[True, False, True], [True, True, False]])  # fmt: skip


def binary() -> None:
    y_true, y_pred = RNG.integers(0, 2, (4, 3)), drawn(4, 3, low=0.02, high=0.98)
    logits = drawn(4, 3, low=-5.0, high=5.0)
    for loss in ("BinaryCrossentropy", "BinaryFocalCrossentropy"):
        case(loss, {}, y_true, y_pred)
        case(loss, {"axis": 0}, y_true, y_pred)
        case(loss, {"from_logits": True}, y_true, logits)
        case(loss, {"label_smoothing": 0.2}, y_true, y_pred)
        case(loss, {"from_logits": True, "label_smoothing": 0.2}, y_true, logits)
        case(loss, {}, [[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]])
        case(loss, {}, RNG.integers(0, 2, 4), y_pred[:, :1])
        case(loss, {}, RNG.integers(0, 2, (4, 1)), y_pred[:, 0], [1.0, 2.0, 0.5, 0.0])
        case(loss, {}, y_true > 0, y_pred, [1.0, 2.0, 0.5, 0.0])
        for reduction in REDUCTIONS:
            case(loss, {"reduction": reduction}, y_true, y_pred, [0.5, 0.25, 2.0, 1.0])
    case("BinaryFocalCrossentropy", {"apply_class_balancing": True}, y_true, y_pred)
    case("BinaryFocalCrossentropy", {"alpha": 0.6, "gamma": 3.0, "apply_class_balancing": True},
         y_true, y_pred)  # fmt: skip


def classes() -> None:
    numbers = RNG.integers(0, 3, 4)
    y_true, y_pred, logits = np.eye(3)[numbers], shares(4, 3), drawn(4, 3, low=-5.0, high=5.0)
    for loss in ("CategoricalCrossentropy", "CategoricalFocalCrossentropy"):
        case(loss, {}, y_true, y_pred)
        case(loss, {}, y_true, 3.0 * y_pred)
        case(loss, {"axis": 0}, y_true, y_pred)
        case(loss, {"from_logits": True}, y_true, logits)
        case(loss, {"label_smoothing": 0.2}, y_true, y_pred)
        case(loss, {"from_logits": True, "label_smoothing": 0.2}, y_true, logits)
        case(loss, {"from_logits": True, "axis": 1}, np.moveaxis(np.eye(3)[[[0, 2], [1, 1]]], 2, 1),
             drawn(2, 3, 2))  # fmt: skip
        case(loss, {}, [[0.0, 1.0]], [[1.0, 0.0]])
        case(loss, {}, y_true, y_pred, [1.0, 2.0, 0.5, 0.0])
        case(loss, {}, y_true, y_pred, None, [True, False, False, True])
        for reduction in REDUCTIONS:
            case(loss, {"reduction": reduction}, y_true, y_pred, [0.5, 0.25, 2.0, 1.0])
    case("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.5, 0.4], "gamma": 3.0}, y_true, y_pred)
    sparse = "SparseCategoricalCrossentropy"
    for labels in (numbers, numbers.astype("float32"), numbers[:, None], numbers.astype("uint8")):
        case(sparse, {}, labels, y_pred)
        case(sparse, {"from_logits": True}, labels, logits, [1.0, 2.0, 0.5, 0.0])
    case(sparse, {}, [1], [[1.0, 0.0]])
    case(sparse, {}, RNG.integers(0, 3, (2, 4)), shares(2, 4, 3), drawn(2, 4, low=0.0))
    case(sparse, {}, RNG.integers(0, 3, (2, 4, 1)), shares(2, 4, 3), [[1.0], [0.5]])
    case(sparse, {}, RNG.integers(0, 3, (2, 4)), shares(2, 4, 3), None,
         [[True, True, False, True], [True, False, False, False]])  # fmt: skip
    for ignored in ({"ignore_class": -1}, {"ignore_class": -1, "reduction": "sum"},
                    {"ignore_class": -1, "from_logits": True},
                    {"ignore_class": -1, "reduction": "none"}):  # fmt: skip
        case(sparse, ignored, [1, -1, 0, -1], y_pred)
        case(sparse, ignored, [[1, -1], [0, 2]], shares(2, 2, 3), [[1.0], [0.5]])
    for reduction in REDUCTIONS:
        case(sparse, {"reduction": reduction}, numbers, y_pred, [0.5, 0.25, 2.0, 1.0])


def distances() -> None:
    case("KLDivergence", {}, shares(4, 3), shares(4, 3))
    case("KLDivergence", {}, [[0.0, 1.0]], [[1.0, 0.0]], [2.0])
    y_true, y_pred = RNG.integers(0, 2, (2, 3, 3, 1)), drawn(2, 3, 3, 1, low=0.0, high=1.0)
    for loss in ("Dice", "Tversky"):
        case(loss, {}, y_true, y_pred)
        case(loss, {"axis": [1, 2, 3]}, y_true, y_pred, [1.0, 3.0])
    case("Tversky", {"alpha": 0.2, "beta": 0.9}, y_true, y_pred)


def errors() -> None:
    sparse = "SparseCategoricalCrossentropy"
    outside = "Received a label value of 5 which is outside the valid range of [0, 2)"
    error(sparse, {}, [5], [[0.5, 0.5]], outside)
    error(sparse, {"from_logits": True}, [0, 5], [[0.5, 0.5], [1.0, 2.0]], outside)
    error(sparse, {}, [0, 1], [[0.5, 0.5]], "must have the same shape up until the last dimension")
    error(sparse, {}, [[0, 1]], [[0.5, 0.5]], "must have rank (ndim) `target.ndim - 1`")
    error(sparse, {"axis": 0}, [0], [[0.5, 0.5]], "Only axis=-1 is currently supported")
    ranks = "Arguments `target` and `output` must have the same rank (ndim). Received: "
    error("BinaryCrossentropy", {}, [0, 1], [[0.5, 0.5], [0.5, 0.5]],
          ranks + "target.shape=(2,), output.shape=(2, 2)")  # fmt: skip
    error("CategoricalCrossentropy", {}, [0, 1], [[0.5, 0.5], [0.5, 0.5]], ranks)
    sizes = "Arguments `target` and `output` must have the same shape. Received: "
    error("BinaryCrossentropy", {}, [[0, 1, 1]], [[0.5, 0.5]], sizes)
    error("CategoricalCrossentropy", {}, [[0, 1, 1]], [[0.5, 0.5]], sizes)
    error("CategoricalCrossentropy", {"axis": True}, [[0, 1]], [[0.5, 0.5]],
          "`axis` must be of type `int`. Received: axis=True")  # fmt: skip
    error("MeanSquaredError", {"reduction": "foo"}, [0], [0],
          "Invalid value for argument `reduction`")  # fmt: skip


def logits() -> list[dict]:
    """Losses of the results of a softmax and a sigmoid that are far beyond float32."""
    found = []
    for name, activation, labels in (
        ("CategoricalCrossentropy", "softmax", [[0.0, 1.0]]),
        ("SparseCategoricalCrossentropy", "softmax", [1]),
        ("BinaryCrossentropy", "sigmoid", [[0.0, 1.0]]),
    ):
        x = np.array([[60.0, -60.0]], "float32")
        y_pred = keras.activations.get(activation)(tf.constant(x))
        value = getattr(keras.losses, name)()(np.array(labels), y_pred)
        found.append({"loss": name, "activation": activation, "y_true": labels,
                      "logits": x.tolist(), "value": plain(value)})  # fmt: skip
    return found


def configs() -> list[dict]:
    """How Keras writes each loss that needs no arguments into a file."""
    found = []
    for name, cls in sorted(vars(keras.losses).items()):
        if isinstance(cls, type) and name not in SKIPPED:
            made = cls(**NEEDED.get(name, {}))
            found.append(keras.losses.serialize(made))
    return found


if __name__ == "__main__":
    for part in (numbers, binary, classes, distances, errors):
        part()
    lines = {"cases": CASES, "errors": ERRORS, "logits": logits(), "configs": configs()}
    text = ",\n".join(
        f'"{name}": [\n' + ",\n".join(json.dumps(x) for x in rows) + "\n]"
        for name, rows in lines.items()
    )
    Path(__file__).with_suffix(".json").write_text("{\n" + text + "\n}\n", encoding="utf-8")
