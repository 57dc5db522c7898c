"""`Embedding`: numbers of words become vectors."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras.input_spec import InputSpec
from minitensor.keras.layers.arguments import is_size, refused
from minitensor.keras.layers.parametric import Parametric

__all__ = ["Embedding"]


class Embedding(Parametric):
    """A table with a vector for each of a range of numbers: of words, users, things.

    Args:
        input_dim: how many numbers there are: 0 to input_dim - 1.
        output_dim: the size of a vector.
        embeddings_initializer: what the table begins with.
        embeddings_regularizer: what is added to the loss for the table.
        embeddings_constraint: what optimisers apply to the table after each step.
        mask_zero: whether 0 stands for "nothing here": layers that follow leave such steps out.
        weights: a list with the table to begin with.
        **kwargs: as `Layer`; Keras 2's `input_length` has no effect.

    Shape: (batch, …) integers → (batch, …, output_dim). Weight: embeddings (input_dim, output_dim).
    Its gradient is IndexedSlices: only the rows that were used.

    Raises:
        InvalidArgumentError: (also a ValueError) for sizes below 1, and for a number outside of
            the table.

    Example:
        >>> import minitensor as mt
        >>> table = mt.constant([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])
        >>> layer = mt.keras.layers.Embedding(3, 2, weights=[table])
        >>> layer(mt.constant([2, 1])).numpy()
        array([[3., 4.],
               [1., 2.]], dtype=float32)
    """

    input_spec = InputSpec()

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None,
        mask_zero: bool = False, weights: Any = None, **kwargs: Any,
    ):  # fmt: skip
        kwargs.pop("input_length", None)
        super().__init__(**kwargs)
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if not is_size(value):
                raise refused(
                    self, f"`{name}` must be a positive integer. Received: {name}={value!r} (of "
                    f"type {type(value).__name__})", "the table has rows and columns",
                    "count the words, and choose a size for their vectors",
                )  # fmt: skip
        self.input_dim, self.output_dim = int(input_dim), int(output_dim)
        self.mask_zero, self._begin = mask_zero, weights
        self.supports_masking = bool(mask_zero)
        self._told(
            "embeddings", embeddings_initializer, embeddings_regularizer, embeddings_constraint
        )

    def build(self, input_shape: Any = None) -> None:
        """Make the table."""
        self.embeddings = self._make("embeddings", (self.input_dim, self.output_dim))
        if self._begin is not None:
            self.set_weights(self._begin)
            self._begin = None

    def call(self, inputs: Any) -> Any:
        """The rows of the table."""
        if not inputs.dtype.is_integer:
            inputs = ops.cast(inputs, "int32")
        return ops.gather(self.embeddings, inputs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Which numbers are not 0."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        """What it was made with; the table is among the weights."""
        config = super().get_config()
        config.pop("weights", None)
        return config
