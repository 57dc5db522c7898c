"""Ops with an attribute that only running the graph tells, such as `mt.reshape(x, [n, -1])`.

The attribute's tensors become further inputs, and holes stand in their places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitensor.eager import static
from minitensor.errors import OpError
from minitensor.graph.symbol import Symbol
from minitensor.op import Op
from minitensor.ops.indexing import getitem
from minitensor.ops.rows import count, put_row
from minitensor.shapes import NoElements, Spec

__all__ = ["DynamicOp", "Hole", "take_out"]


class Hole:
    """The place of input number `index` (counted among the further inputs) in an attribute."""

    __slots__ = ("index",)

    def __init__(self, index: int):
        self.index = index

    def __repr__(self) -> str:
        return f"‹{self.index}›"


def take_out(value: Any, symbols: list) -> Any:
    """An attribute as plain Python; symbols without a known value go to `symbols`."""
    if isinstance(value, Symbol):
        if value.known is not None:
            return static(value.known)
        symbols.append(value)
        return Hole(len(symbols) - 1)
    if isinstance(value, slice):
        return slice(*(take_out(v, symbols) for v in (value.start, value.stop, value.step)))
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return tuple(take_out(v, symbols) for v in value)
    return static(value)


def put_in(value: Any, values: Sequence) -> Any:
    """The attribute with `values` in its holes."""
    if isinstance(value, Hole):
        return values[value.index]
    if isinstance(value, slice):
        return slice(*(put_in(v, values) for v in (value.start, value.stop, value.step)))
    return tuple(put_in(v, values) for v in value) if isinstance(value, tuple) else value


class DynamicOp(Op):
    """An op whose last `holes` inputs are parts of its attributes."""

    def __init__(self, base: Op, holes: int, attrs: dict | None = None):
        self.__dict__.update(base.__dict__)
        self.expands = base is getitem and _is_row((attrs or {}).get("index"))
        self.base, self.holes = base, holes
        self.variadic, self.types, self.fast, self.paired = True, "A", False, False
        self.kernels, self.write, self.workspace = {}, None, None
        self.forward = self.on_numpy = self._forward
        self.infer = self._infer
        self.gradient_rule = None if base.gradient_rule is None else self._rule

    def without_values(self) -> DynamicOp:
        """The op itself: it holds no values."""
        return self

    def replay(self, inputs: Sequence, attrs: dict) -> Any:
        """The op as it is where the values may be known."""
        given, values = inputs[: -self.holes], inputs[-self.holes :]
        attrs = {key: put_in(value, values) for key, value in attrs.items()}
        return self.base(list(given), **attrs) if self.base.variadic else self.base(*given, **attrs)

    def _forward(self, xp: Any, *arrays: Any, **attrs: Any) -> Any:
        given, values = self._split(arrays)
        attrs = {key: put_in(value, values) for key, value in attrs.items()}
        self.base.infer_specs([Spec(a.shape, a.dtype) for a in given], attrs)  # says what is wrong
        return self.base.implementation(xp)(xp, *given, **attrs)

    def _split(self, inputs: Sequence) -> tuple[Sequence, list]:
        """The op's own inputs, and what fills the holes: symbols as they are, arrays as Python."""
        further = inputs[-self.holes :]
        values = [x if isinstance(x, Symbol) else static(x) for x in further]
        return inputs[: -self.holes], values

    def _rule(self, xp: Any, g: Any, out: Any, *inputs: Any, **attrs: Any) -> tuple:
        given, values = self._split(inputs)
        if self.expands:
            rows = count(xp, given[0])
            return put_row.on(xp, g, inputs[-1], rows=rows, negative=True), None
        attrs = {key: put_in(value, values) for key, value in attrs.items()}
        rule: Callable = self.base.gradient_rule  # type: ignore[assignment]
        found = rule(xp, g, out, *given, **attrs)
        found = found if isinstance(found, tuple) else (found,)
        return (*found, *([None] * self.holes))

    def _infer(self, *specs: Spec, **attrs: Any) -> Any:
        """What is the same whichever values fill the holes: it is tried with some."""
        given, further = specs[: -self.holes], specs[-self.holes :]
        if self.base is getitem:
            return self.base.infer_specs(given, attrs)
        found = [self._probe(given, further, attrs, number) for number in PROBES]
        found = [spec for spec in found if spec is not None]
        if not found:
            return NoElements(None, given[0].dtype if given else further[0].dtype)
        known = len(found) > 1 and not any(_has_hole(attrs.get(key)) for key in _AXES)
        if any(spec.shape is None or None in spec.shape for spec in further):
            found = [_of_any_shape(spec) for spec in found]
        if isinstance(found[0], tuple) and not isinstance(found[0], (Spec, NoElements)):
            return tuple(_common(list(group), known) for group in zip(*found, strict=True))
        return _common(found, known)

    def _probe(self, given: Sequence, further: Sequence, attrs: dict, number: int) -> Any:
        values = [_filled(spec, number + i) for i, spec in enumerate(further)]
        attrs = {key: put_in(value, values) for key, value in attrs.items()}
        open_ = [NoElements((None,) * len(spec.shape), spec.dtype) for spec in given]
        for specs in (given, open_):
            try:
                return self.base.infer_specs(specs, attrs)
            except OpError:
                continue
        return None


def _is_row(index: Any) -> bool:
    """Whether an index names one row by a tensor: `x[i]`."""
    return isinstance(index, tuple) and len(index) == 1 and isinstance(index[0], Hole)


def _of_any_shape(spec: Any) -> Any:
    if isinstance(spec, tuple) and not isinstance(spec, (Spec, NoElements)):
        return tuple(map(_of_any_shape, spec))
    return NoElements(None, spec.dtype)


PROBES = (1, 2, 4)
"""Values to try in holes: a size that depends on one differs between some of them."""
_AXES = ("axis", "axes", "perm", "batch_dims", "dims")
"""Attributes that choose among sizes: two values may meet the same size by chance."""


def _has_hole(value: Any) -> bool:
    return isinstance(value, Hole) or (isinstance(value, tuple) and any(map(_has_hole, value)))


def _filled(spec: Spec, number: int) -> Any:
    shape = tuple(1 if d is None else d for d in (spec.shape or ()))
    size = int(np.prod(shape))
    if spec.dtype.kind not in "iufb" or not shape:
        return number
    return (number + np.arange(size).reshape(shape)).tolist()


def _common(specs: list, known: bool) -> Any:
    """The shape that fits all: None for sizes that differ, or for all when the ranks do."""
    first = specs[0]
    if any(s.shape is None for s in specs) or len({len(s.shape) for s in specs}) > 1:
        return NoElements(None, first.dtype)
    sizes = list(zip(*(s.shape for s in specs), strict=True))
    shape = tuple(d[0] if known and len(set(d)) == 1 else None for d in sizes)
    return Spec(shape, first.dtype)
