"""Histograms as TensorFlow 1 has them: buckets with fixed limits, each a tenth wider than the last.

The limits are 0, ±1e-12 and so on up to ±1e20 and the largest float there is. They are the same for
all histograms, so that those of many steps can be laid over one another.
"""

from __future__ import annotations

import numpy as np

from minitensor.summary.messages import Histogram

__all__ = ["exponential_histogram"]


def exponential_histogram(values: np.ndarray) -> Histogram:
    """How many finite values lie in each bucket; of empty buckets in a row, one is kept.

    A value on a limit lies in the bucket above it.

    Example:
        >>> found = exponential_histogram(np.array([0.0, 1.0, 1.0]))
        >>> found.num, found.sum, [c for c in found.bucket if c]
        (3.0, 2.0, [1.0, 2.0])

    Source: tensorflow/core/lib/histogram/histogram.cc.
    """
    x = values.astype(np.float64).ravel()
    ordered = np.sort(values, axis=None).astype(np.float64)  # narrow floats are sorted faster
    below = np.searchsorted(ordered, _LIMITS)
    below[-1] = x.size
    counts = np.diff(below, prepend=0).astype(np.float64)
    kept = (counts > 0) | np.append(counts[1:] > 0, True)
    with np.errstate(over="ignore"):
        squares = float((x * x).sum())
    return Histogram(
        min=float(x.min(initial=_LARGEST)), max=float(x.max(initial=-_LARGEST)),
        num=float(x.size), sum=float(x.sum()), sum_squares=squares,
        bucket_limit=_LIMITS[kept].tolist(), bucket=counts[kept].tolist(),
    )  # fmt: skip


def _limits() -> np.ndarray:
    found, limit = [], 1e-12
    while limit < 1e20:
        found.append(limit)
        limit *= 1.1
    found.append(_LARGEST)
    return np.array([*(-x for x in reversed(found)), 0.0, *found])


_LARGEST = float(np.finfo(np.float64).max)
_LIMITS = _limits()
