"""How a summary is recorded: at once while ops compute, by an op of its own in a traced function.

A graph asks each time it runs which writer, step and condition hold; those that were entered, or
given, while it was traced belong to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.dtypes import kind_of
from minitensor.eager import constant
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.graph.symbol import Symbol
from minitensor.op import State, convert, op, state
from minitensor.shapes import Spec
from minitensor.summary.arguments import text
from minitensor.summary.context import Context, present
from minitensor.summary.records import Kind
from minitensor.tensor import Operand

__all__ = [
    "Recording", "clean", "holds", "in_graph", "record", "step_number", "tag_of", "write_summary",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Recording:
    """What a node of a graph records. None: what holds when it runs."""

    kind: Kind | None
    tag: str = ""
    description: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    writer: Any = None
    step: int | None = None
    condition: bool | None = None
    given: tuple[str, ...] = ()
    """Which of step and condition are the last inputs of the node."""

    def run(self, arrays: Sequence) -> bool:
        """Record these arrays; whether they were."""
        count = len(arrays) - len(self.given)
        last = {name: to_numpy(x)[()] for name, x in zip(self.given, arrays[count:], strict=True)}
        here = present()
        writer = self.writer or here.writer
        condition = last.get("condition", self.condition)
        condition = here.condition if condition is None else condition
        if writer is None or not holds(condition):
            return False
        if self.kind is None:
            return True
        step = last.get("step", here.step if self.step is None else self.step)
        payload = self.kind.prepare(*map(to_numpy, arrays[:count]), **self.options)
        return writer.put(
            self.kind, self.tag, step_number(step), payload, self.description, _size(payload)
        )


def record(
    kind: Kind, name: Any, values: Sequence | Callable[[], Sequence], step: Any,
    description: str | None = None, **options: Any,
) -> Any:  # fmt: skip
    """Record values under a name, and say whether they were (a bool tensor).

    `values` may be a function that gives them; it is called when they are needed.
    """
    here = present()
    description = None if description is None else _described(description)
    eager = state.interpreter is State.interpreter
    if eager and (here.writer is None or not holds(here.condition)):
        return _said(False)
    values = values() if callable(values) else values
    if type(name) is not str:
        _check_order(kind, name, values)
    if eager:
        assert here.writer is not None
        if kind.plain is not None and type(values[0]) is kind.plain:
            payload, size = values[0], 0
        else:
            arrays = [to_numpy(_operand(x, kind)._array) for x in values]
            payload = kind.prepare(*arrays, **options)
            size = _size(payload)
        number = step_number(here.step if step is None else step)
        tag = tag_of(name, kind)
        return _said(here.writer.put(kind, tag, number, payload, description, size))
    return in_graph(Recording(kind, tag_of(name, kind), description, options), values, step, here)


def _check_order(kind: Kind, name: Any, values: Sequence) -> None:
    """Tell a name and data that changed places."""
    if kind.name == "text" or isinstance(name, str | None) or not values:
        return
    if isinstance(values[0], str):
        raise ArgumentError(
            message(kind.name, f"the name {shorten(name)} and the data {values[0]!r}",
                    "they are swapped", "the name comes first, then what is recorded under it",
                    f"write summary.{kind.name}({values[0]!r}, {shorten(name)})")
        )  # fmt: skip


def in_graph(recording: Recording, values: Sequence, step: Any, here: Context) -> Any:
    """The node that records, with what this trace has entered."""
    inputs, given = [], []
    if recording.kind is not None:
        inputs = [_operand(x, recording.kind) for x in values]
        recording.kind.check(*map(_known, inputs), **recording.options)
    if "writer" in here.traced:
        recording = replace(recording, writer=here.writer)
    step = here.step if step is None and "step" in here.traced else step
    if isinstance(step, Operand):
        inputs.append(convert(step))
        given.append("step")
    elif step is not None:
        recording = replace(recording, step=step_number(step))
    if "condition" in here.traced:
        condition = one_truth(here.condition)
        if isinstance(condition, Operand):
            inputs.append(convert(condition))
            given.append("condition")
        else:
            recording = replace(recording, condition=bool(condition))
    return write_summary(inputs, recording=replace(recording, given=tuple(given)))


def _operand(value: Any, kind: Kind) -> Any:
    """A value as a tensor, which has no mask."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise InvalidArgumentError(
            message(kind.name, f"a masked array of shape {value.shape}", "some of it is masked",
                    "what lies under a mask is no value, and a tensor has no mask",
                    "take x.compressed(), or x.filled(np.nan)")
        )  # fmt: skip
    return convert(value)


def _size(payload: Any) -> int:
    """About how many bytes wait with it."""
    if isinstance(payload, tuple):
        return sum(map(_size, payload))
    if isinstance(payload, np.ndarray):
        texts = sum(map(len, payload.flat)) if payload.dtype.kind == "O" else 0
        return payload.nbytes + texts
    return len(payload) if isinstance(payload, bytes) else 0


def _known(symbol: Any) -> Spec:
    shape: Any = None if symbol.shape.rank is None else tuple(symbol.shape)
    return Spec(shape, symbol.dtype)


def holds(condition: bool | Callable[[], Any] | Any) -> bool:
    """Whether a condition holds now.

    Raises:
        InvalidArgumentError: (also a ValueError) when it is not one truth value.
    """
    if condition is True:
        return True
    found = one_truth(condition)
    if isinstance(found, Symbol):
        raise InvalidArgumentError(
            message("summary", f"the condition {found.name}",
                    "it was entered while a function was traced, and is a place in that graph",
                    "outside of the graph it has no value",
                    "record inside the function, within its record_if")
        )  # fmt: skip
    return bool(found)


def one_truth(condition: Any) -> Any:
    """A condition, or what a function gives that is one, unless it is no single truth value.

    Raises:
        InvalidArgumentError: (also a ValueError) when its shape or dtype shows that.
        ArgumentError: (also a TypeError) for a function that wants arguments.
    """
    found = _asked(condition) if callable(condition) else condition
    if not _is_truth(found):
        raise InvalidArgumentError(
            message("record_if", f"condition={shorten(found)}", "that is not one truth value",
                    "it is a bool, a bool tensor of shape (), or a function that gives one",
                    "write record_if(step % 10 == 0), or reduce it with mt.reduce_any")
        )  # fmt: skip
    return found


def _asked(condition: Callable[..., Any]) -> Any:
    """What a function gives that is asked without arguments."""
    try:
        return condition()
    except TypeError:
        if _takes_nothing(condition):  # then something else went wrong within it
            raise
        raise ArgumentError(
            message("record_if", f"condition={shorten(condition)}", "it wants arguments",
                    "a function that is a condition is called without any, each time",
                    "write record_if(lambda: step % 10 == 0)")
        ) from None  # fmt: skip


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return False
    except ValueError:  # a function of C does not say what it takes
        return True
    return True


def _is_truth(value: Any) -> bool:
    """Whether it is one bool or integer, as far as its shape and dtype are known."""
    if isinstance(value, Operand):
        return value.shape.rank in (None, 0) and kind_of(value.dtype) in "biu"
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return False
    return array.ndim == 0 and array.dtype.kind in "biu"


def tag_of(name: Any, kind: Kind) -> str:
    """The name below the active name scopes."""
    if not isinstance(name, str) and name is not None:
        fix = f'write summary.{kind.name}("loss", …)'
        text(kind.name, "name", name, "a summary's name is text", fix)
    name = name or f"{kind.name}_summary"
    return f"{state.scope}/{name}" if state.scope and kind.scoped else name


def clean(given: str) -> str:
    """A text without the half characters that no file can hold."""
    return given.encode("utf-8", "replace").decode()


def _described(description: Any) -> str:
    fix = "leave it out, or write it as text"
    return clean(text("summary", "description", description, "a description is Markdown text", fix))


def step_number(step: Any) -> int:
    """A step as an int.

    Raises:
        InvalidArgumentError: (also a ValueError) when there is none.
        ArgumentError: (also a TypeError) when it is no whole number.
    """
    if type(step) is int and -_LARGEST <= step < _LARGEST:
        return step
    if step is None:
        raise InvalidArgumentError(
            "No step set. Please specify one either through the `step` argument or through "
            "tf.summary.experimental.set_step()\nWithout it all values would lie on one point. To "
            "fix it: write step=step, where step counts the rounds of your loop."
        )
    if isinstance(step, Symbol):
        raise InvalidArgumentError(
            message("summary", f"the default step {step.name}",
                    "it was set while a function was traced, and is a place in that graph",
                    "outside of the graph it has no value",
                    "pass step=step to the summaries inside, or call set_step with a variable")
        )  # fmt: skip
    given: Any = step
    if isinstance(given, list | tuple):  # lists of different lengths are not even arrays
        given = np.array(given, object)
    array = np.asarray(given.numpy() if hasattr(given, "numpy") else given)
    if array.ndim or array.dtype.kind not in "iu" or not -_LARGEST <= int(array) < _LARGEST:
        raise ArgumentError(
            message("summary", f"step={shorten(step)}", "that is no whole number of 64 bits",
                    "steps are counted: a Python int, or an integer tensor without axes",
                    "write step=int(step)")
        )  # fmt: skip
    return int(array)


_LARGEST = 1 << 63


def _bool_spec(*inputs: Spec, **_: Any) -> Spec:
    return Spec((), np.dtype(bool))


def _samples(rng: np.random.Generator) -> Iterator:
    yield (rng.normal(size=(2, 3)),), {"recording": Recording(None)}


@op(infer=_bool_spec, samples=_samples, types="A", portable=False, stateful=True,
    why_none="recording a summary has no result to differentiate")  # fmt: skip
def write_summary(xp, *inputs, recording):
    """Record the inputs in an event file; whether they were recorded.

    Shape: any → () bool.
    """
    return xp.asarray(recording.run(inputs))


write_summary.any_rank = True


@cache
def _said(recorded: bool) -> Any:
    """One and the same tensor each time: making one would take longer than recording a number."""
    return constant(recorded)
