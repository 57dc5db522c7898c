"""Judge the learner's object: run it beside the reference, find the smallest failing example.

The misconception is found by behaviour. Every mutant of an exercise is run on the same inputs; when
the learner's answers agree with a mutant's wherever that mutant is wrong, its message is the
diagnosis. So a message needs no inspection of code, and a test can prove that it is reached.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .compare import as_array, difference, hang, kind, show
from .exercise import Exercise, Probe, is_blank

SEED = 20_240
NEARLY = 0.005  # a right value, rounded by hand


@dataclass(frozen=True)
class Raised:
    """An exception where a value was expected (or expected in both)."""

    error: type[BaseException]
    text: str

    def __str__(self) -> str:
        """`ValueError: …`, the form a learner knows from tracebacks."""
        return f"{self.error.__name__}: {self.text}" if self.text else self.error.__name__


@dataclass(frozen=True)
class Failure:
    """One input on which the learner's answer is wrong, and how."""

    index: int
    example: str
    expected: str
    got: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What a judge found.

    Attributes:
        blank: Nothing was attempted.
        tried: How many inputs were compared.
        failure: The smallest failing example, None when all agree.
        misconception: The message of the mutant that answers alike, if one does.
    """

    blank: bool
    tried: int
    failure: Failure | None = None
    misconception: str | None = None

    @property
    def passed(self) -> bool:
        """Every input gave the expected answer."""
        return not self.blank and self.failure is None


def judge(exercise: Exercise, subject: Any) -> Verdict:
    """Compare `subject` with the reference of `exercise` on all its probes."""
    if is_blank(subject):
        return Verdict(blank=True, tried=0)
    got = answers(exercise, subject)
    if any(is_blank(answer) for answer in got):
        return Verdict(blank=True, tried=0)
    expected = answers(exercise, exercise.reference)
    reasons = list(compare_all(exercise, expected, got))
    if not any(reasons):
        return Verdict(blank=False, tried=len(got))
    unchanged = exercise.starter is not None and _alike(
        exercise, answers(exercise, exercise.starter), got
    )
    failure = _smallest(exercise, expected, got, reasons)
    misconception = (
        _misuse(exercise, subject)
        or _misconception(exercise, expected, got)
        or _nothing_back(exercise, expected, got)
    )
    return Verdict(unchanged, len(got), failure, misconception)


def probes_of(exercise: Exercise) -> list[Probe]:
    """The inputs, made afresh on each call so that nobody sees another's changes to them."""
    if exercise.probes is not None:
        return [tuple(probe) for probe in exercise.probes(np.random.default_rng(SEED))]
    if isinstance(exercise.reference, Mapping):
        return [(key,) for key in exercise.reference]
    return [()]


def answers(exercise: Exercise, subject: Any) -> list[Any]:
    """What `subject` answers to each probe; an exception becomes a `Raised`."""
    with _quiet():
        return [answer(exercise, subject, probe) for probe in probes_of(exercise)]


@contextmanager
def _quiet() -> Iterator[None]:
    """A check calls things far more often than the learner did: no warnings about that."""
    logger = logging.getLogger("minitensor")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def answer(exercise: Exercise, subject: Any, probe: Probe) -> Any:
    """What `subject` answers to one probe."""
    if (
        exercise.probes is None
        and isinstance(exercise.reference, Mapping)
        and not isinstance(subject, Mapping)
    ):
        return Raised(TypeError, f"expected a dict with an entry for each, got {kind(subject)}")
    try:
        if exercise.run is not None:
            return exercise.run(subject, *probe)
        if exercise.probes is None:
            return subject[probe[0]] if probe else subject
        called: Any = subject
        return called(*probe)
    except KeyError as error:
        missing = exercise.probes is None
        return Raised(KeyError, f"entry {show(probe[0])} is missing" if missing else str(error))
    except Exception as error:
        return Raised(type(error), str(error))


def compare_all(exercise: Exercise, expected: list[Any], got: list[Any]) -> list[str | None]:
    """For each probe None, or how the answer differs."""
    return [_compare(exercise, one, other) for one, other in zip(expected, got, strict=True)]


def _compare(exercise: Exercise, expected: Any, got: Any) -> str | None:
    if isinstance(got, Raised):
        wanted = exercise.raises and isinstance(expected, Raised)
        return (
            None
            if wanted and issubclass(got.error, expected.error)
            else "your code raised an error"
        )
    if isinstance(expected, Raised):
        return f"expected a {expected.error.__name__}, got {_words(got)}"
    try:
        return exercise.compare(expected, got)
    except Exception:  # whatever the learner returned, the comparison must not be what fails
        return f"expected {_words(expected)}, got {kind(got)}"


def _same(exercise: Exercise, one: Any, other: Any) -> bool:
    """Whether two answers agree, right or wrong; the same exception is the same answer."""
    if isinstance(one, Raised) and isinstance(other, Raised):
        return (one.error, one.text) == (other.error, other.text)
    return _compare(exercise, one, other) is None


def _alike(exercise: Exercise, one: list[Any], other: list[Any]) -> bool:
    return all(_same(exercise, a, b) for a, b in zip(one, other, strict=True))


def _smallest(
    exercise: Exercise, expected: list[Any], got: list[Any], reasons: list[str | None]
) -> Failure:
    """The failing example with the fewest numbers in it; a wrong shape says more than a value."""
    probes = probes_of(exercise)
    failing = {place: reason for place, reason in enumerate(reasons) if reason}

    def order(place: int) -> tuple[bool, int, int]:
        return "shape (" not in failing[place], _size(probes[place]), place

    place = min(failing, key=order)
    example = _call(exercise, probes[place])
    if exercise.probes is None:  # the right value is the whole answer, and is not given away
        reason = _in_words(example, expected[place], got[place])
        shown = "" if isinstance(got[place], Raised) else _words(got[place])
        return Failure(place, example, "", shown, reason)
    return Failure(
        index=place,
        example=example,
        expected=_words(expected[place]),
        got=_words(got[place]),
        reason=str(reasons[place]),
    )


def _in_words(example: str, expected: Any, got: Any) -> str:
    """What is wrong with one value, without the right one."""
    if isinstance(got, Raised):
        return got.text
    if isinstance(got, str) and not isinstance(expected, str):
        return f"{example} is text: write a number or a formula, without quotes"
    wanted, given = as_array(expected), as_array(got)
    if wanted is None or given is None or wanted.shape or given.shape:
        return f"{example} is not right yet"
    if abs(given - wanted) <= NEARLY * abs(wanted):
        return f"{example} is nearly right: give more digits, or the formula itself"
    return f"{example} is not right yet"


def _size(value: object) -> int:
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    array = as_array(value)
    return 1 if array is None else int(array.size)


def _words(value: object) -> str:
    return str(value) if isinstance(value, Raised) else show(value)


def _call(exercise: Exercise, probe: Probe) -> str:
    """The example as the learner would write it."""
    name = getattr(exercise.reference, "__name__", "")
    if exercise.probes is None:
        return show(probe[0]) if probe else "your answer"
    labels = exercise.labels or _parameters(exercise.reference)
    texts = [show(value) for value in probe]
    if len(labels) < len(probe):
        return f"{name}({', '.join(texts)})"
    named = list(zip(labels, texts, strict=False))
    if "\n" not in "".join(texts):
        return f"{name}({', '.join(f'{label}={text}' for label, text in named)})"
    lines = [hang(f"{label} = ", text) for label, text in named]
    return "\n".join([f"{name}({', '.join(labels[: len(probe)])}) with", *lines])


def _parameters(subject: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(subject).parameters)
    except (TypeError, ValueError):
        return ()


def _misuse(exercise: Exercise, subject: Any) -> str | None:
    if callable(exercise.reference) and not callable(subject):
        return (
            f"The check needs the function itself, but was given {kind(subject)}. "
            "Write its name without parentheses."
        )
    if not callable(exercise.reference) and callable(subject):
        return "The check needs the value, but was given a function. Call it first."
    return None


def _nothing_back(exercise: Exercise, expected: list[Any], got: list[Any]) -> str | None:
    told = exercise.run is None or all(isinstance(one, Mapping) for one in expected)
    if callable(exercise.reference) and told and all(one is None for one in got):
        return "Nothing came back. Is a return missing at the end of your function?"
    return None


def _misconception(exercise: Exercise, expected: list[Any], got: list[Any]) -> str | None:
    """The message of the mutant that explains most of the learner's wrong answers."""
    best, message = 0, None
    for mutant in exercise.mutants:
        mutated = answers(exercise, mutant.subject)
        wrong = [at for at, text in enumerate(compare_all(exercise, expected, mutated)) if text]
        explained = len(wrong) > best and all(_same(exercise, mutated[at], got[at]) for at in wrong)
        if explained:
            best, message = len(wrong), mutant.says
    return message


__all__ = ["Failure", "Raised", "Verdict", "answers", "difference", "judge", "probes_of"]
