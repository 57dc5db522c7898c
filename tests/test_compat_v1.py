"""Graphs that are written first and run in sessions: TensorFlow 1's way, over the same graphs."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minitensor as mt
import minitensor.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    """Each test writes into a graph of its own."""
    with tf.Graph().as_default() as written:
        yield written


def names(graph: Any) -> list[str]:
    return [op.name for op in graph.get_operations()]


# The document's own cells, without their summaries. They run in define-and-run mode.

SCALAR = """
import numpy as np

tf.reset_default_graph() # clean up previous ops

a = tf.constant(5.0, name='a')
x = tf.placeholder(tf.float32, shape=(), name='x')
y = a*x

data = np.random.randint(10,size=100)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for step,val in enumerate(data):
        (y_val,) = session.run((y,), {x: val})
        seen.append((val, y_val))
"""
HISTOGRAM = """
tf.reset_default_graph()

b = tf.Variable(tf.random_uniform((50,30),-1,1), name='b')

with tf.Session() as session:
    for step in range(50):
        session.run(tf.global_variables_initializer()) # do this on every step to get new random values
        seen.append(session.run(b))
"""  # noqa: E501 - the line is the document's


def run_cell(cell: str) -> dict[str, Any]:
    """Run a cell as a program of its own, in a thread whose default graph is fresh."""
    space: dict[str, Any] = {"tf": tf, "seen": []}
    failed: list[BaseException] = []

    def program() -> None:
        try:
            exec(cell, space)
        except BaseException as error:
            failed.append(error)
        space["graph"] = tf.get_default_graph()

    thread = threading.Thread(target=program)
    thread.start()
    thread.join()
    assert not failed, failed
    return space


def test_the_scalar_cell() -> None:
    space = run_cell(SCALAR)
    assert len(space["seen"]) == 100
    assert all(y == 5.0 * x and type(y) is np.float32 for x, y in space["seen"])
    assert [space[k].name for k in "axy"] == ["a:0", "x:0", "mul:0"]
    assert names(space["graph"]) == ["a", "x", "mul", "init"]


def test_the_histogram_cell() -> None:
    space = run_cell(HISTOGRAM)
    seen = space["seen"]
    assert len(seen) == 50
    assert all(b.shape == (50, 30) and b.dtype == np.float32 for b in seen)
    assert all(b.min() >= -1 and b.max() < 1 for b in seen)
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(seen))
    inits = [name for name in names(space["graph"]) if name.startswith("init")]
    assert inits == ["init", *(f"init_{i}" for i in range(1, 50))]


# Graphs.


def test_the_graph_is_the_one_that_functions_have(graph: Any) -> None:
    y = tf.constant(2.0, name="a") * tf.placeholder(tf.float32, [], name="x")
    assert isinstance(graph, mt.Graph)
    traced = mt.function(lambda x: x + x).get_concrete_function(mt.TensorSpec([])).graph
    assert isinstance(traced, mt.Graph)
    assert y.graph is graph is tf.get_default_graph()
    assert [op.type for op in graph.get_operations()] == ["Const", "Placeholder", "Mul"]
    assert "= multiply(a, x)" in str(graph)


def test_operations_stand_in_the_order_of_creation_with_tensorflows_names(graph: Any) -> None:
    tf.Variable(tf.zeros([2]), name="b")
    tf.Variable(1.0, name="b")
    first, second = tf.global_variables_initializer(), tf.global_variables_initializer()
    found = names(graph)
    assert found[0] == "zeros"
    assert found[1:4] == ["b", "b/Assign", "b/Read/ReadVariableOp"]
    assert found[4:7] == ["b_1/Initializer/initial_value", "b_1", "b_1/Assign"]
    assert found[-2:] == ["init", "init_1"] == [first.name, second.name]
    assert [op.name for op in first.control_inputs] == ["b/Assign", "b_1/Assign"]
    assert graph.get_operation_by_name("b").type == "VarHandleOp"


def test_a_graph_def_lists_what_waits(graph: Any) -> None:
    v = tf.Variable(1.0, name="v")
    tf.group(v.initializer, name="all")
    nodes = {node.name: node for node in graph.as_graph_def().node}
    assert list(nodes["all"].input) == ["^v/Assign"]
    assert nodes["all"].op == "NoOp"
    assert list(nodes["v/Assign"].input) == ["v", "v/Initializer/initial_value"]


def test_eager_mode_is_left_alone_around_a_graph() -> None:
    def program() -> list[Any]:
        with tf.Graph().as_default():
            inside = mt.executing_eagerly(), mt.constant(1.0) + 1.0
        return [*inside, mt.executing_eagerly(), mt.constant(1.0) + 1.0]

    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(program()))
    thread.start()
    thread.join()
    assert found[0] is False
    assert found[1].name == "add:0"
    assert found[2] is True
    assert found[3].numpy() == 2.0


def test_threads_have_default_graphs_and_sessions_of_their_own(graph: Any) -> None:
    found: list[Any] = []

    def other() -> None:
        found.extend([tf.get_default_graph(), tf.get_default_session(), mt.executing_eagerly()])

    with tf.Session():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert found[0] is not graph
    assert found[1:] == [None, True]


def test_resetting_begins_anew() -> None:
    def program() -> None:
        tf.disable_eager_execution()
        before = tf.constant(1.0).graph
        tf.reset_default_graph()
        after = tf.constant(1.0)
        kept.extend([before, after.graph, after.name])
        tf.enable_eager_execution()
        kept.append(mt.constant(1.0).numpy())

    kept: list[Any] = []
    thread = threading.Thread(target=program)
    thread.start()
    thread.join()
    assert kept[0] is not kept[1]
    assert kept[2:] == ["Const:0", np.float32(1.0)]


def test_collections() -> None:
    tf.add_to_collection("mine", 1)
    tf.add_to_collections(["mine", "yours"], 2)
    assert tf.get_collection("mine") == [1, 2]
    tf.get_collection_ref("yours").append(3)
    assert tf.get_collection("yours") == [2, 3]
    assert tf.get_collection("nobody's") == []
    v, w = tf.Variable(1.0, name="v"), tf.Variable(1.0, name="w", trainable=False)
    local = tf.Variable(1.0, trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    assert tf.global_variables() == [v, w]
    assert tf.global_variables(scope="w") == [w]
    assert tf.trainable_variables() == [v]
    assert tf.local_variables() == [local]


def test_equality_is_identity_as_in_tensorflow() -> None:
    x, y = tf.constant(1.0), tf.constant(1.0)
    assert (x == x, x == y, x != y) == (True, False, True)
    assert [y, x].index(x) == 1
    assert y not in [x]
    assert tf.Session().run(tf.equal(x, y))
    assert tf.Session().run(tf.gradients(tf.reduce_max(tf.stack([x, 2 * y])), y)) == [2.0]


def test_a_graph_draws_as_an_island(graph: Any) -> None:
    from minitensor.views import graph_view

    v = tf.Variable(1.0, name="v")
    tf.placeholder(tf.float32, [], name="x") * v + 1.0
    tf.global_variables_initializer()
    drawn = graph_view(graph)
    assert {"x", "v", "mul", "add"} <= {node.label for node in drawn.nodes}


# Order.


def test_control_dependencies_force_and_order() -> None:
    v = tf.Variable(1.0)
    with tf.control_dependencies([v.assign(5.0)]):
        after = tf.identity(v)
        nothing = tf.no_op(name="n")
        with tf.control_dependencies(None):
            free = tf.identity(v)
    both = tf.group(v.assign_add(1.0), v.assign_add(10.0), name="both")
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(free) == 1.0
        assert session.run(after) == 5.0
        session.run(v.initializer)
        assert session.run([nothing, both]) == [None, None]
        assert session.run(v) == 16.0
    assert [op.type for op in nothing.control_inputs] == ["ReadVariableOp"]


def test_the_librarys_own_names_order_too() -> None:
    v = tf.Variable(1.0)
    with mt.control_dependencies([v.assign(2.0)]):
        after = mt.identity(v)
    both = mt.group(v.assign_add(1.0), mt.no_op(), name="both")
    assert both.name == "both"
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(after) == 2.0
        session.run(both)
        assert session.run(v) == 3.0
    with mt.init_scope():
        assert mt.group(mt.constant(1.0)) is mt.no_op() is None


def test_printing_and_assertions_run_when_they_are_asked_for(capfd: Any) -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    checked = tf.assert_positive(x)
    with tf.control_dependencies([checked, tf.print("x is", x)]):
        y = x * 2.0
    loud = tf.Print(x, [x], "loud ")
    with tf.Session() as session:
        assert session.run(x * 2.0, {x: -1.0}) == -2.0
        assert capfd.readouterr().err == ""
        assert session.run(y, {x: 2.0}) == 4.0
        assert capfd.readouterr().err == "x is 2\n"
        assert session.run(loud, {x: 3.0}) == 3.0
        assert "loud" in capfd.readouterr().err
        with pytest.raises(mt.errors.InvalidArgumentError):
            session.run(y, {x: -1.0})
        assert session.run(checked, {x: 1.0}) is None


def test_control_flow_in_graphs() -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    w = tf.Variable(2.0)
    branch = tf.cond(x > 0.0, lambda: x * w, lambda: x - 1.0)
    power = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * w), [0, x])[1]
    alone = tf.while_loop(lambda i: i < 10, lambda i: i + 3, [tf.constant(0)])
    changed = tf.cond(x > 0.0, lambda: w.assign_add(1.0), lambda: w.assign_sub(1.0))
    slopes = tf.gradients([branch, power], [x, w])
    curve = tf.gradients(slopes[1], w)
    with tf.Session() as session:
        session.run(w.initializer)
        assert session.run([branch, power, alone], {x: 3.0}) == [6.0, 24.0, 12]
        assert session.run(branch, {x: -3.0}) == -4.0
        assert session.run(slopes, {x: 3.0}) == [10.0, 39.0]
        assert session.run(curve, {x: 3.0}) == [36.0]
        assert session.run(changed, {x: 1.0}) == 3.0
        assert session.run(w) == 3.0


def test_random_numbers_are_fresh_each_run_and_repeat_by_seed() -> None:
    free = tf.random_uniform([4])
    tf.set_random_seed(7)
    drawn, own = tf.random_normal([4]), tf.random_uniform([4], seed=3)
    other = tf.random_normal([4])
    a, b = tf.Session(), tf.Session()
    assert not np.array_equal(a.run(free), a.run(free))
    first, second = a.run([drawn, own, other]), a.run([drawn, own, other])
    again = b.run([drawn, own, other])
    assert not np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], first[2])
    for x, y in zip(first, again, strict=True):
        assert np.array_equal(x, y)
    both = a.run([drawn, drawn * 1.0])
    assert np.array_equal(*both)


def test_seeds_under_their_other_name(graph: Any) -> None:
    tf.random.set_random_seed(3)
    assert graph.seed == 3
    assert tf.get_seed(None)[0] == 3
    assert tf.random.uniform([2]).name == "random_uniform/RandomUniform:0"


def test_devices_and_scopes_in_graphs(graph: Any) -> None:
    with tf.device("/cpu:0"), tf.name_scope("outer"):
        x = tf.constant(1.0, name="x") + 1.0
        with tf.name_scope(None) as free:
            y = tf.identity(x, name="y")
        assert graph.get_name_scope() == "outer"
    assert (x.name, free, y.name) == ("outer/add:0", "", "y:0")
    assert tf.Session().run(y) == 2.0


def test_importing_the_library_does_not_load_it() -> None:
    code = "import sys, minitensor; print('minitensor.compat' in sys.modules); minitensor.Graph()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_functions_can_be_called_in_a_graph() -> None:
    w = tf.Variable(3.0)

    @mt.function
    def scaled(x: Any) -> Any:
        return x * w

    x = tf.placeholder(tf.float32, [])
    y = scaled(x)
    slope = tf.gradients(y * y, w)[0]
    with tf.Session() as session, tf.Session() as second:
        session.run(w.initializer)
        w.load(10.0, second)
        assert session.run([y, slope], {x: 2.0}) == [6.0, 24.0]
        assert second.run([y, slope], {x: 2.0}) == [20.0, 80.0]


def test_everything_public_is_here_too() -> None:
    missing = [name for name in mt.__all__ if not hasattr(tf, name)]
    assert missing == []
    for name in tf.endpoints.ELSEWHERE:
        assert callable(getattr(tf, name)), name
    with pytest.raises(AttributeError, match="nothing_like_that"):
        _ = tf.nothing_like_that
