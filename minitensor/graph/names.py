"""What ops are called in a graph: TensorFlow's names, and what makes them unique.

An op has up to three names there: its type (`AddV2`), what a node is called when a Python operator
made it (`add`), and when a function did (`Add`).
"""

from __future__ import annotations

from typing import NamedTuple

from minitensor.op import Op

__all__ = ["OpName", "UniqueNames", "name_of_op"]


class OpName(NamedTuple):
    """An op's names in graphs."""

    type: str
    function: str
    operator: str


_SPECIAL = {
    "add": OpName("AddV2", "Add", "add"),
    "subtract": OpName("Sub", "Sub", "sub"),
    "multiply": OpName("Mul", "Mul", "mul"),
    "divide": OpName("RealDiv", "truediv", "truediv"),
    "truediv": OpName("RealDiv", "truediv", "truediv"),
    "floordiv": OpName("FloorDiv", "floordiv", "floordiv"),
    "floormod": OpName("FloorMod", "FloorMod", "mod"),
    "pow": OpName("Pow", "Pow", "pow"),
    "matmul": OpName("MatMul", "MatMul", "matmul"),
    "negative": OpName("Neg", "Neg", "Neg"),
}


def name_of_op(op: Op) -> OpName:
    """The names of an op in a graph; CamelCase where nothing else is agreed."""
    found = _SPECIAL.get(op.name)
    if found is None:
        camel = "".join(part[:1].upper() + part[1:] for part in op.name.split("_"))
        found = OpName(camel, camel, camel)
    return found


class UniqueNames:
    """Makes names unique within a graph, as TensorFlow does: `add`, `add_1`; case is ignored."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def __call__(self, wanted: str) -> str:
        """`wanted`, or `wanted` with the first number that is free."""
        key = wanted.lower()
        count = self._taken.get(key, 0)
        self._taken[key] = count + 1
        if not count:
            return wanted
        while f"{key}_{count}" in self._taken:
            count += 1
        self._taken[f"{key}_{count}"] = 1
        self._taken[key] = count + 1
        return f"{wanted}_{count}"
