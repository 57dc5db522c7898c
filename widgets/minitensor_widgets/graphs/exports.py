"""A graph in other formats: JSON, DOT for Graphviz, Mermaid, and pictures.

Every string of a record stands in quotes, escaped for its format; names of nodes are our own.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from shutil import which
from typing import Any

from .outline import Box, Group, Line, outline

MOST_LINES = 450
"""Mermaid refuses more than 500 lines."""

_BOXES = {
    "op": ("box", "rounded,filled", "#0072b2", "#eaf2fb", "[", "]"),
    "backward": ("box", "rounded,filled", "#8a3ea8", "#f6ecfa", "[", "]"),
    "variable": ("cylinder", "filled", "#9a5b00", "#fff2d9", "[(", ")]"),
    "input": ("hexagon", "filled", "#00745c", "#e3f4ee", "{{", "}}"),
    "constant": ("octagon", "filled", "#666666", "#f1f1f1", "[/", "\\]"),
    "scope": ("box3d", "filled", "#666666", "#f1f1f1", "[[", "]]"),
}
"""Graphviz's shape and style, line and fill, and Mermaid's brackets of each kind of box."""
_CHANGES = {
    "added": ("#1a7f37", "#d9f2df"),
    "removed": ("#b42318", "#fbe0de"),
    "changed": ("#8a6100", "#fdf3c8"),
}


class Exports:
    """What the picture of a graph can be written as."""

    record: dict
    collapsed: list[str]
    _shown: Callable[[], dict]

    def to_json(self) -> str:
        """The record as JSON; `show(json.loads(text))` draws it again, without the program."""
        return json.dumps(self.record, ensure_ascii=False, indent=1, allow_nan=False)

    def to_dot(self, whole: bool = True) -> str:
        """The graph in the language of Graphviz: `dot -Tsvg` draws it.

        Args:
            whole: False to draw each closed scope as one box, as the figure does.

        Example:
            >>> from minitensor_widgets import show
            >>> from minitensor_widgets.samples import matmul_steps
            >>> print(show(matmul_steps()["graph"]).to_dot().splitlines()[0])
            digraph "loss = sum(x @ w + b)" {
        """
        lines = "\n".join(f"    {line}" for line in self._dot(whole))
        return f"digraph {_quoted(self._name())} {{\n{lines}\n}}\n"

    def to_graphviz(self, whole: bool = True) -> Any:
        """The graph as a `graphviz.Digraph`, to be changed or rendered.

        Raises:
            ImportError: without the package graphviz.
        """
        try:
            import graphviz
        except ImportError:
            raise ImportError(
                "to_graphviz gives an object of the package graphviz, which is not installed. To "
                "fix it: pip install graphviz, or take the text: to_dot()."
            ) from None
        return graphviz.Digraph(body=[f"\t{line}\n" for line in self._dot(whole)])

    def to_mermaid(self, whole: bool | None = None) -> str:
        """The graph as a Mermaid flowchart, which GitHub and many note books draw.

        Args:
            whole: False to draw each closed scope as one box, as the figure does; None does so
                where Mermaid would refuse the whole.

        Example:
            >>> from minitensor_widgets import show
            >>> from minitensor_widgets.samples import matmul_steps
            >>> print(show(matmul_steps()["graph"]).to_mermaid().splitlines()[0])
            flowchart TD
        """
        if whole is None:
            whole = len(self._shown()["edges"]) <= MOST_LINES
        drawn = outline(self._shown(), () if whole else self.collapsed)
        lines = ["flowchart TD", *_mermaid_group(drawn.root, [0], "    ")]
        return "\n".join(
            [*lines, *map(_mermaid_line, drawn.lines), *_mermaid_classes(drawn.root), ""]
        )

    def _name(self) -> str:
        return self._shown()["title"] or "Computation graph"

    def _dot(self, whole: bool) -> list[str]:
        drawn = outline(self._shown(), () if whole else self.collapsed)
        return [
            f"graph [label={_quoted(self._name())} labelloc=t fontname=sans]",
            "node [fontname=monospace fontsize=11]",
            "edge [fontname=monospace fontsize=9 color=gray40]",
            *_dot_group(drawn.root, [0]),
            *map(_dot_line, drawn.lines),
        ]

    def _pdf(self) -> bytes:
        program = which("dot")
        if program is None:
            raise ImportError(
                "A PDF is drawn by Graphviz's program dot, which was not found. To fix it: install "
                "Graphviz (apt install graphviz, brew install graphviz), or save an .svg."
            )
        given = self.to_dot(whole=False).encode()
        return subprocess.run(
            [program, "-Tpdf"], input=given, capture_output=True, check=True
        ).stdout

    def _formats(self) -> dict[str, Callable[[], str | bytes]]:
        """How to write a file of each ending."""
        found = super()._formats()  # pyright: ignore[reportAttributeAccessIssue]  of Output
        more = {".json": self.to_json, ".dot": self.to_dot, ".mmd": self.to_mermaid}
        return {**found, **more, ".pdf": self._pdf}


def _quoted(text: str) -> str:
    r"""A string of DOT; `\n` breaks a line, and `&` begins an entity there.

    Example:
        >>> print(_quoted('a "b" & c'))
        "a \"b\" &amp; c"
    """
    for plain, escaped in (("&", "&amp;"), ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def _dot_group(group: Group, count: list[int]) -> Iterator[str]:
    yield from (_dot_box(box) for box in group.boxes)
    for inner in group.groups:
        count[0] += 1
        title = f"label={_quoted(inner.title)} style=rounded color=gray60"
        yield f"subgraph cluster_{count[0]} {{ {title}"
        yield from (f"    {line}" for line in _dot_group(inner, count))
        yield "}"


def _dot_box(box: Box) -> str:
    shape, style, *colours, _, _ = _BOXES[box.kind]
    edge, fill = _CHANGES.get(box.change, colours)
    look = {
        "label": "\n".join(box.lines), "shape": shape, "color": edge, "fillcolor": fill,
        "style": f"{style},dashed" if box.silent else style,
        "peripheries": "2" if box.output else "1", "tooltip": box.about,
    }  # fmt: skip
    told = " ".join(f"{key}={_quoted(value)}" for key, value in look.items() if value)
    return f"{box.name} [{told}]"


def _dot_line(line: Line) -> str:
    style = " style=dashed" if line.marks else ""
    return f"{line.source} -> {line.target} [label={_quoted(line.text)}{style}]"


def _entities(text: str) -> str:
    """Text between quotes of Mermaid: it knows characters by their numbers, `#35;`."""
    kept = "-_.,:()=+*/×∇→−~ ?[]"
    return "".join(c if c.isalnum() or c in kept else f"#{ord(c)};" for c in text)


def _mermaid_group(group: Group, count: list[int], indent: str) -> Iterator[str]:
    for box in group.boxes:
        left, right = _BOXES[box.kind][-2:]
        yield f'{indent}{box.name}{left}"{"<br/>".join(map(_entities, box.lines))}"{right}'
    for inner in group.groups:
        count[0] += 1
        yield f'{indent}subgraph s{count[0]}["{_entities(inner.title)}"]'
        yield from _mermaid_group(inner, count, indent + "    ")
        yield f"{indent}end"


def _mermaid_line(line: Line) -> str:
    arrow = "-.->" if line.marks else "-->"
    words = f'|"{_entities(line.text)}"|' if line.text else ""
    return f"    {line.source} {arrow}{words} {line.target}"


def _mermaid_classes(root: Group) -> Iterator[str]:
    """What each kind of box looks like, and which boxes are of it; later ones win."""
    looks = {
        kind: f"fill:{fill},stroke:{edge}" for kind, (_, _, edge, fill, _, _) in _BOXES.items()
    }
    looks |= {kind: f"fill:{fill},stroke:{edge}" for kind, (edge, fill) in _CHANGES.items()}
    looks |= {"silent": "stroke-dasharray:4 3", "output": "stroke-width:4px"}
    members: dict[str, list[str]] = {kind: [] for kind in looks}
    for box in _boxes(root):
        members[box.kind].append(box.name)
        members.get(box.change, []).append(box.name)
        members["silent"] += [box.name] * box.silent
        members["output"] += [box.name] * box.output
    for kind, names in members.items():
        if names:
            ink = ",color:#1a1a1a" if "fill" in looks[kind] else ""
            yield f"    classDef {kind} {looks[kind]}{ink}"
            yield f"    class {','.join(names)} {kind}"


def _boxes(group: Group) -> Iterator[Box]:
    yield from group.boxes
    for inner in group.groups:
        yield from _boxes(inner)
