"""The complete records of a Jacobian and of a gradient check."""

from __future__ import annotations

from typing import Any

from ..records import VERSION, as_view, filled, of_kind, plain

_JACOBIAN = {
    "version": VERSION, "title": "", "output": "y", "input": "x", "rows": [], "columns": [],
    "dtype": "", "structure": None, "cells": [], "block": [1, 1], "minimum": None, "maximum": None,
    "zeros": 0.0, "nans": 0, "infinities": 0, "note": "", "error": "",
}  # fmt: skip
_STRUCTURE = {"name": "", "text": "", "hint": "", "decided": "", "facts": []}
_CHECK = {
    "version": VERSION, "title": "", "verdict": "", "text": "", "steps": [], "arguments": [],
    "notes": [], "error": "", "results": 1,
}  # fmt: skip
_ARGUMENT = {
    "name": "", "shape": [], "dtype": "", "verdict": "", "text": "", "checked": 0, "elements": [],
    "curves": [],
}  # fmt: skip


def jacobian_record(what: Any, *given: Any, argument: int = 0, axes: int | None = None) -> dict:
    """The complete record of a JacobianView, its dict, or of what `jacobian` takes.

    Raises:
        TypeError: when the value has no Jacobian.
        ValueError: when the view is of another version.
    """
    record = as_view(what)
    if record is None:
        from minitensor.views import jacobian_view

        record = plain(jacobian_view(what, *given, argument=argument, axes=axes))
    record = of_kind(record, "cells", _JACOBIAN)
    record["structure"] = filled(record["structure"] or {}, _STRUCTURE)
    return record


def check_record(what: Any, *given: Any) -> dict:
    """The complete record of a GradientCheckView, its dict, or of what `gradient_check` takes.

    Raises:
        TypeError: when the value has no gradient.
        ValueError: when the view is of another version.
    """
    record = as_view(what)
    if record is None:
        from minitensor.views import gradient_check_view

        record = plain(gradient_check_view(what, *given))
    record = of_kind(record, "verdict", _CHECK)
    record["arguments"] = [filled(item, _ARGUMENT) for item in record["arguments"]]
    return record
