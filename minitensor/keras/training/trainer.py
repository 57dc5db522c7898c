"""`Trainer`: how a model learns from data."""

from __future__ import annotations

__all__ = ["Trainer"]


class Trainer:
    """What a model can do with data: compile, fit, evaluate, predict."""
