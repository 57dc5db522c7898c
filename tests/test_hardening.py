"""That nothing bad gets past the engine, whatever is passed in.

Every wrong call ends in one five-part error of the promised class, never in an error from inside
numpy or the engine, and leaves everything as it was.
"""

from __future__ import annotations

import sys
import threading
import warnings

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import (
    ArgumentError,
    DTypeError,
    InvalidArgumentError,
    OpError,
    ResourceExhaustedError,
)
from minitensor.op import REGISTRY
from minitensor.shapes import Spec

ENDLESS: list = []
ENDLESS.append(ENDLESS)
X = mt.constant([[1.0, 2.0], [3.0, 4.0]])


def raised(error: type, call) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


NOT_ATTRIBUTES = [None, -100, 1.5, "x", (), (0, 0), (-1, -1), object(), {"a": 1}, float("nan"),
                  10**30, ((1,),), (None,), mt.float32]  # fmt: skip


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_whatever_an_attribute_is_an_op_computes_or_gives_one_lesson(name):
    op = REGISTRY[name]
    rng = np.random.default_rng(0)
    arrays, attrs = next(iter(op.samples(rng)))
    inputs = [mt.constant(a) for a in map(np.asarray, arrays)]
    before = [x.numpy() for x in inputs]
    messages = []
    for key in op.attr_names:
        for value in NOT_ATTRIBUTES:
            try:
                call = {**attrs, key: value}
                op(inputs, **call) if op.variadic else op(*inputs, **call)
            except OpError as error:
                messages.append(str(error))
    assert [text for text in messages if "got " not in text or "To fix it: " not in text] == []
    for x, old in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x.numpy(), old)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: mt.reduce_sum(X, axis=1.5), ArgumentError,
         "reduce_sum: got shape (2, 2) float32, axis=1.5. The argument axis=1.5 cannot be used "
         "('float' object cannot be interpreted as an integer). The call is reduce_sum("
         "input_tensor, axis=None, keepdims=False, name=None). To fix it: compare with it."),
        (lambda: mt.ones([2**50]), ResourceExhaustedError, "Inputs and result must fit"),
        (lambda: mt.reshape(X, "ab"), ArgumentError, "The argument shape='ab' cannot be used"),
        (lambda: mt.add_n(1.5), ArgumentError, "inputs=1.5. It is not a list of tensors"),
        (lambda: mt.clip_by_global_norm(X, 1.0), ArgumentError, "It is not a list"),
        (lambda: mt.TensorShape("ab"), DTypeError, "It is not a list of whole numbers"),
        (lambda: mt.constant(1.0, shape=1.5), DTypeError, "It is not a list of whole numbers"),
        (lambda: mt.constant(1.0, shape=[None]), InvalidArgumentError, "A size is None"),
        (lambda: mt.constant(mt.TensorShape(None)), InvalidArgumentError, "rank is not known"),
        (lambda: mt.math.segment_max(mt.cast(X, "complex64"), [0, 0]), DTypeError, "have no order"),
        (lambda: mt.tensordot(X, X, 5), InvalidArgumentError, "Axes is 5, and the ranks are 2 and"),
        (lambda: mt.tensordot(X, X, [[7], [0]]), InvalidArgumentError, "Axis 7 does not exist"),
        (lambda: mt.tensordot(X, X, "ab"), InvalidArgumentError, "Axes has another form"),
        (lambda: mt.norm(X, ord=1, axis=[5, 1]), InvalidArgumentError, "Axis 5 does not exist"),
        (lambda: mt.norm(X, ord=1, axis=[0, -2]), InvalidArgumentError, "Axis 0 stands twice"),
        (lambda: mt.nest.map_structure(print), ArgumentError, "There is nothing to map over"),
        (lambda: mt.random.set_seed("x"), ArgumentError, "A seed is a whole number"),
        (lambda: mt.nest.flatten(ENDLESS), InvalidArgumentError, "It is nested too deeply"),
        (lambda: mt.constant(ENDLESS), InvalidArgumentError, "It is nested too deeply"),
        (lambda: mt.debugging.assert_less(mt.constant(1j), 2.0), DTypeError, "Assert_less takes"),
        (lambda: mt.config.get_logical_device_configuration("CPU:0"), InvalidArgumentError,
         "It is no physical device"),
        (lambda: mt.constant(2**64), InvalidArgumentError, "pass dtype=mt.float64 or mt.uint64"),
        (lambda: mt.constant(2**64, mt.uint64), DTypeError, "Cannot convert 18446744073709551616"),
        (lambda: mt.constant(10**400, mt.float32), InvalidArgumentError, "out-of-range integer"),
        (lambda: mt.linalg.lstsq(X, [1.0, 2.0]), InvalidArgumentError, "One of them is no matrix"),
        (lambda: mt.convert_to_tensor(mt.IndexedSlices(X, [0, 1])), InvalidArgumentError,
         "Its dense_shape is not known"),
        (lambda: mt.sqrt("a"), DTypeError, "mt.strings.to_number"),
    ],
)  # fmt: skip
def test_errors_of_python_and_numpy_become_lessons(call, error, text):
    assert text in raised(error, call)


def test_an_error_of_the_learners_own_function_stays_hers():
    assert raised(KeyError, lambda: mt.py_function(lambda x: {}["k"], [X], mt.float32)) == "'k'"


@pytest.mark.parametrize("dtype", ["uint64", "float32", "float64", "bfloat16", "complex64"])
def test_an_integer_beyond_int64_is_taken_where_its_dtype_can_hold_it(dtype):
    assert complex(mt.constant(2**63, dtype)) == 2**63


def test_clipping_to_length_0_gives_zeros():
    clipped, length = mt.clip_by_global_norm([mt.constant([3.0, 4.0])], 0)
    assert clipped[0].numpy().tolist() == [0.0, 0.0]
    assert float(length) == 5.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: mt.constant(1e300, mt.float32),
        lambda: mt.constant([1e300, 1.0]),
        lambda: mt.constant(np.array([1e300]), mt.float16),
        lambda: mt.constant([1.0]) * 1e300,
        lambda: 1e300 + mt.constant([1.0]),
        lambda: np.array([1e300]) + mt.constant([1.0]),
        lambda: mt.Variable([1.0]).assign(np.array([1e300])),
        lambda: mt.fill([1], 1e300),
    ],
)
def test_a_number_too_large_for_its_dtype_is_infinite_without_a_warning(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(np.max(make().numpy()))


def test_assigning_to_part_of_a_variable_changes_what_reading_it_shows():
    for index in ([0, 1], (0, 1), 1, np.int64(1), slice(None, None, -1), Ellipsis, None):
        v = mt.Variable([[1.0, 2.0], [3.0, 4.0]])
        old = v.numpy()
        v[index].assign(mt.zeros_like(v[index]) + 9.0)
        assert (v[index].numpy() == 9).all()
        assert (v.numpy() != old).sum() == np.size(v[index].numpy())


def test_threads_that_update_one_variable_lose_no_update():
    v = mt.Variable(0.0)
    w = mt.Variable([0.0, 0.0])

    def update():
        for _ in range(500):
            v.assign_add(1.0)
            w[1].assign_add(1.0)
            w.scatter_nd_add([[0]], [1.0])

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=update) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert v.numpy() == 2000
    assert w.numpy().tolist() == [2000, 2000]


FLOATS = ["float16", "bfloat16", "float32", "float64"]


@pytest.mark.parametrize("dtype", FLOATS)
def test_first_and_second_gradients_keep_the_dtype_and_shape_of_their_source(dtype):
    wrong = []
    for op in REGISTRY.values():
        arrays, attrs = next(iter(op.samples(np.random.default_rng(0))))
        if op.gradient_rule is None or op.name == "call_python":
            continue
        inputs = [mt.constant(a) for a in map(np.asarray, arrays)]
        inputs = [mt.cast(x, dtype) if x.dtype.is_floating else x for x in inputs]
        watched = [x for x in inputs if x.dtype.is_floating]
        try:
            with mt.GradientTape() as outer, mt.GradientTape() as inner:
                outer.watch(watched)
                inner.watch(watched)
                y = op(inputs, **attrs) if op.variadic else op(*inputs, **attrs)
                first = inner.gradient(y, watched)
                first = [g if g is None else mt.convert_to_tensor(g) for g in first]
        except DTypeError as error:
            assert "two bytes" in str(error) or op.name == "complex"  # noqa: PT017
            continue
        second = outer.gradient([g for g in first if g is not None], watched)
        second = [g if g is None else mt.convert_to_tensor(g) for g in second]
        wrong += [
            (op.name, g.dtype, g.shape)
            for x, g in zip(watched * 2, [*first, *second], strict=True)
            if g is not None and (g.dtype, g.shape) != (x.dtype, x.shape)
        ]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(REGISTRY))
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8", "uint64", "complex64"])
def test_results_have_the_dtype_that_was_inferred(name, dtype):
    op = REGISTRY[name]
    arrays, attrs = next(iter(op.samples(np.random.default_rng(0))))
    inputs = [mt.constant(a) for a in map(np.asarray, arrays)]
    inputs = [mt.cast(x, dtype) if x.dtype.is_floating else x for x in inputs]
    if name == "call_python":
        return
    try:
        found = op(inputs, **attrs) if op.variadic else op(*inputs, **attrs)
    except OpError as error:
        assert "cannot be computed (" not in str(error)  # noqa: PT017
        return
    specs = op.infer_specs([Spec(tuple(x.shape), x._array.dtype) for x in inputs], attrs)
    found, specs = (v if type(v) is tuple else (v,) for v in (found, specs))
    assert [x._array.dtype for x in found] == [s.dtype for s in specs]


@pytest.mark.parametrize(
    ("mistake", "error", "words"),
    [
        (lambda: mt.reduce_summ, AttributeError, "did you mean 'reduce_sum'?"),
        (
            lambda: mt.cond(mt.constant([True, False]), lambda: 1, lambda: 2),
            ValueError,
            "one truth",
        ),
        (
            lambda: mt.while_loop(lambda i: i < 3, lambda i: i, [mt.zeros(2)]),
            ValueError,
            "one truth",
        ),
        (lambda: mt.map_fn(3, mt.constant([1.0])), TypeError, "'fn' must be callable"),
        (lambda: mt.py_function(3, [1.0], mt.float32), TypeError, "'func' must be callable"),
        (lambda: mt.constant(1.0) * 10**400, ValueError, "out-of-range integer"),
    ],
)
def test_odd_arguments_get_a_lesson(mistake, error, words):
    with pytest.raises(error) as caught:
        mistake()
    assert words in str(caught.value)
