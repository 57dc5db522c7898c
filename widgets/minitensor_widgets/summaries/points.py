"""The record of a cloud of points: where they are drawn, what they are, which are near.

What is too much for its budget is left out, and the record says so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..records import VERSION, filled, of_kind, plain
from ..units import plural, size_text
from .labels import chosen, label_columns

if TYPE_CHECKING:
    import numpy as np

MOST_DRAWN, FEWEST_DRAWN, MOST_PLACED = 10_000, 200, 2_500
MOST_PIXELS = 400_000
NEAR_BUDGET = 60_000
TITLES = {"pca": "PCA", "tsne": "t-SNE"}
_NEAR = [(10, 2, True), (8, 2, False), (5, 2, False), (5, 1, False)]
_POINTS = {
    "version": VERSION, "tag": "", "run": "", "name": "", "count": 0, "dims": 0, "rows": None,
    "maps": [], "columns": [], "near": {}, "sprite": None, "notes": [],
}  # fmt: skip


class Cloud:
    """Points of many dimensions, and all that is known of them.

    Rows that hold NaN or infinity, as float32, are left out.

    Args:
        vectors: one point for each row.
        labels: see `projector`.
        columns: the names of the labels.
        name: what to call the points.

    Raises:
        TypeError: for what is no matrix of numbers.
        ValueError: when no point is made of numbers.
    """

    def __init__(self, vectors: Any, labels: Any = None, columns: Any = None, name: str = ""):
        import numpy as np

        array = _array("vectors", vectors)
        real = array.dtype.kind in "fiub" or array.dtype.name == "bfloat16"
        if array.ndim != 2 or not array.size or not real:
            raise TypeError(
                f"projector(): vectors has shape {array.shape} and dtype {array.dtype}. Each row "
                "is a point, so it is a matrix of numbers with at least one row and one column. "
                "Give one, for example vectors.reshape(len(vectors), -1)."
            )
        array = array.astype(np.float64)
        self.kept = np.flatnonzero(drawable(array))
        if not len(self.kept):
            raise ValueError(
                f"projector(): each of the {len(array)} points holds NaN or infinity, also as "
                "float32, so none can be drawn. Look for the step that made them."
            )
        self.count, self.name = len(array), name
        self.points = array[self.kept]
        made = label_columns(labels, columns, self.count)
        self.columns = [chosen(item, self.kept.tolist()) for item in made]
        self.maps: list[dict[str, Any]] = []
        self._tables: dict[tuple, dict[str, Any]] = {}

    def place(self, method: str, placed: np.ndarray | None = None, **how: Any) -> dict[str, Any]:
        """Add a picture of the points: by PCA, by t-SNE of scikit-learn, or as it is given."""
        import numpy as np

        from .projection import pca, trustworthiness

        explained: list[float] = []
        if placed is None and method == "pca":
            placed, explained = pca(self.points)
        elif placed is None:
            placed = self._tsne(**how)
        flat = trustworthiness(self.points, placed[:, :2])
        deep = trustworthiness(self.points, placed) if placed.shape[1] > 2 else flat
        made = {
            "method": method, "placed": placed, "explained": explained, "trust": [flat, deep],
            "drawn": int(np.isfinite(placed).all(axis=1).sum()),
        }  # fmt: skip
        self.maps = [one for one in self.maps if _key(one) != _key(made)] + [made]
        return made

    def _tsne(self, components: int = 2, perplexity: float = 30.0) -> np.ndarray:
        import numpy as np

        import minitensor as mt

        placed = np.full((len(self.points), components), np.nan)
        rows = even(len(self.points), MOST_PLACED)
        placed[rows] = mt.summary.projected(
            self.points[rows], "tsne", components, perplexity=perplexity
        )
        return placed

    def record(self, budget: int, sprite: Mapping | None = None) -> dict[str, Any]:
        """All of it in about so many bytes of JSON."""
        rows = self._rows(budget)
        notes = self._notes(len(rows))
        made = {
            **_POINTS, "name": self.name, "tag": self.name, "count": self.count,
            "dims": self.points.shape[1], "rows": None,
            "maps": [map_record(one, rows) for one in self.maps],
            "columns": [chosen(item, rows) for item in self.columns],
        }  # fmt: skip
        if len(rows) < self.count:
            made["rows"] = self.kept[rows].tolist()
        left = budget - len(json.dumps(made))
        if sprite is not None and len(sprite["data"]) > 0.7 * left:
            notes.append(
                f"The thumbnails are left out: their {size_text(len(sprite['data']))} are too much "
                "for this output. Give fewer or smaller ones."
            )
            sprite = None
        left -= len(sprite["data"]) if sprite else 0
        near = self._near(rows, min(left, NEAR_BUDGET))
        return plain(made | {"near": near, "sprite": sprite, "notes": notes})

    def _rows(self, budget: int) -> list[int]:
        """The points that are drawn: all, or an even choice."""
        count = min(len(self.points), MOST_DRAWN)
        widths = sum(one["placed"].shape[1] for one in self.maps)
        while True:
            rows = even(len(self.points), count)
            labels = sum(len(json.dumps(chosen(item, rows))) for item in self.columns)
            if count <= FEWEST_DRAWN or labels + 2.7 * widths * count <= 0.75 * budget:
                return rows
            count = max(FEWEST_DRAWN, int(0.8 * count))

    def _notes(self, drawn: int) -> list[str]:
        notes, broken = [], self.count - len(self.points)
        if broken:
            holds = "holds" if broken == 1 else "hold"
            notes.append(
                f"{plural(broken, 'point')} {holds} NaN or infinity, as float32: left out."
            )
        if drawn < len(self.points):
            notes.append(f"{drawn} of {len(self.points)} points are drawn, evenly chosen.")
        return notes

    def _near(self, rows: list[int], budget: int) -> dict[str, Any]:
        """The nearest of each point among those drawn, as many as fit; {} for none."""
        from .neighbours import METRICS, table

        for count, metrics, far in _NEAR:
            count = min(count, len(rows) - 1)
            if 2.7 * len(rows) * count * metrics * (1 + far) <= budget and count > 0:
                key = len(rows), count, metrics, far  # which rows follows from how many
                if key not in self._tables:
                    some, names = self.points[rows], METRICS[:metrics]
                    self._tables[key] = {name: table(some, count, name, far) for name in names}
                return self._tables[key]
        return {}


def drawable(vectors: np.ndarray) -> np.ndarray:
    """Which rows are points of numbers that can be drawn, as float32."""
    import numpy as np

    with np.errstate(over="ignore"):
        return np.asarray(np.isfinite(vectors.astype(np.float32)).all(axis=1))


def _array(name: str, values: Any) -> np.ndarray:
    """An argument as an array."""
    import numpy as np

    try:
        return np.asarray(values.numpy() if hasattr(values, "numpy") else values)
    except ValueError:
        raise TypeError(
            f"projector(): {name} makes no array. Its rows have one length. Look at the length of "
            "each."
        ) from None


def even(count: int, most: int) -> list[int]:
    """So many of the numbers below `count`, evenly spread."""
    return [i * count // most for i in range(most)] if count > most else list(range(count))


def _key(one: Mapping) -> tuple[str, int]:
    return one["method"], one["placed"].shape[1]


def map_record(one: Mapping, rows: Sequence[int]) -> dict[str, Any]:
    """A picture as the page gets it."""
    from .projection import packed

    told = {key: one[key] for key in ("method", "explained", "trust", "drawn")}
    return plain(told) | packed(one["placed"][list(rows)])


def sprite_of(images: Any, count: int) -> dict[str, Any]:
    """Thumbnails as one PNG, row by row: `size` of one, `across` in a row.

    Raises:
        ValueError: for pictures of another shape or number.
        TypeError: for pictures that are not made of numbers.
    """
    import numpy as np

    from ..colours import png

    array = _array("images", images)
    array = array[..., None] if array.ndim == 3 else array
    if array.ndim != 4 or len(array) != count or array.shape[3] not in (1, 3, 4) or not array.size:
        raise ValueError(
            f"projector(): images has shape {np.shape(images)} for {count} points. It is one "
            "picture for each point: (points, height, width), or (points, height, width, channels) "
            "with 1, 3 or 4 channels."
        )
    if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        raise TypeError(
            f"projector(): images has dtype {array.dtype}. Brightness is uint8, or floats from 0 "
            "to 1. Convert them, for example with images.astype(float)."
        )
    apart = math.ceil(math.sqrt(count * array.shape[1] * array.shape[2] / MOST_PIXELS))
    array = array[:, ::apart, ::apart, :3]
    if array.dtype != np.uint8:
        array = np.clip(np.nan_to_num(array) * 255.5, 0, 255).astype(np.uint8)
    across = math.ceil(math.sqrt(count))
    rows = math.ceil(count / across)
    whole = np.zeros((rows * across, *array.shape[1:3], 3), np.uint8)
    whole[:count] = array
    height, width = array.shape[1:3]
    tiles = whole.reshape(rows, across, height, width, 3).swapaxes(1, 2)
    pixels: Any = tiles.reshape(rows * height, across * width, 3).tolist()
    data = png(pixels)
    return {"data": data, "size": [width, height], "across": across}


def complete(record: Any) -> dict[str, Any]:
    """A record with every field that a projector needs.

    Raises:
        TypeError: for what is no such record.
    """
    return filled(of_kind(plain(record), "maps", _POINTS), _POINTS)
