"""The projector as a widget: neighbours among all points, and t-SNE when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..summaries.points import MOST_DRAWN, complete, even, sprite_of
from ..summaries.projection_view import BUDGET, Projection, cloud_for
from ..summaries.projector import Answers
from .viewer import Viewer

LIVE_BUDGET = 2_000_000


class ProjectorWidget(Viewer):
    """Points of many dimensions as a widget; `selected_points` are the rows that are selected.

    Args:
        vectors: one point for each row.
        labels: what each point is: see `projector`.
        images: a thumbnail for each point.
        columns: the names of the labels, where each point has several.
        method: "pca", "tsne", or several; the first is shown first.
        name: what to call the points.
        perplexity: of t-SNE.
        **traits: `selected_points`, `layout` and other traits of ipywidgets.

    Example:
        >>> widget = ProjectorWidget([[0.0, 1.0], [1.0, 0.0]], ["a", "b"])
        >>> widget.selected_points = [1, 7]
        >>> widget.selected_points
        [1]
    """

    _esm, _css = assets.esm("summaries/points"), assets.css("summaries/points")
    points = traitlets.Dict().tag(sync=True)
    selected_points = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self, vectors: Any, labels: Any = None, *, images: Any = None,
        columns: Sequence[str] | None = None, method: str | Sequence[str] = "pca", name: str = "",
        perplexity: float = 30.0, **traits: Any,
    ) -> None:  # fmt: skip
        self._cloud = cloud_for(vectors, labels, columns, method, name, perplexity)
        self._sprite = None if images is None else sprite_of(images, self._cloud.count)
        record = self._cloud.record(LIVE_BUDGET, self._sprite)
        self._answers = Answers(self._cloud, even(len(self._cloud.points), MOST_DRAWN))
        super().__init__(points=record, **traits)
        self.on_msg(self._asked)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Projection(self._cloud.record(BUDGET, self._sprite), self.selected_points)

    def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Answer the page; work that takes long is only begun here, so any thread may do it."""
        args = content.get("args") if isinstance(content, dict) else None
        if isinstance(args, dict):
            self.send({**self._answers.answer(args), "answer": content.get("ask")})

    @traitlets.validate("selected_points")
    def _exist(self, proposal: Any) -> list[int]:
        kept = self._cloud.kept
        known = {int(row) for row in proposal["value"]}.intersection(kept.tolist())
        return sorted(known)

    @traitlets.validate("points")
    def _complete(self, proposal: Any) -> dict:
        return complete(proposal["value"])
