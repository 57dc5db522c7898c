"""What optimisers are made with: the options that all of them share, and checks of numbers."""

from __future__ import annotations

from typing import Any, TypedDict

from minitensor.errors import InvalidArgumentError, message, suggest

__all__ = ["OPTIONS", "Options", "check_options", "check_range", "unknown_arguments"]


class Options(TypedDict, total=False):
    """What every optimiser can be made with; `Optimizer` says what each means."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


OPTIONS = tuple(name for name in Options.__annotations__ if name != "name")


def check_range(subject: str, low: float, high: float, **given: float) -> None:
    """Check that numbers lie between two others, with these.

    Raises:
        InvalidArgumentError: (also a ValueError) otherwise.
    """
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not (
            low <= value <= high
        ):  # fmt: skip
            ends = f"between [{low:g}, {high:g}]" if high < float("inf") else f">= {low:g}"
            raise InvalidArgumentError(
                message(subject, f"{name}={value!r}", f"`{name}` must be a float {ends}",
                        "outside of it the updates do not settle, or have no meaning",
                        f"leave `{name}` out for its default")
            )  # fmt: skip


def check_options(subject: str, options: dict[str, Any]) -> None:
    """Check the shared options.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range, and for two kinds of
            clipping at once.
    """
    limits = {name: options[name] for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    limits = {name: value for name, value in limits.items() if value is not None}
    check_range(subject, 0, float("inf"), **limits)
    if len(limits) > 1:
        raise InvalidArgumentError(
            message(subject, ", ".join(f"{name}={value}" for name, value in limits.items()),
                    "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set",
                    "each is a way of its own to keep gradients small", "choose one")
        )  # fmt: skip
    if options["use_ema"]:
        check_range(subject, 0, 1, ema_momentum=options["ema_momentum"])
        _check_count(subject, "ema_overwrite_frequency", 1, options)
    _check_count(subject, "gradient_accumulation_steps", 2, options)
    for name in ("weight_decay", "loss_scale_factor"):
        if options[name] is not None:
            check_range(subject, 0, float("inf"), **{name: options[name]})


def _check_count(subject: str, name: str, least: int, options: dict[str, Any]) -> None:
    value = options[name]
    if value is not None and (type(value) is not int or value < least):
        raise InvalidArgumentError(
            message(subject, f"{name}={value!r}", f"`{name}` must be an integer >= {least} or None",
                    "it counts steps", f"for example {name}={max(least, 4)}")
        )  # fmt: skip


def unknown_arguments(subject: str, given: dict[str, Any], known: Any) -> InvalidArgumentError:
    """The error for keywords that no optimiser has."""
    name = next(iter(given))
    fix = suggest(name, known)
    if name == "lr":
        fix = f"it is spelled out: learning_rate={given[name]!r}"
    return InvalidArgumentError(
        message(subject, ", ".join(f"{k}={v!r}" for k, v in given.items()),
                f"Argument(s) not recognized: {given}",
                "an optimiser takes its own numbers and what all optimisers share", fix)
    )  # fmt: skip
