"""The checks themselves: they pass what is right, and name what is wrong."""

from __future__ import annotations

import re

import numpy as np
import pytest

import minitensor as mt
from minitensor import samples
from minitensor.errors import InvalidArgumentError
from minitensor.op import REGISTRY, op
from minitensor.shapes import Spec, same
from minitensor.testing import (
    CHECKS,
    GPU,
    GradientError,
    cases,
    check_gradients,
    check_op,
    compute_gradient,
    numeric_gradient,
)


@pytest.fixture
def make_op():
    """Declares ops that leave the registry when the test ends."""
    before = dict(REGISTRY)
    yield op
    REGISTRY.clear()
    REGISTRY.update(before)


def cube_with(make_op, rule, **declared):
    @make_op(**({"infer": same, "samples": samples.unary(0.5, 2)} | declared))
    def cube(xp, x):
        """Third power of each element.

        Shape: any → same.
        """
        return x * x * x

    if rule is not None:

        @cube.gradient
        def cube_gradient(xp, g, out, x):
            return rule(g, x)

    return cube


def test_right_gradients_pass():
    check_gradients(lambda x, y: [x * y, x / (1 + y * y)], [[[1.0], [2.0]], [3.0, 4.0]], order=3)
    check_gradients(lambda z: z * z * z, np.array([1 + 2j, 0.5j]))
    check_gradients(lambda x, i: x[int(i)] * x, [[1.0, 2.0], np.int32(1)])


def test_a_wrong_first_gradient_is_named(make_op):
    cube = cube_with(make_op, lambda g, x: g * (2 * x * x))
    with pytest.raises(GradientError) as caught:
        check_gradients(cube, [[1.0, 2.0]], seed=3)
    text = str(caught.value)
    assert text.startswith("check_gradients of cube: got an input of shape (2,) float64, seed=3. ")
    assert "The gradient of order 1 for input 0 is wrong: along v = [" in text
    assert re.search(r"most at element \(1,\), where x is 2: \S+ by the tape, \S+ measured", text)
    assert (
        "The tape's ⟨gradient, v⟩ must be (φ(x + h·v) - φ(x - h·v)) / 2h, with h = 1e-05." in text
    )
    assert isinstance(caught.value, AssertionError)


def test_a_wrong_second_gradient_is_named(make_op):
    stop = mt.stop_gradient
    cube = cube_with(
        make_op, lambda g, x: g * (3 * stop(x) * x) if mt.is_tensor(x) else g * 3 * x * x
    )
    check_gradients(cube, [1.5], order=1)
    with pytest.raises(GradientError, match="The gradient of order 2 for input 0 is wrong"):
        check_gradients(cube, [1.5])


def test_a_missing_gradient_is_named():
    with pytest.raises(
        GradientError, match=r"slope is nothing \(the gradient is None\) by the tape"
    ):
        check_gradients(lambda x: mt.stop_gradient(x) * 2.0, [1.5])


def test_single_precision_is_judged_mildly():
    weight = mt.constant([0.5, -1.5])
    check_gradients(lambda x: weight * x * x, [[1.0, 2.0]], dtype="float32")
    with pytest.raises(GradientError):
        check_gradients(lambda x: weight * mt.stop_gradient(x) * x, [[1.0, 2.0]], dtype="float32")


def test_numeric_gradient():
    found = numeric_gradient(lambda x, n: x * x, [[1.0, 3.0], np.int32(2)])
    np.testing.assert_allclose(found[0], [2, 6], rtol=1e-9)
    assert found[1] is None
    weighted = numeric_gradient(lambda x: x * x, [[1.0, 3.0]], output_gradients=[1.0, 0.5])
    both = numeric_gradient(lambda x: [x * x, x], [[1.0, 3.0]], output_gradients=[[1.0, 0.5], 1.0])
    np.testing.assert_allclose(both[0], [3, 4], rtol=1e-9)
    np.testing.assert_allclose(weighted[0], [2, 3], rtol=1e-9)
    (slope,) = numeric_gradient(lambda z: z * z, np.array(1 + 2j))
    np.testing.assert_allclose(slope, 2 - 4j, rtol=1e-8)


def test_compute_gradient_gives_jacobians_of_both_kinds():
    theoretical, numerical = compute_gradient(
        lambda x, y: x[:, None] * y, [mt.constant([1.0, 2.0]), mt.constant([3.0, 4.0, 5.0])]
    )
    assert [m.shape for m in theoretical] == [(6, 2), (6, 3)]
    assert theoretical[0][:3, 0].tolist() == [3, 4, 5]
    for a, b in zip(theoretical, numerical, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-2)
    with pytest.raises(InvalidArgumentError, match="X is the list of all inputs of f"):
        compute_gradient(lambda x: x, mt.constant(1.0))
    with pytest.raises(InvalidArgumentError, match="a function with 2 results"):
        compute_gradient(lambda x: (x, x), [mt.constant(1.0)])


def named(name):
    return next(check for check in CHECKS if check.name == name)


def test_check_op_passes_a_sound_op(make_op):
    check_op(cube_with(make_op, lambda g, x: g * (3 * x * x)))


FLAWS = [
    ("infer", {"infer": lambda x: Spec((*x.shape, 1), x.dtype)}, "infer says shape"),
    ("infer", {"infer": lambda x: Spec(x.shape, np.dtype(np.int32))}, "infer says int32"),
    ("absent gradient", {}, "cube has no gradient and no why_none"),
]


@pytest.mark.parametrize(("check", "declared", "text"), FLAWS)
def test_flaws_are_named(make_op, check, declared, text):
    case = next(cases(cube_with(make_op, None, **declared)))
    with pytest.raises(AssertionError, match=text):
        named(check).run(case)


def test_a_result_in_another_dtype_is_named(make_op):
    @make_op(infer=same, samples=samples.unary(), why_none="only a test")
    def halved(xp, x):
        return x * np.float64(0.5)

    cased = next(case for case in cases(halved) if case.arrays[0].ndim)
    with pytest.raises(AssertionError, match="infer says float32, the formula gives float64"):
        named("float32").run(cased)
    with pytest.raises(AssertionError, match="is no sentence"):
        named("documented").run(cased)


def test_a_kernel_that_differs_is_named(make_op):
    cube = cube_with(make_op, lambda g, x: g * (3 * x * x))

    @cube.kernel("numpy")
    def cube_numpy(xp, x):
        return x**3 + 1e-6

    with pytest.raises(AssertionError, match="the kernel differs from numpy's formula"):
        named("kernel").run(next(cases(cube)))


@pytest.mark.parametrize("name", ["multiply", "where", "top_k", "exp"])
def test_the_gpu_check_compares_forwards_kernels_and_gradients(name, monkeypatch):
    monkeypatch.setattr("minitensor.testing.ops.cupy", lambda: np)
    for case in cases(REGISTRY[name]):
        GPU.run(case)


def test_the_gpu_check_names_a_wrong_gradient(make_op, monkeypatch):
    calls = iter(range(100))
    cube = cube_with(make_op, lambda g, x: g * (x * x * float(next(calls))))
    monkeypatch.setattr("minitensor.testing.ops.cupy", lambda: np)
    with pytest.raises(AssertionError, match=r"cupy \(gradient\) differs from numpy's formula"):
        GPU.run(next(cases(cube)))


def test_samples_are_the_same_each_time():
    first, again = ([case.arrays for case in cases(mt.multiply)] for _ in range(2))
    for arrays, same_arrays in zip(first, again, strict=True):
        for a, b in zip(arrays, same_arrays, strict=True):
            np.testing.assert_array_equal(a, b)
