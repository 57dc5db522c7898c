"""What runs say about their hyper-parameters.

Source: tensorboard/plugins/hparams/{plugin_data,api}.proto, google/protobuf/struct.proto.
"""

from __future__ import annotations

from typing import Any

from minitensor.summary.reading.decoding import MALFORMED
from minitensor.summary.series import HyperParameters
from minitensor.wire import Message, layout

__all__ = ["metrics_of", "trial_of"]


class _Choice(Message):
    """One value: a number, a text, or yes and no."""

    fields = layout(number_value=(2, "double"), string_value=(3, "string"), bool_value=(4, "bool"))


class _Start(Message):
    fields = layout(
        hparams=(1, _Choice, "map"), group_name=(4, "string"), start_time_secs=(5, "double")
    )


class _End(Message):
    fields = layout(status=(1, "enum"), end_time_secs=(2, "double"))


class _MetricName(Message):
    fields = layout(group=(1, "string"), tag=(2, "string"))


class _Metric(Message):
    fields = layout(name=(1, _MetricName))


class _Experiment(Message):
    fields = layout(metric_infos=(5, _Metric, "list"))


class _Content(Message):
    """What stands in the metadata of a tag for the page of hyper-parameters."""

    fields = layout(
        experiment=(2, _Experiment), session_start_info=(3, _Start), session_end_info=(4, _End)
    )


_STATUS = ["unknown", "success", "failure", "running"]


def trial_of(run: str, contents: list[bytes]) -> HyperParameters | None:
    """The hyper-parameters of a run; None where it says none. What it said last counts.

    A run that has not said how it ended is running.
    """
    start, end = None, None
    for content in map(_content, contents):
        start = content.session_start_info or start
        end = content.session_end_info or end
    if start is None:
        return None
    values = {name: _value(choice) for name, choice in start.hparams.items()}
    status, ended = "running", None
    if end is not None:
        number = end.status or 0
        status = _STATUS[number] if 0 <= number < len(_STATUS) else "unknown"
        ended = end.end_time_secs
    return HyperParameters(run, values, status, start.start_time_secs, ended,
                           start.group_name or "")  # fmt: skip


def metrics_of(contents: list[bytes]) -> list[str]:
    """The tags that an experiment is judged by."""
    experiments = [content.experiment for content in map(_content, contents) if content.experiment]
    names = [metric.name for found in experiments for metric in found.metric_infos if metric.name]
    return ["/".join(filter(None, (name.group, name.tag))) for name in names]


def _content(data: bytes) -> _Content:
    try:
        return _Content.FromString(data)
    except MALFORMED:
        return _Content()


def _value(choice: _Choice) -> Any:
    for field in ("bool_value", "string_value", "number_value"):
        if getattr(choice, field) is not None:
            return getattr(choice, field)
    return None
