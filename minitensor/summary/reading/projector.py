"""The embeddings of a run, from the files that its projector configuration names.

Source: tensorboard/plugins/projector/{projector_config.proto,projector_plugin.py}.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from minitensor.summary.reading.text_proto import Block, parse_text
from minitensor.summary.series import Embedding

__all__ = ["embeddings_of"]

_LARGEST = 1 << 30
"""Files of more bytes are not read."""


def embeddings_of(run: str, config: Path) -> tuple[list[Embedding], list[str]]:
    """The embeddings that a configuration names, and a sentence for each that cannot be read."""
    found, problems = [], []
    try:
        blocks = _blocks(parse_text(_file(config.parent, config.name).decode("utf-8", "replace")))
    except (OSError, ValueError) as error:
        return [], [f"{config} cannot be read: {_why(error)}."]
    for block in blocks:
        name = _text(block, "tensor_name") or "embedding"
        try:
            found.append(_embedding(run, name, config.parent, block))
        except (OSError, ValueError) as error:
            problems.append(f"The embedding {name!r} of {config} cannot be read: {_why(error)}.")
    return found, problems


def _blocks(config: Block) -> list[Block]:
    blocks = config.get("embeddings", [])
    if not all(isinstance(block, dict) for block in blocks):
        raise ValueError("an embedding is a block in braces")
    return blocks


def _embedding(run: str, name: str, folder: Path, block: Block) -> Embedding:
    """One embedding with its labels and thumbnails."""
    path = _text(block, "tensor_path")
    if not path:
        raise ValueError("it has no tensor_path; minitensor reads no TensorFlow checkpoints")
    data = _file(folder, path)
    vectors = _table(data) if path.endswith((".tsv", ".txt")) else _raw(data, block)
    columns, labels = [], []
    if metadata := _text(block, "metadata_path"):
        columns, labels = _labels(_file(folder, metadata).decode("utf-8", "replace"), len(vectors))
    sprite, thumbnail = None, None
    for inner in block.get("sprite", [])[:1]:
        size = inner.get("single_image_dim", []) if isinstance(inner, dict) else []
        if len(size) != 2 or not all(isinstance(x, int) and x > 0 for x in size):
            raise ValueError("its sprite has no single_image_dim of width and height")
        sprite, thumbnail = _file(folder, _text(inner, "image_path")), (size[0], size[1])
    return Embedding(run, name, vectors, columns, labels, sprite, thumbnail)


def _text(block: Block, name: str) -> str:
    """The last value of a field, which is text; empty where it is not there."""
    value = block.get(name, [""])[-1]
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value


def _file(folder: Path, name: str) -> bytes:
    """The bytes of a file below the directory of the configuration, links followed."""
    if "\0" in name or not name:
        raise ValueError(f"{name!r} is no path of a file")
    path, inside = (folder / name).resolve(), folder.resolve()
    if inside not in path.parents:
        raise ValueError(f"the path {name!r} leads out of the directory of the configuration")
    if path.stat().st_size > _LARGEST or not path.is_file():
        raise ValueError(f"{name!r} is no file, or larger than a gigabyte")
    return path.read_bytes()


def _table(data: bytes) -> np.ndarray:
    """Vectors as text: a line for each point, numbers between tabs."""
    lines = [line.split(b"\t") for line in data.splitlines() if line.strip()]
    if len({len(line) for line in lines}) > 1:
        raise ValueError("the lines of its vectors are of different lengths")
    return np.array([list(map(float, line)) for line in lines], np.float32).reshape(len(lines), -1)


def _raw(data: bytes, block: Block) -> np.ndarray:
    """Vectors as the bytes of float32 numbers."""
    shape = block.get("tensor_shape", [])
    if len(shape) != 2 or not all(isinstance(x, int) and x >= 0 for x in shape):
        raise ValueError("its vectors are raw bytes and need a tensor_shape of two sizes")
    if 4 * math.prod(shape) != len(data):
        raise ValueError(f"{len(data)} bytes are not {shape[0]} × {shape[1]} float32 numbers")
    return np.frombuffer(data, "<f4").reshape(shape).copy()


def _labels(text: str, count: int) -> tuple[list[str], list[list[str]]]:
    """Names and rows of the labels. One column has no header, several have one."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    while lines and not lines[-1] and len(lines) > count:
        lines.pop()
    rows = [line.split("\t") for line in lines]
    if any(len(row) > 1 for row in rows[:1]):
        columns, rows = rows[0], rows[1:]
    else:
        columns = ["label"] if rows else []
    if len(rows) != count:
        raise ValueError(f"it has {count} vectors but labels for {len(rows)}")
    width = len(columns)
    return columns, [(row + [""] * width)[:width] for row in rows]


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
