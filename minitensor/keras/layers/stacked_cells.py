"""`StackedRNNCells`: several cells as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.layer import Layer
from minitensor.ops import zeros

__all__ = ["StackedRNNCells"]


class StackedRNNCells(Layer):
    """Cells one after the other within a step: each takes the output of the one before.

    Args:
        cells: the cells.
        **kwargs: those of all layers.

    Raises:
        InvalidArgumentError: (also a ValueError) for one without `call` or `state_size`.

    Example:
        >>> import minitensor as mt
        >>> cells = [mt.keras.layers.LSTMCell(4), mt.keras.layers.GRUCell(3)]
        >>> mt.keras.layers.RNN(mt.keras.layers.StackedRNNCells(cells))(mt.ones((2, 5, 6))).shape
        TensorShape([2, 3])
    """

    def __init__(self, cells: Sequence, **kwargs: Any):
        super().__init__(**kwargs)
        for cell in cells:
            for wanted in ("call", "state_size"):
                if not hasattr(cell, wanted):
                    raise InvalidArgumentError(
                        message("StackedRNNCells", f"{cell!r}",
                                f"All cells must have a `{wanted}`. Received a cell without",
                                "a cell has call(inputs, states) and state_size", "define both")
                    )  # fmt: skip
        self.cells = list(cells)

    @property
    def state_size(self) -> list:
        """The state sizes of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The output size of the last cell."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list:
        """The first states of each cell: its own, else zeros."""
        return [self._initial(cell, batch_size) for cell in self.cells]

    def _initial(self, cell: Any, batch: Any) -> Any:
        if hasattr(cell, "get_initial_state"):
            return cell.get_initial_state(batch_size=batch)
        return nest.map_structure(
            lambda size: zeros((batch, size), self.compute_dtype), cell.state_size
        )

    def build(self, input_shape: Any) -> None:
        """Build each cell for the output of the one before."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], _output_size(cell))

    def call(self, inputs: Any, states: Any) -> tuple[Any, list]:
        """The output of the last cell, and the next states of all.

        Shape: (batch, features) → (batch, units of the last cell), and a list of states.
        """
        after = []
        for cell, its in zip(self.cells, states, strict=True):
            call: Any = cell if callable(cell) else cell.call
            alone = not nest.is_nested(its)  # of a cell whose state_size is a number
            inputs, new = call(inputs, [its] if alone else its)
            after.append(nest.flatten(new)[0] if alone else new)
        return inputs, after


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    return cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
