"""What was recorded under one tag of one run: plain arrays, one row for each step.

`read` makes them of event files; tables, plots and widgets are made of them. What may be large is
read from its file each time it is asked for: take the steps that you need, and keep them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "AudioClips", "Embedding", "Histograms", "HyperParameters", "Images", "PrecisionRecall",
    "Scalars", "Series", "Tensors", "Texts",
]  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Series:
    """What all kinds have: (n,) steps int64 and times float64 in seconds since 1970."""

    run: str
    tag: str
    step: np.ndarray
    time: np.ndarray
    description: str = field(default="", kw_only=True)

    def __len__(self) -> int:
        return len(self.step)

    def __repr__(self) -> str:
        steps = f"{len(self)} steps, {self.step[0]} to {self.step[-1]}" if len(self) else "no steps"
        return f"<{type(self).__name__} {self.tag!r} of run {self.run!r}: {steps}>"


@dataclass(frozen=True, eq=False, repr=False)
class Scalars(Series):
    """A curve: values (n,) float32."""

    value: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Histograms(Series):
    """Histograms: for each step an array (k, 3) float64 of rows (left, right, count).

    k may differ from step to step.
    """

    buckets: Sequence[np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Images(Series):
    """Pictures: for each step a list of encoded images (PNG), and their sizes.

    `width` and `height` are (n,) int64.
    """

    pictures: Sequence[list[bytes]]
    width: np.ndarray
    height: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class AudioClips(Series):
    """Sounds: for each step a list of WAV files and of their labels (Markdown)."""

    clips: Sequence[list[bytes]]
    labels: Sequence[list[str]]


@dataclass(frozen=True, eq=False, repr=False)
class Texts(Series):
    """Texts: for each step an array of str objects, of any shape; () for one text."""

    text: Sequence[np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class PrecisionRecall(Series):
    """PR curves: (n, 6, thresholds) float32.

    Rows: true and false positives, true and false negatives, precision, recall.
    """

    curve: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Tensors(Series):
    """Anything else that was recorded: for each step an array; the plugin it is meant for."""

    value: Sequence[np.ndarray]
    plugin: str = ""


@dataclass(frozen=True, eq=False)
class HyperParameters:
    """The hyper-parameters of one run, and how it ended.

    `status` is "running", "success", "failure" or "unknown"; times are seconds since 1970.
    """

    run: str
    values: dict[str, Any]
    status: str = "unknown"
    started: float | None = None
    ended: float | None = None
    group: str = ""


@dataclass(frozen=True, eq=False)
class Embedding:
    """Points for the projector: vectors (n, d) float32, and what is known of each point.

    `columns` are the names of the labels and `labels` has one row of them for each point; `sprite`
    is a PNG of all thumbnails, row by row, each of `thumbnail` (width, height) pixels.
    """

    run: str
    name: str
    vectors: np.ndarray
    columns: list[str] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    sprite: bytes | None = None
    thumbnail: tuple[int, int] | None = None
