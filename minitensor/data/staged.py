"""Datasets inside of traced functions: a loop over one is one loop of the graph.

The iterator itself flows through the graph, as the only element of a tensor of objects. So each run
of the graph has its own, and it goes when the run ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitensor import autograph, nest, ops
from minitensor.data.elements import shape_tuple, tensor_specs
from minitensor.errors import InvalidArgumentError, OutOfRangeError, message
from minitensor.ops.control import cond, while_loop
from minitensor.python_function import call_python
from minitensor.tensor import Tensor

__all__ = ["GraphLoop", "StagedIterator", "next_of", "reduced"]

MOST_UNROLLED = 1000
"""After so many elements a Python loop over an iterator of a trace is taken for endless."""


def next_of(iterator: Any) -> Any:
    """The symbols of an element that is taken each time the graph runs."""
    return _taken(iterator.element_spec, [], lambda: iterator)


def opened(make: Callable) -> Any:
    """A tensor that holds the iterator which `make` gives when the graph runs."""

    def held() -> Tensor:
        array = np.empty((), dtype=object)
        array[()] = make()
        return Tensor(array)

    return call_python([], func=held, Tout=("string",), shapes=((),), name="OpenIterator")


def _taken(spec: Any, handle: list, find: Callable) -> Any:
    specs = tensor_specs(spec, "next(iterator) in a traced function")

    def take(*held: Any) -> list:
        return [Tensor(array) for array in _next_leaves(find(*held))]

    found = call_python(handle, func=take, Tout=tuple(s.dtype.name for s in specs),
                        shapes=tuple(map(shape_tuple, specs)), name="IteratorGetNext")  # fmt: skip
    leaves = found if isinstance(found, tuple) else (found,)
    return leaves[0] if not nest.is_nested(spec) else nest.pack_sequence_as(spec, list(leaves))


def _next_leaves(iterator: Any) -> tuple:
    try:
        return iterator._leaves()
    except StopIteration:
        raise end_of_sequence() from None


def end_of_sequence() -> OutOfRangeError:
    """The error at the end of a dataset."""
    return OutOfRangeError(
        message("Iterator.get_next", "", "End of sequence", "an iterator walks through a dataset "
                "once", "make another with iter(dataset), or repeat the dataset")
    )  # fmt: skip


def _iterator_in(handle: Any) -> Any:
    return handle._array[()]


def reduced(dataset: Any, first: Any, function: Callable) -> Any:
    """`dataset.reduce(first, function)` as a loop of the graph."""
    loop = dataset._graph_loop()

    def step(handle: Any, state: Any) -> tuple:
        element = loop.element(handle)
        return handle, autograph.convert(function)(state, element)

    return while_loop(lambda handle, _: loop.is_left(handle), step, (loop.start, first))[1]


class GraphLoop:
    """Walks through an iterator inside of a graph: what a `for` of AutoGraph asks.

    Args:
        spec: of the elements.
        handle: a tensor that holds the iterator when the graph runs.
        certain: whether there is at least one element.
    """

    def __init__(self, spec: Any, handle: Any, certain: bool = False):
        self.spec, self.certain, self.first = spec, certain, None
        self.start = handle

    def is_left(self, at: Any, wanted: Any = None) -> Any:
        """Whether there is another element. It is computed: so only where it is `wanted`."""
        if wanted is None:
            return self._is_left(at)
        return cond(wanted, lambda: self._is_left(at), lambda: ops.identity(False))

    def _is_left(self, at: Any) -> Any:
        def ask(handle: Any) -> Tensor:
            return Tensor(np.array(_iterator_in(handle)._is_left()))

        return call_python([at], func=ask, Tout=("bool",), shapes=((),), name="IteratorHasNext")

    def element(self, at: Any) -> Any:
        """The next element."""
        return _taken(self.spec, [at], _iterator_in)

    def next(self, at: Any) -> Any:
        """The iterator itself, which has gone on."""
        return at


class StagedIterator:
    """`iter(dataset)` in a traced function: a new walk each time the graph runs."""

    def __init__(self, spec: Any, make: Callable):
        self.element_spec, self._handle, self._taken = spec, opened(make), 0

    def __iter__(self) -> StagedIterator:
        return self

    def _graph_loop(self) -> GraphLoop:
        """What AutoGraph makes a loop of the graph of."""
        return GraphLoop(self.element_spec, self._handle)

    def __next__(self) -> Any:
        self._taken += 1
        if self._taken > MOST_UNROLLED:
            raise InvalidArgumentError(
                message("iter(dataset)", f"{MOST_UNROLLED} calls of next while a function is "
                        "traced", "the end of a dataset is not known before the graph runs",
                        "Python's own loops cannot see it", "write `for x in dataset:` as a "
                        "statement in a function that AutoGraph converts, or dataset.reduce")
            )  # fmt: skip
        return _taken(self.element_spec, [self._handle], _iterator_in)

    get_next = __next__
