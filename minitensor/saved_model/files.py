"""The two files of a saved model: written so that a good copy is never lost, read with suspicion.

`graph.json` says everything but large arrays, which are in a safetensors file. It names that file
and its checksum, and has a checksum of itself. Replacing `graph.json` is what makes a new copy the
valid one: until then the old one and its tensors stand untouched.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import NotFoundError
from minitensor.saved_model.values import Broken

__all__ = ["FORMAT", "VERSION", "MissingFileError", "read", "write"]

FORMAT, VERSION = "minitensor.saved_model", 1
GRAPH = "graph.json"
WIDTH = 150
_TENSORS = re.compile(r"variables-[0-9a-f]{16}\.safetensors")


class MissingFileError(NotFoundError, FileNotFoundError):
    """No saved model is there."""


def write(folder: Path, content: dict, tensors: dict[str, np.ndarray]) -> None:
    """Write a model into a folder; one that is there is replaced only when all is written."""
    data = _safetensors().save(tensors) if tensors else b""
    digest = hashlib.sha256(data).hexdigest()
    name = f"variables-{digest[:16]}.safetensors"
    content = {"format": FORMAT, "version": VERSION, **content}
    content["tensors"] = {"file": name, "sha256": digest} if tensors else None
    content["checksum"] = checksum(content)
    text = laid_out(content)
    folder.mkdir(parents=True, exist_ok=True)
    if tensors:
        _replace(folder / name, data)
    _replace(folder / GRAPH, text.encode())
    for old in folder.iterdir():
        if _TENSORS.fullmatch(old.name) and not (tensors and old.name == name):
            old.unlink()


def _replace(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """What `graph.json` says, and the arrays of the other file.

    Raises:
        MissingFileError: (also a FileNotFoundError) when there is none.
        Broken: when the files are not what was written.
    """
    content = _content(folder)
    listed = content["tensors"]
    if listed is None:
        return content, {}
    if not isinstance(listed, dict) or not _TENSORS.fullmatch(str(listed.get("file"))):
        raise Broken(f"its tensors are said to be in {listed!r}")
    try:
        data = (folder / listed["file"]).read_bytes()
    except OSError as error:
        raise Broken(f"{listed['file']} cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != listed.get("sha256"):
        raise Broken(f"{listed['file']} does not have the checksum that {GRAPH} gives")
    try:
        return content, _safetensors().load(data)
    except Exception as error:  # the library's own errors, and numpy's
        raise Broken(f"{listed['file']} is damaged: {error}") from None


def _content(folder: Path) -> dict:
    try:
        text = (folder / GRAPH).read_bytes()
    except OSError:
        raise MissingFileError(
            f"SavedModel file does not exist at: {folder}/{GRAPH}\nA saved model is a folder with "
            f"the file {GRAPH} in it. To fix it: give the path that mt.saved_model.save was given."
        ) from None
    try:
        content = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Broken(f"{GRAPH} is no JSON: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Broken(f"{GRAPH} was not written by mt.saved_model.save")
    if type(content.get("version")) is not int or content["version"] > VERSION:
        raise Broken(
            f"{GRAPH} has version {content.get('version')!r} of the format, and this is version "
            f"{VERSION}: a newer minitensor wrote it"
        )
    if content.pop("checksum", None) != checksum(content):
        raise Broken(f"{GRAPH} does not have the checksum that it was written with")
    return content


def checksum(content: dict) -> str:
    """A checksum of what the JSON says, however it is laid out."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def laid_out(value: Any, margin: str = "") -> str:
    """JSON that a person can read: what fits stands on one line, the rest one part a line."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(margin) + len(line) <= WIDTH or not isinstance(value, (dict, list)) or not value:
        return line
    inner = f"{margin} "
    if isinstance(value, list):
        parts = [laid_out(x, inner) for x in value]
    else:
        parts = [f"{json.dumps(key)}: {laid_out(x, inner)}" for key, x in value.items()]
    first, last = "[]" if isinstance(value, list) else "{}"
    body = f",\n{inner}".join(parts)
    return f"{first}\n{inner}{body}\n{margin}{last}"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _safetensors() -> Any:
    """The library, imported when a file is read or written."""
    return importlib.import_module("safetensors.numpy")
