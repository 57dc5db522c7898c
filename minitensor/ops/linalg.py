"""Products of matrices and vectors, transposes and traces.

All ops work on the last two axes; axes before them are a batch and broadcast. Factorisations and
what follows from them (inverse, determinant, solve) are in `decomposition`, sums of products over
named axes in `einsum`, norms in `norms`.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import kind_of
from minitensor.errors import Fault
from minitensor.op import convert, op
from minitensor.ops.array import expand_dims, squeeze
from minitensor.shapes import Spec, matrix_product

__all__ = ["cross", "matmul", "matrix_transpose", "matvec", "trace"]


def _swapped(x: Spec) -> Spec:
    return Spec((*x.shape[:-2], *x.shape[:-3:-1]), x.dtype)


def _transposed_spec(a: Spec, **_: Any) -> Spec:
    if len(a.shape) < 2:
        raise Fault(f"its rank is {len(a.shape)}", "a matrix has rows and columns: two axes",
                    "add an axis to a vector: x[None, :] or x[:, None]")  # fmt: skip
    return _swapped(a)


@op(infer=_transposed_spec, types="A", conjugate=False,
    samples=samples.cases((((2, 3),), {}), (((2, 0, 3),), {}),
                          (((2, 3, 4),), {"conjugate": True})))  # fmt: skip
def matrix_transpose(xp, a, *, conjugate=False):
    """Rows and columns exchanged, for every matrix of a batch.

    Shape: (…, n, m) → (…, m, n). With `conjugate`, complex elements are conjugated too.
    """
    a = xp.permute_dims(a, (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))
    return xp.conj(a) if conjugate and getattr(a.dtype, "kind", "f") == "c" else a


@matrix_transpose.gradient
def matrix_transpose_gradient(xp, g, out, a, *, conjugate=False):
    return matrix_transpose.on(xp, g, conjugate=conjugate)


def _once(side: str, transpose: bool, adjoint: bool) -> None:
    if transpose and adjoint:
        raise Fault(f"transpose_{side} and adjoint_{side} are both True",
                    "the adjoint is the conjugated transpose, so one of them says all",
                    f"leave out transpose_{side}")  # fmt: skip


def _matmul_spec(
    a: Spec, b: Spec, *, transpose_a: bool = False, transpose_b: bool = False,
    adjoint_a: bool = False, adjoint_b: bool = False,
) -> Spec:  # fmt: skip
    _once("a", transpose_a, adjoint_a)
    _once("b", transpose_b, adjoint_b)
    turned_a = (transpose_a or adjoint_a) and len(a.shape) >= 2
    turned_b = (transpose_b or adjoint_b) and len(b.shape) >= 2
    return matrix_product(_swapped(a) if turned_a else a, _swapped(b) if turned_b else b)


def _product(xp: Any, a: Any, b: Any) -> Any:
    """Product of what may be batches or half precision.

    Several matrices times one matrix are one large product. Numpy has no BLAS for two-byte floats:
    they are multiplied, and summed, as float32.
    """
    if getattr(a.dtype, "itemsize", 4) == 2 and kind_of(a.dtype) == "f" and xp is np:
        return _product(xp, a.astype("float32"), b.astype("float32")).astype(a.dtype)
    if a.ndim > 2 and b.ndim == 2 and a.shape[-1]:
        return xp.reshape(xp.reshape(a, (-1, a.shape[-1])) @ b, (*a.shape[:-1], b.shape[-1]))
    return a @ b


_MATMULS = samples.cases(
    (((2, 3), (3, 4)), {}),
    (((3, 2), (4, 3)), {"transpose_a": True, "transpose_b": True}),
    (((3, 2), (3, 4)), {"adjoint_a": True}),
    (((2, 3), (4, 3)), {"adjoint_b": True}),
    (((5, 2, 3), (3, 4)), {}),
    (((5, 2, 3), (4, 3)), {"transpose_b": True}),
    (((2, 1, 2, 3), (5, 3, 1)), {}),
    (((2, 3), (5, 3, 1)), {}),
    (((0, 3), (3, 2)), {}),
    (((2, 0), (0, 2)), {}),
)


@op(infer=_matmul_spec, samples=_MATMULS, kinds="fciu", fast=True, conjugate=False)
def matmul(
    xp, a, b, *, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False
):  # fmt: skip
    """Matrix product: row i of `a` times column j of `b`, out[i, j] = Σ a[i, k] b[k, j].

    Shape: (…, n, k), (…, k, m) → (…, n, m); the axes before the last two broadcast.
    `transpose_a` (and `_b`) exchanges rows and columns first; `adjoint_a` conjugates them too.

    Raises:
        InvalidArgumentError: when the inner sizes differ, or for a vector: use `matvec`.

    Example:
        >>> import minitensor as mt
        >>> mt.matmul([[1, 2], [3, 4]], [[5], [6]]).numpy().tolist()
        [[17], [39]]
    """
    if a.ndim < 2 or b.ndim < 2:
        matrix_product(Spec(a.shape, a.dtype), Spec(b.shape, b.dtype))
    if transpose_a or adjoint_a:
        _once("a", transpose_a, adjoint_a)
        a = matrix_transpose.on(xp, a, conjugate=adjoint_a)
    if transpose_b or adjoint_b:
        _once("b", transpose_b, adjoint_b)
        b = matrix_transpose.on(xp, b, conjugate=adjoint_b)
    # getattr: dtypes of the array API standard need not have an itemsize
    if a.ndim == 2 and getattr(a.dtype, "itemsize", 4) > 2:
        return a @ b
    return _product(xp, a, b)


@matmul.into(strided=True)
def matmul_into(
    out, a, b, *, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False
):  # fmt: skip
    """BLAS reads a transposed matrix in place; conjugates and half precision need a copy."""
    complex_ = a.dtype.kind == "c" and (adjoint_a or adjoint_b)
    if complex_ or (a.dtype.itemsize == 2 and kind_of(a.dtype) == "f"):
        out[...] = matmul.forward(np, a, b, transpose_a=transpose_a, transpose_b=transpose_b,
                                  adjoint_a=adjoint_a, adjoint_b=adjoint_b)  # fmt: skip
        return
    a = a.swapaxes(-1, -2) if transpose_a or adjoint_a else a
    b = b.swapaxes(-1, -2) if transpose_b or adjoint_b else b
    if a.ndim > 2 == b.ndim and a.flags.c_contiguous:  # several matrices times one: one product
        rows = prod(a.shape[:-1])
        a, out = a.reshape(rows, a.shape[-1]), out.reshape(rows, out.shape[-1])
    np.matmul(a, b, out=out)


@matmul.gradient
def matmul_gradient(
    xp, g, out, a, b, *, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False
):  # fmt: skip
    """Of a plain product: `g @ bᵀ` to a, and `aᵀ @ g` to b."""
    turned_a, turned_b = transpose_a or adjoint_a, transpose_b or adjoint_b
    # A transpose is the adjoint of the conjugate, so that only the adjoint has to be handled.
    flip_a, flip_b = (flag and a.dtype.kind == "c" for flag in (transpose_a, transpose_b))
    a, b = (xp.conj(a) if flip_a else a), (xp.conj(b) if flip_b else b)

    def to_a() -> Any:
        if turned_a:
            d = matmul.on(xp, b, g, adjoint_a=turned_b, adjoint_b=True)
        else:
            d = matmul.on(xp, g, b, adjoint_b=not turned_b)
        return xp.conj(d) if flip_a else d

    def to_b() -> Any:
        left, right = a, g
        if len(b.shape) == 2 < len(a.shape) and not turned_a:
            # One matrix served the whole batch: its gradient is one product over all rows.
            left = xp.reshape(a, (-1, a.shape[-1]))
            right = xp.reshape(g, (-1, g.shape[-1]))
        if turned_b:
            d = matmul.on(xp, right, left, adjoint_a=True, adjoint_b=turned_a)
        else:
            d = matmul.on(xp, left, right, adjoint_a=not turned_a)
        return xp.conj(d) if flip_b else d

    return to_a, to_b


def matvec(
    a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, name: str | None = None
) -> Any:
    """Matrix times vector.

    Shape: (…, n, k), (…, k) → (…, n); the axes before broadcast.

    Example:
        >>> import minitensor as mt
        >>> mt.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).numpy().tolist()
        [3.0, 7.0]
    """
    a = convert(a)
    column = expand_dims(b if hasattr(b, "dtype") else convert(b, a.dtype), axis=-1)
    product = matmul(a, column, transpose_a=transpose_a, adjoint_a=adjoint_a, name=name)
    return squeeze(product, axis=-1)


def _trace_spec(x: Spec) -> Spec:
    _transposed_spec(x)
    return Spec(x.shape[:-2], x.dtype)


@op(infer=_trace_spec, kinds="fciu",
    samples=samples.cases((((3, 3),), {}), (((2, 3, 4),), {}), (((2, 4, 3),), {}),
                          (((0, 0),), {})))  # fmt: skip
def trace(xp, x):
    """Sum of the elements on the diagonal of each matrix.

    Shape: (…, n, m) → (…).
    """
    diagonal = xp.asarray(np.eye(*x.shape[-2:], dtype=bool))
    return xp.sum(xp.where(diagonal, x, xp.zeros_like(x)), axis=(-2, -1), dtype=x.dtype)


@trace.gradient
def trace_gradient(xp, g, out, x):
    """`g · identity matrix`."""
    eye = xp.asarray(np.eye(*x.shape[-2:]), dtype=x.dtype)
    return xp.broadcast_to(g[..., None, None] * eye, x.shape)


def _cross_spec(a: Spec, b: Spec) -> Spec:
    if a.shape != b.shape or a.shape[-1:] != (3,):
        raise Fault(f"the shapes are {a.shape} and {b.shape}",
                    "both need the same shape, and a last axis of size 3",
                    "the cross product exists in three dimensions only")  # fmt: skip
    return a


@op(infer=_cross_spec, kinds="fciu",
    samples=samples.cases((((3,), (3,)), {}), (((2, 3), (2, 3)), {}),
                          (((0, 3), (0, 3)), {})))  # fmt: skip
def cross(xp, a, b):
    """The cross product of 3-vectors: at right angles to both, as long as their parallelogram.

    Shape: (…, 3), (…, 3) → (…, 3).
    """
    x, y, z = (a[..., i] for i in range(3))
    u, v, w = (b[..., i] for i in range(3))
    return xp.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=-1)


@cross.gradient
def cross_gradient(xp, g, out, a, b):
    return lambda: cross.on(xp, b, g), lambda: cross.on(xp, g, a)
