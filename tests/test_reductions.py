"""Reductions, scans and groups where the registry's tests cannot look: ties, zeros, nothing at all.

Numbers in the tables are TensorFlow 2.21's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

import minitensor as mt
from minitensor import ops

nan, inf = math.nan, math.inf


def gradients(function, *values, dtype="float64"):
    inputs = [mt.constant(v, dtype) for v in values]
    with mt.GradientTape() as tape:
        tape.watch(inputs)
        result = function(*inputs)
    return [None if g is None else g.numpy() for g in tape.gradient(result, inputs)]


# function, input, result, gradient
SPECIAL_POINTS = [
    (ops.reduce_max, [2.0, 3.0, 3.0], 3.0, [0.0, 0.5, 0.5]),
    (ops.reduce_min, [1.0, 1.0, 3.0, 1.0], 1.0, [1 / 3, 1 / 3, 0.0, 1 / 3]),
    (ops.reduce_prod, [0.0, 2.0, 3.0], 0.0, [6.0, 0.0, 0.0]),
    (ops.reduce_prod, [0.0, 0.0, 3.0], 0.0, [0.0, 0.0, 0.0]),
    (ops.reduce_std, [1.0, 1.0], 0.0, [nan, nan]),
    (ops.reduce_euclidean_norm, [0.0, 0.0], 0.0, [nan, nan]),
    (ops.reduce_logsumexp, [-inf, 0.0], 0.0, [0.0, 1.0]),
    (ops.reduce_logsumexp, [-inf, -inf], -inf, [nan, nan]),
    (ops.reduce_logsumexp, [1000.0, 1000.0], 1000 + math.log(2), [0.5, 0.5]),
    (ops.reduce_max, [1.0, nan], nan, [nan, nan]),
    (ops.cumprod, [2.0, 0.0, 3.0], [2.0, 0.0, 0.0], [1.0, 8.0, 0.0]),
    (ops.cumsum, [1.0, 2.0, 3.0], [1.0, 3.0, 6.0], [3.0, 2.0, 1.0]),
    (ops.sort, [3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]),
]


@pytest.mark.parametrize(("function", "x", "result", "gradient"), SPECIAL_POINTS)
def test_special_points(function, x, result, gradient):
    assert_allclose(function(mt.constant(x, "float64")).numpy(), result)
    assert_allclose(gradients(function, x)[0], gradient)


def test_the_gradient_of_a_product_has_a_gradient_at_zeros():
    """∂²(xyz)/∂x∂y = z, also where x is 0."""
    x = mt.constant([0.0, 2.0, 5.0], "float64")
    with mt.GradientTape() as outer:
        outer.watch(x)
        with mt.GradientTape() as inner:
            inner.watch(x)
            y = mt.reduce_prod(x)
        g = inner.gradient(y, x)
    assert_allclose(outer.jacobian(g, x).numpy(), [[0, 5, 2], [5, 0, 0], [2, 0, 0]])


def test_the_variance_bends_as_it_should():
    """TensorFlow stops the gradient at the mean; here the second derivative is 2(δ - 1/n)/n."""
    x = mt.constant([1.0, 2.0, 4.0], "float64")
    with mt.GradientTape() as outer:
        outer.watch(x)
        with mt.GradientTape() as inner:
            inner.watch(x)
            _, variance = ops.moments(x, [0])
        g = inner.gradient(variance, x)
    assert_allclose(outer.jacobian(g, x).numpy(), 2 / 3 * (np.eye(3) - 1 / 3), atol=1e-12)


# function, dtype, what no elements give
NOTHING = [
    (ops.reduce_sum, "float32", 0.0),
    (ops.reduce_prod, "float32", 1.0),
    (ops.reduce_mean, "float32", nan),
    (ops.reduce_std, "float32", nan),
    (ops.reduce_max, "float32", -inf),
    (ops.reduce_min, "float32", inf),
    (ops.reduce_max, "int32", -(2**31)),
    (ops.reduce_min, "int32", 2**31 - 1),
    (ops.reduce_logsumexp, "float32", -inf),
]


@pytest.mark.parametrize(("function", "dtype", "expected"), NOTHING)
def test_reductions_of_nothing(function, dtype, expected):
    result = function(mt.zeros([0, 2], dtype), axis=0)
    assert result.dtype == dtype
    assert_array_equal(result.numpy(), [expected, expected])


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [([1, 2], "int32", 1), ([-1, -2], "int32", -1), ([200, 100], "uint8", 150)],
)  # fmt: skip
def test_the_mean_of_integers_is_cut_off_towards_zero(values, dtype, expected):
    mean = mt.reduce_mean(mt.constant(values, dtype))
    assert mean.dtype == dtype
    assert mean.numpy() == expected


def test_complex_spread_is_real():
    x = mt.constant([1 + 2j, 3 - 1j, 0.5j], "complex64")
    assert ops.reduce_variance(x).dtype == "float32"
    assert_allclose(ops.reduce_variance(x).numpy(), np.var(x.numpy()), rtol=1e-6)
    (g,) = gradients(ops.reduce_variance, x.numpy(), dtype="complex64")
    assert_allclose(g, 2 / 3 * (x.numpy() - x.numpy().mean()), rtol=1e-5)


def test_float16_stays_float16():
    x = mt.constant([1.0, 2.0, 4.0], "float16")
    for function in (ops.reduce_sum, ops.reduce_mean, ops.reduce_std, ops.reduce_logsumexp,
                     ops.cumsum, ops.cumprod, ops.cumulative_logsumexp):  # fmt: skip
        (g,) = gradients(function, x.numpy(), dtype="float16")
        assert (function(x).dtype, g.dtype) == ("float16", np.float16), function


def test_arguments_stand_in_tensorflows_order():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert_array_equal(mt.reduce_sum(x, 1, True).numpy(), x.sum(1, keepdims=True))
    assert_array_equal(mt.argmax(x, 1, mt.int32).numpy(), [2, 2])
    assert mt.argmax(x).dtype == "int64"
    assert_array_equal(mt.argmax(x).numpy(), [1, 1, 1])
    assert_array_equal(mt.cumsum([1, 2, 3], 0, True, True).numpy(), [5, 3, 0])
    assert_array_equal(ops.count_nonzero(x, 0, True).numpy(), [[1, 2, 2]])


def test_positions_of_equals_are_the_first():
    ties = [1, 3, 3, 1, 2]
    assert mt.argmax(ties).numpy() == 1
    assert mt.argmin(ties).numpy() == 0
    assert mt.argsort(ties).numpy().tolist() == [0, 3, 4, 1, 2]
    assert mt.argsort(ties, direction="DESCENDING").numpy().tolist() == [1, 2, 4, 0, 3]
    assert ops.top_k(ties, 3).indices.numpy().tolist() == [1, 2, 4]


def test_top_k_sends_its_gradient_back():
    (g,) = gradients(lambda x: ops.top_k(x, k=2).values * [10.0, 1.0], [1.0, 5.0, 3.0])
    assert g.tolist() == [0.0, 10.0, 1.0]


def test_running_logsumexp():
    x = np.array([-inf, 1.0, 800.0, 2.0])
    expected = [scipy.special.logsumexp(x[: i + 1]) for i in range(4)]
    assert_allclose(ops.cumulative_logsumexp(x).numpy(), expected)
    assert_allclose(ops.cumulative_logsumexp(x, exclusive=True).numpy(), [-inf, *expected[:-1]])
    assert_allclose(gradients(ops.cumulative_logsumexp, x)[0], [0, 1, 2, 0], atol=1e-12)


SEGMENTS = [
    ("sum", [3.0, 0.0, 7.0], [1.0, 1.0, 1.0, 1.0]),
    ("mean", [1.5, 0.0, 3.5], [0.5, 0.5, 0.5, 0.5]),
    ("max", [2.0, 0.0, 4.0], [0.0, 1.0, 0.0, 1.0]),
    ("min", [1.0, 0.0, 3.0], [1.0, 0.0, 1.0, 0.0]),
    ("prod", [2.0, 1.0, 12.0], [2.0, 1.0, 4.0, 3.0]),
]


@pytest.mark.parametrize(("how", "result", "gradient"), SEGMENTS)
def test_sorted_segments(how, result, gradient):
    function = getattr(ops, f"segment_{how}")
    ids = [0, 0, 2, 2]
    assert function([1.0, 2.0, 3.0, 4.0], ids).numpy().tolist() == result
    assert gradients(lambda x: function(x, ids), [1.0, 2.0, 3.0, 4.0])[0].tolist() == gradient


def test_unsorted_segments_leave_negative_ids_out():
    data, ids = [1.0, 2.0, 3.0], [1, -1, 1]
    lowest = float(np.finfo(np.float32).min)
    assert ops.unsorted_segment_sum(data, ids, 2).numpy().tolist() == [0.0, 4.0]
    assert ops.unsorted_segment_max(data, ids, 2).numpy().tolist() == [lowest, 3.0]
    assert ops.unsorted_segment_prod(data, ids, 2).numpy().tolist() == [1.0, 3.0]
    assert ops.unsorted_segment_mean(data, ids, 2).numpy().tolist() == [0.0, 2.0]
    (g,) = gradients(lambda x: ops.unsorted_segment_mean(x, ids, 2), data)
    assert g.tolist() == [0.5, 0.0, 0.5]


def test_counting():
    assert ops.bincount([1, 1, 2, 5], minlength=8).numpy().tolist() == [0, 2, 1, 0, 0, 1, 0, 0]
    assert ops.bincount([1, 1, 2, 5], maxlength=2).numpy().tolist() == [0, 2]
    assert ops.bincount([[0, 1], [1, 1]], axis=-1).numpy().tolist() == [[1, 1], [0, 2]]
    assert ops.bincount([1, 1, 3], binary_output=True).numpy().tolist() == [0, 1, 0, 1]
    (g,) = gradients(lambda w: ops.bincount([0, 5, 1], w, maxlength=2) * [2.0, 3.0], [1.0] * 3)
    assert g.tolist() == [2.0, 0.0, 3.0]
    assert ops.zero_fraction([0, 1, 0, 2]).numpy() == np.float32(0.5)
    assert ops.confusion_matrix([0, 1], [0, 0], weights=[2, 3]).numpy().tolist() == [[2, 0], [3, 0]]


ERRORS = [
    (lambda: mt.reduce_mean([1.0], axis=3),
     "reduce_mean: got shape (1,) float32, axis=3. Axis 3 does not exist. A tensor of rank 1 has "
     "axes -1 to 0. To fix it: choose one of those."),
    (lambda: mt.argmax(mt.zeros([0])),
     "argmax: got shape (0,) float32. Axis 0 has size 0. Reduction axis is empty: nothing is "
     "largest there. To fix it: check for empty tensors first."),
    (lambda: ops.top_k([1, 2], 3),
     "top_k: got shape (2,) int32, k=3, sorted=True, index_type=tf.int32. Input must have at least "
     "k columns. Had 2, needed 3. K is from 0 to the size of the last axis. To fix it: lower k."),
    (lambda: ops.segment_sum([1, 2, 3], [1, 0, 1]), "Segment ids are not increasing"),
    (lambda: ops.segment_sum([1, 2, 3], [0, 1]),
     "Segment_ids should be the same size as dimension 0 of the input"),
    (lambda: ops.unsorted_segment_sum([1, 2], [0, 5], 3), "[1] = 5 is out of range [0, 3)"),
    (lambda: ops.bincount([-1]), "Input arr must be non-negative"),
    (lambda: mt.unique([[1]]), "Unique expects a 1D vector"),
    (lambda: mt.sort([1], direction="up"), "Direction should be one of ASCENDING, DESCENDING"),
    (lambda: ops.confusion_matrix([1, 5], [1, 1], num_classes=3), "`labels` out of bound: 5"),
    (lambda: mt.cumsum([True]), "Dtype bool is not in the list of allowed values"),
]  # fmt: skip


def test_a_confusion_matrix_is_counted_in_a_trace() -> None:
    @mt.function(input_signature=[mt.TensorSpec([None], mt.int32)] * 2)
    def count(labels: Any, predictions: Any) -> Any:
        return ops.confusion_matrix(labels, predictions, num_classes=3)

    assert count([0, 1, 2, 2], [0, 1, 1, 2]).numpy().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    for labels in ([3], [-1]):
        with pytest.raises(mt.errors.InvalidArgumentError, match="`labels` out of bound: classes"):
            count(labels, [0])
    with pytest.raises(mt.errors.InvalidArgumentError, match="`predictions` out of bound: classes"):
        count([0], [3])


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text):
    with pytest.raises(mt.errors.InvalidArgumentError) as caught:
        call()
    assert text in str(caught.value)
