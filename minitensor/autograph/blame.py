"""Errors of converted code, told as errors of the learner's own lines.

An exception keeps its class. Its message begins with the lines of her program that led to it; where
an exception makes its message itself, as KeyError does, the lines are added as a note.
"""

from __future__ import annotations

import dis
import linecache
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from minitensor.autograph.leaves import TO_FIX
from minitensor.autograph.loading import BLOCK
from minitensor.graph.ir import ENGINE, is_learners

__all__ = ["explain_raise", "in_user_code"]

_LIBRARY = f"{Path(sysconfig.get_path('stdlib'))}/"
_RAISE = dis.opmap["RAISE_VARARGS"]
_REPEATS = 3
_RAISED = (
    "Both branches of an `if` over a tensor are traced, so this `raise` runs whether or not the "
    f"condition holds.{TO_FIX}check it when the graph runs, with `assert` or mt.debugging.Assert."
)
_ENDLESS = (
    "While a function is traced, both branches of an `if` over a tensor run, so a call of the "
    f"function in one of them never comes to an end.{TO_FIX}use a loop, or make the condition "
    "depend on a Python number."
)
_HINTS = {RecursionError: _ENDLESS}


class _Step(NamedTuple):
    """A line of the learner's on the way to an error."""

    file: str
    line: int
    function: str
    converted: bool

    def __str__(self) -> str:
        text = linecache.getline(self.file, self.line).strip() or "<source unavailable>"
        star = "  *" if self.converted else ""
        return f'    File "{self.file}", line {self.line}, in {self.function}{star}\n        {text}'


def in_user_code(error: Exception) -> None:
    """Put the learner's lines, if there are any, into the message of an error.

    It has left a converted function, which may be the engine's own, such as a model's `train_step`.
    """
    extra = error.__dict__
    if "autograph_cause" not in extra:
        hint = extra.pop("autograph_hint", None) or next(
            (hint for kind, hint in _HINTS.items() if isinstance(error, kind)), ""
        )
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        extra["autograph_cause"] = f"{said}\n\n{hint}" if hint else said
    steps = "\n".join(_shortened([*_steps(error.__traceback__)]))
    if not steps:
        return
    cause = "\n".join(
        f"    {line}" if line else "" for line in extra["autograph_cause"].split("\n")
    )
    told = f"in user code:\n\n{steps}\n\n{cause}\n"
    given, error.args = error.args, (told,)
    if len(given) > 1 or str(error) != told:
        error.args = given
        notes = [n for n in getattr(error, "__notes__", ()) if not n.startswith("in user code:")]
        error.__notes__ = [*notes, told]


def explain_raise(error: Exception) -> None:
    """Note on an error that left a branch, if a `raise` of the learner's made it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_code.co_filename.startswith(ENGINE):
        return
    if trace.tb_frame.f_code.co_code[trace.tb_lasti] == _RAISE:
        error.__dict__["autograph_hint"] = _RAISED


def _steps(trace: TracebackType | None) -> Iterator[_Step]:
    """The learner's lines, one for each function: where in it the blocks of code have led."""
    last: _Step | None = None
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_learners(code.co_filename) and not code.co_filename.startswith(_LIBRARY):
            block = code.co_qualname.endswith(BLOCK)
            step = _Step(
                code.co_filename, trace.tb_lineno, code.co_name, "ag__" in code.co_freevars
            )
            inside = last is not None and last.file == step.file and (
                (block and last.function == step.function)
                or (step.function == "<lambda>" and last.line == step.line)
            )  # fmt: skip
            if last is not None and not inside:
                yield last
            last = step._replace(function=last.function) if inside and last else step
        trace = trace.tb_next
    if last is not None:
        yield last


def _shortened(steps: list[_Step]) -> Iterator[str]:
    """The steps as text; of one that comes again and again only the first ones."""
    seen: dict[_Step, int] = {}
    left_out = 0
    for step in steps:
        seen[step] = seen.get(step, 0) + 1
        if seen[step] <= _REPEATS:
            yield str(step)
        else:
            left_out += 1
    if left_out:
        yield f"    [… and {left_out} more lines that stand above already]"
