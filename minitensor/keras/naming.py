"""Names that layers get when nobody gives them one: `dense`, `dense_1`, `max_pooling2d`."""

from __future__ import annotations

import re
import threading
from collections import Counter

from minitensor.errors import InvalidArgumentError, message

__all__ = ["auto_name", "checked_name", "clear_names", "snake_case"]

_counts: Counter[str] = Counter()
_lock = threading.Lock()


def snake_case(name: str) -> str:
    """The name of a class as Keras writes it in lower case.

    Example:
        >>> snake_case("MaxPooling2D"), snake_case("ReLU"), snake_case("MyHTTPLayer")
        ('max_pooling2d', 're_lu', 'my_http_layer')
    """
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(kind: str) -> str:
    """The next free name of a kind: `dense`, then `dense_1`."""
    base = snake_case(kind)
    with _lock:
        count = _counts[base]
        _counts[base] += 1
    return f"{base}_{count}" if count else base


def checked_name(name: object) -> str:
    """A name that was given.

    Raises:
        InvalidArgumentError: (also a ValueError) for one that is no string or holds a '/'.
    """
    if not isinstance(name, str) or "/" in name:
        raise InvalidArgumentError(
            message("name", "",
                    "Argument `name` must be a string and cannot contain character `/`. Received: "
                    f"name={name} (of type {type(name)})", "'/' stands between the names of a "
                    "layer and of what is inside of it", "write name='my_layer'")
        )  # fmt: skip
    return name


def clear_names() -> None:
    """Count from the beginning again: the next Dense is `dense`."""
    with _lock:
        _counts.clear()
