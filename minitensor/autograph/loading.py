"""From a rewritten tree to a function that stands where the learner wrote it.

The generated code is compiled with the file name and lines of its origin, so tracebacks, the lines
that a graph remembers, and debuggers show the learner's own program; nothing is written to disk.
What was made is kept as long as the code that it was made from.
"""

from __future__ import annotations
import __future__

import ast
import threading
import weakref
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

__all__ = ["Factory", "Kept", "text_of"]

BLOCK = ".<block>"
"""How the qualified names of generated inner functions end: the body of an `if` and the like."""
_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag


class Factory:
    """Makes converted functions for all functions with one code object.

    A function that is made shares the globals, the closure and the defaults of the original.
    """

    def __init__(self, function: Callable, name: str, definition: ast.stmt, origin: Any):
        original: CodeType = function.__code__
        module, generated = _module(name, definition, original.co_freevars, origin)
        flags = original.co_flags & _FUTURES
        code = compile(module, original.co_filename, "exec", flags=flags, dont_inherit=True)
        found: dict[str, Any] = {"__name__": function.__module__}
        exec(code, found)
        maker: CodeType = found["outer"]().__code__
        titles = dict.fromkeys(generated, original.co_name)
        titles[name] = original.co_name
        self.code = _renamed(maker, titles, original.co_qualname, name)
        self.free = original.co_freevars

    def __call__(self, function: Any, operators: Any) -> Callable:
        """The converted form of `function`; `operators` is what generated code knows as `ag__`."""
        cells = dict(zip(self.free, function.__closure__ or (), strict=True))
        closure = tuple(cells[name] for name in self.code.co_freevars)
        new = FunctionType(self.code, function.__globals__, "make", None, closure)(operators)
        new.__defaults__, new.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
        return new


class Kept:
    """Values kept for objects, recognised by identity, until the objects are gone."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[weakref.ref, Any]] = {}
        self.lock = threading.RLock()

    def get(self, key: Any, default: Any = None) -> Any:
        """What is kept for an object."""
        found = self._found.get(id(key))
        return default if found is None or found[0]() is not key else found[1]

    def __setitem__(self, key: Any, value: Any) -> None:
        number = id(key)
        found = self._found
        self._found[number] = weakref.ref(key, lambda _: found.pop(number, None)), value

    def __len__(self) -> int:
        return len(self._found)


def text_of(definition: ast.stmt) -> str:
    """The generated code, for reading."""
    return ast.unparse(ast.fix_missing_locations(definition)) + "\n"


def _module(
    name: str, definition: ast.stmt, free: tuple[str, ...], origin: Any
) -> tuple[ast.Module, set[str]]:
    """A module with two nested functions: the outer one gives the closure, the inner one `ag__`."""
    closure = [ast.Assign(targets=[ast.Name(n, ast.Store())], value=ast.Constant(None))
               for n in free]  # fmt: skip
    inner = _definition("make", ["ag__"], [definition, ast.Return(ast.Name(name, ast.Load()))])
    outer = _definition("outer", [], [*closure, inner, ast.Return(ast.Name("make", ast.Load()))])
    module = ast.Module(body=[outer], type_ignores=[])
    places = _Places(origin)
    places.first(definition)
    places.put(module, (1, 0, 1, 0))
    return module, places.generated


def _definition(name: str, parameters: list[str], body: list) -> ast.FunctionDef:
    module = ast.parse(f"def {name}({', '.join(parameters)}): pass")
    found: Any = module.body[0]
    found.body = body
    return found


class _Places:
    """Gives nodes a place: their own, that of what is inside them, or that around them."""

    def __init__(self, origin: Any):
        self.origin = origin
        self.generated: set[str] = set()
        self._first: dict[int, tuple | None] = {}

    def first(self, node: Any) -> tuple | None:
        """The place of a node, or of the first inside it that has one."""
        marks = getattr(node, "___pyct_anno", {})
        # Other nodes, such as ast.Load(), are one object for all trees.
        place = marks.get(self.origin) if "lineno" in node._attributes else None
        for name, value in ast.iter_fields(node):
            if isinstance(value, tuple):
                setattr(node, name, list(value))  # as compile wants it
        for child in ast.iter_child_nodes(node):
            inner = self.first(child)
            place = place or inner
        if isinstance(node, ast.FunctionDef) and "function_context_name" not in marks:
            self.generated.add(node.name)
        self._first[id(node)] = place
        return place

    def put(self, node: Any, around: tuple) -> None:
        """Set lines and columns of a node and all inside it."""
        place = self._first.get(id(node)) or around
        if "lineno" in node._attributes:
            node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = place
        for child in ast.iter_child_nodes(node):
            self.put(child, place)


def _renamed(code: CodeType, titles: dict[str, str], qualname: str, top: str) -> CodeType:
    """Code with the learner's names in place of generated ones, in it and in all code inside."""
    inner = tuple(
        _renamed(c, titles, qualname, top) if isinstance(c, CodeType) else c for c in code.co_consts
    )
    title = titles.get(code.co_name, code.co_name)
    if code.co_name == top:
        full = qualname
    elif code.co_name in titles:
        full = qualname + BLOCK
    else:
        full = code.co_qualname.rpartition(f"{top}.<locals>.")[2]
    return code.replace(co_consts=inner, co_name=title, co_qualname=full)
