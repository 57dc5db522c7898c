"""Find the exercises of a lesson: `checks/lesson_NN*.py` beside this package, loaded by path.

The folder is found from this file, so the same code serves a checkout, a copy made from the
installed wheel, and Binder.
"""

from __future__ import annotations

import difflib
import importlib.util
import sys
from pathlib import Path

from .exercise import Exercise, Question

Item = Exercise | Question


class UnknownExerciseError(LookupError):
    """No exercise has this number."""


class Catalogue:
    """The exercises of all lessons in one folder, each lesson loaded when first asked for."""

    def __init__(self, lessons: Path | None = None) -> None:
        self.folder = (lessons or Path(__file__).resolve().parent.parent) / "checks"
        self._loaded: dict[str, dict[str, Item]] = {}

    def __getitem__(self, exercise: str) -> Item:
        lesson = str(exercise).partition(".")[0]
        items = self.lesson(lesson)
        if exercise in items:
            return items[exercise]
        where = f"Lesson {lesson} has: {', '.join(items)}."
        if not items:
            where = f"There is no lesson {lesson}; there are {', '.join(self.lessons())}."
            items = {
                key: item for number in self.lessons() for key, item in self.lesson(number).items()
            }
        close = difflib.get_close_matches(str(exercise), items, n=1, cutoff=0.3)
        meant = f' Did you mean "{close[0]}"?' if close else ""
        raise UnknownExerciseError(f'there is no exercise "{exercise}". {where}{meant}')

    def lesson(self, number: str) -> dict[str, Item]:
        """All exercises of one lesson by id, in the order of their numbers."""
        if number not in self._loaded:
            items: dict[str, Item] = {}
            for path in self._files():
                items |= _load(path) if _lesson_of(path) == number else {}
            self._loaded[number] = dict(sorted(items.items(), key=lambda item: _place(item[0])))
        return self._loaded[number]

    def lessons(self) -> list[str]:
        """The numbers of the lessons that have exercises."""
        return sorted(set(map(_lesson_of, self._files())))

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("lesson_*.py"))


def _lesson_of(path: Path) -> str:
    return path.stem.split("_")[1]


def _place(exercise: str) -> tuple[int, str]:
    number = exercise.partition(".")[2]
    return int(number) if number.isdecimal() else 0, exercise


def _load(path: Path) -> dict[str, Item]:
    name = f"checks_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path.name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return {item.id: item for item in module.EXERCISES}
