"""What is kept of a run: its curves, and at most fifty pictures spread over it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .codes import TOP, written
from .measures import FINE, quantised
from .network import rounded

MOST_PICTURES, MOST_POINTS = 49, 400
COARSE, TINY = 2, 2  # a kept picture has every second cell


class History:
    """A run that was looked at now and then.

    Example:
        >>> kept = History()
        >>> kept.count
        0
    """

    def __init__(self) -> None:
        self.curve: list[list[Any]] = []
        self._pictures: list[tuple[int, dict[str, Any]]] = []
        self._every = self._curve_every = 1
        self.count = 0

    def add(self, frame: dict[str, Any]) -> None:
        """Look: keep the losses and, if it is time, the picture."""
        if self.curve and self.curve[-1][0] == frame["step"]:
            return
        if self.count % self._curve_every == 0:
            self.curve.append([frame["step"], *rounded_losses(frame)])
        if len(self.curve) > MOST_POINTS:
            self.curve, self._curve_every = self.curve[::2], self._curve_every * 2
        if self.count % self._every == 0:
            self._pictures.append((self.count, frame))
        if len(self._pictures) > MOST_PICTURES:
            self._every *= 2
            self._pictures = [kept for kept in self._pictures if kept[0] % self._every == 0]
        self.count += 1

    def written(self, last: dict[str, Any]) -> dict[str, Any]:
        """The run as plain data: curves and pictures, and in full the last one."""
        kept = [frame for _, frame in self._pictures if frame["step"] < last["step"]]
        curve = [row for row in self.curve if row[0] < last["step"]]
        return {
            "curve": [*curve, [last["step"], *rounded_losses(last)]],
            "frames": [*(picture(frame) for frame in kept), picture(last)],
            "field": _text(last["field"]),
            "reading": last["reading"],
        }


def rounded_losses(frame: dict[str, Any]) -> list[float | None]:
    """The two losses with few digits."""
    return [None if loss is None else rounded(loss) for loss in frame["losses"]]


def _text(values: np.ndarray) -> str:
    return written(quantised(values, TOP).ravel().tolist())


def picture(frame: dict[str, Any]) -> dict[str, Any]:
    """A frame as plain data, with every second cell of its pictures."""
    half = FINE // COARSE
    return {
        "step": frame["step"],
        "losses": rounded_losses(frame),
        "accuracy": frame["accuracy"],
        "field": _text(frame["field"].reshape(half, COARSE, half, COARSE)[:, 1, :, 1]),
        "maps": [[_text(_smaller(one)) for one in layer] for layer in frame["maps"]],
        "layers": frame["layers"],
    }


def _smaller(values: np.ndarray) -> np.ndarray:
    side = int(len(values) ** 0.5)
    return values.reshape(side // TINY, TINY, side // TINY, TINY).mean((1, 3))
