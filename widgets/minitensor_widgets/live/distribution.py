"""The distribution of tensors as a widget."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..tensors.distribution import MOST_STEPS, Distribution, column, distribution_record
from ..values import number
from .viewer import Viewer


class DistributionWidget(Viewer):
    """The distribution of tensors as a widget; `add` makes it grow while a loop runs.

    Args:
        value: what to look at: see `distribution`; nothing for one that `add` fills.
        name: what to call it.
        over: for a list of tensors, the step at which each was taken.
        **traits: `layout` and other traits of ipywidgets.

    Example:
        >>> widget = DistributionWidget(name="w")
        >>> for step in range(3):
        ...     widget.add([0.0, float(step)], step)
        >>> widget
        DistributionWidget(w: distribution of 3 steps)
    """

    _esm, _css = assets.esm("tensors/distribution"), assets.css("tensors/distribution")
    distribution = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        value: Any = None,
        name: str = "",
        over: Iterable[float] | None = None,
        **traits: Any,
    ) -> None:
        self._name = name
        empty = value is None
        record = distribution_record([] if empty else value, name, [] if empty else over)
        super().__init__(distribution=record, **traits)

    def update(self, value: Any, over: Iterable[float] | None = None) -> None:
        """Look at other tensors."""
        self.distribution = distribution_record(value, self._name, over)

    def add(self, value: Any, step: float | None = None) -> None:
        """Add a tensor at a step, by default one further than the last.

        Of more than 500, every second one is let go.

        Raises:
            ValueError: for a step that is not beyond the last, or where columns have no steps.
        """
        record = self.distribution
        if record["steps"] is None:
            raise ValueError(
                "DistributionWidget.add() needs columns over steps; these stand side by side. Make "
                "the widget without a value, or with over=."
            )
        last = record["steps"][-1] if record["steps"] else -1
        at = last + 1 if step is None else step
        if record["steps"] and not at > last:
            raise ValueError(
                f"DistributionWidget.add() got step {at}, which is not beyond the last, {last}. "
                "Add tensors in the order of their steps."
            )
        steps = [*record["steps"], at]
        columns = [*record["columns"], column(value, number(at, 8))]
        if len(steps) > MOST_STEPS:
            steps, columns = [*steps[:-1:2], steps[-1]], [*columns[:-1:2], columns[-1]]
        self.distribution = {**record, "steps": steps, "columns": columns}

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Distribution(self.distribution)

    @traitlets.validate("distribution")
    def _complete(self, proposal: Any) -> dict:
        return distribution_record(proposal["value"])
