"""What TensorFlow has under `tf.autograph.experimental`."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any

__all__ = ["Feature", "do_not_convert", "set_loop_options"]


class Feature(enum.Enum):
    """What TensorFlow makes optional in AutoGraph.

    Accepted for compatibility, without effect: assertions and built-in functions are always
    converted, `==` and names need no conversion, lists are never converted.
    """

    ALL = "ALL"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        """All of them."""
        return tuple(cls)

    @classmethod
    def all_but(cls, exclude: Any) -> tuple[Feature, ...]:
        """All but one, or but those in a list; ALL itself is never among them."""
        left_out = exclude if isinstance(exclude, (list, tuple, set)) else (exclude,)
        return tuple(f for f in cls if f not in left_out and f is not cls.ALL)


class _Status(threading.local):
    converting = True


status = _Status()
"""Whether calls from converted code convert what they call, in this thread."""


@contextmanager
def converting(wanted: bool) -> Iterator[None]:
    """Within it, calls from converted code convert what they call, or do not."""
    before, status.converting = status.converting, wanted
    try:
        yield
    finally:
        status.converting = before


def mark_as_done(function: Callable) -> Callable:
    """Mark a function that must be called as it is, and return it."""
    target: Any = getattr(function, "__func__", function)
    target.autograph_info__ = target.__code__
    return function


def is_done(function: Any) -> bool:
    """Whether a function was marked; copying its attributes to a wrapper does not count."""
    mark = getattr(function, "__dict__", {}).get("autograph_info__")
    return mark is not None and mark is getattr(function, "__code__", None)


def do_not_convert(func: Callable | None = None) -> Any:
    """Leave a function, and everything that it calls, as it is while a graph is traced.

    Use it where the conversion itself is in the way. For use as a decorator.

    Example:
        >>> import minitensor as mt
        >>> @mt.autograph.experimental.do_not_convert
        ... def two():
        ...     return 2
        >>> two()
        2
    """
    if func is None:
        return do_not_convert
    wrapped: Callable = func

    def as_it_is(*args: Any, **kwargs: Any) -> Any:
        with converting(False):
            return wrapped(*args, **kwargs)

    return mark_as_done(update_wrapper(as_it_is, func))


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Say more about the loop over tensors whose first statement this is.

    It is not run: AutoGraph finds it by its name, which must be visible from the module. In a loop
    that Python runs it has no effect.

    Args:
        parallel_iterations: TensorFlow's; no effect.
        swap_memory: TensorFlow's; no effect.
        maximum_iterations: after so many iterations the loop ends.
        shape_invariants: pairs of a loop variable and the shape that it has in every iteration,
            with None for sizes that change.

    Example:
        >>> import minitensor as mt
        >>> def doubled(x, n):
        ...     for _ in mt.range(n):
        ...         mt.autograph.experimental.set_loop_options(
        ...             shape_invariants=[(x, mt.TensorShape([None]))])
        ...         x = mt.concat([x, x], 0)
        ...     return x
        >>> doubled(mt.constant([1]), 2).numpy().tolist()
        [1, 1, 1, 1]
    """
