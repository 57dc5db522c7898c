"""Layers that rearrange: the elements stay, the shape changes."""

from __future__ import annotations

from math import prod
from typing import Any

from minitensor import ops
from minitensor.errors import ArgumentError, message
from minitensor.keras.input_spec import InputSpec
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import channels_last, is_size, refused

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape", "reshape_sizes"]


class Flatten(Layer):
    """All axes but the first as one.

    Args:
        data_format: "channels_last", the only one here.
        **kwargs: as `Layer`.

    Shape: (batch, a, b, …) → (batch, a · b · …); (batch,) → (batch, 1).

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.Flatten()(mt.zeros((2, 3, 4))).shape
        TensorShape([2, 12])
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = channels_last(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """Each example as a vector."""
        return _reshaped(inputs, (_product(inputs.shape[1:]),))


class Reshape(Layer):
    """Each example in another shape.

    Args:
        target_shape: the shape without the batch; one size may be -1, and follows from the rest.
        **kwargs: as `Layer`.

    Shape: (batch, …) → (batch, *target_shape).

    Raises:
        InvalidArgumentError: (also a ValueError) for two sizes of -1, and for a shape with another
            number of elements.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.Reshape((2, -1))(mt.zeros((5, 6))).shape
        TensorShape([5, 2, 3])
    """

    input_spec = InputSpec()

    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.target_shape = tuple(int(n) for n in target_shape)
        if self.target_shape.count(-1) > 1:
            raise refused(
                self, "There must be at most one unknown dimension (-1) in `target_shape`. "
                f"Received: target_shape={self.target_shape!r}", "one size follows from the others",
                "write all sizes but one",
            )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """Each example in the new shape."""
        count, known = _product(inputs.shape[1:]), prod(n for n in self.target_shape if n != -1)
        free = -1 in self.target_shape
        if count is not None and (count % max(known, 1) if free else count != known):
            raise refused(
                self, "The total size of the tensor must be unchanged. Received: input_shape="
                f"{tuple(inputs.shape[1:])}, target_shape={self.target_shape}",
                f"an example has {count} elements before and after",
                "write -1 for one of the sizes, or other sizes whose product is the same",
            )  # fmt: skip
        unknown = None if count is None else count // max(known, 1)
        return _reshaped(inputs, tuple(unknown if n == -1 else n for n in self.target_shape))


class Permute(Layer):
    """The axes of each example in another order.

    Args:
        dims: the old axis for each new one, counted from 1: the batch stays.
        **kwargs: as `Layer`.

    Shape: (batch, …) → (batch, …).

    Raises:
        InvalidArgumentError: (also a ValueError) unless each axis stands there once.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.Permute((2, 1))(mt.zeros((5, 3, 4))).shape
        TensorShape([5, 4, 3])
    """

    def __init__(self, dims: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise refused(
                self, "Invalid permutation argument `dims` for Permute Layer. The set of indices "
                f"in `dims` must be consecutive and start from 1. Received dims={dims!r}",
                "axis 0 is the batch, which stays", "write for example dims=(2, 1)",
            )  # fmt: skip
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """The inputs with other axes."""
        return ops.transpose(inputs, perm=(0, *self.dims))


class RepeatVector(Layer):
    """Each vector n times, as the steps of a sequence.

    Args:
        n: how many times.
        **kwargs: as `Layer`.

    Shape: (batch, features) → (batch, n, features).

    Raises:
        InvalidArgumentError: (also a ValueError) for n below 1.
        ArgumentError: (also a TypeError) for an n that is no whole number.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.RepeatVector(3)(mt.constant([[1.0, 2.0]])).numpy().tolist()
        [[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]]
    """

    supports_masking = False

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        if not is_size(n, -(10**9)):
            raise ArgumentError(
                message("RepeatVector", f"n={n!r}",
                        f"Expected an integer value for `n`, got {type(n)}",
                        "a vector is repeated a whole number of times", "write n=3")
            )  # fmt: skip
        if n < 1:
            raise refused(self, f"Argument `n` should be a positive integer. Received: n={n!r}",
                          "a sequence has at least one step", "write n=1 or more")  # fmt: skip
        self.n = int(n)
        self.input_spec, self.axis_names = InputSpec(ndim=2), ("batch", "features")

    def call(self, inputs: Any) -> Any:
        """The repeated vectors."""
        return ops.repeat(ops.expand_dims(inputs, axis=1), self.n, axis=1)


def reshape_sizes(x: Any) -> list:
    """The sizes of a tensor as `reshape` takes them: unknown ones follow, or are looked up."""
    sizes = [-1 if n is None else n for n in x.shape]
    if sizes.count(-1) > 1:
        return [ops.shape(x)[i] if n == -1 else n for i, n in enumerate(sizes)]
    return sizes


def _product(sizes: Any) -> int | None:
    """The number of elements; None where a size is not known."""
    return None if None in tuple(sizes) else prod(sizes)


def _reshaped(x: Any, sizes: tuple) -> Any:
    """Each example in a shape; one size may be None, and follows from what is there."""
    batch = x.shape[0]
    if None in sizes:
        first = ops.shape(x)[0] if batch is None else batch
        return ops.reshape(x, [first, *(-1 if n is None else n for n in sizes)])
    return ops.reshape(x, [-1 if batch is None else batch, *sizes])
