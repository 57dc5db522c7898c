"""What holds for all layers: the dtype by default, the smallest number, the names so far."""

from __future__ import annotations

from minitensor.dtypes import as_dtype
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.naming import clear_names
from minitensor.keras.weighted import Weighted

__all__ = ["backend", "clear_session", "epsilon", "floatx", "set_floatx"]


def floatx() -> str:
    """The dtype of layers that are given none: "float32"."""
    return Weighted._layer_dtype


def set_floatx(value: str) -> None:
    """Change the dtype of layers that are given none.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no floating dtype.
    """
    if value not in ("bfloat16", "float16", "float32", "float64"):
        raise InvalidArgumentError(
            message("set_floatx", f"{value!r}", f"Unknown `floatx` value: {value}",
                    "layers compute in floating numbers", "use 'float32' or 'float64'")
        )  # fmt: skip
    Weighted._layer_dtype = as_dtype(value).name


def epsilon() -> float:
    """A small number that keeps divisions and logarithms finite: 1e-7."""
    return 1e-7


def clear_session(free_memory: bool = True) -> None:
    """Count names from the beginning again: the next Dense is `dense`.

    Models stay as they are: nothing global holds them, so `free_memory` has no effect.
    """
    clear_names()


def backend() -> str:
    """What computes: "minitensor"."""
    return "minitensor"
