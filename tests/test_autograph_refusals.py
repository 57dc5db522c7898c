"""What AutoGraph refuses: TensorFlow's class and words, the learner's own line, and what to do."""

# ruff: noqa: B007, F841, RET503, SIM108 - statements are what is tested

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable

import pytest

import minitensor as mt
from minitensor.errors import InaccessibleTensorError, InvalidArgumentError

TABLE: list[tuple[Callable, type[Exception], str, str, str]] = []


def refused(error: type[Exception], words: str, line: str, fix: str) -> Callable:
    """Add a function that tracing refuses.

    Args:
        error: the class.
        words: TensorFlow's words.
        line: the beginning of the line at fault.
        fix: part of what to do.
    """

    def add(function: Callable) -> Callable:
        TABLE.append((function, error, words, line, fix))
        return function

    return add


def line_of(function: Callable, beginning: str) -> int:
    """The number of the first line of a function that begins so."""
    lines, first = inspect.getsourcelines(function)
    return first + [line.strip().startswith(beginning) for line in lines].index(True)


@refused(
    ValueError, "'y' must also be initialized in the else branch", "if x > 0", "before the `if`"
)
def main_branch_only(x):
    if x > 0:
        y = 1
    return y


@refused(
    ValueError, "'y' must also be initialized in the main branch", "if x > 0", "before the `if`"
)
def else_branch_only(x):
    if x > 0:
        pass
    else:
        y = 1
    return y


@refused(ValueError, "'d['k']' must also be initialized in the else branch", "if x", "before the")
def new_entry_in_one_branch(x):
    d = {}
    if x > 0:
        d["k"] = x
    return d["k"]


@refused(
    TypeError,
    "'y' has dtype int32 in the main branch, but dtype float32 in the else branch",
    "if x > 0",
    "mt.cast(…, mt.int32)",
)
def two_dtypes(x):
    if x > 0:
        y = 1
    else:
        y = 2.0
    return y


@refused(
    TypeError,
    "'retval_' has dtype int32 in the main branch, but dtype float32 in the else branch",
    "if x > 0",
    "mt.cast",
)
def two_dtypes_returned(x):
    if x > 0:
        return 1
    return 2.0


@refused(
    TypeError,
    "'x > 0' has dtype int32 in the main branch, but dtype float32 in the else branch",
    "return 1 if",
    "mt.cast",
)
def two_dtypes_in_a_ternary(x):
    return 1 if x > 0 else 2.0


@refused(ValueError, "'y' is None at the end of the main branch.", "if x > 0", "cannot hold None")
def none_in_the_main_branch(x):
    if x > 0:
        y = None
    else:
        y = x
    return y


@refused(ValueError, "'y' is None at the end of the else branch.", "if x > 0", "cannot hold None")
def none_in_the_else_branch(x):
    y = None
    if x > 0:
        y = x
    return y


@refused(
    TypeError,
    "'y' must have the same nested structure in the main and else branches:",
    "if x > 0",
    "the same way in both",
)
def two_structures(x):
    if x > 0:
        y = (x, x)
    else:
        y = [x]
    return y


@refused(TypeError, "'o' is <built-in function abs> at the end of the", "if x", "only tensors")
def two_objects(x):
    if x > 0:
        o = abs
    else:
        o = len
    return o(x)


@refused(
    ValueError, "the else branch must also have a return statement.", "if x > 0", "after the `if`"
)
def return_in_one_branch_only(x):
    if x > 0:
        return x


@refused(
    ValueError,
    'condition of if statement expected to be `tf.bool` scalar, got Tensor("x:0", shape=(), '
    "dtype=int32); to use as boolean Tensor, use `tf.cast`; to check for None, use `is not None`",
    "if x:",
    "x != 0",
)
def condition_of_another_dtype(x):
    if x:
        return 1
    return 2


@refused(
    ValueError, "condition of while loop expected to be `tf.bool` scalar", "while mt", "reduce_all"
)
def condition_of_several_elements(x):
    while mt.stack([x, x]) > 0:
        x = x - 1
    return x


@refused(TypeError, "'x' has int32", "s = s + mt.cast", "0.0 instead of 0")
def loop_variable_changes_dtype_in_an_op(x):
    s = 0
    for i in mt.range(3):
        s = s + mt.cast(x, mt.float32)
    return s


@refused(
    TypeError,
    "'s' has dtype int32 before the loop, but dtype float32 after one iteration",
    "for i in",
    "start with that dtype",
)
def loop_variable_changes_dtype(x):
    s = x
    for i in mt.range(3):
        s = mt.cast(s, mt.float32)
    return s


@refused(
    ValueError,
    "'s' has shape (1,) before the loop, but shape (2,) after one iteration. Use "
    "tf.autograph.experimental.set_loop_options to set shape invariants.",
    "for i in",
    "shape_invariants=[(s, mt.TensorShape([None]))]",
)
def loop_variable_changes_shape(x):
    s = mt.reshape(x, [1])
    for i in mt.range(3):
        s = mt.concat([s, s], 0)
    return s


@refused(
    ValueError,
    "'s' has shape (3,) after one iteration, which does not conform with the shape invariant",
    "for i in",
    "in user code",
)
def loop_variable_breaks_its_invariant(x):
    s = mt.zeros([2])
    for i in mt.range(3):
        mt.autograph.experimental.set_loop_options(shape_invariants=[(s, mt.TensorShape([2]))])
        s = mt.zeros([3])
    return s


@refused(TypeError, "'y' does not have the same nested structure", "for i in", "mt.TensorArray")
def loop_variable_changes_structure(x):
    y = []
    for i in mt.range(x):
        y = y + [i]
    return mt.stack(y)


@refused(ValueError, "'y' is None at the end of the iteration.", "for i in", "cannot hold None")
def loop_variable_becomes_none(x):
    y = x
    for i in mt.range(x):
        y = None
    return y


@refused(ValueError, "'y' must be defined before the loop", "while x > 0", "before the loop")
def loop_variable_read_before_it_is_set(x):
    while x > 0:
        x -= y  # noqa: F821
        y = x
    return x


@refused(
    ValueError, "'y' is not allowed to be None before the loop", "while x > 0", "before the loop"
)
def loop_variable_starts_as_none(x):
    y = None
    while x > 0:
        x = x - y
        y = x
    return x


@refused(
    NotImplementedError,
    "a return statement cannot be placed inside this TensorFlow loop; this may happen if a return "
    "statement depends on a static Python condition such as a hyperparameter",
    "for i in",
    "end the function with a `return`",
)
def return_in_a_loop_only(x):
    for i in mt.range(x):
        if i > 3:
            return i


@refused(
    InaccessibleTensorError, "is out of scope and cannot be used here", "return mt", "TensorArray"
)
def list_that_grows_in_a_loop(x):
    y = []
    for i in mt.range(x):
        y.append(i * 2)
    return mt.stack(y)


@refused(
    TypeError, "Iterating over a symbolic `tf.Tensor` is not allowed", "return [a", "mt.map_fn"
)
def comprehension_over_a_tensor(x):
    return [a for a in mt.range(x)]


@refused(TypeError, "Using a symbolic `tf.Tensor` as a Python `bool`", "return x in", "mt.cond")
def tensor_in_a_list(x):
    return x in [1, 2]


@refused(
    TypeError, "len requires a non-scalar tensor, got one of shape ()", "for i in n", "mt.range(n)"
)
def loop_over_a_scalar(n):
    for i in n:
        pass


@refused(
    ValueError, "max(arg) currently support only tensor with rank 1", "return max", "reduce_max"
)
def maximum_of_a_matrix(x):
    return max(mt.zeros([2, 2]) + mt.cast(x, mt.float32))


@refused(ValueError, "negative", "raise ValueError", "mt.debugging.Assert")
def raise_under_a_condition(x):
    if x < 0:
        raise ValueError("negative")
    return x


@refused(RecursionError, "maximum recursion depth", "return endless", "use a loop")
def endless(x):
    if x > 0:
        return endless(x - 1)
    return x


@refused(UnboundLocalError, "'z' is used before assignment", "return z", "in user code")
def never_set(x):
    if x.shape.rank == 7:
        z = 1
    return z


@refused(ValueError, '"set_loop_options" must be the first statement', "", "first statement")
def misplaced_directive(x):
    for i in mt.range(x):
        x = x + 1
        mt.autograph.experimental.set_loop_options(maximum_iterations=2)
    return x


@pytest.mark.parametrize(
    ("function", "error", "words", "line", "fix"), TABLE, ids=[row[0].__name__ for row in TABLE]
)
def test_refusals(
    function: Callable, error: type[Exception], words: str, line: str, fix: str
) -> None:
    with pytest.raises(error) as caught:
        mt.function(function)(mt.constant(5))
    said = str(caught.value)
    assert words in said
    assert fix in said
    if line:
        assert (
            f'File "{__file__}", line {line_of(function, line)}, in {function.__name__}  *' in said
        )
        assert "minitensor/" not in re.sub(re.escape(__file__), "", said)


# Errors of the program itself.


class PickyError(Exception):
    def __init__(self, code: int, place: str):
        super().__init__(code, place)
        self.code = code


def value_error(x):
    if x.shape.rank == 0:
        raise ValueError("boom")


def key_error(x):
    return {}["missing"]


def file_error(x):
    return open("/there/is/no/such/file")  # noqa: PTH123


def picky_error(x):
    raise PickyError(3, "here")


def without_words(x):
    raise ValueError


def in_a_helper(x):
    for i in mt.range(x):
        value_error(i)


@pytest.mark.parametrize(
    ("function", "error", "place"),
    [
        (value_error, ValueError, "raise ValueError"),
        (key_error, KeyError, "return"),
        (file_error, FileNotFoundError, "return"),
        (picky_error, PickyError, "raise"),
        (without_words, ValueError, "raise"),
    ],
)
def test_errors_keep_their_class_and_show_the_line(
    function: Callable, error: type[Exception], place: str
) -> None:
    for _ in range(2):
        with pytest.raises(error) as caught:
            mt.function(function)(mt.constant(5))
        assert type(caught.value) is error
        told = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
        step = f'File "{__file__}", line {line_of(function, place)}, in {function.__name__}  *'
        assert told.count("in user code:") == told.count(step) == 1


def test_what_an_error_carries_stays() -> None:
    with pytest.raises(KeyError) as missing:
        mt.function(key_error)(mt.constant(5))
    assert missing.value.args == ("missing",)
    with pytest.raises(PickyError) as picky:
        mt.function(picky_error)(mt.constant(5))
    assert picky.value.code == 3
    with pytest.raises(FileNotFoundError) as file:
        mt.function(file_error)(mt.constant(5))
    assert file.value.errno == 2


def test_each_function_on_the_way_has_its_line() -> None:
    with pytest.raises(ValueError, match="boom") as caught:
        mt.function(in_a_helper)(mt.constant(5))
    steps = re.findall(r'File "(.*)", line (\d+), in (\w+)  \*\n        (.*)', str(caught.value))
    assert [(step[2], step[3]) for step in steps] == [
        ("in_a_helper", "value_error(i)"),
        ("value_error", 'raise ValueError("boom")'),
    ]


def test_the_traceback_stands_in_the_learners_file() -> None:
    with pytest.raises(ValueError, match="boom") as caught:
        mt.function(in_a_helper)(mt.constant(5))
    last = caught.traceback[-1]
    assert str(last.path) == __file__
    assert last.lineno + 1 == line_of(value_error, "raise")
    assert last.frame.code.name == "value_error"


def test_an_error_caught_inside_is_as_it_was() -> None:
    said = []

    @mt.function
    def f(x):
        try:
            value_error(x)
        except ValueError as error:
            said.append(str(error))
        return x + 1

    assert f(mt.constant(1)).numpy() == 2
    assert said == ["boom"]


def test_an_error_leaves_variables_as_they_were_before_the_branch() -> None:
    @mt.function
    def f(x):
        y = x
        try:
            if x > 0:
                y = y + 1
                raise KeyError("k")
        except KeyError:
            pass
        return y

    assert f(mt.constant(1)).numpy() == 1


# What only running the graph tells.


def test_a_loop_that_must_run_once() -> None:
    @mt.function
    def f(n):
        while n > 0:
            y = n * 10
            n = n - 1
        return y

    assert f(mt.constant(3)).numpy() == 10
    with pytest.raises(
        InvalidArgumentError, match="loop must iterate at least once to initialize y"
    ):
        f(mt.constant(0))


def test_a_loop_that_is_certain_to_run_needs_no_check() -> None:
    @mt.function
    def f(x):
        for row in x:
            y = row * 2
        return y

    assert f(mt.constant([1, 2])).numpy() == 4
    concrete = f.get_concrete_function(mt.constant([1, 2]))
    assert not concrete.graph.has_effects


def test_an_assertion_fails_when_the_graph_runs() -> None:
    @mt.function
    def f(x):
        assert x > 0, "must be positive"
        return x

    assert f(mt.constant(1)).numpy() == 1
    with pytest.raises(InvalidArgumentError, match="must be positive"):
        f(mt.constant(-1))


# Functions that run as they are.


def generator(x):
    yield x


def matching(x):
    match x.shape.rank:
        case 0:
            return x + 1
    return x


def hidden_assignment(x):
    return (y := x.shape.rank) == 0 and y + 1


@pytest.mark.parametrize(
    ("function", "cause"),
    [
        (generator, "generators are not supported"),
        (matching, "match statements are not supported"),
        (hidden_assignment, "assignment expressions inside `and`"),
    ],
)
def test_what_cannot_be_converted_runs_as_it_is_with_one_warning(
    function: Callable, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "minitensor")
    for _ in range(2):
        mt.function(lambda x: [function(x), x][1])(mt.constant(1))
    said = [r.getMessage() for r in caplog.records if "AutoGraph" in r.getMessage()]
    if function is generator:
        assert not said  # called by converted code, as TensorFlow does
        mt.autograph.convert(function)(mt.constant(1))
        said = [r.getMessage() for r in caplog.records]
    assert len(said) == 1
    assert said[0].startswith(
        f"AutoGraph could not transform {function} and will run it as-is.\nCause"
    )
    assert cause in said[0]
    assert said[0].endswith("decorate the function with @tf.autograph.experimental.do_not_convert")
