"""`Board`: curves and histograms that grow while a run goes on, fed by hand or by `fit`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .figure import BoardFigure
from .stage import Stage, words_of

if TYPE_CHECKING:
    from .callback import BoardCallback

_BY_NAME: weakref.WeakValueDictionary[str, Board] = weakref.WeakValueDictionary()


class Board:
    """A live board: `scalar` and `histogram` add to it, and it is drawn as the run goes on.

    It shows itself in the cell where something is first added. When the cell ends, by an error or
    an interrupt too, what stays is a figure that needs no kernel. As a context it knows when the
    run is over, and takes in the bars of `track` and `fit`. The kernel's interrupt (■) is the way
    to stop a run.

    Args:
        title: what stands above it. A new board closes the one with the same title.

    Raises:
        TypeError: for a title that is no str.

    Example:
        >>> with Board("descent") as board:
        ...     for step in range(3):
        ...         board.scalar("loss", 2.0 ** -step)
        descent: step 2 · loss 0.25
        >>> print(board.figure().description())
        descent: finished
          loss: last 0.25, least 0.25 at 2, greatest 1 at 0, falling at the end
    """

    def __init__(self, title: str = "Training") -> None:
        if not isinstance(title, str):
            raise TypeError(
                f"Board() got {type(title).__name__} {str(title)[:40]} as its title; a title is "
                "text. Pass a str, such as Board('descent')."
            )
        older = _BY_NAME.get(title)
        if older is not None:
            older.close()
        self._stage = Stage(title)
        _BY_NAME[title] = self

    def __repr__(self) -> str:
        run = self._stage.run
        return f"Board({run.title!r}, {len(run.scalars)} curves, {run.state})"

    # What comes in.

    def scalar(self, name: str, value: Any, step: float | None = None, *, run: str = "") -> None:
        """Add a number to a curve.

        Args:
            name: of the plot.
            value: a number or a tensor of one element; a tensor is read when it is drawn.
            step: where on the x axis; by default one further than the last.
            run: which of several curves in the same plot, such as "training" and "validation".

        Raises:
            TypeError: for what is no number.
            ValueError: for more than one number.
        """
        self._stage.run.log(name, value, step, run)
        self._stage.tick()

    def scalars(
        self, values: Mapping[str, Any], step: float | None = None, *, run: str = ""
    ) -> None:
        """Add a number to each of several curves.

        Args:
            values: the numbers by the names of their plots.
            step: as for `scalar`.
            run: as for `scalar`.
        """
        for name, value in values.items():
            self._stage.run.log(name, value, step, run)
        self._stage.tick()

    def histogram(self, name: str, value: Any, step: float | None = None) -> None:
        """Count the numbers of an array in 64 bins, and show how that changes over the steps.

        Args:
            name: of the plot, such as "dense/kernel".
            value: an array, a tensor or a variable; it is counted at once.
            step: as for `scalar`.

        Raises:
            TypeError: for what are no real numbers.
            ValueError: for lists whose rows differ in length.
        """
        self._stage.run.add_histogram(name, value, step)
        self._stage.tick()

    def callback(
        self, per: str = "batch", *, weights: bool = False, gradients: Any = None, run: str = ""
    ) -> BoardCallback:
        """A callback for `fit` that feeds this board.

        Args:
            per: "batch" for a point at each step, "epoch" for one at each epoch.
            weights: whether each epoch ends with histograms of the weights.
            gradients: a batch `(x, y)`; each epoch ends with histograms of the gradients on it.
            run: what stands before "training" and "validation", to compare several runs.

        Raises:
            ValueError: for another `per`.
        """
        from .callback import BoardCallback

        return BoardCallback(self, per, weights=weights, gradients=gradients, run=run)

    # Where it is shown.

    def show(self) -> None:
        """Show it here and now, if it is not shown already."""
        self._stage.show()

    def figure(self) -> BoardFigure:
        """What the board shows now, as a figure that stays."""
        self._stage.run.settle()
        return BoardFigure(self.record())

    def record(self) -> dict[str, Any]:
        """All that the board knows, as plain data."""
        from ..output import is_static

        self._stage.run.settle()
        return self._stage.run.record(timed=not is_static())

    def close(self) -> None:
        """The run is over: freeze what is shown."""
        self._stage.end("finished")

    def __enter__(self) -> Board:
        self._stage.enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stage.end(*words_of(error))

    def _ipython_display_(self) -> None:
        if self._stage.is_shown:
            return
        if self._stage.closed or self._stage.run.scalars or self._stage.run.histograms:
            from IPython.display import display

            display(self.figure())
        else:
            self.show()
