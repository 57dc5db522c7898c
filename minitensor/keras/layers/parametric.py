"""`Parametric`: a layer that is told what its weights begin with and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from minitensor.keras import constraints, initializers, regularizers
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import unbuilt
from minitensor.keras.weight import Weight

__all__ = ["Parametric"]


class _Wishes(NamedTuple):
    """What a layer was told of one of its weights."""

    initializer: Callable | None
    regularizer: Callable | None
    constraint: Callable | None


class Parametric(Layer):
    """The base of layers with arguments like `kernel_initializer` and `bias_regularizer`."""

    _wishes: dict[str, _Wishes]

    def _told(self, part: str, initializer: Any, regularizer: Any, constraint: Any) -> None:
        """Keep what is asked of one weight, under Keras's names: `self.kernel_initializer`."""
        wishes = _Wishes(
            initializers.get(initializer),
            regularizers.get(regularizer),
            constraints.get(constraint),
        )
        self._wishes = {**getattr(self, "_wishes", {}), part: wishes}
        for kind, value in wishes._asdict().items():
            setattr(self, f"{part}_{kind}", value)

    def _make(self, part: str, shape: tuple, name: str | None = None) -> Weight:
        """A new weight, as was asked for."""
        return self.add_weight(shape, name=name or part, **self._wishes[part]._asdict())

    def __getattr__(self, name: str) -> NoReturn:
        """What is missing: a weight, before the layer is built."""
        unbuilt(self, name)
