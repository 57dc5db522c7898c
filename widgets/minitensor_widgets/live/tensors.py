"""The tensor inspector, the histogram and the broadcast picture as widgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..records import plain
from ..tensors.alignment import STEPS
from ..tensors.broadcasting import Broadcast, broadcast_record
from ..tensors.histogram import BINS, Histogram, histogram_record
from ..tensors.inspector import Inspection
from ..tensors.literal import numpy_literal
from ..tensors.records import first_axes, tensor_record
from .viewer import Viewer


class TensorWidget(Viewer):
    """A tensor as a widget: any part of it is read from Python when it is looked at.

    `selected` is the index of the element pointed at, such as "2, 3"; `axes` are those shown as
    rows and columns, `at` the index of the first element shown.

    Args:
        value: what to look at: see `inspect`.
        gradient: a gradient of the same shape, shown beside the value.
        learning_rate: with a gradient, also shows value − learning_rate · gradient.
        name: what to call it; by default its own name.
        **traits: `selected`, `axes`, `at`, `layout` and other traits of ipywidgets.

    Example:
        >>> TensorWidget([[1, 2], [3, 4]]).axes
        [0, 1]
    """

    _esm, _css = assets.esm("tensors/inspector"), assets.css("tensors/inspector")
    tensor = traitlets.Dict().tag(sync=True)
    axes = traitlets.List(traitlets.Int()).tag(sync=True)
    at = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        value: Any,
        gradient: Any = None,
        learning_rate: float | None = None,
        name: str | None = None,
        **traits: Any,
    ) -> None:
        self._options = {"gradient": _dense(gradient), "learning_rate": learning_rate}
        self._options["name"] = name
        self._value = value
        record = tensor_record(value, **self._options)
        shape = record["shape"] or []
        places = {"axes": list(first_axes(shape)), "at": [0] * len(shape)}
        super().__init__(tensor=record, **{**places, **traits})
        self.on_msg(self._asked)

    def update(self, value: Any, gradient: Any = None) -> None:
        """Look at another value, or again at a variable that has changed; the place is kept."""
        self._options["gradient"], self._value = _dense(gradient), value
        with self.hold_sync():
            self.tensor = tensor_record(value, **self._options)
            self.axes, self.at = list(self.axes), list(self.at)

    def to_numpy_literal(self) -> str:
        """The tensor as Python source that numpy reads: `np.array([1, 2], dtype=np.int64)`.

        Raises:
            ValueError: for more than 10 000 elements, and for what has no elements yet.
        """
        return numpy_literal(self._value)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Inspection(self.tensor, self.axes, self.at, self.selected)

    def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Send the elements of a window. They are only read, so any thread may do it."""
        if not isinstance(content, dict) or content.get("kind") != "window":
            return
        from minitensor.views import window_view

        shape = self.tensor["shape"]
        axes = _fitting_axes(content.get("axes"), shape)
        at = _fitting_place(content.get("at"), shape)
        found = {"elements": plain(window_view(self._value, at, *axes))}
        if self.tensor["gradient"] is not None:
            found["gradient"] = plain(window_view(self._options["gradient"], at, *axes))
        self.send({"kind": "window", "at": content["at"], "axes": content["axes"], **found})

    @traitlets.validate("axes")
    def _axes_fit(self, proposal: Any) -> list[int]:
        return _fitting_axes(proposal["value"], self.tensor.get("shape") or [])

    @traitlets.validate("at")
    def _place_fits(self, proposal: Any) -> list[int]:
        return _fitting_place(proposal["value"], self.tensor.get("shape") or [])

    @traitlets.validate("tensor")
    def _complete(self, proposal: Any) -> dict:
        return tensor_record(proposal["value"])


class HistogramWidget(Viewer):
    """The distribution of a tensor as a widget; `update` draws a newer one over the last.

    Args:
        value: what to count: see `histogram`.
        bins: how many bins of equal width, or the edges of the bins.
        name: what to call it; by default its own name.
        **traits: `log`, `layout` and other traits of ipywidgets.

    Example:
        >>> widget = HistogramWidget([1.0, 2.0], bins=2)
        >>> widget.update([1.0, 1.5, 2.0])
        >>> widget.histogram["counts"], widget.histogram["before"]["counts"]
        ([1, 2], [1, 1])
    """

    _esm, _css = assets.esm("tensors/histogram"), assets.css("tensors/histogram")
    histogram = traitlets.Dict().tag(sync=True)
    log = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, value: Any, bins: int | Sequence[float] = BINS, name: str = "", **traits: Any
    ) -> None:
        self._bins, self._name = bins, name
        super().__init__(histogram=histogram_record(value, bins, name), **traits)

    def update(self, value: Any) -> None:
        """Count another value, and keep the last one as an outline."""
        last = self.histogram
        record = histogram_record(value, self._bins, self._name)
        record["before"] = {"edges": last["edges"], "counts": last["counts"]}
        self.histogram = record

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Histogram(self.histogram, log=self.log)

    @traitlets.validate("histogram")
    def _complete(self, proposal: Any) -> dict:
        return histogram_record(proposal["value"])


class BroadcastWidget(Viewer):
    """How shapes are broadcast together, as a widget; `step` says how far the walk has come.

    Args:
        *values: two or more tensors, arrays, numbers, or shapes such as (3, 1).
        names: what to call them; a, b, c, … by default.
        **traits: `step`, `layout` and other traits of ipywidgets.

    Example:
        >>> BroadcastWidget((3, 1), (4,)).broadcast["shape"]
        [3, 4]
    """

    _esm, _css = assets.esm("tensors/broadcast"), assets.css("tensors/broadcast")
    broadcast = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(self, *values: Any, names: Sequence[str] | None = None, **traits: Any) -> None:
        first = Broadcast(*values, names=names)
        super().__init__(broadcast=first.record, **{"step": first.step, **traits})

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Broadcast(self.broadcast, step=self.step)

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), len(STEPS) - 1))

    @traitlets.validate("broadcast")
    def _complete(self, proposal: Any) -> dict:
        return broadcast_record([proposal["value"]])


def _dense(gradient: Any) -> Any:
    """A gradient whose rows can be read at their places."""
    return gradient.to_dense() if hasattr(gradient, "to_dense") else gradient


def _fitting_axes(axes: Any, shape: Sequence[int | None]) -> list[int]:
    """Two different axes that exist, or the first choice."""
    first, rank = list(first_axes(shape)), len(shape)
    if rank < 2 or not isinstance(axes, Sequence) or len(axes) != 2 or axes[0] == axes[1]:
        return first
    return list(axes) if all(axis in range(rank) for axis in axes) else first


def _fitting_place(at: Any, shape: Sequence[int | None]) -> list[int]:
    """An index inside the shape."""
    if not isinstance(at, Sequence) or len(at) != len(shape):
        return [0] * len(shape)
    pairs = zip(at, shape, strict=True)
    return [max(0, min(int(place), (size or 1) - 1)) for place, size in pairs]
