"""However a program or its disk comes to an end, what was recorded before is on disk and whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

import minitensor as mt

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event

KILLS = 200
# One process imports minitensor and forks a worker for each kill. A worker records and flushes, and
# says on the pipe up to which step all is flushed.
WORKERS = """
import os, sys
import minitensor as mt

def work(folder, number):
    with mt.summary.create_file_writer(f"{folder}/{number}").as_default() as writer:
        for step in range(10 ** 9):
            for tag in ("loss", "a tag that makes records of another length"):
                mt.summary.scalar(tag, float(step), step=step)
            if step % (number % 7 + 1) == 0:
                writer.flush()
                os.write(1, f"{step}\\n".encode())

for number, _ in enumerate(sys.stdin):
    worker = os.fork()
    if worker == 0:
        work(sys.argv[1], number)
    os.write(1, f"worker {worker}\\n".encode())
    os.waitpid(worker, 0)
    os.write(1, b"dead\\n")
"""


def steps(folder: Path, tag: str = "loss") -> list[int]:
    """The steps under a tag, by TensorBoard's strict reader, which stops at a cut-off record."""
    found = []
    for path in sorted(folder.glob("*.tfevents.*")):
        for record in RawEventFileLoader(str(path)).Load():
            event = Event.FromString(record)
            found += [event.step for value in event.summary.value if value.tag == tag]
    return found


def run(program: str, *arguments: object, **more: object) -> subprocess.CompletedProcess:
    """Run a program that records into the folder `sys.argv[1]`."""
    begin = "import os, signal, sys, threading, time\nimport minitensor as mt\n"
    command = [sys.executable, "-c", begin + program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **more)  # type: ignore[call-overload]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the workers are forked")
def test_killed_at_200_moments_no_flushed_record_is_lost(tmp_path: Path) -> None:
    rng = random.Random(0)
    with subprocess.Popen(
        [sys.executable, "-c", WORKERS, str(tmp_path)], text=True, env=dict(os.environ),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(KILLS):
            process.stdin.write("go\n")
            process.stdin.flush()
            said, worker, seen = -1, 0, rng.randrange(1, 60)
            for line in iter(process.stdout.readline, "dead\n"):
                word, _, rest = line.partition(" ")
                if word == "worker":
                    worker = int(rest)
                else:
                    said, seen = int(word), seen - 1
                if worker and seen <= 0:
                    os.kill(worker, signal.SIGKILL)
                    seen = 10**9
            for tag in ("loss", "a tag that makes records of another length"):
                found = steps(tmp_path / str(number), tag)
                assert found == list(range(len(found)))
                assert len(found) > said, f"step {said} was flushed before kill {number}"


ENDS = {
    "its end": ("", 0),
    "an exception": ("raise ValueError('the end')", 1),
    "sys.exit": ("sys.exit(3)", 3),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", -signal.SIGTERM),
    "a terminal that is closed": (
        "os.kill(os.getpid(), signal.SIGHUP); time.sleep(60)",
        -getattr(signal, "SIGHUP", 0),
    ),
    "a handler of SIGTERM": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)",
        7,
    ),
    "another thread": (
        "t = threading.Thread(target=lambda: mt.summary.scalar('x', 1, 1)); t.start(); t.join()",
        0,
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_lost_when_a_program_ends_by(end: str, tmp_path: Path) -> None:
    last, code = ENDS[end]
    program = f"""
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # where the tests run under nohup
writer = mt.summary.create_file_writer(sys.argv[1], max_queue=10_000, flush_millis=10_000_000)
default = writer.as_default()
default.__enter__()
for step in range(300):
    mt.summary.scalar("loss", 1.0, step=step)
{last}
"""
    done = run(program, tmp_path)
    assert done.returncode == code, done.stderr
    assert steps(tmp_path) == list(range(300))


def test_sigterm_while_recording_from_the_main_thread_never_hangs(tmp_path: Path) -> None:
    program = """
writer = mt.summary.create_file_writer(sys.argv[1], max_queue=7)
threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
with writer.as_default():
    for step in range(10 ** 9):
        mt.summary.scalar("loss", 1.0, step=step)
"""
    for number in range(5):
        assert run(program, tmp_path / str(number)).returncode == -signal.SIGTERM
        found = steps(tmp_path / str(number))
        assert found == list(range(len(found)))


def test_a_writer_that_is_forgotten_writes_what_it_has(tmp_path: Path) -> None:
    def record() -> None:
        writer = mt.summary.create_file_writer(tmp_path, flush_millis=10_000_000)
        with writer.as_default():
            mt.summary.scalar("loss", 1.0, step=0)

    before = threading.active_count()
    record()
    assert steps(tmp_path) == [0]
    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_is_told_to_make_a_writer_of_its_own(tmp_path: Path) -> None:
    program = """
writer = mt.summary.create_file_writer(sys.argv[1])
with writer.as_default():
    mt.summary.scalar("loss", 1.0, step=0)
    if os.fork() == 0:
        try:
            mt.summary.scalar("loss", 1.0, step=1)
        except RuntimeError as error:
            os._exit(0 if "make a writer in the child" in str(error) else 1)
    _, status = os.wait()
    mt.summary.scalar("loss", 1.0, step=2)
sys.exit(status)
"""
    done = run(program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path) == [0, 2]


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # as on a full disk
writer = mt.summary.create_file_writer(sys.argv[1], flush_millis=1, on_error=sys.argv[2])
reached = 0
try:
    with writer.as_default():
        for step in range(2000):
            mt.summary.scalar("loss", 1.0, step=step)
            reached = step
            if step % 100 == 0:
                writer.flush()
finally:
    print(reached)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_full_disk_warns_once_and_training_goes_on(tmp_path: Path) -> None:
    done = run(FULL, tmp_path, "warn")
    assert done.returncode == 0
    assert done.stdout.split() == ["1999"]
    assert done.stderr.count("RuntimeWarning") == 1
    assert "make room or choose another directory" in done.stderr
    found = steps(tmp_path)
    assert found == list(range(len(found)))
    assert found


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_full_disk_stops_training_when_asked(tmp_path: Path) -> None:
    done = run(FULL, tmp_path, "raise")
    assert done.returncode == 1
    assert "FailedPreconditionError: SummaryWriter" in done.stderr
    assert int(done.stdout) < 1999


def test_a_removed_directory_warns_once_and_training_goes_on(tmp_path: Path) -> None:
    writer = mt.summary.create_file_writer(tmp_path / "run")
    with writer.as_default():
        mt.summary.scalar("loss", 1.0, step=0)
        writer.flush()
        shutil.rmtree(tmp_path / "run")
        mt.summary.scalar("loss", 1.0, step=1)
        with pytest.warns(RuntimeWarning, match="What was recorded since is lost"):
            writer.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            mt.summary.scalar("loss", 1.0, step=2)
            writer.flush()
    writer.close()


def test_a_file_in_the_place_of_a_directory_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(mt.errors.InvalidArgumentError, match=r"It cannot be written: .* To fix it"):
        mt.summary.create_file_writer(tmp_path / "file" / "run")


def test_a_removed_directory_stops_training_when_asked(tmp_path: Path) -> None:
    writer = mt.summary.create_file_writer(tmp_path / "run", on_error="raise")
    reached = []

    def train() -> None:
        with writer.as_default():
            for step in range(3):
                reached.append(step)
                mt.summary.scalar("loss", 1.0, step=step)
                writer.flush()
                shutil.rmtree(tmp_path / "run")

    with pytest.raises(RuntimeError, match="What was recorded since is lost"):
        train()
    assert reached == [0, 1]


READ_ONLY = """
import os, tempfile
with mt.summary.create_file_writer(sys.argv[1]).as_default():
    mt.summary.scalar("loss", 1.0, step=0)
folder = tempfile.mkdtemp()
os.chmod(folder, 0o555)
if os.geteuid() == 0:  # root may write everywhere
    os.setuid(65534)
for name in ("", "run"):
    try:
        mt.summary.create_file_writer(os.path.join(folder, name))
    except mt.errors.InvalidArgumentError as error:
        print(error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="other rights")
def test_a_directory_that_is_only_to_be_read_is_one_clear_error(tmp_path: Path) -> None:
    done = run(READ_ONLY, tmp_path / "first")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("It cannot be written: ") == 2
    assert done.stdout.count("To fix it") == 2


def test_a_second_writer_on_a_run_in_use_is_an_error(tmp_path: Path) -> None:
    with mt.summary.create_file_writer(tmp_path):
        with pytest.raises(RuntimeError, match="A writer of this process is open on this run"):
            mt.summary.create_file_writer(tmp_path / "x" / "..")
        fresh = mt.summary.create_file_writer(tmp_path, fresh=True)
        assert Path(fresh.logdir).parent == tmp_path.resolve()
        fresh.close()
    mt.summary.create_file_writer(tmp_path).close()


def test_a_writer_that_a_traceback_keeps_is_closed_with_all_others(tmp_path: Path) -> None:
    def broken() -> None:
        writer = mt.summary.create_file_writer(tmp_path)
        with writer.as_default():
            mt.summary.scalar("loss", 1.0, step=3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as kept:
        broken()
    with pytest.raises(mt.errors.FailedPreconditionError, match=r"mt\.summary\.close_all\(\)"):
        mt.summary.create_file_writer(tmp_path)
    other = mt.summary.create_file_writer(tmp_path / "other")
    with mt.compat.v1.Graph().as_default():
        older = mt.compat.v1.summary.FileWriter(tmp_path / "older")
    mt.summary.close_all()
    assert other.closed
    with pytest.warns(UserWarning, match="closed FileWriter"):
        older.flush()
    assert steps(tmp_path) == [3]
    mt.summary.create_file_writer(tmp_path).close()
    mt.summary.close_all()
    assert kept.value


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_a_second_writer_of_another_process_is_an_error_until_the_first_ends(
    tmp_path: Path,
) -> None:
    program = """
writer = mt.summary.create_file_writer(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
    begin = "import sys\nimport minitensor as mt\n"
    with subprocess.Popen(
        [sys.executable, "-c", begin + program, str(tmp_path)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as first:  # fmt: skip
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(RuntimeError, match="A writer of another process is open"):
            mt.summary.create_file_writer(tmp_path)
        first.kill()
    mt.summary.create_file_writer(tmp_path).close()


def test_recording_after_close_is_an_error_and_closing_twice_is_none(tmp_path: Path) -> None:
    writer = mt.summary.create_file_writer(tmp_path)
    writer.close()
    writer.close()
    writer.flush()
    with pytest.raises(RuntimeError, match="is already closed"), writer.as_default():
        mt.summary.scalar("loss", 1.0, step=0)


def test_two_kinds_under_one_tag_are_an_error(tmp_path: Path) -> None:
    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default():
        mt.summary.scalar("w", 1.0, step=0)
        with pytest.raises(ValueError, match="This run has scalars under that tag"):
            mt.summary.histogram("w", [1.0, 2.0], step=0)
        mt.summary.scalar("w", 2.0, step=1)
    assert steps(tmp_path, "w") == [0, 1]
