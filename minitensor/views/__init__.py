"""What widgets may read of the engine: frozen, versioned, JSON-ready dataclasses.

`graph_view` turns a tape, graph, function or model into one, `difference_view` two of them,
`steps_view` a backward pass, `tensor_view` and `histogram_view` an array, `traces_view` the cache
of a traced function, `passes_view` what the optimiser did, `jacobian_view` and
`gradient_check_view` derivatives. The engine never imports a widget, and widgets import nothing
deeper than this package. Every text is data: a viewer shows it as text, never as markup.
"""

from minitensor.views.cache import traces_view as traces_view
from minitensor.views.derivatives import JacobianView as JacobianView
from minitensor.views.derivatives import StructureView as StructureView
from minitensor.views.derivatives import jacobian_view as jacobian_view
from minitensor.views.difference import difference_view as difference_view
from minitensor.views.health import health_record as health_record
from minitensor.views.histograms import HistogramView as HistogramView
from minitensor.views.histograms import histogram_view as histogram_view
from minitensor.views.optimiser import passes_view as passes_view
from minitensor.views.records import ArgumentView as ArgumentView
from minitensor.views.records import CheckView as CheckView
from minitensor.views.records import DifferenceView as DifferenceView
from minitensor.views.records import EdgeView as EdgeView
from minitensor.views.records import EqualityView as EqualityView
from minitensor.views.records import GraphView as GraphView
from minitensor.views.records import NodeView as NodeView
from minitensor.views.records import PassesView as PassesView
from minitensor.views.records import PassView as PassView
from minitensor.views.records import SendView as SendView
from minitensor.views.records import SeriesView as SeriesView
from minitensor.views.records import SourceView as SourceView
from minitensor.views.records import StepsView as StepsView
from minitensor.views.records import StepView as StepView
from minitensor.views.records import TracesView as TracesView
from minitensor.views.records import TraceView as TraceView
from minitensor.views.records import TroubleView as TroubleView
from minitensor.views.records import ValueView as ValueView
from minitensor.views.records import to_json as to_json
from minitensor.views.runs import open_runs as open_runs
from minitensor.views.slopes import CheckedView as CheckedView
from minitensor.views.slopes import CurveView as CurveView
from minitensor.views.slopes import ElementView as ElementView
from minitensor.views.slopes import GradientCheckView as GradientCheckView
from minitensor.views.slopes import gradient_check_view as gradient_check_view
from minitensor.views.sources import graph_view as graph_view
from minitensor.views.tensors import ElementsView as ElementsView
from minitensor.views.tensors import TensorView as TensorView
from minitensor.views.tensors import array_of as array_of
from minitensor.views.tensors import elements_of as elements_of
from minitensor.views.tensors import tensor_view as tensor_view
from minitensor.views.tensors import window_view as window_view
from minitensor.views.timeline import steps_view as steps_view
from minitensor.views.values import value_view as value_view

__all__ = [
    "ArgumentView",
    "CheckView",
    "CheckedView",
    "CurveView",
    "DifferenceView",
    "EdgeView",
    "ElementView",
    "ElementsView",
    "EqualityView",
    "GradientCheckView",
    "GraphView",
    "HistogramView",
    "JacobianView",
    "NodeView",
    "PassView",
    "PassesView",
    "SendView",
    "SeriesView",
    "SourceView",
    "StepView",
    "StepsView",
    "StructureView",
    "TensorView",
    "TraceView",
    "TracesView",
    "TroubleView",
    "ValueView",
    "array_of",
    "difference_view",
    "elements_of",
    "gradient_check_view",
    "graph_view",
    "health_record",
    "histogram_view",
    "jacobian_view",
    "open_runs",
    "passes_view",
    "steps_view",
    "tensor_view",
    "to_json",
    "traces_view",
    "value_view",
    "window_view",
]
