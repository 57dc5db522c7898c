"""Interactive views of minitensor: see a graph, walk through it, step through its backward pass.

`show`, `step`, `traces` and `passes` make islands: outputs that stay interactive without a kernel,
and are a static figure where no script runs. `GraphWidget`, `StepperWidget`, `TracesWidget` and
`PassesWidget` are the same viewers as Jupyter widgets, for composing and observing from Python;
they need anywidget, which is imported only when one of them is first used.

Reading order: records, layering, layout, scene, replay, describe, svg, assets, output, island,
cache, slider, live; the files of `static/` mirror them. Nothing here knows the
engine beyond `minitensor.views`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cache import Traces as Traces
from .cache import traces as traces
from .island import Island as Island
from .island import show as show
from .island import step as step
from .slider import Passes as Passes
from .slider import passes as passes

if TYPE_CHECKING:
    from .live import GraphWidget as GraphWidget
    from .live import PassesWidget as PassesWidget
    from .live import StepperWidget as StepperWidget
    from .live import TracesWidget as TracesWidget

_LIVE = ("GraphWidget", "PassesWidget", "StepperWidget", "TracesWidget")
__all__ = [
    "GraphWidget",
    "Island",
    "Passes",
    "PassesWidget",
    "StepperWidget",
    "Traces",
    "TracesWidget",
    "passes",
    "show",
    "step",
    "traces",
]


def __getattr__(name: str) -> Any:
    if name not in _LIVE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from . import live
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("anywidget", "ipywidgets", "traitlets"):
            raise
        raise ModuleNotFoundError(
            f"{name} is a live Jupyter widget and needs anywidget, which is not installed. "
            'Run: pip install "minitensor[widgets]". Without it, show(), step(), traces() and '
            "passes() still work.",
            name=error.name,
        ) from None
    return getattr(live, name)


def __dir__() -> list[str]:
    return sorted(__all__)
