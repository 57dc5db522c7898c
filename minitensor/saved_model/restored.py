"""What loading gives: objects without their class, and functions without their Python code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Signature
from typing import Any

from minitensor import nest
from minitensor.eager import convert_to_tensor
from minitensor.errors import ArgumentError, InvalidArgumentError, OpError
from minitensor.graph.concrete import ConcreteFunction
from minitensor.module import Module
from minitensor.tensor import Operand, TensorSpec
from minitensor.variable import Variable

__all__ = ["Restored", "RestoredFunction"]


class Restored(Module):
    """A module that was loaded: its variables, functions and submodules are its attributes.

    `signatures` are the functions that were saved to be called by name.
    """

    signatures: Mapping[str, Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that was the module's `__call__`."""
        found = vars(self).get("__call__")
        if found is None:
            known = [k for k, v in vars(self).items() if isinstance(v, RestoredFunction)]
            raise ArgumentError(
                f"'{self.name}' object is not callable\nThe module was saved without a traced "
                f"`__call__`. To fix it: call one of its functions {known}, or put @mt.function "
                "above `__call__` before saving."
            )
        return found(*args, **kwargs)


class RestoredFunction:
    """A function that was loaded: it runs the traces that it had when it was saved."""

    def __init__(self, name: str, function_type: Signature, concrete: Sequence[ConcreteFunction]):
        self.__name__ = self.name = name
        self.function_type = function_type
        self.concrete_functions = list(concrete)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the trace that fits.

        Raises:
            InvalidArgumentError: (also a ValueError) when no trace fits.
            ArgumentError: (also a TypeError) for arguments that the function does not take.
        """
        concrete, tensors = self._find(args, kwargs)
        return concrete.run(tensors)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The trace for these arguments; `mt.TensorSpec`s may stand for tensors."""
        if len(self.concrete_functions) == 1 and not args and not kwargs:
            return self.concrete_functions[0]
        return self._find(args, kwargs)[0]

    def _find(self, args: tuple, kwargs: dict) -> tuple[ConcreteFunction, list]:
        try:
            bound = self.function_type.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(
                f"Binding inputs to tf.function failed due to `{error}`. Received args: {args} and "
                f"kwargs: {kwargs} for signature: {self.function_type}.\nA loaded function takes "
                "what the saved one took. To fix it: call it with these parameters."
            ) from None
        bound.apply_defaults()
        for convert in (False, True):
            for concrete in self.concrete_functions:
                tensors: list = []
                wanted = concrete.structured_input_signature
                given = bound.args, bound.kwargs
                if _fits(given, wanted, tensors, convert):
                    return concrete, tensors
        raise self._no_match(bound.args, bound.kwargs)

    def _no_match(self, args: tuple, kwargs: dict) -> Exception:
        options = [c.structured_input_signature for c in self.concrete_functions]
        shown = "".join(
            f"\n\nOption {i}:\n{_listed(*option)}" for i, option in enumerate(options, 1)
        )
        return InvalidArgumentError(
            "Could not find matching concrete function to call loaded from the SavedModel. Got:\n"
            f"{_listed(args, kwargs)}\n\n Expected these arguments to match one of the following "
            f"{len(options)} option(s):{shown}\n\nA saved function has the traces it had when it "
            f"was saved. To fix it: call {self.__name__} with such arguments before saving, or "
            "give it an input_signature with None for sizes that differ."
        )

    def __repr__(self) -> str:
        count = len(self.concrete_functions)
        return f"<loaded function {self.__name__}{self.function_type}: {count} traces>"


def _listed(args: Sequence, kwargs: dict) -> str:
    lines = [f"  Positional arguments ({len(args)} total):"]
    lines += [f"    * {value!r}" for value in args]
    return "\n".join([*lines, f"  Keyword arguments: {kwargs}"])


def _fits(value: Any, wanted: Any, tensors: list, convert: bool) -> bool:
    """Whether a value is what a trace takes; its tensors are collected."""
    if isinstance(wanted, TensorSpec):
        tensor = _tensor(value, wanted, convert)
        tensors.append(tensor)
        return tensor is not None
    if not nest.is_nested(wanted):
        return type(value) is type(wanted) and (value == wanted or value is wanted)
    if isinstance(wanted, Mapping):
        return (
            isinstance(value, Mapping)
            and value.keys() == wanted.keys()
            and all(_fits(value[k], wanted[k], tensors, convert) for k in nest.sorted_keys(wanted))
        )
    same = isinstance(value, list) == isinstance(wanted, list) and isinstance(value, (list, tuple))
    named = getattr(value, "_fields", None) == getattr(wanted, "_fields", None)
    return (
        same and named and len(value) == len(wanted)
        and all(_fits(v, w, tensors, convert) for v, w in zip(value, wanted, strict=True))
    )  # fmt: skip


def _tensor(value: Any, spec: TensorSpec, convert: bool) -> Any:
    """The value as a tensor of a spec; None when it does not fit."""
    if isinstance(value, (Operand, TensorSpec)):
        value = getattr(value, "whole", value)
    elif not convert or value is None or isinstance(value, str) != (spec.dtype.kind == "O"):
        return None
    else:
        try:
            value = convert_to_tensor(value, spec.dtype)
        except (OpError, TypeError, ValueError):
            return None
    if value.dtype != spec.dtype or not spec.shape.is_compatible_with(value.shape):
        return None
    return value.value() if isinstance(value, Variable) else value
