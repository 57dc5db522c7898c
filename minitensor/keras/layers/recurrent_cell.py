"""`RecurrentCell`: what the cells of SimpleRNN, LSTM and GRU have in common.

A step is in two parts. `project` is what the input does, and needs no state: a layer calls it for
all steps at once, which is one matmul. `advance` is what comes after, step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from minitensor.keras import activations
from minitensor.keras.layers.arguments import size
from minitensor.keras.layers.drawing import Drawing
from minitensor.keras.layers.parametric import Parametric
from minitensor.ops import matmul, ones, shape, zeros
from minitensor.ops.neural import dropout_

__all__ = ["RecurrentCell"]


class RecurrentCell(Drawing, Parametric):
    """One step of a recurrent layer: weights for the input, for the state before, and a bias.

    Args:
        units: how many numbers the output has.
        activation: of the output, or of what may become it.
        use_bias: whether there is a bias.
        kernel: initializer, regularizer and constraint of the weights for the input.
        recurrent: those of the weights for the state.
        bias: those of the bias.
        dropout: the share of inputs that is dropped in training.
        recurrent_dropout: the share of states that is dropped in training.
        **kwargs: `seed`, and those of all layers.

    Raises:
        InvalidArgumentError: (also a ValueError) for units that are no positive number.
    """

    gates = 1
    """How many vectors of `units` numbers are computed of each input."""
    state_size: Any
    advance: Callable[[Any, list], tuple[Any, list]]
    """The output and the next states, from what `project` gave and the states before."""
    _masks: tuple | None = None

    def __init__(self, units: int, activation: Any, use_bias: bool, kernel: tuple,
                 recurrent: tuple, bias: tuple, dropout: float, recurrent_dropout: float,
                 **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.state_size = self.output_size = self.units = size(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self._told("kernel", *kernel)
        self._told("recurrent", *recurrent)
        self._told("bias", *bias)
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))

    def build(self, input_shape: Any) -> None:
        """Make the weights, for inputs whose last axis has a size."""
        width = self.gates * self.units
        self.kernel = self._make("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self._make("recurrent", (self.units, width), "recurrent_kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                self._bias_shape(width), self._bias_start, name="bias",
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def _bias_shape(self, width: int) -> tuple:
        return (width,)

    def _bias_start(self, shape: tuple, dtype: Any = None) -> Any:
        return self.bias_initializer(shape, dtype=dtype)

    def get_initial_state(self, batch_size: Any = None) -> list:
        """States of zeros for a batch."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [zeros((batch_size, size), self.compute_dtype) for size in sizes]

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """The output of one step, and the states after it.

        Shape: inputs (batch, features), states (batch, units) each → (batch, units), and states.
        """
        nested = isinstance(states, (list, tuple))
        with self.masks_for(shape(inputs)[0], training and self._masks is None):
            projected = self.project(inputs)
            output, after = self.advance(projected, list(states) if nested else [states])
        return output, after if nested else after[0]

    def project(self, inputs: Any) -> Any:
        """What an input adds to each gate.

        Shape: (…, features) → (…, gates · units).
        """
        masks = self._masks
        inputs = inputs if masks is None or masks[0] is None else inputs * masks[0]
        found = matmul(inputs, self.kernel)
        bias = self._input_bias()
        return found if bias is None else found + bias

    def _input_bias(self) -> Any:
        return self.bias

    def recurrent_input(self, h: Any) -> Any:
        """The state as the recurrent kernel sees it: with dropout, in training."""
        masks = self._masks
        return h if masks is None or masks[1] is None else h * masks[1]

    @contextmanager
    def masks_for(self, batch: Any, training: Any) -> Iterator[None]:
        """Within it, all steps drop the same inputs and the same states: one draw a sequence.

        Source: Gal & Ghahramani, A theoretically grounded application of dropout in recurrent
        neural networks (2016).
        """
        before = self._masks
        if training:
            self._masks = (
                self._drawn(batch, self.kernel.shape[0], self.dropout),
                self._drawn(batch, self.units, self.recurrent_dropout),
            )
        try:
            yield
        finally:
            self._masks = before

    def _drawn(self, batch: Any, width: int, rate: float) -> Any:
        if not 0 < rate < 1:
            return None
        return dropout_(ones((batch, width), self.compute_dtype), rate, self._next_seed())[0]
