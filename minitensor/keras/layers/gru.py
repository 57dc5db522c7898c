"""`GRU`: one gate for what to keep, one for what to look at."""

from __future__ import annotations

from typing import Any

from minitensor.keras import activations
from minitensor.keras.layers.recurrent import CellLayer
from minitensor.keras.layers.recurrent_cell import RecurrentCell
from minitensor.ops import matmul, split

__all__ = ["GRU", "GRUCell"]


class GRUCell(RecurrentCell):
    """One step of `GRU`; its arguments are those of the layer.

    Shape: (batch, features), and a state (batch, units) → (batch, units), and the next state.

    Example:
        >>> import minitensor as mt
        >>> cell = mt.keras.layers.GRUCell(3)
        >>> output, states = cell(mt.ones((2, 5)), cell.get_initial_state(2))
        >>> output.shape, [tuple(w.shape) for w in cell.weights]
        (TensorShape([2, 3]), [(5, 9), (3, 9), (2, 9)])
    """

    gates = 3

    def __init__(self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
                 use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
                 bias_regularizer: Any = None, kernel_constraint: Any = None,
                 recurrent_constraint: Any = None, bias_constraint: Any = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, reset_after: bool = True,
                 seed: int | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(
            units, activation, use_bias,
            (kernel_initializer, kernel_regularizer, kernel_constraint),
            (recurrent_initializer, recurrent_regularizer, recurrent_constraint),
            (bias_initializer, bias_regularizer, bias_constraint),
            dropout, recurrent_dropout, seed=seed, **kwargs,
        )  # fmt: skip
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    def _bias_shape(self, width: int) -> tuple:
        return (2, width) if self.reset_after else (width,)

    def _input_bias(self) -> Any:
        return self.bias[0] if self.bias is not None and self.reset_after else self.bias

    def advance(self, projected: Any, states: list) -> tuple[Any, list]:
        """The new h = z · h + (1 - z) · candidate, with the gates z and r of input and state."""
        [before] = states
        h, units, weights = self.recurrent_input(before), self.units, self.recurrent_kernel
        for_z, for_r, for_candidate = split(projected, 3, axis=-1)
        recurrent = matmul(h, weights if self.reset_after else weights[:, : 2 * units])
        if self.reset_after and self.bias is not None:
            recurrent = recurrent + self.bias[1]
        from_z, from_r, *rest = split(recurrent, 3 if self.reset_after else 2, axis=-1)
        z = self.recurrent_activation(for_z + from_z)
        r = self.recurrent_activation(for_r + from_r)
        looked_at = r * rest[0] if rest else matmul(r * h, weights[:, 2 * units :])
        candidate = self.activation(for_candidate + looked_at)
        h = z * before + (1 - z) * candidate
        return h, [h]


class GRU(CellLayer):
    """Gated recurrent units: the next output lies between the one before and a candidate.

        z, r = σ(x · kernel + h · recurrent kernel + bias), their parts
        candidate = tanh(x · kernel + r · (h · recurrent kernel) + bias), its part
        h' = z · h + (1 - z) · candidate

    Args:
        units: how many numbers the output has.
        activation: of the candidate.
        recurrent_activation: of the gates z and r.
        use_bias: whether there are biases.
        kernel_initializer, recurrent_initializer, bias_initializer: what weights begin with.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: what is added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: what holds after each step.
        dropout: the share of inputs that is dropped in training.
        recurrent_dropout: the share of states that is dropped in training.
        seed: makes the draws of dropout repeatable.
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`.
        reset_after: let r act on what the recurrent kernel gave, which has a bias of its own; else
            on the state before it.
        use_cudnn: Keras's; it has no effect.
        **kwargs: `activity_regularizer`, and those of all layers.

    Shape: (batch, steps, features) → (batch, units), or as in `RNN`.

    Source: Cho et al., Learning phrase representations using RNN encoder-decoder (2014).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.GRU(3, return_state=True)
        >>> output, state = layer(mt.ones((2, 4, 5)))
        >>> bool(mt.reduce_all(output == state))
        True
    """

    def __init__(self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
                 use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
                 bias_regularizer: Any = None, kernel_constraint: Any = None,
                 recurrent_constraint: Any = None, bias_constraint: Any = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
                 return_sequences: bool = False, return_state: bool = False,
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
                 reset_after: bool = True, use_cudnn: Any = "auto", **kwargs: Any):  # fmt: skip
        cell = GRUCell(
            units, activation, recurrent_activation, use_bias, kernel_initializer,
            recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, reset_after, seed, name="gru_cell", dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
        )  # fmt: skip
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll,
                         **kwargs)  # fmt: skip
