"""What goes into a run and what comes out: structures of fetches, and values that are fed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minitensor.backend import Quiet, to_numpy
from minitensor.compat.v1.variables import GraphVariable
from minitensor.conversion import as_array
from minitensor.errors import ArgumentError, InvalidArgumentError, OpError
from minitensor.graph.ir import Node
from minitensor.graph.operations import Operation
from minitensor.graph.symbol import Symbol
from minitensor.tensor import IndexedSlices, Operand

__all__ = ["Fetches", "IndexedSlicesValue", "fed_array", "fetched"]


class IndexedSlicesValue(NamedTuple):
    """Sparse rows that were fetched."""

    values: Any
    indices: Any
    dense_shape: Any


class Fetches:
    """What is fetched: a flat list of symbols and nodes, and the structure to give back."""

    def __init__(self, graph: Any, fetches: Any):
        self.graph = graph
        self.things: list = []
        self._places: dict[int, int] = {}
        self._count = 0
        self._fill = self._reader(fetches)

    def filled(self, values: list) -> Any:
        """The structure with values in it."""
        return self._fill(values)

    def _reader(self, fetch: Any) -> Callable[[list], Any]:
        if isinstance(fetch, Mapping):
            parts = {key: self._reader(x) for key, x in fetch.items()}
            kind: Any = type(fetch)
            return lambda values: kind((key, read(values)) for key, read in parts.items())
        if isinstance(fetch, IndexedSlices):
            return self._several([fetch.values, fetch.indices, fetch.dense_shape],
                                 lambda parts: IndexedSlicesValue(*parts))  # fmt: skip
        if isinstance(fetch, (list, tuple)):
            kind = type(fetch)
            named = hasattr(fetch, "_fields")
            return self._several(fetch, (lambda parts: kind(*parts)) if named else kind)
        return self._single(fetch)

    def _several(self, fetches: Sequence, made: Callable) -> Callable[[list], Any]:
        readers = [self._reader(x) for x in fetches]
        return lambda values: made([read(values) for read in readers])

    def _single(self, fetch: Any) -> Callable[[list], Any]:
        thing = self._element(fetch)
        if isinstance(thing, Operation):
            node = thing.node
            if node is not None:
                self._add(node.outputs[0] if isinstance(_first(node), Symbol) else node)
            return lambda values: None
        place = self._add(thing)
        return lambda values: values[place]

    def _add(self, thing: Any) -> int:
        if id(thing) not in self._places:
            self.things.append(thing)
            self._places[id(thing)] = self._count
            self._count += isinstance(thing, Symbol)
        return self._places[id(thing)]

    def _element(self, fetch: Any) -> Any:
        if fetch is None:
            raise ArgumentError(
                'Argument `fetch` = None has invalid type "NoneType". Cannot be None\nsession.run '
                "runs tensors and operations, and this is neither. To fix it: look where the "
                "None comes from: tf.summary.merge_all() gives it when there are no summaries, "
                "tf.gradients where there is no way to the variable."
            )
        if isinstance(fetch, GraphVariable):
            fetch = fetch._snapshot
        fetch = getattr(fetch, "whole", fetch) if not isinstance(fetch, Symbol) else fetch
        if not isinstance(fetch, (str, Operand, Operation)):
            raise ArgumentError(
                f'Argument `fetch` = {fetch!r} has invalid type "{type(fetch).__name__}" must be '
                f"a string or Tensor. (Can not convert a {type(fetch).__name__} into a Tensor or "
                "Operation.)\nsession.run runs tensors, variables and operations of its graph. To "
                "fix it: pass one, or its name."
            )
        try:
            found = self.graph.as_graph_element(fetch)
        except (OpError, KeyError) as error:
            shown = f"{fetch}" if isinstance(fetch, (str, Symbol)) else f"{fetch!r}"
            why = f'("{text_of(error)}")' if isinstance(error, KeyError) else f"({text_of(error)})"
            raise InvalidArgumentError(
                f"Argument `fetch` = {shown} cannot be interpreted as a Tensor. {why}\nA session "
                "runs what is in its own graph. To fix it: session.graph.get_operations() lists "
                "the names."
            ) from None
        return found._snapshot if isinstance(found, GraphVariable) else found


def _first(node: Node) -> Any:
    return node.outputs[0] if node.outputs else None


def text_of(error: BaseException) -> str:
    return str(error.args[0]) if error.args else str(error)


def fetched(array: Any) -> Any:
    """A result as what a learner gets: numpy's scalar, or an array of her own."""
    array = to_numpy(array)
    return array[()] if array.ndim == 0 else array.copy()


def fed_array(symbol: Symbol, value: Any) -> np.ndarray:
    """A value that is fed for a tensor, as an array of its dtype.

    Raises:
        ArgumentError: (also a TypeError) for a tensor, and for a number that its dtype cannot hold.
        InvalidArgumentError: (also a ValueError) for a value of another shape.
    """
    if isinstance(value, Operand):
        raise ArgumentError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include "
            "Python scalars, strings, lists, numpy ndarrays, or TensorHandles. For reference, the "
            f"tensor object was {value} which was passed to the argument `feed_dict` with key "
            f"{symbol}.\nTo fix it: feed its value, session.run(tensor) or tensor.numpy()."
        )
    dtype = symbol.dtype.numpy
    if dtype.kind == "O":
        array = as_array(value, dtype)
    else:
        with Quiet():
            array = _number_array(symbol, value, dtype)
    if not symbol.shape.is_compatible_with(array.shape):
        raise InvalidArgumentError(
            f"Cannot feed value of shape {array.shape} for Tensor {symbol.name}, which has shape "
            f"{symbol.shape}\nTo fix it: reshape the value, or make the placeholder with None for "
            "sizes that differ from run to run."
        )
    return array


def _number_array(symbol: Symbol, value: Any, dtype: np.dtype) -> np.ndarray:
    try:
        array = np.array(value, dtype=dtype, order="C")
    except OverflowError:
        array = None
    except (ValueError, TypeError) as error:
        raise InvalidArgumentError(
            f"{error}\nThe value cannot become {symbol.dtype.name}, the dtype of {symbol}. To fix "
            "it: feed numbers, in lists of equal lengths or as a numpy array."
        ) from None
    if array is None or (isinstance(value, int) and array != value):
        raise ArgumentError(
            f"Type of feed value {value} with type {type(value)} is not compatible with Tensor "
            f"type {dtype.type}. Try explicitly setting the type of the feed tensor to a larger "
            "type (e.g. int64)."
        )
    return array
