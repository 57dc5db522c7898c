"""What a cell of a notebook makes, and closes when it runs again."""

from __future__ import annotations

import sys
import weakref
from typing import Any

Run = tuple[str, Any]

_made: dict[str, tuple[Run, list[weakref.ref[Any]]]] = {}


def running_cell() -> Run | None:
    """The notebook cell that runs now, and which of its runs this is; None outside notebooks."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    message = getattr(shell, "parent_header", None)
    if not isinstance(message, dict):
        return None
    cell = message.get("metadata", {}).get("cellId")
    return (cell, message.get("header", {}).get("msg_id")) if cell else None


def replace(viewer: Any, run: Run | None) -> None:
    """Note what a run of a cell makes; what its earlier run made is closed."""
    if run is None:
        return
    last, viewers = _made.get(run[0], (run, []))
    if last != run:
        for earlier in viewers:
            old = earlier()
            if old is not None:
                old.close()
        viewers = []
    viewers.append(weakref.ref(viewer))
    _made[run[0]] = run, viewers
