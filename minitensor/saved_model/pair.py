"""Two files that belong together: JSON that says everything, and the large arrays it speaks of.

The JSON names the file of arrays and its checksum, and has a checksum of itself. Replacing the JSON
is what makes a new copy the valid one: until then the old one and its arrays stand untouched,
whenever the process is killed. What is read is not trusted.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.saved_model.values import Broken

__all__ = ["Pair", "checksum", "laid_out", "parsed", "replace", "safetensors"]

WIDTH = 150


@dataclass(frozen=True)
class Pair:
    """Where the two files are, and what they are called.

    Args:
        path: of the JSON.
        stem: the file of arrays is `stem-<checksum>.safetensors`, in the same folder.
        format: what the JSON says that it is.
        writer: the function that writes such files, for messages.
        version: of the format.
    """

    path: Path
    stem: str
    format: str
    writer: str
    version: int = 1

    def write(self, content: dict, tensors: dict[str, np.ndarray]) -> None:
        """Write both; what was there is replaced only when all is written."""
        data = safetensors().save(tensors) if tensors else b""
        digest = hashlib.sha256(data).hexdigest()
        name = f"{self.stem}-{digest[:16]}.safetensors"
        content = {"format": self.format, "version": self.version, **content}
        content["tensors"] = {"file": name, "sha256": digest} if tensors else None
        content["checksum"] = checksum(content)
        text = laid_out(content)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if tensors:
            replace(self.path.parent / name, data)
        replace(self.path, text.encode())
        self._clear(name if tensors else "")

    def read(self) -> tuple[dict, dict[str, np.ndarray]]:
        """What the JSON says, and the arrays.

        Raises:
            FileNotFoundError: when there is no such JSON.
            Broken: when the files are not what was written.
        """
        content = self._content()
        listed = content.get("tensors")
        if listed is None:
            return content, {}
        if not isinstance(listed, dict) or not self._holds_arrays(str(listed.get("file"))):
            raise Broken(f"its tensors are said to be in {listed!r}")
        try:
            data = (self.path.parent / listed["file"]).read_bytes()
        except OSError as error:
            raise Broken(f"{listed['file']} cannot be read: {error.strerror}") from None
        if hashlib.sha256(data).hexdigest() != listed.get("sha256"):
            raise Broken(f"{listed['file']} does not have the checksum that {self.path.name} gives")
        try:
            return content, safetensors().load(data)
        except Exception as error:  # the library's own errors, and numpy's
            raise Broken(f"{listed['file']} is damaged: {error}") from None

    def remove(self) -> None:
        """Remove both, first the one that makes them valid."""
        self.path.unlink(missing_ok=True)
        self._clear("")

    def _content(self) -> dict:
        name = self.path.name
        try:
            text = self.path.read_bytes()
        except OSError:
            raise FileNotFoundError(str(self.path)) from None
        try:
            content = parsed(text)
        except (ValueError, RecursionError) as error:
            raise Broken(f"{name} is no JSON: {error}") from None
        if not isinstance(content, dict) or content.get("format") != self.format:
            raise Broken(f"{name} was not written by {self.writer}")
        version = content.get("version")
        if type(version) is not int or version > self.version:
            raise Broken(
                f"{name} has version {version!r} of the format, and this is version "
                f"{self.version}: a newer minitensor wrote it"
            )
        if content.pop("checksum", None) != checksum(content):
            raise Broken(f"{name} does not have the checksum that it was written with")
        return content

    def _holds_arrays(self, name: str) -> bool:
        return bool(re.fullmatch(rf"{re.escape(self.stem)}-[0-9a-f]{{16}}\.safetensors", name))

    def _clear(self, current: str) -> None:
        """Remove other files of arrays, unfinished ones too."""
        for old in self.path.parent.iterdir():
            if self._holds_arrays(_intended(old.name)) and old.name != current:
                old.unlink(missing_ok=True)


_replacing = threading.Lock()


def replace(path: Path, data: bytes) -> None:
    """Put a file in place in one step: under another name first, and renamed when it is whole.

    What is left of a process that was killed while writing the same file is removed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with _replacing:
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        for old in path.parent.iterdir():
            if old.name != path.name and _intended(old.name) == path.name:
                old.unlink(missing_ok=True)


def _intended(name: str) -> str:
    """What an unfinished file was to become; the name of any other."""
    return re.sub(r"^\.(.+)\.[0-9a-f]{8}$", r"\1", name)


def parsed(text: bytes | str) -> Any:
    """What JSON says.

    Raises:
        ValueError: for what is no JSON, for NaN and infinities, and for a key that stands twice.
        RecursionError: for JSON that is nested too deeply.
    """
    return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once_each)


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


def safetensors() -> Any:
    """The library, imported when a file is read or written."""
    return importlib.import_module("safetensors.numpy")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _once_each(pairs: list[tuple[str, Any]]) -> dict:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = sorted(key for key in found if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"the key {twice[0]!r} stands twice in one object")
    return found
