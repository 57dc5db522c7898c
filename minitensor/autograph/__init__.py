"""AutoGraph: Python's own `if`, `while` and `for` over tensors, in functions that are traced.

`convert` is what `mt.function` applies to a function before it traces it. The source is read,
control flow becomes calls (malt does that, see `rewriting`), and those calls decide at run time:
over Python values they do what Python does, over tensors they write `mt.cond` and `mt.while_loop`
into the graph. Read `branches` and `loops` for that, `calls` for which functions are converted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.autograph import calls
from minitensor.autograph import experimental as experimental
from minitensor.autograph.calls import OPERATORS, convert, factory_for
from minitensor.autograph.experimental import do_not_convert as do_not_convert
from minitensor.autograph.experimental import mark_as_done
from minitensor.autograph.loading import text_of
from minitensor.autograph.source import NoSource

__all__ = [
    "AutoGraphError",
    "convert",
    "do_not_convert",
    "experimental",
    "set_verbosity",
    "to_code",
    "to_graph",
    "trace",
]


class AutoGraphError(ValueError):
    """A function cannot be converted."""


def to_code(
    entity: Callable, recursive: bool = True, experimental_optional_features: Any = None
) -> str:
    """What AutoGraph makes of a function, as text.

    The code that runs is compiled to stand at the function's own lines; this is for reading.

    Args:
        entity: the function; of what `mt.function` gives, the function inside it is shown.
        recursive: whether calls in it convert what they call.
        experimental_optional_features: TensorFlow's; no effect.

    Raises:
        AutoGraphError: (also a ValueError) when the source cannot be read or converted.

    Example:
        >>> import minitensor as mt
        >>> def absolute(x):
        ...     return x if x > 0 else -x
        >>> print(mt.autograph.to_code(absolute).splitlines()[-1].strip())
        return ag__.if_exp(ag__.ld(x) > 0, lambda: ag__.ld(x), lambda: -ag__.ld(x), 'x > 0')
    """
    from minitensor.autograph.rewriting import rewritten

    try:
        _, definition = rewritten(_python_function(entity), recursive=recursive)
    except NoSource as error:
        raise AutoGraphError(f"converting {entity}: {error}") from None
    return text_of(definition)


def to_graph(
    entity: Callable, recursive: bool = True, experimental_optional_features: Any = None
) -> Callable:
    """The converted form of a function; a method's takes `self` as its first argument.

    Raises:
        AutoGraphError: (also a ValueError) when the source cannot be read or converted.

    Example:
        >>> import minitensor as mt
        >>> def absolute(x):
        ...     return x if x > 0 else -x
        >>> mt.autograph.to_graph(absolute)(mt.constant(-3)).numpy()
        np.int32(3)
    """
    function = _python_function(entity)
    factory = factory_for(function)
    if factory is None:
        raise AutoGraphError(f"converting {entity}: see the warning that was logged")
    return mark_as_done(factory(function, OPERATORS))


def _python_function(entity: Any) -> Callable:
    entity = getattr(entity, "python_function", entity)
    function = getattr(entity, "__func__", entity)
    if not hasattr(function, "__code__"):
        raise AutoGraphError(
            f"converting {entity}: Cannot apply autograph to a function that doesn't expose a "
            "__code__ object. If this is a @tf.function, try passing f.python_function instead."
        )
    return function


def trace(*args: Any) -> None:
    """Print arguments while a function is traced: tensors as the symbols that they are then."""
    print(*args)  # noqa: T201 - printing is what it is for


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """How much AutoGraph logs: from 1 on, each function that it converts, with the code it makes.

    The logger is "minitensor"; with `alsologtostdout` the text is printed, too.
    """
    calls.verbosity.set(level, alsologtostdout)
