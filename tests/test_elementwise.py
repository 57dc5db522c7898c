"""Elementwise ops where the registry's tests cannot look: kinks, poles, complex numbers.

Numbers in the tables are TensorFlow 2.21's; special functions are held against scipy's.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

import minitensor as mt
import minitensor.bitwise
import minitensor.math as mathematics
from minitensor import ops
from minitensor.errors import InvalidArgumentError

nan, inf = math.nan, math.inf


def gradients(function, *values, dtype="float64"):
    inputs = [mt.constant(v, dtype) for v in values]
    with mt.GradientTape() as tape:
        tape.watch(inputs)
        result = function(*inputs)
    return [None if g is None else g.numpy() for g in tape.gradient(result, inputs)]


# function, inputs, result, gradients
SPECIAL_POINTS = [
    (ops.abs, (0.0,), 0.0, (0.0,)),
    (ops.sign, (2.0,), 1.0, (0.0,)),
    (ops.relu, (0.0,), 0.0, (0.0,)),
    (ops.relu6, (0.0,), 0.0, (0.0,)),
    (ops.relu6, (6.0,), 6.0, (0.0,)),
    (ops.leaky_relu, (0.0,), 0.0, (0.2,)),
    (ops.elu, (0.0,), 0.0, (1.0,)),
    (ops.selu, (0.0,), 0.0, (1.0507009873554805,)),
    (ops.softplus, (0.0,), 0.6931471805599453, (0.5,)),
    (ops.softplus, (1000.0,), 1000.0, (1.0,)),
    (ops.softsign, (0.0,), 0.0, (1.0,)),
    (ops.sqrt, (0.0,), 0.0, (inf,)),
    (ops.rsqrt, (0.0,), inf, (-inf,)),
    (ops.log, (0.0,), -inf, (inf,)),
    (ops.log1p, (-1.0,), -inf, (inf,)),
    (ops.reciprocal, (0.0,), inf, (-inf,)),
    (ops.maximum, (1.0, 1.0), 1.0, (1.0, 0.0)),
    (ops.minimum, (1.0, 1.0), 1.0, (1.0, 0.0)),
    (ops.maximum, (nan, 1.0), nan, (0.0, 1.0)),
    (ops.minimum, (1.0, nan), nan, (0.0, 1.0)),
    (ops.pow, (0.0, 2.0), 0.0, (0.0, 0.0)),
    (ops.pow, (-2.0, 2.0), 4.0, (-4.0, 0.0)),
    (ops.pow, (0.0, 0.0), 1.0, (nan, 0.0)),
    (ops.pow, (0.0, 1.0), 0.0, (1.0, 0.0)),
    (ops.pow, (2.0, 0.0), 1.0, (0.0, 0.6931471805599453)),
    (ops.pow, (-2.0, 0.5), nan, (nan, nan)),
    (ops.pow, (0.0, -1.0), inf, (-inf, nan)),
    (ops.divide, (1.0, 0.0), inf, (inf, -inf)),
    (ops.divide_no_nan, (1.0, 0.0), 0.0, (0.0, 0.0)),
    (ops.divide_no_nan, (3.0, 2.0), 1.5, (0.5, -0.75)),
    (ops.multiply_no_nan, (inf, 0.0), 0.0, (0.0, inf)),
    (ops.multiply_no_nan, (2.0, 3.0), 6.0, (3.0, 2.0)),
    (ops.reciprocal_no_nan, (0.0,), 0.0, (0.0,)),
    (ops.reciprocal_no_nan, (2.0,), 0.5, (-0.25,)),
    (ops.floormod, (7.0, 2.0), 1.0, (1.0, -3.0)),
    (ops.floormod, (-7.0, 2.0), 1.0, (1.0, 4.0)),
    (ops.floordiv, (7.0, 2.0), 3.0, (None, None)),
    (ops.clip_by_value, (-1.0, -1.0, 1.0), -1.0, (1.0, 0.0, 0.0)),
    (ops.clip_by_value, (1.0, -1.0, 1.0), 1.0, (1.0, 0.0, 0.0)),
    (ops.clip_by_value, (-2.0, -1.0, 1.0), -1.0, (0.0, 1.0, 0.0)),
    (ops.clip_by_value, (2.0, -1.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
    (ops.clip_by_value, (0.0, 2.0, 1.0), 2.0, (0.0, 1.0, 0.0)),
    (ops.clip_by_value, (5.0, 2.0, 1.0), 2.0, (0.0, 1.0, 0.0)),
    (ops.atan2, (0.0, 0.0), 0.0, (nan, nan)),
    (ops.atan2, (1.0, 0.0), 1.5707963267948966, (0.0, -1.0)),
    (ops.xlogy, (0.0, 0.0), 0.0, (0.0, 0.0)),
    (ops.xlogy, (2.0, 0.0), -inf, (-inf, inf)),
    (ops.xdivy, (0.0, 0.0), 0.0, (0.0, 0.0)),
    (ops.xlog1py, (0.0, -1.0), 0.0, (0.0, 0.0)),
    (ops.acos, (1.0,), 0.0, (-inf,)),
    (ops.asin, (1.0,), 1.5707963267948966, (inf,)),
    (ops.acosh, (1.0,), 0.0, (inf,)),
    (ops.atanh, (1.0,), inf, (inf,)),
    (ops.sigmoid, (-1000.0,), 0.0, (0.0,)),
    (ops.sigmoid, (1000.0,), 1.0, (0.0,)),
    (ops.log_sigmoid, (-1000.0,), -1000.0, (1.0,)),
    (ops.tanh, (1000.0,), 1.0, (0.0,)),
    (ops.floor, (1.5,), 1.0, (None,)),
    (ops.round, (1.5,), 2.0, (None,)),
    (ops.ceil, (1.5,), 2.0, (None,)),
    (ops.lgamma, (1.0,), 0.0, (-0.5772156649015323,)),
    (ops.digamma, (1.0,), -0.5772156649015323, (1.6449340668482266,)),
    (ops.polygamma, (1.0, 2.0), 0.6449340668482266, (None, -0.4041138063191886)),
    (ops.zeta, (2.0, 2.0), 0.6449340668482266, (None, -0.4041138063191886)),
    (ops.erf, (0.0,), 0.0, (1.1283791670955126,)),
    (ops.erfc, (0.0,), 1.0, (-1.1283791670955126,)),
    (ops.gelu, (1.0,), 0.8413447460685429, (1.0833154705876864,)),
    (ops.silu, (1.0,), 0.7310585786300049, (0.9276705118714869,)),
]


@pytest.mark.parametrize(
    ("function", "inputs", "result", "expected"),
    SPECIAL_POINTS,
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_special_points_are_tensorflows(function, inputs, result, expected):
    assert_allclose(function(*(mt.constant(x, "float64") for x in inputs)).numpy(), result, 1e-14)
    for got, wanted in zip(gradients(function, *inputs), expected, strict=True):
        if wanted is None:
            assert got is None
        else:
            assert_allclose(got, wanted, rtol=1e-14)


# In TensorFlow too, three ops send nothing on where nothing arrives; the others give 0 · inf.
HAZARDS = [
    (ops.sqrt, 1.0),
    (ops.rsqrt, 1.0),
    (ops.reciprocal, 1.0),
    (ops.log, nan),
    (lambda x: 1 / x, nan),
    (lambda x: x**0.5, nan),
]


@pytest.mark.parametrize(("function", "expected"), HAZARDS)
def test_infinite_slope_on_the_side_not_chosen(function, expected):
    (found,) = gradients(lambda x: ops.where(x > 0, function(x), x), 0.0)
    assert_array_equal(found, expected)


# function, its value and gradient at 1 + 2j
COMPLEX = [
    (ops.real, 1.0, 1 + 0j),
    (ops.imag, 2.0, 1j),
    (ops.abs, 2.23606797749979, 0.4472135954999579 + 0.8944271909999159j),
    (ops.angle, 1.1071487177940904, -0.4 + 0.2j),
    (ops.conj, 1 - 2j, 1 - 0j),
    (ops.square, -3 + 4j, 2 - 4j),
    (ops.exp, -1.1312043837568135 + 2.4717266720048188j, -1.1312043837568135 - 2.4717266720048188j),
    (ops.log, 0.8047189562170503 + 1.1071487177940904j, 0.2 + 0.4j),
    (ops.sqrt, 1.272019649514069 + 0.7861513777574233j, 0.28443224050289156 + 0.17578879212707146j),
    (ops.reciprocal, 0.2 - 0.4j, 0.12 - 0.16j),
    (ops.sigmoid, 1.0214153641721806 + 0.40343870608154253j,
     0.14088880756994154 + 0.4207182797053216j),
    (ops.tanh, 1.16673625724092 - 0.2434582011857253j, -0.30200159823596096 - 0.5681030208920801j),
    (lambda z: z**3, -11 - 2j, -9 - 12j),
    (ops.sign, 0.4472135954999579 + 0.8944271909999159j, 0.3577708763999664 - 0.1788854381999832j),
]  # fmt: skip


@pytest.mark.parametrize(("function", "value", "expected"), COMPLEX)
def test_complex_gradients_are_tensorflows(function, value, expected):
    assert_allclose(function(mt.constant(1 + 2j)).numpy(), value, rtol=1e-14)
    assert_allclose(gradients(function, 1 + 2j, dtype="complex128"), [expected], rtol=1e-13)


def test_complex_keeps_infinite_parts():
    z = ops.complex([1.0], [inf]).numpy()
    assert z.real == 1
    assert z.imag == inf


POSITIVE = np.concatenate([np.linspace(0.01, 12, 997), np.logspace(-200, 200, 201)])
NEGATIVE = np.linspace(-20.01, -0.01, 1001)
SPECIAL = [
    (ops.erf, scipy.special.erf, np.linspace(-7, 7, 1001), 1e-14),
    (ops.erfc, scipy.special.erfc, np.linspace(-7, 26, 1001), 1e-13),
    (ops.lgamma, scipy.special.gammaln, POSITIVE, 1e-14),
    (ops.lgamma, scipy.special.gammaln, NEGATIVE, 1e-13),
    (ops.digamma, scipy.special.psi, POSITIVE, 1e-13),
    (ops.digamma, scipy.special.psi, NEGATIVE, 1e-12),
]


@pytest.mark.parametrize(("function", "reference", "x", "accuracy"), SPECIAL)
def test_special_functions_agree_with_scipy(function, reference, x, accuracy):
    # Next to a zero it is the distance to it that is accurate: digamma and lgamma have some.
    assert_allclose(function(x).numpy(), reference(x), rtol=accuracy, atol=1e-15)
    single = x[(np.abs(x) < 1e30) & (np.abs(x) > 1e-30)].astype(np.float32)
    exact = reference(single.astype(np.float64))
    assert_allclose(function(single).numpy(), exact, rtol=2e-5, atol=2e-5)


def test_erf_in_single_precision():
    x = np.concatenate([np.linspace(-6, 6, 40001), [-inf, inf, 1e-30]]).astype(np.float32)
    assert_allclose(ops.erf(x).numpy(), scipy.special.erf(x.astype(np.float64)), rtol=5e-7)
    assert np.isnan(ops.erf([nan]).numpy()).all()


def test_large_arrays_are_computed_in_pieces():
    x = np.linspace(0.1, 9, 3 * 16384 + 5).reshape(-1, 1)
    assert_array_equal(ops.lgamma(x).numpy()[::1000], ops.lgamma(x[::1000]).numpy())
    orders = np.array([1.0, 2.0])
    assert_array_equal(ops.polygamma(orders, x).numpy()[-1], ops.polygamma(orders, x[-1]).numpy())


@pytest.mark.parametrize("order", [0, 1, 2, 3, 7, 12])
def test_polygamma_agrees_with_scipy(order):
    x = np.linspace(0.05, 30, 301)
    ours = ops.polygamma(np.float64(order), x).numpy()
    assert_allclose(ours, scipy.special.polygamma(order, x), rtol=1e-13, atol=1e-15)
    below = np.linspace(-7.3, -0.2, 51)
    recurrence = (-1.0) ** order * math.factorial(order) / below ** (order + 1)
    above = ops.polygamma(np.float64(order), below + 1).numpy()
    assert_allclose(ops.polygamma(np.float64(order), below).numpy(), above - recurrence, rtol=1e-9)


@pytest.mark.parametrize("exponent", [1.01, 1.5, 2.0, 3.0, 8.5, 30.0])
def test_zeta_agrees_with_scipy(exponent):
    q = np.concatenate([np.linspace(0.01, 40, 401), [1e6]])
    ours = ops.zeta(np.float64(exponent), q).numpy()
    assert_allclose(ours, scipy.special.zeta(exponent, q), rtol=1e-13)


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (ops.erf, [-inf, -0.0, inf, nan], [-1, -0.0, 1, nan]),
        (ops.erfc, [-inf, 0.0, 30.0, inf, nan], [2, 1, 0, 0, nan]),
        (ops.lgamma, [-inf, -3.0, -0.0, 0.0, 1.0, 2.0, inf, nan], [inf] * 4 + [0, 0, inf, nan]),
        (ops.digamma, [-inf, -3.0, 0.0, inf, nan], [nan, nan, nan, inf, nan]),
        (lambda x: ops.zeta(x, 1.0), [nan, 0.5, 1.0, inf], [nan, nan, inf, nan]),
        (lambda q: ops.zeta(3.0, q), [-2.0, 0.0], [inf, inf]),
        (lambda a: ops.polygamma(a, 1.0), [-1.0, 2.5], [nan, nan]),
        (ops.round, [0.5, 1.5, 2.5, -0.5], [0, 2, 2, -0.0]),
        (ops.rint, [0.5, 1.5, -1.5], [0, 2, -2]),
        (ops.is_nan, [nan, inf, 1.0], [True, False, False]),
        (ops.is_inf, [nan, inf, 1.0], [False, True, False]),
        (ops.is_finite, [nan, inf, 1.0], [False, False, True]),
        (ops.logaddexp, None, None),
    ],
)  # fmt: skip
def test_values_at_the_edges(function, x, expected):
    if x is None:
        found, expected = ops.logaddexp([1000.0, -1000.0], [1000.0, 0.0]), [1000.6931, 0.0]
        assert_allclose(found.numpy(), expected, rtol=1e-6)
    else:
        assert_array_equal(function(mt.constant(x)).numpy(), expected)


def test_small_arguments_keep_their_digits():
    x = np.array([1e-300, 1e-20, 1e-9])
    assert_allclose(ops.erf(x).numpy(), 2 / math.sqrt(math.pi) * x, rtol=1e-15)
    assert_allclose(ops.expm1(x).numpy(), x, rtol=1e-8)
    z = (1 + np.array([1e-9])) - 1
    series = -np.euler_gamma * z + math.pi**2 / 12 * z**2
    assert_allclose(ops.lgamma(1 + z).numpy(), series, rtol=1e-15)
    assert_allclose(ops.sigmoid(np.array([-40.0])).numpy(), [math.exp(-40)], rtol=1e-15)


@pytest.mark.parametrize("function", [ops.erf, ops.erfc, ops.lgamma, ops.digamma, ops.gelu])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_single(function, dtype):
    x = mt.constant([0.25, 0.5, 1.5, 3.0], dtype)
    half = function(x)
    assert half.dtype == dtype
    single = function(mt.cast(x, "float32")).numpy()
    assert_allclose(mt.cast(half, "float32").numpy(), single, rtol=1e-2)


def test_third_derivative_of_lgamma():
    x = mt.constant(2.5, "float64")
    with mt.GradientTape() as outer:
        outer.watch(x)
        with mt.GradientTape() as middle:
            middle.watch(x)
            with mt.GradientTape() as inner:
                inner.watch(x)
                y = ops.lgamma(x)
            first = inner.gradient(y, x)
        second = middle.gradient(first, x)
    third = outer.gradient(second, x)
    expected = [scipy.special.polygamma(n, 2.5) for n in (0, 1, 2)]
    assert_allclose([v.numpy() for v in (first, second, third)], expected, rtol=1e-13)


def test_gelu_and_its_approximation():
    x = np.array([-3.0, -1.0, 0.5])
    exact, close = ops.gelu(x).numpy(), ops.gelu(x, approximate=True).numpy()
    assert_allclose(exact, [-0.00404969, -0.15865526, 0.34573123], rtol=2e-6)
    assert_allclose(close, [-0.00363739, -0.15880801, 0.34571401], rtol=2e-6)


def test_silu_has_a_gradient_for_beta():
    features, beta = 1.5, 0.7
    found = gradients(ops.silu, features, beta)
    share = 1 / (1 + math.exp(-features * beta))
    expected = [share + beta * features * share * (1 - share), features**2 * share * (1 - share)]
    assert_allclose(found, expected, rtol=1e-14)


def test_leaky_relu_with_another_slope():
    assert_allclose(ops.leaky_relu([-2.0, 3.0], alpha=0.5).numpy(), [-1, 3])
    assert_allclose(gradients(lambda x: ops.leaky_relu(x, 1.5), [-2.0, 3.0]), [[1.5, 1.0]])


def test_where_gives_positions_without_x_and_y():
    found = ops.where([[True, False], [True, True]])
    assert found.dtype == mt.int64
    assert_array_equal(found.numpy(), [[0, 0], [1, 0], [1, 1]])
    assert_array_equal(ops.where([0.0, 1.0, 2.0]).numpy(), [[1], [2]])
    assert ops.where([False, False]).shape == (0, 1)
    with pytest.raises(InvalidArgumentError, match="X and y must both be given"):
        ops.where([True], 1.0)


def test_where_broadcasts_and_converts():
    assert_array_equal(ops.where([[True], [False]], [1.0, 2.0], 0).numpy(), [[1, 2], [0, 0]])
    assert ops.where(True, mt.constant(1, "int8"), 0).dtype == mt.int8


def test_integer_division_rounds_down():
    x, y = mt.constant([7, -7]), mt.constant([-2, 2])
    assert_array_equal((x // y).numpy(), [-4, -4])
    assert_array_equal((x % y).numpy(), [-1, 1])
    assert (x / y).dtype == mt.float64
    for function in (ops.floordiv, ops.floormod):
        with pytest.raises(InvalidArgumentError, match="integer division by zero"):
            function(x, 0)
    with pytest.raises(InvalidArgumentError, match="Integers to negative integer powers"):
        ops.pow(2, -1)


def test_bits():
    x, y = mt.constant([0b1100, -1]), mt.constant([0b1010, 1])
    assert_array_equal(minitensor.bitwise.bitwise_and(x, y).numpy(), [8, 1])
    assert_array_equal(minitensor.bitwise.bitwise_or(x, y).numpy(), [14, -1])
    assert_array_equal(minitensor.bitwise.bitwise_xor(x, y).numpy(), [6, -2])
    assert_array_equal(minitensor.bitwise.invert(mt.constant([7, -7])).numpy(), [-8, 6])
    assert_array_equal(minitensor.bitwise.left_shift([7, -7], 1).numpy(), [14, -14])
    assert_array_equal(minitensor.bitwise.right_shift([7, -7], 1).numpy(), [3, -4])
    assert minitensor.bitwise.invert(mt.constant(1, "uint8")).numpy() == 254


def test_sums_of_lists():
    assert_array_equal(ops.add_n([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).numpy(), [9, 12])
    assert_array_equal(ops.accumulate_n([[1, 2], [3, 4]], shape=[2]).numpy(), [4, 6])
    with pytest.raises(InvalidArgumentError, match=r"Input 1 has shape \(1,\)"):
        ops.add_n([[1.0, 2.0], [3.0]])
    with pytest.raises(InvalidArgumentError, match="There is nothing to add"):
        ops.add_n([])
    with pytest.raises(InvalidArgumentError, match="Tensor_dtype says int32"):
        ops.accumulate_n([[1.0]], tensor_dtype="int32")


def test_scalar_mul_wants_a_scalar():
    assert_array_equal(ops.scalar_mul(2, [1.0, 2.0]).numpy(), [2, 4])
    with pytest.raises(InvalidArgumentError, match="Only a scalar multiplier is allowed"):
        ops.scalar_mul([1.0], [1.0, 2.0])


def test_clip_never_stretches_the_tensor():
    with pytest.raises(InvalidArgumentError, match=r"The bounds have shape \(2,\)"):
        ops.clip_by_value(1.0, [0.0, 1.0], 2.0)


def test_order_equality_and_polynomials():
    assert mathematics.is_non_decreasing([1, 1, 2]).numpy()
    assert not mathematics.is_strictly_increasing([1, 1, 2]).numpy()
    assert mathematics.is_strictly_increasing([]).numpy()
    close = mathematics.approximate_equal([1.0, 1.0], [1.000001, 1.1])
    assert_array_equal(close.numpy(), [True, False])
    assert mathematics.approximate_equal(1.0, 1.1, tolerance=0.2).numpy()
    assert_array_equal(mathematics.polyval([1.0, 0.0, 2.0], [3.0, 0.0]).numpy(), [11, 2])
    assert_array_equal(mathematics.polyval([], [3.0]).numpy(), [0])
    x = np.array([[0.5, 2.0, 3.5]])
    beta = math.lgamma(0.5) + math.lgamma(2) + math.lgamma(3.5) - math.lgamma(6)
    assert_allclose(mathematics.lbeta(x).numpy(), [beta], rtol=1e-14)
    with pytest.raises(InvalidArgumentError, match="coeffs must be list type"):
        mathematics.polyval(3.0, 1.0)


def test_rounding_and_truth_have_no_gradient():
    assert gradients(ops.floor, 1.5) == [None]
    assert gradients(lambda x: ops.cast(ops.is_nan(x), "float64"), 1.5) == [None]
