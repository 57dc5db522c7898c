"""TensorFlow 1's summaries: ops of a graph give them as bytes, and a `FileWriter` writes them.

Read `functions`, then `ops`, then `file_writer`.
"""

from __future__ import annotations

from minitensor.compat.v1.summary.file_writer import FileWriter as FileWriter
from minitensor.compat.v1.summary.file_writer import FileWriterCache as FileWriterCache
from minitensor.compat.v1.summary.functions import audio as audio
from minitensor.compat.v1.summary.functions import histogram as histogram
from minitensor.compat.v1.summary.functions import image as image
from minitensor.compat.v1.summary.functions import merge as merge
from minitensor.compat.v1.summary.functions import merge_all as merge_all
from minitensor.compat.v1.summary.functions import scalar as scalar
from minitensor.compat.v1.summary.functions import tensor_summary as tensor_summary
from minitensor.compat.v1.summary.functions import text as text
from minitensor.compat.v1.summary.messages import Event as Event
from minitensor.compat.v1.summary.messages import SessionLog as SessionLog
from minitensor.compat.v1.summary.messages import Summary as Summary
from minitensor.compat.v1.summary.messages import TaggedRunMetadata as TaggedRunMetadata
from minitensor.errors import public_names

__all__ = [
    "Event", "FileWriter", "FileWriterCache", "SessionLog", "Summary", "TaggedRunMetadata", "audio",
    "histogram", "image", "merge", "merge_all", "scalar", "tensor_summary", "text",
]  # fmt: skip

_TENSORFLOW_2 = {
    name: f"it is TensorFlow 2's, and is minitensor.summary.{name}"
    for name in ("create_file_writer", "record_if", "trace_export", "trace_on", "write")
}
__getattr__, __dir__ = public_names(__name__, __all__, _TENSORFLOW_2)
