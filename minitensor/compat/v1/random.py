"""`tf.random` with the seeds of graphs; everything else is that of `mt.random`."""

from __future__ import annotations

from typing import Any

from minitensor import random
from minitensor.compat.v1.building import get_seed as get_seed
from minitensor.compat.v1.building import set_random_seed as set_random_seed

__all__ = ["get_seed", "set_random_seed"]


def __getattr__(name: str) -> Any:
    return getattr(random, name)
