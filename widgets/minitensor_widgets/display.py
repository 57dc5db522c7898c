"""What a notebook shows where the last line of a cell is a tensor, a tape, a graph or a function.

Registered when this package is imported in IPython, by name, so that nothing has to be imported for
it. A scalar stays the line of text that it is, a few elements become a table, more of them a
figure; `inspect` walks through the elements. text/plain is as it was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from typing import Any

from .records import plain
from .values import clip

MOST_TABLE = 64
_CELL = "padding:1px 6px;text-align:right;border:1px solid #8888;font-family:monospace"
_HEAD = "padding:1px 6px;text-align:right;font-weight:normal;opacity:.75"


def tensor_html(value: Any) -> str | None:
    """A tensor, variable or array as HTML; None for a scalar, whose text says it all.

    Example:
        >>> tensor_html(3.0) is None, tensor_html([1, 2]).count("<td")
        (True, 2)
    """
    from .tensors.inspector import Inspection
    from .tensors.records import count_of

    made = Inspection(value, name=_name_of(value))
    shape = made.record["shape"]
    if shape == []:
        return None
    if made.record["elements"] and 0 < count_of(shape) <= MOST_TABLE and len(shape) < 3:
        return _table(made.title, made.record["value"]["text"], shape)
    if count_of(shape) <= MOST_TABLE and not made.record["elements"]:
        notes = " ".join(made.record["notes"])
        return f"<div><b>{escape(made.title)}</b> {escape(notes)}</div>"
    return made.to_html(static=True)


def _name_of(value: Any) -> str:
    """What the learner's notebook calls a value; empty where it has no name there."""
    names = getattr(_shell(None), "user_ns", {})
    found = (name for name, it in list(names.items()) if it is value and not name.startswith("_"))
    return next(found, "")


def _table(title: str, rows: list, shape: list[int]) -> str:
    """A few elements, in rows and columns with their indices."""
    vector = len(shape) == 1
    heads = "".join(f'<th scope="col" style="{_HEAD}">{i}</th>' for i in range(shape[-1]))
    lines = []
    for i, row in enumerate([rows] if vector else rows):
        cells = "".join(f'<td style="{_CELL}">{escape(clip(plain(cell), 40))}</td>' for cell in row)
        head = "" if vector else f'<th scope="row" style="{_HEAD}">{i}</th>'
        lines.append(f"<tr>{head}{cells}</tr>")
    corner = "" if vector else "<td></td>"
    return (
        f'<div style="overflow-x:auto"><b>{escape(title)}</b>'
        f'<table style="border-collapse:collapse;margin:4px 0" aria-label="{escape(title)}">'
        f"<thead><tr>{corner}{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def graph_html(value: Any) -> str | None:
    """A tape, graph or concrete function, drawn once there is something to draw."""
    from .graphs.viewers import show

    made = show(value)
    return made.to_html() if made.graph["nodes"] else None


def function_html(value: Any) -> str | None:
    """A function under `mt.function`: the cards of its cache, once it has some."""
    from .tracing.cache import traces

    made = traces(value)
    return made.to_html() if made.record["traces"] else None


# Where each class is, and how it is shown. Classes made from one of these are shown like it.
SHOWN: dict[tuple[str, str], Callable[[Any], str | None]] = {
    ("minitensor.tensor", "Tensor"): tensor_html,
    ("minitensor.variable", "Variable"): tensor_html,
    ("minitensor.ops.slices", "IndexedSlices"): tensor_html,
    ("minitensor.tape", "GradientTape"): graph_html,
    ("minitensor.graph.ir", "Graph"): graph_html,
    ("minitensor.graph.concrete", "ConcreteFunction"): graph_html,
    ("minitensor.graph.function", "Function"): function_html,
}


def _quiet(draw: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """The same, but None where it fails: a display must not hide what a cell computed."""

    def drawn(value: Any) -> str | None:
        try:
            return draw(value)
        except Exception:
            return None

    return drawn


def _shell(shell: Any) -> Any:
    """A shell, by default the one that runs; None outside IPython."""
    if shell is None and "IPython" in sys.modules:
        return sys.modules["IPython"].get_ipython()
    return shell


def _formatter(shell: Any) -> Any:
    """The formatter of text/html of a shell; None without one."""
    formatter = getattr(_shell(shell), "display_formatter", None)
    return None if formatter is None else formatter.formatters.get("text/html")


def register(shell: Any = None) -> bool:
    """Show objects of the engine richly in IPython, and say whether there is one.

    Args:
        shell: an IPython shell; by default the one that runs.

    Example:
        >>> register()  # outside IPython
        False
    """
    formatter = _formatter(shell)
    if formatter is None:
        return False
    for (module, name), draw in SHOWN.items():
        formatter.for_type_by_name(module, name, _quiet(draw))
    return True


def unregister(shell: Any = None) -> None:
    """Show objects of the engine as text again."""
    formatter = _formatter(shell)
    if formatter is None:
        return
    for place in SHOWN:
        formatter.deferred_printers.pop(place, None)
        found = getattr(sys.modules.get(place[0]), place[1], None)
        formatter.type_printers.pop(found, None)


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext minitensor_widgets` calls."""
    from .tensorboard import register as register_tensorboard

    register(shell)
    register_tensorboard(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext minitensor_widgets` calls."""
    from .tensorboard import unregister as unregister_tensorboard

    unregister(shell)
    unregister_tensorboard(shell)
