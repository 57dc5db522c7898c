"""Categories as vectors: one place for each, and numbers as categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import ops
from minitensor.errors import FailedPreconditionError, message
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import is_size, one_of, refused
from minitensor.keras.layers.shaping import reshape_sizes
from minitensor.tensor import Operand

__all__ = ["CategoryEncoding", "Discretization"]

_MODES = ("multi_hot", "one_hot", "count")


def _encoded(layer: Layer, x: Any, depth: int, mode: str, weights: Any = None) -> Any:
    """Whole numbers as vectors with a place for each number."""
    x = ops.cast(x, "int32")
    if mode == "one_hot" and x.ndim > 1 and x.shape[-1] == 1:
        x = ops.squeeze(x, axis=-1)
    vectors = ops.one_hot(x, depth, dtype=layer.compute_dtype)
    if mode == "one_hot":
        return vectors
    if mode == "multi_hot":
        return ops.reduce_max(vectors, axis=-2)
    if weights is not None:
        vectors = vectors * ops.expand_dims(ops.cast(weights, layer.compute_dtype), axis=-1)
    return ops.reduce_sum(vectors, axis=-2)


class CategoryEncoding(Layer):
    """Vectors that say which of a number of categories are there.

    Args:
        num_tokens: how many categories there are: 0 to num_tokens - 1.
        output_mode: "multi_hot" for one vector for each example, with a 1 for each category that
            it has; "count" for how often it has it; "one_hot" for one vector for each number.
        **kwargs: as `Layer`.

    Shape: (batch, n) integers → (batch, num_tokens); "one_hot": (batch, n, num_tokens), or (batch,
    num_tokens) for n = 1. Numbers that are no category leave no trace.

    Raises:
        InvalidArgumentError: (also a ValueError) for no categories, or another mode.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.CategoryEncoding(num_tokens=4, output_mode="count")
        >>> layer(mt.constant([[0, 1], [2, 2]])).numpy()
        array([[1., 1., 0., 0.],
               [0., 0., 2., 0.]], dtype=float32)
    """

    def __init__(self, num_tokens: int | None = None, output_mode: str = "multi_hot",
                 **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        if not is_size(num_tokens):
            raise refused(
                self, f"`num_tokens` must be >= 1. Received: num_tokens={num_tokens!r}",
                "a vector has a place for each category", "count the categories",
            )  # fmt: skip
        self.num_tokens = int(num_tokens)  # type: ignore[arg-type]
        self.output_mode = one_of(self, "output_mode", output_mode, _MODES)

    def _tensors(self, value: Any) -> Any:
        return super()._tensors(np.asarray(value) if isinstance(value, (list, tuple)) else value)

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """The vectors; with `count_weights`, each number counts by its weight."""
        return _encoded(self, inputs, self.num_tokens, self.output_mode, count_weights)


class Discretization(Layer):
    """The number of the bin that each element falls into.

    Args:
        bin_boundaries: where bins end, in ascending order: an element at a boundary belongs to the
            bin above.
        num_bins: how many bins `adapt` makes, with as many elements of its data in each.
        epsilon: Keras's; it has no effect, since quantiles are exact here.
        output_mode: "int" for the numbers; "one_hot", "multi_hot" and "count" as
            `CategoryEncoding`.
        **kwargs: as `Layer`.

    Shape: any → same, int32; as `CategoryEncoding` for other modes.

    Raises:
        InvalidArgumentError: (also a ValueError) for neither or both of boundaries and a number of
            bins, and for boundaries that do not ascend.
        FailedPreconditionError: (also a RuntimeError) when there are no boundaries yet.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Discretization([0.0, 10.0])
        >>> layer(mt.constant([-1.0, 0.0, 5.0, 99.0])).numpy()
        array([0, 1, 1, 2], dtype=int32)
    """

    def __init__(self, bin_boundaries: Any = None, num_bins: int | None = None,
                 epsilon: float = 0.01, output_mode: str = "int", **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.num_bins = num_bins
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", *_MODES))
        if bin_boundaries is None and num_bins is None:
            raise refused(self, "You need to set either `num_bins` or `bin_boundaries`",
                          "bins have ends", "write num_bins=4 and call adapt(data)")  # fmt: skip
        if bin_boundaries is not None and num_bins is not None:
            raise refused(
                self, "Both `num_bins` and `bin_boundaries` should not be set. Received: "
                f"`num_bins={num_bins}` and `bin_boundaries={bin_boundaries}`",
                "boundaries say how many bins there are", "leave num_bins out",
            )  # fmt: skip
        if num_bins is not None and not is_size(num_bins):
            raise refused(self, f"`num_bins` must be greater than 0. Received: num_bins={num_bins}",
                          "there is at least one bin", "write num_bins=4")  # fmt: skip
        self.bin_boundaries = None if bin_boundaries is None else [float(b) for b in bin_boundaries]
        if sorted(self.bin_boundaries or []) != (self.bin_boundaries or []):
            raise refused(self, f"bin_boundaries={bin_boundaries} do not ascend",
                          "Expected sorted boundaries", "sort them")  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The numbers of the bins, or vectors."""
        if self.bin_boundaries is None:
            raise FailedPreconditionError(
                message(f"layer '{self.name}'", "", "You need to either pass the `bin_boundaries` "
                        "argument at construction time or call `adapt(dataset)` before you can "
                        "start using the `Discretization` layer", "bins have ends",
                        "layer.adapt(data)")
            )  # fmt: skip
        ends = np.asarray(self.bin_boundaries, self.compute_dtype)
        x = ops.cast(inputs, self.compute_dtype)
        flat = ops.searchsorted(ends, ops.reshape(x, [-1]), side="right")
        bins = ops.reshape(flat, reshape_sizes(x))
        if self.output_mode == "int":
            return bins
        return _encoded(self, bins, len(ends) + 1, self.output_mode)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Choose boundaries so that each bin gets the same number of elements.

        Args:
            data: an array, a tensor, or something that gives batches, such as a `Dataset`.
            steps: how many batches to take; all by default.
        """
        if self.num_bins is None:
            raise FailedPreconditionError(
                message("Discretization.adapt", f"bin_boundaries={self.bin_boundaries}",
                        "Cannot adapt a layer that was given its boundaries",
                        "boundaries are given or learned", "give num_bins instead")
            )  # fmt: skip
        whole = isinstance(data, (np.ndarray, Operand, list))
        batches = [data] if whole else [b for i, b in enumerate(data) if steps is None or i < steps]
        found = np.concatenate([np.ravel(np.asarray(batch)) for batch in batches])
        shares = np.arange(1, self.num_bins) / self.num_bins
        self.bin_boundaries = np.quantile(found, shares).tolist()

    def get_config(self) -> dict[str, Any]:
        """What it was made with, and the boundaries that it learned."""
        learned = {} if self.bin_boundaries is None else {"bin_boundaries": self.bin_boundaries}
        if learned and self.num_bins is not None:
            learned["num_bins"] = None  # type: ignore[assignment]
        return super().get_config() | learned
