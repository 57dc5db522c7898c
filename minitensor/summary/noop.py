"""A writer that does nothing, for programs of which only one process records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minitensor.summary.writer import SummaryWriter

__all__ = ["create_noop_writer"]


class _NoopWriter(SummaryWriter):
    """Nothing is recorded by it: it is closed from the beginning, which takes no file."""

    def __init__(self) -> None:
        self._closed = True

    @property
    def logdir(self) -> str:
        """No directory."""
        return ""

    @property
    def path(self) -> str:
        """No file."""
        return ""

    def set_as_default(self, step: Any = None) -> None:
        """Do nothing, as in TensorFlow."""

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """Change nothing within it, as in TensorFlow."""
        yield self

    def __repr__(self) -> str:
        return "<SummaryWriter that does nothing>"


def create_noop_writer() -> SummaryWriter:
    """A writer that does nothing, where the program wants one and nothing is to be recorded.

    Its `as_default` changes neither the writer nor the step, as in TensorFlow: within another
    writer's, that one goes on recording. `record_if(False)` silences all.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> chief = False
        >>> folder = tempfile.mkdtemp()
        >>> writer = mt.summary.create_file_writer(folder) if chief else create_noop_writer()
        >>> with writer.as_default(step=0):
        ...     mt.summary.scalar("loss", 0.5)
        <tf.Tensor: shape=(), dtype=bool, numpy=False>
        >>> writer.close()
    """
    return _NoopWriter()
