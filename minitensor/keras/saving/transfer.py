"""Weights from files of other libraries, by a map of names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, message, shorten, suggest
from minitensor.keras.saving.filling import assign_all, fault_of
from minitensor.keras.saving.stored import Stored
from minitensor.variable import Variable

__all__ = ["fill_by_names"]


def fill_by_names(model: Any, stored: Mapping[str, Stored], name_map: Mapping[str, Any]) -> None:
    """Give weights the arrays that a map names; `load_weights` says what the map is.

    Raises:
        InvalidArgumentError: (also a ValueError) for names that do not exist, and for arrays that
            do not fit; nothing is changed then.
    """
    weights = {getattr(w, "path", w.name): w for w in model.weights}
    pairs = []
    for path, theirs in name_map.items():
        name, change = theirs if isinstance(theirs, (tuple, list)) else (theirs, None)
        if path not in weights:
            raise _unknown("weight of the model", path, weights)
        if name not in stored:
            raise _unknown("array in the file", name, stored)
        pairs.append((weights[path], _changed(stored[name], change, path)))
    for (weight, array), (path, theirs) in zip(pairs, name_map.items(), strict=True):
        fault = fault_of(weight, array)
        if fault is not None:
            raise InvalidArgumentError(
                message("load_weights", f"name_map={{{path!r}: {theirs!r}}}", fault,
                        "an array has the shape of its weight; no weight was changed",
                        _hint(weight, array, theirs))
            )  # fmt: skip
    assign_all(pairs)


def _changed(stored: Stored, change: Any, path: str) -> Stored:
    """The array with its axes in another order, or as a function gives it."""
    if change is None:
        return stored
    try:
        array = np.asarray(
            change(stored.read()) if callable(change) else np.transpose(stored.read(), change)
        )
    except Exception as error:  # whatever the learner's function, or transpose, has to say
        raise InvalidArgumentError(
            message("load_weights", f"an array of shape {stored.shape} for {path!r}",
                    f"{shorten(change)} cannot change it: {error}",
                    "the second of a pair is an order of axes, or a function of the array",
                    "for the kernel of a dense layer of PyTorch: (name, (1, 0))")
        ) from error  # fmt: skip
    return Stored(array.shape, array.dtype, lambda: array)


def _unknown(what: str, name: Any, known: Mapping) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("load_weights", f"name_map with {name!r}", f"there is no {what} called {name!r}",
                "the map says {weight.path: name in the file}", suggest(str(name), sorted(known)))
    )  # fmt: skip


def _hint(weight: Variable, array: Stored, theirs: Any) -> str:
    turned = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 1, 0)}.get(len(array.shape))
    if turned and isinstance(theirs, str):
        shape = tuple(array.shape[axis] for axis in turned)
        if weight.shape.is_compatible_with(shape):
            return f"it fits with its axes in another order: ({theirs!r}, {turned})"
    return "choose another array, or change it: (name, axes) or (name, function)"
