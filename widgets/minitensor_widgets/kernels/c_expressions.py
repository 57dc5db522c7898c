"""Expressions of a kernel as CUDA C, with their types."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import Any

from .c_types import ArrayType, C, Type, joined, literal, name_in_c, refuse
from .memory import dtype_name
from .source import Kernel, is_device

# How tightly C binds, from the tightest; a name is 0.
UNARY, TIMES, PLUS, SHIFT, LESS, EQUAL, AND, XOR, OR, ALL, ANY, CHOICE = range(1, 13)
SIGNS = {
    ast.Add: ("+", PLUS), ast.Sub: ("-", PLUS), ast.Mult: ("*", TIMES),
    ast.LShift: ("<<", SHIFT), ast.RShift: (">>", SHIFT), ast.BitAnd: ("&", AND),
    ast.BitOr: ("|", OR), ast.BitXor: ("^", XOR),
}  # fmt: skip
COMPARED = {
    ast.Lt: ("<", LESS), ast.LtE: ("<=", LESS), ast.Gt: (">", LESS), ast.GtE: (">=", LESS),
    ast.Eq: ("==", EQUAL), ast.NotEq: ("!=", EQUAL),
}  # fmt: skip
FUNCTIONS = (
    "sqrt", "exp", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos",
    "atan", "atan2", "sinh", "cosh", "tanh", "pow", "fabs", "erf", "hypot",
)  # fmt: skip
WHOLE = ("floor", "ceil", "trunc")
PLACES = ("threadIdx", "blockIdx", "blockDim", "gridDim")
_GRID = "(int)(blockIdx.{0} * blockDim.{0} + threadIdx.{0})"
_SIZE = "(int)(blockDim.{0} * gridDim.{0})"
_UNKNOWN = object()


class Expressions:
    """Writes expressions as C, given the types of all names.

    Args:
        kernel: whose expressions they are.
        types: the types of arguments and variables.
        positive: the variables that are never negative.
    """

    def __init__(self, kernel: Kernel, types: Mapping[str, Type], positive: set[str]) -> None:
        self.devices, self.types, self.positive = kernel.devices, types, positive
        self.space = kernel.space()
        self.helpers: set[str] = set()
        self.shapes: set[str] = set()

    # ---- what is known while translating

    def constant(self, node: ast.AST) -> Any:
        """The value of an expression over names outside of the kernel, or _UNKNOWN."""
        for part in ast.walk(node):
            known = ast.Constant | ast.Attribute | ast.BinOp | ast.UnaryOp | ast.Tuple | ast.Name
            if not isinstance(part, known | ast.operator | ast.unaryop | ast.expr_context):
                return _UNKNOWN
            if isinstance(part, ast.Name) and (
                part.id in self.types or part.id in self.devices or part.id not in self.space
            ):
                return _UNKNOWN
        try:
            code = compile(ast.fix_missing_locations(ast.Expression(node)), "<constant>", "eval")  # type: ignore[arg-type]
            return eval(code, dict(self.space))
        except Exception:  # whatever it is, it is no constant
            return _UNKNOWN

    def number(self, node: ast.AST) -> int | float | None:
        """The value of a constant expression that is a number."""
        value = self.constant(node)
        return value if isinstance(value, bool | int | float) else None

    def array(self, node: ast.AST) -> tuple[str, ArrayType]:
        """The array a node names."""
        found = self.types.get(node.id) if isinstance(node, ast.Name) else None
        if isinstance(node, ast.Name) and isinstance(found, ArrayType):
            return node.id, found
        raise refuse(node, "taking an element of something that is no array", "Name an array.")

    def never_negative(self, node: ast.AST) -> bool:
        """Whether an integer expression is at least 0, as far as can be seen."""
        number = self.number(node)
        if number is not None:
            return number >= 0
        if isinstance(node, ast.Name):
            return node.id in self.positive
        if isinstance(node, ast.BinOp):
            safe = ast.Add | ast.Mult | ast.FloorDiv | ast.RShift | ast.LShift | ast.BitAnd
            if isinstance(node.op, ast.Mod):
                return self.never_negative(node.right)
            both = self.never_negative(node.left) and self.never_negative(node.right)
            return isinstance(node.op, safe) and both
        if isinstance(node, ast.Subscript):
            return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            return name == "len" or self._is_device_number(node)
        return self._is_device_number(node)

    def _is_device_number(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return any(is_device(node.func, name, self.devices) for name in ("grid", "gridsize"))
        inner = node.value if isinstance(node, ast.Attribute) else node
        return any(is_device(inner, name, self.devices) for name in PLACES)

    # ---- writing

    def write(self, node: ast.AST) -> C:
        """An expression as C."""
        writer = getattr(self, f"_{type(node).__name__.lower()}", None)
        if writer is None:
            name = type(node).__name__
            raise refuse(node, f"a {name}", "Use numbers, arithmetic, comparisons and elements.")
        return writer(node)

    def condition(self, node: ast.AST) -> C:
        """An expression as something true or false."""
        if isinstance(node, ast.BoolOp):
            sign, level = ("&&", ALL) if isinstance(node.op, ast.And) else ("||", ANY)
            parts = [self.condition(value).within(level - 1) for value in node.values]
            return C(f" {sign} ".join(parts), "bool", level)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return C(f"!{self.condition(node.operand).within(UNARY)}", "bool", UNARY)
        made = self.write(node)
        return made if made.type == "bool" else C(f"{made.within(LESS)} != 0", "bool", EQUAL)

    def converted(self, made: C, kind: str) -> C:
        """The same number as another type."""
        return made if made.type == kind else C(f"({kind}){made.within(UNARY)}", kind, UNARY)

    def _constant(self, node: ast.Constant) -> C:
        if isinstance(node.value, bool | int | float):
            return literal(node.value)
        raise refuse(node, f"the value {node.value!r}", "Kernels know numbers only.")

    def _name(self, node: ast.Name) -> C:
        kind = self.types.get(node.id)
        if isinstance(kind, str):
            return C(name_in_c(node.id), kind)
        if isinstance(kind, ArrayType):
            raise refuse(node, f"the whole array {node.id} as a number", "Name an element of it.")
        value = self.number(node)
        if value is None:
            raise refuse(
                node, f"the name {node.id}", "A kernel sees its arguments, its variables, and "
                "numbers defined before it.",
            )  # fmt: skip
        return literal(value)

    def _attribute(self, node: ast.Attribute) -> C:
        if node.attr in "xyz" and self._is_device_number(node):
            place = node.value
            assert isinstance(place, ast.Attribute)
            return C(f"(int){place.attr}.{node.attr}", "int", UNARY)
        if isinstance(node.value, ast.Name) and node.attr in ("size", "ndim"):
            _, array = self.array(node.value)
            return literal(math.prod(array.shape) if node.attr == "size" else len(array.shape))
        value = self.number(node)
        if value is None:
            text = ast.unparse(node)
            raise refuse(node, text, "Use cuda.threadIdx.x and its kin, or a number like math.pi.")
        return literal(value)

    def _subscript(self, node: ast.Subscript) -> C:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            name, array = self.array(node.value.value)
            axis = self.number(node.slice)
            if not isinstance(axis, int) or not -len(array.shape) <= axis < len(array.shape):
                raise refuse(node, ast.unparse(node), "Give the number of an axis.")
            return self.length(name, array, axis % len(array.shape))
        name, array = self.array(node.value)
        text = self.element(name, array, node.slice)
        made = C(text, array.value)
        return made if array.value != "long long" else C(f"(long long){text}", made.type, UNARY)

    def length(self, name: str, array: ArrayType, axis: int) -> C:
        """The length of an axis of an array."""
        if array.space != "global":
            return literal(array.shape[axis])
        self.shapes.add(name)
        return C(f"{name_in_c(name)}_shape[{axis}]", "int")

    def element(self, name: str, array: ArrayType, index: ast.AST) -> str:
        """An element of an array: in C global memory has one axis."""
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        if len(parts) != len(array.shape):
            raise refuse(
                index, f"{len(parts)} indices of {name}, which has shape {array.shape},",
                "Give one index for each axis.",
            )  # fmt: skip
        made = [self.write(part) for part in parts]
        for part, text in zip(parts, made, strict=True):
            if text.type in ("float", "double"):
                raise refuse(part, "an index with a fraction", "Divide with // to get an index.")
        if array.space != "global":
            return name_in_c(name) + "".join(f"[{part.text}]" for part in made)
        flat = made[0]
        for axis, part in enumerate(made[1:], 1):
            length = self.length(name, array, axis).text
            flat = C(f"{flat.within(TIMES)} * {length} + {part.within(PLUS)}", "int", PLUS)
        return f"{name_in_c(name)}[{flat.text}]"

    def _unaryop(self, node: ast.UnaryOp) -> C:
        if isinstance(node.op, ast.Not):
            return self.condition(node)
        made = self.write(node.operand)
        sign = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(node.op)]
        inner = made.within(UNARY)
        gap = " " if inner.startswith(sign) else ""
        return C(f"{sign}{gap}{inner}", joined(made.type, "int"), UNARY)

    def _boolop(self, node: ast.BoolOp) -> C:
        if any(self.write(value).type != "bool" for value in node.values):
            raise refuse(node, "`and` or `or` of numbers", "Compare them first, as in a > 0.")
        return self.condition(node)

    def _compare(self, node: ast.Compare) -> C:
        parts, left = [], node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if type(op) not in COMPARED:
                raise refuse(node, "`in` or `is`", "Compare numbers with <, <=, ==, !=, >= and >.")
            sign, level = COMPARED[type(op)]
            one, two = self.write(left), self.write(right)
            parts.append(
                C(f"{one.within(level - 1)} {sign} {two.within(level - 1)}", "bool", level)
            )
            left = right
        if len(parts) == 1:
            return parts[0]
        return C(" && ".join(part.within(EQUAL) for part in parts), "bool", ALL)

    def _ifexp(self, node: ast.IfExp) -> C:
        test, yes, no = self.condition(node.test), self.write(node.body), self.write(node.orelse)
        text = f"{test.within(ANY)} ? {yes.within(ANY)} : {no.within(CHOICE)}"
        return C(text, joined(yes.type, no.type), CHOICE)

    def _binop(self, node: ast.BinOp) -> C:
        value = self.number(node)
        if value is not None:
            return literal(value)
        if isinstance(node.op, ast.Pow):
            return self._power(node)
        left, right = self.write(node.left), self.write(node.right)
        kind = joined(left.type, right.type, "int")
        if isinstance(node.op, ast.Div):
            if kind in ("int", "long long"):
                left, kind = self.converted(left, "double"), "double"
            return C(f"{left.within(TIMES)} / {right.within(UNARY)}", kind, TIMES)
        if isinstance(node.op, ast.FloorDiv | ast.Mod):
            return self._whole_division(node, left, right, kind)
        if type(node.op) not in SIGNS:
            raise refuse(node, "the operator @", "Write the product as a loop over elements.")
        sign, level = SIGNS[type(node.op)]
        return C(f"{left.within(level)} {sign} {right.within(level - 1)}", kind, level)

    def _whole_division(self, node: ast.BinOp, left: C, right: C, kind: str) -> C:
        sign = "/" if isinstance(node.op, ast.FloorDiv) else "%"
        safe = self.never_negative(node.left) and self.never_negative(node.right)
        if kind in ("int", "long long") and safe:
            return C(f"{left.within(TIMES)} {sign} {right.within(UNARY)}", kind, TIMES)
        name = "floor_div" if sign == "/" else "floor_mod"
        self.helpers.add(name)
        parts = [self.converted(part, kind).text for part in (left, right)]
        return C(f"{name}({', '.join(parts)})", kind)

    def _power(self, node: ast.BinOp) -> C:
        base, exponent = self.write(node.left), self.number(node.right)
        if isinstance(exponent, int) and 2 <= exponent <= 4:
            return C(" * ".join([base.within(UNARY)] * exponent), joined(base.type, "int"), TIMES)
        power = self.write(node.right)
        if joined(base.type, power.type) not in ("float", "double"):
            raise refuse(node, "a power of whole numbers", "Write it as a product.")
        return C(f"pow({self.converted(base, 'double').text}, {power.text})", "double")

    # ---- calls

    def _call(self, node: ast.Call) -> C:
        if node.keywords:
            raise refuse(node, "an argument by name", "Give arguments by place.")
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("min", "max", "abs", "int", "float", "bool", "len") and name not in self.types:
            return getattr(self, f"_call_{name}", self._call_cast)(node, name)
        for known, pattern in (("grid", _GRID), ("gridsize", _SIZE)):
            if is_device(node.func, known, self.devices) and self.number(node.args[0]) == 1:
                return C(pattern.format("x"), "int", UNARY)
        if is_device(getattr(node.func, "value", node), "atomic", self.devices):
            return self._atomic(node)
        found = self.constant(node.func)
        if getattr(found, "__module__", "") == "math":
            return self._math(node, found.__name__)
        try:
            dtype = dtype_name(found)
        except TypeError:
            text = ast.unparse(node.func)
            raise refuse(
                node, f"a call of {text}", "A kernel can call the functions of math, min, max, "
                "abs, int, float, len, range, and what cuda offers.",
            ) from None  # fmt: skip
        kinds = {"float32": "float", "float64": "double", "int64": "long long", "bool": "bool"}
        return self.converted(self.write(node.args[0]), kinds.get(dtype, "int"))

    def _call_min(self, node: ast.Call, name: str) -> C:
        made = [self.write(part) for part in node.args]
        kind = joined(*(part.type for part in made), "int")
        texts = [self.converted(part, kind).text for part in made]
        text = texts[0]
        for other in texts[1:]:
            text = f"{name}({text}, {other})"
        return C(text, kind)

    _call_max = _call_min

    def _call_abs(self, node: ast.Call, name: str) -> C:
        made = self.write(node.args[0])
        whole = made.type in ("bool", "int", "long long")
        return C(f"{'abs' if whole else 'fabs'}({made.text})", joined(made.type, "int"))

    def _call_len(self, node: ast.Call, name: str) -> C:
        return self.length(*self.array(node.args[0]), 0)

    def _call_cast(self, node: ast.Call, name: str) -> C:
        if name == "bool":
            return self.condition(node.args[0])
        made = self.write(node.args[0])
        kind = {"int": "long long" if made.type == "long long" else "int", "float": "double"}[name]
        return self.converted(made, kind)

    def _math(self, node: ast.Call, name: str) -> C:
        made = [self.write(part) for part in node.args]
        kind = joined(*(part.type for part in made))
        if kind not in ("float", "double"):
            kind = "double"
        texts = ", ".join(self.converted(part, kind).text for part in made)
        if name in WHOLE:
            return C(f"(long long){name}({texts})", "long long", UNARY)
        if name in ("isnan", "isinf", "isfinite"):
            return C(f"{name}({texts})", "bool")
        if name not in FUNCTIONS:
            raise refuse(node, f"math.{name}", f"Of math there are {', '.join(FUNCTIONS)}.")
        return C(f"{name}({texts})", kind)

    def _atomic(self, node: ast.Call) -> C:
        assert isinstance(node.func, ast.Attribute)
        kind = node.func.attr
        name, array = self.array(node.args[0])
        place = f"&{self.element(name, array, node.args[1])}"
        value = self.converted(self.write(node.args[2]), array.value)
        simple = array.element in ("int", "unsigned int", "float", "double")
        if kind in ("max", "min") and array.element not in ("int", "unsigned int"):
            raise refuse(node, f"cuda.atomic.{kind} of {array.element}", "Use an int32 array.")
        if not simple and array.element != "long long":
            raise refuse(node, f"an atomic operation on {array.element}", "Use int32 or float32.")
        if kind == "sub" and array.element != "int":
            kind, value = "add", C(f"-{value.within(UNARY)}", value.type, UNARY)
        text = value.text
        if array.element == "long long":
            wide = "unsigned long long"
            place, text = f"({wide}*){place}", f"({wide}){value.within(UNARY)}"
        return C(f"atomic{kind.capitalize()}({place}, {text})", array.value)
