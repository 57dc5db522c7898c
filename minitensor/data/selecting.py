"""Stages that leave elements as they are: which of them come, and in what order.

None of them looks at what it passes on, except through the learner's function: tokens go through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.data.columns import pack, unpack
from minitensor.data.elements import tensor_specs
from minitensor.data.functions import ElementFunction
from minitensor.data.seeds import part
from minitensor.data.stage import INFINITE, UNKNOWN, Cursor, Stage, joined
from minitensor.errors import InvalidArgumentError, message
from minitensor.tensor import TensorSpec

__all__ = ["Filter", "Passing", "Repeat", "Shard", "Skip", "Take", "Unique"]


class Passing(Stage):
    """A stage whose tokens are those of its input."""

    def __init__(self, kind: str, before: Stage, size: int, details: Any = ""):
        super().__init__(before.spec, size, [before], before.rows, details)
        self.kind = kind

    def cursor(self, run: int) -> Cursor:
        """That of the stage before: tokens pass as they are."""
        return self.inputs[0].cursor(run)


class Take(Passing):
    """The first elements."""

    def __init__(self, before: Stage, count: int):
        if count < 0:
            size = before.size
        elif before.size == INFINITE:
            size = count
        else:
            size = min(count, before.size) if before.size >= 0 else UNKNOWN if count else 0
        super().__init__("Take", before, size, count)
        self.count = count

    def cursor(self, run: int) -> Cursor:
        """Ends after `count` tokens."""
        inner = self.inputs[0].cursor(run)
        return inner if self.count < 0 else _Taking(inner, self.count)


class _Taking(Cursor):
    def __init__(self, inner: Cursor, left: int):
        self.inner, self.left = inner, left

    def __next__(self) -> Any:
        if not self.left:
            raise StopIteration
        token = next(self.inner)
        self.left -= 1
        return token

    def many(self, count: int) -> Any:
        found = self.inner.many(min(count, self.left))
        self.left -= len(found)
        return found

    def save_state(self) -> dict:
        return {"left": self.left, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.left = state["left"]
        self.inner.restore_state(state["input"])


class Skip(Passing):
    """All but the first elements."""

    def __init__(self, before: Stage, count: int):
        size = 0 if count < 0 else before.size if before.size < 0 else max(before.size - count, 0)
        super().__init__("Skip", before, size, count)
        self.count = count

    def cursor(self, run: int) -> Cursor:
        """Begins after `count` tokens."""
        inner = self.inputs[0].cursor(run)
        return _Taking(inner, 0) if self.count < 0 else _Skipping(inner, self.count)


class _Skipping(Cursor):
    def __init__(self, inner: Cursor, count: int):
        self.inner, self.to_skip = inner, count

    def __next__(self) -> Any:
        if self.to_skip:
            self._skip()
        return next(self.inner)

    def many(self, count: int) -> Any:
        self._skip()
        return self.inner.many(count)

    def _skip(self) -> None:
        while self.to_skip:
            some = len(self.inner.many(min(self.to_skip, 4096)))
            self.to_skip = self.to_skip - some if some else 0

    def save_state(self) -> dict:
        return {"to_skip": self.to_skip, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.to_skip = state["to_skip"]
        self.inner.restore_state(state["input"])


class Shard(Passing):
    """Every n-th element."""

    def __init__(self, before: Stage, shards: int, index: int):
        if shards < 1:
            raise InvalidArgumentError(
                message("Dataset.shard", f"num_shards={shards}, index={index}", "Number of shards "
                        f"must be greater than zero (currently num_shards = {shards})",
                        "a shard is one of several equal parts", "pass a number from 1")
            )  # fmt: skip
        if not 0 <= index < shards:
            raise InvalidArgumentError(
                message("Dataset.shard", f"num_shards={shards}, index={index}",
                        f"Index must be between 0 and {shards - 1} (currently index = {index})",
                        "the shards are counted from 0", f"pass an index below {shards}")
            )  # fmt: skip
        size = before.size if before.size < 0 else len(range(index, before.size, shards))
        super().__init__("Shard", before, size, f"{shards}, {index}")
        self.shards, self.index = shards, index

    def cursor(self, run: int) -> Cursor:
        """Gives each token in so many."""
        return _Sharding(self.inputs[0].cursor(run), self.shards, self.index)


class _Sharding(Cursor):
    def __init__(self, inner: Cursor, shards: int, index: int):
        self.inner, self.shards, self.ahead = inner, shards, index

    def __next__(self) -> Any:
        for _ in range(self.ahead):
            next(self.inner)
        self.ahead = 0
        token = next(self.inner)
        self.ahead = self.shards - 1
        return token

    def save_state(self) -> dict:
        return {"ahead": self.ahead, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.ahead = state["ahead"]
        self.inner.restore_state(state["input"])


class Repeat(Passing):
    """The elements again and again."""

    def __init__(self, before: Stage, count: int):
        if count == 0 or before.size == 0:
            size = 0
        elif count < 0 or before.size == INFINITE:
            size = INFINITE
        else:
            size = UNKNOWN if before.size == UNKNOWN else count * before.size
        super().__init__("Repeat", before, size, count)
        self.count = count

    def cursor(self, run: int) -> Cursor:
        """Walks over the stage before again and again."""
        return _Repeating(self.inputs[0], self.count, run)


class _Repeating(Cursor):
    """Walks over its input several times, each walk with a number of its own."""

    def __init__(self, before: Stage, count: int, run: int):
        self.before, self.count, self.run = before, count, run
        self.epoch, self.empty = 0, True
        self.inner: Cursor | None = None

    def __next__(self) -> Any:
        while self._begun():
            for token in self.inner:  # type: ignore[union-attr]
                self.empty = False
                return token
            self._end()
        raise StopIteration

    def many(self, count: int) -> Any:
        parts: list = []
        left = count
        while left and self._begun():
            part_ = self.inner.many(left)  # type: ignore[union-attr]
            if len(part_):
                parts.append(part_)
                self.empty = False
                left -= len(part_)
            else:
                self._end()
        return joined(parts)

    def _begun(self) -> bool:
        """Whether there is a walk to take from; a new one begins when the last has ended."""
        if self.inner is None and self.epoch != self.count:
            self.inner = self.before.cursor(part(self.run, self.epoch))
        return self.inner is not None

    def _end(self) -> None:
        self.inner = None
        self.epoch = self.count if self.empty else self.epoch + 1

    def save_state(self) -> dict:
        inner = None if self.inner is None else self.inner.save_state()
        return {"epoch": self.epoch, "empty": self.empty, "input": inner}

    def restore_state(self, state: dict) -> None:
        self.epoch, self.empty = state["epoch"], state["empty"]
        if state["input"] is not None and self._begun():
            self.inner.restore_state(state["input"])  # type: ignore[union-attr]


class Filter(Passing):
    """The elements for which a function gives True; with `ends`, only up to the first other."""

    def __init__(self, before: Stage, predicate: Callable, ends: bool = False):
        super().__init__("TakeWhile" if ends else "Filter", before, UNKNOWN)
        self.function = ElementFunction(predicate, before.spec, "take_while" if ends else "filter")
        self.function.label_of_stage = self.label
        self.draws = self.function.draws
        self.ends = ends
        spec = self.function.spec
        good = isinstance(spec, TensorSpec) and spec.dtype.name == "bool"
        if not good or not spec.shape.is_compatible_with(()):
            raise InvalidArgumentError(
                "Invalid `predicate`. `predicate` must return a `tf.bool` scalar tensor, but its "
                f"return type is {spec}.\nIt decides for each element whether it stays. To fix it: "
                "return a comparison, for example x > 0."
            )

    def cursor(self, run: int) -> Cursor:
        """Asks the function about each element."""
        return _Filtering(self, self.inputs[0].cursor(run), run)


class _Filtering(Cursor):
    def __init__(self, stage: Filter, inner: Cursor, run: int):
        self.inner, self.rows, self.ends = inner, stage.rows, stage.ends
        self.function, self.run, self.index, self.over = stage.function, run, 0, False

    def __next__(self) -> Any:
        rows, decide = self.rows, self.function.at
        for token in () if self.over else self.inner:
            element = token if rows is None else rows.row(token)
            keeps = decide(element, self.run, self.index)[0]
            self.index += 1
            if keeps:
                return token
            if self.ends:
                break
        self.over = self.ends
        raise StopIteration

    def save_state(self) -> dict:
        return {"index": self.index, "over": self.over, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.index, self.over = state["index"], state["over"]
        self.inner.restore_state(state["input"])


class Unique(Passing):
    """Each element only when it comes for the first time."""

    def __init__(self, before: Stage):
        specs = tensor_specs(before.spec, "Dataset.unique")
        if len(specs) != 1:
            raise InvalidArgumentError(
                message("Dataset.unique", f"elements {before.spec}", f"they have {len(specs)} "
                        "components", "elements are compared by their only component",
                        "choose one with map")
            )  # fmt: skip
        super().__init__("Unique", before, UNKNOWN)

    def cursor(self, run: int) -> Cursor:
        """Remembers what it has seen."""
        return _First(self, self.inputs[0].cursor(run))


class _First(Cursor):
    def __init__(self, stage: Stage, inner: Cursor):
        self.inner, self.rows, self.spec = inner, stage.rows, stage.spec
        self.seen: dict[Any, tuple] = {}

    def __next__(self) -> Any:
        for token in self.inner:
            element = token if self.rows is None else self.rows.row(token)
            key = _key(element)
            if key not in self.seen:
                self.seen[key] = element
                return token
        raise StopIteration

    def save_state(self) -> dict:
        return {"seen": pack(list(self.seen.values())), "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.seen = {_key(element): element for element in unpack(state["seen"], self.spec)}
        self.inner.restore_state(state["input"])


def _key(element: tuple) -> Any:
    array = element[0]
    values = array.tolist() if array.dtype.kind == "O" else array.tobytes()
    return array.shape, repr(values)
