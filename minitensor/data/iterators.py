"""Iterators: what `iter(dataset)` gives, and how its place is saved and found again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.data import staged
from minitensor.data.columns import pack, unpack
from minitensor.data.elements import numpy_packer, packer
from minitensor.data.optional import Optional
from minitensor.data.stage import Stage, begin_run, go_on_from
from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.graph.asking import inside_function
from minitensor.graph.failure import shortened

__all__ = ["Iterator", "NumpyIterator"]


class Iterator:
    """One walk through a dataset: `iter(dataset)`.

    `next(iterator)` gives the next element and raises StopIteration at the end; inside of an
    `mt.function` it takes an element each time the graph runs, and the end is an OutOfRangeError.

    Its place can be saved in the middle of an epoch. `mt.train.Checkpoint(iterator=iterator)` does
    that; it uses `save_state` and `restore_state`.

    Example:
        >>> import minitensor as mt
        >>> dataset = mt.data.Dataset.range(10).shuffle(10, seed=1).repeat(2).batch(4)
        >>> iterator = iter(dataset)
        >>> _ = next(iterator)
        >>> state = iterator.save_state()
        >>> another = iter(dataset)
        >>> another.restore_state(state)
        >>> bool(mt.reduce_all(next(iterator) == next(another)))
        True
    """

    def __init__(self, stage: Stage):
        self._stage = stage
        self._begin(begin_run(stage))

    def _begin(self, run: int) -> None:
        self._run, self._cursor = run, self._stage.elements(run)
        self._pack: Callable = packer(self._stage.spec)
        self._peeked: list[tuple] = []

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        if inside_function():
            return staged.next_of(self)
        try:
            return self._pack(self._leaves())
        except Exception as error:
            shortened(error)
            raise

    next = __next__

    def _walk(self) -> Any:
        """The arrays of all elements that are left."""
        return self._cursor

    def _graph_loop(self) -> staged.GraphLoop:
        """What AutoGraph makes a loop of the graph of."""
        return staged.GraphLoop(self.element_spec, staged.opened(lambda: self))

    def _leaves(self) -> tuple:
        """The arrays of the next element."""
        return self._peeked.pop() if self._peeked else next(self._cursor)

    def _is_left(self) -> bool:
        """Whether there is another element; it is kept for later."""
        if not self._peeked:
            for leaves in self._cursor:
                self._peeked.append(leaves)
                break
        return bool(self._peeked)

    def get_next(self) -> Any:
        """The next element.

        Raises:
            OutOfRangeError: (also an IndexError) at the end.
        """
        if inside_function():
            return staged.next_of(self)
        try:
            return self._pack(self._leaves())
        except StopIteration:
            raise staged.end_of_sequence() from None
        except Exception as error:
            shortened(error)
            raise

    def get_next_as_optional(self) -> Any:
        """The next element, or nothing, as an object that says which: `has_value()`."""
        if self._is_left():
            return Optional(self._pack(self._leaves()), self.element_spec)
        return Optional(None, self.element_spec, empty=True)

    @property
    def element_spec(self) -> Any:
        """The structure of an element, with a `TensorSpec` for each tensor."""
        return self._stage.spec

    def save_state(self) -> dict:
        """Where the walk stands: lists, dicts, numbers and strings as JSON has them, and arrays.

        It holds what is in buffers and caches, positions, and how often each source of random
        numbers was drawn from.
        """
        peeked = pack(self._peeked) if self._peeked else None
        return {"pipeline": self._stage.outline(), "run": self._run, "peeked": peeked,
                "at": self._cursor.save_state()}  # fmt: skip

    def restore_state(self, state: Any) -> None:
        """Go to the place where another walk through an equal pipeline was saved.

        A generator of `from_generator` begins anew, and what it gave before is passed over.

        Raises:
            InvalidArgumentError: (also a ValueError) when the state is that of another pipeline.
        """
        mine, before = self._stage.outline(), (self._run, self._cursor, self._peeked)
        pipeline = state.get("pipeline") if isinstance(state, dict) else None
        if pipeline != mine:
            raise InvalidArgumentError(
                message("Iterator.restore_state", f"a state of {shorten(pipeline, 400)}",
                        f"this iterator walks through {mine}", "a state fits the pipeline that it "
                        "was saved from", "make the dataset as it was made then")
            )  # fmt: skip
        try:
            self._begin(int(state["run"]))
            self._cursor.restore_state(state["at"])
            if state["peeked"] is not None:
                self._peeked = unpack(state["peeked"], self._stage.spec)
        except Exception as error:
            self._run, self._cursor, self._peeked = before
            raise InvalidArgumentError(
                message("Iterator.restore_state", f"a state of {mine}", f"it cannot be restored: "
                        f"{type(error).__name__}: {error}", "a state is what save_state gave",
                        "save it again; the iterator stands where it stood")
            ) from error  # fmt: skip
        go_on_from(self._stage, self._run)

    def __repr__(self) -> str:
        return f"<Iterator element_spec={self.element_spec}>"


class NumpyIterator:
    """A walk whose elements are numpy arrays: `dataset.as_numpy_iterator()`."""

    def __init__(self, iterator: Iterator):
        self._iterator = iterator
        self._pack = numpy_packer(iterator.element_spec)

    def __iter__(self) -> NumpyIterator:
        return self

    def __next__(self) -> Any:
        try:
            return self._pack(self._iterator._leaves())
        except Exception as error:
            shortened(error)
            raise

    next = __next__

    def __repr__(self) -> str:
        return f"NumpyIterator(iterator={self._iterator!r})"
