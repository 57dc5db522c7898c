"""The command `minitensor`: versions, copies of the lessons, and a JupyterLab that opens them."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minitensor import cli


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder as a wheel leaves it: with `_lessons` inside."""
    package = tmp_path / "site" / "minitensor"
    lessons = package / "_lessons"
    (lessons / "solutions").mkdir(parents=True)
    (lessons / "__pycache__").mkdir()
    (lessons / "__pycache__" / "x.pyc").write_bytes(b"")
    (lessons / "04_b.ipynb").write_text("four")
    (lessons / "02_a.ipynb").write_text("two")
    (lessons / "solutions" / "04_b.ipynb").write_text("solved")
    monkeypatch.setattr(cli, "PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    return lessons


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that would have replaced this process."""
    commands: list[list[str]] = []

    def execve(_path: str, command: list[str], _environment: dict[str, str]) -> None:
        commands.append(command)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(subprocess, "Popen", _NoProcess(commands))
    return commands


class _NoProcess:
    def __init__(self, commands: list[list[str]]) -> None:
        self.commands = commands

    def __call__(self, command: list[str], **_: object) -> _NoProcess:
        self.commands.append(command)
        return self

    def wait(self) -> int:
        return 0


def run(arguments: list[str]) -> None:
    """Run the command up to where JupyterLab takes the place of this process."""
    with contextlib.suppress(SystemExit):
        cli.main(arguments)


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    try:
        version = importlib.metadata.version("minitensor")
    except importlib.metadata.PackageNotFoundError:
        version = "(source tree, not installed)"
    assert capsys.readouterr().out.strip() == f"minitensor {version}"


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    assert "open JupyterLab at the first lesson" in capsys.readouterr().out


def test_lab_uses_its_own_python_and_passes_arguments_on(
    installed: Path, started: list[list[str]], tmp_path: Path
) -> None:
    run(["lab", "--no-browser", "--port=9999", "--allow-root"])
    place = [
        f"--ServerApp.root_dir={tmp_path / cli.COPY_NAME}",
        "--LabApp.default_url=/lab/tree/02_a.ipynb",
    ]
    given = ["--no-browser", "--port=9999", "--allow-root"]
    assert started == [[sys.executable, "-m", "jupyterlab", *place, *given]]


def test_lab_never_adds_allow_root_by_itself(installed: Path, started: list[list[str]]) -> None:
    run(["lab"])
    assert "--allow-root" not in started[0]


def test_lab_opens_the_lessons_of_a_checkout_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lessons").mkdir()
    monkeypatch.setattr(cli, "PACKAGE", tmp_path / "minitensor")
    assert cli.lessons_folder(tmp_path / "elsewhere") == tmp_path / "lessons"


def test_lab_without_jupyterlab_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.main(["lab"]) == 1
    assert 'pip install "minitensor[lab]"' in capsys.readouterr().err


def test_copies_are_renewed_but_a_changed_file_is_kept(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["lessons", "mine"]) == 0
    mine = tmp_path / "mine"
    assert not (mine / "__pycache__").exists()
    (mine / "02_a.ipynb").write_text("my own work")
    (installed / "02_a.ipynb").write_text("two, second edition")
    (installed / "04_b.ipynb").write_text("four, second edition")
    capsys.readouterr()
    assert cli.main(["lessons", "mine"]) == 0
    out = capsys.readouterr().out
    assert "kept your changed 02_a.ipynb" in out
    assert "begin with 02_a.ipynb" in out
    assert (mine / "02_a.ipynb").read_text() == "my own work"
    assert (mine / "04_b.ipynb").read_text() == "four, second edition"


def test_a_lost_or_broken_manifest_costs_no_work(installed: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    cli.copy_lessons(installed, mine)
    (mine / "02_a.ipynb").write_text("my own work")
    (mine / cli.MANIFEST).write_text("[cut off")
    assert cli.copy_lessons(installed, mine) == ["02_a.ipynb"]
    assert (mine / "02_a.ipynb").read_text() == "my own work"


@pytest.mark.parametrize("broken", ["no lessons", "no notebooks", "a file in the way"])
def test_what_is_missing_is_said_in_one_line(
    installed: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    if broken == "no lessons":
        shutil.rmtree(installed)
    elif broken == "no notebooks":
        for path in installed.glob("*.ipynb"):
            path.unlink()
    else:
        Path("there").write_text("")
    assert cli.main(["lessons", "there"]) == 1
    words = {
        "no lessons": "has no lessons",
        "no notebooks": "there is no lesson in",
        "a file in the way": "is a file; name a folder",
    }
    assert words[broken] in capsys.readouterr().err


def test_unknown_arguments_are_refused_except_for_jupyterlab(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["lessons", "there", "--port=1"])
    assert "unrecognized arguments: --port=1" in capsys.readouterr().err
