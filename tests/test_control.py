"""Control flow, printing, assertions, Python functions, name scopes."""

from __future__ import annotations

import collections
import logging
import re
import sys

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import InvalidArgumentError, OutOfRangeError


def gradient(function, x):
    variable = mt.Variable(x)
    with mt.GradientTape() as tape:
        y = function(variable)
    found = tape.gradient(y, variable)
    return None if found is None else mt.convert_to_tensor(found).numpy().tolist()


# Branches and loops


def test_cond():
    x = mt.constant(3.0)
    assert mt.cond(x > 0, lambda: x * 2, lambda: -x).numpy() == 6.0
    assert mt.cond(False, lambda: 1, lambda: 2) == 2
    assert mt.cond(mt.constant(True), lambda: (1, {"a": x}), lambda: None)[1]["a"] is x
    assert gradient(lambda v: mt.cond(v > 0, lambda: v * v, lambda: -v), 3.0) == 6.0
    assert gradient(lambda v: mt.cond(v > 0, lambda: v * v, lambda: -v), -3.0) == -1.0
    with pytest.raises(TypeError, match="'true_fn' must be callable"):
        mt.cond(True, 1, 2)
    with pytest.raises(ValueError, match="one truth value"):
        mt.cond(mt.constant([True, False]), lambda: 1, lambda: 2)


def test_switch_case():
    branches = [lambda: "zero", lambda: "one", lambda: "two"]
    assert mt.switch_case(mt.constant(1), branches) == "one"
    assert mt.switch_case(mt.constant(7), branches) == "two"
    assert mt.switch_case(mt.constant(-1), branches) == "two"
    assert mt.switch_case(mt.constant(7), branches, default=lambda: "else") == "else"
    assert mt.switch_case(mt.constant(1), {1: lambda: "b", 0: lambda: "a"}) == "b"
    assert mt.switch_case(mt.constant(0), [(0, lambda: "a")]) == "a"
    with pytest.raises(TypeError, match="must be an integer Tensor"):
        mt.switch_case(1, branches)
    with pytest.raises(ValueError, match="contiguous range"):
        mt.switch_case(mt.constant(1), {5: lambda: 1})
    with pytest.raises(ValueError, match="contiguous range"):
        mt.switch_case(mt.constant(1), [(1, lambda: 1), (1, lambda: 2)])


def test_case():
    false, true = mt.constant(False), mt.constant(True)
    assert mt.case([(false, lambda: 1), (true, lambda: 2), (true, lambda: 3)]) == 2
    assert mt.case([(false, lambda: 1)], default=lambda: 7) == 7
    with pytest.raises(InvalidArgumentError, match=r"[Nn]one of conditions evaluated as True"):
        mt.case([(false, lambda: 1)])
    with pytest.raises(InvalidArgumentError, match=r"[Mm]ore than one condition"):
        mt.case([(true, lambda: 1), (true, lambda: 2)], exclusive=True)


def test_while_loop():
    def doubled(i, s):
        return i + 1, s * 2

    i, s = mt.while_loop(lambda i, s: i < 3, doubled, (mt.constant(0), mt.constant(1)))
    assert (i.numpy(), s.numpy()) == (3, 8)
    assert isinstance(mt.while_loop(lambda i: False, lambda i: [i], [0])[0], mt.Tensor)
    assert (
        mt.while_loop(lambda i: i < 9, lambda i: [i + 1], [0], maximum_iterations=2)[0].numpy() == 2
    )
    found = mt.while_loop(lambda i: i < 3, lambda i: i + 1, [mt.constant(0)])
    assert isinstance(found, list)
    assert found[0].numpy() == 3

    def power(v):
        return mt.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * v), (0, v))[1]

    assert gradient(power, 2.0) == 32.0
    with pytest.raises(ValueError, match="keys or lengths differ"):
        mt.while_loop(lambda i: i < 3, lambda i: (i + 1, i), [mt.constant(0)])
    with pytest.raises(ValueError, match="'loop_vars' must be provided"):
        mt.while_loop(lambda i: i < 3, lambda i: i + 1, mt.constant(0))
    with pytest.raises(TypeError, match="'body' must be callable"):
        mt.while_loop(lambda i: i < 3, 3, [0])


# Functions along an axis


@pytest.mark.parametrize("mapped", [mt.map_fn, mt.vectorized_map])
def test_maps(mapped):
    x = mt.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_array_equal(mapped(mt.reduce_sum, x).numpy(), [3.0, 7.0, 11.0])
    np.testing.assert_array_equal(mapped(lambda row: row * row, x).numpy(), x.numpy() ** 2)
    assert gradient(lambda v: mapped(lambda row: row * row, v), [1.0, 2.0]) == [2.0, 4.0]


def test_map_fn_over_structures():
    pair = mt.constant([1, 2]), mt.constant([3, 4])
    both = mt.map_fn(lambda p: (p[0] + p[1], p[0]), pair)
    assert [x.numpy().tolist() for x in both] == [[4, 6], [1, 2]]
    total = mt.map_fn(lambda p: p[0] * p[1], pair, fn_output_signature=mt.int32)
    assert total.numpy().tolist() == [3, 8]
    named = mt.map_fn(lambda x: {"a": x, "b": mt.cast(x, mt.float32)}, pair[0],
                      fn_output_signature={"a": mt.int32, "b": mt.float32})  # fmt: skip
    assert named["b"].numpy().tolist() == [1.0, 2.0]
    spec = mt.TensorSpec([2], mt.float32)
    assert mt.map_fn(lambda x: x, mt.zeros([0, 2]), fn_output_signature=spec).shape == (0, 2)
    assert mt.map_fn(lambda x: x, mt.zeros([0, 2])).shape == (0,)
    with pytest.raises(ValueError, match="TensorArray dtype is int32"):
        mt.map_fn(lambda x: mt.cast(x, mt.float32), pair[0])
    with pytest.raises(ValueError, match=r"same|keys|leaf"):
        mt.map_fn(lambda p: p[0], pair)
    with pytest.raises(ValueError, match=re.escape("1+ dimensional")):
        mt.map_fn(lambda x: x, mt.constant(3))
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(1,\)"):
        mt.map_fn(lambda x: x, (mt.constant([1, 2]), mt.constant([3])))
    with pytest.raises(ValueError, match=r"[Ss]hapes of all inputs must match"):
        mt.map_fn(mt.range, mt.constant([1, 2]))


def test_folds_and_scans():
    x = mt.constant([1, 2, 3])
    minus = lambda a, b: a - b  # noqa: E731
    assert mt.foldl(minus, x).numpy() == -4
    assert mt.foldr(minus, x).numpy() == 0
    assert mt.foldl(minus, x, initializer=10).numpy() == 4
    assert mt.foldl(lambda a, p: a + p[0] * p[1], (x, x), initializer=mt.constant(0)).numpy() == 14
    plus = lambda a, b: a + b  # noqa: E731
    assert mt.scan(plus, x).numpy().tolist() == [1, 3, 6]
    assert mt.scan(plus, x, reverse=True).numpy().tolist() == [6, 5, 3]
    assert mt.scan(plus, x, mt.constant(10)).numpy().tolist() == [11, 13, 16]
    fibonacci = mt.scan(lambda a, _: (a[1], a[0] + a[1]), mt.zeros([4]),
                        initializer=(mt.constant(0), mt.constant(1)))  # fmt: skip
    assert [f.numpy().tolist() for f in fibonacci] == [[1, 1, 2, 3], [1, 2, 3, 5]]
    assert gradient(lambda v: mt.foldl(lambda a, b: a * b, v), [2.0, 3.0, 4.0]) == [12.0, 8.0, 6.0]
    assert gradient(lambda v: mt.scan(plus, v), [1.0, 1.0, 1.0]) == [3.0, 2.0, 1.0]
    with pytest.raises(OutOfRangeError, match="nothing to start from"):
        mt.foldl(plus, mt.zeros([0]))


def test_what_has_no_effect_while_ops_run_at_once():
    assert mt.group(mt.constant(1)) is None
    assert mt.no_op() is None
    with mt.control_dependencies([mt.constant(1)]):
        assert mt.constant(1).numpy() == 1
    assert [x.numpy() for x in mt.identity_n([mt.constant(1), 2.0])] == [1, 2.0]
    before = mt.timestamp().numpy()
    assert before <= mt.timestamp().numpy()
    assert mt.timestamp().dtype == mt.float64


def test_ensure_shape():
    x = mt.constant([[1.0, 2.0]])
    assert mt.ensure_shape(x, [None, 2]).numpy().tolist() == [[1.0, 2.0]]
    assert mt.ensure_shape(x, mt.TensorShape(None)).shape == (1, 2)
    assert gradient(lambda v: mt.ensure_shape(v, [2]) * 3.0, [1.0, 2.0]) == [3.0, 3.0]
    with pytest.raises(InvalidArgumentError) as caught:
        mt.ensure_shape(mt.constant([1, 2]), [3])
    assert "[2] is not compatible with expected shape [3]" in str(caught.value)


def test_stop_gradient():
    assert gradient(lambda v: mt.stop_gradient(v * v) * v, 3.0) == 9.0


# Python functions


def test_py_function():
    x = mt.constant(3.0)
    assert mt.py_function(lambda v: v * 2, [x], mt.float32).numpy() == 6.0
    assert mt.py_function(lambda: 3, [], mt.float32).numpy() == 3.0
    both = mt.py_function(lambda v: (v, [1, 2]), [x], [mt.float32, mt.int32])
    assert [y.dtype.name for y in both] == ["float32", "int32"]
    assert mt.py_function(lambda v: None, [x], []) == []
    assert (
        gradient(lambda v: mt.py_function(lambda w: w**3 if w > 0 else -w, [v], mt.float32), 2.0)
        == 12.0
    )
    with pytest.raises(ValueError, match="requested dtype float64"):
        mt.py_function(lambda v: v, [x], mt.float64)
    with pytest.raises(ValueError, match=r"their numbers differ|Their numbers differ"):
        mt.py_function(lambda v: (v, v), [x], [mt.float32])
    with pytest.raises(ZeroDivisionError):
        mt.py_function(lambda v: 1 / 0, [x], mt.float32)


def test_the_op_behind_py_function_differentiates_twice():
    from minitensor.python_function import call_python

    x = mt.constant(2.0)
    with mt.GradientTape() as outer:
        outer.watch(x)
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = call_python([x], func=lambda v: v**3, Tout=("float32",))
        first = tape.gradient(y, x)
    assert first.numpy() == 12.0
    assert outer.gradient(first, x).numpy() == 12.0


def test_numpy_function():
    def sorted_twice(a):
        assert isinstance(a, np.ndarray)
        return np.sort(a), len(a)

    x = mt.constant([3.0, 1.0])
    values, count = mt.numpy_function(sorted_twice, [x], [mt.float32, mt.int64])
    assert values.numpy().tolist() == [1.0, 3.0]
    assert (count.numpy(), count.dtype) == (2, mt.int64)
    assert mt.numpy_function(lambda: 3.0, [], mt.float32).dtype == mt.float32
    assert gradient(lambda v: mt.numpy_function(np.sin, [v], mt.float32), 1.0) is None


# Printing: expected texts are those of TensorFlow 2.21


def printed(capsys, *inputs, **options) -> str:
    mt.print(*inputs, output_stream=sys.stdout, **options)
    return capsys.readouterr().out


ONE = [1]
Point = collections.namedtuple("Point", "a b")


@pytest.mark.parametrize(
    ("inputs", "options", "text"),
    [
        (lambda x: ("TF", x, x.shape, [x, x], {"a": x}, "sep"), {"sep": "|"},
         "TF|1|TensorShape([])|[1, 1]|{'a': 1}|sep\n"),
        (lambda x: (mt.constant("s"),), {}, "s\n"),
        (lambda x: ("a", mt.constant("s")), {}, 'a "s"\n'),
        (lambda x: (mt.constant(["a", "b"]),), {}, '["a" "b"]\n'),
        (lambda x: ([mt.constant("s")],), {}, '["s"]\n'),
        (lambda x: ("z", mt.constant('"\n')), {}, 'z "\\"\\n"\n'),
        (lambda x: (mt.constant([1.5, 2.0, 1.23456788, 1e10, 0.1, 1 / 3]),), {},
         "[1.5 2 1.23456788 1e+10 0.1 0.333333343]\n"),
        (lambda x: (mt.constant([1e10, 1 / 3], mt.float64),), {},
         "[10000000000 0.33333333333333331]\n"),
        (lambda x: (mt.constant([float("nan"), float("inf"), -float("inf")]),), {},
         "[nan inf -inf]\n"),
        (lambda x: (mt.constant([1.5, 1 / 3], mt.float16), mt.constant(-0.0)), {},
         "[1.5 0.333251953] -0\n"),
        (lambda x: (mt.constant([1.5, 1 / 3], mt.bfloat16),), {}, "[1.5 0.333984375]\n"),
        (lambda x: (mt.constant([True, False]), mt.constant(True), None, True, 1.5, (1, 2)), {},
         "[1 0] 1 None True 1.5 (1, 2)\n"),
        (lambda x: (mt.range(20),), {}, "[0 1 2 ... 17 18 19]\n"),
        (lambda x: (mt.range(6),), {}, "[0 1 2 3 4 5]\n"),
        (lambda x: (mt.range(7),), {}, "[0 1 2 ... 4 5 6]\n"),
        (lambda x: (mt.range(8),), {"summarize": -1}, "[0 1 2 3 4 5 6 7]\n"),
        (lambda x: (mt.range(8),), {"summarize": 1}, "[0 ... 7]\n"),
        (lambda x: (mt.ones([3, 3]),), {"summarize": 1}, "[[1 ... 1]\n ...\n [1 ... 1]]\n"),
        (lambda x: (mt.reshape(mt.range(8), [2, 2, 2]),), {},
         "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]\n"),
        (lambda x: (mt.Variable(3.0), np.ones(2)), {}, "3 array([1., 1.])\n"),
        (lambda x: ({"b": mt.ones([2, 2]), "a": (x, [x])},), {},
         "{'a': (1, [1]), 'b': [[1 1]\n [1 1]]}\n"),
        (lambda x: ("{}", x, "{1} %s"), {}, "{} 1 {1} %s\n"),
        (lambda x: (Point(x, "q"), "it's", ["it's"]), {}, "P(a=1, b='q') it's [\"it's\"]\n"),
        (lambda x: (x,), {"end": "!"}, "1!"),
        (lambda x: (), {}, "\n"),
        (lambda x: (mt.zeros([0]), mt.zeros([2, 0])), {}, "[] [[]\n []]\n"),
    ],
)  # fmt: skip
def test_print(capsys, inputs, options, text):
    assert printed(capsys, *inputs(mt.constant(1)), **options) == text.replace("P(", "Point(")


def test_print_goes_to_stderr_or_where_it_is_told(capsys, tmp_path):
    assert mt.print("x", mt.constant(1)) is None
    assert capsys.readouterr() == ("", "x 1\n")
    path = tmp_path / "log.txt"
    for i in range(2):
        mt.print(mt.constant(i), output_stream=f"file://{path}")
    assert path.read_text() == "0\n1\n"

    class Stream:
        text = ""

        def write(self, text: str) -> None:
            self.text += text

    stream = Stream()
    mt.print("a", output_stream=stream)
    assert stream.text == "a\n"
    with pytest.raises(ValueError, match=r"[Uu]nrecognized keyword arguments for tf.print"):
        mt.print(1, ends="x")
    with pytest.raises(ValueError, match="no stream"):
        mt.print(1, output_stream="bad")


# Assertions


def refused(function, *args, **kwargs) -> str:
    with pytest.raises(ValueError, match="To fix it: ") as caught:
        function(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize(
    ("check", "args", "text"),
    [
        ("assert_equal", ([1, 2, 3, 4, 5], [1, 2, 3, 4, 6], "msg"),
         "msg\nCondition x == y did not hold.\nIndices of first 1 different values:\n[[4]]\n"
         "Corresponding x values:\n[5]\nCorresponding y values:\n[6]\n"
         "First 3 elements of x:\n[1 2 3]\nFirst 3 elements of y:\n[1 2 3]\n"),
        ("assert_equal", (1, 2, "msg"),
         "msg\nCondition x == y did not hold.\nFirst 1 elements of x:\n[1]\n"
         "First 1 elements of y:\n[2]\n"),
        ("assert_none_equal", ([1, 2], [1, 3]), "Condition x != y did not hold.\n"),
        ("assert_less", ([1, 2], [1, 3]), "Condition x < y did not hold.\n"),
        ("assert_less_equal", ([1, 4], [1, 3]), "Condition x <= y did not hold.\n"),
        ("assert_greater", ([[1, 2], [3, 4]], [1, 3]),
         "Condition x > y did not hold.\nFirst 3 elements of x:\n[1 2 3]\n"
         "First 2 elements of y:\n[1 3]\n"),
        ("assert_greater_equal", ([1, 2], [1, 3]), "Condition x >= y did not hold.\n"),
        ("assert_positive", ([1, 0], "m"),
         "m\nCondition x > 0 did not hold element-wise:\nx (shape=(2,) dtype=int32) = \n1, 0\n"),
        ("assert_negative", ([1.0, -1.0],), "x (shape=(2,) dtype=float32) = \n1.0, -1.0\n"),
        ("assert_non_negative", (-1,), "Condition x >= 0 did not hold element-wise:\n"),
        ("assert_non_positive", (2,), "Condition x <= 0 did not hold element-wise:\n"),
        ("assert_near", ([1.0, 2.0], [1.0, 2.1]), "x and y not equal to tolerance rtol = "),
        ("assert_rank", ([1, 2], 2), "Tensor must have rank 2. Received rank 1, shape (2,)"),
        ("assert_rank_at_least", ([1, 2], 2), "Tensor must have rank at least 2. Received rank 1"),
        ("assert_rank_in", ([1, 2], [2, 3]), "Tensor must have rank in (2, 3). Received rank 1"),
        ("assert_scalar", ([1],), "Expected scalar shape, saw shape: (1,)"),
        ("assert_all_finite", ([1.0, np.nan], "m"), "Tensor had NaN values (m)"),
        ("check_numerics", ([1.0, np.nan, np.inf], "m"), "Tensor had Inf and NaN values (m)"),
        ("assert_type", (1, mt.float32), "ensor must be of type tf.float32; got tf.int32"),
        ("assert_integer", (1.0,), 'Expected "x" to be integer type'),
        ("Assert", (False, ["x is", [1, 2, 3, 4]]),
         "Expected 'False' to be true. Summarized data: b'x is'\n1, 2, 3, ..."),
    ],
)  # fmt: skip
def test_assertions(check, args, text):
    assert text in refused(getattr(mt.debugging, check), *args)


def test_assertions_that_hold():
    debugging = mt.debugging
    assert debugging.assert_equal([1, 2], [1, 2]) is None
    assert debugging.assert_equal("a", "a") is None
    debugging.assert_near(1.0, 1.0000001)
    debugging.assert_less([1, 2], 3)
    debugging.assert_rank([1], 1)
    debugging.assert_type(1, mt.int32)
    debugging.assert_integer([1])
    debugging.assert_positive([])
    debugging.Assert(True, [1])
    debugging.assert_proper_iterable([1])
    assert debugging.assert_scalar(1).numpy() == 1
    assert debugging.check_numerics([1.0], "m").numpy().tolist() == [1.0]
    assert gradient(lambda v: mt.debugging.check_numerics(v * v, "m"), 3.0) == 6.0
    assert debugging.is_numeric_tensor(mt.constant(1))
    assert not debugging.is_numeric_tensor(mt.constant("a"))
    assert not debugging.is_numeric_tensor(mt.constant(True))
    assert not debugging.is_numeric_tensor(1)
    assert debugging.assert_same_float_dtype([mt.constant(1.0)]) == mt.float32
    assert "m\n" in refused(debugging.assert_rank, [1], 2, "m")
    with pytest.raises(TypeError):
        debugging.assert_proper_iterable(mt.constant(1))
    with pytest.raises(TypeError):
        debugging.assert_rank([1], 1.5)
    with pytest.raises(ValueError, match="same"):
        debugging.assert_same_float_dtype([mt.constant(1.0), mt.constant(1.0, mt.float64)])


def test_assert_shapes():
    x, y = mt.zeros([2, 3]), mt.zeros([3])
    check = mt.debugging.assert_shapes
    check([(x, ("N", "D")), (y, ("D",)), (x, "ND"), (x, (None, 3)), (x, (..., "D"))])
    check([(x, mt.TensorShape([2, None]))])
    assert "must have size 2. Received size 3" in refused(check, [(x, ("N", "D")), (y, ("N",))])
    assert "Specified explicitly" in refused(check, [(x, (2, 4))])
    assert "must have rank 1" in refused(check, [(x, ("N",))])
    assert "must be an iterable" in refused(check, [(x, 3)])


def test_check_numerics_names_op_inputs_and_line():
    mt.debugging.enable_check_numerics()
    mt.debugging.enable_check_numerics()
    try:
        assert mt.executing_eagerly()
        assert (mt.constant(1.0) + 1.0).numpy() == 2.0
        x = mt.Variable([1.0, 0.0])
        text = refused(lambda: x * 3.0 / (x - x))
        assert text.startswith("divide: got x=[3. 0.] (shape (2,)), y=[0. 0.] (shape (2,))")
        assert "1 NaN, 1 Inf among 2 elements, the first at index [0]" in text
        assert "test_control.py" in text
        assert "x * 3.0 / (x - x)" in text
        with pytest.raises(InvalidArgumentError, match="log"):
            mt.math.log(mt.constant([-1.0]))
    finally:
        mt.debugging.disable_check_numerics()
    assert np.isnan(mt.math.log(mt.constant(-1.0)).numpy())


# Scopes


def test_name_scopes():
    with mt.name_scope("a") as a, mt.name_scope("b") as b:
        assert (a, b) == ("a/", "a/b/")
        with mt.name_scope("c/") as c:
            assert c == "c/"
            assert mt.Variable(1, name="v").name == "c/v:0"
        with mt.name_scope("") as root:
            assert root == ""
            assert mt.Variable(1, name="v").name == "v:0"
        assert mt.Variable(1, name="v").name == "a/b/v:0"
    assert mt.Variable(1, name="v").name == "v:0"
    scope = mt.name_scope("q")
    assert scope.name == "q"
    with scope, scope as inner:
        assert inner == "q/q/"
    with pytest.raises(ValueError, match=r"[Nn]ame for name_scope must be a string"):
        mt.name_scope(None)
    with pytest.raises(ZeroDivisionError), mt.name_scope("x"):
        1 / 0
    assert mt.Variable(1, name="v").name == "v:0"


def test_init_scope_hides_tapes():
    v = mt.Variable(3.0)
    with mt.GradientTape(persistent=True) as tape:
        with mt.init_scope():
            assert mt.executing_eagerly()
            hidden = v * v
        shown = v * v
    assert tape.gradient(shown, v).numpy() == 6.0
    assert tape.gradient(hidden, v) is None
    assert isinstance(mt.get_logger(), logging.Logger)
