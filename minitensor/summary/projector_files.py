"""The files that TensorBoard's projector opens: vectors, labels, and the text that names them.

The configuration is a protobuf in text format, a block for each embedding; blocks of others stay as
they are. Each file is written whole beside its place and then put there, so that a reader finds the
old one or the new one.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from minitensor.errors import DataLossError, message

__all__ = [
    "CONFIG", "add_to_config", "config_before", "file_name", "labels_text", "put", "quoted",
    "vectors_file",
]  # fmt: skip

CONFIG = "projector_config.pbtxt"
FOLDER = "projector"
MOST_AS_TEXT = 100_000
_config_lock = threading.Lock()
_BLANKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
_TOKEN = re.compile(rf"#[^\n]*|(?P<string>{_STRING})|[{{}}]", re.DOTALL)
_NAME = re.compile(rf"tensor_name\s*:\s*({_STRING})")


def file_name(name: str, ending: str) -> str:
    """A path below the run for a file of an embedding, safe and distinct whatever its name is.

    Example:
        >>> file_name("words", "tsv"), file_name("../words", "tsv")
        ('projector/words.tsv', 'projector/.._words-57f9b3be.tsv')
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80]
    if plain != name or plain != plain.lower():  # file systems may not tell A from a
        plain = f"{plain}-{zlib.crc32(name.encode('utf-8', 'replace')):08x}"
    return f"{FOLDER}/{plain}.{ending}"


def put(folder: Path, name: str, data: bytes) -> None:
    """Write a file whole, then put it in its place."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.name[-40:])
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink()
        raise


def vectors_file(vectors: np.ndarray) -> tuple[str, bytes]:
    """The ending and the bytes of a file of vectors: text for few, raw float32 for many.

    TensorBoard tells raw numbers from text by trying to read them as text, so numbers whose bytes
    happen to be text are written as text too.
    """
    raw = np.ascontiguousarray(vectors, "<f4").tobytes()
    if vectors.size > MOST_AS_TEXT and not _is_text(raw.partition(b"\n")[0]):
        return "bytes", raw
    lines = ("\t".join(f"{x:.9g}" for x in row) for row in vectors.astype(np.float32).tolist())
    return "tsv", ("\n".join(lines) + "\n").encode()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def labels_text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Labels as tab-separated lines: with a line of names above them if they are several a point.

    Tabs and line ends inside a label become blanks, and a point without any label gets a dash,
    because an empty line is no point for TensorBoard. A warning says how many were changed.
    """
    clean = [[_BLANKS.sub(" ", text).strip(" ") for text in row] for row in rows]
    changed = sum(
        a != b for new, old in zip(clean, rows, strict=True) for a, b in zip(new, old, strict=True)
    )
    if changed:
        warnings.warn(
            f"embedding: {changed} label{'s hold' if changed > 1 else ' holds'} tabs, line ends or "
            "outer blanks, which separate labels in the file; each became one blank, or is gone.",
            UserWarning,
            stacklevel=3,
        )
    lines = ["\t".join(row if any(row) else ["-", *row[1:]]) for row in clean]
    head = ["\t".join(_BLANKS.sub(" ", name) for name in columns)] if len(columns) > 1 else []
    return "\n".join([*head, *lines]) + "\n"


def config_before(folder: Path) -> str:
    """The configuration as it is; nothing where there is none.

    Raises:
        DataLossError: (also a ValueError) for a file that is no text.
    """
    path = folder / CONFIG
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise DataLossError(
            message("embedding", f"the file {str(path)!r}",
                    f"at byte {error.start} it is not UTF-8: {error.reason}",
                    "it is the text that tells TensorBoard which embeddings there are; it was "
                    "left as it is", "save it as UTF-8, or move it away to begin with an empty one")
        ) from None  # fmt: skip


def add_to_config(folder: Path, blocks: dict[str, list[str]]) -> None:
    """Put blocks of `field: value` lines under their tensor names; others stay."""
    with _config_lock:
        before = config_before(folder)
        kept, end = [], 0
        for start, stop in _blocks(before):
            found = _NAME.search(before, start, stop)
            if found and unquoted(found[1]) in blocks:
                kept.append(before[end:start].rstrip(" \n"))
                end = stop
        kept.append(before[end:].strip("\n"))
        new = [_block(name, lines) for name, lines in blocks.items()]
        put(folder, CONFIG, ("\n".join([*filter(None, kept), *new]) + "\n").encode())


def _block(name: str, lines: list[str]) -> str:
    inner = "\n".join(f"  {line}" for line in [f"tensor_name: {quoted(name)}", *lines])
    return f"embeddings {{\n{inner}\n}}"


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Where the blocks `embeddings { … }` of a configuration begin and end."""
    depth, start = 0, 0
    for found in _TOKEN.finditer(text):
        if found[0] == "{":
            if depth == 0:
                head = re.search(r"embeddings\s*:?\s*$", text[: found.start()])
                start = head.start() if head else -1
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if depth == 0 and start >= 0:
                yield start, found.end()


def quoted(text: str) -> str:
    """A string in protobuf's text format.

    Example:
        >>> quoted("words")
        '"words"'
    """
    text = text.encode("utf-8", "replace").decode()
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\{ord(found[0]):03o}", escaped) + '"'


def unquoted(text: str) -> str:
    """What a string of the text format says; escapes are bytes of UTF-8."""
    plain = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}

    def meant(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8) & 255]) if code.isdigit() else plain.get(code, code)

    inner = text[1:-1].encode("utf-8", "replace")
    return re.sub(rb"\\([0-7]{1,3}|.)", meant, inner).decode("utf-8", "replace")
