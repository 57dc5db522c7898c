"""Two threads at once: tapes, scopes, devices and seeds do not disturb each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import InvalidArgumentError
from minitensor.op import state


def side_by_side(*works: Callable) -> list:
    """Run the works in threads that start together; what they return, or raise."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable):
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [found.result() for found in [pool.submit(run, work) for work in works]]


def test_tapes():
    shared = mt.Variable(2.0)

    def work(power: int) -> Callable:
        def train() -> list:
            found = []
            for _ in range(100):
                with mt.GradientTape() as tape:
                    y = shared**power
                found.append(float(tape.gradient(y, shared)))
                assert state.tapes == ()
            return found

        return train

    assert side_by_side(work(2), work(3), work(4)) == [[4.0] * 100, [12.0] * 100, [32.0] * 100]


def test_a_tape_does_not_see_another_thread():
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        side_by_side(lambda: x * x)
        y = x + 1.0
    assert tape.gradient(y, x).numpy() == 1.0
    assert "multiply" not in [node.op.name for node in tape.nodes]


def test_scopes_and_devices():
    def work(name: str, device: str) -> Callable:
        def run() -> set:
            found = set()
            for _ in range(200):
                with mt.name_scope(name), mt.device(device):
                    found.add((mt.Variable(1.0, name="v").name, state.device.short_name))
            return {*found, (state.scope, state.device)}

        return run

    first, second = side_by_side(work("a", "/CPU:0"), work("b", "/CPU:0"))
    assert first == {("a/v:0", "/device:CPU:0"), ("", None)}
    assert second == {("b/v:0", "/device:CPU:0"), ("", None)}
    with mt.name_scope("outer"):
        assert side_by_side(lambda: state.scope) == [""]


def test_seeds():
    def work(seed: int) -> Callable:
        def run() -> list:
            mt.random.set_seed(seed)
            return [mt.random.normal([3]).numpy().tolist() for _ in range(50)]

        return run

    alone = [side_by_side(work(seed))[0] for seed in (1, 2)]
    assert side_by_side(work(1), work(2)) == alone
    mt.random.set_seed(5)
    expected = [mt.random.uniform([2]).numpy().tolist() for _ in range(3)]
    mt.random.set_seed(5)
    side_by_side(work(1))
    assert [mt.random.uniform([2]).numpy().tolist() for _ in range(3)] == expected


def test_a_generator_can_be_shared():
    generator = mt.random.Generator.from_seed(1)
    expected = {float(generator.uniform([])) for _ in range(80)}
    generator.reset_from_seed(1)
    drawn = side_by_side(*[lambda: [float(generator.uniform([])) for _ in range(20)]] * 4)
    assert {x for part in drawn for x in part} == expected


def test_watching_is_for_one_thread():
    mt.debugging.enable_check_numerics()
    try:
        found = side_by_side(lambda: float(mt.constant(0.0) / 0.0))
        assert np.isnan(found[0])
        with pytest.raises(InvalidArgumentError):
            mt.constant(0.0) / 0.0
    finally:
        mt.debugging.disable_check_numerics()


def test_two_trainings_at_once():
    def train(seed: int) -> Callable:
        def run() -> list:
            rng = np.random.default_rng(seed)
            x = rng.normal(size=(32, 3)).astype(np.float32)
            y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32)
            w = mt.Variable(np.zeros((3, 1), np.float32))
            for _ in range(60):
                with mt.GradientTape() as tape:
                    loss = mt.reduce_mean(mt.square(mt.matmul(x, w) - y))
                w.assign_sub(0.2 * tape.gradient(loss, w))
            return w.numpy().tolist()

        return run

    alone = [train(seed)() for seed in (1, 2, 3)]
    assert side_by_side(train(1), train(2), train(3)) == alone
    np.testing.assert_allclose(alone[0], [[1.0], [-2.0], [0.5]], atol=0.01)
