"""What sessions run: forms of fetches, feeds of anything, and only what is needed."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minitensor.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    """Each test writes into a graph of its own."""
    with tf.Graph().as_default() as written:
        yield written


def test_forms_of_fetches() -> None:
    Pair = collections.namedtuple("Pair", ["a", "b"])
    tf.constant([1.0, 2.0], name="x")
    v = tf.Variable(3.0, name="v")
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run("x:0").tolist() == [1.0, 2.0]
        assert session.run("x") is None
        assert session.run(v) == session.run("v:0") == 3.0
        assert session.run(v.op) is session.run(v.initializer) is None
        assert session.run([]) == []
        assert session.run(()) == ()
        assert session.run([v, (v, [v]), {"k": v}]) == [3.0, (3.0, [3.0]), {"k": 3.0}]
        assert session.run(Pair(v, v * 2)) == Pair(3.0, 6.0)
        ordered = session.run(collections.OrderedDict(b=v, a=v * 2))
        assert ordered == collections.OrderedDict(b=3.0, a=6.0)
        assert list(ordered) == ["b", "a"]
        assert session.run([v, v.initializer, v]) == [3.0, None, 3.0]


def test_results_are_numpy_values_of_the_learners_own() -> None:
    v = tf.Variable([1.0, 2.0])
    c = tf.constant([1, 2])
    with tf.Session() as session:
        session.run(v.initializer)
        for tensor in (v, c):
            session.run(tensor)[0] = 9
            assert session.run(tensor)[0] == 1
    given = np.array([1.0, 2.0], np.float32)
    with tf.Session() as session:
        v.load(given, session)
        given[0] = 7.0
        assert session.run(v)[0] == 1.0
        assert type(session.run(c[0])) is np.int32
        assert session.run(tf.constant("hi")) == b"hi"
        assert session.run(tf.constant(["a", "b"])).tolist() == [b"a", b"b"]


def test_feeds_of_anything() -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.multiply(x, 2.0, name="y")
    z = y + tf.constant(1.0, name="c")
    parts = tf.split(tf.constant([1.0, 2.0]), 2)
    v = tf.Variable(1.0)
    with tf.Session() as session:
        assert session.run(z, {x: 3}) == 7.0
        assert session.run(z, {"x:0": 3, "c:0": 0.0, parts[1]: [5.0]}) == 6.0
        assert session.run(z, {y: 10.0}) == 11.0
        assert session.run(z, {y: 1.0, "c:0": 5.0}) == 6.0
        assert session.run([x, z], {x: 1.0, parts[0]: [4.0]}) == [1.0, 3.0]
        assert [p.tolist() for p in session.run(parts, {parts[0]: [7.0]})] == [[7.0], [2.0]]
        assert session.run(v * 2.0 + v, {v: 5.0}) == 15.0
        whole = tf.placeholder(tf.int32, [])
        assert session.run(whole, {whole: 1.5}) == 1


def test_open_sizes_and_open_ranks() -> None:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    total = tf.reduce_sum(x * x, axis=0)
    slope = tf.gradients(total, x)[0]
    free = tf.placeholder(tf.float32)
    doubled = tf.reduce_sum(free * 2.0)
    text = tf.placeholder(tf.string, [None])
    with tf.Session() as session:
        for rows in (1, 3, 0, 3):
            value = np.ones((rows, 2))
            found, back = session.run([total, slope], {x: value})
            assert found.tolist() == [rows, rows]
            assert back.tolist() == (2 * value).tolist()
        assert session.run(doubled, {free: 3.0}) == 6.0
        assert session.run(doubled, {free: [[1.0, 2.0]]}) == 6.0
        assert session.run(tf.gradients(doubled, free)[0], {free: [1.0, 2.0]}).tolist() == [2, 2]
        assert session.run(text, {text: ["a", b"b"]}).tolist() == [b"a", b"b"]


def test_placeholders_with_a_default() -> None:
    n = tf.placeholder_with_default(3, [], name="n")
    row = tf.placeholder_with_default([1.0, 2.0], [None])
    slope = tf.gradients(tf.reduce_sum(row * row), row)[0]
    with tf.Session() as session:
        assert session.run(tf.zeros([n])).shape == (3,)
        assert session.run(tf.zeros([n]), {n: 5}).shape == (5,)
        assert session.run(slope).tolist() == [2.0, 4.0]
        assert session.run(slope, {row: [5.0]}).tolist() == [10.0]


def test_only_what_is_needed_runs() -> None:
    ran = []
    x = tf.constant(1.0)
    noisy = tf.py_func(lambda a: ran.append(1) or a, [x], tf.float32)
    quiet = x + 1.0
    missing = tf.placeholder(tf.float32, [])
    with tf.Session() as session:
        assert session.run(quiet) == 2.0
        assert ran == []
        assert session.run([noisy, noisy, noisy + quiet]) == [1.0, 1.0, 3.0]
        assert ran == [1]
        assert session.run(noisy + missing, {noisy: 2.0, missing: 1.0}) == 3.0
        assert ran == [1]


def test_callables() -> None:
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as session:
        call = session.make_callable({"y": x * x}, [x])
        assert call(3.0) == {"y": 9.0}
        with pytest.raises(TypeError, match="takes 1 values, but 2"):
            call(1.0, 2.0)
    with pytest.raises(RuntimeError, match="closed Session"):
        call(1.0)


def test_default_sessions_evaluate() -> None:
    x = tf.constant(2.0)
    v = tf.Variable(4.0)
    with tf.Session():
        v.initializer.run()
        assert (x * 3.0).eval() == 6.0
        assert v.eval() == 4.0
    session = tf.Session()
    with session.as_default():
        assert tf.get_default_session() is session
        assert x.eval() == 2.0
    assert x.eval(session=session) == 2.0
    p = tf.placeholder(tf.float32, [])
    interactive = tf.InteractiveSession()
    assert (p + 1.0).eval({p: 1.0}) == 2.0
    interactive.close()
    assert tf.get_default_session() is None


def test_what_ran_can_be_seen() -> None:
    x = tf.placeholder(tf.float32, [])
    told = tf.RunMetadata()
    options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    config = tf.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    with tf.Session(config=config) as session:
        assert session.run(x * 2.0, {x: 1.0}, options, told) == 2.0
    assert [node.op.name for node in told.graph.nodes] == ["multiply"]
    assert "def session" in told.source
    assert told.seconds > 0


def test_programs_are_kept_and_bounded() -> None:
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as session:
        y = x * 2.0
        for _ in range(5):
            session.run(y, {x: 1.0})
        assert len(session._programs) == 1
        for _ in range(200):
            session.run(x + 1.0, {x: 1.0})
        assert len(session._programs) <= 128
