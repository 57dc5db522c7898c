"""What all live widgets share: how they are shown, saved, printed, and put away.

`selected`, `step` and the like are in step with the page, so that Python can watch what a learner
looks at, or lead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..output import Output, is_static
from ..rerun import replace, running_cell


class Viewer(anywidget.AnyWidget):
    """What all viewers share: how they are shown, saved and printed.

    A notebook saves no widgets: `freeze` leaves an island in their place. Jupyter keeps each widget
    until it is closed, so a cell that runs again closes those it made the time before.
    """

    _given_layout: Any = None
    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(self, *args: Any, **traits: Any) -> None:
        super().__init__(*args, **traits)
        self._given_layout = traits.get("layout")
        self._handles: list[Any] = []
        replace(self, running_cell())

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        raise AssertionError("each viewer makes its own island")

    def to_svg(self) -> str:
        """The static figure."""
        return self.island().to_svg()

    def save(self, path: str | Path) -> None:
        """Write the figure (`.svg`) or an interactive page (`.html`)."""
        self.island().save(path)

    def freeze(self) -> None:
        """Put an island where the widget is shown, and close the widget.

        The island survives saving and reopening, and needs no kernel. The order matters: JupyterLab
        hides the output of a widget that is closed first.
        """
        for handle in self._handles:
            handle.update(self.island())
        self._handles.clear()
        self.close()

    def close(self) -> None:
        """Take the widget out of Jupyter, and its layout, a widget too, unless you gave it."""
        layout = None if self.comm is None else self.layout  # None: never opened, or closed
        super().close()
        if layout is not None and layout is not self._given_layout:
            layout.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({repr(self.island()).partition('(')[2]}"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        if bundle is None:
            return
        if is_static():
            display(bundle[0], raw=True)
        else:
            self._handles.append(
                display(*bundle[:1], metadata=bundle[1], raw=True, display_id=True)
            )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        island = self.island()
        if is_static():
            return dict(island._repr_mimebundle_()), {}
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0]["text/plain"] = island.description()
        return bundle
