"""A real TensorBoard on the loopback, for tests that ask it what it has read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import minitensor as mt


def func1(a: Any, b: Any) -> Any:
    """What `func2` calls, in the source document."""
    return mt.add(a, b)


@mt.function
def func2(a: Any, b: Any) -> Any:
    """The function whose graph the source document shows in TensorBoard."""
    with mt.name_scope("Linear_function"):
        return mt.add(b, func1(a, b))


class Served:
    """A TensorBoard that runs."""

    def __init__(self, address: str):
        self.address = address

    def read(self, path: str, **query: object) -> bytes:
        """What it answers."""
        address = f"{self.address}data/{path}"
        if query:
            address += "?" + urllib.parse.urlencode(query)
        with urllib.request.urlopen(address, timeout=30) as answer:
            found = answer.read()
        return zlib.decompress(found, 31) if found[:2] == b"\x1f\x8b" else found

    def json(self, path: str, **query: object) -> Any:
        """What it answers, decoded."""
        return json.loads(self.read(path, **query))

    def post(self, path: str, body: object) -> Any:
        """What it answers to a question."""
        request = urllib.request.Request(
            f"{self.address}data/{path}", json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def wait(self, ready: Callable[[], bool]) -> None:
        """Ask until it has read all files."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if ready():
                    return
            except (urllib.error.URLError, ConnectionError, KeyError):
                pass
            time.sleep(0.2)
        raise AssertionError("TensorBoard did not read the files in a minute")


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Served]:
    """A TensorBoard that serves a directory."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0"]
    command += ["--host", "127.0.0.1", "--reload_interval", "1", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as app:
        assert app.stderr is not None
        lines: list[str] = []
        address = None
        while address is None:
            line = app.stderr.readline()
            assert line, "TensorBoard ended:\n" + "".join(lines)
            lines.append(line)
            address = re.search(r"http://127\.0\.0\.1:\d+/", line)
        try:
            yield Served(address.group())
        finally:
            app.kill()
