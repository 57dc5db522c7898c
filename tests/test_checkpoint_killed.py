"""A process may be killed at any moment: the checkpoint before it stays whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import minitensor as mt

KILLS = 200
# One process imports minitensor and forks workers, so that each of the 200 starts at once. A worker
# goes on from the latest checkpoint, saves for ever, and writes the number into every variable.
WORKERS = """
import os, sys
import minitensor as mt

def work(folder):
    v = [mt.Variable(mt.zeros([n])) for n in (1, 100, 5000)]
    checkpoint = mt.train.Checkpoint(v=v)
    manager = mt.train.CheckpointManager(checkpoint, folder, 2)
    manager.restore_or_initialize()
    while True:
        number = float(checkpoint.save_counter) + 1
        for variable in v:
            variable.assign(mt.fill(variable.shape, number))
        manager.save()
        mt.train.Checkpoint(v=v).write(folder + "/same")

mt.train.Checkpoint(v=mt.Variable(0.0)).write(sys.argv[1] + "/warm")
for _ in sys.stdin:
    worker = os.fork()
    if worker == 0:
        work(sys.argv[1])
    print(worker, flush=True)
    os.waitpid(worker, 0)
    print("dead", flush=True)
"""


def whole(path: Path | str) -> float:
    """The one number that is in all variables of a checkpoint."""
    v = [mt.Variable(mt.zeros([n])) for n in (1, 100, 5000)]
    mt.train.Checkpoint(v=v).read(path).expect_partial().assert_existing_objects_matched()
    (number,) = {float(x) for variable in v for x in variable.numpy()}
    return number


def save_once_more(folder: Path) -> None:
    """What a worker does, in peace."""
    v = [mt.Variable(mt.zeros([n])) for n in (1, 100, 5000)]
    manager = mt.train.CheckpointManager(mt.train.Checkpoint(v=v), folder, 2)
    manager.restore_or_initialize()
    manager.save()
    mt.train.Checkpoint(v=v).write(folder / "same")


def test_killed_at_200_moments(tmp_path: Path) -> None:
    rng = random.Random(0)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    latest = same = 0.0
    saved = 0
    with subprocess.Popen(
        [sys.executable, "-c", WORKERS, str(tmp_path)], text=True, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(KILLS):
            process.stdin.write("go\n")
            process.stdin.flush()
            worker = int(process.stdout.readline())
            time.sleep(rng.uniform(0, 0.02))
            os.kill(worker, signal.SIGKILL)
            assert process.stdout.readline() == "dead\n"
            path = mt.train.latest_checkpoint(tmp_path)
            if path is None:
                assert latest == 0
                continue
            number = whole(path)
            assert path == str(tmp_path / f"ckpt-{int(number)}")
            assert number >= latest
            saved, latest = saved + (number > latest), number
            if (tmp_path / "same.json").exists():
                assert whole(tmp_path / "same") <= number
                assert whole(tmp_path / "same") >= same
                same = whole(tmp_path / "same")
        process.stdin.close()
    assert saved > 20
    save_once_more(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert [name for name in left if name.startswith(".")] == []  # unfinished files are gone
    assert len(left) <= 9, left  # the note, two checkpoints, `same` and `warm`, two files each
