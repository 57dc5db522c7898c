"""The complete record of a run, whatever was left out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records import VERSION, filled, of_kind, plain

_BOARD = {
    "version": VERSION, "title": "Training", "axis": "step", "state": "finished", "words": "",
    "notes": [], "seconds": None, "bars": [], "scalars": [], "histograms": [],
}  # fmt: skip
_BAR = {"label": "", "share": None, "state": "running", "sign": "", "words": "", "facts": []}


def board_record(value: Any) -> dict[str, Any]:
    """The complete record of a board: of its dict, or of what has a `record()`.

    Raises:
        TypeError: for what is no board.
        ValueError: when the record is of another version.

    Example:
        >>> board_record({"version": 1, "scalars": []})["title"]
        'Training'
    """
    if hasattr(value, "record"):
        value = value.record()
    if not isinstance(value, Mapping) or "version" not in value:
        raise TypeError(
            f"{type(value).__name__} is no board. Pass a Board, or the dict that record() gives."
        )
    record = of_kind(plain(value), "scalars", _BOARD)
    record["bars"] = [filled(bar, _BAR) for bar in record["bars"]]
    return record
