"""The types of CUDA C that a kernel's numbers and arrays get."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

RANKS = ("bool", "int", "long long", "float", "double")
ELEMENTS = {
    "float32": "float", "float64": "double", "int8": "signed char", "int16": "short",
    "int32": "int", "int64": "long long", "uint8": "unsigned char", "uint16": "unsigned short",
    "uint32": "unsigned int", "uint64": "unsigned long long", "bool": "bool",
}  # fmt: skip
# A number keeps these types; a smaller one is an int, as everywhere in C.
VALUES = {"float": "float", "double": "double", "long long": "long long", "bool": "bool"}
UNSIGNED = ("unsigned int", "unsigned long long")
# Words that are names in Python and not in CUDA C.
TAKEN = {
    "auto", "bool", "case", "catch", "char", "const", "default", "delete", "do", "double", "dim3",
    "enum", "explicit", "export", "extern", "float", "friend", "goto", "inline", "int", "long",
    "mutable", "namespace", "new", "operator", "private", "protected", "public", "register",
    "short", "signed", "sizeof", "static", "struct", "switch", "template", "this", "throw",
    "typedef", "typename", "union", "unsigned", "using", "virtual", "void", "volatile",
    "threadIdx", "blockIdx", "blockDim", "gridDim", "min", "max", "abs", "floor_div", "floor_mod",
}  # fmt: skip


class UnsupportedError(Exception):
    """A line of a kernel has no counterpart in CUDA C."""


def refuse(node: ast.AST, what: str, instead: str) -> UnsupportedError:
    """The lesson for a construct that CUDA C does not have."""
    line = getattr(node, "lineno", 0)
    return UnsupportedError(
        f"Line {line}: {what} has no counterpart in CUDA C. {instead} The simulator runs it all "
        "the same."
    )


@dataclass(frozen=True)
class ArrayType:
    """An array: its element in C, its shape, and where it is."""

    element: str
    shape: tuple[int, ...]
    space: str = "global"

    @property
    def value(self) -> str:
        """The type of an element in a computation."""
        return "long long" if self.element in UNSIGNED else VALUES.get(self.element, "int")


Type = str | ArrayType


@dataclass(frozen=True)
class C:
    """A piece of C: its text, its type, and how loosely it binds (0 is a name)."""

    text: str
    type: str
    level: int = 0

    def within(self, level: int) -> str:
        """The text as part of something that binds this tightly."""
        return self.text if self.level <= level else f"({self.text})"


def joined(*types: str) -> str:
    """The type that holds numbers of all these types.

    Example:
        >>> joined("int", "float"), joined("bool", "bool"), joined("float", "double")
        ('float', 'bool', 'double')
    """
    return RANKS[max(RANKS.index(each) for each in types)]


def number_type(value: Any) -> str:
    """The type of a Python number.

    Example:
        >>> number_type(3), number_type(2**40), number_type(0.5), number_type(True)
        ('int', 'long long', 'double', 'bool')
    """
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "long long"
    return "double"


def name_in_c(name: str) -> str:
    """A Python name as C can have it.

    Example:
        >>> name_in_c("i"), name_in_c("double"), name_in_c("Δ")
        ('i', 'double_', 'u394')
    """
    plain = "".join(c if c.isascii() else f"u{ord(c):x}" for c in name)
    return f"{plain}_" if plain in TAKEN else plain


def literal(value: Any) -> C:
    """A Python number as C."""
    kind = number_type(value)
    if kind == "bool":
        return C("true" if value else "false", kind)
    if kind == "double":
        if value != value:
            return C("(0.0 / 0.0)", kind)
        if value in (float("inf"), -float("inf")):
            return C("(1.0 / 0.0)" if value > 0 else "(-1.0 / 0.0)", kind)
        return C(repr(value), kind, 0 if value >= 0 else 1)
    return C(f"{value}{'LL' if kind == 'long long' else ''}", kind, 0 if value >= 0 else 1)
