"""Norms, scaling by them, and solutions built from factorisations: compositions of other ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.errors import ArgumentError, Fault, InvalidArgumentError, message, shorten
from minitensor.op import convert
from minitensor.ops.arithmetic import abs, maximum, minimum, pow
from minitensor.ops.array import reshape, stack
from minitensor.ops.comparison import greater
from minitensor.ops.complex_numbers import real
from minitensor.ops.creation import eye
from minitensor.ops.decomposition import cholesky, solve, svd
from minitensor.ops.einsum import einsum_
from minitensor.ops.elementwise import log, rsqrt, sqrt
from minitensor.ops.linalg import matmul, matrix_transpose
from minitensor.ops.reduction import reduce_euclidean_norm, reduce_max, reduce_sum
from minitensor.ops.selection import where
from minitensor.ops.slices import IndexedSlices
from minitensor.shapes import axis_of

__all__ = ["clip_by_global_norm", "clip_by_norm", "global_norm", "l2_normalize", "logdet", "lstsq",
           "norm", "normalize", "pinv"]  # fmt: skip


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The length of vectors, or the size of matrices.

    With `axis` None the tensor counts as one vector; a number names the axis of vectors, two
    numbers the axes of matrices. `ord` is "euclidean", 1, 2, np.inf or, for vectors, any p > 0;
    for matrices 2 is the largest singular value and "fro" the same as "euclidean". The gradient of
    the euclidean norm of zero is NaN.

    Shape: the axes vanish, or keep size 1 with keepdims.

    Raises:
        InvalidArgumentError: for another `ord`.

    Example:
        >>> import minitensor as mt
        >>> mt.norm([3.0, 4.0]).numpy()
        np.float32(5.0)
    """
    tensor, keep = convert(tensor), bool(keepdims)
    matrix = isinstance(axis, (tuple, list)) and len(axis) == 2
    if isinstance(axis, (tuple, list)) and len(axis) == 1:
        axis = axis[0]
    if ord in ("euclidean", "fro") or (ord == 2 and not matrix):
        return reduce_euclidean_norm(tensor, axis=axis, keepdims=keep, name=name)
    if matrix:
        return _matrix_norm(tensor, ord, axis, keep)
    size = abs(tensor)
    if ord == np.inf:
        return reduce_max(size, axis=axis, keepdims=keep, name=name)
    if ord == 1:
        return reduce_sum(size, axis=axis, keepdims=keep, name=name)
    if not isinstance(ord, (int, float, np.number)) or float(ord) <= 0:
        raise _unknown(ord, "'euclidean', 1, 2, np.inf or a number above 0")
    return pow(reduce_sum(pow(size, ord), axis=axis, keepdims=keep), 1 / float(ord), name=name)


def _unknown(ord: Any, known: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("norm", f"ord={ord!r}", "there is no such norm here", f"ord is {known}",
                "choose one of them")
    )  # fmt: skip


def _matrix_norm(tensor: Any, ord: Any, axis: Any, keep: bool) -> Any:
    rank = len(tensor.shape)
    try:
        rows, columns = (axis_of(a, rank) for a in axis)
        if rows == columns:
            raise Fault(f"axis {rows} stands twice", "a matrix has two axes", "name two axes")
    except Fault as fault:
        raise fault.about("norm", f"shape {tuple(tensor.shape)}, axis={axis}") from None
    if ord == 2:
        others = "".join(chr(97 + i) for i in range(rank) if i not in (rows, columns))
        letters = "".join(chr(97 + i) for i in range(rank))
        equation = f"{letters}->{others}{letters[rows]}{letters[columns]}"
        largest = reduce_max(svd(einsum_([tensor], equation=equation), compute_uv=False), axis=-1)
        if not keep:
            return largest
        sizes = [1 if i in (rows, columns) else d for i, d in enumerate(tensor.shape)]
        return reshape(largest, sizes)
    if ord not in (1, np.inf):
        raise _unknown(ord, "'fro', 'euclidean', 1, 2 or np.inf for matrices")
    inner, outer = (rows, columns) if ord == 1 else (columns, rows)
    sums = reduce_sum(abs(tensor), axis=inner, keepdims=True)
    largest = reduce_max(sums, axis=outer, keepdims=True)
    return largest if keep else reduce_sum(largest, axis=(rows, columns))


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """The tensor divided by its norm, and the norm, which keeps its axes with size 1.

    Shape: any → same, and the shape of norm(..., keepdims=True).
    """
    tensor = convert(tensor)
    length = norm(tensor, ord, axis, keepdims=True)
    return tensor / length, length


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None) -> Any:
    """The tensor divided by its euclidean length over `axis`: x / √max(Σx², epsilon).

    Shape: any → same. `epsilon` keeps the zero vector, and its gradient, finite.
    """
    x = convert(x)
    squares = reduce_sum(x * x, axis=axis, keepdims=True)
    return x * rsqrt(maximum(squares, epsilon))


def _values(t: Any) -> Any:
    """The numbers of a tensor, or of sparse rows as they are: rows named twice are not summed."""
    return t.values if isinstance(t, IndexedSlices) else convert(t)


def _rewrapped(t: Any, values: Any) -> Any:
    if not isinstance(t, IndexedSlices):
        return values
    return IndexedSlices(values, t.indices, t.dense_shape)


def _check_list(subject: str, t_list: Any) -> None:
    if not isinstance(t_list, (list, tuple)):
        raise ArgumentError(
            message(subject, f"t_list={shorten(t_list)}", "it is not a list",
                    "t_list is a list of tensors; entries may be None",
                    "put a single tensor into a list")
        )  # fmt: skip


def global_norm(t_list: Sequence, name: str | None = None) -> Any:
    """The euclidean length of all tensors together, √(Σ |t|²); None entries do not count.

    Shape: any, any, … → ().
    """
    _check_list("global_norm", t_list)
    sums = [reduce_sum(v * v) for v in (_values(t) for t in t_list if t is not None)]
    if not sums:
        raise InvalidArgumentError(
            message("global_norm", f"{len(t_list)} entries", "none of them is a tensor",
                    "a norm needs at least one", "check that gradients are not all None")
        )  # fmt: skip
    return sqrt(reduce_sum(stack(sums)), name=name)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """The tensor, scaled down to length `clip_norm` where it is longer.

    Shape: any → same. The length is taken over `axes`, over all of them by default.

    Example:
        >>> import minitensor as mt
        >>> mt.clip_by_norm([3.0, 4.0], 1.0).numpy()
        array([0.6, 0.8], dtype=float32)
    """
    values = _values(t)
    squares = reduce_sum(values * values, axis=axes, keepdims=True)
    some = greater(squares, 0)
    # The square root of 0 has an infinite gradient, so it is never taken.
    length = where(some, sqrt(where(some, squares, 1.0)), squares)
    return _rewrapped(t, values * clip_norm / maximum(length, clip_norm))


def clip_by_global_norm(
    t_list: Sequence, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list, Any]:
    """All tensors, scaled by one factor so that their common length is at most `clip_norm`.

    Returns the list (with its None entries) and the length before clipping. When that is infinite
    or NaN, all results are NaN, so that it is noticed. Rows of IndexedSlices named twice count
    twice, as in TensorFlow.

    Example:
        >>> import minitensor as mt
        >>> clipped, length = mt.clip_by_global_norm([mt.constant([3.0]), mt.constant([4.0])], 1.0)
        >>> [float(t[0]) for t in clipped], float(length)
        ([0.6000000238418579, 0.800000011920929], 5.0)
    """
    _check_list("clip_by_global_norm", t_list)
    length = global_norm(t_list) if use_norm is None else convert(use_norm)
    clip_norm = convert(clip_norm, length.dtype)
    # length - length is 0, or NaN when the length is not finite.
    scale = clip_norm * minimum(1 / length, 1 / clip_norm) + (length - length)
    return [None if t is None else _rewrapped(t, _values(t) * scale) for t in t_list], length


def logdet(matrix: Any, name: str | None = None) -> Any:
    """Logarithm of the determinant of symmetric positive definite matrices.

    Shape: (…, n, n) → (…). Twice the sum of the logarithms of the Cholesky factor's diagonal.

    Raises:
        InvalidArgumentError: when a matrix is not positive definite.
    """
    diagonal = einsum_([cholesky(matrix)], equation="...ii->...i")
    return 2 * reduce_sum(log(real(diagonal)), axis=-1, name=name)


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The pseudo-inverse: the inverse on what the matrix reaches, and 0 elsewhere.

    Shape: (…, m, n) → (…, n, m). Singular values up to `rcond` times the largest count as 0; by
    default rcond is 10 · max(m, n) · the dtype's rounding. `validate_args` has no effect: arguments
    are always checked.
    """
    s, u, v = svd(a)
    if rcond is None:
        kind = s.dtype.as_numpy_dtype
        rcond = 10.0 * max(u.shape[-2], v.shape[-2]) * float(np.finfo(kind).eps)
    large = greater(s, rcond * reduce_max(s, axis=-1, keepdims=True))
    inverse = where(large, 1 / where(large, s, 1.0), 0.0)
    return matmul(v * inverse[..., None, :], u, adjoint_b=True, name=name)


def lstsq(
    matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None
) -> Any:
    """The X that makes |matrix @ X - rhs|² + l2_regularizer · |X|² smallest.

    Shape: (…, m, n), (…, m, k) → (…, n, k). With `fast`, through the normal equations AᵀA X = Aᵀ B
    (for m < n through AAᵀ, the shortest X), which squares the condition number; without, through
    singular values, which also serves matrices whose columns depend on one another.

    Raises:
        InvalidArgumentError: with `fast`, when the columns (or rows) are linearly dependent.
    """
    matrix = convert(matrix)
    rhs = rhs if hasattr(rhs, "dtype") else convert(rhs, matrix.dtype)
    if len(matrix.shape) < 2 or len(rhs.shape) < 2:
        raise InvalidArgumentError(
            message("lstsq", f"shapes {tuple(matrix.shape)} and {tuple(rhs.shape)}",
                    "one of them is no matrix", "both need at least two axes",
                    "write a vector b as the column b[:, None]")
        )  # fmt: skip
    m, n = matrix.shape[-2:]
    if not fast and not l2_regularizer:
        return matmul(pinv(matrix), rhs, name=name)
    weight = eye(min(m, n), dtype=matrix.dtype) * l2_regularizer
    if m < n:
        gram = matmul(matrix, matrix, adjoint_b=True) + weight
        return matmul(matrix_transpose(solve(gram, matrix), conjugate=True), rhs, name=name)
    gram = matmul(matrix, matrix, adjoint_a=True) + weight
    return solve(gram, matmul(matrix, rhs, adjoint_a=True), name=name)
