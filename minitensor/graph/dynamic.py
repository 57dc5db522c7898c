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

    def __init__(self, base: Op, holes: int):
        self.__dict__.update(base.__dict__)
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
        return self.base.implementation(xp)(xp, *given, **attrs)

    def _split(self, inputs: Sequence) -> tuple[Sequence, list]:
        """The op's own inputs, and what fills the holes: symbols as they are, arrays as Python."""
        further = inputs[-self.holes :]
        values = [x if isinstance(x, Symbol) else static(x) for x in further]
        return inputs[: -self.holes], values

    def _rule(self, xp: Any, g: Any, out: Any, *inputs: Any, **attrs: Any) -> tuple:
        given, values = self._split(inputs)
        attrs = {key: put_in(value, values) for key, value in attrs.items()}
        rule: Callable = self.base.gradient_rule  # type: ignore[assignment]
        found = rule(xp, g, out, *given, **attrs)
        found = found if isinstance(found, tuple) else (lambda: found,)
        return (*found, *([None] * self.holes))

    def _infer(self, *specs: Spec, **attrs: Any) -> Any:
        """What is the same whichever values fill the holes."""
        given, further = specs[: -self.holes], specs[-self.holes :]
        found = [self._probe(given, further, attrs, number) for number in (1, 2)]
        found = [spec for spec in found if spec is not None]
        if not found:
            return NoElements(None, given[0].dtype)
        if isinstance(found[0], tuple) and not isinstance(found[0], (Spec, NoElements)):
            return tuple(_common(list(pair)) for pair in zip(*found, strict=True))
        return _common(found)

    def _probe(self, given: Sequence, further: Sequence, attrs: dict, number: int) -> Any:
        values = [_filled(spec, number) for spec in further]
        attrs = {key: put_in(value, values) for key, value in attrs.items()}
        try:
            return self.base.infer_specs(given, attrs)
        except OpError:
            return None


def _filled(spec: Spec, number: int) -> Any:
    shape = tuple(1 if d is None else d for d in (spec.shape or ()))
    return np.full(shape, number).tolist() if shape else number


def _common(specs: list) -> Any:
    """The shape that fits all: None for sizes that differ, or for all when the ranks do."""
    first = specs[0]
    if len(specs) == 1 or len({len(s.shape) for s in specs}) > 1:
        unknown = (None,) * len(first.shape) if len(specs) == 1 else None
        return NoElements(unknown, first.dtype)
    sizes = zip(*(s.shape for s in specs), strict=True)
    return Spec(tuple(d[0] if len(set(d)) == 1 else None for d in sizes), first.dtype)
