"""Real numbers out of whatever a learner passes: arrays, tensors, variables, lists."""

from __future__ import annotations

from typing import Any


def real(value: Any, caller: str) -> Any:
    """The numbers of a value as a flat array of float64.

    Args:
        value: an array, a tensor, a variable, IndexedSlices (of which the given rows count), lists.
        caller: who asks, as it stands in an error.

    Raises:
        TypeError: for what are no real numbers.
        ValueError: for lists whose rows differ in length.

    Example:
        >>> real([[1, 2], [3, 4]], "distribution()").tolist()
        [1.0, 2.0, 3.0, 4.0]
    """
    import numpy as np

    value = getattr(value, "values", value) if hasattr(value, "dense_shape") else value
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except ValueError:
        raise ValueError(
            f"{caller} got lists whose rows differ in length: they make no array. Count all their "
            "numbers as one list, as by np.concatenate(rows)."
        ) from None
    if array.dtype.kind not in "biufV" or array.dtype.names is not None:
        raise TypeError(
            f"{caller} counts real numbers; it got {type(value).__name__} of dtype {array.dtype}. "
            "Pass an array or a tensor of numbers; of complex ones, mt.abs(x)."
        )
    return array.astype(np.float64, copy=False).ravel()
