"""From whatever a learner passes to a clean, complete record: plain dicts ready for JSON.

The only floor that asks the engine for anything, and only through `minitensor.views`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

VERSION = 1

# Control characters are no XML, lone surrogates no UTF-8, and bidi overrides let a label lie.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

_VALUE = {
    "shape": [], "dtype": "", "text": [], "heat": [], "minimum": None, "mean": None,
    "maximum": None, "zeros": 0.0, "nans": 0.0, "std": None, "infs": 0.0, "sampled": 0,
}  # fmt: skip


def plain(value: Any) -> Any:
    """Copy a view into JSON types; NaN and infinity become None, unprintable characters "�"."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    number = float(value)  # pyright: ignore[reportArgumentType]  numpy numbers come here too
    return number if math.isfinite(number) else None


def filled(item: Mapping, defaults: Mapping) -> dict:
    """A record with every field a view may leave out."""
    return {**plain(defaults), **item}


def values(item: dict, *names: str) -> dict:
    """A record whose ValueViews under these names are complete."""
    for name in names:
        if item[name] is not None:
            item[name] = filled(item[name], _VALUE)
    return item


def check_version(record: Mapping) -> None:
    """Refuse a view that these widgets were not made for."""
    if record["version"] != VERSION:
        raise ValueError(
            f"View of version {record['version']!r} given; these widgets read version {VERSION}. "
            "Install matching versions of minitensor and its widgets."
        )


def as_view(value: Any) -> dict | None:
    """A view or its dict as plain data; None when the value is something of the engine.

    Every view says its version: that is how it is known.

    Raises:
        TypeError: for a dict that is no view.
    """
    if isinstance(value, Mapping):
        if "version" in value:
            return plain(value)
        raise TypeError(
            f"A dict with the keys {sorted(map(str, value))[:6]} is no view. A GraphView has "
            "version, nodes and edges; a StepsView has version, graph and steps."
        )
    return plain(value) if dataclasses.is_dataclass(value) and hasattr(value, "version") else None


def of_kind(record: dict, kind: str, defaults: Mapping) -> dict:
    """A complete record, after a check that it is one with the field `kind`."""
    if kind not in record:
        raise TypeError(f"This view has no {kind}: it is one for another viewer.")
    record = filled(record, defaults)
    check_version(record)
    return record
