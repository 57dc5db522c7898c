"""Saving modules with their traced functions, and loading them where their classes do not exist.

A saved model is a folder with two files: `graph.json`, which a person can read, and the values of
the variables as safetensors. Loading runs no code: a graph can only be made of minitensor's ops.

    class Line(mt.Module):
        @mt.function(input_signature=[mt.TensorSpec([None])])
        def predict(self, x): ...

    mt.saved_model.save(line, "line")
    mt.saved_model.load("line").predict([1.0, 2.0])
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minitensor.errors import (
    DataLossError,
    InvalidArgumentError,
    OpError,
    message,
    shorten,
)
from minitensor.graph.concrete import ConcreteFunction
from minitensor.graph.function import Function
from minitensor.module import Module
from minitensor.saved_model import files
from minitensor.saved_model.reading import Reader
from minitensor.saved_model.restored import Restored, RestoredFunction
from minitensor.saved_model.values import Broken
from minitensor.saved_model.writing import Writer, attributes
from minitensor.scopes import init_scope

__all__ = ["contains_saved_model", "load", "save"]

SERVING = "serving_default"


def save(
    obj: Module, export_dir: str | os.PathLike, signatures: Any = None, options: Any = None
) -> None:
    """Write a module to a folder: its variables, its traced functions, and its submodules.

    Functions are saved with the traces that they have; one with an `input_signature` is traced now
    if it was not yet. A model that is in the folder already is replaced only when the new one is
    written completely.

    Args:
        obj: the module.
        export_dir: the folder, which is made if it does not exist.
        signatures: a function, or a dict of them by name, to be called with tensors by name and to
            give a dict of tensors. By default the only function of `obj`, if it has one trace.
        options: TensorFlow's; they have no effect.

    Raises:
        InvalidArgumentError: (also a ValueError) when `obj` is no module, or a signature is not a
            function of one trace.
        UnimplementedError: for a function that calls Python code, or takes Python objects.

    Example:
        >>> import minitensor as mt, tempfile
        >>> class Double(mt.Module):
        ...     @mt.function
        ...     def twice(self, x):
        ...         return 2.0 * x
        >>> double = Double()
        >>> _ = double.twice(mt.constant([1.0, 2.0]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mt.saved_model.save(double, folder)
        ...     loaded = mt.saved_model.load(folder)
        >>> loaded.twice(mt.constant([3.0, 4.0])).numpy().tolist()
        [6.0, 8.0]
    """
    if not isinstance(obj, Module):
        raise InvalidArgumentError(
            "Expected an object of type `Trackable`, such as `tf.Module` or a subclass of the "
            f"`Trackable` class, for export. Got {shorten(obj)} with type {type(obj)}.\nA module "
            "knows its variables and functions. To fix it: put them into the attributes of an "
            "mt.Module: m = mt.Module(); m.f = function."
        )
    with init_scope():
        writer = Writer()
        writer.module(obj)
        named = {
            name: writer.signature(name, concrete)
            for name, concrete in _signatures(obj, signatures).items()
        }
        files.write(Path(export_dir), writer.content() | {"signatures": named}, writer.tensors)


def load(export_dir: str | os.PathLike, tags: Any = None, options: Any = None) -> Restored:
    """Read what `save` wrote. The class of the module need not exist; no code is run.

    Args:
        export_dir: the folder.
        tags: TensorFlow's; no effect.
        options: TensorFlow's; no effect.

    Raises:
        MissingFileError: (also a NotFoundError and a FileNotFoundError) when there is none.
        DataLossError: (also a ValueError) when its files are damaged, or were not written by
            `save`; nothing is loaded then.
    """
    folder = Path(export_dir)
    try:
        content, tensors = files.read(folder)
        with init_scope():
            return Reader(content, tensors).root()
    except files.MissingFileError:
        raise
    except Broken as error:
        fault = str(error)
    except (OpError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError,
            RecursionError, AssertionError, MemoryError) as error:  # fmt: skip
        fault = f"it does not hold together ({type(error).__name__}: {shorten(str(error), 300)})"
    raise DataLossError(
        message("saved_model.load", f"{str(folder)!r}", fault, "a saved model is read as a whole "
                "or not at all, and only minitensor's ops can be in it",
                "save the model again, or copy its folder again")
    )  # fmt: skip


def contains_saved_model(export_dir: str | os.PathLike) -> bool:
    """Whether there is a saved model in a folder."""
    return (Path(export_dir) / files.GRAPH).is_file()


def _signatures(obj: Module, given: Any) -> dict[str, ConcreteFunction]:
    if given is None:
        functions = [x for _, x in _functions(obj)]
        if len(functions) != 1 or len(_traces(functions[0])) != 1:
            return {}
        concrete = _traces(functions[0])[0]
        flat = concrete.structured_outputs
        plain = (
            flat if isinstance(flat, (list, tuple)) else getattr(flat, "values", lambda: [flat])()
        )
        return {SERVING: concrete} if all(hasattr(x, "dtype") for x in plain) else {}
    named = given if isinstance(given, Mapping) else {SERVING: given}
    return {name: _only(name, function) for name, function in named.items()}


def _functions(obj: Module) -> list[tuple[str, Any]]:
    return [(k, x) for k, x in attributes(obj) if isinstance(x, (Function, RestoredFunction))]


def _traces(function: Any) -> list[ConcreteFunction]:
    if isinstance(function, Function) and function.input_signature is not None:
        return [function.get_concrete_function()]
    return function.concrete_functions


def _only(name: Any, function: Any) -> ConcreteFunction:
    if isinstance(function, ConcreteFunction) and isinstance(name, str):
        return function
    known = isinstance(function, (Function, RestoredFunction)) and isinstance(name, str)
    traces = _traces(function) if known else []
    if len(traces) != 1:
        raise InvalidArgumentError(
            message("saved_model.save", f"the signature {name!r}: {shorten(function)}",
                    f"it has {len(traces)} traces" if known else "it is not a traced function",
                    "a signature is a function with one trace, under a name",
                    "pass function.get_concrete_function(mt.TensorSpec(…)), or give the function "
                    "an input_signature")
        )  # fmt: skip
    return traces[0]
