"""Layers of several inputs: their sum, product, mean, what is larger, one after another."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.errors import ArgumentError, message
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import refused

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


def _check_list(layer: Layer, shapes: Any) -> None:
    if not isinstance(shapes, list):
        raise refused(
            layer, "A merge layer should be called on a list of inputs. Received: input_shape="
            f"{shapes} (not a list of shapes)", "it brings several tensors together",
            f"write {type(layer).__name__}()([x, y])",
        )  # fmt: skip


class _Merge(Layer):
    """What layers share that act on elements which stand at the same place."""

    supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Compare the shapes."""
        _check_list(self, input_shape)
        batches = {shape[0] for shape in input_shape if len(shape)} - {None}
        if len(batches) > 1:
            raise refused(
                self, "Cannot merge tensors with different batch sizes. Received tensors with "
                f"shapes {input_shape}", "axis 0 is the batch, the same for all inputs",
                "add an axis for the batch: x[None]",
            )  # fmt: skip
        for axis in range(1, max(map(len, input_shape))):
            found = {shape[-axis] for shape in input_shape if len(shape) > axis} - {1, None}
            if len(found) > 1:
                raise refused(
                    self, "Inputs have incompatible shapes. Received shapes "
                    f"{' and '.join(str(tuple(shape[1:])) for shape in input_shape)}",
                    f"sizes of axis {-axis} must be equal or 1",
                    "use Concatenate, or bring them to one size with Dense",
                )  # fmt: skip

    def call(self, inputs: list) -> Any:
        """What the inputs give together."""
        rank = max(x.ndim for x in inputs)
        return self._merged([_spread(x, rank) for x in inputs])

    def _merged(self, inputs: list) -> Any: ...

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """A step counts if it does in all inputs that have a mask."""
        masks = [mask for mask in previous_mask or [] if mask is not None]
        return _all(masks) if masks else None


def _spread(x: Any, rank: int) -> Any:
    """A tensor with new axes of size 1 after the batch."""
    for _ in range(rank - x.ndim):
        x = ops.expand_dims(x, axis=1)
    return x


def _all(masks: list) -> Any:
    found = masks[0]
    for mask in masks[1:]:
        found = ops.logical_and(found, mask)
    return found


def _chain(op: Any, inputs: list) -> Any:
    result = inputs[0]
    for x in inputs[1:]:
        result = op(result, x)
    return result


class Add(_Merge):
    """The sum of all inputs: x + y, as in residual networks.

    Shape: a list of tensors that broadcast behind the batch → their common shape.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no list, and shapes that do not fit.

    Example:
        >>> import minitensor as mt
        >>> x = mt.constant([[1.0, 2.0]])
        >>> mt.keras.layers.Add()([x, x, x]).numpy()
        array([[3., 6.]], dtype=float32)
    """

    def _merged(self, inputs: list) -> Any:
        return _chain(ops.add, inputs)


class Subtract(_Merge):
    """The first of two inputs, less the second.

    Shape: a list of two tensors → their common shape.

    Raises:
        InvalidArgumentError: (also a ValueError) for other than two inputs.
    """

    def build(self, input_shape: Any) -> None:
        """Compare the shapes."""
        super().build(input_shape)
        if len(input_shape) != 2:
            raise refused(self, "A `Subtract` layer should be called on exactly 2 inputs. "
                          f"Received: input_shape={input_shape!r}",
                          "one is taken from the other", "pass a list of two")  # fmt: skip

    def _merged(self, inputs: list) -> Any:
        return inputs[0] - inputs[1]


class Multiply(_Merge):
    """The product of all inputs, element by element.

    Shape: a list of tensors that broadcast behind the batch → their common shape.
    """

    def _merged(self, inputs: list) -> Any:
        return _chain(ops.multiply, inputs)


class Average(_Merge):
    """The mean of all inputs, element by element.

    Shape: a list of tensors that broadcast behind the batch → their common shape.
    """

    def _merged(self, inputs: list) -> Any:
        return _chain(ops.add, inputs) / len(inputs)


class Maximum(_Merge):
    """The largest of all inputs, element by element.

    Shape: a list of tensors that broadcast behind the batch → their common shape.
    """

    def _merged(self, inputs: list) -> Any:
        return _chain(ops.maximum, inputs)


class Minimum(_Merge):
    """The smallest of all inputs, element by element.

    Shape: a list of tensors that broadcast behind the batch → their common shape.
    """

    def _merged(self, inputs: list) -> Any:
        return _chain(ops.minimum, inputs)


class Concatenate(Layer):
    """The inputs, one after another along an axis.

    Args:
        axis: the axis; not the batch.
        **kwargs: as `Layer`.

    Shape: a list of tensors that differ only along `axis` → the sum of their sizes there.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no list, and shapes that do not fit.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.Concatenate()([mt.zeros((2, 3)), mt.zeros((2, 4))]).shape
        TensorShape([2, 7])
    """

    supports_masking = True

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Compare the shapes."""
        _check_list(self, input_shape)
        rank = len(input_shape[0])
        others = [
            {shape[i] for shape in input_shape} - {None}
            for i in range(rank)
            if all(len(shape) == rank for shape in input_shape) and i != self.axis % rank
        ]
        if len(others) != rank - 1 or any(len(found) > 1 for found in others):
            raise refused(
                self, "A `Concatenate` layer requires inputs with matching shapes except for the "
                f"concatenation axis. Received: input_shape={input_shape!r}",
                f"all sizes but that of axis {self.axis} are the same",
                "choose another axis, or reshape one of the inputs",
            )  # fmt: skip

    def call(self, inputs: list) -> Any:
        """One tensor."""
        return ops.concat(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The masks one after another along steps; along features, a step must count in all."""
        masks = previous_mask or []
        if all(mask is None for mask in masks):
            return None
        if self.axis % inputs[0].ndim == 1:
            full = [
                ops.ones(ops.shape(x)[:2], dtype="bool") if mask is None else mask
                for x, mask in zip(inputs, masks, strict=True)
            ]
            return ops.concat(full, axis=1)
        return _all([mask for mask in masks if mask is not None])


class Dot(Layer):
    """Sums of products along an axis of each of two inputs, for each example of the batch.

    Args:
        axes: the axis of both, or one for each; not the batch.
        normalize: whether vectors along these axes are brought to length 1 first, so that the
            result is the cosine of the angle between them.
        **kwargs: as `Layer`.

    Shape: [(batch, …, n, …), (batch, …, n, …)] → (batch, the other axes of both); (batch, 1) for
    vectors.

    Raises:
        InvalidArgumentError: (also a ValueError) for sizes that differ, or other than two inputs.
        ArgumentError: (also a TypeError) for axes that are no numbers.

    Example:
        >>> import minitensor as mt
        >>> x, y = mt.constant([[3.0, 4.0]]), mt.constant([[4.0, 3.0]])
        >>> mt.keras.layers.Dot(axes=1, normalize=True)([x, y]).numpy()
        array([[0.96000004]], dtype=float32)
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(axes, (int, tuple, list)):
            raise ArgumentError(
                message("Dot", "", "Invalid type for argument `axes`: it should be a list or an "
                        f"int. Received: axes={axes!r}", "an axis is a number", "write axes=1")
            )  # fmt: skip
        self.axes = axes if isinstance(axes, int) else tuple(axes)
        self.normalize = normalize
        if not isinstance(axes, int) and len(axes) != 2:
            raise refused(self, "Invalid format for argument `axes`: it should contain two "
                          f"elements. Received: axes={axes!r}", "each of two inputs has one",
                          "write axes=(1, 2)")  # fmt: skip

    def build(self, input_shape: Any) -> None:
        """Compare the shapes."""
        if not isinstance(input_shape, list) or len(input_shape) != 2:
            raise refused(
                self, "A `Dot` layer should be called on a list of 2 inputs. Received: "
                f"input_shape={input_shape}", "it multiplies two tensors", "write Dot(1)([x, y])",
            )  # fmt: skip
        (i, j), (a, b) = self._axes([len(shape) for shape in input_shape]), input_shape
        if len({a[i], b[j]} - {None}) > 1:
            raise refused(
                self, f"Incompatible input shapes: axis values {a[i]} (at axis {i}) != {b[j]} (at "
                f"axis {j}). Full input shapes: {a}, {b}", "both axes have the same size",
                "choose other axes, or bring them to one size with Dense",
            )  # fmt: skip

    def _axes(self, ranks: list[int]) -> list[int]:
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return [axis % rank for axis, rank in zip(axes, ranks, strict=True)]

    def call(self, inputs: list) -> Any:
        """The sums of products."""
        i, j = self._axes([x.ndim for x in inputs])
        a, b = inputs
        if self.normalize:
            a, b = ops.l2_normalize(a, axis=i), ops.l2_normalize(b, axis=j)
        letters = iter("cdefghijklmnopqrstuvw")
        first, second = (
            ["a", *("z" if k == axis else next(letters) for k in range(1, x.ndim))]
            for axis, x in ((i, a), (j, b))
        )
        kept = [letter for letter in (*first, *second[1:]) if letter != "z"]
        result = ops.einsum(f"{''.join(first)},{''.join(second)}->{''.join(kept)}", a, b)
        return ops.expand_dims(result, axis=1) if result.ndim == 1 else result


def add(inputs: list, **kwargs: Any) -> Any:
    """What `Add` gives for a list of tensors."""
    return Add(**kwargs)(inputs)


def subtract(inputs: list, **kwargs: Any) -> Any:
    """What `Subtract` gives for two tensors."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: list, **kwargs: Any) -> Any:
    """What `Multiply` gives for a list of tensors."""
    return Multiply(**kwargs)(inputs)


def average(inputs: list, **kwargs: Any) -> Any:
    """What `Average` gives for a list of tensors."""
    return Average(**kwargs)(inputs)


def maximum(inputs: list, **kwargs: Any) -> Any:
    """What `Maximum` gives for a list of tensors."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: list, **kwargs: Any) -> Any:
    """What `Minimum` gives for a list of tensors."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: list, axis: int = -1, **kwargs: Any) -> Any:
    """What `Concatenate` gives for a list of tensors."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: list, axes: Any = -1, **kwargs: Any) -> Any:
    """What `Dot` gives for two tensors."""
    return Dot(axes=axes, **kwargs)(inputs)
