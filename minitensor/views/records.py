"""The records that a viewer is given: frozen, versioned, and made of plain Python.

When a field changes, `VERSION` rises.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

VERSION = 1


@dataclass(frozen=True)
class ValueView:
    """A picture of an array: all of a small one, statistics and a thumbnail of a large one.

    `zeros`, `nans` and `infs` are shares of all elements. `sampled` says how many elements the
    statistics are of, where those are not all.
    """

    shape: list[int]
    dtype: str
    text: list | str
    heat: list[list[float | None]]
    minimum: float | None
    mean: float | None
    maximum: float | None
    zeros: float
    nans: float
    std: float | None = None
    infs: float = 0.0
    sampled: int = 0


@dataclass(frozen=True)
class SourceView:
    """A line of the learner's program."""

    file: str
    line: int
    text: str


@dataclass(frozen=True)
class NodeView:
    """A node of a drawn graph: an op, or a value that no op made.

    `no_grad` says why no gradient flows through it, and is empty where one does. In the difference
    of two graphs `change` is "added", "removed" or "changed", and `changes` says what changed.
    """

    id: str
    label: str
    kind: str
    output: bool = False
    scope: str = ""
    shape: list[int | None] | None = None
    dtype: str = ""
    op: str = ""
    doc: str = ""
    rule: list[str] = field(default_factory=list)
    attrs: dict[str, str] = field(default_factory=dict)
    source: SourceView | None = None
    value: ValueView | None = None
    no_grad: str = ""
    change: str = ""
    changes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EdgeView:
    """A value on its way from one node to input `slot` of another.

    `marks` are of "broadcast" (stretched to the shape of the op's result), "in place" (a variable
    that the op writes), "view" (the op reads the same elements in another order or another shape)
    and "next round" (from the end of a loop's body back to its variables).
    """

    source: str
    target: str
    shape: list[int | None] | None
    dtype: str
    slot: int
    marks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SeriesView:
    """Sibling scopes that hold the same: `members` are their names, inside the scope `path`."""

    label: str
    path: str
    members: list[str]


@dataclass(frozen=True)
class GraphView:
    """A graph as a viewer draws it.

    `closed` are the scopes that are closed at first even where everything fits, and `series` those
    that hold siblings alike.
    """

    title: str
    kind: str
    nodes: list[NodeView]
    edges: list[EdgeView]
    note: str = ""
    closed: list[str] = field(default_factory=list)
    series: list[SeriesView] = field(default_factory=list)
    version: int = VERSION


@dataclass(frozen=True)
class SendView:
    """What one backward step sends to one input.

    `after` is None for what has to be summed first, in a step of its own; `local` is the number of
    a scalar's derivative, and `norm` the length of the gradient when it has arrived.
    """

    to: str
    rule: str
    rule_numbers: str
    raw: ValueView | None
    unbroadcast: str
    value: ValueView
    before: ValueView | None
    after: ValueView | None
    arrived: int
    expected: int
    local: str = ""
    norm: float | None = None


@dataclass(frozen=True)
class StepView:
    """One step of the timeline: forward, seed, backward, unbroadcast or result."""

    phase: str
    node: str
    title: str
    text: str
    rule: str = ""
    source: SourceView | None = None
    value: ValueView | None = None
    upstream: ValueView | None = None
    sends: list[SendView] = field(default_factory=list)
    norm: float | None = None


@dataclass(frozen=True)
class CheckView:
    """The gradient of a source beside slopes measured with small steps; rows of three texts.

    `agrees` is None when nothing could be measured; `text` says why.
    """

    node: str
    text: str
    agrees: bool | None = None
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class TroubleView:
    """Where the first NaN or infinity of a pass was made."""

    node: str
    phase: str
    text: str
    source: SourceView | None = None


@dataclass(frozen=True)
class StepsView:
    """A forward and backward pass, step by step, over a graph.

    `derives` leads from a node that an inner gradient recorded to the node it differentiates;
    `lines` holds the learner's lines around those that ran: file, number, text.
    """

    graph: GraphView
    steps: list[StepView]
    target: str
    sources: list[str]
    checks: list[CheckView] = field(default_factory=list)
    trouble: TroubleView | None = None
    derives: dict[str, str] = field(default_factory=dict)
    lines: dict[str, dict[str, str]] = field(default_factory=dict)
    version: int = VERSION


@dataclass(frozen=True)
class ArgumentView:
    """An argument as a trace knows it: `float32[2, 3]`, or the value of a Python object."""

    name: str
    text: str


@dataclass(frozen=True)
class DifferenceView:
    """An argument in which a trace differs from the nearest earlier one."""

    argument: str
    before: str
    now: str


@dataclass(frozen=True)
class TraceView:
    """One trace in a function's cache.

    `calls` says how often its graph ran, and `hits` how often it was there already.
    """

    number: int
    signature: list[ArgumentView]
    calls: int
    hits: int
    seconds: float
    nodes: int
    bytes: int
    differs: list[DifferenceView] = field(default_factory=list)
    fix: str = ""


@dataclass(frozen=True)
class TracesView:
    """The cache of a function under `mt.function`; a miss is a call that was traced first."""

    title: str
    traces: list[TraceView]
    calls: int
    hits: int
    misses: int
    bytes: int
    note: str = ""
    version: int = VERSION


@dataclass(frozen=True)
class EqualityView:
    """What came of running the graphs before and after a pass on the same random inputs.

    `verdict` is "equal", "rounding", "different" or "not compared"; `largest` is the largest
    difference as a share of the largest element, `ulps` in units of the last place.
    """

    verdict: str
    text: str
    trials: int = 0
    largest: float | None = None
    ulps: float | None = None


@dataclass(frozen=True)
class PassView:
    """A graph after one pass of the optimiser; `added` and `removed` are operations, "name: op".

    `picture` shows what the pass does, in text, on a small example. `equality` says whether the
    graph still computes the same as before the pass; the graph as traced has none.
    """

    name: str
    summary: str
    graph: GraphView
    nodes_before: int
    nodes_after: int
    bytes_saved: int
    operations_saved: int
    picture: str = ""
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    equality: EqualityView | None = None


@dataclass(frozen=True)
class PassesView:
    """What the optimiser made of a graph, pass by pass, and the code that came out.

    `lines` says which operations the lines of `source` are of: [number, name, fused into].
    """

    title: str
    passes: list[PassView]
    source: str
    note: str = ""
    lines: list[list] = field(default_factory=list)
    version: int = VERSION


def to_json(view: Any) -> dict:
    """A view as dicts and lists, ready for `json.dumps`."""
    return asdict(view)
