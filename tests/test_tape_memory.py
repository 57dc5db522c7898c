"""What a tape keeps alive and for how long, how long it may grow, and whose it is."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import minitensor as mt

pytestmark = pytest.mark.usefixtures("every_record_is_large")


def test_a_long_tape_needs_no_recursion_and_is_let_go() -> None:
    x = mt.Variable(np.float64(1.0))
    with mt.GradientTape() as tape:
        y = x
        for _ in range(100_000):
            y = y * 1.00001
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 1.00001**100_000, rtol=1e-9)
    gone = weakref.ref(tape)
    del tape
    assert gone() is None


@pytest.mark.parametrize("persistent", [False, True])
def test_values_live_until_the_gradient_or_as_long_as_a_persistent_tape(persistent: bool) -> None:
    x = mt.Variable(np.ones(250_000))
    tracemalloc.start()
    with mt.GradientTape(persistent=persistent) as tape:
        y = mt.reduce_sum(mt.exp(mt.sin(x)) * 2.0)
    held = tracemalloc.get_traced_memory()[0]
    assert held > 6_000_000
    tape.gradient(y, x)
    left = tracemalloc.get_traced_memory()[0]
    assert (left > 6_000_000) == persistent
    del tape, y
    assert tracemalloc.get_traced_memory()[0] < 100_000
    tracemalloc.stop()


def test_nothing_is_kept_alive_by_what_a_tape_overlooks_and_it_needs_no_collector() -> None:
    gc.disable()
    try:
        with mt.GradientTape() as tape:
            temporary = mt.constant([1.0]) * 2.0
            gone = weakref.ref(temporary)
            del temporary
            assert gone() is None
        gone = weakref.ref(tape)
        del tape
        assert gone() is None
    finally:
        gc.enable()


def test_new_values_are_never_taken_for_old_ones() -> None:
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        y = mt.exp(mt.sin(mt.cos(x * 2.0)) + 1.0)
    tape.gradient(y, x)
    assert not tape.known
    for _ in range(200):
        fresh = mt.constant(1.0) * 3.0
        assert tape.explain(fresh, x).cause != "connected"


def test_a_small_record_keeps_its_values_after_the_gradient(monkeypatch) -> None:
    monkeypatch.undo()
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    assert [float(node.outputs[0]) for node in tape.graph()] == [3.0, 9.0]
    with pytest.raises(RuntimeError, match="can only be used to compute one set of gradients"):
        tape.gradient(y, x)


def test_tapes_belong_to_their_thread() -> None:
    found: list = []
    x = mt.Variable(3.0)

    def other() -> None:
        y = x * x
        with mt.GradientTape() as tape:
            z = y * x
        found.append((tape.gradient(z, x).numpy(), len(tape.nodes)))

    with mt.GradientTape() as tape:
        threads = [threading.Thread(target=other) for _ in range(4)]
        for thread in threads:
            thread.start()
        y = x * 2.0
        for thread in threads:
            thread.join()
    assert found == [(9.0, 0)] * 4
    assert tape.gradient(y, x).numpy() == 2.0
