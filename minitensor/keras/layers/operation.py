"""Ops as layers: what `x + y` is in a functional model."""

from __future__ import annotations

from typing import Any

from minitensor.keras.configuration import deserialize, serialize
from minitensor.keras.layer import Layer
from minitensor.keras.naming import auto_name
from minitensor.op import REGISTRY, state

__all__ = ["Operation"]


class Operation(Layer):
    """One op of the engine as a layer without weights.

    Args:
        op: the op, or its name.
        attrs: its attributes.
        name: the name of the layer; by default that of the op.

    Example:
        >>> import minitensor as mt
        >>> x = mt.keras.Input((4,))
        >>> model = mt.keras.Model(x, mt.reduce_sum(x * 2, axis=-1))
        >>> model(mt.ones((2, 4))).numpy()
        array([8., 8.], dtype=float32)
    """

    def __init__(self, op: Any, attrs: dict | None = None, name: str | None = None, **kwargs: Any):
        self.op = REGISTRY[op] if isinstance(op, str) else op
        super().__init__(name=name or auto_name(self.op.name), autocast=False, **kwargs)
        self.attrs = attrs or {}

    def call(self, *inputs: Any) -> Any:
        """What the op gives."""
        return state.interpreter.apply(self.op, inputs, self.attrs)

    def get_config(self) -> dict[str, Any]:
        """The op by its name, and its attributes."""
        return {"op": self.op.name, "attrs": serialize(self.attrs), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Operation:
        """The op of that name; its attributes as they were."""
        return cls(config["op"], deserialize(config.get("attrs")), config.get("name"))
