"""A tape of the learner's own making, stepped through by what it says of itself.

It has three methods, and nodes of any kind:

    nodes()                  all nodes, in the order they were computed
    describe(node)           (label, value, inputs): a text, a number or array, a list of nodes
    backward_steps(target)   for each node on the way back (node, g, sends): the gradient that
                             arrived at it, and a list of (input, contribution) or
                             (input, contribution, rule), where rule is a text such as "g * b"

What arrives at a node is added up here; where a tape goes on with another number, the step says so.

Example:
    >>> class Value:
    ...     def __init__(self, data, op="", inputs=(), slopes=()):
    ...         self.data, self.op, self.inputs, self.slopes = data, op, inputs, slopes
    ...     def __mul__(self, other):
    ...         return Value(self.data * other.data, "*", (self, other), (other.data, self.data))
    >>> class Tape:
    ...     def __init__(self, end):
    ...         self.order = []
    ...         self.visit(end)
    ...     def visit(self, node):
    ...         if node not in self.order:
    ...             for x in node.inputs:
    ...                 self.visit(x)
    ...             self.order.append(node)
    ...     def nodes(self):
    ...         return self.order
    ...     def describe(self, node):
    ...         return node.op or "leaf", node.data, node.inputs
    ...     def backward_steps(self, target):
    ...         grads = {target: 1.0}
    ...         for node in reversed(self.order):
    ...             g = grads.get(node)
    ...             if g is not None and node.inputs:
    ...                 sends = [(x, g * s) for x, s in zip(node.inputs, node.slopes)]
    ...                 yield node, g, sends
    ...                 for x, part in sends:
    ...                     grads[x] = grads.get(x, 0.0) + part
    >>> from minitensor.views import steps_view
    >>> a, b = Value(2.0), Value(3.0)
    >>> y = a * b * a
    >>> [step.text for step in steps_view(Tape(y), y).steps][-2]
    'The gradient with respect to leaf is 12.'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from minitensor.errors import DTypeError, message
from minitensor.views.records import EdgeView, GraphView, NodeView, SendView, StepsView, StepView
from minitensor.views.values import array_of, value_view, words

METHODS = {
    "nodes": "nodes(), which gives all nodes in the order they were computed",
    "describe": "describe(node), which gives (label, value, inputs)",
    "backward_steps": "backward_steps(target), which yields (node, g, [(input, contribution), …])",
}


def learners_steps(tape: Any, target: Any, sources: Iterable | None = None) -> StepsView:
    """The timeline of a tape that has the three methods; without `sources`, of all its leaves.

    Raises:
        DTypeError: (also a ValueError and TypeError) naming a method that is missing.
    """
    missing = [name for name in METHODS if not callable(getattr(tape, name, None))]
    if missing:
        nothing = len(missing) == len(METHODS)
        raise DTypeError(
            message("step", f"an object of type {type(tape).__name__}",
                    "it is neither a GradientTape nor a function" if nothing
                    else f"it has no method {missing[0]}",
                    "a tape of your own has three methods: " + "; ".join(METHODS.values()),
                    "pass the tape: step(tape, loss)" if nothing
                    else f"add {METHODS[missing[0]]}")
        )  # fmt: skip
    return _Own(tape, target).view(sources)


class _Own:
    """The nodes of such a tape by number, and what has arrived at each."""

    def __init__(self, tape: Any, target: Any):
        self.tape, self.target = tape, target
        self.nodes = list(tape.nodes())
        self.ids = {id(node): f"n{i}" for i, node in enumerate(self.nodes)}
        if id(target) not in self.ids:
            self.ids[id(target)] = f"n{len(self.nodes)}"
            self.nodes.append(target)
        self.told = {id(node): tape.describe(node) for node in self.nodes}
        self.steps = [(node, g, list(sends)) for node, g, sends in tape.backward_steps(target)]
        self.held = {id(node): np.asarray(array_of(g)) for node, g, _ in self.steps}
        self.expected = Counter(id(send[0]) for _, _, sends in self.steps for send in sends)
        self.arrived: Counter[int] = Counter()
        self.sums: dict[int, Any] = {id(target): np.ones(self._array(target).shape)}

    def view(self, sources: Iterable | None) -> StepsView:
        """Everything, in order."""
        leaves = [x for x in self.nodes if not self._inputs(x)] if sources is None else [*sources]
        made = [x for x in self.nodes if self._inputs(x)]
        nodes = [self._node(x) for x in self.nodes]
        edges = [self._edge(x, node, slot) for node in made
                 for slot, x in enumerate(self._inputs(node))]  # fmt: skip
        graph = GraphView("", "learner", nodes, edges, f"{len(made)} operations of a tape of yours")
        forward = [self._forward(x) for x in made]
        seed = self._seed()
        backward = [self._backward(node, g, sends) for node, g, sends in self.steps]
        results = [self._result(x) for x in leaves]
        return StepsView(graph, [*forward, seed, *backward, *results], self.ids[id(self.target)],
                         [self.ids[id(x)] for x in leaves])  # fmt: skip

    def _label(self, node: Any) -> str:
        return str(self.told[id(node)][0])

    def _array(self, node: Any) -> Any:
        return np.asarray(array_of(self.told[id(node)][1]))

    def _inputs(self, node: Any) -> list:
        return list(self.told[id(node)][2])

    def _node(self, node: Any) -> NodeView:
        array = self._array(node)
        is_made = bool(self._inputs(node))
        return NodeView(
            self.ids[id(node)], self._label(node), "op" if is_made else "input",
            node is self.target, shape=list(array.shape), dtype=array.dtype.name,
            op=self._label(node) if is_made else "", value=value_view(array),
        )  # fmt: skip

    def _edge(self, source: Any, node: Any, slot: int) -> EdgeView:
        array = self._array(source)
        ends = self.ids[id(source)], self.ids[id(node)]
        return EdgeView(*ends, list(array.shape), array.dtype.name, slot)

    def _forward(self, node: Any) -> StepView:
        value = value_view(self._array(node))
        names = ", ".join(map(self._label, self._inputs(node)))
        return StepView("forward", self.ids[id(node)], f"forward: {self._label(node)}({names})",
                        f"{self._label(node)} of {names} gives {words(value)}.",
                        value=value)  # fmt: skip

    def _seed(self) -> StepView:
        ones = self.sums[id(self.target)]
        return StepView(
            "seed", self.ids[id(self.target)], "seed the target",
            "The derivative of the target with respect to itself is 1: the backward pass starts "
            f"with g = {words(value_view(ones))}.",
            upstream=value_view(ones), norm=float(np.sqrt(ones.size)),
        )  # fmt: skip

    def _backward(self, node: Any, g: Any, given: list) -> StepView:
        upstream, name = value_view(g), self._label(node)
        sends = [self._send(*send) for send in given]
        said = " ".join(
            f"It sends {words(view.value)} to {self._label(send[0])}."
            + self._misfit(send[0], send[1])
            + self._lost(send[0], view)
            for send, view in zip(given, sends, strict=True)
        )
        return StepView(
            "backward", self.ids[id(node)], f"backward through {name}",
            f"At {name}, g = {words(upstream)} has arrived.{self._other(node, g)} {said}".strip(),
            ", ".join(dict.fromkeys(send.rule for send in sends if send.rule)),
            upstream=upstream, sends=sends,
        )  # fmt: skip

    def _other(self, node: Any, g: Any) -> str:
        """What to say when a tape goes on with something else than what has arrived."""
        sum_ = self.sums.get(id(node))
        if sum_ is None:
            return " But nothing was sent there before: is the order of the nodes reversed?"
        if _close(sum_, array_of(g)):
            return ""
        return (f" But what was sent there comes to {words(value_view(sum_))}: contributions are "
                "added up (+=), and a node sends on once all of its own are there.")  # fmt: skip

    def _held(self, node: Any) -> Any:
        """The gradient that the tape itself gives a node; None where it is what was sent there."""
        sum_, held = self.sums.get(id(node)), self.held.get(id(node))
        if sum_ is None or held is None or _close(sum_, held):
            return None
        return held

    def _lost(self, to: Any, view: SendView) -> str:
        held = self._held(to)
        if held is None or view.arrived < view.expected:
            return ""
        return (f" What was sent to {self._label(to)} comes to "
                f"{words(value_view(self.sums[id(to)]))}, but the tape holds "
                f"{words(value_view(held))}.")  # fmt: skip

    def _misfit(self, to: Any, part: Any) -> str:
        wanted, got = np.shape(self._array(to)), np.shape(array_of(part))
        if wanted == got:
            return ""
        text = f" Its shape {got} is not that of {self._label(to)}, {wanted}: where a value was "
        return text + "broadcast, its gradient is summed over the axes that broadcasting made."

    def _send(self, to: Any, part: Any, rule: str = "") -> SendView:
        self.arrived[id(to)] += 1
        before = self.sums.get(id(to)) if self.arrived[id(to)] > 1 else None
        part = np.asarray(array_of(part))
        try:
            after = part if before is None else np.asarray(before + part)
        except ValueError:  # shapes that do not fit are told in words
            after = part
        self.sums[id(to)] = after
        held = self._held(to)
        if held is not None and self.arrived[id(to)] == self.expected[id(to)]:
            after = held  # what the learner's tape goes on with, right or wrong
        return SendView(
            self.ids[id(to)], str(rule), "", None, "", value_view(part),
            None if before is None else value_view(before), value_view(after),
            self.arrived[id(to)], self.expected[id(to)], "", _length(after),
        )  # fmt: skip

    def _result(self, leaf: Any) -> StepView:
        name, identity = self._label(leaf), self.ids[id(leaf)]
        if id(leaf) not in self.sums:
            return StepView("result", identity, f"no gradient for {name}",
                            f"Nothing was sent to {name}: its gradient is None.")  # fmt: skip
        held = self._held(leaf)
        value = value_view(self.sums[id(leaf)] if held is None else held)
        text = f"The gradient with respect to {name} is {words(value)}."
        if held is not None:
            right = words(value_view(self.sums[id(leaf)]))
            text = (
                f"The tape says that the gradient with respect to {name} is {words(value)}, "
                f"but what was sent there comes to {right}: contributions are added up (+=). "
                "Look where the tape puts a contribution in the place of an earlier one."
            )
        return StepView("result", identity, f"gradient of {name}", text, value=value)


def _close(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and np.allclose(a, b, 1e-4, 1e-6, equal_nan=True)


def _length(array: Any) -> float | None:
    size = float(np.linalg.norm(np.asarray(array, np.float64).reshape(-1)))
    return size if np.isfinite(size) else None
