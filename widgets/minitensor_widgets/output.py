"""What every viewer gives Jupyter: a figure that becomes interactive where scripts may run.

An island is `text/html`: an `<img>` with the static SVG, and a script that puts the live viewer in
its place. It works with the kernel busy, dead or absent, after reopening and in exported HTML; in
an untrusted notebook, where scripts are removed, the figure stays. `MINITENSOR_DISPLAY=static`
leaves the script out, so that outputs are the same on every machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from . import assets
from .raster import png

MOST_BYTES = 250_000
_BOX = "max-width:100%;max-height:720px;overflow:auto"


def is_static() -> bool:
    """Whether outputs are to be plain figures (environment variable MINITENSOR_DISPLAY)."""
    return os.environ.get("MINITENSOR_DISPLAY", "") == "static"


class Output(ABC):
    """A picture of a record: static where it must be, interactive where it can be."""

    main: str
    """Which viewer draws it: a key of `assets`."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What stands above the picture."""

    @property
    @abstractmethod
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""

    @abstractmethod
    def description(self) -> str:
        """The whole record as a numbered list, for those who do not see the picture."""

    @abstractmethod
    def to_svg(self) -> str:
        """The static figure."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """What the viewer is given: the record, and where it stands."""

    def _packed(self) -> str:
        """The state for the script."""
        return assets.pack(json.dumps(self._state(), ensure_ascii=False, separators=(",", ":")))

    def to_html(self, static: bool | None = None) -> str:
        """The HTML of the output; `static` leaves the script out (default: MINITENSOR_DISPLAY)."""
        alone = is_static() if static is None else static
        figure = base64.b64encode(self.to_svg().encode()).decode("ascii")
        # A figure alone is named by what can be seen: the last bits of numbers differ by machine.
        seen = figure if alone else json.dumps(self._state(), separators=(",", ":"))
        uid = "mt" + hashlib.sha256(seen.encode()).hexdigest()[:12]
        box = (
            f'<div id="{uid}" style="{_BOX}"><img alt="{escape(self.alt, quote=True)}" '
            f'style="max-width:none" src="data:image/svg+xml;base64,{figure}"></div>'
        )
        if alone:
            return box
        return (
            f'{box}\n<script type="module">\n{assets.source("loader")}\n'
            f'{assets.loading(self.main)}.then(async (code) => code.upgrade("{uid}", '
            f'await inflate("{self._packed()}")))\n'
            '.catch((error) => console.warn("minitensor: the figure stays static", error));\n'
            "</script>"
        )

    def to_png(self, scale: float = 2.0) -> bytes:
        """The static figure as a PNG picture, `scale` pixels for each of its own.

        Raises:
            ImportError: without the package resvg_py.
        """
        return png(self.to_svg(), scale)

    def save(self, path: str | Path) -> None:
        """Write the figure (`.svg`, `.png`) or a page of its own, still interactive (`.html`).

        Graphs are also written as `.json`, `.dot`, `.mmd` (Mermaid) and `.pdf`.

        Raises:
            ValueError: for any other ending.
            ImportError: when what draws a `.png` or `.pdf` is not installed.
        """
        path = Path(path)
        formats = self._formats()
        if path.suffix not in formats:
            more = f" Its other endings are {', '.join(list(formats)[2:])}."
            raise ValueError(
                f"save({path.name!r}): a figure is saved as .svg, an interactive page as .html."
                f"{more} Give the name one of these endings."
            )
        made = formats[path.suffix]()
        path.write_bytes(made.encode("utf-8") if isinstance(made, str) else made)

    def _formats(self) -> dict[str, Callable[[], str | bytes]]:
        """How to write a file of each ending."""
        return {".svg": self.to_svg, ".html": self._page, ".png": self.to_png}

    def _page(self) -> str:
        policy = (
            "default-src 'none'; img-src data:; media-src blob:; style-src 'unsafe-inline'; "
            "script-src 'unsafe-inline' blob:"
        )
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            '<meta name="viewport" content="width=device-width">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{escape(self.title)}</title></head>"
            f"<body>\n{self.to_html(static=False)}\n</body></html>\n"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What Jupyter shows. No image/svg+xml: it breaks LaTeX, and untrusted Lab skips it."""
        return {"text/html": self.to_html(), "text/plain": self.description()}
