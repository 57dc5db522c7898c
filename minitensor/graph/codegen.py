"""The generated program: a plan written out as Python that a person can read.

Above the function stand the planned memory and the constants; inside it, one line per numpy call,
each with its node and the learner's line beside it. Elementwise regions run tile by tile, so that
what passes from one call to the next stays in the cache.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from minitensor.graph.direct import write_directly
from minitensor.graph.ir import Node, SourceLine
from minitensor.graph.lower import Region, Slot, Step
from minitensor.graph.plan import Plan
from minitensor.graph.tiles import RegionWriter
from minitensor.ops.scattering import checked_rows, write_rows

__all__ = ["Program", "generate"]


RESERVED = (
    "at", "empty", "float", "height", "map", "memory", "min", "numpy", "range", "s0", "s1", "start",
    "stop", "sum", "uint8", "zip",
)  # fmt: skip
"""Names that the program uses in its own right."""


class Program:
    """The source, the names that it needs from outside, and which node each line is for."""

    def __init__(self, source: str, namespace: dict[str, Any], lines: dict[int, Node], name: str):
        self.source, self.namespace, self.lines, self.name = source, namespace, lines, name


def generate(plan: Plan, name: str) -> Program:
    """Write a plan as a program with one function, of the graph's arguments."""
    return Writer(plan, name).program()


class Writer:
    """Collects the lines of a program; one method per kind of step."""

    def __init__(self, plan: Plan, name: str):
        self.plan = plan
        self.name = _identifier(name) or "graph"
        self.taken: set[str] = {self.name, *RESERVED}
        self.above: list[str] = []
        self.body: list[tuple[str, Node | None]] = []
        self.namespace: dict[str, Any] = {"empty": np.empty, "uint8": np.uint8}
        self.variables: dict[int, str] = {}
        self.scratch: dict[str, int] = {}
        self.views: dict[tuple, str] = {}
        self.kept: list[np.ndarray] = []
        self.counts: dict[str, int] = {}

    def program(self) -> Program:
        """The whole program."""
        self._name_slots()
        claims = [s for s in self.plan.steps if s.kind == "assign" and s.claimed]
        for step in claims:
            slot = step.inputs[0]
            slot.name = self.unique(f"{self._variable(step.variable)}_new")
            self.say(f"{slot.name} = {self.helper('claim')}({self._variable(step.variable)})")
        for i, slot in enumerate(self.plan.arenas):
            arena, slot.name = self.unique(f"arena_{i}"), self.unique(f"flat_{i}")
            self.namespace[arena] = slot.value
            names = ", ".join(v.name for v in slot.value.variables)
            self.note(f"{arena} holds {names}"[:160])
            self.say(f"{slot.name} = {arena}.claim()")
        read = self._read_names()
        for slot in self.plan.arguments:
            if slot.sample is None and slot.name in read:
                self.say(f"if not {slot.name}.flags.c_contiguous: {slot.name} = "
                          f"{slot.name}.copy()")  # fmt: skip
        for step in self.plan.steps:
            getattr(self, f"_{step.kind}")(step)
        self.say(f"return [{', '.join(self._leaving(out) for out in self.plan.outputs)}]")
        return self._assembled()

    # Names.

    def _name_slots(self) -> None:
        for slot, symbol in zip(self.plan.arguments, self.plan.graph.inputs, strict=True):
            slot.name = self.unique(_identifier(symbol._label) or "x")
        for i, slot in enumerate(sorted(self.plan.buffers(), key=lambda s: s.first)):
            slot.name = self.unique(f"b{i}")
            shape = ", ".join(map(str, slot.spec.shape))
            self.above.append(
                f"{slot.name} = memory[{slot.offset}:{slot.offset + slot.nbytes}]"
                f".view({slot.spec.dtype.name!r}).reshape({shape or '()'})"
            )

        pieces = [s for step in self.plan.steps for s in step.outputs if s.place == "piece"]
        for slot in pieces:
            [whole] = slot.roots
            end = slot.start + prod(slot.spec.shape)
            slot.name = self.unique(f"{whole.name}_{slot.start}")
            shape = tuple(int(d) for d in slot.spec.shape)
            self.above.append(f"{slot.name} = {whole.name}[{slot.start}:{end}].reshape({shape})")

    def unique(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self.taken or keyword.iskeyword(name):
            count += 1
            name = f"{wanted}_{count}"
        self.taken.add(name)
        return name

    def _read_names(self) -> set[str]:
        return {slot.name for step in self.plan.steps for slot in step.inputs
                if isinstance(slot, Slot)}  # fmt: skip

    def ref(self, slot: Slot) -> str:
        """The name of a slot; constants are named when they are first used."""
        if not slot.name:
            if slot.place == "constant":
                return self.constant(slot.value, slot)
            raise AssertionError(f"{slot!r} has no name yet")
        return slot.name

    def constant(self, array: np.ndarray, slot: Slot | None = None) -> str:
        """The name of a constant; equal numbers have one."""
        small = not array.ndim and array.dtype.kind != "O"
        key = ("constant", array.dtype.str, array.tobytes()) if small else ("constant", id(array))
        if key not in self.views:
            name = self.views[key] = self.numbered("c")
            self.namespace[name] = array
            self.note(f"{name} = {_text(array)}")
        if slot is not None:
            slot.name = self.views[key]
        return self.views[key]

    def constant_like(self, array: np.ndarray) -> str:
        """The name of a constant with these elements: one for all who need it."""
        key = ("like", array.dtype.str, array.shape, array.tobytes())
        if key not in self.views:
            self.kept.append(array)
            self.views[key] = self.constant(array)
        return self.views[key]

    def reshaped(self, slot: Slot, shape: tuple, node: Node) -> str:
        """A contiguous array seen in another shape."""
        name = self.ref(slot)
        if tuple(slot.spec.shape) == shape:
            return name
        key = ("reshaped", name, shape)
        if key in self.views:
            return self.views[key]
        view = self.unique(f"{name}_flat" if len(shape) < 2 else f"{name}_rows")
        line = f"{view} = {name}.reshape({shape})"
        if slot.static:
            self.above.append(line)
            self.views[key] = view
        else:
            self.say(line, node)
        return view

    def _variable(self, variable: Any) -> str:
        found = self.variables.get(id(variable))
        if found is None:
            label = _identifier(variable._label) or "variable"
            found = self.variables[id(variable)] = self.unique(label)
            self.namespace[found] = variable
            sizes = "" if variable.shape.rank is None else list(variable.shape)
            self.note(f"{found} is {variable.name!r}, {variable.dtype.name}{sizes}")
        return found

    def helper(self, name: str) -> str:
        self.taken.add(name)
        self.namespace[name] = name
        return name

    def function(self, function: Any, name: str) -> str:
        """A name for something that is called."""
        wanted = _identifier(name) or "run"
        for candidate in chain((wanted,), (f"{wanted}_{i}" for i in range(1, 1000))):
            known = self.namespace.get(candidate)
            if known is function:
                return candidate
            if known is None and candidate not in self.taken:
                self.namespace[candidate] = function
                self.taken.add(candidate)
                return candidate
        raise AssertionError(name)

    def say(self, line: str, node: Node | None = None, depth: int = 0) -> None:
        self.body.append(("    " * depth + line, node))

    # One method per kind of step.

    def _read(self, step: Step) -> None:
        slot = step.outputs[0]
        variable = self._variable(step.variable)
        slot.name = self.unique(f"{variable}_value")
        self.say(f"{slot.name} = {variable}._value._array", step.node)

    def _assign(self, step: Step) -> None:
        value, variable = step.inputs[0], self._variable(step.variable)
        tensor = self.helper("Tensor")
        if step.claimed:
            self.say(f"if {variable}._value._array is not {value.name}: "
                      f"{variable}._value = {tensor}({value.name})", step.node)  # fmt: skip
        else:
            name = self._leaving(value)
            if any(root.place == "argument" for root in value.roots):
                # Inside a branch or loop: memory that the graph around it goes on using.
                inside = self.plan.graph.kind != "function"
                name = f"{name}.copy()" if inside else f"{self.helper('owned')}({name})"
            if value.place == "dynamic" or self._contiguous(value) != value.name:
                name = f"{self.helper('contiguous')}({name})"
            self.say(f"{variable}._value = {tensor}({name})", step.node)

    def _view(self, step: Step) -> None:
        source, slot = step.inputs[0], step.outputs[0]
        text = _view_text(step.node, self.ref(source), tuple(slot.spec.shape))
        if text is None:
            text = self._call_text(step, [self.ref(source)])
        name = self.numbered("v")
        if slot.static:
            self.above.append(f"{name} = {text}")
        else:
            self.say(f"{name} = {text}", step.node)
        slot.name = name

    def _copy(self, step: Step) -> None:
        """A reshape of what does not lie in memory in order: copied in its old shape."""
        source, slot = step.inputs[0], step.outputs[0]
        target = self.target(slot, step.node)
        shape = tuple(int(d) for d in source.spec.shape)
        copyto = self.function(np.copyto, "copyto")
        self.say(f"{copyto}({target}.reshape({shape}), {self.ref(source)})", step.node)

    def _kernel(self, step: Step) -> None:
        op = step.node.op
        if write_directly(self, step):
            return
        inputs = [self._contiguous(s) if not op.strided else self.ref(s) for s in step.inputs]
        outs = [self.target(slot, step.node) for slot in step.outputs]
        target = outs[0] if len(outs) == 1 else f"({', '.join(outs)})"
        work = [f"({', '.join(s.name for s in step.work)},)"] if op.workspace is not None else []
        function = self.function(op.write, f"{op.name}_into")
        attrs = [f"{key}={self._attr(value)}" for key, value in step.node.attrs.items()]
        self.say(f"{function}({', '.join([target, *work, *inputs, *attrs])})", step.node)

    def _call(self, step: Step) -> None:
        inputs = [self.ref(x) if isinstance(x, Slot) else self._variable(x) for x in step.inputs]
        text = self._call_text(step, inputs)
        for slot in step.outputs:
            slot.name = self.numbered("r")
        if not step.outputs:
            self.say(text, step.node)
        elif len(step.outputs) == 1 and step.node.op.graphs == ():
            self.say(f"{step.outputs[0].name} = {self.helper('asarray')}({text})", step.node)
        else:
            names = ", ".join(slot.name for slot in step.outputs)
            found = text if step.node.op.graphs else f"map({self.helper('asarray')}, {text})"
            self.say(f"{names} = {found}", step.node)

    def _places(self, step: Step) -> None:
        """Which rows of a variable will be written; fails where there are none such."""
        slot = step.outputs[0]
        slot.name = self.numbered("r")
        shape = tuple(int(d) for d in step.variable.shape)
        function = self.function(checked_rows, "checked_rows")
        self.namespace["numpy"] = np
        self.say(f"{slot.name} = {function}(numpy, {self.ref(step.inputs[0])}, {shape})", step.node)

    def _rows(self, step: Step) -> None:
        """Write rows of a variable, in its own memory if it could be claimed."""
        new = step.outputs[0].name
        old, rows, values = (self.ref(slot) for slot in step.inputs)
        copyto, function = (
            self.function(np.copyto, "copyto"),
            self.function(write_rows, "write_rows"),
        )
        self.say(f"if {new} is not {old}: {copyto}({new}, {old})", step.node)
        how = step.node.attrs["how"]
        self.say(f"{function}(numpy, {new}, {rows}, {values}, how={how!r})", step.node)

    def _call_text(self, step: Step, inputs: Sequence[str]) -> str:
        op = step.node.op
        function = self.function(op.implementation(np), op.name)
        attrs = [f"{key}={self._attr(value)}" for key, value in step.node.attrs.items()]
        self.namespace["numpy"] = np
        return f"{function}({', '.join(['numpy', *inputs, *attrs])})"

    def _attr(self, value: Any) -> str:
        text = repr(value)
        if isinstance(value, (bool, int, str, type(None))) and len(text) < 60:
            return text
        if isinstance(value, tuple) and all(isinstance(v, (int, type(None))) for v in value):
            return text
        key = ("attr", id(value))
        if key not in self.views:
            self.views[key] = self.numbered("a")
            self.namespace[self.views[key]] = value
            self.note(f"{self.views[key]} = {text[:70]}")
        return self.views[key]

    def _contiguous(self, slot: Slot) -> str:
        name = self.ref(slot)
        if slot.sample is not None and not slot.sample.flags.c_contiguous:
            return f"{self.helper('contiguous')}({name})"
        return name

    def target(self, slot: Slot, node: Node) -> str:
        """Where a result goes: planned memory, or an array of its own when it leaves."""
        if slot.place == "fresh":
            slot.name = self.numbered("out_")
            shape = tuple(int(d) for d in slot.spec.shape)
            self.say(f"{slot.name} = empty({shape}, {slot.spec.dtype.name!r})", node)
        return slot.name

    def _leaving(self, slot: Slot) -> str:
        """A value that leaves the function: a copy where numpy made a view of planned memory."""
        name = self.ref(slot)
        if slot.place == "dynamic" and any(r.place == "buffer" for r in slot.roots):
            return f"{self.helper('owned')}({name})"
        return name

    def _region(self, step: Step) -> None:
        assert isinstance(step, Region)
        RegionWriter(self, step).write()

    def _assembled(self) -> Program:
        head = [f"memory = empty({max(self.plan.size, 1)}, uint8)"]
        head += [f"{name} = empty({count}, {name.removeprefix('scratch_').partition('_')[0]!r})"
                 for name, count in sorted(self.scratch.items())]  # fmt: skip
        arguments = ", ".join(slot.name for slot in self.plan.arguments)
        lines = [*head, *self.above, "", "", f"def {self.name}({arguments}):"]
        numbers: dict[int, Node] = {}
        width = min(60, max((len(text) for text, node in self.body if node), default=0))
        said: SourceLine | None = None
        for text, node in self.body:
            if node is not None:
                numbers[len(lines) + 1] = node
                line = node.source
                text = _commented(text, node, line if line != said else None, width)
                said = line
            lines.append(f"    {text}")
        return Program("\n".join(lines) + "\n", self.namespace, numbers, self.name)

    def note(self, text: str) -> None:
        """A comment above the program."""
        self.above.append(f"# {_in_one_line(text)}")

    def numbered(self, prefix: str) -> str:
        """The next free name with a number: `out_0`, `out_1`, …."""
        self.counts[prefix] = self.counts.get(prefix, -1) + 1
        return self.unique(f"{prefix}{self.counts[prefix]}")


def _view_text(node: Node, name: str, shape: tuple) -> str | None:
    """A view as a learner would write it."""
    if node.op.name in ("reshape", "expand_dims", "squeeze"):
        return f"{name}.reshape({shape})"
    if node.op.name in ("identity", "stop_gradient", "ensure_shape"):
        return name
    return None


def _text(array: np.ndarray) -> str:
    """A constant in a comment: numbers as they are, arrays of one number as that number."""
    if not array.ndim:
        return f"{array[()]} {array.dtype}"
    kind = f"{array.dtype}{list(array.shape)}"
    if array.size and array.dtype.kind != "O" and (array == array.reshape(-1)[0]).all():
        return f"{array.reshape(-1)[0]} everywhere, {kind}"
    return f"{array.tolist()}, {kind}" if array.size <= 8 else kind


def _identifier(text: str) -> str:
    name = re.sub(r"\W", "_", text.rpartition("/")[2].partition(":")[0])
    if not f"_{name}".isidentifier():  # a superscript is a word character, too
        name = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{name}" if name[:1].isdigit() or keyword.iskeyword(name) else name


def _commented(text: str, node: Node, line: SourceLine | None, width: int) -> str:
    """A line of the program with its node, and the learner's line where it is another one."""
    where = f"{node.scope}/{node.name}" if node.scope else node.name or node.op.name
    note = f"# {where}" + (f"  {line.line}: {line.text}" if line is not None and line.text else "")
    return f"{text:<{width}}  {_in_one_line(note)}"[: max(140, len(text))]


def _in_one_line(text: str) -> str:
    """Text for a comment, which must not end before it: names may hold anything, line breaks too.

    A name may come from a file, so what stands behind a line break in it would be run.
    """
    return "".join(c if c.isprintable() else "_" for c in text)
