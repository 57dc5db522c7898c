"""A backward pass as a timeline: forward steps, the seed, backward steps, results.

The steps are those of `tape.steps`, which is what every gradient runs. Read `steps_view`, then
`_Timeline.view`.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minitensor import backward, nest
from minitensor.backend import to_numpy
from minitensor.backward import Send, Step
from minitensor.errors import (
    DTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    message,
)
from minitensor.graph.ir import Graph, Node
from minitensor.tape import GradientTape
from minitensor.targets import leaves, whole
from minitensor.tensor import IndexedSlices, Operand
from minitensor.views.calls import Call, called
from minitensor.views.checking import checks
from minitensor.views.drawing import MADE, Drawing, callers_names, rules, source_view
from minitensor.views.glance import glance
from minitensor.views.inner import derived, with_seeds
from minitensor.views.opening import beside, opened
from minitensor.views.program import lines_around
from minitensor.views.protocol import learners_steps
from minitensor.views.records import GraphView, SendView, StepsView, StepView, ValueView
from minitensor.views.trouble import trouble
from minitensor.views.values import array_of, number_text, value_view, words

MOST_STEPS = 500
MOST_NODES = 5000


def steps_view(
    tape: Any, target: Any = None, sources: Any = None, args: Sequence = (), check: bool = True
) -> StepsView:
    """Forward and backward pass as a timeline; runs the engine's own `tape.steps`.

    Calls of traced functions are opened, so that their own operations are steps. Of a pass of more
    than 500 steps, large values are given by their statistics alone.

    Args:
        tape: a GradientTape; a function, which is called with `args` under a tape; or a tape of
            the learner's own making, with the three methods that `protocol` tells of.
        target: the value whose gradient is taken, or a structure of them; of a function, all
            results.
        sources: what the gradient is taken with respect to; None means everything watched.
        args: what a function is called with.
        check: whether to measure slopes beside the gradients, where that is quick.

    Raises:
        DTypeError: (also a ValueError and TypeError) for a target that is no tensor, or a tape of
            the learner's own that lacks a method; a function that returns no tensor.
        InvalidArgumentError: (also a ValueError) for a tape that is too long to be shown.
        FailedPreconditionError: (also a RuntimeError) when the tape is used up.
    """
    names, title, note = callers_names(), "", ""
    if not isinstance(tape, GradientTape):
        if hasattr(tape, "backward_steps") or not callable(tape):
            return learners_steps(tape, target, sources)
        call: Call = called(tape, args)
        tape, target, names = call.tape, call.target, names | call.names
        sources = call.sources if sources is None else sources
        title, note = call.title, call.note
    _refuse_what_cannot_be_stepped(tape, target)
    with beside():
        view = _Timeline(_Pass(tape, target, sources), names).view(check)
    graph = view.graph
    if title:
        graph = dataclasses.replace(graph, title=title)
    if note:
        graph = dataclasses.replace(graph, note=graph.note.replace(MADE["tape"], note))
    return dataclasses.replace(view, graph=graph)


def _refuse_what_cannot_be_stepped(tape: GradientTape, target: Any) -> None:
    if tape.is_used_up:
        raise FailedPreconditionError(
            message("step", "a tape that gave its gradient already",
                    "it let go of the values it had recorded",
                    "a tape that is not persistent keeps them for one gradient only",
                    "call step before tape.gradient, or make the tape with "
                    "mt.GradientTape(persistent=True)")
        )  # fmt: skip
    if not leaves(target):
        raise DTypeError(
            message("step", f"{target!r} as the target",
                    "there is no value in it",
                    "a backward pass starts at a value whose gradient is taken",
                    "pass the value, as in step(tape, loss), or a list of several")
        )  # fmt: skip


def _refuse_too_many(nodes: int) -> None:
    if nodes > MOST_NODES:
        raise InvalidArgumentError(
            message("step", f"a tape of {nodes} nodes, leaves included",
                    "that is too much to picture",
                    f"at most {MOST_NODES} nodes are shown",
                    "record a smaller part: one step of training is enough")
        )  # fmt: skip


class _Pass:
    """A tape with its calls opened, and the steps of its backward pass."""

    def __init__(self, tape: GradientTape, target: Any, sources: Any):
        self.asked, self.target = tape, target
        self.targets = [whole(x) for x in leaves(target)]
        watched = tape.graph().inputs
        given = watched if sources is None else nest.flatten(sources)
        self.sources = [whole(x) for x in given]
        list(zip(range(0), tape.steps(target, sources), strict=False))  # refuses what it refuses
        self.derived = derived(tape)
        nodes = opened(tape.nodes, [*self.targets, *self.sources])
        self.graph = Graph(with_seeds(nodes, self.derived), watched, "tape")
        again = copy.copy(tape)
        again.nodes = self.graph.nodes
        self.steps = list(again.steps(target, sources))


class _Drawing(Drawing):
    """Draws every target, and sources that lead nowhere; values come with the steps."""

    def __init__(self, taken: _Pass, names: dict[int, str]):
        super().__init__(taken.graph, names)
        self.ends = {id(x) for x in taken.targets}
        for value in (*taken.targets, *taken.sources):
            if isinstance(value, Operand) and not self.knows(value):
                self.ids[id(value)] = self._add(id(value), value)

        self.unique = self._unique(taken.graph.nodes)
        self.shared = Counter(getattr(x, "_label", None) for x in taken.graph.inputs)

    def _unique(self, nodes: Sequence[Node]) -> dict[int, str]:
        """A name for each result that is clear without its scope, such as `add_1`."""
        taken: Counter[str] = Counter()
        found: dict[int, str] = {}
        for node in nodes:
            base = node.name or node.op.name
            name = f"{base}_{taken[base]}" if taken[base] else base
            taken[base] += id(node) not in self.hidden
            found |= {id(x): f"{name}:{i}" if i else name for i, x in enumerate(node.outputs)}
        return found

    def label(self, value: Any) -> str:
        """What to call a value in a formula."""
        whole = self.aliases.get(id(value), value)
        if id(whole) not in self.names and self.shared[getattr(whole, "_label", None)] > 1:
            return self.graph.name_of(whole)
        is_leaf = id(value) not in self.unique or id(value) in self.aliases
        is_named = id(whole) in self.names or is_leaf
        return super().label(value) if is_named else self.unique[id(value)]

    def picture(self, value: Any) -> None:
        """Nothing: the value of an operation comes with its step."""

    def view(self) -> GraphView:
        """Nodes and edges."""
        drawn = super().view()
        ends = {self.ids[key] for key in self.ends if key in self.ids}
        own = {identity: self.unique[id(thing.outputs[0])]
               for identity, thing in self.order
               if isinstance(thing, Node) and id(thing.outputs[0]) not in self.names}  # fmt: skip
        nodes = [
            dataclasses.replace(node, label=own.get(node.id, node.label),
                                output=node.output or node.id in ends)
            for node in drawn.nodes
        ]  # fmt: skip
        return dataclasses.replace(drawn, nodes=nodes)


class _Timeline:
    """Turns the steps of a backward pass into views, counting what arrives at each node."""

    def __init__(self, taken: _Pass, names: dict[int, str]):
        self.taken = taken
        self.drawing = _Drawing(taken, names)
        _refuse_too_many(len(self.drawing.order))
        self.steps = [step for step in taken.steps if id(step.node) not in self.drawing.hidden]
        ids = [self.drawing.id_of(send.input) for step in self.steps for send in step.sends]
        self.expected, self.arrived = Counter(ids), Counter()
        self.final: dict[int, Any] = {}
        self.pictures: dict[int, tuple[Any, ValueView]] = {}
        self.is_long = len(self.drawing.shown()) + len(self.steps) > MOST_STEPS

    def view(self, check: bool) -> StepsView:
        taken, shown = self.taken, self.drawing.shown()
        forward = [self._forward(node) for node in shown]
        seeds = [self._seed(x) for x in taken.targets]
        backward = [view for step in self.steps for view in self._backward(step)]
        results = [self._result(x) for x in taken.sources]
        sources = {self.drawing.id_of(x): (x, self._found(x)) for x in taken.sources}
        checked = checks(taken.graph.nodes, self._ends(), sources) if check else []
        return StepsView(
            self.drawing.view(), [*forward, *seeds, *backward, *results],
            self.drawing.id_of(taken.targets[0]), list(sources), checked,
            trouble(self.drawing, shown, self.steps), self._derives(), lines_around(shown),
        )  # fmt: skip

    def _ends(self) -> list:
        return [x for x in self.taken.targets if x.dtype.is_differentiable]

    def _derives(self) -> dict[str, str]:
        """From nodes of an inner gradient to the nodes that they differentiate."""
        pairs = self.taken.derived.items()
        ids = self.drawing.ids
        return {ids[a]: ids[b] for a, b in pairs if a in ids and b in ids}

    def _value(self, value: Any) -> ValueView:
        """The picture of a value; each is made once, since what is sent on is what arrives."""
        if id(value) not in self.pictures:
            self.pictures[id(value)] = value, (glance if self.is_long else value_view)(value)
        return self.pictures[id(value)][1]

    def _forward(self, node: Node) -> StepView:
        names = ", ".join(self.drawing.label(x) for x in node.inputs)
        value = self._value(node.outputs[0])
        return StepView(
            "forward", self.drawing.ids[id(node)], f"forward: {node.op.name}({names})",
            f"{node.op.name} of {names or 'nothing'} gives {words(value)}.",
            source=source_view(node), value=value,
        )  # fmt: skip

    def _seed(self, target: Any) -> StepView:
        identity, name = self.drawing.id_of(target), self.drawing.label(target)
        if not target.dtype.is_differentiable:
            return StepView("seed", identity, "no derivative",
                            f"{name} is {target.dtype.name}: numbers that cannot change a little "
                            "have no derivative, so there is no backward pass.")  # fmt: skip
        value = self._value(np.ones(target.shape, np.float32))
        text = "The derivative of the target with respect to itself is 1: the backward pass starts "
        text += f"with g = {words(value)}."
        if value.shape:
            text += " All elements are 1, because it is the sum of the target's elements that is "
            text += "differentiated."
        text += self._unreached(target)
        size = float(np.sqrt(np.prod(value.shape)))
        return StepView("seed", identity, "seed the target", text, upstream=value, norm=size)

    def _unreached(self, target: Any) -> str:
        """What to say of a target that no source leads to."""
        if self.steps or any(target is x for x in self.taken.sources):
            return ""
        asked = self.taken.asked
        reasons = dict.fromkeys(asked.explain(target, x).sentence for x in self.taken.sources[:1])
        return "".join(f" But nothing is sent on. {reason}" for reason in reasons)

    def _backward(self, step: Step) -> Iterator[StepView]:
        node = step.node
        name = self.drawing.unique[id(node.outputs[0])]
        inside = [f"the gradient graph of {node.op.name}"] * len(node.inputs)
        texts = rules(node, self.drawing.rule_names(node)) or inside
        numbers = rules(node, _numbers(step)) or inside
        alone = _locals(step)
        sends = [
            self._send(send, texts[send.index], numbers[send.index], alone.get(send.index, ""))
            for send in step.sends
        ]
        g = next(g for g in step.cotangents if g is not None)
        upstream = self._value(g)
        said = " ".join(self._sentence(s, v) for s, v in zip(step.sends, sends, strict=True))
        identity, line = self.drawing.ids[id(node)], source_view(node)
        yield StepView(
            "backward", identity, f"backward through {name}",
            f"At {name}, g = {words(upstream)} has arrived. "
            f"{said or 'Nothing it was given leads to a source.'}",
            ", ".join(dict.fromkeys(send.rule for send in sends)), line, None, upstream,
            [_waiting(view) if view.unbroadcast else view for view in sends],
        )  # fmt: skip
        for send, view in zip(step.sends, sends, strict=True):
            if view.unbroadcast:
                broad = self.drawing.label(send.input)
                text = f"{broad} was broadcast from {tuple(view.value.shape)} to "
                text += f"{tuple(send.raw.shape)}, so each of its elements was used many times, "
                text += f"and what they get is summed: {view.unbroadcast}. "
                yield StepView(
                    "unbroadcast", identity, f"undo the broadcast of {broad}",
                    text + self._arrival(send, view).strip(), source=line, sends=[view],
                )  # fmt: skip

    def _send(self, send: Send, rule: str, numbers: str, alone: str) -> SendView:
        to = self.drawing.id_of(send.input)
        self.arrived[to] += 1
        self.final[id(send.input)] = send.after
        summed = _sum_text(send)
        return SendView(
            to, rule, numbers,
            self._value(send.raw) if summed else None, summed, self._value(send.contribution),
            None if send.before is None else self._value(send.before), self._value(send.after),
            self.arrived[to], self.expected[to], alone, _norm(send.after),
        )  # fmt: skip

    def _sentence(self, send: Send, view: SendView) -> str:
        name = self.drawing.label(send.input)
        if view.unbroadcast:
            shape = tuple(send.raw.shape)
            return f"It sends {view.rule} of shape {shape} to {name}, to be summed next."
        text = f"It sends {view.rule} = {words(view.value)} to {name}"
        return text + self._arrival(send, view, " (", ").")

    def _arrival(self, send: Send, view: SendView, start: str = "", end: str = ".") -> str:
        """How many contributions have arrived, and what they come to."""
        if view.expected == 1:
            name = self.drawing.label(send.input)
            return end[-1] if start else f"{name} gets {words(view.value)}."
        text = f"{start}{view.arrived} of {view.expected} contributions"
        return text + (
            f", together {words(view.after)}{end}" if view.before and view.after else end
        )

    def _found(self, source: Any) -> Any:
        """The gradient of a source; None when nothing arrived."""
        reading = next((key for key, v in self.drawing.aliases.items() if v is source), 0)
        found = self.final.get(id(source), self.final.get(reading))
        return self._seeded(source) if found is None else found

    def _seeded(self, source: Any) -> Any:
        at_once = any(source is x for x in self._ends())
        return np.ones(source.shape, np.float32) if at_once else None

    def _result(self, source: Any) -> StepView:
        identity = self.drawing.id_of(source)
        name = self.drawing.label(source)
        found = self._found(source)
        if found is None:
            why = self.taken.asked.explain(self.taken.targets[0], source)
            text = f"The gradient with respect to {name} is None. {why.sentence}"
            text += f" To fix it: {why.fix}." if why.fix else ""
            return StepView("result", identity, f"no gradient for {name}", text)
        value = self._value(found)
        text = f"The gradient with respect to {name} is {words(value)}."
        return StepView("result", identity, f"gradient of {name}", text, value=value)


def _waiting(view: SendView) -> SendView:
    """A send before it is summed: nothing has arrived yet."""
    return dataclasses.replace(view, value=view.raw, raw=None, before=None, after=None, norm=None)


def _locals(step: Step) -> dict[int, str]:
    """The derivatives of a scalar by scalars: the op's own rule, for a cotangent of 1."""
    node = step.node
    values = [*node.inputs, *node.outputs]
    if len(node.outputs) > 1 or any(x.ndim or x.dtype.kind != "f" for x in values):
        return {}
    [out] = node.outputs
    ones = {id(out): np.ones((), out._array.dtype)}
    everything = {id(x) for x in node.inputs}
    alone = backward.steps([node], ones, everything, everything, symbolic=False)
    return {s.index: number_text(array_of(s.raw)[()]) for step in alone for s in step.sends}


def _norm(gradient: Any) -> float | None:
    """The length of a gradient seen as one vector; None when it is not finite."""
    parts = gradient.to_dense() if isinstance(gradient, IndexedSlices) else gradient
    array = np.asarray(to_numpy(getattr(parts, "_array", parts)))
    if array.dtype.kind not in "fcV":
        return None
    wide = array if array.dtype.kind == "c" else array.astype(np.float64)
    size = float(np.linalg.norm(wide.reshape(-1)))
    return size if np.isfinite(size) else None


def _numbers(step: Step) -> dict[str, str]:
    """What to put into a rule's formula: the number of a scalar, the shape of anything else."""
    node = step.node
    g = next(c for c in step.cotangents if c is not None)
    values = {"g": g, "out": node.outputs[0]}
    values |= dict(zip(node.op.input_names, node.inputs, strict=False))
    return {name: _number_or_shape(value) for name, value in values.items()}


def _number_or_shape(value: Any) -> str:
    if not hasattr(value, "shape"):
        return f"{value:g}"
    if isinstance(value, IndexedSlices) or np.ndim(array_of(value)):
        return str(tuple(value.shape))
    text = number_text(array_of(value)[()])
    return f"({text})" if text.startswith("-") else text


def _sum_text(send: Send) -> str:
    raw, sent = send.raw, send.contribution
    if isinstance(raw, IndexedSlices) or tuple(raw.shape) == tuple(sent.shape):
        return ""
    before, after = tuple(raw.shape), tuple(sent.shape)
    extra = len(before) - len(after)
    axes = [i for i, d in enumerate(before) if i < extra or d != after[i - extra]]
    return f"sum over axis {', '.join(map(str, axes))}: {before} → {after}"
