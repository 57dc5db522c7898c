"""Where the first NaN or infinity of a pass was made: going forward, or on the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.backward import Step
from minitensor.graph.ir import Node
from minitensor.tensor import IndexedSlices
from minitensor.views.drawing import Drawing, source_view
from minitensor.views.records import TroubleView
from minitensor.views.values import value_view, words


def trouble(drawing: Drawing, nodes: Sequence[Node], steps: Sequence[Step]) -> TroubleView | None:
    """The first operation whose result is not finite though all it was given is; else None."""
    return _forward(drawing, nodes) or _backward(drawing, steps)


def _forward(drawing: Drawing, nodes: Sequence[Node]) -> TroubleView | None:
    for node in nodes:
        bad = next(filter(None, map(_bad, node.outputs)), "")
        if not bad:
            continue
        entered = next((x for x in node.inputs if _bad(x)), None)
        if entered is not None:
            text = f"{drawing.label(entered)} held {_bad(entered)} before the first operation."
            return TroubleView(drawing.id_of(entered, node, _slot(node, entered)), "forward", text,
                               source_view(node))  # fmt: skip
        given = _given(drawing, node)
        text = f"{node.op.name} is the first operation that makes {bad}. It was given {given}."
        return TroubleView(drawing.ids[id(node)], "forward", text, source_view(node))
    return None


def _backward(drawing: Drawing, steps: Sequence[Step]) -> TroubleView | None:
    for step in steps:
        bad = next(filter(None, (_bad(send.raw) for send in step.sends)), "")
        if not bad or any(_bad(g) for g in step.cotangents if g is not None):
            continue
        node = step.node
        text = f"On the way back, {node.op.name} is the first operation that makes {bad}: its "
        text += f"derivative is not finite there. It had been given {_given(drawing, node)}."
        return TroubleView(drawing.ids[id(node)], "backward", text, source_view(node))
    return None


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


def _bad(value: Any) -> str:
    """What is not finite in a value: "NaN", "infinity", or nothing."""
    parts: Iterable = [value.values] if isinstance(value, IndexedSlices) else [value]
    for part in parts:
        array = to_numpy(getattr(part, "_array", part))
        if getattr(array, "dtype", None) is None or array.dtype.kind not in "fcV":
            continue
        wide = array.astype(np.float64) if array.dtype.kind == "V" else array
        if not np.isfinite(wide).all():
            return "NaN" if np.isnan(wide).any() else "infinity"
    return ""
