"""What goes wrong in graphs and sessions: TensorFlow's words first, then what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import minitensor as mt
import minitensor.compat.v1 as tf


def fetch(make: Callable[[], Any], feed: Any = None) -> Callable[[], Any]:
    def program() -> Any:
        fetched = make()
        fed = feed() if callable(feed) else feed
        return tf.Session().run(fetched, fed)

    return program


def variable(**options: Any) -> Any:
    return tf.Variable([1.0, 2.0], name="v", **options)


def placeholder() -> Any:
    return tf.placeholder(tf.float32, [None, 2], name="p")


def elsewhere() -> Any:
    with tf.Graph().as_default():
        return tf.constant(1.0)


def closed() -> None:
    session = tf.Session()
    x = tf.constant(1.0)
    session.close()
    session.run(x)


def reset_inside() -> None:
    with tf.Session():
        tf.reset_default_graph()


def twice() -> None:
    tf.get_variable("gv", [1])
    tf.get_variable("gv", [1])


def shared(**options: Any) -> Callable[[], Any]:
    def program() -> Any:
        tf.get_variable("gv", [1])
        with tf.variable_scope("", reuse=True):
            return tf.get_variable("gv", **options)

    return program


def reuse_what_is_not_there() -> None:
    with tf.variable_scope("s", reuse=True):
        tf.get_variable("gv", [1])


def finalized() -> None:
    tf.get_default_graph().finalize()
    tf.constant(1.0)


def no_gradients() -> None:
    tf.Variable(1.0)
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))


def fixed() -> Any:
    n = tf.constant(3, name="n")
    return tf.Session().run(tf.zeros([n]), {n: 5})


CASES: dict[str, tuple[Callable[[], Any], type, str]] = {
    "uninitialised": (
        fetch(variable), RuntimeError,
        "Could not find variable v. This could mean that the variable has been deleted. In TF1, "
        "it can also mean the variable is uninitialized.",
    ),
    "missing feed": (
        fetch(placeholder), ValueError,
        "You must feed a value for placeholder tensor 'p' with dtype float and shape [?,2]",
    ),
    "missing feed of a scalar": (
        fetch(lambda: tf.placeholder(tf.int32, [], name="p")), ValueError,
        "You must feed a value for placeholder tensor 'p' with dtype int32",
    ),
    "wrong shape": (
        fetch(placeholder, {"p:0": [1, 2, 3]}), ValueError,
        "Cannot feed value of shape (3,) for Tensor p:0, which has shape (None, 2)",
    ),
    "key 3": (
        fetch(placeholder, {3: 1.0}), TypeError,
        "Cannot interpret feed_dict key as Tensor: Can not convert a int into a Tensor.",
    ),
    "unknown key": (
        fetch(placeholder, {"q:0": 1.0}), TypeError,
        "Cannot interpret feed_dict key as Tensor: The name 'q:0' refers to a Tensor which does "
        "not exist. The operation, 'q', does not exist in the graph.",
    ),
    "operation as key": (
        fetch(placeholder, {"p": 1.0}), TypeError,
        "Cannot interpret feed_dict key as Tensor: The name 'p' refers to an Operation, not a "
        'Tensor. Tensor names must be of the form "<op_name>:<output_index>".',
    ),
    "key of another graph": (
        fetch(placeholder, lambda: {elsewhere(): 1.0}), TypeError,
        'Cannot interpret feed_dict key as Tensor: Tensor Tensor("Const:0", shape=(), '
        "dtype=float32) is not an element of this graph.",
    ),
    "tensor as value": (
        fetch(placeholder, lambda: {"p:0": tf.constant(1.0, name="c")}), TypeError,
        "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python "
        "scalars, strings, lists, numpy ndarrays, or TensorHandles. For reference, the tensor "
        'object was Tensor("c:0", shape=(), dtype=float32) which was passed to the argument '
        '`feed_dict` with key Tensor("p:0", shape=(None, 2), dtype=float32).',
    ),
    "number too large": (
        fetch(lambda: tf.placeholder(tf.int32, [], name="p"), {"p:0": 2**40}), TypeError,
        "Type of feed value 1099511627776 with type <class 'int'> is not compatible with Tensor "
        "type <class 'numpy.int32'>. Try explicitly setting the type of the feed tensor to a "
        "larger type (e.g. int64).",
    ),
    "ragged value": (fetch(placeholder, {"p:0": [[1, 2], [3]]}), ValueError, "setting an array"),
    "a constant that is a size": (fixed, ValueError, "Tensor n:0 may not be fed."),
    "fetch None": (
        fetch(lambda: tf.no_op() and None), TypeError,
        'Argument `fetch` = None has invalid type "NoneType". Cannot be None',
    ),
    "fetch [None]": (
        fetch(lambda: [tf.constant(1.0), None]), TypeError,
        'Argument `fetch` = None has invalid type "NoneType". Cannot be None',
    ),
    "fetch 3": (
        fetch(lambda: [tf.constant(1.0), 3]), TypeError,
        'Argument `fetch` = 3 has invalid type "int" must be a string or Tensor. (Can not convert '
        "a int into a Tensor or Operation.)",
    ),
    "unknown name": (
        fetch(lambda: [tf.constant(1.0), "nope:0"]), ValueError,
        "Argument `fetch` = nope:0 cannot be interpreted as a Tensor. (\"The name 'nope:0' refers "
        "to a Tensor which does not exist. The operation, 'nope', does not exist in the graph.\")",
    ),
    "fetch of another graph": (
        fetch(lambda: [tf.constant(1.0), elsewhere()]), ValueError,
        'Argument `fetch` = Tensor("Const:0", shape=(), dtype=float32) cannot be interpreted as a '
        'Tensor. (Tensor Tensor("Const:0", shape=(), dtype=float32) is not an element of this '
        "graph.)",
    ),
    "empty graph": (
        fetch(list), RuntimeError,
        "The Session graph is empty. Add operations to the graph before calling run().",
    ),
    "closed": (closed, RuntimeError, "Attempted to use a closed Session."),
    "eval without session": (
        lambda: tf.constant(1.0).eval(), ValueError,
        "Cannot evaluate tensor using `eval()`: No default session is registered. Use `with "
        "sess.as_default()` or pass an explicit session to `eval(session=sess)`",
    ),
    "run without session": (
        lambda: tf.no_op().run(), ValueError,
        "Cannot execute operation using `run()`: No default session is registered. Use `with "
        "sess.as_default():` or pass an explicit session to `run(session=sess)`",
    ),
    "reset inside": (
        reset_inside, AssertionError,
        "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, "
        "exit the nesting and create a new graph.",
    ),
    "two graphs": (
        lambda: tf.constant(1.0) + elsewhere(), ValueError,
        'Tensor("Const:0", shape=(), dtype=float32) must be from the same graph as',
    ),
    "finalized": (finalized, RuntimeError, "Graph is finalized and cannot be modified."),
    "the same name": (
        twice, ValueError,
        "Variable gv already exists, disallowed. Did you mean to set reuse=True or "
        "reuse=tf.AUTO_REUSE in VarScope?",
    ),
    "nothing to share": (
        reuse_what_is_not_there, ValueError,
        "Variable s/gv does not exist, or was not created with tf.get_variable(). Did you mean to "
        "set reuse=tf.AUTO_REUSE in VarScope?",
    ),
    "shared with another shape": (
        shared(shape=[2]), ValueError,
        "Trying to share variable gv, but specified shape (2,) and found shape (1,).",
    ),
    "shared with another dtype": (
        shared(dtype=tf.int32), ValueError,
        "Trying to share variable gv, but specified dtype int32 and found dtype float32.",
    ),
    "no shape": (
        lambda: tf.get_variable("gv"), ValueError,
        "Variable gv did not get an initializer, so its `shape` argument must be specified.",
    ),
    "a value and a shape": (
        lambda: tf.get_variable("gv", [2], initializer=tf.constant([1.0, 2.0])), ValueError,
        "If initializer is a constant, do not specify shape.",
    ),
    "no value": (
        lambda: tf.Variable(), ValueError,
        "The `initial_value` arg to `tf.Variable` must be specified except when you are not "
        "providing a `variable_def`. You provided neither.",
    ),
    "no variables": (
        lambda: tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0)), ValueError,
        "No variables to optimize.",
    ),
    "no gradients": (no_gradients, ValueError, "No gradients provided for any variable"),
    "two names of one argument": (
        lambda: tf.reduce_sum(tf.constant([1.0]), axis=0, reduction_indices=0), ValueError,
        "Cannot specify both 'axis' and 'reduction_indices'.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_errors_in_graphs(name: str) -> None:
    program, kind, text = CASES[name]
    with tf.Graph().as_default(), pytest.raises(kind) as caught:
        program()
    assert str(caught.value).startswith(text)
    if kind is not AssertionError:
        assert isinstance(caught.value, mt.errors.MinitensorError)


@pytest.mark.parametrize(
    ("program", "text"),
    [
        (
            lambda: tf.placeholder(tf.float32),
            "tf.placeholder() is not compatible with eager execution.",
        ),
        (
            lambda: tf.gradients(tf.constant(1.0), tf.constant(1.0)),
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape",
        ),
        (
            lambda: tf.Session().run(tf.constant(1.0)),
            "The Session graph is empty. Add operations to the graph before calling run().",
        ),
        (
            lambda: tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0)),
            "`loss` passed to Optimizer.compute_gradients should be a function when eager",
        ),
    ],
)
def test_errors_where_ops_compute_at_once(program: Callable[[], Any], text: str) -> None:
    tf.enable_eager_execution()
    tf.reset_default_graph()
    with pytest.raises(RuntimeError) as caught:
        program()
    assert str(caught.value).startswith(text)


def test_eager_mode_has_the_same_names() -> None:
    assert tf.global_variables_initializer() is None
    assert tf.placeholder_with_default(1.0, []).numpy() == 1.0
    assert isinstance(tf.Variable(1.0), mt.Variable)
    assert isinstance(tf.Variable(1.0), tf.Variable)
    assert tf.assign(tf.Variable(1.0), 2.0).numpy() == 2.0
    assert tf.get_default_session() is None
    w = tf.Variable(5.0)
    tf.train.GradientDescentOptimizer(0.1).minimize(lambda: w * w, var_list=[w])
    assert w.numpy() == 4.0


def test_a_tensor_of_a_graph_says_where_it_belongs() -> None:
    with tf.Graph().as_default():
        x = tf.constant(1.0)
        v = tf.Variable(1.0, name="v")
    with pytest.raises(ValueError, match="used where ops compute at once"):
        _ = x + 1.0
    with pytest.raises(ValueError, match="used where ops compute at once"):
        _ = v + 1.0
    with pytest.raises(NotImplementedError, match="only available when eager execution"):
        v.numpy()


def test_a_failing_run_leaves_the_session_usable() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None], name="x")
        v = tf.Variable([1.0, 2.0])
        y = v + x
        session.run(v.initializer)
        for _ in range(2):
            with pytest.raises(ValueError, match="add"):
                session.run(y, {x: [1.0, 2.0, 3.0]})
            assert session.run(y, {x: [1.0, 1.0]}).tolist() == [2.0, 3.0]
