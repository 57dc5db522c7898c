"""Variables of graphs: values per session, sharing by scope, gradients and optimisers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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


def started() -> Any:
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def test_each_session_has_its_own_values() -> None:
    v = tf.Variable(1.0, name="v")
    up = v.assign_add(1.0)
    init = tf.global_variables_initializer()
    a, b = tf.Session(), tf.Session()
    a.run(init)
    b.run(init)
    assert [a.run(up), a.run(up), b.run(up)] == [2.0, 3.0, 2.0]
    assert (a.run(v), b.run(v)) == (3.0, 2.0)
    v.load(9.0, b)
    assert (a.run(v), b.run(v), v.eval(b)) == (3.0, 9.0, 9.0)
    a.run(init)
    assert (a.run(v), b.run(v)) == (1.0, 9.0)


def test_assign_ops() -> None:
    v = tf.Variable([1.0, 2.0], name="v")
    session = started()
    assert session.run(tf.assign(v, [5.0, 6.0])).tolist() == [5.0, 6.0]
    assert session.run(tf.assign_add(v, [1.0, 1.0])).tolist() == [6.0, 7.0]
    assert session.run(tf.assign_sub(v, [6.0, 6.0])).tolist() == [0.0, 1.0]
    step = v.assign(v * 2.0 + 1.0)
    assert [session.run(step).tolist() for _ in range(2)] == [[1.0, 3.0], [3.0, 7.0]]
    quiet = v.assign([0.0, 0.0], read_value=False)
    assert isinstance(quiet, tf.Operation)
    assert session.run(quiet) is None
    assert session.run(v).tolist() == [0.0, 0.0]
    assert session.run(v[0]) == 0.0
    named = tf.assign_add(v, [1.0, 1.0], name="up")
    assert tf.get_default_graph().get_operation_by_name("up").type == "AssignVariableOp"
    assert session.run(named).tolist() == [1.0, 1.0]


def test_an_op_runs_once_in_a_run() -> None:
    n = tf.Variable(0, name="n")
    up = n.assign_add(1)
    session = started()
    assert session.run([up, up]) == [1, 1]
    assert session.run(n) == 1


def test_initial_values() -> None:
    v = tf.Variable(tf.random_uniform([3], -1, 1), name="v")
    twice = tf.Variable(v.initialized_value() * 2.0, name="twice")
    later = tf.Variable(v * 3.0, name="later")
    made = tf.Variable(lambda: tf.ones([2]), name="made")
    session = started()
    found = session.run([v, twice, later])
    assert np.allclose(found[1], 2 * found[0])
    assert np.allclose(found[2], 3 * found[0])
    assert session.run(made).tolist() == [1.0, 1.0]
    assert made.initial_value.name == "made/Initializer/ones:0"
    v.load([1.0, 1.0, 1.0], session)
    session.run(twice.initializer)
    assert session.run(twice).tolist() == [2.0, 2.0, 2.0]
    whole = tf.Variable(1, dtype=tf.float64)
    assert whole.dtype == tf.float64


def test_what_is_initialised() -> None:
    v, w = tf.Variable(1.0, name="v"), tf.Variable(2.0, name="w")
    session = tf.Session()
    report = tf.report_uninitialized_variables()
    known = tf.is_variable_initialized(v)
    assert session.run(report).tolist() == [b"v", b"w"]
    assert not session.run(known)
    session.run(v.initializer)
    assert session.run(report).tolist() == [b"w"]
    assert session.run(known)
    session.run(tf.variables_initializer([w]))
    assert session.run(report).tolist() == []


def test_a_variable_of_the_engine_made_in_a_graph_is_one_of_the_graph() -> None:
    v = mt.Variable(3.0, name="v")
    assert isinstance(v, tf.Variable)
    assert tf.global_variables() == [v]
    assert repr(v) == "<tf.Variable 'v:0' shape=() dtype=float32>"
    session = started()
    assert session.run(v * 2.0) == 6.0
    with mt.GradientTape() as tape:
        loss = v * v
    assert session.run(tape.gradient(loss, v)) == 6.0


def test_no_update_of_a_thread_is_lost() -> None:
    n = tf.Variable(0)
    up = n.assign_add(1)
    session = started()

    def work() -> None:
        for _ in range(100):
            session.run(up)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.run(n) == 400


def test_sizes_of_a_variable_may_be_open() -> None:
    x = tf.placeholder(tf.float32, [None])
    with pytest.raises(ValueError, match="initial_value must have a shape specified"):
        tf.Variable(x)
    v = tf.Variable(x, validate_shape=False)
    slope = tf.gradients(tf.reduce_sum(v * v), v)[0]
    session = tf.Session()
    for size in (3, 5, 2):
        session.run(v.initializer, {x: np.ones(size)})
        assert session.run([v, slope])[1].tolist() == [2.0] * size


# Scopes.


def test_names_in_scopes() -> None:
    with tf.name_scope("a") as scope:
        v = tf.Variable(1.0, name="v")
        g = tf.get_variable("g", [])
        with tf.variable_scope("b") as inner:
            h = tf.get_variable("h", [])
            k = tf.Variable(1.0, name="k")
            z = k + 1.0
            with tf.variable_scope("c"):
                q = tf.get_variable("q", [])
    with tf.variable_scope(inner, reuse=tf.AUTO_REUSE) as again:
        assert tf.get_variable("h", []) is h
        m = tf.Variable(1.0, name="k")
        assert tf.get_variable_scope().name == "b"
    assert scope == "a/"
    assert [x.name for x in (v, g, h, k, z, q, m)] == [
        "a/v:0", "g:0", "b/h:0", "a/b/k:0", "a/b/add:0", "b/c/q:0", "b/k:0",
    ]  # fmt: skip
    assert again.original_name_scope == "a/b/"
    made = []
    for _ in range(2):
        with tf.variable_scope(None, "dense"):
            made.append(tf.get_variable("x", []).name)
    assert made == ["dense/x:0", "dense_1/x:0"]
    with tf.variable_scope("b"):
        assert (tf.constant(1.0) + 1.0).name == "b_1/add:0"


def test_sharing() -> None:
    def layer(x: Any) -> Any:
        w = tf.get_variable("w", [2], initializer=tf.ones_initializer())
        return x * w

    with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
        first = layer(2.0)
        second = layer(3.0)
    with tf.variable_scope("net") as scope:
        scope.reuse_variables()
        third = layer(4.0)
    assert [v.name for v in tf.trainable_variables()] == ["net/w:0"]
    session = started()
    assert [x.tolist() for x in session.run([first, second, third])] == [[2, 2], [3, 3], [4, 4]]


def test_defaults_of_scopes() -> None:
    init = tf.constant_initializer(2.0)
    with tf.variable_scope("s", initializer=init, regularizer=lambda v: tf.reduce_sum(v * v)):
        v = tf.get_variable("v", [3])
        u = tf.get_variable("u", [2], initializer=tf.zeros_initializer, trainable=False)
    [first, _] = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    session = started()
    assert session.run([v, u, first])[2] == 12.0
    assert session.run(tf.losses.get_regularization_loss()) == 12.0
    assert tf.trainable_variables("s") == [v]


def test_initializers() -> None:
    tf.set_random_seed(1)
    n = 400
    found = {
        name: tf.get_variable(name, [n, 100], initializer=getattr(tf.initializers, name)())
        for name in ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_normal",
                     "random_normal", "random_uniform", "truncated_normal")
    }  # fmt: skip
    square = tf.get_variable("o", [4, 4], initializer=tf.orthogonal_initializer())
    default = tf.get_variable("d", [n, 100])
    whole = tf.get_variable("w", [2], dtype=tf.int32)
    session = started()
    values = session.run(found)
    deviation = {
        "glorot_uniform": (2 / (n + 100)) ** 0.5, "glorot_normal": (2 / (n + 100)) ** 0.5,
        "he_uniform": (2 / n) ** 0.5, "he_normal": (2 / n) ** 0.5, "lecun_normal": (1 / n) ** 0.5,
        "random_normal": 1.0, "random_uniform": 12**-0.5, "truncated_normal": 0.8796,
    }  # fmt: skip
    for name, expected in deviation.items():
        assert np.std(values[name]) == pytest.approx(expected, rel=0.02), name
    q = session.run(square)
    assert np.allclose(q @ q.T, np.eye(4), atol=1e-5)
    assert np.abs(session.run(default)).max() <= (6 / (n + 100)) ** 0.5
    assert session.run(whole).tolist() == [0, 0]


# Gradients.


def test_gradients_are_nodes_of_the_graph(graph: Any) -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    w = tf.Variable(3.0)
    y = w * x * x
    before = len(graph.get_operations())
    slopes = tf.gradients(y, [x, w])
    assert all(g.name.startswith("gradients/") for g in slopes)
    assert len(graph.get_operations()) > before
    curve = tf.gradients(slopes[0], x)
    assert curve[0].name.startswith("gradients_1/")
    session = started()
    assert session.run([*slopes, *curve], {x: 2.0}) == [12.0, 4.0, 6.0]


def test_arguments_of_gradients() -> None:
    x = tf.constant([1.0, 2.0])
    y, other = x * x, tf.constant(1.0)
    stopped = x * 3.0
    z = stopped * x
    session = tf.Session()
    assert tf.gradients(y, other) == [None]
    zeros = tf.gradients(y, [other], unconnected_gradients="zero")
    assert session.run(zeros) == [0.0]
    assert session.run(tf.gradients(y, x, grad_ys=tf.constant([10.0, 1.0])))[0].tolist() == [
        20.0,
        4.0,
    ]
    assert session.run(tf.gradients([y, x * 1.0], x))[0].tolist() == [3.0, 5.0]
    assert session.run(tf.gradients([y, x], x, [None, [5.0, 5.0]]))[0].tolist() == [7.0, 9.0]
    assert session.run(tf.gradients(z, x))[0].tolist() == [6.0, 12.0]
    assert session.run(tf.gradients(z, x, stop_gradients=stopped))[0].tolist() == [3.0, 6.0]
    assert session.run(tf.gradients(y, x, name="mine"))[0].tolist() == [2.0, 4.0]
    assert session.run(tf.gradients(x, x))[0].tolist() == [1.0, 1.0]


def test_sparse_gradients_can_be_fetched_and_applied() -> None:
    table = tf.Variable(np.ones((4, 2), np.float32))
    loss = tf.reduce_sum(tf.gather(table, [1, 1, 2]))
    [rows] = tf.gradients(loss, table)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    session = started()
    found = session.run(rows)
    assert isinstance(found, tf.IndexedSlicesValue)
    assert found.indices.tolist() == [1, 1, 2]
    assert found.dense_shape.tolist() == [4, 2]
    session.run(step)
    assert session.run(table)[:, 0].tolist() == [1.0, 0.0, 0.5, 1.0]


# Optimisers. The numbers are TensorFlow 2.21's, after three steps on w = [1, -2], loss = Σ w² + w.

OPTIMISERS: dict[str, tuple[Callable[[], Any], list[float]]] = {
    "sgd": (lambda: tf.train.GradientDescentOptimizer(0.1), [0.268, -1.268]),
    "momentum": (lambda: tf.train.MomentumOptimizer(0.1, 0.9), [-0.407, -0.593]),
    "nesterov": (
        lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
        [-0.66252804, -0.33747205],
    ),
    "adam": (lambda: tf.train.AdamOptimizer(0.1), [0.70090389, -1.70090377]),
    "rmsprop": (lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5), [0.22722346, -1.22722352]),
    "rmsprop centered": (
        lambda: tf.train.RMSPropOptimizer(0.1, centered=True),
        [0.43775705, -1.43775702],
    ),
    "adagrad": (lambda: tf.train.AdagradOptimizer(0.1), [0.77816194, -1.77816188]),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_step_as_tensorflows(name: str) -> None:
    make, expected = OPTIMISERS[name]
    w = tf.Variable([1.0, -2.0], name="w")
    count = tf.train.get_or_create_global_step()
    step = make().minimize(tf.reduce_sum(w * w + w), global_step=count)
    session = started()
    for _ in range(3):
        session.run(step)
    assert np.allclose(session.run(w), expected, rtol=2e-6)
    assert tf.train.global_step(session, count) == 3


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_step_alike_where_ops_compute_at_once(name: str) -> None:
    make, expected = OPTIMISERS[name]
    with mt.init_scope():
        w = mt.Variable([1.0, -2.0], name="w")
        optimiser = make()
        for _ in range(3):
            optimiser.minimize(lambda: tf.reduce_sum(w * w + w), var_list=[w])
        assert np.allclose(w.numpy(), expected, rtol=2e-6)


def test_names_and_slots_of_optimisers() -> None:
    w = tf.Variable(1.0, name="w")
    frozen = tf.Variable(1.0, name="frozen", trainable=False)
    optimiser = tf.train.AdamOptimizer(0.1)
    pairs = optimiser.compute_gradients(w * frozen)
    assert [v.name for _, v in pairs] == ["w:0"]
    clipped = [(tf.clip_by_value(g, -0.1, 0.1), v) for g, v in pairs]
    step = optimiser.apply_gradients(clipped)
    assert step.name == "Adam"
    assert [v.name for v in tf.global_variables()] == [
        "w:0", "frozen:0", "beta1_power:0", "beta2_power:0", "w/Adam:0", "w/Adam_1:0",
    ]  # fmt: skip
    assert optimiser.get_slot(w, "m").name == "w/Adam:0"
    assert optimiser.get_slot_names() == ["m", "v"]
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == [step]


def test_a_step_updates_from_the_values_before_it() -> None:
    w, b = tf.Variable(1.0), tf.Variable(2.0)
    loss = w * b
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    session = started()
    assert session.run([step, loss]) == [None, 2.0]
    assert session.run([w, b]) == [0.0, 1.5]


def test_constraints_hold_after_each_step() -> None:
    w = tf.Variable(1.0, constraint=lambda x: tf.maximum(x, 0.5))
    step = tf.train.GradientDescentOptimizer(1.0).minimize(w * 3.0)
    session = started()
    session.run(step)
    assert session.run(w) == 0.5


def test_linear_regression_in_batches_of_any_size() -> None:
    x = tf.placeholder(tf.float32, [None, 1])
    t = tf.placeholder(tf.float32, [None, 1])
    w = tf.Variable(tf.random_normal([1, 1]), name="w")
    b = tf.Variable(tf.zeros([1]), name="b")
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - t), reduction_indices=[0, 1])
    step = tf.train.GradientDescentOptimizer(0.3).minimize(loss)
    session = started()
    rng = np.random.default_rng(0)
    for i in range(300):
        batch = rng.uniform(-1, 1, (8 + i % 3, 1))
        session.run(step, {x: batch, t: 3 * batch + 1})
    assert np.allclose(session.run(w), 3, atol=1e-3)
    assert np.allclose(session.run(b), 1, atol=1e-3)


def test_learning_rates() -> None:
    step = tf.placeholder(tf.int64, [])
    rates = {
        "exponential": tf.train.exponential_decay(0.1, step, 10, 0.5),
        "staircase": tf.train.exponential_decay(0.1, step, 10, 0.5, staircase=True),
        "inverse": tf.train.inverse_time_decay(0.1, step, 10, 0.5),
        "natural": tf.train.natural_exp_decay(0.1, step, 10, 0.5),
        "polynomial": tf.train.polynomial_decay(0.1, step, 10, 0.01, power=2.0),
        "cosine": tf.train.cosine_decay(0.1, step, 10),
        "pieces": tf.train.piecewise_constant(step, [5, 15], [1.0, 0.5, 0.1]),
    }
    found = tf.Session().run(rates, {step: 5})
    assert found == pytest.approx(
        {
            "exponential": 0.1 * 0.5**0.5, "staircase": 0.1, "inverse": 0.1 / 1.25,
            "natural": 0.1 * np.exp(-0.25), "polynomial": 0.09 * 0.25 + 0.01, "cosine": 0.05,
            "pieces": 1.0,
        },
        rel=1e-5,
    )  # fmt: skip


# Old names and arguments.


def test_old_arguments() -> None:
    x = tf.constant([[1.0, 4.0], [3.0, 2.0]])
    run = tf.Session().run
    assert run(tf.reduce_sum(x, reduction_indices=[1])).tolist() == [5.0, 5.0]
    assert run(tf.reduce_mean(x, 0, keep_dims=True)).tolist() == [[2.0, 3.0]]
    assert run(tf.argmax(x, 1)).tolist() == run(tf.arg_max(x, 1)).tolist() == [1, 0]
    assert run(tf.argmax(x, dimension=0)).tolist() == [1, 0]
    assert run(tf.expand_dims(x, dim=0)).shape == (1, 2, 2)
    assert run(tf.squeeze(tf.ones([1, 2, 1]), squeeze_dims=[0])).shape == (2, 1)
    assert run(tf.div(7, 2)) == 3
    assert run(tf.to_float(3)).dtype == np.float32
    assert run(tf.to_int32(3.7)) == 3
    assert run(tf.where([True, False], [[1, 2], [3, 4]], [[5, 6], [7, 8]])).tolist() == [
        [1, 2], [7, 8],
    ]  # fmt: skip
    assert run(tf.log(tf.exp(2.0))) == pytest.approx(2.0)
    assert run(tf.random_crop(x, [1, 2])).shape == (1, 2)
    assert run(tf.tuple([x, x])[0]).tolist() == run(x).tolist()
    assert run(tf.nn.dropout(tf.ones([1000]), keep_prob=0.5)).mean() == pytest.approx(1.0, abs=0.2)
    assert run(tf.nn.softmax(x, dim=0)).sum() == pytest.approx(2.0)
    assert run(tf.nn.in_top_k([[0.1, 0.9]], [1], 1)).tolist() == [True]
    image = tf.ones([1, 4, 4, 1])
    wide = tf.nn.conv2d_transpose(image, tf.ones([2, 2, 3, 1]), [1, 8, 8, 3], [1, 2, 2, 1])
    assert run(wide).shape == (1, 8, 8, 3)
    deep = tf.nn.depthwise_conv2d(image, tf.ones([2, 2, 1, 2]), [1, 1, 1, 1], "SAME")
    assert run(deep).shape == (1, 4, 4, 2)
    assert run(tf.nn.max_pool(image, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")).shape == (1, 2, 2, 1)
    assert run(tf.nn.conv2d(image, tf.ones([3, 3, 1, 2]), [1, 1, 1, 1], "VALID")).shape == (
        1, 2, 2, 2,
    )  # fmt: skip


def test_losses() -> None:
    labels, scores = [[1.0, 0.0], [0.0, 1.0]], tf.constant([[2.0, 0.0], [1.0, 0.0]])
    run = tf.Session().run
    expected = np.mean([np.log1p(np.exp(-2.0)), np.log1p(np.exp(1.0))])
    assert run(tf.losses.softmax_cross_entropy(labels, scores)) == pytest.approx(expected)
    assert run(tf.losses.sparse_softmax_cross_entropy([0, 1], scores)) == pytest.approx(expected)
    assert run(tf.losses.mean_squared_error(labels, scores, weights=[[1.0], [0.0]])) == 0.5
    assert run(tf.losses.absolute_difference(labels, scores)) == 0.75
    assert run(tf.losses.huber_loss(labels, scores)) == pytest.approx((0.5 + 0.5 + 0.5) / 4)
    assert len(tf.losses.get_losses()) == 5
    total = run(tf.losses.get_total_loss())
    assert total == pytest.approx(sum(run(tf.losses.get_losses())))
    with pytest.raises(TypeError, match="Only call `softmax_cross_entropy_with_logits` with named"):
        tf.nn.softmax_cross_entropy_with_logits(labels, scores)
