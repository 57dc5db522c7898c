"""Stages and cursors: what a pipeline is made of, and what walks through it.

A `Stage` describes one step: `from_tensor_slices`, `shuffle`, `batch`. It never changes; a pipeline
is a tree of stages. A `Cursor` walks over the elements of one stage once. It asks the cursors of
the stages before it for their elements, so nothing is computed before somebody wants it.

What passes between cursors is a *token*. Mostly it is the element itself, a tuple of arrays. Where
the elements are rows of arrays in memory it is only the number of a row: shuffling 60 000 images
then moves 60 000 numbers, and the images stay where they are until `batch` gathers them (`Rows`).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

__all__ = ["AUTOTUNE", "INFINITE", "UNKNOWN", "Cursor", "Rows", "Stage", "begin_run", "go_on_from",
           "joined"]  # fmt: skip

AUTOTUNE = -1
INFINITE, UNKNOWN = -1, -2
"""Sizes of datasets that never end, and of those that nobody can tell before they end."""


class Cursor(ABC):
    """Walks once over the tokens of a stage."""

    def __iter__(self) -> Cursor:
        return self

    @abstractmethod
    def __next__(self) -> Any:
        """The next token."""

    def many(self, count: int) -> Any:
        """The next tokens, at most `count`; fewer only at the end."""
        return list(islice(self, count))

    @abstractmethod
    def save_state(self) -> Any:
        """Where it stands: lists, dicts, numbers, strings and arrays."""

    @abstractmethod
    def restore_state(self, state: Any) -> None:
        """Go on from a saved state. Called once, before the first token is asked for."""


class Rows(ABC):
    """Elements that lie in memory side by side, so that the number of one is as good as it."""

    @abstractmethod
    def row(self, number: int) -> tuple:
        """One element."""

    @abstractmethod
    def take(self, numbers: Any) -> tuple:
        """Several elements, stacked."""


class Stage(ABC):
    """One step of a pipeline.

    Args:
        spec: the structure of its elements, with a `TensorSpec` for each tensor.
        size: how many elements it has, or `INFINITE` or `UNKNOWN`.
        inputs: the stages that it takes elements from.
        rows: where tokens are numbers of rows, the rows.
        details: its settings as text, by which a saved state knows its pipeline again.
    """

    kind = ""
    """What TensorFlow calls datasets of this kind: `Batch` for `_BatchDataset`."""

    def __init__(
        self,
        spec: Any,
        size: int,
        inputs: Sequence[Stage] = (),
        rows: Rows | None = None,
        details: Any = "",
    ):
        self.spec, self.size, self.inputs, self.rows = spec, size, tuple(inputs), rows
        self.details = str(details)
        self.draws = False
        """Whether what it does depends on random numbers, which differ from run to run."""
        self.runs = 0
        """How many runs have begun, if it draws."""

    @abstractmethod
    def cursor(self, run: int) -> Cursor:
        """What walks over the tokens. `run` tells one walk from another, for what draws."""

    def elements(self, run: int) -> Cursor:
        """What walks over the elements themselves."""
        inner = self.cursor(run)
        return inner if self.rows is None else _Reading(inner, self.rows)

    def tree(self) -> Iterator[Stage]:
        """This stage and all before it, the sources first."""
        for stage in self.inputs:
            yield from stage.tree()
        yield self

    def outline(self) -> str:
        """The pipeline as a line of text: `Range(5) → Shuffle(3) → Batch(2)`."""
        before = ", ".join(stage.outline() for stage in self.inputs)
        before = f"[{before}]" if len(self.inputs) > 1 else before
        return f"{before}{' → ' if before else ''}{self.kind}({self.details})"

    @property
    def label(self) -> str:
        """Kind and place in the pipeline, as in TensorFlow's messages: `MapDataset:2`."""
        return f"{self.kind}Dataset:{sum(1 for _ in self.tree())}"


_counting = threading.Lock()


def begin_run(stage: Stage) -> int:
    """The number of a new walk through a pipeline: what it draws differs from that of the others.

    Stages that draw count the walks, so that two pipelines with a shuffled dataset in common do
    not see the same order.
    """
    with _counting:
        drawing = [s for s in stage.tree() if s.draws]
        run = max((s.runs for s in drawing), default=0)
        for s in drawing:
            s.runs = run + 1
    return run


def go_on_from(stage: Stage, run: int) -> None:
    """Let the next walk through a pipeline be the one after `run`."""
    with _counting:
        for s in stage.tree():
            s.runs = run + 1 if s.draws else 0


class _Reading(Cursor):
    """The elements behind numbers of rows."""

    def __init__(self, inner: Cursor, rows: Rows):
        self.inner, self.row = inner, rows.row

    def __next__(self) -> tuple:
        return self.row(next(self.inner))

    def save_state(self) -> Any:
        return self.inner.save_state()

    def restore_state(self, state: Any) -> None:
        self.inner.restore_state(state)


def joined(parts: Sequence) -> Any:
    """Several answers of `Cursor.many` as one."""
    if len(parts) == 1:
        return parts[0]
    if parts and all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return [token for part in parts for token in part]
