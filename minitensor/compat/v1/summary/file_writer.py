"""`FileWriter`: what a TensorFlow 1 program records, in an event file."""

from __future__ import annotations

import os
import struct
import warnings
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import minitensor
from minitensor.compat.v1.graphs import get_default_graph
from minitensor.compat.v1.summary.messages import MetaGraphDef
from minitensor.errors import (
    ArgumentError,
    FailedPreconditionError,
    InvalidArgumentError,
    message,
    shorten,
)
from minitensor.graph.graphdef import GraphDef
from minitensor.graph.ir import Graph
from minitensor.op import State, state
from minitensor.scopes import get_logger
from minitensor.summary.arguments import file_suffix, text
from minitensor.summary.graphs import graph_message
from minitensor.summary.messages import Event, SessionLog, Summary, TaggedRunMetadata, Value
from minitensor.summary.writer import (
    MANY,
    SECONDS,
    SummaryWriter,
    count_of,
    folder_of,
    open_sink,
)

__all__ = ["FileWriter", "FileWriterCache"]

_writers: WeakValueDictionary[Path, FileWriter] = WeakValueDictionary()
"""The open writer of each directory."""
_KINDS = {"simple_value": "a scalar", "image": "an image", "histo": "a histogram",
          "audio": "a sound", "tensor": "a tensor"}  # fmt: skip


class FileWriter:
    """Writes what a session's summary ops gave into a directory, in a file of its own.

    A second writer of a directory takes over from the first, which is closed, and begins a file of
    its own: so a cell of a notebook can be run again.

    Args:
        logdir: the directory of the run, made where it is missing.
        graph: a graph to write at once, such as `session.graph`.
        max_queue: how many events may wait before they are written; 1000 by default.
        flush_secs: for how many seconds they may wait; one by default.
        graph_def: the graph as a message, as it was passed before there was `graph`.
        filename_suffix: what the name of the file ends with; nothing by default.
        session: TensorFlow's; it has no effect.

    Raises:
        FailedPreconditionError: (also a RuntimeError) where ops compute at once, and when another
            process writes to the directory.
        InvalidArgumentError: (also a ValueError) for a directory that cannot be made or written.
        ArgumentError: (also a TypeError) for a graph, directory or suffix that is none.

    Example:
        >>> import tempfile
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     loss = tf.summary.scalar("loss", tf.constant(0.5))
        ...     with tf.summary.FileWriter(tempfile.mkdtemp(), session.graph) as writer:
        ...         writer.add_summary(session.run(loss), global_step=1)
    """

    def __init__(
        self, logdir: str | os.PathLike[str], graph: Any = None, max_queue: int | None = None,
        flush_secs: float | None = None, graph_def: Any = None,
        filename_suffix: str | None = None, session: Any = None,
    ):  # fmt: skip
        if state.interpreter is State.interpreter:
            raise FailedPreconditionError(
                "v1.summary.FileWriter is not compatible with eager execution. Use "
                "`tf.summary.create_file_writer`,or a `with v1.Graph().as_default():` context\n"
                "It writes what sessions gave. To fix it: call tf.disable_eager_execution() at the "
                "start of the program, or use minitensor.summary.create_file_writer."
            )
        self._logdir = logdir
        self._folder = folder_of(logdir, "FileWriter").resolve()
        self._suffix = file_suffix("FileWriter", "" if filename_suffix is None else filename_suffix)
        self._many = count_of("max_queue", max_queue, MANY, "FileWriter")
        self._seconds = _seconds(flush_secs)
        given = None if graph is None and graph_def is None else _definition(graph, graph_def)
        self._run_tags: set[str] = set()
        self._kinds: dict[str, str] = {}
        self._with_metadata: set[str] = set()
        self._open()
        if given is not None:
            self._add_definition(given, None)
            self.add_meta_graph(_meta_graph(given))

    def _open(self) -> None:
        before = _writers.pop(self._folder, None)
        if before is not None:
            before.close()
        sink = open_sink("FileWriter", self._folder, self._suffix, False, self._many, self._seconds)
        self._writer = SummaryWriter(sink)
        _writers[self._folder] = self

    def get_logdir(self) -> Any:
        """The directory, as it was given."""
        return self._logdir

    # What can be written.

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write a summary: the bytes that a summary op gave, or a `tf.Summary`.

        Raises:
            ArgumentError: (also a TypeError) for anything else.
            InvalidArgumentError: (also a ValueError) for bytes that are no summary, and for a tag
                that holds another kind of summary already.
        """
        made: Summary = _copied(Summary, summary, "add_summary", "what session.run(merged) gave")
        for value in made.value:
            self._check_kind(value)
        for value in made.value:
            if value.metadata is not None:
                if value.tag in self._with_metadata:  # readers keep the first
                    value.metadata = None
                self._with_metadata.add(value.tag)
        self._add(Event(summary=made), global_step)

    def _check_kind(self, value: Value) -> None:
        kind = next((name for name in _KINDS if getattr(value, name) is not None), "")
        before = self._kinds.setdefault(value.tag, kind)
        if before != kind:
            raise InvalidArgumentError(
                message("add_summary", f"the tag {value.tag!r}",
                        f"it holds {_KINDS.get(before)} in this run, and now "
                        f"{_KINDS.get(kind, 'nothing')}",
                        "a tag holds one kind of summary; TensorBoard shows neither of two",
                        "give each summary a name of its own")
            )  # fmt: skip

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Write a graph, which TensorBoard draws.

        Raises:
            ArgumentError: (also a TypeError) for what is neither a graph nor a `GraphDef`.
            InvalidArgumentError: (also a ValueError) for both.
        """
        self._add_definition(_definition(graph, graph_def), global_step)

    def _add_definition(self, definition: GraphDef, global_step: Any) -> None:
        self._add(Event(graph_def=definition.SerializeToString()), global_step)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Write a graph and what is known of it.

        Raises:
            ArgumentError: (also a TypeError) for what is no `tf.MetaGraphDef`.
        """
        if not isinstance(meta_graph_def, MetaGraphDef):
            raise ArgumentError(
                f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}\nTo "
                "fix it: pass a tf.MetaGraphDef, or write a graph with add_graph."
            )
        self._add(Event(meta_graph_def=meta_graph_def.SerializeToString()), global_step)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Write what is known of a run: a `tf.RunMetadata` that `session.run` was given.

        Raises:
            InvalidArgumentError: (also a ValueError) for a tag that was used before.
            ArgumentError: (also a TypeError) for a tag that is no text, and what is no message.
        """
        fix = "write tag=f'step{step}'"
        tag = text("FileWriter.add_run_metadata", "tag", tag, "a tag is text", fix)
        if tag in self._run_tags:
            raise InvalidArgumentError(
                f"The provided tag was already used for this event type\nIt is {tag!r}. To fix it: "
                "put the step into the tag, such as f'step{step}'."
            )
        data = _bytes(run_metadata, "add_run_metadata", "the tf.RunMetadata of session.run")
        self._run_tags.add(tag)
        tagged = TaggedRunMetadata(tag=tag, run_metadata=data)
        self._add(Event(tagged_run_metadata=tagged), global_step)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Write that the program began, stopped or wrote a checkpoint: a `tf.SessionLog`."""
        made = _copied(SessionLog, session_log, "add_session_log", "a tf.SessionLog")
        self._add(Event(session_log=made), global_step)

    def add_event(self, event: Any) -> None:
        """Write a `tf.Event`, which is complete but for its time.

        Raises:
            ArgumentError: (also a TypeError) for anything else.
        """
        self._add(_copied(Event, event, "add_event", "a tf.Event"), None)

    def _add(self, event: Event, step: Any) -> None:
        if step is not None:
            event.step = _step(step)
        if not self._is_closed():
            self._writer.put_event(event)

    def _is_closed(self) -> bool:
        if self._writer.closed:
            warnings.warn(
                "Attempting to use a closed FileWriter. The operation will be a noop unless the "
                "FileWriter is explicitly reopened.", stacklevel=4,
            )  # fmt: skip
        return self._writer.closed

    # Its life.

    def flush(self) -> None:
        """Wait until all that was added is on disk."""
        if not self._is_closed():
            self._writer.flush()

    def close(self) -> None:
        """Write what is left and end the file; closing it twice does nothing."""
        self._writer.close()
        if _writers.get(self._folder) is self:
            del _writers[self._folder]

    def reopen(self) -> None:
        """Begin another file in the same directory after `close`; before it nothing happens."""
        if self._writer.closed:
            self._open()

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FileWriterCache:
    """One `FileWriter` for each directory."""

    _kept: dict[Path, FileWriter] = {}  # noqa: RUF012 - one for the program

    @classmethod
    def get(cls, logdir: str | os.PathLike[str]) -> FileWriter:
        """The writer of a directory; made with the default graph when it is asked for first."""
        folder = folder_of(logdir, "FileWriterCache.get").resolve()
        if folder not in cls._kept:
            cls._kept[folder] = FileWriter(logdir, graph=get_default_graph())
        return cls._kept[folder]

    @classmethod
    def clear(cls) -> None:
        """Close all of them."""
        for writer in cls._kept.values():
            writer.close()
        cls._kept.clear()


def _seconds(given: Any) -> float:
    """For how long events may wait."""
    if given is None:
        return SECONDS
    if not isinstance(given, (int, float)) or isinstance(given, bool) or not given >= 0:
        raise InvalidArgumentError(
            message("FileWriter", f"flush_secs={shorten(given)}", "that is no number from 0",
                    "it says for how many seconds what was added may wait",
                    f"leave it out for {SECONDS}")
        )  # fmt: skip
    return float(min(given, 1 << 62))


def _step(given: Any) -> int:
    """A step as an int; as in TensorFlow, a float loses what stands behind its point."""
    try:
        found = int(given)
    except (TypeError, ValueError, OverflowError):
        found = None
    if found is None or not -(1 << 63) <= found < 1 << 63:
        raise ArgumentError(
            message("FileWriter", f"global_step={shorten(given)}",
                    "that is no whole number of 64 bits", "steps are counted",
                    "pass a Python int, such as session.run(global_step)")
        )  # fmt: skip
    return found


def _bytes(given: Any, method: str, wanted: str) -> bytes:
    """The bytes of a message, which may be bytes already."""
    if not isinstance(given, bytes) and not hasattr(given, "SerializeToString"):
        raise ArgumentError(
            message(f"FileWriter.{method}", shorten(given),
                    f"that is a {type(given).__name__}", "it writes messages, or their bytes",
                    f"pass {wanted}")
        )  # fmt: skip
    try:
        return given if isinstance(given, bytes) else given.SerializeToString()
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise ArgumentError(
            message(f"FileWriter.{method}", f"a {type(given).__name__}",
                    f"one of its fields cannot be written: {error}", "nothing was written",
                    "look at what was put into it")
        ) from None  # fmt: skip


def _copied(kind: Any, given: Any, method: str, wanted: str) -> Any:
    """A message of our own with what is in `given` now: a message, or the bytes of one."""
    data = _bytes(given, method, wanted)
    try:
        return kind.FromString(data)
    except ValueError as error:
        raise InvalidArgumentError(
            message(f"FileWriter.{method}", shorten(given),
                    f"these bytes are no {kind.__name__} message: {error}",
                    "nothing was written", f"pass {wanted}")
        ) from None  # fmt: skip


def _definition(graph: Any, graph_def: Any) -> GraphDef:
    """The one of a graph and a `GraphDef` that was given."""
    if graph is not None and graph_def is not None:
        raise InvalidArgumentError(
            "Please pass only graph, or graph_def (deprecated), but not both.\nBoth say what to "
            "draw. To fix it: pass graph=session.graph."
        )
    given = graph_def if graph is None else graph
    if not isinstance(given, (Graph, GraphDef)):
        raise ArgumentError(
            "The passed graph must be an instance of `Graph` or the deprecated `GraphDef`\nIt is "
            f"of type {type(given).__name__}. To fix it: pass session.graph."
        )
    if isinstance(given, GraphDef):
        get_logger().warning(
            "Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a `Graph` object "
            "instead, such as `sess.graph`."
        )
    return graph_message(given)


def _meta_graph(definition: GraphDef) -> MetaGraphDef:
    written = f"minitensor {minitensor.__version__}"
    return MetaGraphDef(
        meta_info_def=MetaGraphDef.MetaInfoDef(tensorflow_version=written), graph_def=definition
    )
