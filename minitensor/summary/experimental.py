"""The default step, as TensorFlow has it: `mt.summary.experimental`."""

from __future__ import annotations

from typing import Any

from minitensor.summary.context import present
from minitensor.summary.context import set_step as set_step

__all__ = ["get_step", "set_step"]


def get_step() -> Any:
    """The default step of this thread; None when there is none.

    Example:
        >>> set_step(3)
        >>> get_step()
        3
        >>> set_step(None)
    """
    return present().step
