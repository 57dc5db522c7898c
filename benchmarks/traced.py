"""What traced functions are measured at by themselves: `python -m benchmarks.traced`.

Time to trace and compile, what a call allocates, memory over many calls, and the bars that are
plain milliseconds. Needs no peers; set OPENBLAS_NUM_THREADS=1, as `benchmarks.run` does.
"""

from __future__ import annotations

import gc
import logging
import statistics
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

import minitensor as mt
from benchmarks import problems
from benchmarks.alone import resident, show
from benchmarks.bars import Bar, absolute
from benchmarks.workloads import tf_api
from minitensor.graph import execute

TRACING = Bar(1000.0)
SMALL_CHANGE = 16_000
"""Bytes of Python's objects, views of arrays among them. The networks' activations are larger."""
CALLS = 10_000
GROWTH = 1_000_000


def _build(name: str) -> Callable[[], Any]:
    return tf_api.traced(mt, mt.function)[name]()


def tracing(name: str) -> str:
    """Milliseconds of the first call beyond those of a later one: the best of three functions."""
    costs = []
    for _ in range(3):
        work = _build(name)
        start = time.perf_counter()
        work()
        middle = time.perf_counter()
        work()
        costs.append(2 * middle - start - time.perf_counter())
    value = min(costs) * 1e3
    return f"{value:.0f} ms   {TRACING.verdict(value)}"


def allocation(name: str) -> str:
    """What a call allocates at its peak, results included, once two calls have been made."""
    peak = _peak(_build(name))
    eager = _peak(tf_api.training(mt, lambda step: step)[name]())
    limit = max(SMALL_CHANGE, eager / 100)
    verdict = "met" if peak <= limit else "MISSED"
    return f"{peak / 1e3:.1f} kB, eager {eager / 1e3:.0f} kB   ≤ {limit / 1e3:.0f} kB: {verdict}"


def _peak(work: Callable[[], Any]) -> int:
    """Bytes.

    NumPy's ufuncs copy a broadcast operand through a buffer of their own, 32 kB by default: they
    are given one of 64 bytes here, so that what is left are arrays and Python's objects.
    """
    # The engine's own silence would bring the usual buffer back.
    silence = {
        "silence": lambda: np.seterr(all="ignore"),
        "restore": lambda old: np.seterr(**old),
    }
    with np.errstate(), patch.multiple(execute, **silence):
        np.setbufsize(16)
        work()
        work()
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    return peak


def flatness(name: str) -> str:
    """What the process's memory gains over many calls."""
    work = _build(name)
    for _ in range(CALLS // 10):
        work()
    gc.collect()
    before = resident()
    for _ in range(CALLS):
        work()
    gained = resident() - before
    verdict = "met" if gained <= GROWTH else "MISSED"
    return f"{gained / 1e6:+.2f} MB   ≤ {GROWTH / 1e6:.0f} MB: {verdict}"


def speed(name: str) -> str:
    """Milliseconds of a call, the median of many, and its bar."""
    work, times = _build(name), []
    work()
    deadline = time.perf_counter() + 1.0
    while time.perf_counter() < deadline:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    value = statistics.median(times) * 1e3
    bar = absolute(name)
    return f"{value:.4f} ms   {bar.verdict(value) if bar else ''}"


CHECKS = {
    "trace and compile the transformer block step": partial(tracing, "transformer block step"),
    **{f"allocated by a call: {name}": partial(allocation, name) for name in problems.NETWORKS},
    f"{CALLS} calls: MLP 64-128-64-10 step": partial(flatness, "MLP 64-128-64-10 step"),
    **{name: partial(speed, name) for name in (problems.CHAIN, problems.CALLS, problems.LOOP)},
}


if __name__ == "__main__":
    logging.getLogger("minitensor").setLevel(logging.ERROR)  # it traces one function often
    show(CHECKS)
