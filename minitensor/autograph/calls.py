"""Calls from converted code: what is called is converted first, unless there is a reason not to.

Called as they are: what belongs to minitensor, numpy, the standard library and their like; classes;
generators; what is marked with `do_not_convert`; what has no source that can be read.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import BuiltinFunctionType, CodeType, SimpleNamespace
from typing import Any

from minitensor import nest
from minitensor.autograph import branches, loops
from minitensor.autograph.blame import in_user_code
from minitensor.autograph.builtin import OVERLOADS
from minitensor.autograph.experimental import converting, is_done, mark_as_done, status
from minitensor.autograph.leaves import (
    PendingReturnValue,
    Undefined,
    UndefinedReturnValue,
)
from minitensor.autograph.loading import Factory, Kept, text_of
from minitensor.autograph.source import NoSource
from minitensor.graph.ir import ENGINE
from minitensor.ops import control

__all__ = ["convert", "converted_call", "factory_for"]

log = logging.getLogger("minitensor")

LIBRARIES = {"minitensor_widgets", "malt", "numpy", "scipy", "cupy", "sklearn", "pandas", "torch",
             "jax", "tensorflow", "keras", "matplotlib", "PIL", "IPython", "ipykernel", "pytest",
             "_pytest", "hypothesis", "ml_dtypes", "tqdm"}  # fmt: skip
"""Packages whose functions are called as they are."""
_STANDARD = f"{Path(sysconfig.get_path('stdlib'))}/"
_SITE = ("site-packages", "dist-packages")
_TAKES_FUNCTIONS = {control.cond, control.case, control.switch_case, control.while_loop,
                    control.map_fn, control.vectorized_map, control.scan, control.foldl,
                    control.foldr}  # fmt: skip
_factories = Kept()


class Verbosity:
    """How much is logged about conversions: `level`, and whether it is printed, too."""

    def __init__(self) -> None:
        self.level = int(os.environ.get("AUTOGRAPH_VERBOSITY", "0"))
        self.printed = False

    def set(self, level: int, printed: bool) -> None:
        """Set both."""
        self.level, self.printed = level, printed

    def tell(self, function: Callable, definition: Any) -> None:
        """Log what became of a function."""
        if self.level > 0:
            text = f"AutoGraph converted {function}:\n{text_of(definition)}"
            log.info(text)
            if self.printed:
                print(text)  # noqa: T201 - asked for


verbosity = Verbosity()


def convert(function: Callable) -> Callable:
    """A function that behaves like `function`, and writes control flow over tensors into a graph.

    Converting happens at the first call while tracing, and once for each piece of code.
    """
    if is_done(getattr(function, "__func__", function)):
        return function

    def converted(*args: Any, **kwargs: Any) -> Any:
        try:
            with converting(True):
                return _call(function, args, kwargs, asked_for=True)
        except Exception as error:
            in_user_code(error)
            raise

    if inspect.isfunction(function) or inspect.ismethod(function):
        functools.update_wrapper(converted, function)
    return mark_as_done(converted)


def converted_call(
    function: Any, args: tuple, kwargs: dict | None, scope: FunctionScope | None = None
) -> Any:
    """`function(*args, **kwargs)` as converted code calls it."""
    if not status.converting:
        return function(*args, **(kwargs or {}))
    return _call(function, args, kwargs or {}, scope)


def _call(
    function: Any, args: tuple, kwargs: dict, scope: Any = None, asked_for: bool = False
) -> Any:
    while type(function) is functools.partial and not _has_gaps(function):
        args, kwargs = (*function.args, *args), {**function.keywords, **kwargs}
        function = function.func
    if isinstance(function, BuiltinFunctionType) or _is_overloaded(function):
        return _call_builtin(function, args, kwargs, scope)
    target, bound = _target(function)
    if target is None or (not asked_for and _is_foreign(target)):
        if function.__hash__ and function in _TAKES_FUNCTIONS:
            args, kwargs = nest.map_structure(_converted_argument, (args, kwargs))
        return function(*args, **kwargs)
    factory = None if is_done(target) else factory_for(target)
    if factory is None:
        return function(*args, **kwargs)
    return factory(target, OPERATORS)(*bound, *args, **kwargs)


def factory_for(function: Callable) -> Factory | None:
    """What makes the converted form of a function; None, after one warning, when nothing can."""
    code: CodeType = function.__code__
    known = _factories.get(code, _factories)
    if known is not _factories:
        return known
    with _factories.lock:
        known = _factories.get(code, _factories)
        if known is _factories:
            known = _factories[code] = _made(function)
        return known


def _made(function: Callable) -> Factory | None:
    from minitensor.autograph.rewriting import ORIGIN, rewritten

    try:
        if inspect.isgeneratorfunction(function):
            raise NoSource("generators are not supported")
        name, definition = rewritten(function)
        verbosity.tell(function, definition)
        return Factory(function, name, definition, ORIGIN)
    except NoSource as reason:
        cause: Any = reason
    except ValueError as error:
        if "set_loop_options" in str(error):
            raise
        cause = error
    except (AssertionError, AttributeError, IndexError, KeyError, NotImplementedError,
            RecursionError, SyntaxError, TypeError) as error:  # fmt: skip
        cause = f"{type(error).__name__}: {error}"
    log.warning(
        "AutoGraph could not transform %s and will run it as-is.\nCause: %s\n"
        "To silence this warning, decorate the function with "
        "@tf.autograph.experimental.do_not_convert", function, cause,
    )  # fmt: skip
    return None


def _has_gaps(partial: functools.partial) -> bool:
    """Whether a partial leaves out arguments in the middle, as Python 3.14 allows."""
    placeholder = getattr(functools, "Placeholder", None)
    return placeholder is not None and any(a is placeholder for a in partial.args)


def _is_overloaded(function: Any) -> bool:
    return isinstance(function, type) and function in OVERLOADS


def _call_builtin(function: Any, args: tuple, kwargs: dict, scope: Any) -> Any:
    if function in _OF_THE_CALLER and scope is not None:
        return _OF_THE_CALLER[function](function, args, scope)
    return (OVERLOADS.get(function) or function)(*args, **kwargs)


def _of_the_caller(name: str) -> Callable:
    """`locals()` and its like answer for the frame that called them: that of the learner's code."""

    def call(function: Any, args: tuple, scope: Any) -> Any:
        from malt.operators import py_builtins

        if name == "eval":
            return py_builtins.eval_in_original_context(function, args, scope)
        return getattr(py_builtins, f"{name}_in_original_context")(scope)

    return call


_OF_THE_CALLER = {f: _of_the_caller(f.__name__) for f in (eval, locals, globals)}


def _target(function: Any) -> tuple[Any, tuple]:
    """The Python function behind a callable, and what comes before its arguments."""
    if inspect.isfunction(function):
        return function, ()
    if inspect.ismethod(function):
        inner = function.__func__
        return (inner, (function.__self__,)) if inspect.isfunction(inner) else (None, ())
    if isinstance(function, type):
        return None, ()
    call = inspect.getattr_static(type(function), "__call__", None)
    return (call, (function,)) if inspect.isfunction(call) else (None, ())


def _is_foreign(function: Any) -> bool:
    """Whether a function is no part of the learner's program."""
    file = function.__code__.co_filename
    if file.startswith(ENGINE) or inspect.isgeneratorfunction(function):
        return True
    if file.startswith(_STANDARD) and not any(site in file for site in _SITE):
        return True
    return function.__globals__.get("__name__", "").partition(".")[0] in LIBRARIES


def _converted_argument(value: Any) -> Any:
    if inspect.isfunction(value) or inspect.ismethod(value) or isinstance(value, functools.partial):
        return convert(value)
    return value


class ConversionOptions(SimpleNamespace):
    """What generated code was made with."""


class FunctionScope:
    """The body of a converted function."""

    def __init__(self, function: str, name: str, options: Any):
        self.function, self.name, self.options = function, name, options

    def __enter__(self) -> FunctionScope:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ret(self, value: Any, did_return: Any) -> Any:
        """What the function returns."""
        return None if isinstance(value, UndefinedReturnValue) else value


def with_function_scope(body: Callable, name: str, options: Any) -> Any:
    """A lambda's body."""
    with FunctionScope("lambda_", name, options) as scope:
        return body(scope)


def ld(value: Any) -> Any:
    """A variable that is read."""
    if isinstance(value, Undefined):
        raise UnboundLocalError(f"'{value.symbol_name}' is used before assignment")
    return value


def ldu(read: Callable, name: str) -> Any:
    """An entry or attribute that is read to carry it along; it need not exist."""
    try:
        return read()
    except (KeyError, AttributeError, NameError, IndexError):
        return Undefined(name)


OPERATORS = SimpleNamespace(
    ConversionOptions=ConversionOptions,
    FunctionScope=FunctionScope,
    PendingReturnValue=PendingReturnValue,
    STD=ConversionOptions(),
    Undefined=Undefined,
    UndefinedReturnValue=UndefinedReturnValue,
    and_=branches.and_,
    assert_stmt=branches.assert_stmt,
    autograph_artifact=mark_as_done,
    converted_call=converted_call,
    for_stmt=loops.for_stmt,
    if_exp=branches.if_exp,
    if_stmt=branches.if_stmt,
    ld=ld,
    ldu=ldu,
    not_=branches.not_,
    or_=branches.or_,
    while_stmt=loops.while_stmt,
    with_function_scope=with_function_scope,
)
"""What generated code knows as `ag__`: the meaning of every construct that malt made a call of."""
