"""The types of a kernel's names, found from its arguments and its assignments.

Python names need no type, C names do. A variable gets the smallest type that holds every number
assigned to it; the types of arguments begin, and passes over the assignments go on until nothing
changes. So it is with signs: a variable is at least 0 until something else is assigned.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from .c_expressions import Expressions
from .c_types import (
    ELEMENTS,
    ArrayType,
    C,
    Type,
    UnsupportedError,
    joined,
    number_type,
    refuse,
)  # fmt: skip
from .memory import dtype_name
from .source import Kernel, called


def argument_type(name: str, value: Any) -> Type:
    """The type of an argument; an array keeps its shape."""
    dtype = getattr(value, "dtype", None)
    if dtype is None or not getattr(value, "shape", ()):
        return number_type(value if dtype is None else value.item())
    found = ELEMENTS.get(dtype_name(getattr(dtype, "name", dtype)))
    if found is None:
        raise UnsupportedError(
            f"The argument {name} has dtype {dtype}, which plain CUDA C does not have. Use float32."
        )
    return ArrayType(found, tuple(value.shape))


class Inference:
    """What is known of the names of a kernel.

    Args:
        kernel: the kernel.
        args: its arguments.
    """

    def __init__(self, kernel: Kernel, args: Sequence[Any]) -> None:
        self.kernel, self.tree = kernel, kernel.tree
        pairs = list(zip(kernel.parameters, args, strict=True))
        self.types: dict[str, Type] = {name: argument_type(name, value) for name, value in pairs}
        self.arguments = dict(self.types)
        numbers = {name for name, value in pairs if not isinstance(self.types[name], ArrayType)
                   and value >= 0}  # fmt: skip
        self.positive = {*numbers, *assigned(self.tree)}
        self.expressions = Expressions(kernel, self.types, self.positive)
        self._infer()

    def _infer(self) -> None:
        """Go over all assignments until neither a type nor a sign changes."""
        for _ in range(12):
            before = (dict(self.types), set(self.positive))
            unknown = None
            for target, value in _assignments(self.tree):
                try:
                    self._learn(target, value)
                except _NotYetError as error:
                    unknown = error
            if before == (self.types, self.positive):
                if unknown:
                    raise unknown.lesson
                return

    def _learn(self, target: ast.Name, value: ast.AST | C) -> None:
        name = target.id
        for space in ("shared", "local"):
            if isinstance(value, ast.AST) and called(value, f"{space}.array", self.kernel.devices):
                self.types[name] = self._array(value, space)
                return
        if isinstance(self.types.get(name), ArrayType):
            raise refuse(target, f"a new value for the array {name}", "Take another name.")
        kind = self._type(value)
        old = self.types.get(name, kind)
        assert isinstance(old, str)
        self.types[name] = joined(old, kind)
        if isinstance(value, ast.AST) and not self.expressions.never_negative(value):
            self.positive.discard(name)

    def _type(self, value: ast.AST | C) -> str:
        if isinstance(value, C):
            return value.type
        try:
            return self.expressions.write(value).type
        except UnsupportedError as error:
            names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
            if names & assigned(self.tree) - self.types.keys():
                raise _NotYetError(error) from None
            raise

    def _array(self, call: Any, space: str) -> ArrayType:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        shape = self.expressions.constant(given[0]) if given else None
        sizes = (shape,) if isinstance(shape, int) else shape
        if not isinstance(sizes, tuple) or not all(isinstance(size, int) for size in sizes):
            raise refuse(
                call, f"a {space} array whose shape is only known at run time",
                "Give a number, or a name that is a number before the kernel is defined.",
            )  # fmt: skip
        dtype = self.expressions.constant(given[1]) if len(given) > 1 else "float32"
        try:
            return ArrayType(ELEMENTS[dtype_name(dtype)], sizes, space)
        except (TypeError, KeyError):
            raise refuse(call, ast.unparse(given[1]), "Give a dtype such as np.float32.") from None


class _NotYetError(Exception):
    """An expression has names whose types are not known yet."""

    def __init__(self, lesson: UnsupportedError) -> None:
        super().__init__(str(lesson))
        self.lesson = lesson


def assigned(tree: ast.AST) -> set[str]:
    """The names that are given a value."""
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _assignments(tree: ast.AST) -> Iterator[tuple[ast.Name, ast.AST | C]]:
    """Every name that is given a value, and the value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            start, stop, step = loop_range(node)
            yield node.target, start
            if not isinstance(step, ast.Constant):  # it may go backwards, and ends above stop
                last = ast.BinOp(stop, ast.Add(), ast.Constant(1))
                yield node.target, ast.fix_missing_locations(ast.copy_location(last, node))
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target, combined(node)
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.target, node.value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)


def _pairs(target: ast.AST, value: ast.AST) -> Iterator[tuple[ast.Name, ast.AST | C]]:
    if isinstance(target, ast.Name):
        yield target, value
    elif isinstance(target, ast.Tuple):
        parts = value.elts if isinstance(value, ast.Tuple) else [C("", "int")] * len(target.elts)
        for each, part in zip(target.elts, parts, strict=False):
            if isinstance(each, ast.Name):
                yield each, part


def loop_range(node: ast.For) -> tuple[ast.expr, ast.expr, ast.expr]:
    """Start, stop and step of a loop."""
    call = node.iter
    if not (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "range"
        and 1 <= len(call.args) <= 3
    ):
        raise refuse(node, f"a loop over `{ast.unparse(call)}`", "Loop over range(...).")
    zero, one = (ast.copy_location(ast.Constant(value), call) for value in (0, 1))
    start, stop, step = ([zero, *call.args, one] if len(call.args) == 1 else [*call.args, one])[:3]
    return start, stop, step


def combined(node: ast.AugAssign) -> ast.BinOp:
    """`a += b` as `a + b`."""
    load: Any = ast.parse(ast.unparse(node.target), mode="eval").body
    return ast.fix_missing_locations(ast.copy_location(ast.BinOp(load, node.op, node.value), node))
