"""A kernel: its text, and the generator that one thread runs.

In the generator a barrier is a `yield`, so that a scheduler can run each thread from barrier to
barrier, and every turn of a loop is counted, so that no loop runs for ever.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
import zlib
from collections.abc import Callable
from typing import Any

from .device import cuda


def called(node: ast.AST, name: str, devices: set[str]) -> bool:
    """Whether a node is a call of `cuda.<name>`, with dots in the name as in the source."""
    return isinstance(node, ast.Call) and is_device(node.func, name, devices)


def is_device(node: ast.AST, name: str, devices: set[str]) -> bool:
    """Whether a node is `cuda.<name>`."""
    for part in reversed(name.split(".")):
        if not isinstance(node, ast.Attribute) or node.attr != part:
            return False
        node = node.value
    return isinstance(node, ast.Name) and node.id in devices


class _Stepped(ast.NodeTransformer):
    """Barriers become `yield line`, and loops count their turns."""

    def __init__(self, devices: set[str], device: str) -> None:
        self.devices, self.device = devices, device

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if called(node.value, "syncthreads", self.devices):
            made = ast.Expr(ast.Yield(ast.Constant(node.lineno)))
            return ast.fix_missing_locations(ast.copy_location(made, node))
        return self.generic_visit(node)

    def _loop(self, node: Any) -> ast.AST:
        self.generic_visit(node)
        turn = ast.parse(f"{self.device}.tick()").body[0]
        for part in ast.walk(turn):
            ast.copy_location(part, node)
        node.body.insert(0, turn)
        return node

    visit_For = visit_While = _loop  # noqa: N815  names that ast asks for

    def _closed(self, node: Any) -> ast.AST:
        """A function of its own inside a kernel keeps no barrier."""
        return node

    visit_FunctionDef = visit_Lambda = _closed  # noqa: N815


class Kernel:
    """A function that every thread of a launch runs.

    Args:
        function: the function; its text must be known, as it is in a file or a notebook cell.

    Raises:
        TypeError: when it is no function, or its text is not known.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if not inspect.isfunction(function) or function.__name__ == "<lambda>":
            raise TypeError(
                f"kernel({type(function).__name__}): a kernel is a function written with def."
            )
        self.function, self.__name__, self.__doc__ = function, function.__name__, function.__doc__
        self.tree, self.source = _parsed(function)
        names = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        space = self.space()
        found = {name for name in names if name == "cuda" or space.get(name) is cuda}
        self.devices = found - set(self.parameters) or {"cuda"}

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}({', '.join(self.parameters)})>"

    def __call__(self, *args: Any) -> Any:
        """Kernels are launched, not called.

        Raises:
            TypeError: always; it says how to launch.
        """
        raise TypeError(
            f"{self.__name__}(...) is a kernel: many threads run it. Say how many: "
            f"launch({self.__name__}, grid=(blocks,), block=(threads,), args=(...))."
        )

    def __getitem__(self, size: tuple[Any, Any]) -> Callable[..., Any]:
        """`kernel[grid, block](*args)`, as numba writes a launch."""
        from .blocks import launch

        return lambda *args: launch(self, size[0], size[1], args)

    @property
    def parameters(self) -> list[str]:
        """The names of the arguments."""
        return [argument.arg for argument in self.tree.args.args]

    def space(self) -> dict[str, Any]:
        """The names a kernel sees around itself, at this moment."""
        around = inspect.getclosurevars(self.function).nonlocals
        return {**self.function.__globals__, **around}

    def allocations(self) -> dict[int, str]:
        """The line of each `cuda.shared.array` or `cuda.local.array`, and the name it is given."""
        return {
            node.lineno: node.targets[0].id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and (
                called(node.value, "shared.array", self.devices)
                or called(node.value, "local.array", self.devices)
            )
        }

    def steps(self) -> Callable[..., Any]:
        """The generator function of one thread; before its arguments come the names of `cuda`."""
        tree = ast.parse("\n".join(self.source)).body[0]
        assert isinstance(tree, ast.FunctionDef)
        _Stepped(self.devices, min(self.devices)).generic_visit(tree)
        tree.args.args[:0] = [ast.arg(name) for name in sorted(self.devices)]
        tree.body += ast.parse("if False: yield 0").body
        tree.decorator_list, tree.returns = [], None
        module = ast.fix_missing_locations(ast.Module([tree], []))
        text = "\n".join(self.source)
        file = f"<kernel {self.__name__} {zlib.crc32(text.encode()):x}>"
        linecache.cache[file] = (len(text), None, [line + "\n" for line in self.source], file)
        space = self.space()
        exec(compile(module, file, "exec"), space)
        return space[self.__name__]

    def cuda_source(self, *args: Any) -> str:
        """The kernel as CUDA C for arguments of these types and shapes.

        Raises:
            UnsupportedError: names the line that has no counterpart in CUDA C.
        """
        from .cuda import cuda_source

        return cuda_source(self, args)


def _parsed(function: Callable[..., Any]) -> tuple[ast.FunctionDef, list[str]]:
    """The tree and the lines of a function, from `def` on."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(text).body[0]
    except (OSError, SyntaxError):
        raise TypeError(
            f"The text of {function.__name__} is not known, and a kernel is made from its text. "
            "Define it in a notebook cell or a file."
        ) from None
    assert isinstance(tree, ast.FunctionDef)
    if tree.args.vararg or tree.args.kwarg or tree.args.kwonlyargs:
        raise TypeError(
            f"{function.__name__}: a kernel takes plain arguments only, without * and **."
        )
    lines = text.rstrip().split("\n")[tree.lineno - 1 :]
    ast.increment_lineno(tree, 1 - tree.lineno)
    return tree, lines


def kernel(function: Callable[..., Any]) -> Kernel:
    """Make a function a kernel, which `launch` runs in many threads.

    Raises:
        TypeError: when it is no function, or its text is not known.

    Example:
        >>> @kernel
        ... def double(a, n):
        ...     i = cuda.grid(1)
        ...     if i < n:
        ...         a[i] = 2 * a[i]
        >>> double
        <kernel double(a, n)>
    """
    return Kernel(function)
