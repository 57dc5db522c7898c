"""Where the first NaN or infinity of a pass was made: going forward, or on the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor.backward import Step
from minitensor.graph.ir import Node
from minitensor.summary.health_trouble import first_trouble
from minitensor.views.drawing import Drawing, source_view
from minitensor.views.records import TroubleView
from minitensor.views.values import value_view, words


def trouble(drawing: Drawing, nodes: Sequence[Node], steps: Sequence[Step]) -> TroubleView | None:
    """The first operation whose result is not finite though all it was given is; else None."""
    found = first_trouble(nodes, steps)
    if found is None:
        return None
    node, direction, bad, entered = found
    place = drawing.ids[id(node)]
    if entered is not None:
        text = f"{drawing.label(entered)} held {bad} before the first operation."
        place = drawing.id_of(entered, node, _slot(node, entered))
    elif direction == "forward":
        text = f"{node.op.name} is the first operation that makes {bad}. It was given "
        text += f"{_given(drawing, node)}."
    else:
        text = f"On the way back, {node.op.name} is the first operation that makes {bad}: its "
        text += f"derivative is not finite there. It had been given {_given(drawing, node)}."
    return TroubleView(place, direction, text, source_view(node))


def _slot(node: Node, value: Any) -> int:
    return next(i for i, x in enumerate(node.inputs) if x is value)


def _given(drawing: Drawing, node: Node) -> str:
    return " and ".join(_described(drawing.label(x), x) for x in node.inputs) or "nothing"


def _described(name: str, value: Any) -> str:
    view = value_view(value)
    if not view.shape:
        return name if name == words(view) else f"{name} = {words(view)}"
    if view.minimum is None or view.maximum is None:
        return name
    return f"{name} between {view.minimum:.4g} and {view.maximum:.4g}"
