"""`LSTM`: a cell that keeps what it learned until a gate lets it forget."""

from __future__ import annotations

from typing import Any

from minitensor.keras import activations
from minitensor.keras.layers.recurrent import CellLayer
from minitensor.keras.layers.recurrent_cell import RecurrentCell
from minitensor.ops import concat, matmul, ones
from minitensor.ops.lstm import lstm_, lstm_cell

__all__ = ["LSTM", "LSTMCell"]


class LSTMCell(RecurrentCell):
    """One step of `LSTM`; its arguments are those of the layer.

    Shape: (batch, features), and two states (batch, units) → (batch, units), and the next states.

    Example:
        >>> import minitensor as mt
        >>> cell = mt.keras.layers.LSTMCell(3)
        >>> output, (h, c) = cell(mt.ones((2, 5)), cell.get_initial_state(2))
        >>> output.shape, c.shape
        (TensorShape([2, 3]), TensorShape([2, 3]))
    """

    gates = 4

    def __init__(self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
                 use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 unit_forget_bias: bool = True, kernel_regularizer: Any = None,
                 recurrent_regularizer: Any = None, bias_regularizer: Any = None,
                 kernel_constraint: Any = None, recurrent_constraint: Any = None,
                 bias_constraint: Any = None, dropout: float = 0.0,
                 recurrent_dropout: float = 0.0, seed: int | None = None,
                 **kwargs: Any):  # fmt: skip
        super().__init__(
            units, activation, use_bias,
            (kernel_initializer, kernel_regularizer, kernel_constraint),
            (recurrent_initializer, recurrent_regularizer, recurrent_constraint),
            (bias_initializer, bias_regularizer, bias_constraint),
            dropout, recurrent_dropout, seed=seed, **kwargs,
        )  # fmt: skip
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [units, units]

    def _bias_start(self, shape: tuple, dtype: Any = None) -> Any:
        """Gates i, f, g, o: with `unit_forget_bias`, nothing is forgotten in the beginning."""
        if not self.unit_forget_bias:
            return self.bias_initializer(shape, dtype=dtype)
        parts = [self.bias_initializer((k * self.units,), dtype=dtype) for k in (1, 2)]
        return concat([parts[0], ones((self.units,), dtype), parts[1]], axis=0)

    def advance(self, projected: Any, states: list) -> tuple[Any, list]:
        """The formula of `mt.ops.lstm_cell`, with the layer's activations."""
        h, c = states
        z = projected + matmul(self.recurrent_input(h), self.recurrent_kernel)
        h, c, _ = lstm_cell(z, c, self.activation, self.recurrent_activation)
        return h, [h, c]


class LSTM(CellLayer):
    """Long short-term memory: besides its output it hands on a cell, which gates guard.

    With z = x · kernel + h · recurrent kernel + bias, in four parts i, f, g, o:

        c' = σ(f) · c + σ(i) · tanh(g)
        h' = σ(o) · tanh(c')

    With these activations, without recurrent dropout and without a mask, all steps are one op,
    which takes about a third of the time of a loop.

    Args:
        units: how many numbers the output has.
        activation: of what is added to the cell, and of what is shown of it.
        recurrent_activation: of the gates i, f and o.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: what weights begin with.
        unit_forget_bias: begin with 1 as the bias of the gate f.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: what is added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: what holds after each step.
        dropout: the share of inputs that is dropped in training.
        recurrent_dropout: the share of states that is dropped in training.
        seed: makes the draws of dropout repeatable.
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`.
        use_cudnn: Keras's; it has no effect.
        **kwargs: `activity_regularizer`, and those of all layers.

    Shape: (batch, steps, features) → (batch, units), or as in `RNN`; two states.

    Source: Hochreiter & Schmidhuber, Long short-term memory (1997); with the forget gate of Gers,
    Schmidhuber & Cummins, Learning to forget (2000).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.LSTM(3)
        >>> layer(mt.ones((2, 4, 5))).shape, [tuple(w.shape) for w in layer.weights]
        (TensorShape([2, 3]), [(5, 12), (3, 12), (12,)])
    """

    def __init__(self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
                 use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 unit_forget_bias: bool = True, kernel_regularizer: Any = None,
                 recurrent_regularizer: Any = None, bias_regularizer: Any = None,
                 kernel_constraint: Any = None, recurrent_constraint: Any = None,
                 bias_constraint: Any = None, dropout: float = 0.0,
                 recurrent_dropout: float = 0.0, seed: int | None = None,
                 return_sequences: bool = False, return_state: bool = False,
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
                 use_cudnn: Any = "auto", **kwargs: Any):  # fmt: skip
        cell = LSTMCell(
            units, activation, recurrent_activation, use_bias, kernel_initializer,
            recurrent_initializer, bias_initializer, unit_forget_bias, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, name="lstm_cell",
            dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True),
        )  # fmt: skip
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll,
                         **kwargs)  # fmt: skip

    def _run(self, rows: Any, states: list, mask: Any) -> tuple[Any, list]:
        cell: Any = self.cell
        usual = cell.activation is activations.tanh
        usual = usual and cell.recurrent_activation is activations.sigmoid
        if mask is not None or self.unroll or cell.recurrent_dropout or not usual:
            return super()._run(rows, states, mask)
        h, c = states
        outputs, cells, _ = lstm_(cell.project(rows), cell.recurrent_kernel, h, c)
        return outputs, [outputs[-1], cells[-1]]
