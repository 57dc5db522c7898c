"""The backward pass step by step, and on random programs against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitensor as mt
from minitensor.backward import Send, Step
from minitensor.graph.ir import Node


def product_plus(a: Any, b: Any) -> Any:
    return a * b + a


def test_steps_are_the_gradient_one_node_at_a_time() -> None:
    a, b = mt.Variable(2.0, name="a"), mt.Variable(3.0, name="b")
    with mt.GradientTape() as tape:
        y = product_plus(a, b)
    steps = list(tape.steps(y, [a, b]))
    assert all(type(step) is Step and type(step.node) is Node for step in steps)
    assert [s.node.op.name for s in steps] == ["add", "multiply", "read_variable", "read_variable"]
    add, multiply, read_b, read_a = steps
    assert [float(g) for g in add.cotangents] == [1.0]
    sent = [(s.index, float(s.raw), float(s.contribution), s.before, float(s.after))
            for step in (add, multiply) for s in step.sends]  # fmt: skip
    assert sent == [(0, 1, 1, None, 1), (1, 1, 1, None, 1), (0, 3, 3, 1.0, 4), (1, 2, 2, None, 2)]
    assert all(type(send) is Send for send in add.sends)
    assert add.sends[0].input is multiply.node.outputs[0]
    assert read_a.sends[0].input is a
    assert read_b.sends[0].input is b
    arrived = {id(s.input): float(s.after) for step in steps for s in step.sends}
    gradient = tape.gradient(y, [a, b])
    assert [arrived[id(a)], arrived[id(b)]] == [g.numpy() for g in gradient] == [4.0, 2.0]


def test_steps_take_everything_watched_and_start_where_told() -> None:
    a, b = mt.Variable(2.0), mt.constant([1.0, 2.0])
    with mt.GradientTape() as tape:
        tape.watch(b)
        y = a * b
    [multiply, read] = tape.steps(y, output_gradients=[10.0, 1.0])
    shapes = [(tuple(s.raw.shape), tuple(s.contribution.shape)) for s in multiply.sends]
    assert shapes == [((2,), ()), ((2,), (2,))]
    assert float(read.sends[0].after) == 12.0


def test_steps_may_be_left_half_way() -> None:
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        y = x * x * x
        steps = tape.steps(y)
        next(steps)
        z = y * x
    del steps
    after = x * 2.0
    assert after.numpy() == 4.0
    assert [node.op.name for node in tape.nodes][-1] == "multiply"
    assert tape.gradient(z, x).numpy() == 32.0


def test_steps_inside_the_block_are_not_recorded_unless_persistent() -> None:
    x = mt.Variable(2.0)
    for persistent in (False, True):
        with mt.GradientTape(persistent=persistent) as tape:
            y = x * x
            before = len(tape.nodes)
            list(tape.steps(y))
        assert (len(tape.nodes) > before) == persistent


def test_wrong_questions_are_refused_at_once() -> None:
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        y = x * x
    with pytest.raises(TypeError, match="Argument `target`"):
        tape.steps(None)
    with pytest.raises(ValueError, match="neither a tensor nor a variable"):
        tape.steps(y, 3.0)


UNARY = [mt.tanh, mt.sin, mt.square, lambda v: mt.exp(mt.sin(v)), lambda v: v * v[..., :1],
         lambda v: mt.transpose(mt.reshape(v, [-1, 1]) + 0.5 * v[0, 0])[:, : v.shape[-1]],
         lambda v: mt.reduce_sum(v, axis=-1, keepdims=True) / 3.0,
         lambda v: mt.gather(v, [1, 0, 1])[:2],
         lambda v: mt.concat([v[1:], v[:1]], axis=0)]  # fmt: skip
BINARY = [mt.add, mt.subtract, mt.multiply, lambda a, b: a / (2.0 + mt.sin(b)),
          lambda a, b: mt.maximum(a, b), lambda a, b: mt.where(a > 0.3, a, b)]  # fmt: skip
PROGRAMS = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=10
)


def run(program: list, sources: list) -> Any:
    """The sum of everything that a random program of ops computes."""
    values = list(sources)
    for choice, first, second in program:
        a, b = values[first % len(values)], values[second % len(values)]
        if choice % 2:
            a = mt.broadcast_to(a, [2, a.shape[-1]]) if a.shape[0] != 2 else a
            values.append(UNARY[choice % len(UNARY)](a))
        else:
            values.append(BINARY[choice % len(BINARY)](a, b))
        if mt.reduce_max(mt.abs(values[-1])).numpy() > 20.0:
            values[-1] = mt.sin(values[-1])
    return mt.add_n([mt.reduce_sum(mt.cos(v)) for v in values])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(PROGRAMS, st.integers(0, 2**32 - 1))
def test_random_programs_have_the_gradient_of_finite_differences(program: list, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [(2, 3), (2, 1), (1, 3), (1, 1)]
    arrays = [rng.normal(size=shape) for shape in shapes]
    ways = [rng.normal(size=shape) for shape in shapes]
    sources = [mt.constant(a) for a in arrays]
    with mt.GradientTape() as tape:
        tape.watch(sources)
        y = run(program, sources)
    shown = {id(x): np.zeros(x.shape) for x in sources}
    for step in tape.steps(y, sources):
        for send in step.sends:
            if id(send.input) in shown:
                part = send.contribution
                dense = part if not isinstance(part, mt.IndexedSlices) else send_dense(part)
                shown[id(send.input)] += dense
    gradients = tape.gradient(y, sources, unconnected_gradients="zero")
    slope = 0.0
    for x, gradient, way in zip(sources, gradients, ways, strict=True):
        gradient = mt.convert_to_tensor(gradient).numpy()
        np.testing.assert_allclose(shown[id(x)], gradient, rtol=1e-12, atol=1e-12)
        slope += float(np.sum(gradient * way))
    h = 1e-6
    ends = [run(program, [mt.constant(a + s * h * w) for a, w in zip(arrays, ways, strict=True)])
            for s in (1, -1)]  # fmt: skip
    middle = abs(float(ends[0]) + float(ends[1]) - 2 * float(y))
    if middle < 1e-6:  # else a kink of maximum or where lies in between
        measured = (float(ends[0]) - float(ends[1])) / (2 * h)
        assert slope == pytest.approx(measured, rel=1e-4, abs=1e-4)


def send_dense(rows: Any) -> np.ndarray:
    dense = np.zeros(tuple(rows.dense_shape))
    np.add.at(dense, rows.indices, rows.values)
    return dense
