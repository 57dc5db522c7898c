"""What an exercise is: a reference, inputs to try it on, and the wrong answers we expect.

A lesson declares its exercises in `checks/lesson_NN*.py` as a tuple called `EXERCISES`. This module
knows nothing about notebooks, display or learners; `judge` compares, `session` talks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .compare import difference

Probe = tuple[Any, ...]


class Todo:
    """What an exercise returns before anything is written in it."""

    def __init__(self, exercise: str) -> None:
        self.exercise = exercise

    def __repr__(self) -> str:
        return f'todo("{self.exercise}")'


def todo(exercise: str) -> Any:
    """Mark a place where the learner's own code belongs.

    Example:
        >>> todo("04.3")
        todo("04.3")
    """
    return Todo(exercise)


def is_blank(value: object) -> bool:
    """Whether `value` still holds a `todo` or a `...`, at any depth."""
    if isinstance(value, Todo) or value is Ellipsis:
        return True
    if isinstance(value, Mapping):
        return any(is_blank(item) for item in value.values())
    return isinstance(value, list | tuple) and any(is_blank(item) for item in value)


@dataclass(frozen=True)
class Mutant:
    """A wrong solution that learners really write, and what to tell them.

    Attributes:
        subject: The wrong function (or value), complete and runnable.
        says: The misconception, in one or two plain sentences.
    """

    subject: Any
    says: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """Something the learner writes: a function, or a value such as a filled-in table.

    Attributes:
        id: Lesson and number, "04.3".
        title: A few words.
        reference: A correct solution: a function, or the right value. A dict is checked entry by
            entry.
        mutants: At least three wrong solutions, each with the message it must trigger.
        hints: A question, a scrambled or partly filled version, a worked sibling.
        variants: At least two more correct solutions, written differently.
        probes: Given a random generator, yields argument tuples for a function, about 10 to 30.
        run: How to apply the learner's object to one probe; calls it unless told otherwise.
        compare: `compare(expected, got)` gives None when equal, else the difference in words.
        starter: For "repair this" exercises: the object as it was given to the learner.
        labels: Names of the arguments, for the failing example; taken from the reference if empty.
        raises: Whether the exercise is about raising: only then may an exception be an answer.
    """

    id: str
    title: str
    reference: Any
    mutants: tuple[Mutant, ...]
    hints: tuple[str, str, str]
    variants: tuple[Any, ...]
    probes: Callable[[np.random.Generator], Iterable[Probe]] | None = None
    run: Callable[..., Any] | None = None
    compare: Callable[[Any, Any], str | None] = difference
    starter: Any = None
    labels: tuple[str, ...] = ()
    raises: bool = False


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something the learner predicts or chooses. Answers are stored as seals, not as text.

    Attributes:
        id: Lesson and number, "04.2".
        title: The question, one sentence.
        choices: What can be answered: a letter or short word, and its text.
        answer: `seal(id, letter)` of the right choice.
        messages: For every wrong choice its seal and what to tell the learner who took it.
        right: What to tell the learner who was right: why.
        hints: Up to three.
    """

    id: str
    title: str
    choices: Mapping[str, str]
    answer: str
    messages: Mapping[str, str]
    right: str
    hints: tuple[str, ...] = field(default=())


def canonical(answer: object) -> str:
    """One spelling per answer: case, blanks and 3 versus 3.0 make no difference.

    Example:
        >>> canonical("  B "), canonical(3.0)
        ('b', '3')
    """
    if isinstance(answer, int | float | np.number) and not isinstance(answer, bool):
        return f"{float(answer):g}"
    return " ".join(str(answer).split()).casefold()


def seal(exercise: str, answer: object) -> str:
    """Salted hash of an answer: enough that reading the checker does not give it away.

    This keeps honest learners from stumbling over the answer. It is no exam security: a handful of
    choices can be tried out.

    Example:
        >>> seal("04.2", "b") == seal("04.2", " B")
        True
    """
    text = f"minitensor lesson {exercise}: {canonical(answer)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
