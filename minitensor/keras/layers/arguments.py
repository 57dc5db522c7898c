"""What arguments of layers must be: sizes, pairs of sizes, names of a kind."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from minitensor.dtypes import kind_of
from minitensor.errors import InvalidArgumentError, message, suggest
from minitensor.ops import cast
from minitensor.tensor import Tensor

__all__ = [
    "as_floats",
    "channels_last",
    "is_size",
    "one_of",
    "rate_of",
    "refused",
    "size",
    "sizes",
    "unbuilt",
]


def refused(layer: Any, fault: str, rule: str, fix: str) -> InvalidArgumentError:
    """The error for an argument that a layer cannot take."""
    return InvalidArgumentError(message(type(layer).__name__, "", fault, rule, fix))


def is_size(value: Any, least: int = 1) -> bool:
    """Whether it is a whole number from `least` on."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and bool(value >= least)


def size(layer: Any, name: str, value: Any) -> int:
    """A whole number above 0.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else.
    """
    if not is_size(value):
        raise refused(
            layer, f"Received an invalid value for `{name}`, expected a positive integer. "
            f"Received: {name}={value!r}", f"`{name}` counts something", f"write {name}=1 or more"
        )  # fmt: skip
    return int(value)


def sizes(layer: Any, name: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """One whole number for each of `rank` axes; a single one stands for all.

    Raises:
        InvalidArgumentError: (also a ValueError) for another count, or numbers below `least`.
    """
    found = (value,) * rank if isinstance(value, (int, np.integer)) else value
    right = isinstance(found, (tuple, list)) and len(found) == rank
    if not right or not all(is_size(one, least) for one in found):
        raise refused(
            layer, f"The `{name}` argument must be a tuple of {rank} integers. Received "
            f"{name}={value!r}", f"each of {rank} axes has its own, none below {least}",
            f"write {name}={max(least, 1)} or {name}={(max(least, 1),) * rank}",
        )  # fmt: skip
    return tuple(int(one) for one in found)


def one_of(layer: Any, name: str, value: Any, known: tuple[str, ...]) -> str:
    """One of a few words, in lower case.

    Raises:
        InvalidArgumentError: (also a ValueError) for any other, with the nearest.
    """
    word = value.lower() if isinstance(value, str) else value
    if word not in known:
        raise refused(
            layer, f"Invalid `{name}` argument: {value}", f"`{name}` is one of "
            f"{', '.join(known)}", suggest(str(value), known)
        )  # fmt: skip
    return word


def rate_of(layer: Any, name: str, value: Any) -> float:
    """A share, from 0 to 1.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else.
    """
    if not isinstance(value, (int, float, np.number)) or not 0 <= value <= 1:
        raise refused(
            layer, f"Invalid value received for argument `{name}`. Expected a float value between "
            f"0 and 1. Received: {name}={value!r}", f"`{name}` is a share of the whole",
            f"write for example {name}=0.5",
        )  # fmt: skip
    return float(value)


def channels_last(layer: Any, data_format: Any) -> str:
    """The one order of axes that there is: batch, places, channels.

    Raises:
        InvalidArgumentError: (also a ValueError) for "channels_first" and unknown words.
    """
    if data_format is None:
        return "channels_last"
    if one_of(layer, "data_format", data_format, ("channels_last", "channels_first")) == (
        "channels_first"
    ):
        raise refused(
            layer, "data_format='channels_first' is not supported", "the last axis of images holds "
            "the channels: (batch, height, width, channels)",
            "leave data_format out, and turn the images: mt.transpose(x, [0, 2, 3, 1])",
        )  # fmt: skip
    return "channels_last"


def as_floats(layer: Any, x: Any) -> Any:
    """The input of a layer that computes with fractions: whole numbers become floats.

    Raises:
        InvalidArgumentError: (also a ValueError) for a list or dict of tensors.
    """
    if not isinstance(x, Tensor):
        raise refused(layer, f"the input is a {type(x).__name__}", "it computes with one tensor",
                      "call the layer on each of them")  # fmt: skip
    return cast(x, layer.compute_dtype) if kind_of(x.dtype) in "iub" else x


_WEIGHTS = ("alpha", "beta", "bias", "embeddings", "gamma", "kernel")


def unbuilt(layer: Any, name: str) -> NoReturn:
    """The error for an attribute that is missing: a weight, before the layer is built."""
    if name.removeprefix("depthwise_").removeprefix("pointwise_") in _WEIGHTS:
        raise AttributeError(
            message(f"layer '{layer.name}'", "",
                    f"You must build the layer before accessing `{name}`",
                    "weights are made when the first input tells their shapes",
                    "call the layer on data, or layer.build((None, …)) with the input's sizes")
        )  # fmt: skip
    raise AttributeError(f"'{type(layer).__name__}' object has no attribute '{name}'")
