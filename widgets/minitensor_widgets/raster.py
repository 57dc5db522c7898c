"""Figures as PNG pictures, drawn by resvg, which is imported when one is asked for."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

_FAMILIES = {
    "win32": ("Arial", "Consolas"),
    "darwin": ("Helvetica", "Menlo"),
    "": ("DejaVu Sans", "DejaVu Sans Mono"),
}


def png(svg: str, scale: float = 2.0) -> bytes:
    """The picture of an SVG, `scale` pixels for each of its own.

    Raises:
        ValueError: for a scale that is not between 0.1 and 8.
        ImportError: without the package resvg_py.
    """
    if not 0.1 <= scale <= 8:
        raise ValueError(
            f"to_png(scale={scale!r}): a scale from 0.1 to 8 gives a picture that can be used. "
            "2 is sharp on most screens, 4 in print."
        )
    try:
        import resvg_py  # pyright: ignore[reportMissingImports]  optional
    except ImportError:
        raise ImportError(
            "A PNG needs the package resvg_py, which is not installed. Figures are SVG, and it "
            'turns them into pixels. To fix it: pip install resvg_py, or save("figure.svg").'
        ) from None
    sans, mono = _FAMILIES.get(sys.platform, _FAMILIES[""])
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=scale,
        sans_serif_family=sans,
        monospace_family=mono,
        font_dirs=_fonts(),
    )


def _fonts() -> list[str]:
    """The fonts that matplotlib brings along, for machines that have none."""
    found = find_spec("matplotlib")
    folders = (found.submodule_search_locations or []) if found else []
    return [str(Path(folder) / "mpl-data" / "fonts" / "ttf") for folder in folders]
