"""The one record of a computation: a list of `Node`s, written by a tape or by a trace.

A tape's graph has values, a traced graph has shapes; everything that reads a graph (gradients,
views, summaries, the optimiser) reads this. This floor knows ops, not tensors: a value is anything
with a shape and a dtype, and is recognised by identity.
"""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from minitensor.backend import to_numpy
from minitensor.dtypes import DType, name_of
from minitensor.op import Op

__all__ = ["Graph", "Node", "SourceLine"]

FEW = 6
"""Constants with at most this many elements are shown by their values."""
ENGINE = f"{Path(__file__).parents[1]}{os.sep}"
BETWEEN = (f"{os.sep}malt{os.sep}", f"{os.sep}concurrent{os.sep}futures{os.sep}")
"""Folders of libraries through which the engine calls the learner's code."""


class SourceLine(NamedTuple):
    """A line of the learner's own program."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{short_file(self.file)}:{self.line}: {self.text}"


class _Record(NamedTuple):
    op: Op
    inputs: Sequence
    attrs: dict
    outputs: Sequence
    name: str | None
    scope: str
    origin: tuple | None


class Node(_Record):
    """One operation that ran: `outputs = op(*inputs, **attrs)`.

    A tuple underneath, because one is made for every recorded op and tuples are made fastest; two
    nodes are equal only when they are the same one.
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    @property
    def source(self) -> SourceLine | None:
        """The learner's line that ran this op; None when it is not known."""
        return source_line(self.origin)

    def __repr__(self) -> str:
        return f"<Node {self.op.name}>"


class Graph:
    """A recorded computation: its nodes in the order they ran.

    Values are tensors (of a tape) or symbols (of a trace). `inputs` are the values that no node
    made and that are watched or fed; `captures` pairs each value that a traced graph took from
    outside with the symbol that stands for it inside. Everything else that no node made is a
    constant, or a variable. `tracer` is the trace that wrote the graph, if one did.
    """

    def __init__(
        self,
        nodes: Sequence[Node] = (),
        inputs: Sequence = (),
        kind: str = "function",
        outputs: Sequence | None = None,
        captures: Sequence[tuple] = (),
        name: str = "",
    ):
        self.nodes = list(nodes)
        self.inputs = list(inputs)
        self.kind, self.name = kind, name
        self.captures = list(captures)
        self.outputs = list(_unused(self.nodes) if outputs is None else outputs)
        self.tracer: Any = None
        self._named: tuple[int, dict[int, str]] = (-1, {})
        self._views: Any = None

    @property
    def _names(self) -> dict[int, str]:
        size = len(self.nodes) + len(self.inputs) + len(self.captures)
        if self._named[0] != size:
            given = [*self.inputs, *(inner for _, inner in self.captures)]
            self._named = size, _unique_names(self.nodes, given)
        return self._named[1]

    def replaced(self, **parts: Any) -> Graph:
        """A graph like this one with some of its parts replaced."""
        graph = Graph()
        graph.__dict__.update(self.__dict__, _named=(-1, {}), _views=None, **parts)
        return graph

    @property
    def variables(self) -> list:
        """The variables that nodes read or write, in the order they are met."""
        found: dict[int, Any] = {}
        for node in self.nodes:
            found |= {id(x): x for x in node.inputs if is_variable(x)}
            found |= {id(x): x for inner in node.op.graphs for x in inner.variables}
        return list(found.values())

    @property
    def has_effects(self) -> bool:
        """Whether running the graph does more than give its outputs."""
        return any(node.op.stateful for node in self.nodes)

    @property
    def constants(self) -> list:
        """Values that nodes read and that are neither inputs nor made by a node."""
        made = {id(out) for node in self.nodes for out in node.outputs}
        made |= {id(x) for x in (*self.inputs, *(inner for _, inner in self.captures))}
        used = [x for node in self.nodes for x in node.inputs] + self.outputs
        return list({id(x): x for x in used if id(x) not in made and not is_variable(x)}.values())

    def name_of(self, value: Any) -> str:
        """The unique name of a value or node, such as `dense/matmul_1`; constants as text."""
        known = self._names.get(id(value))
        return _constant_text(value) if known is None else known

    def is_constant(self, value: Any) -> bool:
        """Whether no node made the value and nothing watches it."""
        return id(value) not in self._names

    def node_of(self, value: Any) -> Node | None:
        """The node that made a value; None for inputs and constants."""
        return next((n for n in self.nodes if any(out is value for out in n.outputs)), None)

    @property
    def operations(self) -> Any:
        """The graph as TensorFlow shows it: constants, arguments and results are operations too."""
        if self._views is None:
            from minitensor.graph.operations import Operations

            self._views = Operations(self)
        return self._views

    def get_operations(self) -> list:
        """All operations: arguments first, then in the order of creation."""
        return self.operations.all()

    def operation_of(self, tensor: Any) -> Any:
        """The operation that makes a tensor."""
        return self.operations.of(tensor)

    def get_operation_by_name(self, name: str) -> Any:
        """The operation called `name`: `dense/MatMul`.

        Raises:
            MissingNameError: (also a KeyError) when there is none.
        """
        return self.operations.element(name, tensors=False)

    def get_tensor_by_name(self, name: str) -> Any:
        """The tensor called `name`: `dense/MatMul:0`.

        Raises:
            MissingNameError: (also a KeyError) when there is none.
        """
        return self.operations.element(name, operations=False)

    def as_graph_element(
        self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Any:
        """The tensor or operation that a name stands for; one of this graph stands for itself."""
        return self.operations.element(obj, allow_tensor, allow_operation)

    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any:
        """The graph in TensorFlow's exchange format, which TensorBoard draws.

        Args:
            from_version: TensorFlow's; it has no effect.
            add_shapes: whether each node tells the shapes of its results.
        """
        from minitensor.graph.graphdef import graph_def

        return graph_def(self, add_shapes)

    def export_onnx(self, path: str | os.PathLike) -> None:
        """Write the graph as an ONNX model, with the values that its variables have now.

        Raises:
            UnavailableError: (also an ImportError) without the package onnx.
            UnimplementedError: for an op that ONNX has nothing like, such as a loop or a random op.
        """
        from minitensor.graph.onnx import export

        export(self, path)

    def to_graphviz(self, **attributes: str) -> Any:
        """The graph as a `graphviz.Digraph`, which renders to SVG, PDF or PNG.

        Raises:
            UnavailableError: (also an ImportError) without the package graphviz.
        """
        from minitensor.graph.dot import digraph

        return digraph(self, **attributes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph of a {self.kind}: {len(self.nodes)} nodes, {len(self.inputs)} inputs>"

    def __str__(self) -> str:
        """One line per node, in columns: see `minitensor.graph.printer`."""
        from minitensor.graph.printer import text

        return text(self)


def _unused(nodes: Sequence[Node]) -> list:
    """The results that no node reads: what a tape's graph gives."""
    used = {id(x) for node in nodes for x in node.inputs}
    return [out for node in nodes for out in node.outputs if id(out) not in used]


def is_variable(value: Any) -> bool:
    """Whether a value is a variable rather than a tensor."""
    return getattr(value, "trainable", None) is not None


def type_text(value: Any) -> str:
    """`float32[2, 3]` for a value."""
    if not hasattr(value, "dtype"):
        return type(value).__name__
    dtype = value.dtype
    name = dtype.name if isinstance(dtype, DType) else name_of(dtype)
    if getattr(value.shape, "rank", 0) is None:
        return f"{name}[…]"
    sizes = ", ".join("?" if d is None else str(d) for d in value.shape)
    return f"{name}[{sizes}]"


def source_line(origin: tuple | None) -> SourceLine | None:
    """The line of a program that a (op, code, instruction offset) stands for."""
    if origin is None:
        return None
    _, code, offset = origin
    positions = list(code.co_positions())
    line = positions[offset // 2][0] if offset // 2 < len(positions) else code.co_firstlineno
    return line_of(code.co_filename, line or code.co_firstlineno)


def line_of(file: str, line: int) -> SourceLine:
    """A line of a program with its text."""
    return SourceLine(file, line, linecache.getline(file, line).strip())


def short_file(file: str) -> str:
    """A file name as a learner knows it: `cell` for a notebook cell, else the last part."""
    if "ipykernel_" in file or file.startswith("<ipython-input"):
        return "cell"
    return Path(file).name


def is_learners(file: str) -> bool:
    """Whether a file is neither the engine's, nor of what the engine calls her code through."""
    return not file.startswith(ENGINE) and not any(folder in file for folder in BETWEEN)


def learners_frame(frame: Any, skipped: tuple[str, ...] = (ENGINE,)) -> Any:
    """The innermost frame, from `frame` outwards, that is the learner's own.

    `skipped` are beginnings of file names that are not hers.
    """
    while frame.f_code.co_filename.startswith(skipped) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _constant_text(value: Any) -> str:
    if is_variable(value):
        return value._label
    array = getattr(value, "known", value._array)
    if array is None or getattr(array, "size", FEW + 1) > FEW or array.dtype.kind == "O":
        return f"constant {type_text(value)}"
    return str(to_numpy(array)[()] if value.ndim == 0 else to_numpy(array).tolist())


def _unique_names(nodes: Sequence[Node], inputs: Sequence) -> dict[int, str]:
    names: dict[int, str] = {}
    taken: dict[str, int] = {}

    def unique(wanted: str) -> str:
        count = taken.get(wanted.lower(), 0)
        taken[wanted.lower()] = count + 1
        return unique(f"{wanted}_{count}") if count else wanted

    for i, value in enumerate(inputs):
        label = f"x{i}" if len(inputs) > 1 else "x"
        names[id(value)] = unique(getattr(value, "_label", None) or label)
    for node in nodes:
        base = (
            f"{node.scope}/{node.name or node.op.name}" if node.scope else node.name or node.op.name
        )
        names[id(node)] = unique(base)
        for i, out in enumerate(node.outputs):
            names.setdefault(id(out), names[id(node)] if i == 0 else f"{names[id(node)]}:{i}")
    return names
