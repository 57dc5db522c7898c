"""Warnings that point at the learner's line, however deep in the engine they arise."""

from __future__ import annotations

import sys
import warnings

from minitensor.graph.ir import is_learners

__all__ = ["warn"]


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn, at the innermost line that is neither the engine's nor that of its compiler."""
    frame = sys._getframe(1)
    while not is_learners(frame.f_code.co_filename) and frame.f_back is not None:
        frame = frame.f_back
    told = frame.f_globals.setdefault("__warningregistry__", {})
    module = frame.f_globals.get("__name__", "<unknown>")
    warnings.warn_explicit(text, category, frame.f_code.co_filename, frame.f_lineno, module, told)
