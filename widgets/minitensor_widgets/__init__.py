"""Interactive views of minitensor: see a graph, walk through it, step through its backward pass.

Each viewer comes twice. A function (`show`, `step`, `traces`, `passes`, …) makes an island: an
output that stays interactive without a kernel, and is a static figure where no script runs. A class
(`GraphWidget`, `StepperWidget`, …) is the same viewer as a Jupyter widget, for composing and
observing from Python; it needs anywidget, which is imported only when one of them is first used.

Reading order: `values`, `units`, `records`, `svg`, `assets`, `output`, then a package for each
kind of viewer (`graphs`, `tracing`, …), with the widget classes in `live`; the folders of `static`
mirror them. Nothing here knows the engine beyond `minitensor.views` and its public names.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .derivatives.gradient_check import GradientCheck as GradientCheck
    from .derivatives.gradient_check import gradient_check as gradient_check
    from .derivatives.jacobian import Jacobian as Jacobian
    from .derivatives.jacobian import jacobian as jacobian
    from .graphs.difference import Difference as Difference
    from .graphs.difference import difference as difference
    from .graphs.stepping import step as step
    from .graphs.viewers import Island as Island
    from .graphs.viewers import show as show
    from .kernels.blocks import Launch as Launch
    from .kernels.blocks import launch as launch
    from .kernels.cache import Cache as Cache
    from .kernels.device import cuda as cuda
    from .kernels.loops import LoopNest as LoopNest
    from .kernels.loops import loops as loops
    from .kernels.source import kernel as kernel
    from .live.derivatives import GradientCheckWidget as GradientCheckWidget
    from .live.derivatives import JacobianWidget as JacobianWidget
    from .live.distribution import DistributionWidget as DistributionWidget
    from .live.graphs import DifferenceWidget as DifferenceWidget
    from .live.graphs import GraphWidget as GraphWidget
    from .live.graphs import StepperWidget as StepperWidget
    from .live.health import HealthCallback as HealthCallback
    from .live.health import HealthWidget as HealthWidget
    from .live.kernels import LaunchWidget as LaunchWidget
    from .live.kernels import LoopsWidget as LoopsWidget
    from .live.playground import Playground as Playground
    from .live.projector import ProjectorWidget as ProjectorWidget
    from .live.race import Racer as Racer
    from .live.summaries import DashboardWidget as DashboardWidget
    from .live.tensors import BroadcastWidget as BroadcastWidget
    from .live.tensors import HistogramWidget as HistogramWidget
    from .live.tensors import TensorWidget as TensorWidget
    from .live.tracing import PassesWidget as PassesWidget
    from .live.tracing import TracesWidget as TracesWidget
    from .live.training import BoardWidget as BoardWidget
    from .play.playing import Play as Play
    from .play.playing import playground as playground
    from .play.races import Race as Race
    from .play.races import race as race
    from .summaries.dashboard import dashboard as dashboard
    from .summaries.figures import Dashboard as Dashboard
    from .summaries.health import ModelHealth as ModelHealth
    from .summaries.health import model_health as model_health
    from .summaries.projection_view import Projection as Projection
    from .summaries.projection_view import projector as projector
    from .tensors.broadcasting import Broadcast as Broadcast
    from .tensors.broadcasting import broadcast as broadcast
    from .tensors.distribution import Distribution as Distribution
    from .tensors.distribution import distribution as distribution
    from .tensors.histogram import Histogram as Histogram
    from .tensors.histogram import histogram as histogram
    from .tensors.inspector import Inspection as Inspection
    from .tensors.inspector import inspect as inspect
    from .tracing.cache import Traces as Traces
    from .tracing.cache import traces as traces
    from .tracing.slider import Passes as Passes
    from .tracing.slider import passes as passes
    from .training.board import Board as Board
    from .training.callback import BoardCallback as BoardCallback
    from .training.figure import BoardFigure as BoardFigure
    from .training.progress import track as track

# Where each public name is made: imported when it is first asked for.
_HOMES = {
    "derivatives.gradient_check": ("GradientCheck", "gradient_check"),
    "derivatives.jacobian": ("Jacobian", "jacobian"),
    "live.derivatives": ("GradientCheckWidget", "JacobianWidget"),
    "graphs.difference": ("Difference", "difference"),
    "graphs.stepping": ("step",),
    "graphs.viewers": ("Island", "show"),
    "tracing.cache": ("Traces", "traces"),
    "tracing.slider": ("Passes", "passes"),
    "live.graphs": ("DifferenceWidget", "GraphWidget", "StepperWidget"),
    "training.board": ("Board",),
    "training.callback": ("BoardCallback",),
    "training.figure": ("BoardFigure",),
    "training.progress": ("track",),
    "play.playing": ("Play", "playground"),
    "live.playground": ("Playground",),
    "play.races": ("Race", "race"),
    "live.race": ("Racer",),
    "live.training": ("BoardWidget",),
    "live.tracing": ("PassesWidget", "TracesWidget"),
    "kernels.cache": ("Cache",),
    "kernels.loops": ("LoopNest", "loops"),
    "live.kernels": ("LaunchWidget", "LoopsWidget"),
    "tensors.inspector": ("Inspection", "inspect"),
    "tensors.broadcasting": ("Broadcast", "broadcast"),
    "tensors.distribution": ("Distribution", "distribution"),
    "live.health": ("HealthCallback", "HealthWidget"),
    "summaries.health": ("ModelHealth", "model_health"),
    "live.distribution": ("DistributionWidget",),
    "tensors.histogram": ("Histogram", "histogram"),
    "display": ("load_ipython_extension", "unload_ipython_extension"),
    "live.tensors": ("BroadcastWidget", "HistogramWidget", "TensorWidget"),
    "kernels.blocks": ("Launch", "launch"),
    "kernels.device": ("cuda",),
    "kernels.source": ("kernel",),
    "summaries.projection_view": ("Projection", "projector"),
    "live.projector": ("ProjectorWidget",),
    "summaries.figures": ("Dashboard",),
    "summaries.dashboard": ("dashboard",),
    "live.summaries": ("DashboardWidget",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [
    "Board",
    "BoardCallback",
    "BoardFigure",
    "BoardWidget",
    "Broadcast",
    "BroadcastWidget",
    "Cache",
    "Dashboard",
    "DashboardWidget",
    "Difference",
    "DifferenceWidget",
    "Distribution",
    "DistributionWidget",
    "GradientCheck",
    "GradientCheckWidget",
    "GraphWidget",
    "HealthCallback",
    "HealthWidget",
    "Histogram",
    "HistogramWidget",
    "Inspection",
    "Island",
    "Jacobian",
    "JacobianWidget",
    "Launch",
    "LaunchWidget",
    "LoopNest",
    "LoopsWidget",
    "ModelHealth",
    "Passes",
    "PassesWidget",
    "Play",
    "Playground",
    "Projection",
    "ProjectorWidget",
    "Race",
    "Racer",
    "StepperWidget",
    "TensorWidget",
    "Traces",
    "TracesWidget",
    "broadcast",
    "cuda",
    "dashboard",
    "difference",
    "distribution",
    "gradient_check",
    "histogram",
    "inspect",
    "jacobian",
    "kernel",
    "launch",
    "loops",
    "model_health",
    "passes",
    "playground",
    "projector",
    "race",
    "show",
    "step",
    "traces",
    "track",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("anywidget", "ipywidgets", "traitlets"):
            raise
        raise ModuleNotFoundError(
            f"{name} is a live Jupyter widget and needs anywidget, which is not installed. "
            'Run: pip install "minitensor[widgets]". Without it, show(), step() and the other '
            "functions still work.",
            name=error.name,
        ) from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


if "IPython" in sys.modules:  # in a notebook `fit` shows its progress as a board
    importlib.import_module(".training.fitting", __name__).open_in_notebooks()
    importlib.import_module(".display", __name__).register()  # … and tensors as tables
