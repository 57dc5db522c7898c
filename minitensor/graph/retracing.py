"""Why a function was traced again: warnings as it happens, a report when it is asked for.

Tracing is what costs time, so it should happen once. `Calls` counts for one piece of code, and
warns when most calls trace; `Trace` is what is remembered of one trace; `Retraces` tells for each
what differed from the nearest one before, and what to do about it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["Calls", "Retraces", "Trace", "calls_of", "compare"]

logger = logging.getLogger("minitensor")
HISTORY, THRESHOLD, MOST_WARNINGS = 10, 5, 2
"""TensorFlow's: so many traces among the last ten calls cause one of at most two warnings."""


class Calls:
    """Counts the calls of the functions made from one piece of code."""

    __slots__ = ("_recent", "_warnings", "count", "functions")

    def __init__(self) -> None:
        self.count = 0
        """Calls since the last trace."""
        self.functions = 0
        """How many traced functions were made from this code."""
        self._recent: list[int] = []
        self._warnings = 0

    def traced(self, function: Any) -> None:
        """Note a call that was traced; warn if that happens too often."""
        if self.count:
            self._recent = [*self._recent[:-1], (self._recent or [0])[-1] + self.count]
            self.count = 0
        self._recent.append(1)
        while self._recent and sum(self._recent[1:]) > HISTORY:
            self._recent.pop(0)
        if len(self._recent) < THRESHOLD or self._warnings >= MOST_WARNINGS:
            return
        self._warnings += 1
        logger.warning(
            "%s out of the last %s calls to %s triggered tf.function retracing. Tracing is "
            "expensive and the excessive number of tracings could be due to (1) creating "
            "@tf.function repeatedly in a loop, (2) passing tensors with different shapes, (3) "
            "passing Python objects instead of tensors. For (1), please define your @tf.function "
            "outside of the loop. For (2), @tf.function has reduce_retracing=True option that can "
            "avoid unnecessary retracing. For (3), please refer to "
            "https://www.tensorflow.org/guide/function#controlling_retracing and "
            "https://www.tensorflow.org/api_docs/python/tf/function for  more details. "
            "fn.why_retraced() lists each trace, what differed, and the cure.",
            len(self._recent), sum(self._recent), function,
        )  # fmt: skip


_calls: WeakKeyDictionary[Any, dict[str, Calls]] = WeakKeyDictionary()
"""By code and file: equal code of two files counts for each."""


def calls_of(function: Any) -> Calls:
    """The count for the code of a Python function: the same for all functions made in a loop."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        return Calls()
    return _calls.setdefault(code, {}).setdefault(code.co_filename, Calls())


@dataclass(frozen=True)
class Trace:
    """What is known of one trace of a function."""

    number: int
    """Which of the function's traces, from 1."""
    signature: list[tuple[str, str]]
    """Each argument, and each part of one: (name, what it is)."""
    calls: int
    """How often its graph was run."""
    seconds: float
    """How long tracing took."""
    nodes: int
    bytes: int
    """What its intermediate results take, as far as sizes are known."""
    differs: list[tuple[str, str, str]]
    """What is not as in the nearest earlier trace: (name, before, now)."""
    fix: str
    """What to do so that the earlier trace serves this call too; empty for the first."""

    def __str__(self) -> str:
        text = ", ".join(f"{name}: {what}" for name, what in self.signature)
        calls, nodes = _counted(self.calls, "call"), _counted(self.nodes, "node")
        time = f"traced in {1000 * self.seconds:.1f} ms"
        lines = [f"{self.number}. ({text})  {calls}, {nodes}, {time}"]
        lines += [f"   {name} was {before}, is {now}" for name, before, now in self.differs]
        return "\n".join([*lines, f"   To fix it: {self.fix}"] if self.fix else lines)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


class Retraces:
    """The traces of a function as a report: print it, or read `traces`.

    `loop` is how many functions were made from the same code.
    """

    def __init__(self, name: str, traces: Sequence[Trace], loop: int):
        self.name, self.traces, self.loop = name, list(traces), loop

    def __str__(self) -> str:
        count = len(self.traces)
        calls = sum(trace.calls for trace in self.traces)
        lines = [f"{self.name}: {_counted(count, 'trace')}, {_counted(calls, 'call')}"]
        lines += [str(trace) for trace in self.traces]
        if self.loop > 1:
            lines.append(
                f"mt.function was applied {self.loop} times to this code, and each result has its "
                "own traces.\n   To fix it: define the function once, outside of the loop"
            )
        return "\n".join(lines)

    __repr__ = __str__


_Signature = Sequence[tuple[str, str]]
Difference = tuple[str, str, str]
NOTHING = "absent"
ONE_FOR_ALL = "let one trace serve all sizes"
LEFT_OPEN = "nothing is left to do: this trace leaves the sizes that differ open"


def compare(now: _Signature, earlier: Sequence[_Signature]) -> tuple[list[Difference], str]:
    """How a signature differs from the nearest of earlier ones, and the fix."""
    if not earlier:
        return [], ""
    candidates = [_differences(before, now) for before in reversed(earlier)]
    nearest = min(candidates, key=len)
    if not nearest:
        return [], (
            "pass the same objects as before and keep them alive; an object that is gone takes its "
            "traces along"
        )
    return nearest, _fix(nearest[0])


def _differences(before: _Signature, now: _Signature) -> list[Difference]:
    old, new = dict(before), dict(now)
    names = dict.fromkeys([*new, *old])
    return [
        (name, old.get(name, NOTHING), new.get(name, NOTHING))
        for name in names
        if old.get(name) != new.get(name)
    ]


_TENSOR = re.compile(r"(\w+)\[(.*)\]$")
_NUMBER = re.compile(r"(bool|int|float|complex) ")
_CONTAINER = re.compile(r"(\w+) of (\d+)$")


def _fix(difference: Difference) -> str:
    """What makes one trace serve both."""
    name, before, now = difference
    root = re.split(r"[\[.]", name)[0]
    tensors = _TENSOR.match(before), _TENSOR.match(now)
    if tensors[0] and tensors[1]:
        return _fix_tensors(name, tensors[0], tensors[1])
    if _NUMBER.match(now) and (_NUMBER.match(before) or tensors[0]):
        value = now.partition(" ")[2]
        return f"pass a tensor, {name}=mt.constant({value}), instead of the Python number {value}"
    if _NUMBER.match(before) and tensors[1]:
        value = before.partition(" ")[2]
        return f"pass always a tensor: mt.constant({value}) instead of the Python number {value}"
    containers = _CONTAINER.match(before), _CONTAINER.match(now)
    if containers[0] and containers[1]:
        if containers[0][1] != containers[1][1]:
            return f"pass {name} always as a {containers[0][1]}"
        return f"pass the parts of {name} as one tensor, mt.stack({name})"
    if before.startswith("variable ") and now.startswith("variable ") and before != now:
        if "the same as" not in before + now:
            return f"pass as {name} variables of one shape and dtype, all trainable or none"
        return "pass different variables to different arguments, or always the same one twice"
    if " object" in before + now or " at 0x" in before + now:
        return (
            f"pass the same object as {root} each time and keep it alive, or let the function read "
            "it from where it is defined; give it tensors for what changes"
        )
    return f"every value of {root} makes a program of its own; pass what changes often as a tensor"


def _fix_tensors(name: str, before: re.Match, now: re.Match) -> str:
    if before[1] != now[1]:
        return f"give {name} always one dtype: mt.cast({name}, mt.{before[1]})"
    old, new = (match[2].split(", ") if match[2] else [] for match in (before, now))
    if len(old) != len(new):
        shape = "None"
    else:
        sizes = [a if a == b else "None" for a, b in zip(old, new, strict=True)]
        shape = f"[{', '.join(sizes)}]".replace("?", "None")
    return (
        f"{ONE_FOR_ALL}, with @mt.function(reduce_retracing=True) or "
        f"mt.TensorSpec({shape}, mt.{now[1]}) in input_signature; or pad {name} to one size"
    )
