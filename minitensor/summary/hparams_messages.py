"""The messages in which hyper-parameters are kept: they stand in the metadata of empty tensors.

Source: tensorboard/plugins/hparams/{plugin_data,api}.proto and google/protobuf/struct.proto.
"""

from __future__ import annotations

from minitensor.wire import Message, layout

__all__ = [
    "Experiment", "HParamInfo", "HParamsData", "Interval", "MetricInfo", "MetricName", "PlainValue",
    "PlainValues", "SessionEnd", "SessionStart",
]  # fmt: skip


class PlainValue(Message):
    """A number, a text or a bool: exactly one of the fields is set."""

    fields = layout(number_value=(2, "double"), string_value=(3, "string"), bool_value=(4, "bool"))


class PlainValues(Message):
    """A list of values."""

    fields = layout(values=(1, PlainValue, "list"))


class Interval(Message):
    """From where to where."""

    fields = layout(min_value=(1, "double"), max_value=(2, "double"))


class HParamInfo(Message):
    """A hyper-parameter and its domain."""

    fields = layout(
        name=(1, "string"), display_name=(2, "string"), description=(3, "string"),
        type=(4, "enum"), domain_discrete=(5, PlainValues), domain_interval=(6, Interval),
    )  # fmt: skip


class MetricName(Message):
    """Where a metric is found."""

    fields = layout(group=(1, "string"), tag=(2, "string"))


class MetricInfo(Message):
    """A metric."""

    fields = layout(
        name=(1, MetricName), display_name=(3, "string"), description=(4, "string"),
        dataset_type=(5, "enum"),
    )  # fmt: skip


class Experiment(Message):
    """What runs have in common."""

    fields = layout(
        time_created_secs=(3, "double"), hparam_infos=(4, HParamInfo, "list"),
        metric_infos=(5, MetricInfo, "list"),
    )  # fmt: skip


class SessionStart(Message):
    """What a run was tried with."""

    fields = layout(
        hparams=(1, PlainValue, "map"), group_name=(4, "string"), start_time_secs=(5, "double")
    )


class SessionEnd(Message):
    """How a run ended."""

    fields = layout(status=(1, "enum"), end_time_secs=(2, "double"))


class HParamsData(Message):
    """What the plugin finds under a tag: one of three."""

    fields = layout(
        experiment=(2, Experiment), session_start_info=(3, SessionStart),
        session_end_info=(4, SessionEnd),
    )  # fmt: skip
