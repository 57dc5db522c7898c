"""What widgets may read of the engine: frozen, versioned, JSON-ready dataclasses.

`graph_view` turns a tape or graph, and `steps_view` a backward pass, into them. The engine never
imports a widget, and widgets import nothing deeper than this package. Every text is data: a viewer
shows it as text, never as markup.
"""

from minitensor.views.records import EdgeView as EdgeView
from minitensor.views.records import GraphView as GraphView
from minitensor.views.records import NodeView as NodeView
from minitensor.views.records import SendView as SendView
from minitensor.views.records import SourceView as SourceView
from minitensor.views.records import StepsView as StepsView
from minitensor.views.records import StepView as StepView
from minitensor.views.records import ValueView as ValueView
from minitensor.views.records import to_json as to_json
from minitensor.views.sources import graph_view as graph_view
from minitensor.views.timeline import steps_view as steps_view
from minitensor.views.values import value_view as value_view

__all__ = [
    "EdgeView",
    "GraphView",
    "NodeView",
    "SendView",
    "SourceView",
    "StepView",
    "StepsView",
    "ValueView",
    "graph_view",
    "steps_view",
    "to_json",
    "value_view",
]
