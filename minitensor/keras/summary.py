"""`model.summary()`: layers, output shapes and numbers of parameters, as text and as a table."""

from __future__ import annotations

import html
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message, suggest

__all__ = ["Summary", "show"]

WIDEST, NARROWEST = 36, 6
"""Where the lines of a cell are broken; cells are narrower where the table is too wide."""
PAGE = 100
"""The most characters in a line of a table that is not written to a terminal."""


@dataclass(frozen=True)
class Row:
    """One layer."""

    depth: int
    name: str
    kind: str
    shape: str
    parameters: str
    connected: str
    trained: str


class Summary:
    """The layers of a model: `print` shows text, a notebook a table.

    Args:
        model: the model.
        line_length: the characters in a line of the text, by default as many as the table needs,
            at most 100; no effect on the table in a notebook.
        expand_nested: whether layers inside of layers are shown.
        show_trainable: whether a column says which are trained.
        layer_range: the names of the first and last layer to show.

    Raises:
        InvalidArgumentError: (also a ValueError) for a layer_range that names no layers.
    """

    def __init__(self, model: Any, line_length: int | None = None, expand_nested: bool = False,
                 show_trainable: bool = False, layer_range: Any = None):  # fmt: skip
        self.title = f'Model: "{model.name}"'
        self.line_length, self.page = line_length, PAGE
        self.rows = list(_rows(model, _chosen(model, layer_range), expand_nested))
        branches = any("," in row.connected for row in self.rows) or _branches(model)
        self.columns = ["Layer (type)", "Output Shape", "Param #"]
        self.columns += ["Connected to"] * branches + ["Trainable"] * show_trainable
        trained, fixed = model.trainable_weights, model.non_trainable_weights
        optimizer: Any = getattr(model, "optimizer", None)
        kept = optimizer.variables if getattr(optimizer, "built", False) else []
        self.totals = [_total(" Total params", [*trained, *fixed, *kept]),
                       _total(" Trainable params", trained),
                       _total(" Non-trainable params", fixed)]  # fmt: skip
        if kept:
            self.totals.append(_total(" Optimizer params", kept))

    def _cells(self, row: Row) -> list[str]:
        indent = f"{'   ' * row.depth}└ " if row.depth else ""
        cells = {"Layer (type)": f"{indent}{row.name} ({row.kind})", "Output Shape": row.shape,
                 "Param #": row.parameters, "Connected to": row.connected,
                 "Trainable": row.trained}  # fmt: skip
        return [cells[column] for column in self.columns]

    def __str__(self) -> str:
        table = [self._cells(row) for row in self.rows]
        widths = self._widths(table)
        right = self.columns.index("Param #")
        lines = [self.title, _rule("┏━┳┓", widths), *_lines("┃", self.columns, widths, right),
                 _rule("┡━╇┩", widths)]  # fmt: skip
        for i, cells in enumerate(table):
            lines += [_rule("├─┼┤", widths)] if i else []
            lines += _lines("│", cells, widths, right)
        return "\n".join([*lines, _rule("└─┴┘", widths), *self.totals])

    def _widths(self, table: list[list[str]]) -> list[int]:
        """How wide each column is: what it holds, and less where that is too much for a line."""
        widths = [
            max(len(head), *(min(len(cells[i]), WIDEST) for cells in table)) if table else len(head)
            for i, head in enumerate(self.columns)
        ]
        widths[0] = max(widths[0], 24)
        borders = 3 * len(widths) + 1
        if self.line_length is not None:
            widths[0] = max(widths[0], self.line_length - sum(widths[1:]) - borders)
        while sum(widths) + borders > (self.line_length or self.page) and max(widths) > NARROWEST:
            widths[widths.index(max(widths))] -= 1
        return widths

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        cell = "padding:2px 10px;max-width:24em;overflow-wrap:anywhere;text-align:"
        heads = "".join(f'<th scope="col" style="{cell}left">{h}</th>' for h in self.columns)
        body = "".join(
            f"<tr>{''.join(self._td(cell, head, text) for head, text in self._pairs(row))}</tr>"
            for row in self.rows
        )
        totals = "<br>".join(html.escape(t.strip()) for t in self.totals)
        title = html.escape(self.title)
        return (
            f'<table style="border-collapse:collapse"><caption style="text-align:left;'
            f'font-weight:bold">{title}</caption><thead><tr style="border-bottom:1px solid '
            f'currentColor">{heads}</tr></thead><tbody>{body}</tbody></table><p>{totals}</p>'
        )

    def _pairs(self, row: Row) -> Iterator[tuple[str, str]]:
        return zip(self.columns, self._cells(row), strict=True)

    @staticmethod
    def _td(style: str, head: str, text: str) -> str:
        side = "right" if head == "Param #" else "left"
        shown = html.escape(text).replace("   ", "&emsp;")
        return f'<td style="{style}{side}">{shown}</td>'


def show(model: Any, line_length: int | None, print_fn: Callable[[str], Any] | None,
         expand_nested: bool, show_trainable: bool, layer_range: Any) -> None:  # fmt: skip
    """Show the summary of a model where the learner is: a table in a notebook, else text."""
    summary = Summary(model, line_length, expand_nested, show_trainable, layer_range)
    if print_fn is None and sys.stdout.isatty():
        summary.page = shutil.get_terminal_size().columns
    if print_fn is not None:
        print_fn(str(summary))
    elif _in_notebook():
        from IPython.display import display

        display(summary)
    else:
        print(summary)  # noqa: T201 - printing is what it is for


def _in_notebook() -> bool:
    """Whether results are shown by a notebook, rather than a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def _chosen(model: Any, layer_range: Any) -> list:
    """The layers to show."""
    layers = model.layers if model._graph is None or _is_chain(model) else model._graph.layers
    if layer_range is None:
        return layers
    names = [layer.name for layer in layers]
    for name in layer_range:
        if name not in names:
            raise InvalidArgumentError(
                message("summary", f"layer_range={layer_range}", f"no layer is called {name!r}",
                        "layer_range names the first and the last layer", suggest(name, names))
            )  # fmt: skip
    first, last = (names.index(name) for name in layer_range)
    return layers[first : last + 1]


def _is_chain(model: Any) -> bool:
    return hasattr(model, "_in_order")


def _branches(model: Any) -> bool:
    """Whether some layer takes what is not from the layer before."""
    if model._graph is None or _is_chain(model):
        return False
    nodes = model._graph.nodes
    before = [None, *nodes[:-1]]
    return any(x.node is not last and last is not None
               for node, last in zip(nodes, before, strict=True) for x in node.inputs)  # fmt: skip


def _rows(model: Any, layers: list, expand: bool, around: tuple = ()) -> Iterator[Row]:
    for layer in layers:
        yield Row(
            len(around), layer.name, type(layer).__name__, _shape(model, layer), _parameters(layer),
            _connections(model, layer), "Y" if layer.trainable_weights else
            "N" if layer.weights else "-",
        )  # fmt: skip
        if expand and hasattr(layer, "_graph") and layer not in around:
            yield from _rows(layer, layer.layers, expand, (*around, model))


def _parameters(layer: Any) -> str:
    count = sum(int(np.prod(w.shape)) for w in layer.weights)
    return f"{count:,}" if layer.built else f"{count:,} (unbuilt)"


def _nodes(model: Any, layer: Any) -> list:
    """The calls of a layer within the model; all of them for one that is not functional."""
    graph = getattr(model, "_graph", None)
    if graph is None:
        return layer._nodes
    return [n for n in layer._nodes if n in graph.nodes or not n.inputs] or layer._nodes


def _shape(model: Any, layer: Any) -> str:
    nodes = _nodes(model, layer)
    if nodes:
        shapes = [tuple(x.shape) for x in nest.flatten(nodes[0].outputs)]
    else:
        shapes = list(getattr(layer, "_output_shapes", ()))
    return ", ".join(map(str, shapes)) if shapes else "?"


def _connections(model: Any, layer: Any) -> str:
    graph = getattr(model, "_graph", None)
    nodes = [n for n in layer._nodes if graph is not None and n in graph.nodes]
    found = []
    for x in (x for node in nodes for x in node.inputs):
        its = _nodes(model, x.node.layer) if x.node else []
        at = its.index(x.node) if x.node in its else 0
        found.append(f"{x.node.layer.name if x.node else x.name}[{at}][{x.index}]")
    return ", ".join(found) or "-"


def _total(title: str, weights: list) -> str:
    count = sum(int(np.prod(w.shape)) for w in weights)
    size = float(sum(int(np.prod(w.shape)) * w.dtype.size for w in weights))
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{title}: {count:,} ({size:.2f} {unit})"
        size /= 1024
    return title


def _rule(corners: str, widths: list[int]) -> str:
    left, bar, middle, right = corners
    return left + middle.join(bar * (w + 2) for w in widths) + right


def _lines(bar: str, cells: list[str], widths: list[int], right: int) -> Iterator[str]:
    """The lines of a row: each cell is broken where its column ends."""
    parts = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for texts in zip_longest(*parts, fillvalue=""):
        yield _line(bar, texts, widths, right)


def _line(bar: str, texts: tuple[str, ...], widths: list[int], right: int) -> str:
    padded = [t.rjust(w) if i == right else t.ljust(w)
              for i, (t, w) in enumerate(zip(texts, widths, strict=True))]  # fmt: skip
    return f"{bar} {f' {bar} '.join(padded)} {bar}"
