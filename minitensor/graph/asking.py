"""Questions about traces: is one going on, is a tensor part of one, is its value known already."""

from __future__ import annotations

from typing import Any

from minitensor.eager import executing_eagerly
from minitensor.graph.symbol import Symbol
from minitensor.tensor import Tensor

__all__ = ["get_static_value", "inside_function", "is_symbolic_tensor"]


def inside_function() -> bool:
    """Whether a function is being traced.

    Example:
        >>> import minitensor as mt
        >>> mt.inside_function(), mt.function(mt.inside_function)().numpy()
        (False, np.True_)
    """
    return not executing_eagerly()


def is_symbolic_tensor(x: Any) -> bool:
    """Whether `x` is a tensor that has no elements yet, because a function is being traced.

    Example:
        >>> import minitensor as mt
        >>> mt.is_symbolic_tensor(mt.constant(1.0))
        False
    """
    return isinstance(x, Symbol)


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The elements of a tensor where they are known while tracing, such as a constant's; else None.

    Args:
        tensor: a tensor, of a trace or not.
        partial: TensorFlow's; no effect.

    Example:
        >>> import minitensor as mt
        >>> @mt.function
        ... def f(x):
        ...     print(mt.get_static_value(x), mt.get_static_value(mt.shape(x)))
        >>> f(mt.ones((2, 3)))
        None [2 3]
    """
    if isinstance(tensor, Symbol):
        return None if tensor.known is None else tensor.known.copy()[()]
    return tensor.numpy() if isinstance(tensor, Tensor) else None
