"""Hyper-parameters: what each run was tried with, for a table of all runs beside their metrics.

Each run is a directory of its own. `hparams` says what it is tried with and `session_end` how it
ended; `hparams_config`, once for all of them, says what may vary and what counts.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten, suggest
from minitensor.op import State, state
from minitensor.summary.arguments import listed
from minitensor.summary.context import present
from minitensor.summary.hparams_messages import (
    Experiment,
    HParamInfo,
    HParamsData,
    Interval,
    MetricInfo,
    MetricName,
    PlainValue,
    PlainValues,
    SessionEnd,
    SessionStart,
)  # fmt: skip
from minitensor.summary.hparams_space import Discrete, HParam, Metric, in_domain, is_too_large
from minitensor.summary.recording import clean, record
from minitensor.summary.records import Kind, tensor_bytes
from minitensor.wire import Message

__all__ = ["end_session", "hparams", "hparams_config", "session_end"]

START, END = "_hparams_/session_start_info", "_hparams_/session_end_info"


def hparams(
    hparams: Mapping[Any, Any], trial_id: str | None = None, start_time_secs: float | None = None
) -> Any:
    """Record the hyper-parameters of this run.

    When its writer is closed, the run has ended: `session_end`, which need not be called. Values
    outside of the domain of their `HParam`, and other values in the same run, are recorded with a
    warning.

    Args:
        hparams: values by name, or by `HParam`: bools, numbers and texts.
        trial_id: what runs with the same values have in common; made of the values by default.
        start_time_secs: when the run began, in seconds since 1970; now by default.

    Returns:
        Whether they were recorded, as a bool tensor: False without a default writer.

    Raises:
        ArgumentError: (also a TypeError) for values of other types.
        InvalidArgumentError: (also a ValueError) for one name given twice, and for a time that is
            no number.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default():
        ...     mt.summary.hparams({"rate": 0.1, "optimizer": "adam"})
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    values = _named(hparams)
    if trial_id is None:
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        trial_id = hashlib.sha256(text.encode()).hexdigest()
    elif not isinstance(trial_id, str):
        raise ArgumentError(
            f"`trial_id` should be a `str`, but got: {trial_id!r}\n"
            + message("hparams", f"trial_id={shorten(trial_id)}", "it is no text",
                      "runs with the same text stand in one row", f"write {str(trial_id)!r}")
        )  # fmt: skip
    session = SessionStart(
        hparams={name: _value(x) for name, x in values.items()}, group_name=trial_id,
        start_time_secs=_seconds("hparams", "start_time_secs", start_time_secs),
    )  # fmt: skip
    recorded = _record(START, HParamsData(session_start_info=session))
    if state.interpreter is State.interpreter and recorded:
        _tell_of_others(values)
    return recorded


def hparams_config(
    hparams: Iterable[HParam], metrics: Iterable[Metric], time_created_secs: float | None = None
) -> Any:
    """Record which hyper-parameters an experiment varies, and by which metrics runs are compared.

    Record it once, in the directory above the runs.

    Args:
        hparams: the hyper-parameters.
        metrics: the metrics.
        time_created_secs: when the experiment began, in seconds since 1970.

    Returns:
        Whether they were recorded, as a bool tensor: False without a default writer.

    Raises:
        ArgumentError: (also a TypeError) for what are no lists of them.
        InvalidArgumentError: (also a ValueError) for two of one name.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> rate = mt.summary.HParam("rate", mt.summary.RealInterval(1e-4, 1e-1))
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default():
        ...     mt.summary.hparams_config([rate], [mt.summary.Metric("accuracy")])
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    name, created = "hparams_config", time_created_secs
    if created is not None:
        created = _seconds(name, "time_created_secs", created)
    varied = listed(name, "hparams", hparams, "HParam")
    measured = listed(name, "metrics", metrics, "Metric")
    experiment = Experiment(
        hparam_infos=[_described(x) for x in varied],
        metric_infos=[_measured(x) for x in measured], time_created_secs=created or None,
    )  # fmt: skip
    _check_apart("hparams", varied, [x.name for x in varied])
    _check_apart("metrics", measured, [(x.group, x.tag, x.dataset_type) for x in measured])
    return _record("_hparams_/experiment", HParamsData(experiment=experiment))


def session_end(status: str = "success", end_time_secs: float | None = None) -> Any:
    """Record how this run ended.

    Without it, the writer says so when it is closed: "failure" where its last `with` block ended
    with an exception, else "success".

    Args:
        status: "success", "failure", "running" or "unknown".
        end_time_secs: when, in seconds since 1970; now by default.

    Returns:
        Whether it was recorded, as a bool tensor: False without a default writer.

    Raises:
        InvalidArgumentError: (also a ValueError) for another status.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default():
        ...     mt.summary.session_end("failure")
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    if status not in _STATUS:
        raise InvalidArgumentError(
            message("session_end", f"status={shorten(status)}", "there is no such end",
                    f"a run ends with {', '.join(map(repr, _STATUS))}",
                    suggest(str(status), list(_STATUS)) or 'write session_end("success")')
        )  # fmt: skip
    end = _seconds("session_end", "end_time_secs", end_time_secs)
    return _record(END, _ended(status, end))


def end_session(writer: Any, status: str) -> None:
    """Record how the run of a writer ended, as `session_end` does for the default writer."""
    kind = _HPARAMS._replace(content=_ended(status, time.time()).SerializeToString())
    writer.put(kind, END, 0, kind.prepare())


def _ended(status: str, seconds: float) -> Message:
    session = SessionEnd(status=_STATUS.index(status) or None, end_time_secs=seconds)
    return HParamsData(session_end_info=session)


def _record(tag: str, content: Message) -> Any:
    """Everything is said in the metadata; the tensor is empty."""
    kind = _HPARAMS._replace(content=content.SerializeToString())
    return record(kind, tag, (), 0)


def _seconds(subject: str, name: str, value: Any) -> float:
    """Seconds since 1970; now, where none are given."""
    if value is None:
        return time.time()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentError(
            message(subject, f"{name}={shorten(value)}", f"it is of type {type(value).__name__}",
                    "a time is a number of seconds since 1970", "leave it out for now")
        )  # fmt: skip
    if is_too_large(value) or not math.isfinite(value):
        raise InvalidArgumentError(
            message(subject, f"{name}={shorten(value)}", "there is no such time",
                    "a time is a number of seconds since 1970", "leave it out for now")
        )  # fmt: skip
    return float(value)


def _tell_of_others(values: dict[str, Any]) -> None:
    """Warn where the run of the default writer has other hyper-parameters already."""
    before = _values.setdefault(present().writer, values)
    if before != values:
        warnings.warn(
            f"hparams: this run has hyper-parameters already, {shorten(before)}, and now others, "
            f"{shorten(values)}. A run is tried with one set, and TensorBoard shows the first. "
            "Make a writer with a directory of its own for each trial.", stacklevel=3,
        )  # fmt: skip


def _named(hparams: Mapping[Any, Any]) -> dict[str, Any]:
    """The values by name, as Python's own numbers."""
    if not isinstance(hparams, Mapping):
        raise ArgumentError(
            message("hparams", shorten(hparams), "that is no dictionary",
                    "hyper-parameters are values by name", 'write hparams({"rate": 0.1})')
        )  # fmt: skip
    found: dict[str, Any] = {}
    for key, value in hparams.items():
        name = key.name if isinstance(key, HParam) else key
        if not isinstance(name, str):
            raise ArgumentError(
                message("hparams", f"the key {shorten(key)}", f"it is of type {type(key).__name__}",
                        "a hyper-parameter has a name", f"write {str(key)!r}")
            )  # fmt: skip
        if name in found:
            raise InvalidArgumentError(
                f"multiple values specified for hparam {name!r}\n"
                + message("hparams", f"the key {name!r} twice", "it has two values",
                          "a run has one value of each", "give the other one another name")
            )  # fmt: skip
        found[clean(name)] = _plain(name, value)
        if isinstance(key, HParam):
            _tell_of_domain(key, found[clean(name)])
    return found


def _tell_of_domain(key: HParam, value: Any) -> None:
    """Warn where a value is none of those that were said to be tried."""
    if key.domain is not None and not in_domain(value, key.domain):
        warnings.warn(
            f"hparams: {key.name}={shorten(value)} lies outside of its domain, "
            f"{shorten(key.domain)}. Where that was recorded by hparams_config, TensorBoard's "
            "table may leave this run out. Choose a value within it, or make the domain larger.",
            stacklevel=4,
        )


def _plain(name: str, value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    large = is_too_large(value)
    if large or not isinstance(value, bool | float | int | str):
        fault = "no float is as large" if large else f"it is of type {type(value).__name__}"
        raise ArgumentError(
            message("hparams", f"{name}={shorten(value)}", fault,
                    "a hyper-parameter is a bool, a number or a text",
                    "write float(...) or str(...)")
        )  # fmt: skip
    return clean(value) if isinstance(value, str) else value


def _value(x: Any) -> Message:
    """A bool, number or text as a message; exactly one of its fields is set."""
    if isinstance(x, bool):
        return PlainValue(bool_value=x)
    return PlainValue(string_value=x) if isinstance(x, str) else PlainValue(number_value=float(x))


def _described(x: HParam) -> Message:
    _check_class("hparams", x, HParam)
    made = HParamInfo(
        name=x.name, description=x.description or None, display_name=x.display_name or None
    )
    if x.domain is None:
        return made
    made.type = _TYPES[x.domain.dtype]
    if isinstance(x.domain, Discrete):
        values = [_value(value) for value in x.domain.values]
        made.domain_discrete = PlainValues(values=values) if values else None
    else:
        low, high = x.domain.min_value, x.domain.max_value  # type: ignore[attr-defined]
        made.domain_interval = Interval(min_value=float(low) or None, max_value=float(high) or None)
    return made


def _measured(x: Metric) -> Message:
    _check_class("metrics", x, Metric)
    name = MetricName(group=x.group or None, tag=x.tag or None)
    return MetricInfo(
        name=name, display_name=x.display_name or None, description=x.description or None,
        dataset_type=x.dataset_type,
    )  # fmt: skip


def _check_apart(what: str, given: list, names: list) -> None:
    """Refuse two of one name."""
    for i, name in enumerate(names):
        if name in names[:i]:
            raise InvalidArgumentError(
                message("hparams_config", f"{shorten(given[i])} in {what}",
                        "another one before it has the same name",
                        "within an experiment each has a name of its own",
                        "leave one of them out")
            )  # fmt: skip


def _check_class(name: str, x: Any, wanted: type) -> None:
    if not isinstance(x, wanted):
        raise ArgumentError(
            message("hparams_config", f"{shorten(x)} in {name}", f"it is no {wanted.__name__}",
                    f"{name} are a list of {wanted.__name__}", f"write {wanted.__name__}({x!r})")
        )  # fmt: skip


def _nothing() -> None:
    """There is no tensor."""


_EMPTY = tensor_bytes(np.zeros(0, np.float32))
_HPARAMS = Kind("hparams", "hparams", _nothing, lambda _: _EMPTY, scoped=False)
_values: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
"""What the run of each writer is tried with."""
_STATUS = ("unknown", "success", "failure", "running")
_TYPES = {str: 1, bool: 2, int: 3, float: 3}
