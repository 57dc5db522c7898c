"""The event files below a directory, by run: a run is a directory with event files."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["CONFIG", "Found", "found_below", "holds_events"]

CONFIG = "projector_config.pbtxt"
"""The file that says which embeddings a run has."""
_PLUGIN = "plugins/org_tensorflow_tensorboard_projector"
"""Where below a run the projector's own writer puts it."""
_MANY = 100
"""So many directories are looked into to see whether there are event files at all."""


class Found(NamedTuple):
    """What lies below a directory."""

    files: list[tuple[str, Path]]
    """Event files with their runs, in the order of the names of the files."""
    configs: list[tuple[str, Path]]
    problems: list[str]


def found_below(root: Path) -> Found:
    """Search a directory and all below it.

    A directory that links lead to besides is read once, under its own name.
    """
    found = Found([], [], [])
    seen: set[tuple[int, int]] = set()
    waiting, links = [root], []
    while waiting or links:  # links last, so that a directory's own name counts
        folder = waiting.pop() if waiting else links.pop(0)
        try:
            state = folder.stat()
            if (state.st_dev, state.st_ino) in seen:
                if folder.is_symlink() and _leads_up(folder):
                    found.problems.append(
                        f"{folder} is a link to a directory above it; it is passed over."
                    )
                continue
            seen.add((state.st_dev, state.st_ino))
            with os.scandir(folder) as inside:
                entries = sorted(inside, key=lambda entry: entry.name)
        except OSError as error:
            found.problems.append(f"{folder} cannot be read: {error.strerror or error}.")
            continue
        _sort(entries, _name(root, folder), found, waiting, links)
    found.files.sort(key=lambda item: (item[0], item[1].name))
    found.configs.sort()
    return found


def holds_events(folder: Path) -> bool:
    """Whether a directory, or one of the first ones below it, holds event files."""
    below = itertools.islice(os.walk(folder), _MANY)
    return any("tfevents" in name for _, _, files in below for name in files)


def _sort(
    entries: list[os.DirEntry], run: str, found: Found, waiting: list[Path], links: list[Path]
) -> None:
    """Put each entry of a directory where it belongs."""
    for entry in entries:
        with contextlib.suppress(PermissionError):  # a link to what may not be looked at
            path = Path(entry.path)
            if "tfevents" in entry.name and path.is_file():
                found.files.append((run, path))
            elif entry.name == CONFIG and path.is_file():
                found.configs.append((run.removesuffix(_PLUGIN).rstrip("/") or ".", path))
            elif path.is_symlink():
                links += [path] if path.is_dir() else []
            elif path.is_dir():
                waiting.append(path)


def _leads_up(link: Path) -> bool:
    """Whether a link leads to a directory that it lies in."""
    folder = link.parent.resolve()
    return link.resolve() in (folder, *folder.parents)


def _name(root: Path, folder: Path) -> str:
    """What a run is called: its path below the root, "." for the root itself."""
    name = folder.relative_to(root).as_posix()
    return os.fsencode(name).decode("utf-8", "replace")
