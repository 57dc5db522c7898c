"""IndexedSlices: some rows of a tensor that is zero elsewhere, what the gradient of a gather is."""

from __future__ import annotations

from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.ops.scattering import scatter_rows
from minitensor.shapes import TensorShape

__all__ = ["IndexedSlices"]


class IndexedSlices:
    """Some rows of a tensor that is zero elsewhere: what the gradient of a gather is.

    `values[i]` belongs at row `indices[i]` of a tensor with `dense_shape`; rows named twice are
    summed when it becomes dense.

    Example:
        >>> import minitensor as mt
        >>> rows = mt.IndexedSlices(mt.constant([[1.0], [2.0]]), mt.constant([2, 2]), (3, 1))
        >>> mt.convert_to_tensor(rows).numpy().tolist()
        [[0.0], [0.0], [3.0]]
    """

    __slots__ = ("dense_shape", "indices", "values")

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None):
        self.values, self.indices, self.dense_shape = values, indices, dense_shape

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self.values.dtype

    @property
    def shape(self) -> TensorShape:
        """The shape of the dense tensor."""
        return TensorShape(self.dense_shape)

    def to_dense(self) -> Any:
        """The dense tensor: zeros, with every row added at its place."""
        if self.dense_shape is None:
            raise InvalidArgumentError(
                message("IndexedSlices.to_dense", repr(self), "its dense_shape is not known",
                        "a dense tensor needs to know how many rows there are",
                        "pass dense_shape when making the IndexedSlices")
            )  # fmt: skip
        rows = self.dense_shape[0]
        known = getattr(rows, "known", rows)
        return scatter_rows(self.values, self.indices, rows=rows if known is None else int(known))

    def __repr__(self) -> str:
        return (
            f"IndexedSlices(indices={self.indices}, values={self.values}, "
            f"dense_shape={self.dense_shape})"
        )
