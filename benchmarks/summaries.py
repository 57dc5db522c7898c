"""What the specification promises of summaries: recording, writing, reading.

    python -m benchmarks.summaries --peers PYTHON

`PYTHON` is the interpreter of an environment with TensorFlow, whose rate is taken in the same run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

import minitensor as mt
from benchmarks.widgets import Row

REPEATS = 5
MANY = 100_000
POINTS = 1_000_000
TENSORFLOW = """
import sys, time
import tensorflow as tf
times = []
for repeat in range(5):
    with tf.summary.create_file_writer(f"{sys.argv[1]}/{repeat}").as_default():
        start = time.perf_counter()
        for step in range(3000):
            tf.summary.scalar("loss", 0.5, step=step)
        times.append(time.perf_counter() - start)
print(min(times) / 3000)
"""
# Each reader in a process of its own: seconds, and the most memory it ever had in MB.
MEASURE = """
import resource, sys, time
{imports}
start = time.perf_counter()
{read}
seconds = time.perf_counter() - start
assert count == {points}, count
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
OURS = (
    "import minitensor as mt; mt.summary.read",
    "count = len(mt.summary.read(sys.argv[1]).scalars('loss').value)",
)
TENSORBOARD = (
    "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
    "from tensorboard.util.tensor_util import make_ndarray",
    "log = EventAccumulator(sys.argv[1], size_guidance={'tensors': 0})\nlog.Reload()\n"
    "count = len([make_ndarray(e.tensor_proto).item() for e in log.Tensors('loss')])",
)


def best(run: Callable[[Path], float]) -> float:
    """The shortest of several times, each in a fresh directory."""
    with tempfile.TemporaryDirectory() as folder:
        return min(run(Path(folder) / str(i)) for i in range(REPEATS))


def queued(folder: Path) -> float:
    """Seconds of one `scalar` call of many, the pen writing meanwhile."""
    with mt.summary.create_file_writer(folder) as writer, writer.as_default():
        start = time.perf_counter()
        for step in range(MANY):
            mt.summary.scalar("loss", 0.5, step=step)
        return (time.perf_counter() - start) / MANY


def on_disk(folder: Path) -> float:
    """Seconds until many scalars are on disk."""
    start = time.perf_counter()
    with mt.summary.create_file_writer(folder) as writer, writer.as_default():
        for step in range(MANY):
            mt.summary.scalar("loss", 0.5, step=step)
    return time.perf_counter() - start


def recording(peers: str) -> Iterator[Row]:
    """Calls of `scalar`, beside TensorFlow's."""
    ours = best(queued)
    yield Row("a call of scalar, queued", ours * 1e6, 15, "µs")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [peers, "-c", TENSORFLOW, folder], capture_output=True, text=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
    if done.returncode:
        print("no TensorFlow: its rate is not compared")
    else:
        theirs = float(done.stdout)
        yield Row(f"the same ÷ TensorFlow's ({theirs * 1e6:.0f} µs)", ours / theirs, 0.1, "")
    yield Row("100 000 scalars to disk", best(on_disk), 1, "s")


def histogram() -> Iterator[Row]:
    """A histogram of a million numbers."""
    values = mt.constant(np.random.default_rng(0).normal(size=1_000_000).astype(np.float32))
    times = []
    with (
        tempfile.TemporaryDirectory() as folder,
        mt.summary.create_file_writer(folder) as writer,
        writer.as_default(),
    ):
        for step in range(4 * REPEATS):
            start = time.perf_counter()
            mt.summary.histogram("weights", values, step=step)
            times.append(time.perf_counter() - start)
    yield Row("histogram of 1 M float32", min(times) * 1e3, 12, "ms")


def reading() -> Iterator[Row]:
    """A million points, by our reader and by TensorBoard's in Python."""
    with tempfile.TemporaryDirectory() as folder:
        with mt.summary.create_file_writer(folder) as writer, writer.as_default():
            for step in range(POINTS):
                mt.summary.scalar("loss", step / 7, step=step)
        seconds, megabytes = read(OURS, folder, REPEATS)
        yield Row("reading 1 M scalar points", seconds, 5, "s")
        yield Row("the most memory of that process", megabytes, 1000, "MB")
        theirs, more = read(TENSORBOARD, folder, 1)
        yield Row(
            f"the same ÷ TensorBoard's ({theirs:.0f} s, {more:.0f} MB)", seconds / theirs, 1, ""
        )


def read(program: tuple[str, str], folder: str, repeats: int) -> tuple[float, float]:
    """Seconds and memory of a reader."""
    code = MEASURE.format(imports=program[0], read=program[1], points=POINTS)
    found = []
    for _ in range(repeats):
        said = subprocess.check_output([sys.executable, "-c", code, folder], text=True)
        found.append(tuple(map(float, said.split())))
    return min(x for x, _ in found), min(x for _, x in found)


def main() -> None:
    """Print a line for each bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="the interpreter of the peers")
    peers = parser.parse_args().peers
    for row in chain(recording(peers), histogram(), reading()):
        print(row)


if __name__ == "__main__":
    main()
