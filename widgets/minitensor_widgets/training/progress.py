"""`track`: the progress of a loop in one line, with the values it logs."""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from .bars import Bar
from .cells import CELLS
from .fitting import open_door
from .run import one_number
from .stage import Stage, current, words_of

Item = TypeVar("Item")


def length_of(items: Any) -> int | None:
    """How many things there are; None if they do not say, or have no end.

    Example:
        >>> length_of("abc"), length_of(iter("abc"))
        (3, None)
    """
    try:
        return len(items)
    except TypeError:
        return None


class Track(Generic[Item]):
    """A loop whose progress is shown; `track` makes it. Each walk through it is a bar of its own.

    Args:
        items: what the loop goes through.
        total: how many there are; None for `len(items)`, if that is known.
        label: what stands before the bar.
        unit: what one item is called.
    """

    def __init__(
        self, items: Iterable[Item], total: int | None, label: str = "", unit: str = "item"
    ) -> None:
        self._items, self._label, self._unit = items, label, unit
        self._total = length_of(items) if total is None else total
        self._bar = Bar(label, self._total, unit)
        self._stage: Stage | None = None
        self._own = False

    def __repr__(self) -> str:
        return f"track({self._bar.line(timed=False)})"

    def __len__(self) -> int:
        if self._total is None:
            raise TypeError("track() does not know how many items there are: pass total=…")
        return self._total

    def log(self, **values: Any) -> None:
        """Show values beside the bar, and keep them for the curves that stay after the loop.

        Tensors are read when the bar is drawn, not at each call.

        Args:
            **values: numbers, or tensors of one element.

        Raises:
            TypeError: for what is no number.
            ValueError: for more than one number.

        Example:
            >>> for number in (t := track([1.0, 0.5, 0.25], label="halving")):
            ...     t.log(number=number)
            halving ━━━━━━━━━━━━━━━━━━━━ 3/3 · number 0.25
        """
        for name, value in values.items():
            self._bar.waiting[name] = value = one_number(name, value)
            if self._stage is not None:
                self._stage.run.log(name, value, self._bar.done if self._own else None)
        if self._stage is not None:
            self._stage.tick()

    def __iter__(self) -> Iterator[Item]:
        if "minitensor.keras" in sys.modules:
            open_door()
        outer = current()
        self._own = outer is None
        stage = self._stage = outer or Stage(self._label or "Progress")
        bar = Bar(self._label, self._total, self._unit, waiting=self._bar.waiting)
        self._bar = bar
        has_bar = stage.add_bar(bar)
        if self._own:
            stage.run.axis = self._unit
            stage.enter()
        state, words = "finished", ""
        try:
            stage.tick()
            for item in self._items:
                yield item
                bar.reach(bar.done + 1)
                if not has_bar:
                    stage.run.bars[-1].inner = f"{bar.label} {bar.counted()}".strip()
                stage.tick()
        except GeneratorExit:
            state, words = "stopped", "stopped"
            CELLS.left(stage, _line_that_left())
            raise
        except BaseException as error:
            state, words = words_of(error)
            raise
        finally:
            self._over(stage, bar, has_bar, state, words)

    def _over(self, stage: Stage, bar: Bar, has_bar: bool, state: str, words: str) -> None:
        try:
            stage.run.settle()
            bar.end(state, words)
            if not has_bar:
                stage.run.bars[-1].inner = ""
        finally:
            self._stage = None
            if self._own:
                stage.run.bars = [bar]
                stage.end(state, words)


def _line_that_left() -> Any:
    """The line of the loop that let go of it: by `break`, `return` or an exception."""
    frame = sys._getframe(2)
    return frame.f_code, frame.f_lineno


def track(
    items: Iterable[Item],
    total: int | None = None,
    label: str = "",
    *,
    unit: str = "item",
    **values: Any,
) -> Track[Item]:
    """Show the progress of a loop: a bar, the rate, the time left, and what the loop logs.

    In a notebook the bar is live, and what stays is a figure with the curves of the values; in a
    terminal it is one line that is written again, in a log file a line for each tenth. A loop
    inside a loop, or `fit` inside a loop, puts its bar below; a third one becomes a count.

    Args:
        items: what the loop goes through: a list, a generator, a dataset.
        total: how many there are; by default `len(items)`, if that is known.
        label: what stands before the bar.
        unit: what one item is called.
        **values: values shown from the beginning, as by `log`.

    Raises:
        TypeError: when the items are none: an object that cannot be walked through; for a `total`
            that is no whole number.
        ValueError: for a negative `total`.

    Example:
        >>> for word in track(["a", "b"], label="reading"):
        ...     pass
        reading ━━━━━━━━━━━━━━━━━━━━ 2/2
    """
    if not (hasattr(items, "__iter__") or hasattr(items, "__getitem__")):
        raise TypeError(
            f"track() got {type(items).__name__} {str(items)[:40]}, which no loop can go through. "
            f"Pass a list, a generator or a dataset{_range_hint(items)}."
        )
    made = Track(items, None if total is None else _checked(total), label, unit)
    made.log(**values)
    return made


def _checked(total: Any) -> int:
    """A number of items as an int."""
    try:
        count = operator.index(total)
    except TypeError:
        raise TypeError(
            f"track(total={str(total)[:40]!r}) got {type(total).__name__}; total is how many items "
            "there are. Pass a whole number, or leave it out."
        ) from None
    if count < 0:
        raise ValueError(f"track(total={count}): there are not fewer than 0 items. Leave it out.")
    return count


def _range_hint(items: Any) -> str:
    return f": for a number of times, track(range({items}))" if isinstance(items, int) else ""
