"""A log: what all event files below a directory hold, by run and tag."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import (
    ArgumentError,
    InvalidArgumentError,
    NotFoundError,
    message,
    shorten,
    suggest,
)
from minitensor.summary.arguments import file_path
from minitensor.summary.arguments import text as as_text
from minitensor.summary.reading import decoding
from minitensor.summary.reading.folders import Found, found_below, holds_events
from minitensor.summary.reading.graphs import graphs_of
from minitensor.summary.reading.merging import Merged, conflicts, merged
from minitensor.summary.reading.projector import embeddings_of
from minitensor.summary.reading.tables import data_frame, write_csv
from minitensor.summary.reading.tail import Tail
from minitensor.summary.reading.trials import metrics_of, trial_of
from minitensor.summary.series import (
    AudioClips,
    Embedding,
    Histograms,
    HyperParameters,
    Images,
    PrecisionRecall,
    Scalars,
    Tensors,
    Texts,
)

__all__ = ["Log", "read"]

SHOWN = 4
"""So many runs are named where a log is printed."""


def read(
    logdir: str | os.PathLike[str], seconds: float | None = None, most: int | None = None
) -> Log:
    """Read the event files below a directory, of minitensor, TensorFlow or PyTorch.

    Args:
        logdir: a directory; each directory in it that has event files is a run. Or one event file.
        seconds: stop after so many; `refresh` goes on. None reads all there is.
        most: give at most so many steps of each tag, evenly chosen with the first and the last;
            None for all.

    Raises:
        ArgumentError: (also a TypeError) for what is no path.
        InvalidArgumentError: (also a ValueError) for one that no directory can have.
        NotFoundError: (also a LookupError) when nothing has that name.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> folder = tempfile.mkdtemp()
        >>> with mt.summary.create_file_writer(folder).as_default():
        ...     for step in range(3):
        ...         recorded = mt.summary.scalar("loss", 1 / (step + 1), step=step)
        >>> log = mt.summary.read(folder)
        >>> log.tags(".")
        {'loss': 'scalars'}
        >>> log.scalars("loss").value
        array([1.        , 0.5       , 0.33333334], dtype=float32)
    """
    path = file_path("summary.read", "logdir", logdir, 'write summary.read("logs")')
    if not _there(path):
        raise NotFoundError(
            message("summary.read", f"logdir={str(path)!r}", "nothing has that name",
                    "a log is the directory that a summary writer was made with, or one above it",
                    _near(path))
        )  # fmt: skip
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 2):
        raise InvalidArgumentError(
            message("summary.read", f"most={most!r}", "that is no number from 2",
                    "it says how many steps of each tag are given", "leave it out for all")
        )  # fmt: skip
    log = Log(path, most)
    log.refresh(seconds)
    return log


def _there(path: Path) -> bool:
    """Whether something has this name; nothing has one that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _near(path: Path) -> str:
    """What to do about a directory that is not there: one beside it that holds event files."""
    beside = path.absolute().parent
    _, folders, _ = next(os.walk(beside), ("", [], []))
    names = sorted(x for x in folders if not x.startswith(".") and holds_events(beside / x))
    if names:
        return suggest(path.name, names)
    return f"run the training first; paths begin at os.getcwd(), which is {str(Path.cwd())!r}"


def _span(seconds: Any) -> float:
    """For how long to read."""
    if seconds is None:
        return float("inf")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds != seconds:
        raise ArgumentError(
            message("summary.Log.refresh", f"seconds={shorten(seconds)}", "that is no number",
                    "it says for how many seconds to read", "leave it out to read all there is")
        )  # fmt: skip
    return float(min(max(0, seconds), 1 << 62))


class Log:
    """What the event files below a directory hold; `read` makes it.

    Files may still grow: `refresh` reads what was added. Points are in the order in which they were
    written, file after file by name. A run that went back to an earlier step keeps all its points,
    while TensorBoard leaves out those that the later ones replace.

    All methods may be called while another thread refreshes.
    """

    def __init__(self, path: Path, most: int | None = None):
        self._path, self._most = path.absolute(), most
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._tails: dict[Path, Tail] = {}
        self._found = Found([], [], [])
        self._told: dict[str, str] = {}

    def __repr__(self) -> str:
        tags = self.tags()
        kinds = Counter(kind for _, kind in {x for held in tags.values() for x in held.items()})
        more = f" and {len(tags) - SHOWN} more" if len(tags) > SHOWN else ""
        runs = ", ".join(list(tags)[:SHOWN]) + more
        counts = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        held = (
            f"{len(tags)} {'run' if len(tags) == 1 else 'runs'} ({runs}), tags: {counts or 'none'}"
        )
        return f"<Log {self.logdir}: {held if tags else 'no event files'}>"

    @property
    def logdir(self) -> str:
        """What was read."""
        return str(self._path)

    @property
    def runs(self) -> list[str]:
        """The runs: paths below the directory, "." for the directory itself."""
        with self._lock:
            return sorted({tail.run for tail in self._tails.values()})

    def tags(self, run: str | None = None) -> Any:
        """What each tag of a run holds; or of each run, where none is given."""
        if run is not None:
            return self._kinds(self._run(run))
        return {name: self._kinds(name) for name in self.runs}

    def refresh(self, seconds: float | None = None) -> bool:
        """Read what was written since.

        Args:
            seconds: stop after so many; the next call goes on with the files that are behind.

        Returns:
            Whether there was anything new.
        """
        span = _span(seconds)
        end = time.monotonic() + span
        if not self._refreshing.acquire(timeout=-1 if span > threading.TIMEOUT_MAX else span):
            return False
        try:
            new = self._look()
            while behind := [tail for tail in self._tails.values() if not tail.done]:
                for tail in sorted(behind, key=lambda tail: tail.position):
                    new = tail.advance() or new
                    if time.monotonic() >= end:
                        return new
            return new
        finally:
            self._refreshing.release()

    def _look(self) -> bool:
        """Find new files, and how long each is; whether there are new ones."""
        if self._path.is_dir():
            found = found_below(self._path)
        else:
            found = Found([(".", self._path)], [], [])
        with self._lock:
            self._found = found
            new = [(run, path) for run, path in found.files if path not in self._tails]
            for run, path in new:
                self._tails[path] = Tail(path, run, self._lock)
        for tail in self._tails.values():
            tail.look()
        return bool(new)

    @property
    def complete(self) -> bool:
        """Whether all that was there at the last `refresh` is read."""
        return all(tail.done for tail in list(self._tails.values()))

    @property
    def progress(self) -> float:
        """How much of what is there is read, from 0 to 1."""
        tails = list(self._tails.values())
        size = sum(tail.size for tail in tails)
        read = sum(tail.size if tail.done else tail.position for tail in tails)
        return read / size if size else 1.0

    @property
    def problems(self) -> list[str]:
        """A sentence for each damaged record, and for each file that cannot be read."""
        with self._lock:
            for tail, *conflict in conflicts(self._tails.values()):
                tail.conflict(*conflict)
            inside = [text for tail in self._tails.values() for text in tail.problems]
            return [*self._found.problems, *inside, *self._told.values()]

    def scalars(self, tag: str, run: str | None = None) -> Scalars:
        """A curve.

        Args:
            tag: its name.
            run: may be left out where only one run has the tag.

        Raises:
            NotFoundError: (also a LookupError) where there is no such run or tag.
            InvalidArgumentError: (also a ValueError) where several runs have it.
        """
        found = self._rows("scalars", tag, run)
        value = found.rows["value"].copy()
        return Scalars(*found.series, value, description=found.first.description)

    def histograms(self, tag: str, run: str | None = None) -> Histograms:
        """Histograms; arguments and errors are those of `scalars`."""
        found = self._rows("histograms", tag, run)
        buckets = found.stored(decoding.rows, lambda: np.zeros((0, 3)))
        return Histograms(*found.series, buckets, description=found.first.description)

    def images(self, tag: str, run: str | None = None) -> Images:
        """Pictures; arguments and errors are those of `scalars`."""
        found = self._rows("images", tag, run)
        width, height = (found.rows[name].astype(np.int64) for name in ("width", "height"))
        pictures = found.stored(decoding.pictures, list)
        return Images(*found.series, pictures, width, height, description=found.first.description)

    def audio(self, tag: str, run: str | None = None) -> AudioClips:
        """Sounds; arguments and errors are those of `scalars`."""
        found = self._rows("audio", tag, run)
        clips = found.stored(lambda value: decoding.clips(value)[0], list)
        labels = found.stored(lambda value: decoding.clips(value)[1], list)
        return AudioClips(*found.series, clips, labels, description=found.first.description)

    def texts(self, tag: str, run: str | None = None) -> Texts:
        """Texts; arguments and errors are those of `scalars`."""
        found = self._rows("text", tag, run)
        text = found.stored(decoding.texts, lambda: np.array("", object))
        return Texts(*found.series, text, description=found.first.description)

    def pr_curves(self, tag: str, run: str | None = None) -> PrecisionRecall:
        """PR curves; arguments and errors are those of `scalars`.

        Steps with another number of thresholds than the last have NaN for all.
        """
        found = self._rows("pr_curves", tag, run)
        all_of_them = list(found.stored(decoding.curve, lambda: np.zeros((6, 0), np.float32)))
        count = next((x.shape[1] for x in reversed(all_of_them) if x.size), 0)
        none = np.full((6, count), np.nan, np.float32)
        curves = [x if x.shape == none.shape else none for x in all_of_them]
        stacked = np.array(curves, np.float32).reshape(len(curves), 6, count)
        return PrecisionRecall(*found.series, stacked, description=found.first.description)

    def tensors(self, tag: str, run: str | None = None) -> Tensors:
        """What has no other kind; arguments and errors are those of `scalars`."""
        found = self._rows("tensors", tag, run)
        value = found.stored(decoding.tensor_of, lambda: np.zeros(0, np.float32))
        return Tensors(
            *found.series, value, found.first.plugin, description=found.first.description
        )

    def hparams(self) -> list[HyperParameters]:
        """The hyper-parameters of all runs that say theirs."""
        found = [trial_of(run, self._trials(run)) for run in self.runs]
        return [trial for trial in found if trial is not None]

    def hparam_metrics(self) -> list[str]:
        """The tags that runs are compared by."""
        found = [tag for run in self.runs for tag in metrics_of(self._trials(run))]
        return list(dict.fromkeys(found))

    def graphs(self, run: str) -> dict[str, bytes]:
        """The graphs of a run, each as the bytes of a GraphDef.

        The name is the tag; "run_graph" for the one that was recorded without a tag. Where several
        functions ran under one tag, their names end in "/graph_1", "/graph_2" and so on.
        """
        tails = self._tails_of(self._run(run))
        with self._lock:
            places = [(tail, name, place) for tail in tails for name, place in tail.graphs.items()]
        return graphs_of(places)

    def embeddings(self) -> list[Embedding]:
        """The embeddings of all runs, as the projector's configuration files name them."""
        found = []
        with self._lock:
            configs = self._found.configs
        for run, path in configs:
            some, problems = embeddings_of(run, path)
            found += some
            with self._lock:
                self._told.update((text, text) for text in problems)
        return found

    def to_dataframe(self) -> Any:
        """All curves as a pandas DataFrame with columns run, tag, step, time and value.

        Raises:
            UnavailableError: (also an ImportError) without pandas.
        """
        return data_frame(self._curves())

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write all curves to a file of comma-separated values: run, tag, step, time, value.

        Raises:
            ArgumentError: (also a TypeError) for what is no path.
            InvalidArgumentError: (also a ValueError) for a file that cannot be written.
        """
        fix = 'write log.to_csv("curves.csv")'
        write_csv(self._curves(), file_path("summary.Log.to_csv", "path", path, fix))

    def _curves(self) -> list[Scalars]:
        return [
            self.scalars(tag, run)
            for run, tags in self.tags().items()
            for tag, kind in tags.items()
            if kind == "scalars"
        ]

    def _tails_of(self, run: str) -> list[Tail]:
        """The files of a run, in the order of their names."""
        with self._lock:
            found = [tail for tail in self._tails.values() if tail.run == run]
        return sorted(found, key=lambda tail: tail.path.name)

    def _trials(self, run: str) -> list[bytes]:
        tails = self._tails_of(run)
        with self._lock:
            return [content for tail in tails for content in tail.trials]

    def _kinds(self, run: str) -> dict[str, str]:
        """The kind of each tag: what its first value says."""
        tails, kinds = self._tails_of(run), {}
        with self._lock:
            for tail in tails:
                for tag, tagged in tail.tags.items():
                    kinds.setdefault(tag, tagged.kind or "tensors")
        return dict(sorted(kinds.items()))

    def _kind(self, tag: str, tails: list[Tail]) -> str | None:
        """What `_kinds` says of one tag, without looking at the others."""
        with self._lock:
            held = next((tail.tags[tag] for tail in tails if tag in tail.tags), None)
        return None if held is None else held.kind or "tensors"

    def _run(self, run: str) -> str:
        """A run that is there."""
        if run not in self.runs:
            raise NotFoundError(
                message("summary.Log", f"run={run!r}", "there is no such run",
                        "a run is called as in log.runs",
                        suggest(run, self.runs) if self.runs else "record something first")
            )  # fmt: skip
        return run

    def _rows(self, kind: str, tag: str, run: str | None) -> Merged:
        """All rows of a tag that holds this kind."""
        rule = "a tag is text, and log.tags() lists them"
        tag = as_text("summary.Log", "tag", tag, rule, 'write log.scalars("loss")')
        run = self._run(run) if run is not None else self._only_run(kind, tag)
        tails = self._tails_of(run)
        if self._kind(tag, tails) != kind:
            raise self._missing(kind, tag, [run])
        with self._lock:
            found = [(tail, tail.tags[tag]) for tail in tails if tag in tail.tags]
            held = [(tail, tagged, tagged.rows.array.copy()) for tail, tagged in found]
        return merged(run, tag, held, self._most)

    def _only_run(self, kind: str, tag: str) -> str:
        """The run that is meant when none is given."""
        runs = [run for run in self.runs if self._kind(tag, self._tails_of(run)) == kind]
        if not runs:
            raise self._missing(kind, tag, self.runs)
        if len(runs) > 1:
            raise InvalidArgumentError(
                message("summary.Log", f"the tag {tag!r} without a run",
                        f"{len(runs)} runs have it: {shorten(runs, 200)}",
                        "each run has a series of its own", f"give one of them: run={runs[0]!r}")
            )  # fmt: skip
        return runs[0]

    def _missing(self, kind: str, tag: str, runs: list[str]) -> NotFoundError:
        """The error for a tag that is not there, or holds another kind."""
        held = {name: what for run in runs for name, what in self._kinds(run).items()}
        known = sorted(name for name, what in held.items() if what == kind)
        fault = f"it holds {held[tag]}, not {kind}" if tag in held else f"no {kind} have that tag"
        way = {"text": "texts"}.get(held.get(tag, ""), held.get(tag, ""))
        fix = suggest(tag, known) if known else f"there are no {kind}; see log.tags()"
        return NotFoundError(
            message("summary.Log", f"tag={tag!r}", fault,
                    "a tag holds one kind of summary, and log.tags() lists them",
                    f"use log.{way}({tag!r})" if way else fix)
        )  # fmt: skip
