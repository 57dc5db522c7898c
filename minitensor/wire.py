"""Protocol buffers, written by hand: messages as bytes and as text, without any library.

A message is a list of numbered fields. On the wire each one is a key, `number * 8 + wire type`,
then the value: a varint (7 bits a byte, the last without its high bit), four little-endian bytes of
a float, or a length and so many bytes for everything else, inner messages included. Numbers that
repeat are packed: one length, then the values.

Source: the encoding page of protobuf.dev.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

__all__ = ["Field", "Message", "layout", "parts", "varint"]


class Field(NamedTuple):
    """A field of a kind of message.

    `kind` is "int", "bool", "enum", "float", "double", "bytes", "string", or a message class.
    """

    number: int
    kind: Any
    many: str = ""
    """Empty for one value; "list" for a list of them; "map" for a dict with string keys."""


def layout(**fields: tuple) -> dict[str, Field]:
    """The fields of a kind of message: for each its number, its kind, and "list" or "map"."""
    return {name: Field(*field) for name, field in fields.items()}


class Message:
    """A protocol-buffer message: subclasses list their `fields`.

    Lists and maps are there from the start; other fields are None until they are set, and are
    written when they are set, also to zero.

    Example:
        >>> class Point(Message):
        ...     fields = layout(x=(1, "int"), name=(2, "string"))
        >>> Point(x=300, name="a").SerializeToString().hex(" ")
        '08 ac 02 12 01 61'
        >>> print(Point(x=300, name="a"))
        x: 300
        name: "a"
    """

    fields: ClassVar[dict[str, Field]] = {}
    names: ClassVar[dict[int, str]] = {}
    """Names of enum values, for the text."""

    if TYPE_CHECKING:  # attributes are the fields

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def __init__(self, **given: Any):
        for name, field in self.fields.items():
            empty: Any = {"": None, "list": [], "map": {}}[field.many]
            setattr(self, name, given.pop(name, empty))
        if given:
            raise TypeError(f"{type(self).__name__} has no field {next(iter(given))!r}")

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """The message as bytes."""
        found = bytearray()
        for field, value in self._set():
            if field.many == "list" and field.kind in _WIRE and _WIRE[field.kind] != 2:
                found += _chunk(field.number, b"".join(_plain(field.kind, x) for x in value))
            elif field.many == "map":
                for key in sorted(value):
                    entry = _chunk(1, _content("string", key)) + _tagged(2, field.kind, value[key])
                    found += _chunk(field.number, entry)
            else:
                for x in value if field.many else [value]:
                    found += _tagged(field.number, field.kind, x)
        return bytes(found)

    @classmethod
    def FromString(cls, data: bytes) -> Self:  # noqa: N802
        """A message from its bytes; fields that are not listed are passed over.

        Raises:
            ValueError: where the bytes are cut off or of another kind.

        Example:
            >>> class Point(Message):
            ...     fields = layout(x=(1, "int"), name=(2, "string"))
            >>> print(Point.FromString(bytes.fromhex("08ac02120161")))
            x: 300
            name: "a"
        """
        made, names = cls(), {field.number: name for name, field in cls.fields.items()}
        for number, wire, value in parts(data):
            name = names.get(number)
            if name is None:
                continue
            field = cls.fields[name]
            if field.many == "map":
                entry = dict((n, v) for n, _, v in parts(_chunk_of(value, wire)))
                inner = entry.get(2, b"")
                getattr(made, name)[entry.get(1, b"").decode()] = _read(field.kind, 2, inner)
            elif field.many and wire == 2 and _WIRE.get(field.kind, 2) != 2:
                getattr(made, name).extend(_unpacked(field.kind, value))
            elif field.many:
                getattr(made, name).append(_read(field.kind, wire, value))
            else:
                setattr(made, name, _read(field.kind, wire, value))
        return made

    def ByteSize(self) -> int:  # noqa: N802
        """How many bytes it takes."""
        return len(self.SerializeToString())

    def _set(self) -> Iterator[tuple[Field, Any]]:
        for name, field in self.fields.items():
            value = getattr(self, name)
            if value is not None and not (field.many and not value):
                yield field, value

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # messages can change

    def __str__(self) -> str:
        """The message in protobuf's text format."""
        lines = []
        for name, field in self.fields.items():
            value = getattr(self, name)
            if field.many == "map":
                for key in sorted(value):
                    entry = [f"  key: {_quoted(key)}", *_indented(self._text("value", value[key]))]
                    lines += [f"{name} {{", *entry, "}"]
            elif value is not None:
                for x in value if field.many else [value]:
                    lines += self._text(name, x, field.kind)
        return "\n".join(lines)

    def _text(self, name: str, value: Any, kind: Any = None) -> list[str]:
        if isinstance(value, Message):
            return [f"{name} {{", *_indented(str(value).splitlines()), "}"]
        if kind == "enum":
            return [f"{name}: {self.names.get(value, value)}"]
        if isinstance(value, bool):
            return [f"{name}: {str(value).lower()}"]
        return [f"{name}: {_quoted(value) if isinstance(value, (str, bytes)) else value}"]

    __repr__ = __str__


def varint(value: int) -> bytes:
    """An integer in 7-bit groups, the lowest first; negative ones as 64 bits.

    Example:
        >>> varint(300).hex(" ")
        'ac 02'
    """
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def parts(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """The fields of a message as they stand: number, wire type, and an int or bytes.

    Raises:
        ValueError: where the bytes are cut off or of a wire type that is not in use.

    Example:
        >>> list(parts(bytes.fromhex("08ac02120161")))
        [(1, 0, 300), (2, 2, b'a')]
    """
    at, end = 0, len(data)
    while at < end:
        key, at = _varint_at(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint_at(data, at)
        elif wire in _FIXED or wire == 2:
            size, at = (_FIXED[wire], at) if wire in _FIXED else _varint_at(data, at)
            value, at = data[at : at + size], at + size
            if at > end:
                raise ValueError(f"field {number} is cut off: {at - end} bytes are missing")
        else:
            raise ValueError(f"field {number} has wire type {wire}, which is not in use")
        yield number, wire, value


def _varint_at(data: bytes, at: int) -> tuple[int, int]:
    """The varint that begins at a place, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _chunk_of(value: Any, wire: int) -> bytes:
    if wire != 2:
        raise ValueError(f"a message has wire type {wire}: it is of another kind")
    return value


def _read(kind: Any, wire: int, value: Any) -> Any:
    """One value of a field from what stood there."""
    if wire != _WIRE.get(kind, 2) and not (kind not in _WIRE and wire == 2):
        raise ValueError(f"a field of kind {kind!r} has wire type {wire}")
    if kind not in _WIRE:
        return kind.FromString(value)
    if kind in _STRUCT:
        return struct.unpack(_STRUCT[kind], value)[0]
    if kind == "string":
        return value.decode("utf-8", "replace")
    if kind == "bool":
        return bool(value)
    return value - (1 << 64) if _WIRE[kind] == 0 and value >= 1 << 63 else value


def _unpacked(kind: str, data: bytes) -> list:
    """Numbers that were packed."""
    if kind in _STRUCT:
        return [x for (x,) in struct.iter_unpack(_STRUCT[kind], data)]
    found, at = [], 0
    while at < len(data):
        value, at = _varint_at(data, at)
        found.append(_read(kind, 0, value))
    return found


_FIXED = {1: 8, 5: 4}
_STRUCT = {"float": "<f", "double": "<d"}
_WIRE = {"int": 0, "bool": 0, "enum": 0, "double": 1, "float": 5, "bytes": 2, "string": 2}


def _plain(kind: str, value: Any) -> bytes:
    """A number without its key."""
    return struct.pack(_STRUCT[kind], value) if kind in _STRUCT else varint(int(value))


def _tagged(number: int, kind: Any, value: Any) -> bytes:
    if kind not in _WIRE:
        return _chunk(number, value.SerializeToString())
    if _WIRE[kind] == 2:
        return _chunk(number, _content(kind, value))
    return varint(number << 3 | _WIRE[kind]) + _plain(kind, value)


def _content(kind: str, value: Any) -> bytes:
    """A text or bytes as bytes; the half characters that no file can hold become question marks."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(
            f"a field of kind {kind} holds text or bytes, and not {value!r} of type "
            f"{type(value).__name__}. To fix it: convert it with str(...)."
        )
    return bytes(value)


def _chunk(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _quoted(value: str | bytes) -> str:
    content = value.encode() if isinstance(value, str) else value
    escaped = {92: "\\\\", 34: '\\"', 10: "\\n", 13: "\\r", 9: "\\t"}
    return '"' + "".join(
        escaped.get(c, chr(c) if 32 <= c < 127 else f"\\{c:03o}") for c in content
    ) + '"'  # fmt: skip
