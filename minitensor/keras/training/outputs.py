"""Which loss, label or weight belongs to which output of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message, shorten, suggest

__all__ = ["each_output", "names_of_outputs", "numbered"]

Names = Sequence[str | None]


def names_of_outputs(model: Any, outputs: Any) -> list[str | None]:
    """One name for each output: its key in a dict, its layer in a functional model, else None."""
    if isinstance(outputs, Mapping) and not any(map(nest.is_nested, outputs.values())):
        return [str(key) for key in nest.sorted_keys(outputs)]
    count = len(nest.flatten(outputs))
    drawn = getattr(model, "outputs", None) or []
    if len(drawn) == count:
        return [x.node.layer.name for x in drawn]
    return [None] * count


def each_output(what: str, given: Any, names: Names, partly: bool = False) -> list:
    """What is given for each output: by name, by position, or the same for all.

    Args:
        what: what is given, as messages call it.
        given: a dict, a list or tuple, or anything else for all outputs.
        names: the names of the outputs.
        partly: whether a dict may leave outputs out; they get None.

    Raises:
        InvalidArgumentError: (also a ValueError) for names of no output, and for another number.
    """
    if isinstance(given, Mapping):
        if len(names) == len(given) == 1 and names[0] is None:
            return list(given.values())
        return _by_name(what, given, names, partly)
    if isinstance(given, (list, tuple)):
        given = nest.flatten(given) if len(given) != len(names) else list(given)
        if len(given) != len(names):
            raise InvalidArgumentError(
                message("fit", f"{len(given)} {what} for {len(names)} outputs",
                        f"`{what}` must match the number of outputs, got {len(names)} outputs and "
                        f"{len(given)} of them", "there is one for each output of the model, in "
                        "order; None leaves an output out",
                        f"pass a list of {len(names)}, or a dict by the names of the outputs")
            )  # fmt: skip
        return given
    return [given] * len(names)


def _by_name(what: str, given: Mapping, names: Names, partly: bool) -> list:
    unknown = [key for key in given if key not in names]
    if unknown or (not partly and len(given) != len(names)):
        known = [name for name in names if name is not None]
        if not known:
            fix = "pass a list in the order of the outputs, or let the model return a dict"
        else:
            fix = suggest(str(unknown[0]), known) if unknown else f"give all of {known}"
        raise InvalidArgumentError(
            message("fit", f"{what}={shorten(dict(given))}",
                    f"Expected keys {known} in {what} dict, but found {what}.keys()={list(given)}",
                    "the keys are the names of outputs: those of the last layers of a functional "
                    "model, or the keys of the dict that a model returns", fix)
        )  # fmt: skip
    return [given.get(name) for name in names]


def numbered(name: str, taken: Any) -> str:
    """The name, with a number if it is taken: `mae`, then `mae_1`."""
    count, found = 0, name
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found
