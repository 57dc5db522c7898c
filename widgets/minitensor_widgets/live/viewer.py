"""What all live widgets share: how they are shown, saved and printed.

`selected`, `step` and the like are in step with the page, so that Python can watch what a learner
looks at, or lead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..output import Output, is_static


class Viewer(anywidget.AnyWidget):
    """What all viewers share: how they are shown, saved and printed."""

    selected = traitlets.Unicode("").tag(sync=True)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        raise AssertionError("each viewer makes its own island")

    def to_svg(self) -> str:
        """The static figure."""
        return self.island().to_svg()

    def save(self, path: str | Path) -> None:
        """Write the figure (`.svg`) or an interactive page (`.html`)."""
        self.island().save(path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({repr(self.island()).partition('(')[2]}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        island = self.island()
        if is_static():
            return dict(island._repr_mimebundle_()), {}
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0]["text/plain"] = island.description()
        return bundle
