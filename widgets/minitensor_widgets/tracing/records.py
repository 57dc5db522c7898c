"""The complete records of a function's cache and of the optimiser's passes."""

from __future__ import annotations

from typing import Any

from ..graphs.records import complete_graph
from ..records import VERSION, as_view, filled, of_kind, plain

_TRACES = {
    "version": VERSION, "title": "", "traces": [], "calls": 0, "hits": 0, "misses": 0, "bytes": 0,
    "note": "",
}  # fmt: skip
_TRACE = {
    "signature": [], "calls": 1, "hits": 0, "seconds": 0.0, "nodes": 0, "bytes": 0, "differs": [],
    "fix": "",
}  # fmt: skip
_PASSES = {
    "version": VERSION, "title": "", "passes": [], "source": "", "note": "", "lines": [],
}  # fmt: skip
_PASS = {
    "summary": "", "nodes_before": 0, "nodes_after": 0, "bytes_saved": 0, "operations_saved": 0,
    "picture": "", "added": [], "removed": [], "equality": None,
}  # fmt: skip


def traces_record(value: Any) -> dict:
    """The complete record of a TracesView, its dict, or of a function under `mt.function`.

    Raises:
        TypeError: when the value has no traces.
        ValueError: when the view is of another version.
    """
    record = as_view(value)
    if record is None:
        from minitensor.views import traces_view

        record = plain(traces_view(value))
    record = of_kind(record, "traces", _TRACES)
    record["traces"] = [
        {"number": i, **filled(trace, _TRACE)} for i, trace in enumerate(record["traces"], 1)
    ]
    return record


def passes_record(value: Any) -> dict:
    """The complete record of a PassesView, its dict, or of a concrete function.

    Raises:
        TypeError: when the value has no passes.
        ValueError: when a view contradicts itself.
    """
    record = as_view(value)
    if record is None:
        from minitensor.views import passes_view

        record = plain(passes_view(value))
    record = of_kind(record, "passes", _PASSES)
    record["passes"] = [
        {**filled(item, _PASS), "graph": complete_graph(item["graph"])} for item in record["passes"]
    ]
    return record
