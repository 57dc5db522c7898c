"""Checked exercises for the lessons: what a notebook imports, and what its checker declares.

In a notebook: `from checking import carry, check, hint, predict, solution, todo`.
In `checks/lesson_NN*.py`: `from checking import Exercise, Mutant, Question, seal`.

Read `exercise`, then `compare` and `judge`, then `report` and `session`.
"""

from .catalogue import Catalogue as Catalogue
from .catalogue import UnknownExerciseError as UnknownExerciseError
from .compare import difference as difference
from .exercise import Exercise as Exercise
from .exercise import Mutant as Mutant
from .exercise import Question as Question
from .exercise import seal as seal
from .exercise import todo as todo
from .report import Report as Report
from .report import Status as Status
from .session import Session as Session

SESSION = Session()
check = SESSION.check
predict = SESSION.predict
carry = SESSION.carry
hint = SESSION.hint
solution = SESSION.solution

__all__ = [
    "Catalogue",
    "Exercise",
    "Mutant",
    "Question",
    "Report",
    "Session",
    "Status",
    "UnknownExerciseError",
    "carry",
    "check",
    "difference",
    "hint",
    "predict",
    "seal",
    "solution",
    "todo",
]
