"""`%tensorboard`: TensorBoard itself in a notebook, beside the dashboard that needs no server.

    %load_ext minitensor_widgets
    %tensorboard --logdir logs

TensorBoard runs as a process of the kernel's own environment, whatever PATH says, and ends when the
kernel ends. On JupyterHub and Binder its page comes through jupyter-server-proxy.
"""

from __future__ import annotations

import argparse
import atexit
import collections
import os
import re
import shlex
import subprocess
import sys
import threading
import urllib.request
from difflib import get_close_matches
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from .output import is_static

PATIENCE = 60.0
"""Seconds for TensorBoard to start: on a slow machine its imports alone take ten."""
_ANSWERED = re.compile(r"^TensorBoard \S+ at https?://.*?:(\d+)(/\S*)? ", re.MULTILINE)
# The kernel holds the other end of its input: when the kernel is gone, however it went, it ends.
_PROCESS = """
import os, signal, threading
def end_with_the_kernel():
    while os.read(0, 1): pass
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=end_with_the_kernel, daemon=True).start()
from tensorboard.main import run_main
run_main()
"""


_NO_PROXY = (
    "Without the package jupyter-server-proxy on the server the frame stays empty. To fix it: "
    "%pip install jupyter-server-proxy, then restart the server."
)


class MagicError(ValueError):
    """What a learner reads when TensorBoard cannot be shown."""


class Server:
    """One TensorBoard, started at once; `wait` until it answers.

    Args:
        arguments: of the command `tensorboard`.
    """

    def __init__(self, arguments: list[str]) -> None:
        self.port, self.path = 0, "/"
        self._said: collections.deque[str] = collections.deque(maxlen=30)
        self._told = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROCESS, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # the kernel's interrupt is not meant for it
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """Read what it says, always: a full pipe would stop it."""
        stream = self.process.stderr
        assert stream is not None
        with stream:
            for line in stream:
                self._said.append(line)
                found = _ANSWERED.match(line)
                if found:
                    self.port, self.path = int(found[1]), found[2] or "/"
                    self._told.set()
        self._told.set()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    def wait(self, seconds: float = PATIENCE) -> None:
        """Wait until it answers.

        Raises:
            MagicError: when it ended or does not answer; says what it said.
        """
        self._told.wait(seconds)
        if self.port and self._answers():
            return
        self.stop()
        said = [line.strip() for line in self._said if line.strip()]
        said = [line for line in said if "error" in line.lower()][-2:] or said[-8:]
        raise MagicError(
            "%tensorboard: TensorBoard did not start"
            + (f" within {seconds:g} seconds. " if not said else ". It said:\n")
            + "".join(f"    {line}\n" for line in said)
            + "To fix it: mend the argument that it names, leave --port out so that it takes a "
            "free one, or try it in a terminal: python -m tensorboard.main --logdir logs"
        )

    def _answers(self) -> bool:
        straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with straight.open(f"http://127.0.0.1:{self.port}{self.path}", timeout=30) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self) -> None:
        """End the process, and wait until it has ended."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.running:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


_running: dict[tuple[str, ...], Server] = {}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise MagicError(
            f"%tensorboard: {message}. It takes what the command tensorboard takes, and --height "
            "and --stop. To fix it, write for example: %tensorboard --logdir logs --height 600"
        )


def _parser() -> _Parser:
    parser = _Parser(prog="%tensorboard", add_help=False, allow_abbrev=False)
    parser.add_argument("--logdir", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--stop", action="store_true")
    return parser


def parsed(line: str) -> tuple[argparse.Namespace, list[str]]:
    """The arguments of a line: those that are understood here, and those of TensorBoard alone.

    Raises:
        MagicError: for arguments that mean nothing.

    Example:
        >>> parsed("--logdir logs --reload_interval 1")[1]
        ['--reload_interval', '1']
    """
    try:
        words = shlex.split(line.replace("\\", "/") if os.name == "nt" else line, comments=True)
    except ValueError as error:
        raise MagicError(f"%tensorboard {line}: {error}. To fix it, close the quotes.") from None
    given, others = _parser().parse_known_args(words)
    spread = any(word.startswith("--logdir_spec") for word in others)
    if not (given.logdir or given.stop or spread):
        raise MagicError(
            "%tensorboard: no directory of runs was given. To fix it, name the one that your "
            "writer or callback got: %tensorboard --logdir logs"
        )
    if given.logdir and "://" not in given.logdir:
        given.logdir = str(Path(given.logdir).expanduser().absolute())
    return given, others


def start(given: argparse.Namespace, others: list[str]) -> Server:
    """The TensorBoard that runs with these arguments; a new one where none does.

    Raises:
        MagicError: without TensorBoard, or when it does not start.
    """
    if find_spec("tensorboard") is None:
        raise MagicError(
            "%tensorboard: the package tensorboard is not installed where this kernel runs, "
            f"{sys.executable}. To fix it, run this in a cell, then try again: "
            "%pip install tensorboard. A dashboard needs no more than you have: "
            f"minitensor_widgets.dashboard({given.logdir!r})"
        )
    arguments = ["--logdir", given.logdir] if given.logdir else []
    arguments += ["--port", str(given.port), *others]
    if not any(word.startswith(("--host", "--bind_all")) for word in others):
        arguments += ["--host", "127.0.0.1"]
    known = _running.get(tuple(arguments))
    if known is not None and known.running:
        return known
    if known is not None:
        known.stop()
    server = Server(arguments)
    try:
        server.wait()
    except BaseException:  # an interrupt too must leave no process behind
        server.stop()
        raise
    _running[tuple(arguments)] = server
    return server


def stop(logdir: str = "") -> int:
    """Stop the TensorBoards that this kernel started, and say how many there were.

    Args:
        logdir: only those of this directory.
    """
    count = 0
    for arguments, server in list(_running.items()):
        if not logdir or logdir in arguments:
            del _running[arguments]
            count += server.running
            server.stop()
    return count


atexit.register(stop)


def address(port: int, path: str = "/") -> str:
    """Where a browser finds what answers at a port of this machine.

    The template `TENSORBOARD_PROXY_URL` comes first, in which %PORT% stands for the port; then, on
    JupyterHub and Binder, jupyter-server-proxy below `JUPYTERHUB_SERVICE_PREFIX`.
    """
    template = os.environ.get("TENSORBOARD_PROXY_URL")
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    if template:
        return template.replace("%PORT%", str(port))
    if prefix:
        return f"{prefix.rstrip('/')}/proxy/{port}{path}"
    return f"http://127.0.0.1:{port}{path}"


def _missing(given: argparse.Namespace) -> list[str]:
    """A sentence where the directory is not there: perhaps it is yet to be made, or mistyped."""
    path = Path(given.logdir)
    if not given.logdir or "://" in given.logdir or path.exists():
        return []
    beside = [x.name for x in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, beside, 1)
    meant = f" Did you mean {path.parent / near[0]}?" if near else ""
    return [f"{given.logdir} is not there yet; TensorBoard waits for it.{meant}"]


def _notes(given: argparse.Namespace, where: str) -> list[str]:
    """What a learner may miss, in sentences."""
    notes = ["The frame is empty once the kernel has ended: run the cell again."]
    notes = [*_missing(given), *notes]
    if where.startswith("/") and find_spec("jupyter_server_proxy") is None:
        notes.insert(0, _NO_PROXY)
    return notes


def shown(server: Server, given: argparse.Namespace) -> dict[str, str]:
    """What a notebook shows: a frame, a link beside it, and how to stop it."""
    where = address(server.port, server.path)
    title = f"TensorBoard of {given.logdir}" if given.logdir else "TensorBoard"
    link = escape(where, quote=True)
    notes = " ".join(_notes(given, where))
    return {
        "text/html": (
            f'<iframe src="{link}" title="{escape(title, quote=True)}" width="100%" '
            f'height="{given.height}" style="border:1px solid #8888"></iframe>'
            f'<p>{escape(title)}, <a href="{link}" target="_blank" rel="noopener">in a tab of its '
            f"own</a>, at port {server.port}. <code>%tensorboard --stop</code> ends it. "
            f"{escape(notes)}</p>"
        ),
        "text/plain": " ".join([f"{title}: {where}", *_missing(given)]),
    }


def _show(given: argparse.Namespace, others: list[str]) -> None:
    """Show that it starts, and then, in the same place, the frame."""
    from IPython.display import display

    handle: Any = display({"text/plain": "Starting TensorBoard …"}, raw=True, display_id=True)
    made = {"text/plain": "TensorBoard did not start."}
    try:
        made = shown(start(given, others), given)
    finally:
        handle.update(made, raw=True)


def magic(line: str) -> None:
    """The line magic `%tensorboard`."""
    from IPython.core.error import UsageError
    from IPython.display import display

    try:
        given, others = parsed(line)
        if given.stop:
            display({"text/plain": f"TensorBoards stopped: {stop(given.logdir)}"}, raw=True)
        elif is_static():
            display({"text/plain": f"TensorBoard would be here: %tensorboard {line}"}, raw=True)
        else:
            _show(given, others)
    except MagicError as error:
        raise UsageError(str(error)) from None


def register(shell: Any) -> None:
    """Give a shell the magic. Colab has its own, which knows its way through Colab's proxy."""
    if "google.colab" not in sys.modules and hasattr(shell, "register_magic_function"):
        shell.register_magic_function(magic, "line", "tensorboard")


def unregister(shell: Any) -> None:
    """Take it away, and stop what it started."""
    manager = getattr(shell, "magics_manager", None)
    if manager is not None and manager.magics["line"].get("tensorboard") is magic:
        del manager.magics["line"]["tensorboard"]
    stop()
