"""Find the exercises of a lesson: `checks/lesson_NN.py` beside this package, loaded by path.

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
        close = difflib.get_close_matches(str(exercise), items, n=1, cutoff=0.3)
        meant = f' Did you mean "{close[0]}"?' if close else ""
        known = ", ".join(items) or "none"
        raise UnknownExerciseError(
            f'there is no exercise "{exercise}". Lesson {lesson} has: {known}.{meant}'
        )

    def lesson(self, number: str) -> dict[str, Item]:
        """All exercises of one lesson by id, in the order they are declared."""
        if number not in self._loaded:
            path = self.folder / f"lesson_{number}.py"
            self._loaded[number] = _load(path) if path.is_file() else {}
        return self._loaded[number]

    def lessons(self) -> list[str]:
        """The numbers of the lessons that have exercises."""
        return sorted(path.stem.removeprefix("lesson_") for path in self.folder.glob("lesson_*.py"))


def _load(path: Path) -> dict[str, Item]:
    name = f"checks_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path.name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return {item.id: item for item in module.EXERCISES}
