"""Gradient rules as formulas: read from the rules themselves, so that there is no second copy.

A rule such as `return lambda: g * y, lambda: g * x` becomes one formula per input. A rule that does
more than return states its formulas in its docstring, each in backquotes. Names are replaced by
those of the computation at hand, or by its numbers or shapes.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from functools import lru_cache

from minitensor.op import Op

__all__ = ["formulas"]


def formulas(op: Op, names: Mapping[str, str] | None = None, count: int | None = None) -> list[str]:
    """What an op's gradient rule sends to each input, as text.

    Args:
        op: the op.
        names: what to write for `g`, `out` and the input names of the rule.
        count: how many inputs there are, for ops that take any number.

    Example:
        >>> import minitensor as mt
        >>> formulas(mt.multiply, {"x": "width", "y": "height"})
        ['g · height', 'g · width']
    """
    if op.gradient_rule is None:
        return []
    inputs = op.arity if count is None else count
    stated = tuple(re.findall(r"`([^`]*)`", inspect.getdoc(op.gradient_rule) or ""))
    if stated:
        texts = [_substitute(text, names or {}) for text in stated]
        return texts if len(texts) == inputs else texts[:1] * inputs
    parsed = _parse(op.gradient_rule)
    if parsed is None or (len(parsed) != inputs and len(parsed) != 1):
        arguments = ", ".join(["g", *op.input_names])
        return [_rename(f"{op.name}_gradient({arguments})", names or {})] * inputs
    texts = [_rename(text, names or {}) for text in parsed]
    return texts if len(texts) == inputs else texts * inputs


@lru_cache(maxsize=1024)
def _parse(rule: Callable) -> tuple[str, ...] | None:
    """The expressions that a rule returns; None when it does more than return."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(rule)))
    except (OSError, TypeError, SyntaxError):
        return None
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef):
        return None
    body = [s for s in function.body if not _is_docstring(s)]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None:
        return None
    value = body[0].value
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return tuple(_text(part) for part in parts)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _text(expression: ast.expr) -> str:
    if isinstance(expression, ast.Lambda):
        expression = expression.body
    if isinstance(expression, ast.Constant) and expression.value is None:
        return ""
    return ast.unparse(_Plain().visit(expression))


class _Plain(ast.NodeTransformer):
    """`xp.sin(x)` and `other.on(xp, x)` as mathematics writes them: sin(x), other(x)."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "on":
            return ast.Call(function.value, node.args[1:], node.keywords)
        if isinstance(function, ast.Name) and function.id == "astype" and node.args:
            return node.args[0]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "xp":
            return ast.Name(node.attr, ast.Load())
        return node


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def _substitute(text: str, names: Mapping[str, str]) -> str:
    words = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
    return words.sub(lambda word: names.get(word[0], word[0]), text)


def _rename(text: str, names: Mapping[str, str]) -> str:
    if not text:
        return ""
    tree = _Renamed(names).visit(ast.parse(text, mode="eval"))
    return ast.unparse(tree).replace("**", "^").replace(" * ", " · ")
