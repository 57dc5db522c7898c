"""`SimpleRNN`: the output of a step goes into the next one, and nothing else does."""

from __future__ import annotations

from typing import Any

from minitensor.keras.layers.recurrent import CellLayer
from minitensor.keras.layers.recurrent_cell import RecurrentCell
from minitensor.ops import matmul

__all__ = ["SimpleRNN", "SimpleRNNCell"]


class SimpleRNNCell(RecurrentCell):
    """One step of `SimpleRNN`; its arguments are those of the layer.

    Shape: (batch, features), and a state (batch, units) → (batch, units), and the next state.

    Example:
        >>> import minitensor as mt
        >>> cell = mt.keras.layers.SimpleRNNCell(3)
        >>> output, states = cell(mt.ones((2, 5)), cell.get_initial_state(2))
        >>> output.shape, len(states)
        (TensorShape([2, 3]), 1)
    """

    def __init__(self, units: int, activation: Any = "tanh", use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform",
                 recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
                 bias_regularizer: Any = None, kernel_constraint: Any = None,
                 recurrent_constraint: Any = None, bias_constraint: Any = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
                 **kwargs: Any):  # fmt: skip
        super().__init__(
            units, activation, use_bias,
            (kernel_initializer, kernel_regularizer, kernel_constraint),
            (recurrent_initializer, recurrent_regularizer, recurrent_constraint),
            (bias_initializer, bias_regularizer, bias_constraint),
            dropout, recurrent_dropout, seed=seed, **kwargs,
        )  # fmt: skip

    def advance(self, projected: Any, states: list) -> tuple[Any, list]:
        """The new h = activation(x · kernel + bias + h · recurrent kernel)."""
        h = self.recurrent_input(states[0])
        h = self.activation(projected + matmul(h, self.recurrent_kernel))
        return h, [h]


class SimpleRNN(CellLayer):
    """A layer whose output at a step is computed from the input and the output before.

    Args:
        units: how many numbers the output has.
        activation: of the output.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: what weights begin with.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: what is added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: what holds after each step.
        dropout: the share of inputs that is dropped in training.
        recurrent_dropout: the share of states that is dropped in training.
        seed: makes the draws of dropout repeatable.
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`.
        **kwargs: `activity_regularizer`, and those of all layers.

    Shape: (batch, steps, features) → (batch, units), or as in `RNN`.

    Source: Elman, Finding structure in time (1990).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.SimpleRNN(3, return_sequences=True)
        >>> layer(mt.ones((2, 4, 5))).shape, [tuple(w.shape) for w in layer.weights]
        (TensorShape([2, 4, 3]), [(5, 3), (3, 3), (3,)])
    """

    def __init__(self, units: int, activation: Any = "tanh", use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform",
                 recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
                 bias_regularizer: Any = None, kernel_constraint: Any = None,
                 recurrent_constraint: Any = None, bias_constraint: Any = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0,
                 return_sequences: bool = False, return_state: bool = False,
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
                 seed: int | None = None, **kwargs: Any):  # fmt: skip
        cell = SimpleRNNCell(
            units, activation, use_bias, kernel_initializer, recurrent_initializer,
            bias_initializer, kernel_regularizer, recurrent_regularizer, bias_regularizer,
            kernel_constraint, recurrent_constraint, bias_constraint, dropout, recurrent_dropout,
            seed, name="simple_rnn_cell", dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
        )  # fmt: skip
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll,
                         **kwargs)  # fmt: skip
