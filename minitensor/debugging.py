"""Checks that stop a program where a mistake is made, `mt.debugging`.

Assertions about values run as ops, in traced functions too; those about shapes and dtypes look at
what is known at once. `enable_check_numerics` watches every op for the first NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from minitensor.dtypes import as_dtype
from minitensor.eager import convert_to_tensor, is_tensor
from minitensor.errors import ArgumentError, DTypeError, InvalidArgumentError, message
from minitensor.ops import assertions
from minitensor.ops.assertions import check_numerics as check_numerics
from minitensor.shapes import TensorShape
from minitensor.watching import disable_check_numerics as disable_check_numerics
from minitensor.watching import enable_check_numerics as enable_check_numerics

__all__ = [
    "Assert",
    "assert_all_finite",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_integer",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "assert_proper_iterable",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_same_float_dtype",
    "assert_scalar",
    "assert_shapes",
    "assert_type",
    "check_numerics",
    "disable_check_numerics",
    "disable_traceback_filtering",
    "enable_check_numerics",
    "enable_traceback_filtering",
    "is_numeric_tensor",
    "is_traceback_filtering_enabled",
]

Text = str | None


def assert_equal(
    x: Any, y: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x == y, element by element.

    Shape: two tensors that broadcast.

    Raises:
        InvalidArgumentError: (also a ValueError) showing where they differ.

    Example:
        >>> import minitensor as mt
        >>> mt.debugging.assert_equal(mt.constant(1), 1)
    """
    _run(assertions.assert_equal, x, y, message=message, summarize=summarize, name=name)


def assert_none_equal(
    x: Any, y: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x != y for all elements."""
    _run(assertions.assert_none_equal, x, y, message=message, summarize=summarize, name=name)


def assert_less(
    x: Any, y: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x < y for all elements."""
    _run(assertions.assert_less, x, y, message=message, summarize=summarize, name=name)


def assert_less_equal(
    x: Any, y: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x <= y for all elements."""
    _run(assertions.assert_less_equal, x, y, message=message, summarize=summarize, name=name)


def assert_greater(
    x: Any, y: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x > y for all elements."""
    _run(assertions.assert_greater, x, y, message=message, summarize=summarize, name=name)


def assert_greater_equal(
    x: Any, y: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x >= y for all elements."""
    _run(assertions.assert_greater_equal, x, y, message=message, summarize=summarize, name=name)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: Text = None,
    summarize: int | None = None,
    name: Text = None,
) -> None:
    """Raise unless |x - y| <= atol + rtol · |y| for all elements; 10 epsilon each by default."""
    attrs = {"rtol": rtol, "atol": atol, "message": message, "summarize": summarize}
    _run(assertions.assert_near, x, y, name=name, **attrs)


def assert_positive(
    x: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x > 0 for all elements."""
    _run(assertions.assert_positive, x, message=message, summarize=summarize, name=name)


def assert_negative(
    x: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x < 0 for all elements."""
    _run(assertions.assert_negative, x, message=message, summarize=summarize, name=name)


def assert_non_negative(
    x: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x >= 0 for all elements."""
    _run(assertions.assert_non_negative, x, message=message, summarize=summarize, name=name)


def assert_non_positive(
    x: Any, message: Text = None, summarize: int | None = None, name: Text = None
) -> None:
    """Raise unless x <= 0 for all elements."""
    _run(assertions.assert_non_positive, x, message=message, summarize=summarize, name=name)


def assert_all_finite(x: Any, message: str, name: Text = None) -> Any:
    """`x`, after a check that it has neither NaN nor infinity."""
    return check_numerics(x, message=message, name=name)


def Assert(condition: Any, data: Sequence, summarize: int | None = None, name: Text = None) -> None:  # noqa: N802 - TensorFlow's name
    """Raise unless `condition` holds; the error shows `data`.

    Raises:
        InvalidArgumentError: (also a ValueError) with the first elements of each of `data`.
    """
    count = 3 if summarize is None else summarize
    assertions.assert_([condition, *data], summarize=count, name=name)  # noqa: PT009


def assert_rank(x: Any, rank: int, message: Text = None, name: Text = None) -> None:
    """Raise unless `x` has `rank` axes.

    Raises:
        InvalidArgumentError: (also a ValueError).
    """
    _require_rank("assert_rank", x, (rank,), f"rank {rank}", message)


def assert_rank_at_least(x: Any, rank: int, message: Text = None, name: Text = None) -> None:
    """Raise unless `x` has `rank` axes or more."""
    ranks = range(rank, 1000)
    _require_rank("assert_rank_at_least", x, ranks, f"rank at least {rank}", message)


def assert_rank_in(x: Any, ranks: Sequence[int], message: Text = None, name: Text = None) -> None:
    """Raise unless the number of axes of `x` is among `ranks`."""
    _require_rank("assert_rank_in", x, ranks, f"rank in {tuple(ranks)}", message)


def assert_scalar(tensor: Any, message: Text = None, name: Text = None) -> Any:
    """`tensor`, after a check that it has no axes."""
    tensor = convert_to_tensor(tensor)
    if len(tensor.shape):
        fault = f"Expected scalar shape, saw shape: {tensor.shape}"
        _refuse("assert_scalar", tensor, message, fault, "a scalar has no axes")
    return tensor


def assert_type(tensor: Any, tf_type: Any, message: Text = None, name: Text = None) -> None:
    """Raise unless `tensor` has the dtype `tf_type`.

    Raises:
        DTypeError: (also a TypeError).
    """
    tensor, wanted = convert_to_tensor(tensor), as_dtype(tf_type)
    if tensor.dtype != wanted:
        _refuse("assert_type", tensor, message,
                f"tensor must be of type {wanted!r}; got {tensor.dtype!r}",
                "dtypes are never converted silently", DTypeError)  # fmt: skip


def assert_integer(x: Any, message: Text = None, name: Text = None) -> None:
    """Raise unless `x` has an integer dtype."""
    x = convert_to_tensor(x)
    if not x.dtype.is_integer:
        _refuse("assert_integer", x, message, 'Expected "x" to be integer type. Found: tensor of '
                f"dtype {x.dtype!r}", "integers count or index", DTypeError)  # fmt: skip


def assert_same_float_dtype(tensors: Sequence | None = None, dtype: Any = None) -> Any:
    """The one floating dtype that all tensors have; float32 without any.

    Raises:
        DTypeError: (also a ValueError) when two differ or one is not floating.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    for x in map(convert_to_tensor, tensors or ()):
        wanted = wanted or x.dtype
        if x.dtype != wanted or not wanted.is_floating:
            _refuse("assert_same_float_dtype", x, None,
                    f"a tensor of dtype {x.dtype!r} must be of the floating type {wanted!r}",
                    "all have one floating dtype", DTypeError)  # fmt: skip
    return wanted or as_dtype("float32")


def assert_proper_iterable(values: Any) -> None:
    """Raise unless `values` is an iterable that is no tensor, array or string."""
    if is_tensor(values) or hasattr(values, "__array__") or isinstance(values, (str, bytes)):
        proper = False
    else:
        proper = isinstance(values, Iterable)
    if not proper:
        raise ArgumentError(
            _text("assert_proper_iterable", f"a {type(values).__name__}", None,
                  'Expected argument "values" to be a "proper" iterable', "a list holds tensors")
        )  # fmt: skip


def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: Text = None,
    name: Text = None,
) -> None:
    """Raise unless tensors have these shapes, where a letter is the same size everywhere.

    `shapes` holds pairs (tensor, shape); in a shape, a number is a size, a string a size with a
    name, None any size, and `...` in front any axes. `data` and `summarize` are TensorFlow's and
    have no effect.

    Raises:
        InvalidArgumentError: (also a ValueError) naming the axis.

    Example:
        >>> import minitensor as mt
        >>> x, y = mt.zeros([2, 3]), mt.zeros([3])
        >>> mt.debugging.assert_shapes([(x, ("N", "D")), (y, ("D",))])
    """
    pairs = shapes.items() if isinstance(shapes, dict) else shapes
    sizes: dict[str, tuple[int, str]] = {}
    for tensor, wanted in pairs:
        tensor = convert_to_tensor(tensor)
        given = f"Tensor shape={tensor.shape} dtype={tensor.dtype.name}"
        symbols = _symbols(wanted, given, message)
        found = list(tensor.shape)
        if symbols and symbols[0] in (Ellipsis, "*"):
            symbols = symbols[1:]
            found = found[len(found) - len(symbols) :] if len(found) >= len(symbols) else found
        if len(symbols) != len(found):
            fault = f"Tensor must have rank {len(symbols)}. Received rank {len(found)}"
            _refuse("assert_shapes", tensor, message, fault, "a shape has one entry per axis")
        for axis, (symbol, size) in enumerate(zip(symbols, found, strict=True)):
            _match(symbol, size, axis, given, sizes, tensor, message)


def _symbols(wanted: Any, given: str, note: Text) -> list:
    if isinstance(wanted, TensorShape):
        return list(wanted)
    if isinstance(wanted, (str, Iterable)):
        return list(wanted)
    raise InvalidArgumentError(
        _text("assert_shapes", given, note, "Specified shape must be an iterable. Received "
              f"specified shape: {wanted!r}", "a shape has one entry per axis")
    )  # fmt: skip


def _match(
    symbol: Any, size: int, axis: int, given: str, sizes: dict, tensor: Any, note: Text
) -> None:
    if symbol is None or symbol == ".":
        return
    if isinstance(symbol, str) and not symbol.isdigit():
        wanted, origin = sizes.setdefault(symbol, (size, f"by {given} dimension {axis}"))
    else:
        wanted, origin = int(symbol), "explicitly"
    if size != wanted:
        _refuse("assert_shapes", tensor, note, f"Specified {origin}. {given} dimension {axis} must "
                f"have size {wanted}. Received size {size}, shape {tensor.shape}",
                "a letter stands for one size")  # fmt: skip


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether `tensor` is a tensor of numbers (not bool, not string)."""
    return is_tensor(tensor) and as_dtype(tensor.dtype).kind in "fciu"


def _run(op: Any, *inputs: Any, name: Text, **attrs: Any) -> None:
    op(*inputs, name=name, **{key: value for key, value in attrs.items() if value is not None})


def _require_rank(name: str, x: Any, ranks: Any, wanted: str, note: Text) -> None:
    x = convert_to_tensor(x)
    if any(not isinstance(rank, int) for rank in (ranks if not isinstance(ranks, range) else ())):
        raise ArgumentError(
            _text(name, f"rank {ranks}", note, "the rank is no whole number", "ranks count axes")
        )
    if len(x.shape) not in ranks:
        _refuse(name, x, note, f"Tensor must have {wanted}. Received rank {len(x.shape)}, shape "
                f"{x.shape}", "the rank is the number of axes")  # fmt: skip


def _refuse(
    name: str, x: Any, note: Text, fault: str, rule: str, error: type = InvalidArgumentError
) -> None:
    raise error(_text(name, f"shape {x.shape} {x.dtype.name}", note, fault, rule))


def _text(name: str, given: str, note: Text, fault: str, rule: str) -> str:
    fault = f"{note}\n{fault}." if note else fault
    return message(name, given, fault, rule, "look where the value comes from")


tracebacks = SimpleNamespace(filtered=True)
"""Whether tracebacks of traced functions leave out the engine's own frames."""


def enable_traceback_filtering() -> None:
    """Leave the engine's own frames out of tracebacks of traced functions, as at the start."""
    tracebacks.filtered = True


def disable_traceback_filtering() -> None:
    """Show every frame of tracebacks, to look for a mistake in the engine.

    Example:
        >>> import minitensor as mt
        >>> mt.debugging.disable_traceback_filtering()
        >>> mt.debugging.is_traceback_filtering_enabled()
        False
        >>> mt.debugging.enable_traceback_filtering()
    """
    tracebacks.filtered = False


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave out the engine's own frames."""
    return tracebacks.filtered
