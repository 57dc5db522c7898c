"""`RNN`: a layer that takes a cell along a sequence. SimpleRNN, LSTM and GRU are RNNs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.input_spec import InputSpec
from minitensor.keras.layer import Layer
from minitensor.keras.layers.recurrent_cell import RecurrentCell
from minitensor.keras.layers.recurrent_loop import (
    along,
    reversed_steps,
    steps_first,
    where_counted,
)
from minitensor.keras.layers.stacked_cells import StackedRNNCells
from minitensor.op import convert
from minitensor.ops import cast, shape, zeros, zeros_like
from minitensor.variable import Variable

__all__ = ["RNN", "CellLayer"]


class Carried:
    """The states that a stateful layer keeps between calls. They are no weights."""

    def __init__(self, states: list):
        self.structure = states
        self.variables = [Variable(x, trainable=False) for x in nest.flatten(states)]

    def read(self) -> list:
        return nest.pack_sequence_as(self.structure, self.variables)

    def write(self, states: list) -> None:
        for variable, value in zip(self.variables, nest.flatten(states), strict=True):
            variable.assign(value)


class RNN(Layer):
    """A cell taken along a sequence: each step gets one row of it, and the states before.

    Args:
        cell: what a step is: a layer, or any object, with `call(inputs, states)`, which gives the
            output and the next states, and `state_size`, a number or a list of them. A list of
            cells is one cell after the other at each step.
        return_sequences: give the outputs of all steps, not the last one alone.
        return_state: give the states after the last step, too.
        go_backwards: begin with the last step; the outputs are in the order of the steps taken.
        stateful: begin where the last batch ended, until `reset_state()`.
        unroll: write down every step of a trace on its own, which takes long to compile.
        zero_output_for_mask: give zeros at steps that do not count, not the output before.
        **kwargs: those of all layers.

    Shape: (batch, steps, …) → (batch, units); (batch, steps, units) with return_sequences; and
    with return_state each state, (batch, units).

    Raises:
        InvalidArgumentError: (also a ValueError) for a cell without `call` or `state_size`, or for
            another batch size than the states of a stateful layer have.

    Example:
        >>> import minitensor as mt
        >>> class Sum:
        ...     state_size = 2
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> mt.keras.layers.RNN(Sum())(mt.ones((1, 5, 2))).numpy()
        array([[5., 5.]], dtype=float32)
    """

    supports_masking = True
    input_spec = InputSpec(min_ndim=2)
    _carried: Carried | None = None

    def __init__(self, cell: Any, return_sequences: bool = False, return_state: bool = False,
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
                 zero_output_for_mask: bool = False, **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        for wanted in ("call", "state_size"):
            if not hasattr(self.cell, wanted):
                raise InvalidArgumentError(
                    message("RNN", f"cell={cell!r}", f"`cell` has no `{wanted}`: state_size must "
                            "be specified as property on the RNN cell, and `call` be defined",
                            "a cell has call(inputs, states) and state_size", "define both")
                )  # fmt: skip
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll = go_backwards, stateful, unroll
        self.zero_output_for_mask = zero_output_for_mask

    @property
    def state_size(self) -> list:
        """The size of each state."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    @property
    def states(self) -> list | None:
        """The states that a stateful layer begins the next batch with; None for others."""
        return None if self._carried is None else self._carried.read()

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell, for one step; make the variables of a stateful layer."""
        batch, _, *rest = sequences_shape
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((batch, *rest))
        if self.stateful:
            if batch is None:
                raise InvalidArgumentError(
                    message(f"layer '{self.name}'", f"shape {tuple(sequences_shape)}",
                            "When using `stateful=True` in a RNN, the batch size must be static",
                            "the states have the size of the batch",
                            "say it: keras.Input(batch_shape=(32, None, 8))")
                )  # fmt: skip
            self._carried = Carried(self.get_initial_state(batch))

    def get_initial_state(self, batch_size: Any) -> list:
        """The states that a sequence begins with: those of the cell, else zeros."""
        if hasattr(self.cell, "get_initial_state"):
            states = self.cell.get_initial_state(batch_size=batch_size)
            return list(states) if nest.is_nested(states) else [states]
        return [zeros((batch_size, *_sizes(size)), self.compute_dtype) for size in self.state_size]

    def reset_state(self) -> None:
        """Let a stateful layer begin with zeros again."""
        if self._carried is not None:
            self._carried.write(nest.map_structure(zeros_like, self._carried.read()))

    reset_states = reset_state

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None,
             training: bool = False) -> Any:  # fmt: skip
        """The outputs, as the arguments of the constructor say."""
        self._check_steps(sequences)
        states = self._first_states(sequences, initial_state)
        rows = steps_first(sequences)
        mask = None if mask is None else steps_first(cast(nest.flatten(mask)[0], "bool"))
        if self.go_backwards:
            rows = reversed_steps(rows)
            mask = None if mask is None else reversed_steps(mask)
        with self._one_mask_each(shape(sequences)[0], training):
            outputs, states = self._run(rows, states, mask)
        if self.stateful and self._carried is not None:
            self._carried.write(states)
        output = steps_first(outputs) if self.return_sequences else outputs[-1]
        return (output, *states) if self.return_state else output

    def _run(self, rows: Any, states: list, mask: Any) -> tuple[Any, list]:
        """All outputs, and the last states; `rows` and `mask` have the steps first."""
        step: Any = self._step
        if isinstance(self.cell, RecurrentCell):
            rows, step = self.cell.project(rows), self._advance
        if mask is None:
            states, outputs = along(step, states, rows, self.unroll)
            return outputs, states
        nothing = zeros((shape(rows)[1], *_sizes(self._output_size)), self.compute_dtype)
        start, both = (states, nothing), (rows, mask)
        (states, _), outputs = along(where_counted(step), start, both, self.unroll)
        if self.zero_output_for_mask:
            wide = mask[(..., *[None] * (len(outputs.shape) - 2))]
            outputs = outputs * cast(wide, outputs.dtype)
        return outputs, states

    def _step(self, states: list, row: Any) -> tuple[Any, Any]:
        call: Any = self.cell if callable(self.cell) else self.cell.call
        output, states = call(row, states)
        return states, output

    def _advance(self, states: list, row: Any) -> tuple[Any, Any]:
        output, states = self.cell.advance(row, states)
        return states, output

    @property
    def _output_size(self) -> Any:
        size = getattr(self.cell, "output_size", None)
        return self.state_size[0] if size is None else size

    @contextmanager
    def _one_mask_each(self, batch: Any, training: Any) -> Iterator[None]:
        """Within it, each cell drops the same numbers at every step."""
        cells = self.cell.cells if isinstance(self.cell, StackedRNNCells) else [self.cell]
        with ExitStack() as stack:
            for cell in cells:
                if isinstance(cell, RecurrentCell):
                    stack.enter_context(cell.masks_for(batch, training))
            yield

    def _first_states(self, sequences: Any, given: Any) -> list:
        if given is None and self._carried is not None:
            self._check_batch(sequences.shape[0], self._carried.variables[0].shape[0])
            given = self._carried.read()
        if given is None:
            return self.get_initial_state(shape(sequences)[0])
        given = list(given) if nest.is_nested(given) else [given]
        return nest.map_structure(lambda x: cast(convert(x), self.compute_dtype), given)

    def _check_batch(self, batch: int | None, expected: int | None) -> None:
        if batch not in (None, expected):
            raise InvalidArgumentError(
                message(f"layer '{self.name}'", f"a batch of {batch} sequences",
                        "If an RNN is stateful, the batch size of the input sequences must be the "
                        f"same as the batch size of the initial state. Expected batch size: "
                        f"{expected}. Received batch size: {batch}",
                        "sample i goes on where sample i of the last batch ended",
                        "leave the rest of the data out: dataset.batch(n, drop_remainder=True)")
            )  # fmt: skip

    def _check_steps(self, sequences: Any) -> None:
        steps = sequences.shape[1]
        if steps == 0 or (self.unroll and steps is None):
            raise InvalidArgumentError(
                message(f"layer '{self.name}'", f"shape {tuple(sequences.shape)}",
                        "Cannot unroll a RNN if the time dimension is undefined" if steps is None
                        else "there are no steps", "the second axis counts the steps",
                        "say how many there are, keras.Input((steps, features)), or leave out "
                        "unroll=True" if steps is None else "pass one step or more")
            )  # fmt: skip

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The same steps count, where there are steps; a state has none."""
        mask = None if previous_mask is None else nest.flatten(previous_mask)[0]
        mask = mask if self.return_sequences else None
        return [mask, *[None] * len(self.state_size)] if self.return_state else mask


class CellLayer(RNN):
    """An RNN whose arguments are those of its cell, which are also its attributes."""

    input_spec = InputSpec(ndim=3)
    axis_names = ("batch", "steps", "features")

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell; from then on, inputs have as many features."""
        super().build(sequences_shape, initial_state_shape)
        self.input_spec = InputSpec(ndim=3, axes={-1: sequences_shape[-1]})

    def __getattr__(self, name: str) -> Any:
        cell = vars(self).get("cell")
        if cell is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(cell, name)


def _sizes(size: Any) -> tuple:
    return tuple(size) if isinstance(size, (list, tuple)) else (size,)
