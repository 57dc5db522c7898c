"""`mt.print`: values as text, each time the op runs; in a traced function too, unlike Python's.

The text of a call is fixed when it is made, except for places that tensors fill when it runs. Read
`print`, then `print_tensors`, then `tensor_text`.
"""

from __future__ import annotations

import pprint
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minitensor import nest, samples
from minitensor.backend import to_numpy
from minitensor.dtypes import kind_of
from minitensor.errors import InvalidArgumentError, message, suggest
from minitensor.op import convert, op
from minitensor.shapes import Spec

__all__ = ["print_tensors"]

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}
_PLACE = "\0\0\0\0"


class _Place:
    """Stands for a tensor while the structure around it is turned into text."""

    def __repr__(self) -> str:
        return _PLACE


def print(
    *inputs: Any,
    output_stream: Any = None,
    summarize: int = 3,
    sep: str = " ",
    end: str = "\n",
    name: str | None = None,
    **unknown: Any,
) -> None:
    """Print the inputs: tensors, structures of them, and anything else Python can print.

    Args:
        inputs: what to print.
        output_stream: `sys.stderr` (the default), `sys.stdout`, something with a `write` method,
            or `"file://path"`, to which the text is appended.
        summarize: how many elements are shown at each end of an axis; -1 for all.
        sep: what stands between two inputs.
        end: what stands after the last.
        name: a name for the op.
        unknown: nothing else is known; a misspelled name gets an error that says so.

    Example:
        >>> import sys, minitensor as mt
        >>> mt.print("x =", mt.range(10), {"a": mt.constant(0.5)}, output_stream=sys.stdout)
        x = [0 1 2 ... 7 8 9] {'a': 0.5}
    """
    if unknown:
        known = ["output_stream", "summarize", "sep", "end", "name"]
        raise InvalidArgumentError(
            message("print", ", ".join(f"{k}={v!r}" for k, v in unknown.items()),
                    f"unrecognized keyword arguments for tf.print: {unknown}",
                    f"it knows {', '.join(known)}", suggest(next(iter(unknown)), known))
        )  # fmt: skip
    tensors: list = []
    pieces: list[str | None] = []
    for number, value in enumerate(inputs):
        pieces += [sep] if number else []
        pieces += _pieces(value, tensors)
    print_tensors(
        tensors, pieces=tuple(pieces), summarize=summarize, end=end,
        output_stream=_stream_name(output_stream), name=name,
    )  # fmt: skip


def _pieces(value: Any, tensors: list) -> list[str | None]:
    """The text of one input, with None where a tensor's text goes."""
    if isinstance(value, str):
        return [value]
    leaves: list = []
    for leaf in nest.flatten(value):
        if hasattr(leaf, "ref") or hasattr(leaf, "to_dense"):
            tensors.append(convert(leaf))
            leaf = _Place()
        leaves.append(leaf)
    text = pprint.pformat(nest.pack_sequence_as(value, leaves))
    parts = text.split(_PLACE)
    return [part for text in parts for part in (text, None)][:-1]


def _print_spec(*inputs: Spec, **_: Any) -> Spec:
    return Spec((), np.dtype(bool))


class _Nowhere:
    """Where samples print to."""

    def write(self, text: str) -> None:
        """Forget the text."""


@op(infer=_print_spec, types="A", portable=False, stateful=True, why_none="printing has no result",
    samples=samples.cases(
        (((2, 3), ()), {"pieces": ("x =", None, ", ", None), "output_stream": _Nowhere()}),
    ))  # fmt: skip
def print_tensors(xp, *inputs, pieces, summarize=3, end="\n", output_stream="stderr"):
    """Write `pieces`, with the inputs' text in the places that are None.

    Shape: any → () bool.
    """
    arrays = iter(to_numpy(x) for x in inputs)
    if len(pieces) == 3 and pieces == ("", None, "") and kind_of(inputs[0].dtype) == "O":
        array = next(arrays)
        text = bytes(array[()]).decode(errors="replace") if not array.ndim else tensor_text(array)
    else:
        text = "".join(tensor_text(next(arrays), summarize) if p is None else p for p in pieces)
    _write(output_stream, text + end)
    return xp.asarray(True)


def tensor_text(array: np.ndarray, summarize: int = 3) -> str:
    """The elements as TensorFlow prints them: `[1 2 3 ... 7 8 9]`, floats as short as they are.

    Example:
        >>> tensor_text(np.array([0.1, 2.0, 1e10], np.float32))
        '[0.1 2 1e+10]'
    """
    if not array.ndim:
        return _element(array[()], kind_of(array.dtype))
    return _axis_text(array, summarize, 0)


def _axis_text(array: np.ndarray, summarize: int, depth: int) -> str:
    size = len(array)
    whole = summarize < 0 or size <= 2 * summarize
    shown: Sequence = range(size)
    if not whole:
        shown = [*range(summarize), None, *range(size - summarize, size)]
    if array.ndim == 1:
        kind = kind_of(array.dtype)
        texts: Iterator = ("..." if i is None else _element(array[i], kind) for i in shown)
        return f"[{' '.join(texts)}]"
    gap = "\n" * (array.ndim - 1) + " " * (depth + 1)
    parts = ("..." if i is None else _axis_text(array[i], summarize, depth + 1) for i in shown)
    return f"[{gap.join(parts)}]"


def _element(value: Any, kind: str) -> str:
    if kind == "b":
        return "1" if value else "0"
    if kind == "f":
        return _shortest(value)
    if kind == "O":
        return '"' + "".join(map(_escaped, value.decode(errors="surrogateescape"))) + '"'
    return str(value)


def _shortest(value: Any) -> str:
    """Six digits (15 of a float64) when they give the number back, else 9 (17)."""
    double = isinstance(value, np.float64)
    number, same = float(value), np.float64 if double else np.float32
    short = f"{number:.{15 if double else 6}g}"
    return short if same(short) == same(number) else f"{number:.{17 if double else 9}g}"


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return f"\\{ord(letter):03o}" if ord(letter) < 32 or ord(letter) == 127 else letter


def _stream_name(stream: Any) -> Any:
    if stream is None or stream is sys.stderr:
        return "stderr"
    if stream is sys.stdout:
        return "stdout"
    if hasattr(stream, "write") or (isinstance(stream, str) and stream.startswith("file://")):
        return stream
    raise InvalidArgumentError(
        message("print", f"output_stream={stream!r}", "that is no stream",
                "text goes to sys.stderr, sys.stdout, something with write(), or 'file://<path>'",
                "leave output_stream out for sys.stderr")
    )  # fmt: skip


def _write(stream: Any, text: str) -> None:
    if isinstance(stream, str) and stream.startswith("file://"):
        with Path(stream.removeprefix("file://")).open("a", encoding="utf-8") as file:
            file.write(text)
        return
    if isinstance(stream, str):
        stream = sys.stdout if stream == "stdout" else sys.stderr
    stream.write(text)
