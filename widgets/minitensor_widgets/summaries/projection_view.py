"""`projector`: points of many dimensions, to be turned, searched and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..output import Output
from ..svg import card
from ..values import clip
from .clouds import TALL, WIDE, cloud, heading, listed, size_words, words_of
from .points import TITLES, Cloud, complete, sprite_of

BUDGET = 150_000
PAD = 12.0
STYLE = ".ax{fill:none;stroke:#6a6a6a}"


class Projection(Output):
    """Points of many dimensions in a picture that can be turned, without Python.

    Args:
        record: the record of a cloud of points: see `projector`.
        selected_points: the rows that are selected at first.

    Example:
        >>> projector([[0.0, 1.0, 2.0], [1.0, 0.0, 2.0]], ["a", "b"])
        Projection(2 points of 3 dimensions)
    """

    main = "summaries/points"

    def __init__(self, record: Mapping, selected_points: Sequence[int] = ()) -> None:
        self.record = complete(record)
        self.selected_points = [int(row) for row in selected_points]

    def __repr__(self) -> str:
        name = f"{self.record['name']!r}, " if self.record["name"] else ""
        return f"Projection({name}{size_words(self.record)})"

    @property
    def title(self) -> str:
        """What stands above the picture."""
        return heading(self.record, self.record["maps"][0])

    @property
    def alt(self) -> str:
        """What the picture shows, in a sentence or two."""
        return clip(" ".join(words_of(self.record)), 600)

    def description(self) -> str:
        """The picture in words, and the first points."""
        return "\n".join([*words_of(self.record), *listed(self.record)])

    def to_svg(self) -> str:
        """The static figure."""
        drawn = f'<g transform="translate({PAD:.0f},{PAD:.0f})">{cloud(self.record)}</g>'
        return card(WIDE + 2 * PAD, TALL + 2 * PAD, self.alt, drawn, STYLE)

    def _state(self) -> dict[str, Any]:
        return {"points": self.record, "selected_points": self.selected_points}


def projector(
    vectors: Any, labels: Any = None, *, images: Any = None, columns: Sequence[str] | None = None,
    method: str | Sequence[str] = "pca", name: str = "", perplexity: float = 30.0,
) -> Projection:  # fmt: skip
    """Show points of many dimensions: turn them, search them, find the nearest of each.

    PCA needs numpy only. t-SNE is computed by scikit-learn, at most of 2500 points, and takes a
    minute for as many. `ProjectorWidget` computes it when it is asked for.

    Args:
        vectors: one point for each row.
        labels: what each point is: a word or number, or a row of them; or a dict of columns.
        images: a thumbnail for each point: grey, RGB or RGBA; uint8, or floats from 0 to 1.
        columns: the names of the labels, where each point has several.
        method: "pca", "tsne", or several; the first is shown first.
        name: what to call the points.
        perplexity: of t-SNE: how many neighbours count, roughly.

    Raises:
        TypeError: for vectors that are no matrix of numbers, and labels that are no list.
        ValueError: for labels or images that are not one for each point, and for another method.
        ImportError: for t-SNE without scikit-learn.

    Example:
        >>> print(projector([[0.0, 0.0], [3.0, 4.0]], ["a", "b"]).description())
        PCA of 2 points of 2 dimensions.
        Its axes show 100, 0 % of the variance.
          0: label a, at (-1.00, 0.00)
          1: label b, at (1.00, 0.00)
    """
    made = cloud_for(vectors, labels, columns, method, name, perplexity)
    sprite = None if images is None else sprite_of(images, made.count)
    return Projection(made.record(BUDGET, sprite))


def cloud_for(
    vectors: Any, labels: Any, columns: Any, method: Any, name: str, perplexity: float
) -> Cloud:
    """The points with their pictures."""
    several = isinstance(method, Iterable) and not isinstance(method, str | bytes)
    methods: list[Any] = list(method) if several else [method]
    for one in methods or [method]:
        if not isinstance(one, str) or one not in TITLES:
            raise ValueError(
                f"projector(method={one!r}): there is no such method. Points are placed by "
                '"pca" or by "tsne"; give one of them, or both in a list.'
            )
    made = Cloud(vectors, labels, columns, name)
    for one in dict.fromkeys(methods):
        if one == "tsne":
            made.place(one, perplexity=perplexity)
        else:
            made.place(one)
    return made
