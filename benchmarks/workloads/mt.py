"""The workloads in minitensor: eager, and traced by `mt.function`."""

from __future__ import annotations

import minitensor as mt
from benchmarks.workloads import layers, tf_api


def workloads() -> dict[str, tf_api.Factories]:
    """Column → name → a factory of something to call."""
    return {
        "minitensor": {**tf_api.eager(mt), **tf_api.traced(mt, mt.function)},
        "minitensor layers": layers.training(),
        "minitensor eager": tf_api.training(mt, lambda step: step),
    }
