"""`input_signature`: the shapes and dtypes that every call of a function must fit.

There is one trace then, whatever sizes the signature leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter
from typing import Any

from minitensor import nest
from minitensor.eager import convert_to_tensor
from minitensor.errors import ArgumentError, OpError
from minitensor.graph.signature import Arguments, Parameters
from minitensor.tensor import Operand, TensorSpec
from minitensor.variable import Variable

__all__ = ["FixedSignature", "check_signature"]

_LESSON = (
    "\nAn input signature has one TensorSpec, or a structure of them, for each argument that is a "
    "tensor. To fix it: "
)


def check_signature(given: Any) -> tuple:
    """An `input_signature` as a tuple.

    Raises:
        ArgumentError: (also a TypeError) unless it is a list or tuple of specs.
    """
    if not isinstance(given, (list, tuple)):
        raise ArgumentError(
            f"input_signature must be either a tuple or a list, got {type(given)}.{_LESSON}"
            f"write input_signature=[{given!r}]."
        )
    wrong = [x for x in nest.flatten(given) if not isinstance(x, TensorSpec)]
    if wrong:
        raise ArgumentError(
            "input_signature must be a possibly nested sequence of TensorSpec objects, got invalid "
            f"args {wrong} with types {[type(x) for x in wrong]}.{_LESSON}write "
            "mt.TensorSpec(shape, dtype), for example mt.TensorSpec([None, 2], mt.float32)."
        )
    return tuple(given)


class FixedSignature:
    """The signature that calls of one function are brought into."""

    def __init__(self, specs: tuple, parameters: Parameters):
        self.specs, self.parameters = specs, parameters
        given = list(parameters.signature.parameters.values())
        self._check_length(given)
        names = parameters.names(len(specs))
        self.named = dict(zip(names, specs, strict=False))
        keyword = {p.name: p.default for p in given if p.kind is p.KEYWORD_ONLY}
        rest = [p.default for p in given if p.kind in _POSITIONAL][len(specs) :]
        positional = (*specs, *rest)
        self.template = Arguments(positional, keyword, parameters)
        parameters.text = str(self)

    def _check_length(self, given: list[Parameter]) -> None:
        positional = [p for p in given if p.kind in _POSITIONAL]
        extra = len(self.specs) - len(positional)
        if extra > 0 and not any(p.kind is p.VAR_POSITIONAL for p in given):
            raise ArgumentError(
                f"input_signature contains {extra} extra type constraints.{_LESSON}leave out "
                f"{extra} of its {len(self.specs)} specs: the function is {self.parameters}."
            )
        later = [p for p in positional[len(self.specs) :] if p.default is p.empty]
        later += [p for p in given if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
        if later:
            raise ArgumentError(
                f"input_signature missing type constraint for {later[0].name}{_LESSON}add a "
                f"TensorSpec for {later[0].name}, or give it a default value; the first argument "
                "of a method must be called self."
            )

    def arguments(self, args: tuple, kwargs: dict) -> Arguments:
        """The arguments of a call, each brought to its spec.

        Raises:
            ArgumentError: (also a TypeError) for one that does not fit.
        """
        positional, keyword = self.parameters.bind(args, kwargs)
        defaults = self.template.structure[0][len(self.specs) :]
        try:
            self._check_count(positional, keyword)
            for value, default in zip(positional[len(self.specs) :], defaults, strict=True):
                _same(value, default)
            for name, default in self.template.structure[1].items():
                _same(keyword[name], default)
            names = self.template.names
            brought = [
                _brought(value, spec, name)
                for value, spec, name in zip(positional, self.specs, names, strict=False)
            ]
        except _Misfit as misfit:
            raise self.parameters.refused(misfit.why, args, kwargs, misfit.fix, _RULE) from None
        return Arguments((*brought, *defaults), keyword, self.parameters)

    def _check_count(self, positional: tuple, keyword: dict) -> None:
        names = self.template.names
        if len(positional) > len(names):
            raise _Misfit("too many positional arguments", f"pass {len(names)}")
        if len(positional) < len(names):
            missing = names[len(positional)]
            raise _Misfit(f"missing a required argument: '{missing}'", f"pass {missing}")
        unknown = keyword.keys() - self.template.structure[1].keys()
        if unknown:
            name = min(unknown)
            raise _Misfit(f"got an unexpected keyword argument '{name}'", f"leave out {name}")

    def __str__(self) -> str:
        shown = [f"{name}: {spec!r}" for name, spec in self.named.items()]
        rest = zip(self.template.names, self.template.structure[0], strict=True)
        defaults = [*list(rest)[len(self.specs) :], *self.template.structure[1].items()]
        shown += [
            f"{name}: Literal[{value!r}] = <captured_default_value>" for name, value in defaults
        ]
        return f"({', '.join(shown)})"


_RULE = "Every call must fit the shapes and dtypes of input_signature."
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class _Misfit(Exception):  # noqa: N818 - becomes the public error
    def __init__(self, why: str, fix: str):
        self.why, self.fix = why, fix


def _same(value: Any, default: Any) -> None:
    if value is not default and (type(value) is not type(default) or value != default):
        raise _Misfit(
            f"Can not cast {value!r} to Literal[{default!r}]",
            "give the argument a TensorSpec in input_signature, or leave it at its default",
        )


def _brought(value: Any, spec: Any, name: str) -> Any:
    """A value as a tensor that fits a spec, or a structure of them; `name` is what it is called."""
    if isinstance(spec, TensorSpec):
        return _leaf(value, spec, name)
    misfit = _Misfit(
        f"Can not cast {value!r} to {spec!r}", f"pass a structure like {spec!r} as {name}"
    )
    if isinstance(spec, Mapping):
        if not isinstance(value, Mapping) or value.keys() != spec.keys():
            raise misfit
        return {key: _brought(value[key], part, f"{name}[{key!r}]") for key, part in spec.items()}
    if not isinstance(value, (list, tuple)) or len(value) != len(spec):
        raise misfit
    parts = [
        _brought(v, part, f"{name}[{i}]")
        for i, (v, part) in enumerate(zip(value, spec, strict=True))
    ]
    return type(spec)(*parts) if hasattr(spec, "_fields") else type(spec)(parts)


def _leaf(value: Any, spec: TensorSpec, name: str) -> Any:
    if not isinstance(value, (Operand, TensorSpec)):
        try:
            value = convert_to_tensor(value, spec.dtype)
        except (OpError, TypeError, ValueError):
            raise _Misfit(
                f"Cannot convert {value!r} to EagerTensor of dtype {spec.dtype.name}",
                f"pass a tensor as {name}, or values of dtype {spec.dtype.name}",
            ) from None
    if value.dtype is not spec.dtype or not spec.shape.is_compatible_with(value.shape):
        mine = TensorSpec(value.shape, value.dtype, spec.name)
        fix = f"pass mt.reshape({name}, …), or write None in input_signature for what may differ"
        if value.dtype is not spec.dtype:
            fix = f"pass mt.cast({name}, mt.{spec.dtype.name}), or change {name}'s TensorSpec"
        raise _Misfit(f"Can not cast {mine!r} to {spec!r}", fix)
    return value.value() if isinstance(value, Variable) else value
