"""KerasTensors: places in a model that is being drawn up, before there is any data.

A layer that is called on a KerasTensor is not run: the call is written down as a `Node`, and the
result is another KerasTensor. Ops do the same: `x + y` and `mt.reshape(x, …)` become layers of
their own. Shapes come from tracing the layer once, so that there is one rule for each op.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, NoReturn

from minitensor import nest
from minitensor.autograph.experimental import converting
from minitensor.dtypes import as_dtype
from minitensor.errors import InvalidArgumentError, message
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import trace
from minitensor.shapes import Spec, TensorShape
from minitensor.tensor import Tensor

__all__ = ["KerasTensor", "Node", "any_symbolic", "connect", "inferred", "is_symbolic",
           "placeholders"]  # fmt: skip

_numbers = count()


@dataclass(eq=False)
class Node:
    """One call of a layer: on what, and what it gave."""

    layer: Any
    args: tuple
    kwargs: dict
    outputs: Any

    @property
    def inputs(self) -> list[KerasTensor]:
        """The KerasTensors among the arguments."""
        return [x for x in nest.flatten((self.args, self.kwargs)) if is_symbolic(x)]


class KerasTensor(Symbol):
    """What a layer of a functional model takes and gives: a shape, a dtype, and where it is from.

    Args:
        shape: the sizes, None for one that only data tells; the first is the batch.
        dtype: the dtype of the elements.
        name: its name.

    Example:
        >>> import minitensor as mt
        >>> x = mt.keras.Input((3,), name="features")
        >>> y = mt.keras.layers.Dense(2)(x) * 10
        >>> y.shape, y.dtype
        (TensorShape([None, 2]), tf.float32)
    """

    __slots__ = ("index", "mask", "node")

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None):
        sizes = TensorShape(shape)
        known: Any = None if sizes.rank is None else tuple(sizes)
        spec = Spec(known, as_dtype(dtype).numpy)
        super().__init__(None, spec, name or f"keras_tensor_{next(_numbers)}")  # type: ignore[arg-type]
        self.node: Node | None = None
        self.index = 0
        self.mask: Spec | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self._label

    @property
    def whole(self) -> KerasTensor:
        """The KerasTensor itself: it can be used anywhere."""
        return self

    def defer(self, op: Any, inputs: Any, attrs: dict, name: str | None) -> Any:
        """What an op gives for KerasTensors: it becomes a layer of the model."""
        from minitensor.keras.layers.operation import Operation

        return Operation(op, attrs, name)(*inputs)

    def numpy(self) -> NoReturn:
        """Refused: there are no elements."""
        self._refuse("an array")

    def _refuse(self, what: str, instead: str = "") -> NoReturn:
        raise InvalidArgumentError(
            message(f"KerasTensor '{self.name}'", "", f"it cannot be used as {what}",
                    "a KerasTensor is a place in a model and has no elements",
                    instead or "make a model of it, keras.Model(inputs, outputs), and call that")
        )  # fmt: skip

    def __bool__(self) -> bool:
        self._refuse("a Python bool")

    def __iter__(self) -> NoReturn:  # type: ignore[override]
        self._refuse("something to iterate over", "take parts by index: x[:, 0]")

    def __len__(self) -> int:
        self._refuse("something with a length", "look at x.shape")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:  # type: ignore[override]
        self._refuse("a numpy array", "use mt's own functions, not numpy's")

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={tuple(self.shape)}, dtype={self.dtype.name}, name={self.name}>"

    __str__ = __repr__


def is_symbolic(x: Any) -> bool:
    """Whether it is a KerasTensor."""
    return isinstance(x, KerasTensor)


def any_symbolic(args: tuple, kwargs: dict) -> bool:
    """Whether there is a KerasTensor among the arguments of a call."""
    for x in (*args, *kwargs.values()):
        if isinstance(x, KerasTensor):
            return True
        if isinstance(x, (list, tuple, dict)) and any(map(is_symbolic, nest.flatten(x))):
            return True
    return False


def placeholders(shape: Any, dtype: Any) -> Any:
    """A KerasTensor of a shape; for a list of shapes, or a dict, one for each."""
    if isinstance(shape, dict):
        return {key: placeholders(one, dtype) for key, one in shape.items()}
    if isinstance(shape, (list, tuple)) and shape and isinstance(shape[0], (list, tuple)):
        return [placeholders(one, dtype) for one in shape]
    return KerasTensor(shape, dtype)


def connect(layer: Any, args: tuple, kwargs: dict) -> Any:
    """Write down that a layer is called on KerasTensors; returns those of its results."""
    outputs = inferred(layer, args, kwargs)
    node = Node(layer, args, kwargs, outputs)
    for index, x in enumerate(nest.flatten(outputs)):
        x.node, x.index = node, index
    layer._nodes.append(node)
    return outputs


def inferred(layer: Callable, args: tuple, kwargs: dict) -> Any:
    """KerasTensors of the shapes that a layer's results have, found by tracing it."""
    leaves = nest.flatten((args, kwargs))
    places = [x for x in leaves if is_symbolic(x)]
    masked = [i for i, x in enumerate(places) if x.mask is not None]
    found: list = []

    def run(*symbols: Any) -> list:
        for i, mask in zip(masked, symbols[len(places) :], strict=True):
            symbols[i]._keras_mask = mask
        values = iter(symbols)
        filled = [next(values) if is_symbolic(x) else x for x in leaves]
        inner_args, inner_kwargs = nest.pack_sequence_as((args, kwargs), filled)
        with converting(True):
            found.append(layer(*inner_args, **inner_kwargs))
        return [x for x in nest.flatten(found[0]) if isinstance(x, Tensor)]

    specs = [x.spec for x in places] + [places[i].mask for i in masked]
    trace(run, specs, getattr(layer, "name", ""))
    return nest.map_structure(lambda x: _place(x) if isinstance(x, Tensor) else x, found[0])


def _place(x: Any) -> KerasTensor:
    """The KerasTensor for what a layer gave while it was traced."""
    place, mask = KerasTensor(x.shape, x.dtype), getattr(x, "_keras_mask", None)
    if mask is not None:
        sizes: Any = None if mask.shape.rank is None else tuple(mask.shape)
        place.mask = Spec(sizes, mask.dtype.numpy)
    return place
