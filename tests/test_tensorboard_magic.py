"""`%tensorboard`: what it starts, finds again, shows and stops; and what it says when it cannot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import pytest

import minitensor as mt
from minitensor_widgets import tensorboard as module
from minitensor_widgets.samples import HOSTILE
from minitensor_widgets.tensorboard import MagicError, address, parsed, shown, start, stop

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch):
    for name in ("TENSORBOARD_PROXY_URL", "JUPYTERHUB_SERVICE_PREFIX", "MINITENSOR_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    yield
    stop()


@pytest.fixture
def logs(tmp_path):
    with mt.summary.create_file_writer(tmp_path / "logs" / "run").as_default():
        for step in range(3):
            mt.summary.scalar("loss", 1.0 / (step + 1), step=step)
    return tmp_path / "logs"


@pytest.fixture
def shell():
    """An IPython shell with the extension loaded, and what it displayed."""
    core = pytest.importorskip("IPython.core.interactiveshell")
    made = core.InteractiveShell()
    made.run_line_magic("load_ext", "minitensor_widgets")
    yield made
    made.run_line_magic("unload_ext", "minitensor_widgets")
    made.history_manager.end_session()


@pytest.fixture
def displays(monkeypatch):
    """What the magic displays, in order."""
    seen = []

    class Handle:
        def update(self, data, raw):
            seen.append(data)

    def display(data, raw, display_id=None):
        seen.append(data)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    return seen


class Page(HTMLParser):
    """The elements of a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def first(self, tag):
        return next(attributes for name, attributes in self.elements if name == tag)


def asked(server, path):
    url = f"http://127.0.0.1:{server.port}{path}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())


# ---- arguments


def test_arguments_of_its_own_and_of_tensorboard():
    given, others = parsed("--logdir 'my logs' --port 7 --height 400 --reload_interval 1  # often")
    assert given.logdir == str(Path("my logs").absolute())
    assert (given.port, given.height, given.stop) == (7, 400, False)
    assert others == ["--reload_interval", "1"]
    assert parsed("--logdir=a")[0].logdir == str(Path("a").absolute())
    assert parsed("--logdir gs://bucket/a")[0].logdir == "gs://bucket/a"
    assert parsed("--logdir_spec a:b")[1] == ["--logdir_spec", "a:b"]


@pytest.mark.parametrize(("line", "words"), [
    ("", "no directory of runs was given"),
    ("logs", "no directory of runs was given"),
    ("--logdir", "expected one argument"),
    ("--logdir logs --port six", "invalid int value: 'six'"),
    ("--logdir 'logs", "close the quotes"),
])  # fmt: skip
def test_a_line_that_means_nothing_is_a_lesson(line, words):
    with pytest.raises(MagicError, match=words) as caught:
        parsed(line)
    assert "To fix it" in str(caught.value)


# ---- where it is found


def test_an_address_on_this_machine():
    assert address(6006) == "http://127.0.0.1:6006/"
    assert address(6006, "/below/") == "http://127.0.0.1:6006/below/"


def test_an_address_on_binder(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/someone-x1/")
    assert address(6006) == "/user/someone-x1/proxy/6006/"


def test_a_template_comes_first(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/x/")
    monkeypatch.setenv("TENSORBOARD_PROXY_URL", "/proxy/%PORT%/")
    assert address(6006) == "/proxy/6006/"


def test_the_frame_has_a_title_a_height_and_a_link_beside_it(monkeypatch):
    given, _ = parsed("--logdir logs --height 432")
    server = type("Known", (), {"port": 6006, "path": "/"})()
    made = shown(server, given)
    page = Page(made["text/html"])
    frame = page.first("iframe")
    assert frame["src"] == page.first("a")["href"] == "http://127.0.0.1:6006/"
    assert frame["height"] == "432"
    assert frame["title"] == f"TensorBoard of {Path('logs').absolute()}"
    assert page.first("a")["rel"] == "noopener"
    assert "http://127.0.0.1:6006/" in made["text/plain"].split()


@pytest.mark.parametrize("bad", HOSTILE[:4])
def test_hostile_directories_and_templates_stay_text(bad, monkeypatch):
    monkeypatch.setenv("TENSORBOARD_PROXY_URL", f'/x/%PORT%/"{bad}')
    given, _ = parsed("--logdir gs://x")
    given.logdir = bad
    server = type("Known", (), {"port": 6006, "path": "/"})()
    page = Page(shown(server, given)["text/html"])
    assert [tag for tag, _ in page.elements] == ["iframe", "p", "a", "code"]
    names = {name for _, attributes in page.elements for name in attributes}
    assert names == {"src", "title", "width", "height", "style", "href", "target", "rel"}


def test_what_a_learner_may_miss_is_said(monkeypatch, tmp_path):
    given, _ = parsed(f"--logdir {tmp_path / 'later'}")
    server = type("Known", (), {"port": 6006, "path": "/"})()
    assert "is not there yet" in shown(server, given)["text/html"]
    assert shown(server, given)["text/plain"].endswith("TensorBoard waits for it.")
    (tmp_path / "latter").mkdir()
    assert f"Did you mean {tmp_path / 'latter'}?" in shown(server, given)["text/plain"]
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/x/")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert "jupyter-server-proxy" in shown(server, given)["text/html"]


# ---- the real one


def test_tensorboard_serves_what_was_recorded_and_is_found_again_and_stopped(logs):
    pytest.importorskip("tensorboard")
    given, others = parsed(f"--logdir {logs} --reload_interval 1")
    server = start(given, others)
    assert asked(server, "/data/logdir") == {"logdir": str(logs)}
    assert start(*parsed(f"--logdir {logs} --reload_interval 1 --height 300")) is server
    assert stop(logdir="elsewhere") == 0
    assert server.running
    assert stop() == 1
    assert not server.running
    again = start(given, others)
    assert again is not server
    again.process.kill()
    again.process.wait()
    assert start(given, others) is not again


def test_a_port_that_is_taken_is_a_lesson(logs):
    pytest.importorskip("tensorboard")
    server = start(*parsed(f"--logdir {logs}"))
    with pytest.raises(MagicError, match="could not bind to port") as caught:
        start(*parsed(f"--logdir {logs} --port {server.port}"))
    assert "leave --port out" in str(caught.value)
    assert len(str(caught.value)) < 600


def test_an_argument_that_tensorboard_does_not_know_is_a_lesson(logs):
    pytest.importorskip("tensorboard")
    with pytest.raises(MagicError, match="--no_such"):
        start(*parsed(f"--logdir {logs} --no_such=1"))


def test_a_file_of_the_learner_named_tensorboard_is_not_taken_for_it(logs, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    (tmp_path / "tensorboard.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    assert start(*parsed("--logdir logs")).running


def test_without_tensorboard_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MagicError, match="%pip install tensorboard"):
        start(*parsed("--logdir logs"))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("end", ["pass", "raise SystemExit(3)", "os.kill(os.getpid(), 9)"])
def test_no_process_outlives_the_kernel(logs, end):
    pytest.importorskip("tensorboard")
    program = textwrap.dedent(f"""
        import os
        from minitensor_widgets.tensorboard import parsed, start
        print(start(*parsed("--logdir {logs}")).process.pid, flush=True)
        {end}
    """)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "widgets")])
    ran = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    gone(int(ran.stdout))


def gone(process: int) -> None:
    """Wait until a process that is not ours has ended."""
    for _ in range(2000):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return  # ended; nobody has asked how
        time.sleep(0.01)
    pytest.fail(f"process {process} is still there")


# ---- the magic


def test_the_magic_shows_a_frame_and_stops(shell, displays, logs):
    pytest.importorskip("tensorboard")
    shell.run_line_magic("tensorboard", f"--logdir {logs}")
    waiting, made = displays
    assert waiting == {"text/plain": "Starting TensorBoard …"}
    assert "<iframe" in made["text/html"]
    shell.run_line_magic("tensorboard", "--stop")
    assert displays[-1] == {"text/plain": "TensorBoards stopped: 1"}


def test_a_static_output_is_one_line_and_starts_nothing(shell, displays, monkeypatch):
    monkeypatch.setenv("MINITENSOR_DISPLAY", "static")
    monkeypatch.setattr(module, "start", None)
    shell.run_line_magic("tensorboard", "--logdir logs")
    assert displays == [{"text/plain": "TensorBoard would be here: %tensorboard --logdir logs"}]


def test_a_mistake_is_told_without_a_traceback(shell, displays, monkeypatch):
    error = pytest.importorskip("IPython.core.error").UsageError
    with pytest.raises(error, match="no directory of runs"):
        shell.run_line_magic("tensorboard", "")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(error, match="%pip install tensorboard"):
        shell.run_line_magic("tensorboard", "--logdir logs")
    assert displays[-1] == {"text/plain": "TensorBoard did not start."}


def test_unloading_takes_the_magic_away(shell):
    assert "tensorboard" in shell.magics_manager.magics["line"]
    shell.run_line_magic("unload_ext", "minitensor_widgets")
    assert "tensorboard" not in shell.magics_manager.magics["line"]
    shell.run_line_magic("load_ext", "minitensor_widgets")


def test_colab_keeps_its_own(shell, monkeypatch):
    shell.run_line_magic("unload_ext", "minitensor_widgets")
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    module.register(shell)
    assert "tensorboard" not in shell.magics_manager.magics["line"]
    shell.run_line_magic("load_ext", "minitensor_widgets")
