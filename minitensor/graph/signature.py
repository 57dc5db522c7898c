"""The calls of a traced function: arguments bound to parameters, taken apart, and as a cache key.

`Parameters` sorts the arguments of a call as Python would. `Arguments` walks through them: tensors
are taken out and count by dtype and shape, everything else counts by what it is. Two calls with
equal keys share a trace.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from inspect import Parameter, Signature, signature
from types import MethodType
from typing import Any, NamedTuple
from weakref import ref

from minitensor import nest
from minitensor.dtypes import DType
from minitensor.eager import convert_to_tensor
from minitensor.errors import ArgumentError, shorten
from minitensor.graph.ir import type_text
from minitensor.shapes import NoElements, TensorShape
from minitensor.tensor import IndexedSlices, Operand, Tensor, TensorSpec
from minitensor.variable import Variable

__all__ = ["Arguments", "Parameters", "Weak", "describe"]

_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
PLAIN = {bool, int, str, bytes, type(None)}
"""Types whose values are equal only when they are the same."""


class _Slot(NamedTuple):
    """Stands for an argument while it is found out which parameter gets it."""

    place: Any


class Parameters:
    """The parameters of a function, and how calls fill them."""

    def __init__(self, function: Callable | Signature):
        try:
            given = function if isinstance(function, Signature) else signature(function)
        except (TypeError, ValueError):  # some builtins do not tell
            rest = [Parameter("args", Parameter.VAR_POSITIONAL)]
            given = Signature([*rest, Parameter("kwargs", Parameter.VAR_KEYWORD)])
        self.signature = given
        given = list(self.signature.parameters.values())
        self.positional = [p for p in given if p.kind in _BY_POSITION]
        self._count = len(given) if len(given) == len(self.positional) else -1
        self._plans: dict[tuple, tuple] = {}
        self.text = self._as_text()

    def bind(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """The values by position and those by name, defaults filled in.

        However the call is written, a parameter's value is always in the same place.

        Raises:
            ArgumentError: (also a TypeError) for arguments that Python would refuse.
        """
        if not kwargs and len(args) == self._count:
            return args, kwargs
        how = len(args), tuple(kwargs)
        plan = self._plans.get(how)
        if plan is None:
            plan = self._plans[how] = self._plan(args, kwargs)
        positional, keyword = plan
        return (
            tuple([_filled(source, args, kwargs) for source in positional]),
            {name: _filled(source, args, kwargs) for name, source in keyword},
        )

    def _plan(self, args: tuple, kwargs: dict) -> tuple:
        try:
            bound = self.signature.bind(
                *map(_Slot, range(len(args))), **{k: _Slot(k) for k in kwargs}
            )
        except TypeError as error:
            raise self.refused(str(error), args, kwargs) from None
        bound.apply_defaults()
        return bound.args, tuple(bound.kwargs.items())

    def refused(
        self, why: str, args: Any, kwargs: dict, fix: str = "",
        rule: str = "A traced function takes the arguments that its Python function takes.",
    ) -> ArgumentError:  # fmt: skip
        """The error for a call that does not fit; TensorFlow's words first."""
        return ArgumentError(
            f"Binding inputs to tf.function failed due to `{why}`. Received args: {args} and "
            f"kwargs: {kwargs} for signature: {self}.\n{rule} To fix it: "
            f"{fix or f'call it as {self}'}."
        )

    def without_first(self) -> Parameters:
        """The parameters of a method, without `self`."""
        rest = list(self.signature.parameters.values())[1:]
        return Parameters(self.signature.replace(parameters=rest))

    def names(self, count: int) -> list[str]:
        """What the values by position are called: `x`, and `args_0`, `args_1` of `*args`."""
        names = [p.name for p in self.positional][:count]
        given = self.signature.parameters.values()
        rest = next((p.name for p in given if p.kind is Parameter.VAR_POSITIONAL), "args")
        return names + [f"{rest}_{i}" for i in range(count - len(names))]

    def __str__(self) -> str:
        return self.text

    def _as_text(self) -> str:
        shown = [
            p.replace(annotation=Parameter.empty)
            if p.default is Parameter.empty
            else p.replace(annotation=Parameter.empty, default=_CAPTURED)
            for p in self.signature.parameters.values()
        ]
        return str(Signature(shown))


class _Captured:
    def __repr__(self) -> str:
        return "<captured_default_value>"


_CAPTURED = _Captured()


def _filled(source: Any, args: tuple, kwargs: dict) -> Any:
    if type(source) is not _Slot:
        return source
    place = source.place
    return args[place] if type(place) is int else kwargs[place]


class Weak:
    """An object as a part of a key: equal to itself while it lives, and not kept alive."""

    __slots__ = ("_hash", "ref")

    def __init__(self, value: Any):
        self.ref, self._hash = ref(value), hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if type(other) is not Weak:
            return False
        mine, its = self.ref(), other.ref()
        return mine is not None and (mine is its or (type(mine) is type(its) and mine == its))


class Arguments:
    """The arguments of one call, taken apart.

    `skeleton` is everything that tells calls apart but the shapes of tensors; `shapes` are those.
    `tensors` and `variables` are what the call feeds; a variable that is passed twice counts once.
    """

    def __init__(self, positional: tuple, keyword: dict, parameters: Parameters):
        self.structure = positional, keyword
        self._parameters = parameters
        self.leaves: list = []
        self.tensors: list = []
        self.shapes: list = []
        self.variables: list[Variable] = []
        self.objects: list[Weak] = []
        self._places: list[int] = []
        self._aliases: list[tuple[int, int]] = []
        try:
            self.skeleton = self._key(positional), self._key(keyword)
        except RecursionError:
            nest.flatten(self.structure)  # says what is wrong
            raise

    @property
    def key(self) -> tuple:
        """What the trace of this call is found by."""
        return self.skeleton, tuple(self.shapes)

    def _key(self, value: Any) -> Any:
        kind = type(value)
        if kind is Tensor:
            return self._tensor(value, value._array)
        if kind in PLAIN:
            self.leaves.append(value)
            return kind, value
        if kind is float:
            self.leaves.append(value)
            return kind, value.hex()  # tells 0.0 from -0.0, and not nan from nan
        if kind is list or kind is tuple:
            return kind, tuple([self._key(v) for v in value])
        if isinstance(value, (Operand, TensorSpec, IndexedSlices)):
            return self._of_tensor_kind(value)
        if nest.is_nested(value):
            return self._nested(value)
        return self._other(value, kind)

    def _tensor(self, value: Any, array: Any) -> tuple:
        self._places.append(len(self.leaves))
        self.leaves.append(value)
        self.tensors.append(value)
        self.shapes.append(array.shape)
        return Tensor, array.dtype

    def _of_tensor_kind(self, value: Any) -> tuple:
        if isinstance(value, Variable):
            return self._variable(value)
        if isinstance(value, TensorSpec):
            return self._tensor(value, _shape_and_dtype(value))
        if isinstance(value, IndexedSlices):
            self._places += [len(self.leaves)] * 2
            self.leaves.append(value)
            parts = convert_to_tensor(value.values), convert_to_tensor(value.indices)
            self.tensors += parts
            self.shapes += [x._array.shape for x in parts]
            rows = value.dense_shape
            whole = None if rows is None else tuple(convert_to_tensor(rows).numpy().tolist())
            return IndexedSlices, *[x._array.dtype for x in parts], whole
        value = getattr(value, "whole", value)  # a part of a variable; a symbol checks its scope
        return self._tensor(value, value._array)

    def _variable(self, value: Variable) -> tuple:
        value = getattr(value, "_variable", value)
        number = next((i for i, v in enumerate(self.variables) if v is value), None)
        if number is None:
            number = len(self.variables)
            self.variables.append(value)
        self._aliases.append((len(self.leaves), number))
        self.leaves.append(value)
        shape = None if value.shape.rank is None else tuple(value.shape)
        return Variable, number, shape, value._numpy_dtype, value.trainable

    def _nested(self, value: Any) -> tuple:
        if isinstance(value, Mapping):
            parts = nest.items(value)
            keys = tuple([key for key, _ in parts])
            return type(value), keys, tuple([self._key(part) for _, part in parts])
        return type(value), tuple([self._key(part) for _, part in nest.items(value)])

    def _other(self, value: Any, kind: type) -> tuple:
        if hasattr(kind, "__array__"):
            tensor = convert_to_tensor(value)
            return self._tensor(tensor, tensor._array)
        self.leaves.append(value)
        if kind is complex:
            return kind, value.real.hex(), value.imag.hex()
        if isinstance(value, slice):
            return kind, self._untraced(value.start), self._untraced(value.stop), value.step
        if kind is MethodType:
            return kind, self._object(value.__self__), self._object(value.__func__)
        return kind, self._object(value)

    def _untraced(self, value: Any) -> Any:
        """A bound of a slice: a number, or a tensor by what it is."""
        return value if type(value) in PLAIN else self._object(value)

    def _object(self, value: Any) -> Any:
        """A key for an object: its value if it is no more than that, else itself while it lives."""
        try:
            if _is_a_value(value):
                hash(value)
                return value
            weak = Weak(value)
        except TypeError:
            pass
        else:
            self.objects.append(weak)
            return weak
        try:
            hash(value)
        except TypeError:
            raise self._unhashable(value) from None
        return value

    def _unhashable(self, value: Any) -> ArgumentError:
        where = next(
            (self._label(path) for leaf, path in nest.flatten_with_path(self.structure)
             if leaf is value), "an argument")  # fmt: skip
        kind = type(value).__name__
        fix = "pass a tuple or a frozenset" if isinstance(value, set) else (
            "pass tensors, numbers, strings, or lists, tuples and dicts of them; or give the class "
            f"{kind} a __hash__")  # fmt: skip
        return ArgumentError(
            f"Could not generate a generic TraceType for {shorten(value)}.Please verify that it is "
            "immutable/hashable. Otherwise, consider implementing the Tracing Protocol for it.\n"
            f"It is the argument {where}, a {kind}. Calls with equal arguments share a trace, so "
            f"what is not a tensor must be something that can be compared and looked up. "
            f"To fix it: {fix}."
        )

    # For the trace.

    @property
    def names(self) -> list[str]:
        """What the values by position are called."""
        return self._parameters.names(len(self.structure[0]))

    @property
    def kinds(self) -> list:
        """How each value may be passed: as in `inspect`."""
        positional, keyword = self.structure
        rest = len(positional) > len(self._parameters.positional)
        given = [p.kind for p in self._parameters.positional][: len(positional)]
        first = [Parameter.POSITIONAL_ONLY] * len(positional) if rest else given
        return [*first, *[Parameter.KEYWORD_ONLY] * len(keyword)]

    def specs(self, shapes: Sequence) -> list[NoElements]:
        """What the graph's inputs are."""
        dtypes = [_shape_and_dtype(x).dtype for x in self.tensors]
        return [NoElements(shape, d) for shape, d in zip(shapes, dtypes, strict=True)]

    def labels(self) -> list[str]:
        """What the graph's inputs are called: after their parameter, or their TensorSpec."""
        paths = [path for _, path in nest.flatten_with_path(self.structure)]
        return [
            getattr(self.leaves[i], "name", None) or self._name(paths[i])
            if isinstance(self.leaves[i], TensorSpec)
            else self._name(paths[i])
            for i in self._places
        ]

    def filled(self, values: Sequence, variables: Sequence) -> tuple[tuple, dict]:
        """The arguments with other tensors and variables in their places."""
        leaves = list(self.leaves)
        taken = iter(values)
        for i in dict.fromkeys(self._places):
            rows = leaves[i]
            leaves[i] = next(taken)
            if isinstance(rows, IndexedSlices):
                leaves[i] = IndexedSlices(leaves[i], next(taken), rows.dense_shape)
        for i, number in self._aliases:
            leaves[i] = variables[number]
        return nest.pack_sequence_as(self.structure, leaves)

    def shortened(self, positional: tuple) -> tuple:
        """Without values at the end that are defaults: the function knows them itself."""
        known = self._parameters.positional
        count = len(positional)
        while 0 < count <= len(known) and positional[count - 1] is known[count - 1].default:
            count -= 1
        return positional[:count]

    def described(self) -> list[tuple[str, str]]:
        """Each argument, and each part of it, as (name, what it is)."""
        positional, keyword = self.structure
        named = [*zip(self.names, positional, strict=False), *sorted(keyword.items())]
        seen: dict[int, str] = {}
        return [entry for name, value in named for entry in describe(value, name, seen)]

    def _name(self, path: tuple) -> str:
        return self.names[path[1]] if path[0] == 0 else str(path[1])

    def _label(self, path: tuple) -> str:
        return self._name(path) + "".join(f"[{key!r}]" for key in path[2:])


def describe(value: Any, name: str, seen: dict[int, str]) -> list[tuple[str, str]]:
    """A value as a reader would tell it from others: (name, text), and so for its parts.

    `seen` collects where variables were met first.
    """
    if not nest.is_nested(value):
        first = seen.setdefault(id(value), name) if isinstance(value, Variable) else name
        again = "" if first == name else f", the same as {first}"
        return [(name, leaf_text(value) + again)]
    parts = nest.items(value)
    found = [(name, f"{type(value).__name__} of {len(parts)}")]
    for key, part in parts:
        step = f".{key}" if dataclasses.is_dataclass(value) else f"[{key!r}]"
        found += describe(part, name + step, seen)
    return found


def leaf_text(value: Any) -> str:
    """A value as it counts in a key."""
    if isinstance(value, Variable):
        return f"variable {_type_text(value)}{'' if value.trainable else ', not trainable'}"
    if isinstance(value, (Operand, TensorSpec)):
        return _type_text(value)
    if isinstance(value, IndexedSlices):
        return f"rows {_type_text(value.values)}"
    if hasattr(type(value), "__array__"):
        return _type_text(convert_to_tensor(value))
    if isinstance(value, (int, float, complex, str, bytes, type(None), Enum, DType, TensorShape)):
        return f"{type(value).__name__} {shorten(value)}" if value is not None else "None"
    address = f"{id(value):#x}"
    return shorten(value) if address in repr(value) else f"{shorten(value)} at {address}"


def _type_text(value: Any) -> str:
    shape = value.shape
    return f"{value.dtype.name}[…]" if shape.rank is None else type_text(value)


def _shape_and_dtype(value: Any) -> Any:
    if not isinstance(value, TensorSpec):
        return value._array
    return NoElements(None if value.shape.rank is None else tuple(value.shape), value.dtype.numpy)


def _is_a_value(value: Any) -> bool:
    """Whether an object is no more than its value: of a type of Python's own, or of ours."""
    if isinstance(value, type):
        return value.__module__.partition(".")[0] in _LASTING
    kind = type(value)
    own = kind.__module__.partition(".")[0] in _LASTING
    return isinstance(value, Enum) or (own and kind.__hash__ is not object.__hash__)


_LASTING = {*sys.stdlib_module_names, "minitensor"}
