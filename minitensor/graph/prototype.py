"""How a concrete function is called: what it takes, and what its arguments may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, Signature
from types import MethodType
from typing import Any
from weakref import WeakMethod, ref

from minitensor import nest
from minitensor.errors import ArgumentError
from minitensor.graph.signature import Arguments
from minitensor.tensor import IndexedSlices, Operand, TensorSpec
from minitensor.variable import Variable

__all__ = ["Prototype"]


class Prototype:
    """The arguments that a function was traced with: specs of tensors, and fixed values."""

    def __init__(self, label: str, arguments: Arguments, symbols: Sequence):
        self.label = label
        self._symbols = [x._label for x in symbols]
        specs = [TensorSpec(x.shape, x.dtype, x._label) for x in symbols]
        args, kwargs = arguments.filled(specs, [_VariableSpec(v) for v in arguments.variables])
        weak: dict[int, ref] = {id(w.ref()): w.ref for w in arguments.objects}
        weak |= {id(x): WeakMethod(x) for x in arguments.leaves if isinstance(x, MethodType)}
        self._held = nest.map_structure(lambda x: weak.get(id(x), x), (args, kwargs))
        self._names = [*arguments.names, *kwargs]
        self._kinds = arguments.kinds

    @property
    def structure(self) -> tuple:
        """The arguments: ((by position), {by name})."""
        return nest.map_structure(lambda x: x() if isinstance(x, ref) else x, self._held)

    def _named(self) -> list[tuple[str, Any]]:
        args, kwargs = self.structure
        return [*zip(self._names, args, strict=False), *kwargs.items()]

    def signature(self, outputs: Any) -> Signature:
        """The parameters with what they take, and what comes back."""
        parameters = [
            Parameter(name, kind, annotation=_Text(self.text(value)))
            for (name, value), kind in zip(self._named(), self._kinds, strict=True)
        ]
        return Signature(parameters, return_annotation=_Text(self.text(outputs)))

    def lines(self) -> list[str]:
        """One line per parameter."""
        return [
            f"  {name} ({kind.name}): {self.text(value)}"
            for (name, value), kind in zip(self._named(), self._kinds, strict=True)
        ]

    @staticmethod
    def text(value: Any) -> str:
        """A value as TensorFlow writes its type."""
        if isinstance(value, (TensorSpec, Operand)) and not isinstance(value, Variable):
            return f"TensorSpec(shape={value.shape}, dtype={value.dtype!r}, name={_given(value)!r})"
        if isinstance(value, (_VariableSpec, Variable)):
            return f"VariableSpec(shape={value.shape}, dtype={value.dtype!r})"
        if isinstance(value, IndexedSlices):
            return f"IndexedSlicesSpec({Prototype.text(value.values)})"
        if isinstance(value, Mapping):
            items = ", ".join(f"[{k!r}, {Prototype.text(v)}]" for k, v in value.items())
            return f"Dict[{items}]"
        if isinstance(value, (list, tuple)) and nest.is_nested(value):
            kind = "List" if isinstance(value, list) else "Tuple"
            return f"{kind}[{', '.join(map(Prototype.text, value))}]"
        return f"Literal[{value!r}]"

    # Calls.

    def bind(self, args: tuple, kwargs: dict) -> tuple[list, list]:
        """The tensors and the variables of a call.

        Raises:
            ArgumentError: (also a TypeError) when neither the function's own parameters nor a flat
                list of its tensors fit.
        """
        try:
            return self._structured(args, kwargs)
        except _Misfit as misfit:
            first = str(misfit)
        try:
            return self._flat(args, kwargs), []
        except _Misfit as misfit:
            second = str(misfit)
        shown = self.signature(None).replace(return_annotation=Signature.empty)
        raise ArgumentError(
            f"Binding inputs to tf.function failed due to `{first}`. Received args: {args} and "
            f"kwargs: {kwargs} for signature: {shown}.\nFallback to flat signature also failed due "
            f"to: {second}.\nA concrete function takes tensors of the dtypes it was traced for, by "
            "position or by name. To fix it: pass mt.constant(…) for each tensor, and leave the "
            "other arguments as they were traced, or out."
        )

    def _structured(self, args: tuple, kwargs: dict) -> tuple[list, list]:
        parameters = [
            Parameter(name, kind) for name, kind in zip(self._names, self._kinds, strict=True)
        ]
        try:
            bound = Signature(parameters).bind(*args, **kwargs)
        except TypeError as error:
            raise _Misfit(str(error)) from None
        tensors: list = []
        variables: dict[int, Any] = {}
        args, kwargs = self.structure
        for name, wanted in [*zip(self._names, args, strict=False), *nest.items(kwargs)]:
            _match(bound.arguments[name], wanted, tensors, variables)
        return tensors, list(variables.values())

    def _flat(self, args: tuple, kwargs: dict) -> list:
        names, label = self._symbols, f"{self.label}({', '.join(self._symbols)})"
        if len(args) > len(names):
            raise _Misfit(f"{label} takes {len(names)} positional arguments, got {len(args)}")
        found: dict[str, Any] = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name in found:
                raise _Misfit(f"{label} got two values for {name!r}")
            if name not in names:
                raise _Misfit(f"{label} got unexpected keyword arguments: {name}")
            found[name] = value
        missing = [name for name in names if name not in found]
        if missing:
            raise _Misfit(f"{label} missing required arguments: {', '.join(missing)}")
        for number, name in enumerate(names):
            value = found[name]
            if not isinstance(value, Operand):
                raise _Misfit(
                    f"{label}: expected argument #{number}(zero-based) to be a Tensor; got "
                    f"{type(value).__name__} ({value})"
                )
        return [_tensor(found[name]) for name in names]


class _Misfit(Exception):  # noqa: N818 - becomes the public error
    """Why a call does not fit."""


class _VariableSpec:
    """Stands for a variable among the arguments."""

    def __init__(self, variable: Variable):
        self.shape, self.dtype = variable.shape, variable.dtype

    def __repr__(self) -> str:
        return Prototype.text(self)


class _Text(str):
    """Shown without quotes."""

    __slots__ = ()

    __repr__ = str.__str__


def _given(value: Any) -> None:
    """The name in a type: that of a parameter is not part of it."""


def _tensor(value: Any) -> Any:
    value = getattr(value, "whole", value)
    return value.value() if isinstance(value, Variable) else value


def _match(value: Any, wanted: Any, tensors: list, variables: dict) -> None:
    """Take the tensors out of a value that has the structure of what was traced."""
    misfit = _Misfit(f"Can not cast {value!r} to {Prototype.text(wanted)}")
    kind = next((kind for spec, kind in _TAKES.items() if isinstance(wanted, spec)), None)
    if kind is not None and not isinstance(value, kind):
        raise misfit
    if isinstance(wanted, TensorSpec):
        tensors.append(_tensor(value))
    elif isinstance(wanted, _VariableSpec):
        variables.setdefault(id(wanted), getattr(value, "_variable", value))
    elif isinstance(wanted, IndexedSlices):
        tensors += [_tensor(value.values), _tensor(value.indices)]
    elif nest.is_nested(wanted):
        pairs = _pairs(value, wanted)
        if pairs is None:
            raise misfit
        for inner, part in pairs:
            _match(inner, part, tensors, variables)
    elif value is not wanted and not _equal(value, wanted):
        raise misfit


_TAKES = {TensorSpec: Operand, _VariableSpec: Variable, IndexedSlices: IndexedSlices}
"""What may be passed where a function was traced with one of these."""


def _pairs(value: Any, wanted: Any) -> list | None:
    """The parts of both, if they are of the same kind."""
    if isinstance(wanted, Mapping):
        if not isinstance(value, Mapping) or value.keys() != wanted.keys():
            return None
        return [(value[key], wanted[key]) for key in nest.sorted_keys(wanted)]
    if type(value) is not type(wanted):
        return None
    mine, its = ([p for _, p in nest.items(x)] for x in (value, wanted))
    return list(zip(mine, its, strict=True)) if len(mine) == len(its) else None


def _equal(value: Any, wanted: Any) -> bool:
    return type(value) is type(wanted) and bool(value == wanted)
