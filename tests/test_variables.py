"""Variables as TensorFlow 2 has them: text, assignment, scatter updates, names, gradients."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import DTypeError, InvalidArgumentError


def raised(error: type, function, *args, **kwargs) -> str:
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        (lambda: mt.Variable(5.0, name="x"),
         "<tf.Variable 'x:0' shape=() dtype=float32, numpy=5.0>"),
        (lambda: mt.Variable(5), "<tf.Variable 'Variable:0' shape=() dtype=int32, numpy=5>"),
        (lambda: mt.Variable([1.0, 2.0], name="v"),
         "<tf.Variable 'v:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>"),
        (lambda: mt.Variable([[1], [2]]),
         "<tf.Variable 'Variable:0' shape=(2, 1) dtype=int32, numpy=\narray([[1],\n       [2]], "
         "dtype=int32)>"),
        (lambda: mt.Variable(5.0, name="x").assign(6.0),
         "<tf.Variable 'UnreadVariable' shape=() dtype=float32, numpy=6.0>"),
        (lambda: mt.Variable("a"), "<tf.Variable 'Variable:0' shape=() dtype=string, numpy=b'a'>"),
    ],
)  # fmt: skip
def test_text(variable, text):
    assert repr(variable()) == text
    assert str(variable()) == text


def test_construction():
    text = raised(ValueError, mt.Variable)
    assert "he `initial_value` arg to `tf.Variable` must be specified" in text
    assert "To fix it: " in text
    assert mt.Variable(lambda: mt.constant(2.0)).numpy() == 2.0
    assert mt.Variable(1, dtype=mt.float32).dtype == mt.float32
    assert mt.Variable(np.ones(2)).dtype == mt.float64
    text = raised(ValueError, mt.Variable, mt.constant(1), dtype=mt.float32)
    assert "ensor conversion requested dtype float32 for Tensor with dtype int32" in text
    assert mt.Variable(mt.Variable(3.0)).numpy() == 3.0
    assert mt.Variable(1.0).trainable
    assert mt.Variable(1).trainable
    assert not mt.Variable(1.0, trainable=False).trainable
    assert mt.Variable([1.0]).shape == (1,)


def test_a_variable_does_not_share_memory():
    array = np.ones(2, np.float32)
    v = mt.Variable(array)
    array[0] = 9
    v.numpy()[1] = 9
    v.value().numpy()[1] = 9
    assert v.numpy().tolist() == [1.0, 1.0]
    before = v.value()
    v.assign([5.0, 5.0])
    assert before.numpy().tolist() == [1.0, 1.0]


def test_names():
    assert mt.Variable(1.0).name == "Variable:0"
    with mt.name_scope("sc"):
        assert mt.Variable(1.0, name="x").name == "sc/x:0"
        with mt.name_scope("deeper"):
            assert mt.Variable(1.0, name="x").name == "sc/deeper/x:0"
            assert mt.Variable(1.0, name="x").name == "sc/deeper/x:0"
    assert mt.Variable(1.0, name="x").name == "x:0"


def test_assignment():
    v = mt.Variable(1.0, name="x")
    unread = v.assign(6)
    assert unread is not v
    assert unread.numpy() == 6.0
    v.assign(7.0)
    assert unread.numpy() == 7.0
    unread.assign_add(1.0)
    assert v.numpy() == 8.0
    assert v.assign_add(1.0, read_value=False) is None
    assert v.assign_sub(2.0).numpy() == 7.0
    assert (v.assign(2.0) * 3).numpy() == 6.0
    assert v.assign(mt.constant(4.0)).numpy() == 4.0
    assert v.assign(np.float64(5)).numpy() == 5.0
    assert v.assign(mt.Variable(3.0)).numpy() == 3.0
    assert v.read_value().numpy() == 3.0


@pytest.mark.parametrize(
    ("update", "error", "fault"),
    [
        (lambda v: v.assign(1.0), ValueError,
         "The variable shape (2,), and the assigned value shape () are incompatible"),
        (lambda v: v.assign([[1.0, 2.0]]), ValueError, "Shape mismatch"),
        (lambda v: v.assign_add(1.0), InvalidArgumentError,
         "annot update variable with shape [2] using a Tensor with shape []"),
        (lambda v: v.assign_sub([1.0]), InvalidArgumentError, "shapes must be equal"),
        (lambda v: v.assign(mt.constant([1, 2])), ValueError,
         "ensor conversion requested dtype float32 for Tensor with dtype int32"),
        (lambda v: v.assign("ab"), TypeError, "annot convert 'ab' to EagerTensor"),
        (lambda v: v.assign(None), ValueError, "unsupported type"),
    ],
)  # fmt: skip
def test_assignments_that_do_not_fit(update, error, fault):
    v = mt.Variable([1.0, 2.0], name="x")
    text = raised(error, update, v)
    assert fault in text
    assert "To fix it: " in text
    assert v.numpy().tolist() == [1.0, 2.0]


def test_the_error_names_the_variable():
    v = mt.Variable(1.0, name="weights")
    assert "variable 'weights:0'" in raised(ValueError, v.assign, [1.0, 2.0])
    assert "variable 'weights:0'" in raised(ValueError, v.assign_add, [1.0, 2.0])


def test_integer_variables():
    v = mt.Variable(1)
    v.assign_add(2)
    assert v.numpy() == 3
    assert "annot convert 1.5" in raised(TypeError, v.assign, 1.5)
    with mt.GradientTape() as tape:
        y = mt.cast(v, mt.float32) * 2.0
    assert tape.gradient(y, v) is None
    assert [w.ref() for w in tape.watched_variables()] == [v.ref()]


def test_shapes_that_may_change():
    v = mt.Variable([1.0], shape=mt.TensorShape(None))
    v.assign([[1.0, 2.0]])
    assert v.numpy().shape == (1, 2)
    assert v.shape == mt.TensorShape(None)
    w = mt.Variable([[1.0]], shape=[None, 1])
    w.assign([[1.0], [2.0]])
    raised(ValueError, w.assign, [[1.0, 2.0]])
    raised(ValueError, mt.Variable, [1.0, 2.0], shape=[3])


@pytest.mark.parametrize(
    ("operator", "method"),
    [("__iadd__", "assign_add"), ("__isub__", "assign_sub"), ("__imul__", "assign"),
     ("__itruediv__", "assign"), ("__ifloordiv__", "assign"), ("__imod__", "assign"),
     ("__ipow__", "assign"), ("__imatmul__", "assign")],
)  # fmt: skip
def test_in_place_operators_are_refused(operator, method):
    v = mt.Variable(1.0)
    text = raised(RuntimeError, getattr(v, operator), 1)
    assert "with `tf.Variable`s is not supported" in text
    assert f"variable.{method}(value)" in text
    with pytest.raises(RuntimeError) as caught:
        v += 1
    assert str(caught.value) == (
        "`variable += value` with `tf.Variable`s is not supported. Use `variable.assign_add(value)`"
        " to modify the variable, or `out = variable + value` if you need to get a new output "
        "Tensor."
    )


def test_python_protocols():
    v = mt.Variable([1.0, 2.0], name="v")
    text = raised(TypeError, hash, v)
    assert text.startswith(
        "Variable is unhashable. Instead, use variable.ref() as the key. (Variable: "
    )
    assert v.ref().deref() is v
    assert v.ref() == v.ref()
    assert {v.ref(): 1}[v.ref()] == 1
    assert "has no len()" in raised(TypeError, len, v)
    assert [x.numpy() for x in v] == [1.0, 2.0]
    assert (v == [1.0, 3.0]).numpy().tolist() == [True, False]
    assert (v + 1).numpy().tolist() == [2.0, 3.0]
    assert (2 - v).numpy().tolist() == [1.0, 0.0]
    assert (-v).numpy().tolist() == [-1.0, -2.0]
    assert np.sum(v) == 3.0
    assert isinstance(np.ones(2) + v, mt.Tensor)
    scalar = mt.Variable(2)
    assert (int(scalar), float(scalar), list(range(scalar))) == (2, 2.0, [0, 1])
    assert bool(scalar)
    with pytest.raises(TypeError):
        v[0] = 1
    assert v.get_shape() == (2,)
    assert v.ndim == 1


def test_parts_can_be_assigned_to():
    v = mt.Variable([[1.0, 2.0], [3.0, 4.0]])
    assert v[0, 1].numpy() == 2.0
    v[0].assign([5.0, 6.0])
    v[1, 0].assign(7.0)
    v[:, 1].assign_add([1.0, 1.0])
    v[mt.constant(1), 1].assign_sub(1.0)
    assert v.numpy().tolist() == [[5.0, 7.0], [7.0, 4.0]]
    raised(ValueError, v[0].assign, [1.0, 2.0, 3.0])
    raised(TypeError, v[0].assign, ["a", "b"])
    x = v[0] * 2
    assert isinstance(v[0], mt.Tensor)
    assert x.numpy().tolist() == [10.0, 14.0]
    with mt.GradientTape() as tape:
        y = v[0, 0] * v[0, 0]
    assert tape.gradient(y, v).numpy().tolist() == [[10.0, 0.0], [0.0, 0.0]]


def rows(values, indices):
    return mt.IndexedSlices(mt.constant(values), mt.constant(indices))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("scatter_add", [31.0, 2.0, 13.0]),
        ("scatter_sub", [-29.0, 2.0, -7.0]),
        ("scatter_update", [20.0, 2.0, 10.0]),
        ("scatter_max", [20.0, 2.0, 10.0]),
        ("scatter_min", [1.0, 2.0, 3.0]),
        ("scatter_mul", [200.0, 2.0, 30.0]),
        ("scatter_div", [0.005, 2.0, 0.3]),
    ],
)
def test_scatter_of_rows(method, expected):
    v = mt.Variable([1.0, 2.0, 3.0])
    result = getattr(v, method)(rows([10.0, 10.0, 20.0], [0, 2, 0]))
    np.testing.assert_allclose(v.numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)


def test_scatter_wants_rows():
    v = mt.Variable([1.0, 2.0])
    assert "is not an IndexedSlices" in raised(TypeError, v.scatter_add, mt.constant([1.0]))
    with pytest.raises(InvalidArgumentError):
        v.scatter_add(rows([1.0], [7]))
    assert v.numpy().tolist() == [1.0, 2.0]


def test_scatter_nd_and_reads():
    v = mt.Variable([1.0, 2.0, 3.0, 4.0])
    assert v.scatter_nd_update([[1], [3]], [20.0, 40.0]).numpy().tolist() == [1.0, 20.0, 3.0, 40.0]
    v.scatter_nd_add([[0], [0]], [1.0, 1.0])
    v.scatter_nd_sub([[3]], [40.0])
    assert v.numpy().tolist() == [3.0, 20.0, 3.0, 0.0]
    assert v.sparse_read([0, 2]).numpy().tolist() == [3.0, 3.0]
    assert v.gather_nd([[1]]).numpy().tolist() == [20.0]
    v.batch_scatter_update(rows([9.0], [0]))
    assert v.numpy()[0] == 9.0


def test_constraints():
    v = mt.Variable(1.0, constraint=lambda x: mt.clip_by_value(x, 0.0, 2.0))
    assert v.constraint is not None
    v.assign(5.0)
    assert v.numpy() == 5.0  # as in TensorFlow, optimisers apply it


def test_copies_and_pickles():
    v = mt.Variable([1.0, 2.0], name="v", trainable=False)
    for w in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert isinstance(w, mt.Variable)
        assert (w.name, w.trainable, w.shape, w.dtype) == (v.name, False, v.shape, v.dtype)
        w.assign([3.0, 4.0])
    assert v.numpy().tolist() == [1.0, 2.0]
    with mt.name_scope("elsewhere"):
        assert copy.deepcopy(v).name == "v:0"
    shared = copy.deepcopy([v, v])
    assert shared[0] is shared[1]


def test_gradients():
    v, fixed = mt.Variable(3.0), mt.Variable(4.0, trainable=False)
    with mt.GradientTape() as tape:
        y = v * v * fixed
    assert [w.ref() for w in tape.watched_variables()] == [v.ref()]
    dv, df = tape.gradient(y, [v, fixed])
    assert dv.numpy() == 24.0
    assert df is None


def test_the_recorded_value_counts():
    v = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = v * v
        v.assign(100.0)
    assert tape.gradient(y, v).numpy() == 6.0


def test_reading_after_assigning_inside_a_tape():
    v = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        v.assign(5.0)
        y = v * v
    assert tape.gradient(y, v).numpy() == 10.0
    with mt.GradientTape() as tape:
        y = v.assign_add(1.0) * 2.0
    assert tape.gradient(y, v).numpy() == 2.0


def test_errors_are_of_two_kinds():
    v = mt.Variable(1.0)
    with pytest.raises(DTypeError):
        v.assign(mt.constant(1))
    assert issubclass(DTypeError, ValueError)
    assert issubclass(DTypeError, TypeError)
