"""`Bidirectional`: a sequence read from both ends."""

from __future__ import annotations

from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.configuration import serialize
from minitensor.keras.layer import Layer
from minitensor.ops import concat, reverse

__all__ = ["Bidirectional"]

MERGE = {
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
    "concat": lambda a, b: concat([a, b], axis=-1),
    None: lambda a, b: (a, b),
}


class Bidirectional(Layer):
    """A recurrent layer twice: one reads from the first step on, one from the last.

    Args:
        layer: the layer; what is used are two copies of it, which have weights of their own.
        merge_mode: how the two outputs become one: "concat", "sum", "mul", "ave"; None keeps both.
        weights: what the weights begin with, those of the forward layer first.
        backward_layer: the layer that reads from the end, with go_backwards=True; by default as
            `layer`.
        **kwargs: those of all layers.

    Shape: (batch, steps, features) → (batch, 2 · units) with "concat"; outputs of all steps are in
    the order of the steps. With states, first those of the forward layer.

    Raises:
        InvalidArgumentError: (also a ValueError) for another merge mode, or for two layers that do
            not fit together.

    Source: Schuster & Paliwal, Bidirectional recurrent neural networks (1997).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Bidirectional(mt.keras.layers.LSTM(3))
        >>> layer(mt.ones((2, 4, 5))).shape
        TensorShape([2, 6])
    """

    supports_masking = True

    def __init__(self, layer: Any, merge_mode: str | None = "concat", weights: Any = None,
                 backward_layer: Any = None, **kwargs: Any):  # fmt: skip
        for one in (layer, backward_layer or layer):
            if not isinstance(one, Layer):
                raise self._unusable(
                    one, "Please initialize `Bidirectional` layer with a `keras.layers.Layer` "
                    "instance", "pass for example LSTM(8)",
                )  # fmt: skip
        if merge_mode not in MERGE:
            raise self._unusable(
                merge_mode, f"Invalid merge mode. Received: {merge_mode}",
                'choose "sum", "mul", "ave", "concat" or None',
            )  # fmt: skip
        super().__init__(**kwargs)
        self.merge_mode = merge_mode
        self.forward_layer: Any = _copy(layer, "forward", {})
        if backward_layer is None:
            backward_layer = _copy(layer, "backward", {"go_backwards": not layer.go_backwards})
        self.backward_layer: Any = backward_layer
        self._check_pair()
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = one.return_sequences
        self._given_weights = weights
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        self.stateful, self.input_spec = layer.stateful, layer.input_spec
        self.axis_names = layer.axis_names

    def _unusable(self, given: Any, fault: str, fix: str) -> InvalidArgumentError:
        rule = "two recurrent layers read one sequence, from either end"
        return InvalidArgumentError(message("Bidirectional", f"{given!r}", fault, rule, fix))

    def _check_pair(self) -> None:
        ahead, back = self.forward_layer, self.backward_layer
        if ahead.go_backwards == back.go_backwards:
            raise self._unusable(
                back, "Forward layer and backward layer should have different `go_backwards` "
                f"value. Both have {back.go_backwards}", "pass go_backwards=True to one of them",
            )  # fmt: skip
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(ahead, name) != getattr(back, name):
                raise self._unusable(
                    back, "Forward layer and backward layer are expected to have the same value "
                    f'for attribute "{name}", got "{getattr(ahead, name)}" for forward layer and '
                    f'"{getattr(back, name)}" for backward layer', f"give both the same {name}",
                )  # fmt: skip

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
        if self._given_weights is not None:
            self.set_weights(self._given_weights)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None,
             training: Any = None) -> Any:  # fmt: skip
        """Both outputs as one, then the states of both."""
        states: Any = (None, None)
        if initial_state is not None:
            half = len(initial_state) // 2
            states = initial_state[:half], initial_state[half:]
        first: Any = self.forward_layer(sequences, initial_state=states[0], mask=mask)
        second: Any = self.backward_layer(sequences, initial_state=states[1], mask=mask)
        after: tuple = ()
        if self.return_state:
            after = (*first[1:], *second[1:])
            first, second = first[0], second[0]
        if self.return_sequences:
            second = reverse(second, axis=[1])
        output = MERGE[self.merge_mode](first, second)
        if not self.return_state:
            return output
        return (*output, *after) if self.merge_mode is None else (output, *after)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The same steps count, where there are steps; a state has none."""
        mask = previous_mask if self.return_sequences else None
        states = len(self.forward_layer.state_size) * 2 if self.return_state else 0
        if self.merge_mode is not None and not states:
            return mask
        return [*[mask] * (2 if self.merge_mode is None else 1), *[None] * states]

    @property
    def states(self) -> tuple | None:
        """The states that stateful layers begin the next batch with; None for others."""
        pair = self.forward_layer.states, self.backward_layer.states
        return None if None in pair else (*pair[0], *pair[1])

    def reset_state(self) -> None:
        """Let stateful layers begin with zeros again."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def get_config(self) -> dict[str, Any]:
        """The two layers as they are."""
        config = super().get_config()
        config.pop("weights", None)
        pair = serialize(self.forward_layer), serialize(self.backward_layer)
        return config | {"layer": pair[0], "backward_layer": pair[1]}


def _copy(layer: Layer, prefix: str, changes: dict) -> Layer:
    """A new layer with the arguments of another, but for some."""
    name = f"{prefix}_{layer.name.removeprefix(f'{prefix}_')}"
    return type(layer).from_config(layer.get_config() | {"name": name} | changes)
