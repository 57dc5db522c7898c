"""Arrays into the variables of a model: all are checked before one is assigned."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from minitensor.dtypes import DType, as_dtype
from minitensor.errors import InvalidArgumentError, OpError
from minitensor.keras.optimizers import Optimizer
from minitensor.keras.saving.layout import Place, places
from minitensor.keras.saving.stored import Stored
from minitensor.scopes import init_scope
from minitensor.train.restoring import assign
from minitensor.variable import Variable

__all__ = ["assign_all", "fault_of", "fill"]


def fill(model: Any, stored: Mapping[str, list[Stored]], skip_mismatch: bool = False) -> None:
    """Give a model the arrays of a file, place by place.

    Args:
        model: a built model.
        stored: the arrays at each place.
        skip_mismatch: leave layers as they are whose arrays do not fit, and warn.

    Raises:
        InvalidArgumentError: (also a ValueError) when some do not fit; nothing is changed then.
    """
    pairs: list[tuple[Variable, Stored]] = []
    faults: list[tuple[Any, str]] = []
    for place in places(model):
        arrays = stored.get(place.path, [])
        if isinstance(place.owner, Optimizer):
            place = _with_slots(place, model, arrays)
            if place is None:
                continue
        fault = _fault(place, arrays)
        if fault is None:
            pairs += zip(place.variables, arrays, strict=True)
        else:
            faults.append((place.owner, fault))
    if faults:
        text = _summary(faults)
        if not skip_mismatch:
            raise InvalidArgumentError(
                f"{text}\nThe file is that of another model, and no weight was changed. To fix it: "
                "make the model as it was made when the weights were saved, or pass "
                "skip_mismatch=True to keep the weights of those layers."
            )
        warnings.warn(text, stacklevel=3)
    assign_all(pairs)


def assign_all(pairs: list[tuple[Variable, Stored]]) -> None:
    """Read all arrays, then assign all."""
    values = [(variable, _as(stored.read(), variable.dtype)) for variable, stored in pairs]
    with init_scope():
        for variable, value in values:
            assign(variable, value)


def fault_of(variable: Variable, stored: Stored) -> str | None:
    """Why an array does not fit a variable, in Keras's words; None if it does."""
    if not variable.shape.is_compatible_with(stored.shape):
        path = getattr(variable, "path", variable.name)
        return (
            "The shape of the target variable and the shape of the target value in "
            f"`variable.assign(value)` must match. variable.shape={tuple(variable.shape)}, "
            f"Received: value.shape={stored.shape}. Target variable: {path}"
        )
    if not _same_kind(variable.dtype, stored.dtype):
        return f"The variable has dtype {variable.dtype.name}, and the array {stored.dtype.name}"
    return None


def _fault(place: Place, arrays: list[Stored]) -> str | None:
    owner, variables = place.owner, place.variables
    if len(variables) != len(arrays):
        name = owner.name
        if not variables and not getattr(owner, "built", True):
            return (
                f"Layer '{name}' was never built and thus it doesn't have any variables. However "
                f"the weights file lists {len(arrays)} variables for this layer. Build it in the "
                "`build()` of the layer that it belongs to, or call the model once"
            )
        names = [getattr(v, "name", "") for v in variables]
        return (
            f"Layer '{name}' expected {len(variables)} variables, but received {len(arrays)} "
            f"variables during loading. Expected: {names}"
        )
    faults = (fault_of(v, x) for v, x in zip(variables, arrays, strict=True))
    return next((fault for fault in faults if fault is not None), None)


def _with_slots(place: Place, model: Any, arrays: list[Stored]) -> Place | None:
    """An optimiser with variables for the saved ones; None where it is none of that kind."""
    optimizer = place.owner
    if arrays and not optimizer.built:
        optimizer.build(model.trainable_variables)
        place = place._replace(variables=list(optimizer.variables))
    if _fault(place, arrays) is None:
        return place
    if arrays:
        warnings.warn(
            f"Skipping variable loading for optimizer '{optimizer.name}', because it has "
            f"{len(place.variables)} variables whereas the saved optimizer has {len(arrays)} "
            "variables, or theirs have other shapes: training begins with a fresh optimizer.",
            stacklevel=4,
        )
    return None


def _summary(faults: list[tuple[Any, str]]) -> str:
    owner, fault = faults[0]
    return (
        f"A total of {len(faults)} objects could not be loaded. Example error message for object "
        f"{owner!r}:\n\n{fault}\n\nList of objects that could not be loaded:\n"
        f"{[owner for owner, _ in faults]}"
    )


def _same_kind(dtype: DType, other: np.dtype) -> bool:
    try:
        given = as_dtype(other)
    except (OpError, TypeError):
        return False
    kinds = ("is_floating", "is_integer", "is_complex", "is_bool")
    return any(getattr(dtype, kind) and getattr(given, kind) for kind in kinds) or dtype is given


def _as(array: Any, dtype: DType) -> np.ndarray:
    return np.asarray(array).astype(dtype.numpy)
