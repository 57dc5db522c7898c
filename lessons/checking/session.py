"""One learner in one kernel: what passed, what was predicted, how many hints were taken.

The functions a notebook imports are the methods of one `Session`. Each returns a `Report`, which
Jupyter shows because it is the last expression of its cell.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

from .catalogue import Catalogue
from .compare import hang, show
from .exercise import Exercise, Question, canonical, is_blank, seal
from .judge import Verdict, judge
from .report import Block, Report, Status

_MISSING = object()
TRIES_BEFORE_SOLUTION = 2


class Session:
    """Checks, predictions and hints of one learner, and the objects that passed."""

    def __init__(self, lessons: Path | None = None, log: Path | None = None) -> None:
        self.catalogue = Catalogue(lessons)
        self._log_path = log
        self._passed: dict[str, Any] = {}
        self._predicted: dict[str, str] = {}
        self._tries: dict[str, int] = {}
        self._hints: dict[str, int] = {}

    def check(self, exercise: str, subject: Any = _MISSING) -> Report:
        """Check the learner's own object, or reveal what became of a prediction.

        `check("04.3", unbroadcast)` runs the function on many inputs beside a reference.
        `check("04.2", "b")` checks a choice. `check("04.2")` compares a locked prediction.

        Args:
            exercise: The number of the exercise.
            subject: The object written in the notebook: the function itself, or the value.

        Raises:
            UnknownExerciseError: No exercise has this number.
        """
        item = self.catalogue[exercise]
        if isinstance(item, Question):
            given = self._predicted.get(exercise, ...) if subject is _MISSING else subject
            return self._answer(item, given)
        if subject is _MISSING:
            raise TypeError(f'check("{exercise}", …) needs the object to check as second argument')
        verdict = judge(item, subject)
        self._note(exercise, subject, verdict.passed, verdict.blank)
        return _verdict_report(item, verdict)

    def predict(self, exercise: str, answer: Any) -> Report:
        """Lock a prediction before the result is seen; `check(exercise)` reveals it later.

        Args:
            exercise: The number of the question.
            answer: The letter of a choice. The first one counts.
        """
        item = self.catalogue[exercise]
        if not isinstance(item, Question):
            raise TypeError(f'exercise "{exercise}" is not a prediction: use check')
        title = f"{item.id} {item.title}"
        if is_blank(answer):
            return Report(Status.NOT_ATTEMPTED, title, (_choices(item),))
        if (given := canonical(answer)) not in item.choices:
            return _no_such_choice(item, answer)
        first = self._predicted.setdefault(exercise, given)
        self._log("predict", exercise, seal=seal(exercise, first))
        text = f"Your prediction is locked: {first}) {item.choices[first]}"
        if first != given:
            text += f"\nThe first prediction counts, so {given}) was not taken."
        return Report(Status.INFO, title, (Block(text),))

    def carry(self, exercise: str) -> Any:
        """The learner's object if it passed its check, else the reference; a badge says which."""
        item = self.catalogue[exercise]
        if not isinstance(item, Exercise):
            raise TypeError(f'exercise "{exercise}" is a question: there is no object to carry on')
        own = exercise in self._passed
        whose = "YOUR" if own else "the reference"
        _display(Report(Status.INFO, f"running on {whose} {_name(item)} ({exercise})"))
        return self._passed[exercise] if own else item.reference

    def hint(self, exercise: str, number: int | None = None) -> Report:
        """The next hint: first a question, then a scrambled version, then a worked sibling."""
        item = self.catalogue[exercise]
        if not item.hints:
            return Report(Status.INFO, f"{exercise} {item.title}", (Block("There is no hint."),))
        following = self._hints.get(exercise, 0) + 1
        place = max(1, min(number or following, len(item.hints)))
        self._hints[exercise] = max(place, self._hints.get(exercise, 0))
        self._log("hint", exercise, number=place)
        title = f"{exercise} {item.title}: hint {place} of {len(item.hints)}"
        return Report(Status.INFO, title, (_text_or_code(item.hints[place - 1]),))

    def solution(self, exercise: str, *, now: bool = False) -> Report:
        """One possible solution, after two tries, or at once with `now=True`."""
        item = self.catalogue[exercise]
        title = f"{exercise} {item.title}"
        if not now and self._tries.get(exercise, 0) < TRIES_BEFORE_SOLUTION:
            text = f'Try twice first, or ask at once: solution("{exercise}", now=True)'
            return Report(Status.INFO, title, (Block(text),))
        self._log("solution", exercise)
        if isinstance(item, Question):
            right = _right_choice(item)
            blocks = (Block(f"{right}) {item.choices[right]}"), Block(item.right))
            return Report(Status.INFO, title, blocks)
        return Report(Status.INFO, title, (Block("One possible solution:"), _source(item)))

    def _answer(self, item: Question, given: Any) -> Report:
        title = f"{item.id} {item.title}"
        if is_blank(given):
            return Report(Status.NOT_ATTEMPTED, title, (_choices(item),))
        letter = canonical(given)
        if letter not in item.choices:
            return _no_such_choice(item, given)
        right = seal(item.id, letter) == item.answer
        self._note(item.id, letter, right, blank=False)
        said = Block(f"You said: {letter}) {item.choices[letter]}")
        if right:
            return Report(Status.PASSED, title, (said, Block(item.right)))
        message = item.messages.get(seal(item.id, letter), "Look again at the result above.")
        return Report(Status.NOT_YET, title, (said, Block(message)))

    def _note(self, exercise: str, subject: Any, passed: bool, blank: bool) -> None:
        self._passed.pop(exercise, None)
        if blank:
            return
        if passed:
            self._passed[exercise] = subject
        else:
            self._tries[exercise] = self._tries.get(exercise, 0) + 1
        self._log("check", exercise, passed=passed)

    def _log(self, event: str, exercise: str, **details: Any) -> None:
        """Append to a file on the learner's own machine; a read-only disk is no reason to fail."""
        path = self._log_path or Path(
            os.environ.get("MINITENSOR_PROGRESS") or Path.home() / ".minitensor" / "progress.jsonl"
        )
        line = json.dumps({"time": round(time.time()), "event": event, "id": exercise, **details})
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def _verdict_report(item: Exercise, verdict: Verdict) -> Report:
    title = f"{item.id} {item.title}"
    if verdict.passed:
        many = f"on all {verdict.tried} inputs" if item.probes else "everywhere"
        return Report(Status.PASSED, title, (Block(f"Agrees with the reference {many}."),))
    ask = Block(f'Next step: hint("{item.id}")')
    if verdict.failure is None:
        return Report(Status.NOT_ATTEMPTED, title, (ask,))
    help_ = _failure_blocks(verdict)
    if verdict.blank:
        unchanged = Block("It still answers like the version you were given.")
        return Report(Status.NOT_ATTEMPTED, title, (unchanged, *help_, ask))
    misconception = (Block(verdict.misconception),) if verdict.misconception else ()
    return Report(Status.NOT_YET, title, (*help_, *misconception, ask))


def _failure_blocks(verdict: Verdict) -> tuple[Block, ...]:
    failure = verdict.failure
    if failure is None:
        return ()
    text = failure.reason[:1].upper() + failure.reason[1:]
    if not failure.expected:
        return (Block(f"{text}." + (f" You gave {failure.got}." if failure.got else "")),)
    lines = [
        failure.example,
        hang("expected  ", failure.expected),
        hang("got       ", failure.got),
    ]
    return Block(f"{text}. The smallest failing example:"), Block("\n".join(lines), code=True)


def _choices(item: Question) -> Block:
    return Block("\n".join(f"{key}) {text}" for key, text in item.choices.items()), code=True)


def _no_such_choice(item: Question, answer: Any) -> Report:
    letters = ", ".join(item.choices)
    text = f"The answer is one of {letters}; it was {show(answer)}."
    return Report(Status.NOT_YET, f"{item.id} {item.title}", (Block(text), _choices(item)))


def _right_choice(item: Question) -> str:
    return next(key for key in item.choices if seal(item.id, key) == item.answer)


def _name(item: Exercise) -> str:
    return getattr(item.reference, "__name__", item.title)


def _text_or_code(text: str) -> Block:
    text = textwrap.dedent(text).strip("\n")
    return Block(text, code="\n" in text)


def _source(item: Exercise) -> Block:
    try:
        return Block(textwrap.dedent(inspect.getsource(item.reference)).rstrip(), code=True)
    except (TypeError, OSError):
        return Block(show(item.reference), code=True)


def _display(report: Report) -> None:
    """Show a report in the middle of a cell: as rich output in Jupyter, printed elsewhere."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display

        display(report)
    else:
        sys.stdout.write(f"{report!r}\n")
