"""The command `minitensor`: open the lessons in JupyterLab, or copy them somewhere.

This file knows the lessons as files only and imports nothing but the standard library; JupyterLab
runs as a process of the same Python, so a virtual environment need not be activated.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
COPY_NAME = "minitensor-lessons"
MANIFEST = ".minitensor-lessons.json"
NOT_COPIED = {"__pycache__", ".ipynb_checkpoints", MANIFEST}
NEEDS_LAB = (
    "minitensor lab: JupyterLab is not installed for {python}. The lessons open in JupyterLab, "
    'which comes with the extra "lab". Install it with: {python} -m pip install "minitensor[lab]"'
)


class CommandError(Exception):
    """Something the person at the keyboard can put right; printed without a traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        if options.command == "lab":
            return lab([*(["--no-browser"] if options.no_browser else []), *rest])
        if options.command == "lessons":
            return _copy_and_say(Path(options.directory))
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    parser.print_help()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minitensor",
        description="A tensor engine to read, and lessons to open.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"minitensor {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="{lab,lessons}")
    lab_ = commands.add_parser(
        "lab",
        help="open JupyterLab at the first lesson",
        description="Open JupyterLab at the first lesson. Other arguments go to JupyterLab.",
        allow_abbrev=False,
    )
    lab_.add_argument("--no-browser", action="store_true", help="print the address only")
    lessons_ = commands.add_parser(
        "lessons",
        help="copy the lessons to a folder",
        description="Copy the lessons to a folder. Files you have changed there are kept.",
    )
    lessons_.add_argument("directory", help="the folder; made if it does not exist")
    return parser


def _version() -> str:
    try:
        return importlib.metadata.version("minitensor")
    except importlib.metadata.PackageNotFoundError:
        return "(source tree, not installed)"


def lab(arguments: Sequence[str]) -> int:
    """Start JupyterLab at the first lesson, in this process's place where the system allows it."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise CommandError(NEEDS_LAB.format(python=sys.executable))
    notebook = first_lesson(lessons_folder(Path.cwd()))
    # Not as a file to open: so the address that --no-browser prints leads to the lesson too.
    place = [
        f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url=/lab/tree/{notebook.name}",
    ]
    command = [sys.executable, "-m", "jupyterlab", *place, *arguments]
    environment = {"JUPYTER_PREFER_ENV_PATH": "1"} | dict(os.environ)
    print(f"opening {notebook}", flush=True)
    if os.name == "posix":
        os.execve(sys.executable, command, environment)
    process = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for JupyterLab to answer
    return process.wait()


def lessons_folder(here: Path) -> Path:
    """Where to work: the checkout's own lessons, else a copy of the installed ones in `here`."""
    source = lessons_source()
    if source.parent != PACKAGE:
        return source
    target = here / COPY_NAME
    for path in copy_lessons(source, target):
        print(f"kept your changed {COPY_NAME}/{path}")
    return target


def lessons_source() -> Path:
    """The lessons inside an installed wheel, or beside the package in a checkout."""
    for folder in (PACKAGE / "_lessons", PACKAGE.parent / "lessons"):
        if folder.is_dir():
            return folder
    raise CommandError("minitensor: this installation has no lessons; reinstall it from a release")


def first_lesson(folder: Path) -> Path:
    """The notebook with the lowest number."""
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise CommandError(f"minitensor: there is no lesson in {folder}")
    return found[0]


def copy_lessons(source: Path, target: Path) -> list[str]:
    """Copy the lessons; a file changed since it was copied stays, and is returned by name.

    A manifest in the target remembers what was copied, so that a newer version can replace what the
    learner has not touched.
    """
    known = _read_manifest(target)
    kept = []
    for name in _files(source):
        old, new = target / name, (source / name).read_bytes()
        fresh = _digest(new)
        if old.exists() and _digest(old.read_bytes()) not in (known.get(name), fresh):
            kept.append(name)
            continue
        known[name] = fresh
        old.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, old)
    (target / MANIFEST).write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
    return kept


def _copy_and_say(target: Path) -> int:
    if target.exists() and not target.is_dir():
        raise CommandError(f"minitensor lessons: {target} is a file; name a folder")
    kept = copy_lessons(lessons_source(), target)
    for name in kept:
        print(f"kept your changed {name}")
    print(f"the lessons are in {target}; begin with {first_lesson(target).name}")
    return 0


def _files(folder: Path) -> Iterator[str]:
    """Relative names of the files to copy, in a fixed order."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not NOT_COPIED.intersection(relative.parts):
            yield relative.as_posix()


def _read_manifest(target: Path) -> dict[str, str]:
    try:
        found = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
