"""Class weights: how much the samples of each class count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.weighted import Weighted

__all__ = ["checked_class_weight", "weights_of_classes"]


def checked_class_weight(class_weight: Any) -> dict[int, float]:
    """The weights by the number of the class.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything but a dict of numbers.
    """
    try:
        if isinstance(class_weight, Mapping):
            return {int(key): float(value) for key, value in class_weight.items()}
    except (TypeError, ValueError):
        pass
    raise InvalidArgumentError(
        message("fit", f"class_weight={shorten(class_weight)}",
                "it is not a dict of weights by the number of the class",
                "classes are numbered from 0; those that are left out weigh 1",
                "for example class_weight={0: 1.0, 1: 5.0}")
    )  # fmt: skip


def weights_of_classes(y: Any, class_weight: Mapping[int, float], given: Any = None) -> np.ndarray:
    """The weight of each sample: that of its class, times its own.

    Shape: classes (batch,) or (batch, 1), or one-hot (batch, classes) → (batch,).

    Raises:
        InvalidArgumentError: (also a ValueError) without labels, and for several outputs.
    """
    if y is None or nest.is_nested(y):
        raise InvalidArgumentError(
            message("fit", "class_weight and " + ("no y" if y is None else "several y"),
                    "`class_weight` is only supported for Models with a single output",
                    "the class of a sample is told by its one label",
                    "pass sample_weight, with one array for each output")
        )  # fmt: skip
    y = np.asarray(y)
    classes = y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y), -1)[:, 0]
    classes = np.round(classes).astype(np.int64)
    weights = np.ones(len(y), dtype=Weighted._layer_dtype)
    for number, weight in class_weight.items():
        weights[classes == number] = weight
    return weights if given is None else weights * np.asarray(given, weights.dtype)
