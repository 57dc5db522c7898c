"""Lowering: the nodes of a graph as steps of a program.

Elementwise nodes become regions of numpy calls; nodes with a kernel become calls that write into
given memory; views cost nothing; variables are read once, before everything else, and written at
the end. Whatever is left simply runs, and allocates what it gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.graph.elementwise import Call, Recorder, record_calls
from minitensor.graph.hoisting import cannot_raise
from minitensor.graph.ir import Graph, Node, is_variable
from minitensor.ops.state import assign_variable, read_variable
from minitensor.shapes import Spec

__all__ = ["Lowering", "Region", "Slot", "Step", "sample_of"]

VIEWS = {
    "identity", "stop_gradient", "reshape", "expand_dims", "squeeze", "getitem", "ensure_shape",
    "transpose", "matrix_transpose",
}  # fmt: skip
"""Ops whose result numpy gives as a view of the input's memory (transposes: strided ones)."""
COPIES = {"gather", "gather_nd"}
"""Ops whose result never shows the memory of what they read."""
PYTHON = {"call_python"}
"""Ops that run code of the learner's, which may keep what it sees."""


class Slot:
    """An array of the generated program.

    `place` says where it lives: "argument", "constant", "variable", "buffer" (planned memory),
    "piece" (of a buffer), "arena" (where several variables live together), "fresh" (new at each
    call, because it leaves the function), "claimed" (a variable's own memory), "dynamic" (made by
    a step that allocates), "view". `roots` are the slots whose memory it may show.
    """

    def __init__(self, spec: Any, place: str, name: str = ""):
        self.spec, self.place, self.name = spec, place, name
        self.roots: tuple[Slot, ...] = (self,)
        self.value: Any = None
        """The array itself, of a constant."""
        self.sample: np.ndarray | None = None
        """An array laid out like this one, for what only numpy can tell of views."""
        self.first = self.last = -1
        self.offset = -1
        self.takes: Slot | None = None
        """The slot whose memory it goes on using."""
        self.start = 0
        """Of a "piece": where in its buffer it begins, in elements."""

    @property
    def static(self) -> bool:
        """Whether the array is the same object at each call."""
        return all(root.place in ("buffer", "constant") for root in self.roots)

    @property
    def nbytes(self) -> int:
        """The bytes that it takes."""
        return int(np.prod(self.spec.shape, dtype=np.int64)) * self.spec.dtype.itemsize

    def __repr__(self) -> str:
        return f"<{self.place} {self.name} {tuple(self.spec.shape or ())}>"


class Step:
    """One step of the program: an op on slots. `kind` says how it is run."""

    def __init__(self, kind: str, node: Node, inputs: Sequence[Slot], outputs: Sequence[Slot]):
        self.kind, self.node = kind, node
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.variable: Any = None
        self.work: list[Slot] = []
        self.claimed = False
        """Whether an assignment's value is computed in the variable's own memory."""

    @property
    def nodes(self) -> list[Node]:
        """The nodes of the graph that it computes."""
        return [self.node]

    @property
    def may_raise(self) -> bool:
        """Whether it may fail, for some values."""
        return self.kind in ("call", "kernel") and not cannot_raise(self.node)


class Region(Step):
    """Elementwise calls over one iteration shape, run tile by tile."""

    def __init__(self, node: Node, shape: tuple):
        super().__init__("region", node, [], [])
        self.shape = shape
        self.calls: list[Call] = []
        self.entries: dict[int, Slot] = {}
        """Recorder id → the slot it reads."""
        self.exits: list[tuple[Recorder, Slot]] = []
        """The recorders that somebody outside reads, and where they go."""
        self.sums: list[tuple[Recorder, Slot, float]] = []
        """Recorders that only their sum is needed of, where it goes, and what it is divided by."""
        self._nodes = [node]
        self.recorders: dict[int, Recorder] = {}
        self.made_by: dict[int, Node] = {}
        """Recorder id → the node whose formula made it."""

    def reads_after(self, slot: Slot, recorder: Recorder) -> bool:
        """Whether a call after the one that makes `recorder` (or that one, unsafely) reads it."""
        keys = {key for key, entered in self.entries.items() if entered is slot}
        for call in reversed(self.calls):
            if call.result is recorder:
                unsafe = call.arguments[:2] if call.function is np.where else ()
                partial = [x for x in call.arguments if id(x) in keys and x.shape != recorder.shape]
                return bool(partial) or any(id(x) in keys for x in unsafe)
            if any(id(x) in keys for x in call.arguments):
                return True
        return True

    @property
    def nodes(self) -> list[Node]:
        """The nodes of the graph that it computes."""
        return self._nodes


class Lowering:
    """The steps and slots of a graph whose sizes are known, as far as they can be."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.steps: list[Step] = []
        self.slots: dict[int, Slot] = {}
        self.pending: dict[int, tuple[Region, Any]] = {}
        self.arguments = [self._bind(x, Slot(x._array, "argument")) for x in graph.inputs]
        for outer, inner in graph.captures:
            self._constant(inner, outer._array)
        self.first_reads: list[Step] = []
        self.values: dict[int, Any] = {}
        """Variable id → the symbol that has its value at this point of the program."""
        self.unwritten: dict[int, Node] = {}
        """Variable id → the assignment that is still to be carried out."""
        self.barrier = False
        for node in graph.nodes:
            self._lower(node)
        self._write_variables()
        self.outputs = [self.slot(out) for out in graph.outputs]
        self.steps = [*self.first_reads, *self.steps]
        self._close_regions()

    def slot(self, symbol: Any) -> Slot:
        """The slot of a value; a constant gets one when it is met."""
        found = self.slots.get(id(symbol))
        if found is None and id(symbol) in self.pending:
            region, recorder = self.pending[id(symbol)]
            found = self._leave(region, symbol, recorder)
        return self._constant(symbol, symbol.known) if found is None else found

    def _bind(self, symbol: Any, slot: Slot) -> Slot:
        self.slots[id(symbol)] = slot
        return slot

    def _constant(self, symbol: Any, array: np.ndarray) -> Slot:
        slot = self._bind(symbol, Slot(symbol._array, "constant"))
        full = tuple(symbol._array.shape)
        if isinstance(array, np.ndarray) and array.shape != full:
            array = np.broadcast_to(array, full)
        contiguous = isinstance(array, np.ndarray) and array.flags.c_contiguous
        slot.value = array if contiguous else np.ascontiguousarray(array)
        return slot

    def _lower(self, node: Node) -> None:
        if node.op is read_variable:
            self._read(node)
        elif node.op is assign_variable:
            variable, value = node.inputs
            self.values[id(variable)], self.unwritten[id(variable)] = value, node
        elif getattr(node.op, "fused", False):
            for inner in self._inside(node):
                self._lower(inner)
        elif not self._elementwise(node):
            self._other(node)

    def _read(self, node: Node) -> None:
        """A variable is read once, before everything else; what was assigned to it is known."""
        variable, symbol = node.inputs[0], node.outputs[0]
        known = self.values.get(id(variable))
        if known is not None:
            self._alias(symbol, known)
            return
        step = Step("read", node, [], [self._bind(symbol, Slot(symbol._array, "variable"))])
        step.variable = variable
        (self.steps if self.barrier else self.first_reads).append(step)
        self.values[id(variable)] = symbol

    def _write_variables(self) -> None:
        """Carry out the assignments: at the end, or before something that may look or write."""
        for node in self.unwritten.values():
            step = self._step("assign", node, [self.slot(node.inputs[1])], [])
            step.variable = node.inputs[0]
        self.unwritten = {}

    def _inside(self, node: Node) -> list[Node]:
        """The nodes of a fused op, reading and giving what the fused node does."""
        graph = node.op.graphs[0]
        for inner, outer in zip(graph.inputs, node.inputs, strict=True):
            self._alias(inner, outer)
        renamed = {id(out): new for out, new in zip(graph.outputs, node.outputs, strict=True)}
        nodes = []
        for inner in graph.nodes:
            inputs = tuple(renamed.get(id(x), x) for x in inner.inputs)
            outputs = tuple(renamed.get(id(x), x) for x in inner.outputs)
            nodes.append(inner._replace(inputs=inputs, outputs=outputs))
        return nodes

    def _alias(self, symbol: Any, other: Any) -> None:
        if id(other) in self.pending and id(other) not in self.slots:
            self.pending[id(symbol)] = self.pending[id(other)]
        else:
            self.slots[id(symbol)] = self.slot(other)

    def _elementwise(self, node: Node) -> bool:
        """Add a node to the region before it, or to a new one; False when it is none."""
        if len(node.outputs) != 1 or node.op.stateful or node.op.graphs or not node.inputs:
            return False
        spec = node.outputs[0]._array
        if spec.dtype.kind == "O" or not _is_known(spec):
            return False
        if node.op.name in VIEWS or any(not _is_known(x._array) for x in node.inputs):
            return False
        region = self.steps[-1] if self.steps else None
        if not isinstance(region, Region) or not self._joins(region, node):
            region = Region(node, tuple(spec.shape))
            started = True
        else:
            started = False
        arguments = [self._argument(region, x) for x in node.inputs]
        if not any(isinstance(x, Recorder) for x in arguments):
            return False
        recorders = [_with_calls(x, region.calls) for x in arguments]
        found = record_calls(node.op, recorders, node.attrs, spec)
        if found is None:
            return False
        region.made_by |= {id(call.result): node for call in found[0]}
        self._joined(region, node, found[1], started)
        return True

    def _joined(self, region: Region, node: Node, out: Any, started: bool) -> None:
        symbol = node.outputs[0]
        if isinstance(out, np.ndarray):
            self._constant(symbol, out)
            return
        if started:
            self.steps.append(region)
        else:
            region.nodes.append(node)
        region.recorders[id(out)] = out
        entered = region.entries.get(id(out))
        if entered is not None:
            self.slots[id(symbol)] = entered
            return
        self.pending[id(symbol)] = region, out

    def _joins(self, region: Region, node: Node) -> bool:
        """Whether a node can run in the same tiles: same shape, and reads whole results only."""
        if tuple(node.outputs[0]._array.shape) != region.shape:
            return False
        for x in node.inputs:
            made = self.pending.get(id(x))
            if made is not None and made[0] is region and made[1].shape != region.shape:
                return False
        return True

    def _argument(self, region: Region, x: Any) -> Any:
        made = self.pending.get(id(x))
        if made is not None and made[0] is region:
            return made[1]
        known = getattr(x, "known", None)
        if known is not None and known.size == 1 and known.dtype.kind != "O":
            return known.reshape(())
        slot = self.slot(x)
        for key, entered in region.entries.items():
            if entered is slot and region.recorders[key].shape == tuple(x._array.shape):
                return region.recorders[key]
        recorder = Recorder(region.calls, x._array.shape, x._array.dtype)
        region.entries[id(recorder)] = slot
        region.recorders[id(recorder)] = recorder
        return recorder

    def _leave(self, region: Region, symbol: Any, recorder: Recorder) -> Slot:
        """A result of a region that somebody outside reads gets a slot."""
        for left, slot in region.exits:
            if left is recorder:
                return self._bind(symbol, slot)
        slot = self._bind(symbol, Slot(Spec(recorder.shape, recorder.dtype), "buffer"))
        region.exits.append((recorder, slot))
        region.outputs.append(slot)
        return slot

    def _other(self, node: Node) -> None:
        op = node.op
        if op.graphs or op.name in PYTHON:
            self._write_variables()
            self.values, self.barrier = {}, True
        inputs = [x if is_variable(x) else self.slot(x) for x in node.inputs]
        known = all(_is_known(x._array) for x in (*node.inputs, *node.outputs))
        kind, place = "call", "dynamic"
        sample = None
        if op.name in VIEWS and known and not op.graphs and not hasattr(op, "holes"):
            source = sample_of(inputs[0])
            sample = np.asarray(op.implementation(np)(np, source, **node.attrs))
            shown = np.may_share_memory(sample, source) or not sample.size
            kind, place = ("view", "view") if shown else ("copy", "buffer")
        elif op.write is not None and known and op.implementation(np) is not None:
            kind, place = "kernel", "buffer"
        outputs = [self._bind(x, Slot(x._array, place)) for x in node.outputs]
        step = self._step(kind, node, inputs, outputs)
        if kind == "kernel" and op.workspace is not None:
            specs = [Spec(tuple(x._array.shape), x._array.dtype) for x in node.inputs]
            step.work = [Slot(s, "buffer") for s in op.workspace(*specs, **node.attrs)]
        if kind == "view":
            outputs[0].sample = sample
        if kind not in ("kernel", "copy"):
            shown = [] if op.name in COPIES else step.inputs
            roots = [r for x in shown if isinstance(x, Slot) for r in x.roots]
            for out in outputs:
                own = () if kind == "view" else (out,)
                out.roots = tuple(dict.fromkeys([*own, *roots]))

    def _step(self, kind: str, node: Node, inputs: Sequence, outputs: Sequence) -> Step:
        step = Step(kind, node, inputs, outputs)
        self.steps.append(step)
        return step

    def _close_regions(self) -> None:
        for step in self.steps:
            if isinstance(step, Region):
                needed = {id(recorder) for recorder, _ in step.exits}
                for call in reversed(step.calls):
                    if id(call.result) in needed:
                        needed |= {id(x) for x in call.arguments}
                step.calls = [call for call in step.calls if id(call.result) in needed]
                step.entries = {k: s for k, s in step.entries.items() if k in needed}
                step.inputs = list(dict.fromkeys(step.entries.values()))
        self.steps = [s for s in self.steps if not isinstance(s, Region) or s.exits]


def _is_known(spec: Any) -> bool:
    return spec.shape is not None and None not in spec.shape


def _with_calls(argument: Any, calls: list) -> Any:
    if isinstance(argument, Recorder):
        argument.calls = calls
    return argument


def sample_of(slot: Slot) -> np.ndarray:
    """An array laid out as the slot's will be; its elements mean nothing."""
    if slot.value is not None:
        return slot.value
    if slot.sample is not None:
        return slot.sample
    slot.sample = sample = np.empty(slot.spec.shape, slot.spec.dtype)
    return sample
