"""What text formats draw of a graph: its boxes by scope, and one line per pair of boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..values import shape_text
from .layout import is_backward, scope_name, scope_prefixes
from .scene import CHANGED, op_apart


@dataclass
class Box:
    """A node, or a closed scope: lines of text, its kind, and what there is to know of it."""

    name: str
    lines: list[str]
    kind: str
    output: bool = False
    silent: bool = False
    change: str = ""
    about: str = ""


@dataclass
class Line:
    """What goes from one box to another."""

    source: str
    target: str
    text: str
    marks: list[str]


@dataclass
class Group:
    """An open scope with the boxes and scopes in it."""

    title: str
    boxes: list[Box] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


@dataclass
class Outline:
    """A graph as boxes in nested groups, and lines between boxes."""

    root: Group
    lines: list[Line]


def outline(record: Mapping, closed: Iterable[str] = ()) -> Outline:
    """The outline of a graph record; each scope in `closed` is one box.

    Names of boxes are n0, n1, …: no string of a record is ever a name.
    """
    shut = set(closed)
    groups = {"": Group("")}
    boxes: dict[str, Box] = {}
    home: dict[str, str] = {}
    for node in record["nodes"]:
        paths = scope_prefixes(node["scope"])
        hidden = next((path for path in paths if path in shut), None)
        for path in paths if hidden is None else paths[: paths.index(hidden)]:
            _group(groups, path)
        key = node["id"] if hidden is None else f"scope {hidden}"
        home[node["id"]] = key
        if key not in boxes:
            outer = paths[-1] if hidden is None and paths else (hidden or "").rpartition("/")[0]
            name = f"n{len(boxes)}"
            boxes[key] = _box(name, node) if hidden is None else Box(name, [hidden], "scope")
            groups[outer].boxes.append(boxes[key])
    for path in shut & {key.removeprefix("scope ") for key in boxes}:
        count = sum(key == f"scope {path}" for key in home.values())
        boxes[f"scope {path}"].lines = [f"{scope_name(path)} ({count})"]
    return Outline(groups[""], _lines(record, boxes, home))


def _group(groups: dict[str, Group], path: str) -> None:
    if path not in groups:
        groups[path] = Group(scope_name(path))
        groups[path.rpartition("/")[0]].groups.append(groups[path])


def _box(name: str, node: Mapping) -> Box:
    kind = node["kind"] if node["kind"] in ("variable", "input", "constant") else "op"
    lines = [f"{CHANGED.get(node['change'], '')} {node['label']}".lstrip()]
    second = op_apart(node) if kind == "op" else kind
    if second and second != node["label"]:
        lines.append(second)
    if kind != "op" or node["output"]:
        lines.append(f"{shape_text(node['shape'])} {node['dtype']}".strip())
    lines += [f"no gradient: {node['no_grad']}"] if node["no_grad"] else []
    lines += node["changes"]
    source = node["source"]
    about = [node["doc"]] if node["doc"] else []
    if source:
        about.append(f"{source['file']}:{source['line']}: {source['text']}")
    if kind == "op" and is_backward(node["scope"]):
        kind = "backward"
    return Box(name, [line for line in lines if line], kind, node["output"], bool(node["no_grad"]),
               node["change"], "\n".join(about))  # fmt: skip


def _lines(record: Mapping, boxes: Mapping[str, Box], home: Mapping[str, str]) -> list[Line]:
    found: dict[tuple, Line] = {}
    whole = {key for key, box in boxes.items() if box.kind == "scope"}
    for edge in record["edges"]:
        ends = home[edge["source"]], home[edge["target"]]
        if ends[0] == ends[1] and ends[0] in whole:
            continue
        words = f"{shape_text(edge['shape'])} {edge['dtype']}".strip()
        # Lines of a closed scope are drawn once; those of a node once for each use.
        key = ends if whole & {*ends} else (*ends, edge["slot"])
        if key not in found:
            marks = list(edge["marks"])
            text = ", ".join([words, *marks])
            found[key] = Line(boxes[ends[0]].name, boxes[ends[1]].name, text, marks)
    return list(found.values())
