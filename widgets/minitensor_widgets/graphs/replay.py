"""What is known after step s of a recorded backward pass. `static/replay.js` is the twin.

A node's gradient is in one of four states, and none of them is drawn as a zero it has not earned:
"none" (no step ever sends one here), "waiting" (not yet computed), "partial" (k of n contributions
have arrived), "final".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..values import brief


@dataclass
class NodeState:
    """Value and gradient of one node at a step; `arrived` of `expected` contributions are in."""

    value: Mapping | None = None
    computed: bool = False
    gradient: Mapping | None = None
    state: str = "none"
    arrived: int = 0
    expected: int = 0


def _seeds(step: Mapping) -> bool:
    """Whether a step starts the backward pass; there is none from numbers that cannot vary."""
    return step["phase"] == "seed" and (step["upstream"] or step["value"]) is not None


def _start(record: Mapping) -> dict[str, NodeState]:
    states = {node["id"]: NodeState() for node in record["graph"]["nodes"]}
    later = {step["node"] for step in record["steps"] if step["phase"] == "forward"}
    for node in record["graph"]["nodes"]:
        if node["id"] not in later:
            states[node["id"]].value = node["value"]
            states[node["id"]].computed = True
    for step in record["steps"]:
        if _seeds(step):
            states[step["node"]].state = "waiting"
        for send in step["sends"]:
            states[send["to"]].state = "waiting"
            states[send["to"]].expected = send["expected"]
    return states


def _apply(states: dict[str, NodeState], step: Mapping) -> None:
    here = states[step["node"]]
    if step["phase"] == "forward":
        here.value, here.computed = step["value"], True
    elif _seeds(step):
        here.gradient = step["upstream"] or step["value"]
        here.state, here.arrived, here.expected = "final", 1, 1
    for send in step["sends"]:
        to = states[send["to"]]
        if send["after"] is None:  # it has to be summed first, in the next step
            continue
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
