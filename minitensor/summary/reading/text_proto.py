"""Protobuf's text format, for small configuration files: blocks in braces, and `name: value`.

Source: the text format page of protobuf.dev.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["parse_text"]

_STRING = r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'"
_TOKEN = re.compile(rf"(?P<string>{_STRING})|(?P<word>[\w.+-]+)|(?P<sign>[{{}}<>:,;\[\]])")
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f",
          b"v": b"\v"}  # fmt: skip
_DEEPEST = 16

_Token = tuple[str, str]
Block = dict[str, list[Any]]


def parse_text(text: str) -> Block:
    """The fields of a message: for each name its values, which are str, int, float or blocks.

    Raises:
        ValueError: where the text is not in the format.

    Example:
        >>> parse_text('points { name: "a" size: 3 size: 4 }')
        {'points': [{'name': ['a'], 'size': [3, 4]}]}
    """
    tokens = list(_tokens(text))
    found, at = _block(tokens, 0, 0)
    if at < len(tokens):
        raise ValueError(f"{tokens[at][1]!r} closes nothing")
    return found


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        found = _TOKEN.match(text, at)
        if found:
            yield str(found.lastgroup), found[0]
            at = found.end()
        elif at < len(text):
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1} has {text[at : at + 20]!r}")


def _block(tokens: list[_Token], at: int, depth: int) -> tuple[Block, int]:
    """The fields from a token on, and the token that ends them."""
    if depth > _DEEPEST:
        raise ValueError(f"blocks lie more than {_DEEPEST} deep in one another")
    found: Block = {}
    while at < len(tokens) and tokens[at][1] not in ("}", ">"):
        kind, name = tokens[at]
        if kind != "word":
            raise ValueError(f"{name!r} stands where a name belongs")
        colon = tokens[at + 1 : at + 2] == [("sign", ":")]
        values, at = _values(tokens, at + 1 + colon, depth, name, colon)
        found.setdefault(name, []).extend(values)
        at += at < len(tokens) and tokens[at][1] in (",", ";")
    return found, at


def _values(tokens: list[_Token], at: int, depth: int, name: str, colon: bool) -> tuple[list, int]:
    """What a name stands for: a block, a value, or a list of them in brackets."""
    opened = tokens[at] if at < len(tokens) else ("sign", "")
    if opened in (("sign", "{"), ("sign", "<")):
        value, at = _block(tokens, at + 1, depth + 1)
        if tokens[at : at + 1] != [("sign", "}" if opened[1] == "{" else ">")]:
            raise ValueError(f"the block {name!r} is not closed")
        return [value], at + 1
    if opened == ("sign", "[") and depth < _DEEPEST:
        found: list = []
        while tokens[at] != ("sign", "]"):
            some, at = _values(tokens, at + 1, depth + 1, name, colon)
            found += some
            if tokens[at : at + 1] not in ([("sign", ",")], [("sign", "]")]):
                raise ValueError(f"the list {name!r} is not closed")
        return found, at + 1
    if not colon or opened[0] == "sign":
        raise ValueError(f"{name!r} has no value")
    value, at = _value(tokens, at)
    return [value], at


def _value(tokens: list[_Token], at: int) -> tuple[Any, int]:
    """A text, of which several in a row are one, or a number or a word."""
    if tokens[at][0] == "word":
        word = tokens[at][1]
        for number in (lambda x: int(x, 0), float):
            try:
                return number(word), at + 1
            except ValueError:
                continue
        return word, at + 1
    whole = b""
    while at < len(tokens) and tokens[at][0] == "string":
        whole += _ESCAPE.sub(_unescaped, tokens[at][1][1:-1].encode())
        at += 1
    return whole.decode("utf-8", "replace"), at


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1] or found[2]:
        return bytes([int(found[1], 16) if found[1] else int(found[2], 8) & 255])
    return _PLAIN.get(found[3], found[3])
