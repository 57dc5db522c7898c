"""Arrays in a file, before they are read: their names, shapes and dtypes are looked at first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from minitensor.saved_model.pair import safetensors
from minitensor.saved_model.values import Broken

__all__ = ["Stored", "by_place", "read_safetensors"]


class Stored(NamedTuple):
    """An array in a file."""

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], Any]


def by_place(named: Iterable[tuple[str, Stored]]) -> dict[str, list[Stored]]:
    """Arrays by the place that their names tell: `layers/dense/vars/0`. Other names are left out.

    Raises:
        Broken: when a number is missing.
    """
    found: dict[str, dict[int, Stored]] = {}
    for key, stored in named:
        *path, kind, number = ["", *key.split("/")] if "/" in key else ["", "", key]
        if kind == "vars" and number.isascii() and number.isdigit() and len(number) < 8:
            found.setdefault("/".join(filter(None, path)), {})[int(number)] = stored
    for path, numbered in found.items():
        if sorted(numbered) != list(range(len(numbered))):
            raise Broken(f"the variables of {path!r} have the numbers {sorted(numbered)}")
    return {path: [x for _, x in sorted(numbered.items())] for path, numbered in found.items()}


def read_safetensors(data: bytes) -> dict[str, Stored]:
    """The arrays of a safetensors file.

    Raises:
        Broken: when it is damaged.
    """
    try:
        arrays = safetensors().load(data)
    except Exception as error:  # the library's own errors, and numpy's
        raise Broken(f"it is no safetensors file: {error}") from None
    return {key: _stored(array) for key, array in arrays.items()}


def _stored(array: np.ndarray) -> Stored:
    return Stored(array.shape, array.dtype, lambda: array)
