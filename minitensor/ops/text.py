"""Operations on string tensors. A string is bytes; where letters matter, they are read as UTF-8."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype, kind_of
from minitensor.errors import Fault
from minitensor.op import Op, op
from minitensor.ops.printing import tensor_text
from minitensor.shapes import Spec, axes_of, broadcast_shapes, predicate, reduced, same

__all__ = [
    "as_string",
    "regex_full_match",
    "regex_replace",
    "string_format",
    "string_join",
    "string_length",
    "string_lower",
    "string_reduce_join",
    "string_strip",
    "string_to_number",
    "string_upper",
    "substr",
]

_WHY_NONE = "strings carry no gradient"
_WORDS = np.array([[b"Ab", b" c "], ["é".encode(), b""]], dtype=object)
_WORD = np.array(b"Ab", dtype=object)
_SAMPLES = samples.cases(((_WORDS,), {}), ((_WORDS[:0],), {}), ((_WORD,), {}))


def _text_op(infer: Callable, sampled: Callable, types: str = "S") -> Callable[[Callable], Op]:
    """What all ops on strings have in common, as arguments of `op`."""
    return op(infer=infer, samples=sampled, types=types, portable=False, why_none=_WHY_NONE)


def _each(function: Callable, *arrays: Any, dtype: Any = object) -> np.ndarray:
    """`function` of each element; the arrays broadcast."""
    spread = np.broadcast_arrays(*arrays)
    out = np.empty(spread[0].shape, dtype=dtype)
    for i in np.ndindex(out.shape):
        out[i] = function(*(a[i] for a in spread))
    return out


def _lengths(input: Spec, **_: Any) -> Spec:
    return Spec(input.shape, np.dtype(np.int32))


@_text_op(_lengths, _SAMPLES)
def string_length(xp, input, *, unit="BYTE"):
    """How many bytes each string has; with unit="UTF8_CHAR", how many letters.

    Shape: any → same, int32.
    """
    letters = unit == "UTF8_CHAR"
    return _each(lambda s: len(s.decode(errors="replace") if letters else s), input, dtype=np.int32)


@_text_op(same, _SAMPLES)
def string_lower(xp, input, *, encoding=""):
    """Capital letters made small: ASCII's, or with encoding="utf-8" all.

    Shape: any → same.
    """
    return _each(lambda s: s.decode().lower().encode() if encoding else s.lower(), input)


@_text_op(same, _SAMPLES)
def string_upper(xp, input, *, encoding=""):
    """Small letters made capital: ASCII's, or with encoding="utf-8" all.

    Shape: any → same.
    """
    return _each(lambda s: s.decode().upper().encode() if encoding else s.upper(), input)


@_text_op(same, _SAMPLES)
def string_strip(xp, input):
    """Strings without white space at both ends.

    Shape: any → same.
    """
    return _each(bytes.strip, input)


def _joined(*inputs: Spec, separator: str = "") -> Spec:
    if not inputs:
        raise Fault("there is nothing to join", "join needs at least one tensor", "pass some")
    return Spec(broadcast_shapes(*(s.shape for s in inputs)), np.dtype(object))


@_text_op(_joined, samples.cases(((_WORDS, _WORD), {"separator": "-"})))
def string_join(xp, *inputs, separator=""):
    """Matching strings put together, with `separator` in between.

    Shape: broadcast of all.
    """
    return _each(lambda *parts: separator.encode().join(parts), *inputs)


def _reduce_joined(inputs: Spec, *, axis: Any = None, keepdims: bool = False, **_: Any) -> Spec:
    return reduced(inputs, axis=axis, keepdims=keepdims)


@_text_op(_reduce_joined, samples.cases(((_WORDS,), {}), ((_WORDS,), {"axis": 1}),
                                        ((_WORDS,), {"axis": 0, "keepdims": True})))  # fmt: skip
def string_reduce_join(xp, inputs, *, axis=None, keepdims=False, separator=""):
    """All strings along `axis` (by default all axes) put together.

    Shape: the axes joined vanish, or keep size 1 with keepdims.
    """
    axes = axes_of(axis, inputs.ndim)
    kept = [i for i in range(inputs.ndim) if i not in axes]
    rows = inputs.transpose(*kept, *axes).reshape(*(inputs.shape[i] for i in kept), -1)
    out = np.empty(rows.shape[:-1], dtype=object)
    for i in np.ndindex(out.shape):
        out[i] = separator.encode().join(rows[i])
    return np.expand_dims(out, axes) if keepdims else out


@_text_op(predicate, samples.cases(((_WORDS,), {"pattern": "A.*"})))
def regex_full_match(xp, input, *, pattern):
    """Whether the whole of each string fits a regular expression.

    Shape: any → same, bool.
    """
    compiled = re.compile(pattern.encode())
    return _each(lambda s: compiled.fullmatch(s) is not None, input, dtype=bool)


def _replaced(input: Spec, **_: Any) -> Spec:
    return input


@_text_op(_replaced, samples.cases(((_WORDS,), {"pattern": "b", "rewrite": "x"})))
def regex_replace(xp, input, *, pattern, rewrite, replace_global=True):
    r"""Each match of a regular expression (or the first) replaced; `\1` stands for its group 1.

    Shape: any → same.
    """
    compiled, count = re.compile(pattern.encode()), 0 if replace_global else 1
    return _each(lambda s: compiled.sub(rewrite.encode(), s, count=count), input)


def _cut(input: Spec, pos: Spec, len: Spec, **_: Any) -> Spec:
    return Spec(broadcast_shapes(input.shape, pos.shape, len.shape), input.dtype)


@_text_op(_cut, samples.cases(((_WORDS[0], 0, 1), {})), types="SII")
def substr(xp, input, pos, len, *, unit="BYTE"):
    """`len` bytes (or letters) of each string from position `pos`.

    Shape: broadcast of all.
    """
    sizeof = bytes.__len__ if unit == "BYTE" else str.__len__  # `len` is an input here

    def cut(text: bytes, start: int, count: int) -> bytes:
        units: Any = text.decode(errors="replace") if unit == "UTF8_CHAR" else text
        size = sizeof(units)
        if not -size <= start <= size:
            raise Fault(f"pos {start} out of range for string {text!r}",
                        "positions lie inside the string", "check string_length")  # fmt: skip
        first = start + size if start < 0 else start
        part = units[first : first + count]
        return part.encode() if isinstance(part, str) else part

    return _each(cut, input, pos, len)


def _as_text(input: Spec, **_: Any) -> Spec:
    return Spec(input.shape, np.dtype(object))


@_text_op(_as_text, types="A", sampled=samples.cases(
    (((2, 3),), {}), ((np.array([1, -2]),), {"width": 4, "fill": "0"}), ((1.5,), {"precision": 2})
))  # fmt: skip
def as_string(xp, input, *, precision=-1, scientific=False, shortest=False, width=-1, fill=""):
    """Numbers as text, as C's printf writes them: `%f`, `%e` or `%g`.

    Shape: any → same, string.
    """
    size = f"{fill}{width}" if width > -1 else ""
    digits = f".{precision}" if precision > -1 else ""
    letter = "e" if scientific else "g" if shortest else "f"

    def number(value: Any) -> str:
        return f"{value:{size}{digits}{letter}}"

    def text(value: Any) -> bytes:
        if isinstance(value, (bool, np.bool_)):
            return b"true" if value else b"false"
        if isinstance(value, bytes):
            return value
        if isinstance(value, (complex, np.complexfloating)):
            return f"({number(value.real)},{number(value.imag)})".encode()
        if isinstance(value, (int, np.integer)):
            return f"{int(value):{size}d}".encode()
        return number(float(value)).encode()

    return _each(text, input if kind_of(input.dtype) != "f" else input.astype(np.float64))


def _numbers(input: Spec, *, out_type: Any = "float32") -> Spec:
    return Spec(input.shape, as_dtype(out_type).numpy)


@_text_op(_numbers, samples.cases(((np.array([b"1.5", b" -2"], object),), {}),
                                  ((np.array(b"7", object),), {"out_type": "int64"})))  # fmt: skip
def string_to_number(xp, input, *, out_type="float32"):
    """The number that each string writes.

    Shape: any → same, `out_type`.
    """
    dtype = as_dtype(out_type)
    read: Callable = int if dtype.is_integer else float

    def number(text: bytes) -> Any:
        try:
            return read(text)
        except ValueError:
            fault = f"could not correctly convert string: {text.decode(errors='replace')}"
            rule = f"each string writes one {dtype.name}"
            raise Fault(fault, rule, "check the strings") from None

    return _each(number, input, dtype=dtype.numpy)


def _one_text(*inputs: Spec, **_: Any) -> Spec:
    return Spec((), np.dtype(object))


@_text_op(_one_text, samples.cases((((2,),), {"template": "x = {}"})), types="A")
def string_format(xp, *inputs, template, placeholder="{}", summarize=3):
    """The template with the text of one input in the place of each placeholder.

    Shape: any… → () string.
    """
    parts = template.split(placeholder)
    if len(parts) - 1 != len(inputs):
        raise Fault(f"the template expects {len(parts) - 1} tensors, but there are {len(inputs)}",
                    "each placeholder takes one tensor", "pass as many")  # fmt: skip
    texts = [tensor_text(np.asarray(x), summarize) for x in inputs]
    whole = "".join(a + b for a, b in zip(parts, [*texts, ""], strict=True))
    return _each(lambda _: whole.encode(), np.asarray(0))
