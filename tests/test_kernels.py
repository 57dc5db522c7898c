"""Kernels on inputs so large that they work in parts; the generated tests have small ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minitensor.backend import Quiet
from minitensor.op import REGISTRY, Op
from minitensor.ops import reduction_kernels
from minitensor.shapes import Spec

RNG = np.random.default_rng(7)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


LARGE = [
    *[
        (name, (normal(*shape),), {"axis": axis})
        for name in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_logsumexp",
                     "reduce_variance")
        for shape, axis in (((9001, 3), 0), ((9001, 3), 1), ((3, 9001), 1), ((4, 500, 6), 1),
                            ((4, 500, 6), (0, 1)), ((4, 50, 6, 2), (1, 3)), ((9001,), None))
    ],
    *[(name, (normal(2000, 40),), {}) for name in ("softmax", "log_softmax")],
    ("softmax_cross_entropy_with_logits", (abs(normal(2000, 40)), normal(2000, 40)), {}),
    ("sparse_softmax_cross_entropy_with_logits",
     (RNG.integers(0, 40, (20, 100)), normal(20, 100, 40)), {}),
    *[
        ("layer_normalization", (normal(20, 100, 40), normal(40), normal(40)), {"axis": axis})
        for axis in (-1, (0, 1))
    ],
]  # fmt: skip


def written(op: Op, arrays: tuple, attrs: dict) -> list:
    specs = [Spec(a.shape, a.dtype) for a in arrays]
    inferred: Any = op.infer_specs(specs, attrs)
    inferred = (inferred,) if isinstance(inferred, Spec) else inferred
    out = [np.full(s.shape, np.nan, s.dtype) for s in inferred]
    memory: list = [tuple(out) if len(out) > 1 else out[0]]
    if op.workspace is not None:
        memory.append(tuple(_garbage(s) for s in op.workspace(*specs, **attrs)))
    assert op.write is not None
    with Quiet():
        op.write(*memory, *arrays, **attrs)
    return out


def _garbage(spec: Spec) -> np.ndarray:
    value = np.nan if spec.dtype.kind == "f" else 99
    return np.full(spec.shape, value, spec.dtype)


@pytest.mark.parametrize(
    ("name", "arrays", "attrs"),
    [pytest.param(*c, id=f"{c[0]}-{c[1][-1].shape}-{c[2].get('axis')}") for c in LARGE],
)
def test_parts_make_up_the_whole(name: str, arrays: tuple, attrs: dict) -> None:
    op = REGISTRY[name]
    wide = tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays)
    expected = op.forward(np, *wide, **attrs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for got, wanted in zip(written(op, arrays, attrs), expected, strict=True):
        np.testing.assert_allclose(got, wanted, 2e-5, 2e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [0, 1, None])
def test_what_is_not_finite_reaches_its_own_results_only(bad: float, axis: Any) -> None:
    x = normal(300, 5)
    x[7, 2] = bad
    for name in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_logsumexp"):
        op = REGISTRY[name]
        with Quiet():
            expected = op.forward(np, x, axis=axis)
        np.testing.assert_allclose(written(op, (x,), {"axis": axis})[0], expected, 1e-5, 1e-5)


def test_long_sums_keep_their_digits() -> None:
    ones = np.ones((2**18, 64), np.float32) * np.float32(0.1)
    out = np.empty(64, np.float32)
    reduction_kernels.sum_columns(ones, out)
    np.testing.assert_allclose(out, 2**18 * np.float64(np.float32(0.1)), 1e-5)
