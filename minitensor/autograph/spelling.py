"""Python's shorter forms, spelled out in those that malt knows.

`super()` and `__x` in a class, annotated assignments, the `else` of loops and of `try`, `:=` in the
condition of a `while`. A tree keeps its meaning; generated nodes have no place of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from minitensor.autograph.source import NoSource

__all__ = ["spelled_out"]

Function = ast.FunctionDef | ast.Lambda
Loop = ast.For | ast.While


def spelled_out(tree: Any, function: Callable, new_name: Callable) -> Any:
    """The tree of `function` without those forms. `new_name(wanted, taken)` makes names.

    Raises:
        NoSource: when it uses what cannot be spelled out.
    """
    if any(isinstance(node, ast.Match) for node in ast.walk(tree)):
        raise NoSource("match statements are not supported")
    tree = _Defined(function).visit(tree)
    tree = _Statements(new_name, tree).visit(tree)
    _refuse_hidden_assignments(tree)
    return tree


class _Defined(ast.NodeTransformer):
    """Spells out `super()` and `__x` in a class, which depend on where a function was defined.

    Takes annotations away, which a variable that branches share must not have.
    """

    def __init__(self, function: Callable):
        code = function.__code__
        self.in_class = "__class__" in code.co_freevars
        self.owner = _class_name(code.co_qualname).lstrip("_")
        self.first: list[str | None] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._inside(node)

    def _inside(self, node: Function) -> ast.AST:
        names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
        self.first.append(names[0] if names else None)
        self.generic_visit(node)
        self.first.pop()
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        bare = isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args
        if bare and self.in_class and self.first[-1]:
            node.args = [ast.Name(name, ast.Load()) for name in ("__class__", self.first[-1])]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.Assign(targets=[node.target], value=node.value) if node.value else ast.Pass()

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._mangled(node.attr)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._mangled(node.id)
        return node

    def _mangled(self, name: str) -> str:
        private = self.owner and name.startswith("__") and not name.endswith("__")
        return f"_{self.owner}{name}" if private else name


def _class_name(qualname: str) -> str:
    """The class in whose body a function stands; empty when it stands in none."""
    parts = qualname.split(".")
    while len(parts) > 1 and parts[-2] == "<locals>":
        del parts[-2:]
    return parts[-2] if len(parts) > 1 else ""


class _Statements(ast.NodeTransformer):
    """Loops and `try` without `else`, and conditions of `while` without `:=`."""

    def __init__(self, new_name: Callable, tree: ast.AST):
        self.new_name = new_name
        self.taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    def visit_For(self, node: ast.For) -> Any:
        return self._without_else(node)

    def visit_While(self, node: ast.While) -> Any:
        found = self._without_else(node)
        if _assigns(node.test):
            leave = ast.If(test=ast.UnaryOp(ast.Not(), node.test), body=[ast.Break()], orelse=[])
            node.test, node.body = ast.Constant(True), [leave, *node.body]
        return found

    def visit_Try(self, node: ast.Try) -> Any:
        self.generic_visit(node)
        after, node.orelse = node.orelse, []
        if not after:
            return node
        name = self._new("completed")
        node.body.append(_assigned(name, True))
        last, node.finalbody = node.finalbody, []
        found = [_assigned(name, False), node, ast.If(_read(name), after, [])]
        return ast.Try(found, [], [], last) if last else found

    def _new(self, wanted: str) -> str:
        name = self.new_name(wanted, self.taken)
        self.taken.add(name)
        return name

    def _without_else(self, node: Loop) -> Any:
        self.generic_visit(node)
        after, node.orelse = node.orelse, []
        if not after:
            return node
        name = self._new("completed")
        ended = _Ended(name)
        node.body = [new for old in node.body for new in ended.each(old)]
        if not ended.found:
            return [node, *after]
        return [_assigned(name, True), node, ast.If(_read(name), after, [])]


class _Ended(ast.NodeTransformer):
    """Notes each `break` of one loop in a variable."""

    def __init__(self, name: str):
        self.name, self.found = name, False

    def each(self, statement: ast.stmt) -> list:
        """The statements that take the place of one."""
        found = self.visit(statement)
        return found if isinstance(found, list) else [found]

    def visit_Break(self, node: ast.Break) -> list:
        self.found = True
        return [_assigned(self.name, False), node]

    def generic_visit(self, node: ast.AST) -> ast.AST:
        inner = (ast.For, ast.While, ast.FunctionDef, ast.Lambda, ast.ClassDef)
        return node if isinstance(node, inner) else super().generic_visit(node)


def _read(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _assigned(name: str, value: bool) -> ast.Assign:
    return ast.Assign(targets=[ast.Name(name, ast.Store())], value=ast.Constant(value))


def _assigns(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node))


def _refuse_hidden_assignments(tree: ast.AST) -> None:
    """Refuse `:=` in what becomes a function of its own, from which no name gets out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp):
            hidden: list = node.values
        elif isinstance(node, ast.IfExp):
            hidden = [node.body, node.orelse]
        elif isinstance(node, ast.Compare) and len(node.ops) > 1:
            hidden = [node]
        else:
            continue
        if any(map(_assigns, hidden)):
            raise NoSource(
                "assignment expressions inside `and`, `or`, a chained comparison or a conditional "
                "expression are not supported"
            )
