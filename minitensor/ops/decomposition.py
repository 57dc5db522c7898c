"""Factorisations of matrices, and what follows from them: inverse, determinant, solutions.

All ops work on the last two axes; axes before them are a batch. Cotangents follow Giles, Collected
matrix derivative results for forward and reverse mode algorithmic differentiation (2008), and
Seeger, Hetzel, Dai, Meissner & Lawrence, Auto-differentiating linear algebra (2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import DTypeError, Fault, InvalidArgumentError, message
from minitensor.op import op
from minitensor.ops.linalg import matmul, matrix_transpose
from minitensor.shapes import Spec, broadcast_shapes

__all__ = ["cholesky", "det", "eigh", "eigvalsh", "inv", "qr", "slogdet", "solve", "svd",
           "triangular_solve"]  # fmt: skip


def _matrix(x: Spec, name: str = "the input") -> None:
    if len(x.shape) < 2:
        raise Fault(f"{name} has rank {len(x.shape)}", "a matrix has rows and columns: two axes",
                    "add an axis with x[None, :] or x[:, None]")  # fmt: skip
    if getattr(x.dtype, "itemsize", 4) == 2:
        raise Fault("its elements have two bytes", "factorisations need at least float32",
                    "convert with mt.cast(x, mt.float32)", DTypeError)  # fmt: skip


def _square(x: Spec, name: str = "the input") -> None:
    _matrix(x, name)
    if len({*x.shape[-2:]} - {None}) > 1:
        raise Fault(f"{name} has {x.shape[-2]} rows and {x.shape[-1]} columns",
                    "the matrix must be square",
                    "take a square part, or use mt.linalg.lstsq")  # fmt: skip


def _square_spec(input: Spec, **_: Any) -> Spec:
    _square(input)
    return input


def _values_spec(input: Spec) -> Spec:
    _square(input)
    return Spec(input.shape[:-2], input.dtype)


def _real(dtype: Any) -> Any:
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def _factored(xp: Any, compute: Callable, fault: str, rule: str, fix: str) -> Any:
    """What LAPACK computes; its complaint, in learner's words. Cupy complains only when asked."""
    on_gpu = xp.__name__ == "cupy"
    asked = import_module("cupyx").errstate(linalg="raise") if on_gpu else nullcontext()
    try:
        with asked:
            return compute()
    except np.linalg.LinAlgError:
        raise Fault(fault, rule, fix) from None


def _invertible(xp: Any, compute: Callable) -> Any:
    return _factored(
        xp, compute, "the matrix is singular: input is not invertible",
        "only a matrix whose rows are linearly independent has an inverse",
        "look for equal or zero rows, add a small multiple of mt.eye(n), or use mt.linalg.lstsq",
    )  # fmt: skip


def _regular(sizes: list[tuple], **attrs: Any) -> Callable[..., samples.Samples]:
    """Well-conditioned matrices, then right-hand sides of other shapes."""

    def make(rng: np.random.Generator) -> samples.Samples:
        for shapes in sizes:
            first = rng.normal(size=shapes[0])
            first += 3 * np.eye(shapes[0][-1])
            yield (first, *(rng.normal(size=s) for s in shapes[1:])), dict(attrs)

    return make


def _symmetric(rng: np.random.Generator) -> samples.Samples:
    for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 0)):
        x = rng.normal(size=shape)
        yield (x @ np.swapaxes(x, -1, -2) + np.diag(np.arange(1.0, shape[-1] + 1)),), {}


def _each(*makers: Callable) -> Callable[..., samples.Samples]:
    def make(rng: np.random.Generator) -> samples.Samples:
        for maker in makers:
            yield from maker(rng)

    return make


def _triangle(xp: Any, x: Any, lower: bool = True, diagonal: float = 1) -> Any:
    """The lower (or upper) triangle of `x`, its diagonal multiplied."""
    rows, columns = x.shape[-2:]
    mask = np.tril(np.ones((rows, columns)), -1) if lower else np.triu(np.ones((rows, columns)), 1)
    return x * xp.asarray(mask + diagonal * np.eye(rows, columns), dtype=x.dtype)


def _middle(xp: Any, x: Any) -> Any:
    """The mean of a matrix and its adjoint: x itself when it is symmetric."""
    return (x + matrix_transpose.on(xp, x, conjugate=True)) * 0.5


@op(infer=_square_spec, kinds="fc", conjugate=False,
    samples=_each(_regular([((3, 3),), ((2, 2, 2),), ((0, 0),)]),
                  _regular([((3, 3),)], adjoint=True)))  # fmt: skip
def inv(xp, input, *, adjoint=False):
    """The inverse of each matrix; of its adjoint with `adjoint`.

    Shape: (…, n, n) → same. To solve equations, `solve` is faster and more accurate.

    Raises:
        InvalidArgumentError: when a matrix is singular.
    """
    if adjoint:
        input = matrix_transpose.on(xp, input, conjugate=True)
    return _invertible(xp, lambda: xp.linalg.inv(input))


@inv.gradient
def inv_gradient(xp, g, out, input, *, adjoint=False):
    """`-outᵀ @ g @ outᵀ`."""
    if adjoint:
        return -matmul.on(xp, matmul.on(xp, out, g, adjoint_b=True), out)
    return -matmul.on(xp, matmul.on(xp, out, g, adjoint_a=True), out, adjoint_b=True)


@op(infer=_values_spec, samples=_regular([((3, 3),), ((2, 2, 2),), ((0, 0),)]), kinds="fc",
    conjugate=False)  # fmt: skip
def det(xp, input):
    """The determinant of each matrix.

    Shape: (…, n, n) → (…). It overflows for large matrices; `slogdet` does not. The gradient is
    det(A) A⁻ᵀ and needs an invertible matrix, as in TensorFlow.
    """
    return xp.linalg.det(input)


@det.gradient
def det_gradient(xp, g, out, input):
    """`g · out · inv(input)ᵀ`."""
    scale = g * (xp.conj(out) if out.dtype.kind == "c" else out)
    return scale[..., None, None] * inv.on(xp, input, adjoint=True)


def _slogdet_spec(input: Spec) -> tuple[Spec, Spec]:
    values = _values_spec(input)
    return values, Spec(values.shape, _real(input.dtype))


@op(infer=_slogdet_spec, samples=_regular([((3, 3),), ((2, 2, 2),)]), kinds="f")
def slogdet(xp, input):
    """Sign and logarithm of the absolute value of the determinant, which cannot overflow.

    Shape: (…, n, n) → (…), (…). A singular matrix has sign 0 and logarithm -inf.
    """
    return tuple(xp.linalg.slogdet(input))


@slogdet.gradient
def slogdet_gradient(xp, g, out, input):
    return g[1][..., None, None] * inv.on(xp, input, adjoint=True)


def _solve_spec(matrix: Spec, rhs: Spec, **_: Any) -> Spec:
    _square(matrix, "'matrix'")
    _matrix(rhs, "'rhs'")
    if len({matrix.shape[-1], rhs.shape[-2]} - {None}) > 1:
        raise Fault(f"the matrix has {matrix.shape[-1]} rows, the right-hand side {rhs.shape[-2]}",
                    "each equation has one row in both", "transpose or reshape 'rhs'")  # fmt: skip
    batch = broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    return Spec((*batch, *rhs.shape[-2:]), rhs.dtype)


_SYSTEMS = [((3, 3), (3, 2)), ((2, 2, 2), (2, 2, 1)), ((2, 2, 2), (2, 3)), ((3, 3), (2, 3, 1))]


@op(infer=_solve_spec, kinds="fc", conjugate=False,
    samples=_each(_regular(_SYSTEMS), _regular(_SYSTEMS[:1], adjoint=True)))  # fmt: skip
def solve(xp, matrix, rhs, *, adjoint=False):
    """The X with matrix @ X = rhs, by LU factorisation.

    Shape: (…, n, n), (…, n, k) → (…, n, k). With `adjoint`, the adjoint of the matrix is used.

    Raises:
        InvalidArgumentError: when a matrix is singular.

    Example:
        >>> import minitensor as mt
        >>> mt.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]]).numpy().tolist()
        [[1.0], [0.5]]
    """
    if adjoint:
        matrix = matrix_transpose.on(xp, matrix, conjugate=True)
    return _invertible(xp, lambda: xp.linalg.solve(matrix, rhs))


@solve.gradient
def solve_gradient(xp, g, out, matrix, rhs, *, adjoint=False):
    back = solve.on(xp, matrix, g, adjoint=not adjoint)
    a, b = (out, back) if adjoint else (back, out)
    return lambda: -matmul.on(xp, a, b, adjoint_b=True), lambda: back


@op(infer=_solve_spec, kinds="fc", conjugate=False,
    samples=_each(_regular(_SYSTEMS), _regular(_SYSTEMS[:1], lower=False),
                  _regular(_SYSTEMS[:1], adjoint=True)))  # fmt: skip
def triangular_solve(xp, matrix, rhs, *, lower=True, adjoint=False):
    """The X with triangle @ X = rhs, where only one triangle of the matrix is read.

    Shape: (…, n, n), (…, n, k) → (…, n, k). With `adjoint`, the adjoint of the triangle is used.

    Raises:
        InvalidArgumentError: when an element of the diagonal is 0.
    """
    triangle = xp.tril(matrix) if lower else xp.triu(matrix)
    return solve.on(xp, triangle, rhs, adjoint=adjoint)


@triangular_solve.gradient
def triangular_solve_gradient(xp, g, out, matrix, rhs, *, lower=True, adjoint=False):
    back = triangular_solve.on(xp, matrix, g, lower=lower, adjoint=not adjoint)
    a, b = (out, back) if adjoint else (back, out)
    return (
        lambda: _triangle(xp, -matmul.on(xp, a, b, adjoint_b=True), lower),
        lambda: back,
    )


@op(infer=_square_spec, samples=_symmetric, kinds="fc", conjugate=False)
def cholesky(xp, input):
    """The lower triangular L with L @ Lᴴ = input, for symmetric positive definite matrices.

    Shape: (…, n, n) → same. The mean of the input and its adjoint is factored, so that gradients
    are symmetric as the matrices are.

    Raises:
        InvalidArgumentError: when a matrix is not positive definite.

    Source: the gradient is Murray, Differentiation of the Cholesky decomposition (2016), eq. 10.
    """
    return _factored(
        xp, lambda: xp.linalg.cholesky(_middle(xp, input)), "the matrix is not positive definite: "
        "Cholesky decomposition was not successful", "all its eigenvalues must be above 0",
        "check that it is symmetric, or add a small multiple of mt.eye(n)",
    )  # fmt: skip


@cholesky.gradient
def cholesky_gradient(xp, g, out, input):
    """`inv(out)ᵀ @ Φ(outᵀ @ g) @ inv(out), made symmetric`.

    Φ keeps the lower triangle, with half its diagonal.
    """
    inner = _triangle(xp, matmul.on(xp, out, g, adjoint_a=True), diagonal=0.5)
    left = triangular_solve.on(xp, out, inner, adjoint=True)
    turned = matrix_transpose.on(xp, left, conjugate=True)
    right = triangular_solve.on(xp, out, turned, adjoint=True)
    return _middle(xp, right)


def _eigh_spec(tensor: Spec) -> tuple[Spec, Spec]:
    _square(tensor)
    return Spec(tensor.shape[:-1], _real(tensor.dtype)), tensor


def _inverse_gaps(xp: Any, values: Any) -> Any:
    """1 / (values[j] - values[i]) for each pair, and 0 on the diagonal."""
    gaps = values[..., None, :] - values[..., :, None]
    eye = xp.asarray(np.eye(values.shape[-1]), dtype=values.dtype)
    return (1 - eye) / (gaps + eye)


@op(infer=_eigh_spec, samples=_symmetric, kinds="fc", conjugate=False)
def eigh(xp, tensor):
    """Eigenvalues in rising order, and eigenvectors as columns, of symmetric matrices.

    Shape: (…, n, n) → (…, n), (…, n, n). The mean of the input and its adjoint is used. The
    gradient of eigenvectors is infinite where two eigenvalues are equal.
    """
    return tuple(xp.linalg.eigh(_middle(xp, tensor)))


@eigh.gradient
def eigh_gradient(xp, g, out, tensor):
    (to_values, to_vectors), (values, vectors) = g, out
    turned = matmul.on(xp, vectors, to_vectors, adjoint_a=True)
    eye = xp.asarray(np.eye(values.shape[-1]), dtype=values.dtype)
    inner = xp.astype(_inverse_gaps(xp, values), turned.dtype) * turned
    inner = inner + xp.astype(to_values[..., None, :] * eye, turned.dtype)
    return _middle(xp, matmul.on(xp, matmul.on(xp, vectors, inner), vectors, adjoint_b=True))


def _eigvalsh_spec(tensor: Spec) -> Spec:
    return _eigh_spec(tensor)[0]


@op(infer=_eigvalsh_spec, samples=_symmetric, kinds="fc", conjugate=False)
def eigvalsh(xp, tensor):
    """Eigenvalues of symmetric matrices, in rising order.

    Shape: (…, n, n) → (…, n).
    """
    return xp.linalg.eigvalsh(_middle(xp, tensor))


@eigvalsh.gradient
def eigvalsh_gradient(xp, g, out, tensor):
    vectors = eigh.on(xp, tensor)[1]
    scaled = vectors * xp.astype(g[..., None, :], vectors.dtype)
    return matmul.on(xp, scaled, vectors, adjoint_b=True)


def _qr_spec(input: Spec, *, full_matrices: bool = False) -> tuple[Spec, Spec]:
    _matrix(input)
    *batch, m, n = input.shape
    inner = m if full_matrices or m is None or n is None else min(m, n)
    return Spec((*batch, m, inner), input.dtype), Spec((*batch, inner, n), input.dtype)


def _rectangles(rng: np.random.Generator) -> Iterator[tuple[tuple, dict]]:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
        yield (rng.normal(size=shape) + np.eye(*shape[-2:]),), {}


@op(infer=_qr_spec, samples=_rectangles, kinds="f")
def qr(xp, input, *, full_matrices=False):
    """Q with orthonormal columns and upper triangular R, with Q @ R = input.

    Shape: (…, m, n) → (…, m, k), (…, k, n) with k = min(m, n), or k = m with full_matrices.
    """
    return tuple(xp.linalg.qr(input, mode="complete" if full_matrices else "reduced"))


@qr.gradient
def qr_gradient(xp, g, out, input, *, full_matrices=False):
    (to_q, to_r), (q, r), (m, n) = g, out, input.shape[-2:]
    if m >= n:
        _refuse_full("qr", full_matrices and m > n)
        return _qr_cotangent(xp, to_q, to_r, q, r)
    # A wide matrix is [A, B] with A square: Q and the left of R come from A, the rest is Qᵀ B.
    rest, to_rest = input[..., m:], to_r[..., m:]
    to_q = to_q + matmul.on(xp, rest, to_rest, adjoint_b=True)
    first = _qr_cotangent(xp, to_q, to_r[..., :m], q, r[..., :m])
    return xp.concat([first, matmul.on(xp, q, to_rest)], axis=-1)


def _qr_cotangent(xp: Any, to_q: Any, to_r: Any, q: Any, r: Any) -> Any:
    """Seeger et al. (2017), section 3.2, for matrices with at least as many rows as columns."""
    m = matmul.on(xp, r, to_r, adjoint_b=True) - matmul.on(xp, to_q, q, adjoint_a=True)
    low = _triangle(xp, m, diagonal=0)
    both = low + matrix_transpose.on(xp, low) + m * xp.asarray(np.eye(m.shape[-1]), dtype=m.dtype)
    inner = to_q + matmul.on(xp, q, both)
    turned = matrix_transpose.on(xp, inner)
    return matrix_transpose.on(xp, triangular_solve.on(xp, r, turned, lower=False))


def _refuse_full(name: str, refused: Any) -> None:
    if refused:
        raise InvalidArgumentError(
            message(name, "full_matrices=True", "the extra columns can be any basis of the rest, "
                    "so they have no gradient", "gradients exist for the reduced factors",
                    "leave out full_matrices")
        )  # fmt: skip


def _svd_spec(tensor: Spec, *, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    _matrix(tensor)
    *batch, m, n = tensor.shape
    k = None if m is None or n is None else min(m, n)
    s = Spec((*batch, k), tensor.dtype)
    if not compute_uv:
        return s
    u = Spec((*batch, m, m if full_matrices else k), tensor.dtype)
    return s, u, Spec((*batch, n, n if full_matrices else k), tensor.dtype)


def _svd_samples(rng: np.random.Generator) -> Iterator[tuple[tuple, dict]]:
    yield from _rectangles(rng)
    yield (rng.normal(size=(3, 2)),), {"compute_uv": False}
    yield (rng.normal(size=(2, 2)),), {"full_matrices": True}


@op(infer=_svd_spec, samples=_svd_samples, kinds="f")
def svd(xp, tensor, *, full_matrices=False, compute_uv=True):
    """Singular values s in falling order, and U and V with tensor = U @ diag(s) @ Vᵀ.

    Shape: (…, m, n) → (…, k), (…, m, k), (…, n, k) with k = min(m, n); only the first without
    compute_uv. Note TensorFlow's order s, U, V, and V where numpy returns its transpose. The
    gradient of U and V is infinite where two singular values are equal.
    """
    if not compute_uv:
        return xp.linalg.svd(tensor, full_matrices=False)[1]
    u, s, vh = xp.linalg.svd(tensor, full_matrices=full_matrices)
    return s, u, matrix_transpose.on(xp, vh)


@svd.kernel("numpy")
def svd_numpy(xp, tensor, *, full_matrices=False, compute_uv=True):
    """As the formula; without U and V, singular values take a fraction of the time."""
    if not compute_uv:
        return np.linalg.svd(tensor, compute_uv=False)
    return svd.forward(xp, tensor, full_matrices=full_matrices)


@svd.gradient
def svd_gradient(xp, g, out, tensor, *, full_matrices=False, compute_uv=True):
    if not compute_uv:
        _, u, v = svd.on(xp, tensor)
        return matmul.on(xp, u * g[..., None, :], v, adjoint_b=True)
    (to_s, to_u, to_v), (s, u, v) = g, out
    _refuse_full("svd", full_matrices and tensor.shape[-2] != tensor.shape[-1])
    gaps = _inverse_gaps(xp, s * s)
    in_u = matmul.on(xp, u, to_u, adjoint_a=True)
    in_v = matmul.on(xp, v, to_v, adjoint_a=True)
    j, k = gaps * in_u, gaps * in_v
    eye = xp.asarray(np.eye(s.shape[-1]), dtype=s.dtype)
    inner = (j + matrix_transpose.on(xp, j)) * s[..., None, :] + to_s[..., None, :] * eye
    inner = inner + s[..., :, None] * (k + matrix_transpose.on(xp, k))
    result = matmul.on(xp, matmul.on(xp, u, inner), v, adjoint_b=True)
    if tensor.shape[-2] > s.shape[-1]:  # what moves U out of the space it spans
        rest = (to_u - matmul.on(xp, u, in_u)) / s[..., None, :]
        result = result + matmul.on(xp, rest, v, adjoint_b=True)
    if tensor.shape[-1] > s.shape[-1]:
        rest = (to_v - matmul.on(xp, v, in_v)) / s[..., None, :]
        result = result + matmul.on(xp, u, rest, adjoint_b=True)
    return result
