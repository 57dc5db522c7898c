"""What is known after step s of a recorded backward pass. `static/replay.js` is the twin.

A node's gradient is in one of four states, and none of them is drawn as a zero it has not earned:
"none" (no step ever sends one here), "waiting" (not yet computed), "partial" (k of n contributions
have arrived), "final".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .scene import shape_text


@dataclass
class NodeState:
    """Value and gradient of one node at a step; `arrived` of `expected` contributions are in."""

    value: Mapping | None = None
    computed: bool = False
    gradient: Mapping | None = None
    state: str = "none"
    arrived: int = 0
    expected: int = 0


def _start(record: Mapping) -> dict[str, NodeState]:
    states = {node["id"]: NodeState() for node in record["graph"]["nodes"]}
    later = {step["node"] for step in record["steps"] if step["phase"] == "forward"}
    for node in record["graph"]["nodes"]:
        if node["id"] not in later:
            states[node["id"]].value = node["value"]
            states[node["id"]].computed = True
    for step in record["steps"]:
        if step["phase"] == "seed":
            states[step["node"]].state = "waiting"
        for send in step["sends"]:
            states[send["to"]].state = "waiting"
            states[send["to"]].expected = send["expected"]
    return states


def _apply(states: dict[str, NodeState], step: Mapping) -> None:
    here = states[step["node"]]
    if step["phase"] == "forward":
        here.value, here.computed = step["value"], True
    elif step["phase"] == "seed" and not step["sends"]:
        here.gradient = step["upstream"] or step["value"]
        here.state, here.arrived, here.expected = "final", 1, 1
    for send in step["sends"]:
        to = states[send["to"]]
        to.gradient = send["after"]
        to.arrived, to.expected = send["arrived"], send["expected"]
        to.state = "final" if send["arrived"] >= send["expected"] else "partial"


def replay(record: Mapping, step: int | None = None) -> dict[str, NodeState]:
    """State of every node after the first `step` steps; None means after all of them.

    Example:
        >>> from minitensor_widgets.samples import scalar_steps
        >>> replay(scalar_steps(), 0)["n0"].state
        'waiting'
        >>> replay(scalar_steps())["n0"].state
        'final'
    """
    states = _start(record)
    for taken in record["steps"][:step]:
        _apply(states, taken)
    return states


def gradient_text(state: NodeState) -> str:
    """The gradient line of a node: never a zero for what is not known yet."""
    if state.state == "none":
        return "∇ none flows here"
    if state.state == "waiting":
        return "∇ not yet computed"
    if state.state == "partial":
        return f"∇ {brief(state.gradient)} ({state.arrived} of {state.expected})"
    return f"∇ {brief(state.gradient)}"


def value_text(state: NodeState) -> str:
    """The value line of a node."""
    return f"= {brief(state.value)}" if state.computed else "= not yet computed"


def number(value: float | None, digits: int = 5) -> str:
    """Few significant digits, the same in Python and in the browser.

    Example:
        >>> number(0.5), number(123456.0), number(None)
        ('0.5', '1.23e+5', 'nan')
    """
    if value is None:
        return "nan"
    if value and not 1e-4 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{'-' if exponent[0] == '-' else '+'}{int(exponent[1:])}"
    return f"{float(f'{value:.{digits}g}'):.15g}"


def leaves(text: str | list) -> list[str]:
    """All formatted numbers of a value in order, whatever the nesting."""
    if isinstance(text, str):
        return [text]
    return [leaf for part in text for leaf in leaves(part)]


def brief(value: Mapping | None) -> str:
    """A value in a few characters: the number, up to three numbers, or shape and mean.

    Example:
        >>> brief({"shape": [], "text": ["6"], "mean": 6.0})
        '6'
        >>> brief({"shape": [40, 2], "text": [], "mean": 0.25})
        '(40, 2) mean 0.25'
    """
    if value is None:
        return "not recorded"
    numbers = leaves(value["text"])
    if len(numbers) == 1 and not value["shape"]:
        return numbers[0]
    if 1 <= len(numbers) <= 3 and len(value["shape"]) == 1:
        return f"[{', '.join(numbers)}]"
    return f"{shape_text(value['shape'])} mean {number(value['mean'], 3)}"
