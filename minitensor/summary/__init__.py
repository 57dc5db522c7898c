"""Summaries: what a run records, in event files that TensorBoard opens and `read` reads.

Read `scalar`, then `recording` (how a call becomes a record), `pen` (the thread that writes) and
`event_file` (the format).
"""

from __future__ import annotations

from minitensor.errors import public_names
from minitensor.summary import experimental as experimental
from minitensor.summary.audio import audio as audio
from minitensor.summary.buckets import bucketed as bucketed
from minitensor.summary.buckets import percentiles as percentiles
from minitensor.summary.conditions import record_if as record_if
from minitensor.summary.conditions import should_record_summaries as should_record_summaries
from minitensor.summary.embeddings import embedding as embedding
from minitensor.summary.graphs import graph as graph
from minitensor.summary.graphs import keras_model as keras_model
from minitensor.summary.graphs import trace_export as trace_export
from minitensor.summary.graphs import trace_off as trace_off
from minitensor.summary.graphs import trace_on as trace_on
from minitensor.summary.health import health as health
from minitensor.summary.histogram import histogram as histogram
from minitensor.summary.hparams import hparams as hparams
from minitensor.summary.hparams import hparams_config as hparams_config
from minitensor.summary.hparams import session_end as session_end
from minitensor.summary.hparams_space import Discrete as Discrete
from minitensor.summary.hparams_space import HParam as HParam
from minitensor.summary.hparams_space import IntInterval as IntInterval
from minitensor.summary.hparams_space import Metric as Metric
from minitensor.summary.hparams_space import RealInterval as RealInterval
from minitensor.summary.image import image as image
from minitensor.summary.noop import create_noop_writer as create_noop_writer
from minitensor.summary.pr_curves import pr_curve as pr_curve
from minitensor.summary.projections import projected as projected
from minitensor.summary.reading import Log as Log
from minitensor.summary.reading import read as read
from minitensor.summary.scalar import scalar as scalar
from minitensor.summary.text import text as text
from minitensor.summary.write import write as write
from minitensor.summary.writer import SummaryWriter as SummaryWriter
from minitensor.summary.writer import close_all as close_all
from minitensor.summary.writer import create_file_writer as create_file_writer
from minitensor.summary.writer import flush as flush

__all__ = [
    "Discrete", "HParam", "IntInterval", "Log", "Metric", "RealInterval", "SummaryWriter",
    "audio", "bucketed", "close_all", "create_file_writer", "create_noop_writer", "embedding",
    "experimental", "flush", "graph", "health", "histogram", "hparams", "hparams_config", "image",
    "keras_model", "percentiles", "pr_curve", "projected", "read", "record_if", "scalar",
    "session_end", "should_record_summaries", "text", "trace_export", "trace_off", "trace_on",
    "write",
]  # fmt: skip

_OLD = ("FileWriter", "FileWriterCache", "merge", "merge_all", "tensor_summary")
_HINTS = {
    name: f"it is TensorFlow 1's, so write tf.summary.{name} with import minitensor.compat.v1 as tf"
    for name in _OLD
}
__getattr__, __dir__ = public_names(__name__, __all__, _HINTS)
