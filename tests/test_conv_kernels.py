"""Convolution by six points: the same as directly, for every size, padding and rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minitensor.backend import Quiet
from minitensor.op import Op
from minitensor.ops import conv2d, conv2d_backprop_filter, conv2d_backprop_input
from minitensor.ops import conv_kernels as kernels
from minitensor.shapes import Spec

SIZES = [
    ((3, 8, 7, 8), (3, 3, 8, 9), "VALID"),
    ((2, 9, 9, 9), (3, 3, 9, 8), "SAME"),
    ((5, 11, 6, 8), (3, 2, 8, 8), "SAME"),
    ((2, 12, 13, 8), (2, 3, 8, 10), "VALID"),
    ((2, 13, 14, 8), (4, 4, 8, 8), "SAME"),
    ((2, 15, 15, 8), (5, 5, 8, 8), "VALID"),
    ((2, 12, 10, 8), (3, 1, 8, 8), ((0, 0), (2, 1), (0, 0), (0, 0))),
]


def written(op: Op, *arrays: np.ndarray, **attrs: Any) -> np.ndarray:
    specs = [Spec(a.shape, a.dtype) for a in arrays]
    assert op.write is not None
    assert op.workspace is not None
    work = tuple(np.full(s.shape, np.nan, s.dtype) for s in op.workspace(*specs, **attrs))
    spec = op.infer_specs(specs, attrs)
    out = np.full(spec.shape, np.nan, spec.dtype)
    with Quiet():
        op.write(out, work, *arrays, **attrs)
    return out


def trio(image: tuple, kernel: tuple, padding: Any, dtype: str) -> list:
    """conv2d and its two gradients, each with random inputs and attributes."""
    rng = np.random.default_rng(sum(image + kernel))
    x, w = (rng.normal(size=s).astype(dtype) for s in (image, kernel))
    to = {"strides": 1, "padding": padding}
    g = rng.normal(size=conv2d.infer(Spec(image, x.dtype), Spec(kernel, x.dtype), **to).shape)
    g = g.astype(dtype)
    return [
        (conv2d, (x, w), to),
        (conv2d_backprop_input, (w, g), {"input_sizes": image, **to}),
        (conv2d_backprop_filter, (x, g), {"filter_sizes": kernel, **to}),
    ]


@pytest.fixture(params=["one part", "parts of two images"])
def parts(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A last part that is smaller than the others."""
    if request.param != "one part":
        monkeypatch.setattr(kernels, "largest", lambda n, elements: min(n, 2))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("image", "kernel", "padding"), SIZES)
@pytest.mark.usefixtures("parts")
def test_six_points_give_what_the_formula_gives(
    image: tuple, kernel: tuple, padding: Any, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    monkeypatch.setattr(kernels, "SHARE", np.inf)
    monkeypatch.setattr(kernels, "_finite", lambda array: used.append(1) or True)
    for op, arrays, attrs in trio(image, kernel, padding, dtype):
        used.clear()
        got, wanted = written(op, *arrays, **attrs), op.forward(np, *arrays, **attrs)
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(got, wanted, 0, 40 * np.finfo(dtype).eps * scale)
        assert used, f"{op} of {image} and {kernel} did not take the way by six points"


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 1e300])
def test_what_is_not_finite_is_computed_directly(bad: float) -> None:
    for op, arrays, attrs in trio((3, 12, 12, 8), (3, 3, 8, 8), "SAME", "float64"):
        arrays[-1][1, 2, 3, 0] = bad
        with Quiet():
            wanted = op.forward(np, *arrays, **attrs)
        np.testing.assert_array_equal(
            np.isfinite(written(op, *arrays, **attrs)), np.isfinite(wanted)
        )
        np.testing.assert_array_equal(np.isnan(written(op, *arrays, **attrs)), np.isnan(wanted))


def test_few_channels_strides_and_dilations_go_directly() -> None:
    window = kernels.window_of((12, 12), (3, 3), 1, "VALID")
    assert kernels.six_points(window, 2, (8, 8), window.out)
    assert kernels.six_points(window, 2, (1, 8), window.out) is None
    for to in ({"strides": 2}, {"strides": 1, "dilations": 2}):
        window = kernels.window_of((12, 12), (3, 3), padding="VALID", **to)
        assert kernels.six_points(window, 2, (8, 8), window.out) is None
