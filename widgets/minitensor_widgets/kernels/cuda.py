"""A kernel as CUDA C: the same statements, with types found from the arguments.

Every statement has its counterpart; what has none is refused with its line.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from .c_expressions import PLUS, Expressions
from .c_inference import Inference, assigned, combined, loop_range
from .c_types import ArrayType, C, Type, name_in_c, refuse
from .source import Kernel, called, is_device

HELPERS = {
    "floor_div": """template <typename T> __device__ T floor_div(T a, T b) {
    T q = a / b;
    return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}
template <> __device__ float floor_div(float a, float b) { return floor(a / b); }
template <> __device__ double floor_div(double a, double b) { return floor(a / b); }
""",
    "floor_mod": """template <typename T> __device__ T floor_mod(T a, T b) {
    T r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
template <> __device__ float floor_mod(float a, float b) { return a - b * floor(a / b); }
template <> __device__ double floor_mod(double a, double b) { return a - b * floor(a / b); }
""",
}
OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip


def cuda_source(kernel: Kernel, args: Sequence[Any]) -> str:
    """The kernel as CUDA C for arguments of these types and shapes.

    Raises:
        UnsupportedError: names the line that has no counterpart in CUDA C.
        TypeError: when the number of arguments is wrong.

    Example:
        >>> from minitensor_widgets import cuda, kernel
        >>> @kernel
        ... def double(a, n):
        ...     i = cuda.grid(1)
        ...     if i < n:
        ...         a[i] = 2 * a[i]
        >>> print(cuda_source(double, [np.zeros(4, np.float32), 4]))
        extern "C" __global__ void double_(float* a, int n) {
            int i;
            i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
            if (i < n) {
                a[i] = 2 * a[i];
            }
        }
    """
    if len(args) != len(kernel.parameters):
        raise TypeError(
            f"{kernel.__name__} takes {len(kernel.parameters)} arguments "
            f"({', '.join(kernel.parameters)}), and {len(args)} were given."
        )
    return _Translation(kernel, args).text()


def parameter_types(kernel: Kernel, args: Sequence[Any]) -> list[Type]:
    """The C types of the parameters: what has to be sent to the GPU."""
    found = Inference(kernel, args)
    return [found.types[name] for name in found.arguments]


class _Translation:
    """One kernel on its way to C."""

    def __init__(self, kernel: Kernel, args: Sequence[Any]) -> None:
        found = Inference(kernel, args)
        self.kernel, self.tree, self.expressions = kernel, kernel.tree, found.expressions
        self.types, self.arguments = found.types, found.arguments

    def text(self) -> str:
        """The whole source."""
        body = list(self._block(self.tree.body, 1))
        written = {name for name in self.arguments if _is_written(self.tree, name, self.kernel)}
        arguments = []
        for name, kind in self.arguments.items():
            if isinstance(kind, ArrayType):
                const = "" if name in written else "const "
                arguments.append(f"{const}{kind.element}* {name_in_c(name)}")
            else:
                arguments.append(f"{self.types[name]} {name_in_c(name)}")
        helpers = "\n".join(HELPERS[name] for name in sorted(self.expressions.helpers))
        head = f'extern "C" __global__ void {name_in_c(self.kernel.__name__)}'
        lines = [f"{head}({', '.join(arguments)}) {{", *self._declared(), *body, "}"]
        return (helpers + "\n" if helpers else "") + "\n".join(lines)

    def _declared(self) -> Iterator[str]:
        for name in sorted(self.expressions.shapes):
            kind = self.arguments[name]
            assert isinstance(kind, ArrayType)
            sizes = ", ".join(map(str, kind.shape))
            yield f"    const int {name_in_c(name)}_shape[] = {{{sizes}}};"
        plain: dict[str, list[str]] = {}
        for name, kind in self.types.items():
            if name in self.arguments:
                continue
            if isinstance(kind, ArrayType):
                sizes = "".join(f"[{size}]" for size in kind.shape)
                shared = "__shared__ " if kind.space == "shared" else ""
                yield f"    {shared}{kind.element} {name_in_c(name)}{sizes};"
            else:
                plain.setdefault(kind, []).append(name_in_c(name))
        yield from (f"    {kind} {', '.join(names)};" for kind, names in plain.items())

    def _block(self, statements: Sequence[ast.stmt], depth: int) -> Iterator[str]:
        for statement in statements:
            writer = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if writer is None:
                what = f"`{ast.unparse(statement).splitlines()[0]}`"
                raise refuse(statement, what, "Use =, if, for with range, and while.")
            for line in writer(statement):
                yield "    " * depth + line

    def _nested(self, statements: Sequence[ast.stmt]) -> list[str]:
        return list(self._block(statements, 1))

    def _pass(self, node: ast.Pass) -> list[str]:
        return []

    def _break(self, node: ast.Break) -> list[str]:
        return ["break;"]

    def _continue(self, node: ast.Continue) -> list[str]:
        return ["continue;"]

    def _return(self, node: ast.Return) -> list[str]:
        if node.value is not None:
            raise refuse(node, "a value that a kernel returns", "Write it to an array.")
        return ["return;"]

    def _expr(self, node: ast.Expr) -> list[str]:
        if isinstance(node.value, ast.Constant):  # a text that explains
            return []
        if called(node.value, "syncthreads", self.kernel.devices):
            return ["__syncthreads();"]
        func = getattr(node.value, "func", None)
        if func is not None and is_device(
            getattr(func, "value", func), "atomic", self.kernel.devices
        ):
            return [f"{self.expressions.write(node.value).text};"]
        what = f"`{ast.unparse(node)}`"
        raise refuse(node, what, "A kernel writes to arrays; nothing else leaves it.")

    def _assign(self, node: ast.Assign) -> list[str]:
        if any(
            called(node.value, f"{space}.array", self.kernel.devices)
            for space in ("shared", "local")
        ):
            return []
        lines = []
        for target in node.targets:
            if isinstance(target, ast.Tuple):
                lines += self._unpacked(target, node.value)
            else:
                lines.append(f"{self._target(target)} = {self._value(node.value)};")
        return lines

    def _annassign(self, node: ast.AnnAssign) -> list[str]:
        if node.value is None:
            return []
        return [f"{self._target(node.target)} = {self._value(node.value)};"]

    def _value(self, node: ast.AST) -> str:
        return self.expressions.write(node).text

    def _unpacked(self, target: ast.Tuple, value: ast.AST) -> list[str]:
        parts = _parts(target, value, self.expressions)
        names = [self._target(each) for each in target.elts]
        if len(parts) != len(names):
            raise refuse(target, f"{len(parts)} values for {len(names)} names", "Count them.")
        read = {
            node.id
            for part in parts
            if isinstance(part, ast.AST)
            for node in ast.walk(part)
            if isinstance(node, ast.Name)
        }
        made = [part if isinstance(part, C) else self.expressions.write(part) for part in parts]
        alone = {each.id for each in target.elts if isinstance(each, ast.Name)}
        if len(alone) == len(names) and not alone & read:
            return [f"{name} = {part.text};" for name, part in zip(names, made, strict=True)]
        kept = [f"{part.type} next_{i} = {part.text};" for i, part in enumerate(made)]
        moved = [f"{name} = next_{i};" for i, name in enumerate(names)]
        return ["{", *("    " + line for line in [*kept, *moved]), "}"]

    def _target(self, node: ast.AST) -> str:
        if isinstance(node, ast.Name):
            return name_in_c(node.id)
        if isinstance(node, ast.Subscript):
            name, array = self.expressions.array(node.value)
            return self.expressions.element(name, array, node.slice)
        raise refuse(node, ast.unparse(node), "Assign to a name or to an element of an array.")

    def _augassign(self, node: ast.AugAssign) -> list[str]:
        target, sign = self._target(node.target), OPERATORS.get(type(node.op))
        if sign:
            return [f"{target} {sign}= {self._value(node.value)};"]
        return [f"{target} = {self._value(combined(node))};"]

    def _if(self, node: ast.If) -> list[str]:
        test = self.expressions.condition(node.test).text
        lines = [f"if ({test}) {{", *self._nested(node.body)]
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            first, *rest = self._if(node.orelse[0])
            return [*lines, f"}} else {first}", *rest]
        if node.orelse:
            lines += ["} else {", *self._nested(node.orelse)]
        return [*lines, "}"]

    def _while(self, node: ast.While) -> list[str]:
        self._no_else(node)
        test = self.expressions.condition(node.test).text
        return [f"while ({test}) {{", *self._nested(node.body), "}"]

    def _no_else(self, node: ast.While | ast.For) -> None:
        if node.orelse:
            raise refuse(node.orelse[0], "the `else` of a loop", "Use a variable and an if.")

    def _for(self, node: ast.For) -> list[str]:
        self._no_else(node)
        if not isinstance(node.target, ast.Name):
            raise refuse(node, "a loop over several names", "Loop over range(...) with one name.")
        start, stop, step = loop_range(node)
        name, e = name_in_c(node.target.id), self.expressions
        kept, limits = [], []
        for part, kind in ((stop, "stop"), (step, "step")):
            made = e.write(part)
            if e.number(part) is None and _changes(part, node.body, self.types):
                kept.append(f"const {made.type} {name}_{kind} = {made.text};")
                made = C(f"{name}_{kind}", made.type)
            limits.append(made)
        end, by = limits
        stride = e.number(step)
        if stride is None and not e.never_negative(step):
            test = (
                f"{by.within(PLUS)} > 0 ? {{0}} < {end.within(PLUS)} : {{0}} > {end.within(PLUS)}"
            )
        else:
            sign = ">" if stride is not None and stride < 0 else "<"
            test = f"{{0}} {sign} {end.within(PLUS)}"
        # Python keeps the last number in the name, and goes on from its own count.
        count, first = f"{name}_count", e.write(start).text
        inner = [f"    {name} = {count};", *self._nested(node.body)]
        if self._only_here(node):
            count, inner = name, inner[1:]
        kind = "" if count == name else f"{self.types[node.target.id]} "
        loop = f"for ({kind}{count} = {first}; {test.format(count)}; {count} += {by.text}) {{"
        if kept:
            return ["{", *("    " + line for line in [*kept, loop, *inner, "}"]), "}"]
        return [loop, *inner, "}"]

    def _only_here(self, loop: ast.For) -> bool:
        """Whether the name of a loop is used in this or other loops over it, and never set."""
        assert isinstance(loop.target, ast.Name)
        name, inside = loop.target.id, set()
        for other in ast.walk(self.tree):
            if isinstance(other, ast.For) and getattr(other.target, "id", "") == name:
                inside |= {id(part) for part in ast.walk(other)}
        nested = [other for statement in loop.body for other in ast.walk(statement)]
        targets = {id(other.target) for other in ast.walk(self.tree) if isinstance(other, ast.For)}
        return not any(
            isinstance(node, ast.Name) and node.id == name
            and (id(node) not in inside
                 or (isinstance(node.ctx, ast.Store) and id(node) not in targets))
            for node in ast.walk(self.tree)
        ) and not any(isinstance(n, ast.For) and getattr(n.target, "id", "") == name
                      for n in nested)  # fmt: skip


def _parts(target: ast.Tuple, value: ast.AST, e: Expressions) -> Sequence[ast.AST | C]:
    """The values that several names get."""
    if isinstance(value, ast.Tuple):
        return value.elts
    if isinstance(value, ast.Attribute) and value.attr == "shape":
        name, array = e.array(value.value)
        return [e.length(name, array, axis) for axis in range(len(array.shape))]
    for known, pattern in (("grid", "(int)(blockIdx.{0} * blockDim.{0} + threadIdx.{0})"),
                           ("gridsize", "(int)(blockDim.{0} * gridDim.{0})")):  # fmt: skip
        if isinstance(value, ast.Call) and is_device(value.func, known, e.devices):
            count = e.number(value.args[0])
            axes = "xyz"[: count if isinstance(count, int) else 0]
            return [C(pattern.format(axis), "int") for axis in axes]
    raise refuse(target, f"taking `{ast.unparse(value)}` apart", "Assign one name at a time.")


def _changes(part: ast.AST, body: Sequence[ast.stmt], types: dict[str, Type]) -> bool:
    """Whether an expression may give another value while the body of a loop runs."""
    stored = set().union(*(assigned(statement) for statement in body))
    return any(
        (isinstance(node, ast.Name) and node.id in stored)
        or (isinstance(node, ast.Subscript) and not isinstance(node.value, ast.Attribute))
        for node in ast.walk(part)
    )


def _is_written(tree: ast.AST, name: str, kernel: Kernel) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            found = node.value
        elif isinstance(node, ast.Call) and is_device(
            getattr(node.func, "value", node), "atomic", kernel.devices
        ):
            found = node.args[0]
        else:
            continue
        if getattr(found, "id", "") == name:
            return True
    return False
