"""Layers that change the size of sequences and images: more zeros, less edge, more of the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import ops
from minitensor.keras.input_spec import AXES, InputSpec
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import channels_last, is_size, one_of, refused, sizes

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
]

Ends = tuple[tuple[int, int], ...]


def _ends(layer: Layer, name: str, value: Any) -> Ends:
    """How much at both ends of height and width, from a number, a pair, or a pair of pairs."""
    pair = (value, value) if isinstance(value, int) else value
    if isinstance(pair, (tuple, list)) and len(pair) == 2:
        found = tuple((one, one) if isinstance(one, int) else tuple(one) for one in pair)
        if all(len(one) == 2 and all(is_size(n, 0) for n in one) for one in found):
            return found  # type: ignore[return-value]
    raise refused(
        layer, f"`{name}` should have two elements. Received: {name}={value!r}",
        "it is a number, (height, width) or ((top, bottom), (left, right)), none below 0",
        f"write {name}=1",
    )  # fmt: skip


def _two_ends(layer: Layer, name: str, value: Any) -> Ends:
    """How much at the beginning and at the end of sequences."""
    pair = (value, value) if isinstance(value, int) else value
    if isinstance(pair, (tuple, list)) and len(pair) == 2 and all(is_size(n, 0) for n in pair):
        return (tuple(pair),)  # type: ignore[return-value]
    raise refused(
        layer, f"The `{name}` argument must be a tuple of 2 integers. Received {name}={value!r}",
        "it is a number, or (beginning, end), none below 0", f"write {name}=1",
    )  # fmt: skip


class ZeroPadding1D(Layer):
    """Zeros before and after sequences.

    Args:
        padding: how many at both ends, or (before, after).
        data_format: "channels_last", the only one here.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, before + steps + after, channels).

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else.
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format, self._ends = (
            channels_last(self, data_format), _two_ends(self, "padding", padding))  # fmt: skip
        self.padding = self._ends[0]
        self.input_spec, self.axis_names = InputSpec(ndim=3), AXES[1]

    def call(self, inputs: Any) -> Any:
        """The sequences between zeros."""
        return ops.pad(inputs, paddings=((0, 0), *self._ends, (0, 0)))


class ZeroPadding2D(Layer):
    """Zeros around images.

    Args:
        padding: how many rows and columns: a number, (height, width), or ((top, bottom), (left,
            right)).
        data_format: "channels_last", the only one here.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, top + height + bottom, left + width + right,
    channels).

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.ZeroPadding2D(((1, 0), (2, 2)))(mt.ones((1, 4, 4, 3))).shape
        TensorShape([1, 5, 8, 3])
    """

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = channels_last(self, data_format)
        self.padding = _ends(self, "padding", padding)
        self.input_spec, self.axis_names = InputSpec(ndim=4), AXES[2]

    def call(self, inputs: Any) -> Any:
        """The images between zeros."""
        return ops.pad(inputs, paddings=((0, 0), *self.padding, (0, 0)))


class Cropping1D(Layer):
    """Sequences without their first and last steps.

    Args:
        cropping: how many at both ends, or (beginning, end).
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, steps - beginning - end, channels).

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, and where nothing would stay.
    """

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any):
        super().__init__(**kwargs)
        self._ends = _two_ends(self, "cropping", cropping)
        self.cropping = self._ends[0]
        self.input_spec, self.axis_names = InputSpec(ndim=3), AXES[1]

    def call(self, inputs: Any) -> Any:
        """The middle of the sequences."""
        return _cropped(self, inputs, self._ends, "`cropping` parameter of `Cropping1D` layer must "
                        "be smaller than the input length")  # fmt: skip


class Cropping2D(Layer):
    """Images without their edges.

    Args:
        cropping: how many rows and columns: a number, (height, width), or ((top, bottom), (left,
            right)).
        data_format: "channels_last", the only one here.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, height - top - bottom, width - left - right,
    channels).

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, and where nothing would stay.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.Cropping2D(1)(mt.ones((1, 4, 5, 3))).shape
        TensorShape([1, 2, 3, 3])
    """

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None,
                 **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.data_format = channels_last(self, data_format)
        self.cropping = _ends(self, "cropping", cropping)
        self.input_spec, self.axis_names = InputSpec(ndim=4), AXES[2]

    def call(self, inputs: Any) -> Any:
        """The middle of the images."""
        fault = "Values in `cropping` argument should be smaller than the corresponding spatial "
        return _cropped(self, inputs, self.cropping, f"{fault}dimension of the input")


def _cropped(layer: Layer, x: Any, ends: Ends, fault: str) -> Any:
    cropping = getattr(layer, "cropping", ends)
    for n, both in zip(x.shape[1:-1], ends, strict=True):
        if n is not None and sum(both) >= n:
            raise refused(
                layer, f"{fault}. Received: inputs.shape={tuple(x.shape)}, cropping={cropping!r}",
                "something must stay", "crop less, or give larger inputs",
            )  # fmt: skip
    return x[(slice(None), *(slice(first, -last or None) for first, last in ends))]


class UpSampling1D(Layer):
    """Each step of sequences several times.

    Args:
        size: how many times.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, steps · size, channels).

    Raises:
        InvalidArgumentError: (also a ValueError) for a size below 1.
    """

    def __init__(self, size: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        if not is_size(size):
            raise refused(self, f"Argument `size` should be a positive integer. Received: size="
                          f"{size}", "each step stands there at least once",
                          "write size=2")  # fmt: skip
        self.size = int(size)
        self.input_spec, self.axis_names = InputSpec(ndim=3), AXES[1]

    def call(self, inputs: Any) -> Any:
        """The longer sequences."""
        return ops.repeat(inputs, self.size, axis=1)


class UpSampling2D(Layer):
    """Images that are several times as large.

    Args:
        size: how many times as high and wide; one number for both.
        data_format: "channels_last", the only one here.
        interpolation: "nearest" repeats pixels, "bilinear" draws straight lines between them.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, height · size, width · size, channels).

    Raises:
        InvalidArgumentError: (also a ValueError) for a size below 1 or another interpolation.

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.constant([0.0, 4.0]), (1, 1, 2, 1))
        >>> mt.keras.layers.UpSampling2D((1, 2), interpolation="bilinear")(image).numpy().ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """

    def __init__(self, size: Any = (2, 2), data_format: str | None = None,
                 interpolation: str = "nearest", **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.size = sizes(self, "size", size, 2)
        self.data_format = channels_last(self, data_format)
        self.interpolation = one_of(self, "interpolation", interpolation, ("nearest", "bilinear"))
        self.input_spec, self.axis_names = InputSpec(ndim=4), AXES[2]

    def call(self, inputs: Any) -> Any:
        """The larger images."""
        down, right = self.size
        if self.interpolation == "nearest":
            return ops.repeat(ops.repeat(inputs, down, axis=1), right, axis=2)
        high, wide = inputs.shape[1:3]
        if high is None or wide is None:
            raise refused(
                self, f"the size of the images is not known yet: {tuple(inputs.shape)}",
                "weights of neighbouring pixels follow from it", "give the model's input its sizes",
            )  # fmt: skip
        rows, columns = _between(high, down), _between(wide, right)
        return ops.einsum("yh,bhwc,xw->byxc", rows.astype(inputs.dtype.name), inputs,
                          columns.astype(inputs.dtype.name))  # fmt: skip


def _between(n: int, times: int) -> np.ndarray:
    """How much each old pixel counts for each new one: (n · times, n).

    Pixels are squares: the middle of the new pixel i lies at (i + ½) / times - ½ between those of
    the old ones.
    """
    places = np.clip((np.arange(n * times) + 0.5) / times - 0.5, 0, n - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(n)))
