"""The tensor inspector: what a tensor is, how it lies in memory, and its elements slice by slice.

`static/tensors/inspector.js` draws it on the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..output import Output
from ..units import plural, size_text
from ..values import clip
from .figure import legend, tensor_svg
from .literal import numpy_literal
from .records import (
    MOST_TABLE,
    cell_text,
    count_of,
    facts,
    first_axes,
    first_line,
    grid,
    tensor_record,
)

MOST_LINES = 12


class Inspection(Output):
    """A tensor as an inspector shows it.

    Args:
        value: what to look at: see `inspect`; also a TensorView or the dict of one.
        axes: which axes are rows and columns at first; None for the last two.
        at: the index of the first element shown; None for the very first.
        selected: the index of the element pointed at, such as "2, 3".
        **options: `gradient`, `learning_rate` and `name`.

    Example:
        >>> Inspection([[1, 2], [3, 4]])
        Inspection(list int64 (2, 2))
    """

    main = "tensors/inspector"

    def __init__(
        self,
        value: Any,
        axes: Sequence[int] | None = None,
        at: Sequence[int] | None = None,
        selected: str = "",
        **options: Any,
    ) -> None:
        self.record = tensor_record(value, **options)
        self.value = None if isinstance(value, Mapping) else value
        shape = self.record["shape"] or []
        self.axes = list(first_axes(shape) if axes is None else axes)
        self.at = [0] * len(shape) if at is None else list(at)
        self.selected = selected

    def __repr__(self) -> str:
        return f"Inspection({first_line(self.record)})"

    @property
    def title(self) -> str:
        """What the tensor is, in one line."""
        return first_line(self.record)

    @property
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""
        return clip(". ".join([self.title, "; ".join(facts(self.record["value"])),
                               self._seen()]), 600)  # fmt: skip

    def _seen(self) -> str:
        record = self.record
        if not record["elements"] or not count_of(record["shape"]):
            return " ".join(record["notes"]) or "It has no elements"
        cells = grid(record, "elements", first_axes(record["shape"]), [0] * len(record["shape"]))
        count = sum(map(len, cells))
        if count > MOST_TABLE and record["elements"]["code"] != "text":
            size = f"{len(cells)} by {len(cells[0])}"
            return f"Heat map of {size} cells: {legend(cells, record['elements']['limit'])}"
        shown = [cell_text(value, record["dtype"]) for row in cells for value in row]
        return f"Elements {', '.join(shown[:MOST_TABLE])}"

    def description(self) -> str:
        """What the tensor is, its statistics and its first elements; long ones are counted."""
        record = self.record
        lines = [self.title, *([", ".join(facts(record["value"]))] if record["value"] else [])]
        if record["strides"]:
            lines.append(f"strides {tuple(record['strides'])} bytes, {record['layout']}")
        if record["itemsize"]:
            lines.append(f"memory: {record['memory']}, {size_text(record['bytes'])}")
        if record["elements"] and count_of(record["shape"]):
            lines += self._rows()
        return "\n".join(line for line in [*lines, *record["notes"]] if line)

    def _rows(self) -> list[str]:
        shape = self.record["shape"]
        cells = grid(self.record, "elements", first_axes(shape), [0] * len(shape))
        lines = []
        for row in cells[:MOST_LINES]:
            words = [cell_text(value, self.record["dtype"]) for value in row[:MOST_LINES]]
            lines.append("  " + "  ".join(words))
        left = count_of(shape) - sum(len(row[:MOST_LINES]) for row in cells[:MOST_LINES])
        return lines + ([f"  … {plural(left, 'more element')}"] if left else [])

    def to_svg(self) -> str:
        """The static figure."""
        return tensor_svg(self.record, self.alt)

    def to_numpy_literal(self) -> str:
        """The tensor as Python source that numpy reads: `np.array([1, 2], dtype=np.int64)`.

        Raises:
            ValueError: for more than 10 000 elements, for what has no elements yet, and for an
                inspection made from a record.

        Example:
            >>> inspect([[1, 2], [3, 4]]).to_numpy_literal()
            'np.array([[1, 2], [3, 4]], dtype=np.int64)'
        """
        if self.value is None:
            raise ValueError(
                "This inspection was made from a record, which holds a picture of the elements. "
                "Inspect the tensor itself: inspect(t).to_numpy_literal()."
            )
        return numpy_literal(self.value)

    def _state(self) -> dict[str, Any]:
        return {
            "tensor": self.record, "axes": self.axes, "at": self.at, "selected": self.selected,
        }  # fmt: skip


def inspect(
    value: Any,
    gradient: Any = None,
    learning_rate: float | None = None,
    name: str | None = None,
) -> Inspection:
    """Look into a tensor: its elements slice by slice, its statistics, how it lies in memory.

    Arrow keys walk through the elements, and nothing needs the kernel. `TensorWidget` is the same
    with Python behind it, which reads any part of a tensor too large to be in a saved notebook.

    Args:
        value: a tensor, variable, weight, numpy or cupy array, IndexedSlices, or lists of numbers.
            A tensor of a function that is being traced is shown without values.
        gradient: a gradient of the same shape, shown beside the value.
        learning_rate: with a gradient, also shows value − learning_rate · gradient.
        name: what to call it; by default its own name.

    Raises:
        ValueError: for nested lists whose lengths differ.

    Example:
        >>> inspect([[1.0, 2.0], [3.0, 4.0]], name="w")
        Inspection(w: list float64 (2, 2))
    """
    return Inspection(value, gradient=gradient, learning_rate=learning_rate, name=name)
