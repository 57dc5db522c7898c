"""The syntax tree of a function, found where Python found its source.

Every node keeps the line and column it has in the learner's file or cell, so that code made from
the tree can be compiled to stand there. Lambdas on one line are told apart by the columns that
their byte code remembers.
"""

from __future__ import annotations

import ast
import copy
import inspect
import linecache
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

__all__ = ["NoSource", "syntax_tree"]

Definition = ast.FunctionDef | ast.Lambda


class NoSource(Exception):  # noqa: N818 - it becomes a warning
    """Why the source of a function cannot be used."""


def syntax_tree(function: Callable) -> Definition:
    """The definition of `function` as a tree that nobody else holds.

    Raises:
        NoSource: when Python does not know the source, or it is another function's.

    Example:
        >>> ast.unparse(syntax_tree(inspect.cleandoc).args)
        'doc'
    """
    code: CodeType = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines or code.co_firstlineno > len(lines):
        raise NoSource(
            f"Unable to locate the source code of {function}. Note that functions defined in "
            "certain environments, like the interactive Python shell, do not expose their source "
            "code. If that is the case, you should define them in a .py source file. If you are "
            "certain the code is graph-compatible, wrap the call using "
            "@tf.autograph.experimental.do_not_convert."
        )
    find = _lambda if code.co_name == "<lambda>" else _function
    return find(function, code, lines)


def _function(function: Callable, code: CodeType, lines: list[str]) -> ast.FunctionDef:
    first = code.co_firstlineno - 1
    try:
        block = "".join(inspect.getblock(lines[first:]))
        indented = block[:1].isspace()
        tree = ast.parse(f"if 1:\n{block}" if indented else block)
    except (SyntaxError, IndentationError) as error:
        raise NoSource(f"could not parse the source code of {function}: {error}") from None
    body: Any = tree.body[0].body if indented else tree.body  # type: ignore[attr-defined]
    found = body[0] if body else None
    if isinstance(found, ast.AsyncFunctionDef):
        raise NoSource("coroutines are not supported")
    if not (
        isinstance(found, ast.FunctionDef) and found.name == code.co_name and _fits(found, code)
    ):
        raise NoSource(
            f"could not parse the source code of {function}: what stands at "
            f"{code.co_filename}, line {first + 1}, is another definition; has the file changed?"
        )
    ast.increment_lineno(found, first - indented)
    return found


def _lambda(function: Callable, code: CodeType, lines: list[str]) -> ast.Lambda:
    line = code.co_firstlineno
    near = [n for n in _lambdas("".join(lines)) if n.lineno <= line <= (n.end_lineno or n.lineno)]
    fitting = [n for n in near if _fits(n, code)]
    if len(fitting) > 1:
        fitting = _at_columns(fitting, code) or fitting
    if len(fitting) == 1:
        return copy.deepcopy(fitting[0])
    if not fitting:
        raise NoSource(
            f"could not parse the source code of {function}: no matching AST found among "
            "candidates:\n" + "\n".join(map(ast.unparse, near))
        )
    all_of_them = "\n".join(f"Match {i}:\n{ast.unparse(n)}\n" for i, n in enumerate(fitting))
    raise NoSource(
        f"could not parse the source code of {function}: found multiple definitions with "
        "identical signatures at the location. This error may be avoided by defining each lambda "
        f"on a single line and with unique argument names. The matching definitions were:\n"
        f"{all_of_them}"
    )


@lru_cache(maxsize=4)
def _lambdas(text: str) -> list[ast.Lambda]:
    """All lambdas of a file or cell."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise NoSource(f"could not parse the source code: {error}") from None
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]


def _fits(node: Definition, code: CodeType) -> bool:
    """Whether a definition has the parameters of compiled code."""
    given = node.args
    names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    names += [a.arg for a in (given.vararg, given.kwarg) if a is not None]
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return list(code.co_varnames[:count]) == names


def _at_columns(nodes: list[ast.Lambda], code: CodeType) -> list[ast.Lambda]:
    """The innermost lambda whose body spans all places that the byte code names."""
    places = list(_places(code))
    around = [n for n in nodes if places and all(_spans(n.body, *place) for place in places)]
    return [min(around, key=_size)] if around else []


def _places(code: CodeType) -> Iterator[tuple[tuple, tuple]]:
    for line, last, column, end in code.co_positions():
        if line is not None and last is not None and column is not None and end:
            yield (line, column), (last, end)


def _spans(node: Any, start: tuple, end: tuple) -> bool:
    first, last = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return first <= start and end <= last


def _size(node: Any) -> tuple[int, int]:
    lines = node.end_lineno - node.lineno
    return lines, node.end_col_offset - node.col_offset
