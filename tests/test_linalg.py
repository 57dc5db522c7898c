"""Linear algebra: TensorFlow's special cases, errors, and scipy's and numpy's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import minitensor as mt
from minitensor import linalg


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def gradient(function: object, *inputs: object) -> list:
    inputs = tuple(mt.constant(x) for x in inputs)
    with mt.GradientTape() as tape:
        tape.watch(inputs)
        y = function(*inputs)  # type: ignore[operator]
    return [g.numpy() for g in tape.gradient(y, list(inputs))]


@pytest.mark.parametrize(
    "shapes",
    [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 1)), ((4, 1, 2, 3), (5, 3, 2)),
     ((0, 3), (3, 2)), ((2, 0), (0, 2))],
)  # fmt: skip
def test_matmul_is_numpys(shapes: tuple) -> None:
    a, b = (random(*s) for s in shapes)
    np.testing.assert_allclose((mt.constant(a) @ b).numpy(), a @ b)
    turned = mt.matmul(a, np.swapaxes(b, -1, -2), transpose_b=True)
    np.testing.assert_allclose(turned.numpy(), a @ b)
    turned = mt.matmul(np.swapaxes(a, -1, -2), b, adjoint_a=True)
    np.testing.assert_allclose(turned.numpy(), a @ b)


def test_matmul_of_integers_and_of_two_byte_floats() -> None:
    assert mt.matmul([[1, 2]], [[3], [4]]).numpy().tolist() == [[11]]
    for dtype in (mt.float16, mt.bfloat16):
        x = mt.ones([3, 2000, 2], dtype)
        product = mt.matmul(x, x, transpose_a=True)
        assert product.dtype is dtype
        assert product.numpy()[0].tolist() == [[2000, 2000], [2000, 2000]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: mt.matmul([1.0, 2.0], [[1.0], [2.0]]), "ranks are 1 and 2.*x\\[None, :\\]"),
        (lambda: mt.matmul(mt.ones([2, 3]), mt.ones([2, 3])),
         "matmul: got shapes \\(2, 3\\) float32 and \\(2, 3\\) float32.*size 3.*2.*transpose_b"),
        (lambda: mt.matmul(mt.ones([2, 2]), mt.ones([2, 2]), transpose_a=True, adjoint_a=True),
         "transpose_a and adjoint_a are both True"),
        (lambda: mt.matmul(mt.ones([2, 2]), mt.ones([2, 2], mt.float64)), "never promoted"),
        (lambda: linalg.inv([[1.0, 2.0], [2.0, 4.0]]), "inv: .*singular.* not invertible"),
        (lambda: linalg.solve([[0.0]], [[1.0]]), "solve: .*singular"),
        (lambda: linalg.triangular_solve([[0.0]], [[1.0]]), "triangular_solve: .*singular"),
        (lambda: linalg.cholesky([[1.0, 2.0], [2.0, 1.0]]), "cholesky: .*not positive definite"),
        (lambda: linalg.det(mt.ones([2, 3])), "2 rows and 3 columns.*square"),
        (lambda: linalg.solve(mt.eye(2), mt.ones([3, 1])), "2 rows, the right-hand side 3"),
        (lambda: linalg.inv(mt.eye(2, dtype=mt.float16)), "two bytes.*float32"),
        (lambda: linalg.cross([1.0, 2.0], [1.0, 2.0]), "last axis of size 3"),
        (lambda: mt.einsum("ij,jk->ik", mt.ones([2, 3]), mt.ones([2, 3])), "'j' has sizes 3 and 2"),
        (lambda: mt.einsum("ij->ik", mt.ones([2, 3])), "'k' in the result"),
        (lambda: mt.einsum("ij,jk", mt.ones([2, 3])), "2 operands, and there are 1"),
        (lambda: mt.einsum("ijk->i", mt.ones([2, 3])), "does not fit an operand of rank 2"),
        (lambda: mt.norm([1.0], ord="nuc"), "ord='nuc'"),
        (lambda: linalg.global_norm([None, None]), "none of them is a tensor"),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(call: object, said: str) -> None:
    with pytest.raises(mt.errors.InvalidArgumentError, match=f"(?is){said}"):
        call()  # type: ignore[operator]


def test_the_gradient_of_full_factors_is_refused() -> None:
    x = mt.constant(random(4, 2))
    for function in (linalg.qr, linalg.svd):
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = function(x, full_matrices=True)[0]
        with pytest.raises(mt.errors.InvalidArgumentError, match="full_matrices"):
            tape.gradient(y, x)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [("ij,jk,kl,lm->im", [(3, 4), (4, 5), (5, 6), (6, 7)]), ("...ij->...ji", [(2, 3, 4)]),
     ("bthd,bshd->bhts", [(2, 3, 4, 5), (2, 6, 4, 5)]), ("iij,jk->k", [(3, 3, 2), (2, 4)]),
     ("i,j,k->ijk", [(2,), (3,), (4,)]), ("ab,ab,ab->", [(3, 4)] * 3),
     ("b i j , j -> b i", [(2, 3, 4), (4,)]), ("ba", [(2, 3)])],
)  # fmt: skip
def test_einsum_is_numpys(equation: str, shapes: list) -> None:
    inputs = [random(*s) for s in shapes]
    expected = np.einsum(equation, *inputs)
    np.testing.assert_allclose(mt.einsum(equation, *inputs).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("axes", [0, 1, 2, ([0], [1]), ([1, 0], [0, 1]), [[-1], [0]]])
def test_tensordot_is_numpys(axes: object) -> None:
    a, b = random(3, 3), random(3, 3)
    np.testing.assert_allclose(mt.tensordot(a, b, axes).numpy(), np.tensordot(a, b, axes))


@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_are_numpys(keepdims: bool) -> None:
    x = random(2, 3, 4)
    for ord in (1, 2, np.inf, 3, 1.5):
        found = mt.norm(x, ord, axis=1, keepdims=keepdims)
        expected = np.linalg.norm(x, ord, axis=1, keepdims=keepdims)
        np.testing.assert_allclose(found.numpy(), expected)
    for ord in ("fro", 1, 2, np.inf):
        for axis in ((-2, -1), (0, 2), (2, 0)):
            found = mt.norm(x, ord, axis=axis, keepdims=keepdims)
            expected = np.linalg.norm(x, ord, axis=axis, keepdims=keepdims)
            np.testing.assert_allclose(found.numpy(), expected)
    np.testing.assert_allclose(mt.norm(x).numpy(), np.linalg.norm(x.ravel()))


def test_norm_of_zero_has_no_gradient_and_clipping_it_has() -> None:
    assert np.isnan(gradient(mt.norm, [0.0, 0.0])[0]).all()
    assert gradient(lambda x: mt.clip_by_norm(x, 1.0), [0.0, 0.0])[0].tolist() == [1, 1]
    assert gradient(lambda x: linalg.l2_normalize(x), [0.0])[0].tolist() == [1e6]


def test_normalize_gives_the_norm_too() -> None:
    unit, length = linalg.normalize([[3.0, 4.0], [0.0, 2.0]], axis=1)
    np.testing.assert_allclose(unit.numpy(), [[0.6, 0.8], [0, 1]])
    assert length.numpy().tolist() == [[5], [2]]


def test_clipping_keeps_none_and_rows_named_twice() -> None:
    rows = mt.IndexedSlices(mt.constant([[3.0], [4.0]]), mt.constant([0, 0]), (3, 1))
    (found, nothing, dense), length = mt.clip_by_global_norm([rows, None, mt.zeros([1])], 1.0)
    assert float(length) == 5  # of 3 and 4, not of their sum
    assert nothing is None
    np.testing.assert_allclose(found.values.numpy(), [[0.6], [0.8]])
    assert found.dense_shape == (3, 1)
    assert dense.numpy().tolist() == [0]
    np.testing.assert_allclose(mt.clip_by_norm(rows, 1.0).values.numpy(), [[0.6], [0.8]])


def test_clipping_by_a_norm_that_is_not_finite_gives_nan() -> None:
    clipped, length = mt.clip_by_global_norm([mt.constant([np.inf]), mt.constant([1.0])], 1.0)
    assert np.isinf(length.numpy())
    assert all(np.isnan(t.numpy()).all() for t in clipped)


def test_short_gradients_are_left_alone() -> None:
    clipped, _ = mt.clip_by_global_norm([mt.constant([0.3]), mt.constant([0.4])], 1.0)
    np.testing.assert_allclose([float(t[0]) for t in clipped], [0.3, 0.4], rtol=1e-6)


def test_solutions_are_scipys() -> None:
    a, b = random(4, 4) + 3 * np.eye(4), random(4, 2)
    np.testing.assert_allclose(linalg.solve(a, b).numpy(), scipy.linalg.solve(a, b))
    found = linalg.solve(a, b, adjoint=True)
    np.testing.assert_allclose(found.numpy(), scipy.linalg.solve(a.T, b))
    for lower in (True, False):
        for adjoint in (True, False):
            found = linalg.triangular_solve(a, b, lower=lower, adjoint=adjoint)
            expected = scipy.linalg.solve_triangular(a, b, trans=int(adjoint), lower=lower)
            np.testing.assert_allclose(found.numpy(), expected)
    tall, wide = random(5, 3), random(3, 5)
    for fast in (True, False):
        for matrix in (tall, wide):
            rhs = random(len(matrix), 2)
            expected = scipy.linalg.lstsq(matrix, rhs)[0]
            np.testing.assert_allclose(linalg.lstsq(matrix, rhs, fast=fast).numpy(), expected)
    np.testing.assert_allclose(linalg.pinv(wide).numpy(), scipy.linalg.pinv(wide))


def test_lstsq_with_a_regularizer_is_ridge_regression() -> None:
    a, b = random(5, 3), random(5, 1)
    expected = scipy.linalg.lstsq(
        np.vstack([a, np.sqrt(0.5) * np.eye(3)]), np.vstack([b, np.zeros((3, 1))])
    )[0]
    np.testing.assert_allclose(linalg.lstsq(a, b, l2_regularizer=0.5).numpy(), expected)


def test_determinants_of_large_and_singular_matrices() -> None:
    sign, log = linalg.slogdet(mt.eye(400) * 10)
    assert float(sign) == 1
    np.testing.assert_allclose(float(log), 400 * np.log(10), rtol=1e-6)
    np.testing.assert_allclose(float(linalg.logdet(mt.eye(400) * 10)), 400 * np.log(10), rtol=1e-6)
    sign, log = linalg.slogdet(mt.zeros([2, 2]))
    assert (float(sign), float(log)) == (0, -np.inf)


def test_factors_of_degenerate_matrices() -> None:
    s, u, v = linalg.svd(mt.zeros([3, 2]))
    assert s.numpy().tolist() == [0, 0]
    assert (u.shape, v.shape) == ((3, 2), (2, 2))
    q, r = linalg.qr(mt.zeros([0, 0], mt.float64))
    assert q.shape == r.shape == (0, 0)
    s, u, v = linalg.svd(mt.constant(random(2, 3)), full_matrices=True)
    assert (u.shape, v.shape) == ((2, 2), (3, 3))


def test_traces_of_rectangles_and_matvec() -> None:
    assert linalg.trace([[1, 2, 3], [4, 5, 6]]).numpy() == 6
    assert np.isfinite(linalg.trace([[1.0, np.nan], [np.inf, 2.0]]).numpy())
    a, x = random(2, 3, 4), random(2, 3)
    found = linalg.matvec(a, x, transpose_a=True)
    np.testing.assert_allclose(found.numpy(), np.einsum("bij,bi->bj", a, x))


def test_second_derivative_of_logdet_is_minus_the_square_of_the_inverse() -> None:
    x = mt.Variable([[2.0]])
    with mt.GradientTape() as outer:
        with mt.GradientTape() as inner:
            y = linalg.logdet(x)
        first = inner.gradient(y, x)
    assert outer.gradient(first, x).numpy().tolist() == [[-0.25]]
