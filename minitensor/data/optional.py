"""Optional: an element that may not be there."""

from __future__ import annotations

from typing import Any

from minitensor.eager import convert_to_tensor
from minitensor.errors import InvalidArgumentError, message

__all__ = ["Optional"]


class Optional:
    """An element, or nothing: what `iterator.get_next_as_optional()` gives.

    Example:
        >>> import minitensor as mt
        >>> iterator = iter(mt.data.Dataset.range(1))
        >>> iterator.get_next_as_optional().get_value().numpy()
        np.int64(0)
        >>> iterator.get_next_as_optional().has_value().numpy()
        np.False_
    """

    def __init__(self, value: Any, element_spec: Any, empty: bool = False):
        self._value, self.element_spec, self._empty = value, element_spec, empty

    def has_value(self, name: str | None = None) -> Any:
        """Whether there is an element, as a tensor."""
        return convert_to_tensor(not self._empty)

    def get_value(self, name: str | None = None) -> Any:
        """The element.

        Raises:
            InvalidArgumentError: (also a ValueError) when there is none.
        """
        if self._empty:
            raise InvalidArgumentError(
                message("Optional.get_value", "", "The given optional does not have a value",
                        "an iterator at its end gives nothing", "ask has_value() first")
            )  # fmt: skip
        return self._value
