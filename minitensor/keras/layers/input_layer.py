"""`Input`: where a functional model begins."""

from __future__ import annotations

from typing import Any

from minitensor.dtypes import as_dtype
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.layer import Layer
from minitensor.keras.symbolic import KerasTensor, Node

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """A layer that stands for an input: it gives the KerasTensor to begin with.

    Args:
        shape: the sizes without the batch.
        batch_size: the size of the batch; None for any.
        dtype: the dtype of the elements.
        name: the name of the input.
        batch_shape: the sizes with the batch, in place of `shape`.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.InputLayer((3,), name="features").output
        <KerasTensor shape=(None, 3), dtype=float32, name=features>
    """

    def __init__(self, shape: Any = None, batch_size: int | None = None, dtype: Any = None,
                 name: str | None = None, batch_shape: Any = None, **kwargs: Any):  # fmt: skip
        if shape is None and batch_shape is None and "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        super().__init__(name=name, **kwargs)
        if shape is None and batch_shape is None:
            raise InvalidArgumentError(
                message("Input", "", "You must pass a `shape` argument",
                        "a model is drawn up from the shapes of its inputs",
                        "write keras.Input((3,)) for vectors of three numbers")
            )  # fmt: skip
        sizes = (shape,) if isinstance(shape, int) else tuple(shape or ())
        self.batch_shape = tuple(batch_shape) if batch_shape is not None else (batch_size, *sizes)
        self._layer_dtype = as_dtype(dtype or "float32").name
        self.built = True
        tensor = KerasTensor(self.batch_shape, self._layer_dtype, name=name)
        tensor.node = Node(self, (), {}, tensor)
        self._nodes.append(tensor.node)

    def call(self) -> Any:
        """The KerasTensor of the input."""
        return self.output

    def get_config(self) -> dict[str, Any]:
        """Its shape, dtype and name."""
        return {"batch_shape": list(self.batch_shape), "dtype": self.dtype, "name": self.name}


def Input(shape: Any = None, batch_size: int | None = None, dtype: Any = None,  # noqa: N802
          name: str | None = None, tensor: Any = None, batch_shape: Any = None) -> Any:  # fmt: skip
    """A KerasTensor to draw up a model from.

    Args:
        shape: the sizes without the batch; None for one that only data tells.
        batch_size: the size of the batch; None for any.
        dtype: the dtype of the elements, "float32" by default.
        name: the name of the input.
        tensor: a KerasTensor that is taken as it is.
        batch_shape: the sizes with the batch, in place of `shape`.

    Raises:
        InvalidArgumentError: (also a ValueError) without a shape.

    Example:
        >>> import minitensor as mt
        >>> x = mt.keras.Input((8,))
        >>> y = mt.keras.layers.Dense(3, activation="softmax")(x)
        >>> mt.keras.Model(x, y)(mt.ones((2, 8))).shape
        TensorShape([2, 3])
    """
    if tensor is not None:
        return tensor
    return InputLayer(shape, batch_size, dtype, name, batch_shape).output
