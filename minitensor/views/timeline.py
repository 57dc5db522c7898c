"""A backward pass as a timeline: forward steps, the seed, backward steps, results."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import nest
from minitensor.backward import Send, Step
from minitensor.errors import InvalidArgumentError, message
from minitensor.graph.ir import Node
from minitensor.tape import GradientTape
from minitensor.tensor import IndexedSlices
from minitensor.views.drawing import Drawing, rules, source_view
from minitensor.views.records import SendView, StepsView, StepView
from minitensor.views.sources import graph_of
from minitensor.views.values import array_of, number_text, value_view, words

MOST_STEPS = 500


def steps_view(tape: GradientTape, target: Any, sources: Any = None) -> StepsView:
    """Forward and backward pass of a tape as a timeline; runs the engine's own `tape.steps`.

    Raises:
        InvalidArgumentError: (also a ValueError) when the pass has more than 500 steps, or the
            tape recorded nothing that leads to `target`.
    """
    drawing = Drawing(graph_of(tape), None, target)
    steps = list(tape.steps(target, sources))
    if not steps or len(steps) > MOST_STEPS:
        raise InvalidArgumentError(
            message("steps_view", f"a backward pass of {len(steps)} steps",
                    "nothing recorded leads to the target" if not steps else "that is too long to "
                    "watch", f"a timeline shows 1 to {MOST_STEPS} steps",
                    "print(tape.explain(target, source))" if not steps
                    else "step through a smaller model")
        )  # fmt: skip
    return _Timeline(drawing, steps, target, sources).view()


class _Timeline:
    """Turns the steps of a backward pass into views, counting what arrives at each value."""

    def __init__(self, drawing: Drawing, steps: list[Step], target: Any, sources: Any):
        self.drawing = drawing
        self.steps = [step for step in steps if id(step.node) not in drawing.hidden]
        self.target, self.sources = target, sources
        self.expected: dict[int, int] = {}
        for step in self.steps:
            for send in step.sends:
                key = id(send.input)
                self.expected[key] = self.expected.get(key, 0) + 1
        self.arrived: dict[int, int] = {}
        self.final: dict[str, Any] = {}

    def view(self) -> StepsView:
        target = self.drawing.id_of(self.target)
        forward = [self._forward(node) for node in self.drawing.shown()]
        backward = [self._backward(step) for step in self.steps]
        given = self.drawing.graph.inputs if self.sources is None else nest.flatten(self.sources)
        sources = [x for x in given if self.drawing.knows(x)]
        ids = [self.drawing.id_of(x) for x in sources]
        results = [self._result(x) for x in sources]
        return StepsView(self.drawing.view(), [*forward, self._seed(target), *backward, *results],
                         target, ids)  # fmt: skip

    def _forward(self, node: Node) -> StepView:
        names = ", ".join(self.drawing.label(x) for x in node.inputs)
        value = value_view(node.outputs[0])
        return StepView(
            "forward", self.drawing.ids[id(node)], f"forward: {node.op.name}({names})",
            f"{node.op.name} of {names} gives {words(value)}.",
            source=source_view(node), value=value,
        )  # fmt: skip

    def _seed(self, target: str) -> StepView:
        value = value_view(self.steps[0].cotangents[0])
        return StepView("seed", target, "seed the target",
                        "The derivative of the target with respect to itself is 1: "
                        f"the backward pass starts with g = {words(value)}.",
                        upstream=value)  # fmt: skip

    def _backward(self, step: Step) -> StepView:
        node = step.node
        inside = [f"the gradient graph of {node.op.name}"] * len(node.inputs)
        texts = rules(node, self.drawing.rule_names(node)) or inside
        numbers = rules(node, _numbers(step)) or inside
        sends = [self._send(send, texts[send.index], numbers[send.index]) for send in step.sends]
        g = next(g for g in step.cotangents if g is not None)
        upstream = value_view(g)
        said = " ".join(self._sentence(s, v) for s, v in zip(step.sends, sends, strict=True))
        return StepView(
            "backward", self.drawing.ids[id(node)], f"backward through {node.op.name}",
            f"At {node.op.name}, g = {words(upstream)} has arrived. {said}".strip(),
            ", ".join(dict.fromkeys(send.rule for send in sends)), source_view(node), None,
            upstream, sends,
        )  # fmt: skip

    def _send(self, send: Send, rule: str, numbers: str) -> SendView:
        key = id(send.input)
        self.arrived[key] = self.arrived.get(key, 0) + 1
        self.final[self.drawing.id_of(send.input)] = send.after
        summed = _sum_text(send)
        return SendView(
            self.drawing.id_of(send.input), rule, numbers,
            value_view(send.raw) if summed else None, summed, value_view(send.contribution),
            None if send.before is None else value_view(send.before), value_view(send.after),
            self.arrived[key], self.expected[key],
        )  # fmt: skip

    def _sentence(self, send: Send, view: SendView) -> str:
        name = self.drawing.label(send.input)
        text = f"It sends {view.rule} = {words(view.value)} to {name}"
        if view.unbroadcast:
            text += f", after a {view.unbroadcast}"
        if view.expected > 1:
            text += f" ({view.arrived} of {view.expected} contributions"
            text += f", together {words(view.after)})" if view.before else ")"
        return text + "."

    def _result(self, source: Any) -> StepView:
        identity = self.drawing.id_of(source)
        name = self.drawing.label(source)
        found = self.final.get(identity)
        if found is None:
            text = f"No path leads from the target to {name}: its gradient is None."
            return StepView("result", identity, f"no gradient for {name}", text)
        value = value_view(found)
        text = f"The gradient with respect to {name} is {words(value)}."
        return StepView("result", identity, f"gradient of {name}", text, value=value)


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
