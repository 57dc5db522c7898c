"""Runs that nobody recorded, the same each time: for tests, demonstrations and the gallery."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BEGAN = 1_700_000_000.0


@dataclass(frozen=True, eq=False)
class Scalars:
    """A curve, as `minitensor.summary.read` gives it."""

    run: str
    tag: str
    step: Any
    time: Any
    value: Any
    description: str = ""

    def __len__(self) -> int:
        return len(self.step)


class Log:
    """Holds series as `minitensor.summary.read` gives them, by kind, run and tag.

    Args:
        series: of any kind, each with what `minitensor.summary.read` gives them.
    """

    complete, progress, logdir = True, 1.0, "logs"

    def __init__(self, series: Sequence[Any]) -> None:
        self.series = list(series)
        self.problems: list[str] = []

    @property
    def runs(self) -> list[str]:
        """The names of the runs."""
        return sorted({one.run for one in self.series})

    def tags(self, run: str | None = None) -> dict[str, Any]:
        """The kind of each tag of a run, or of all runs."""
        if run is None:
            return {name: self.tags(name) for name in self.runs}
        return {one.tag: _kind(one) for one in self.series if one.run == run}

    def refresh(self, seconds: float | None = None) -> bool:
        """Nothing is new."""
        return False

    def _one(self, tag: str, run: str | None = None) -> Any:
        return next(one for one in self.series if one.tag == tag and run in (None, one.run))

    scalars = histograms = images = audio = texts = pr_curves = tensors = _one

    def hparams(self) -> list[Any]:
        """None."""
        return []

    def hparam_metrics(self) -> list[str]:
        """None."""
        return []

    def embeddings(self) -> list[Any]:
        """None."""
        return []


KINDS = {
    "Scalars": "scalars", "Histograms": "histograms", "Images": "images", "AudioClips": "audio",
    "Texts": "text", "PrecisionRecall": "pr_curves", "Tensors": "tensors",
}  # fmt: skip


def _kind(series: Any) -> str:
    return KINDS[type(series).__name__]


def curve(run: str, tag: str, values: Any, description: str = "", every: int = 1) -> Any:
    """A series of scalars, one at each step, a second apart."""
    import numpy as np

    steps = np.arange(len(values), dtype=np.int64) * every
    times, numbers = BEGAN + steps * 1.0, np.asarray(values, np.float32)
    return Scalars(run, tag, steps, times, numbers, description)


def training(runs: int = 3, points: int = 400, tags: int = 4) -> Log:
    """Runs that learn at different speeds, with noise that is the same each time.

    Example:
        >>> training(runs=2).runs
        ['rate 0.1', 'rate 0.2']
    """
    import numpy as np

    random = np.random.default_rng(0)
    names = ["train/loss", "train/accuracy", "validation/loss", "learning rate"]
    names += [f"layer {i}/norm" for i in range(tags - 4)]
    made = []
    for i in range(runs):
        rate = (i + 1) / 10
        x = np.arange(points)
        for j, tag in enumerate(names[:tags]):
            fall = 2.5 * np.exp(-rate * x / points * (8 + j)) + 0.1 + 0.02 * j
            noise = random.normal(size=points) * 0.08 * fall
            values = 1 - (fall + noise) / 3 if "accuracy" in tag else fall + noise
            if tag == "learning rate":
                values = rate * 0.5 * (1 + np.cos(math.pi * x / points))
            made.append(curve(f"rate {rate:g}", tag, values, "Mean over the batch."))
    return Log(made)
