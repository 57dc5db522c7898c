"""Settings every test shares: deterministic display, one BLAS thread, no user configuration."""

from __future__ import annotations

import os
import time

import pytest

os.environ.setdefault("MINITENSOR_DISPLAY", "static")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")


@pytest.fixture
def every_record_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tapes let go of every record after its gradient, as they do of large ones."""
    monkeypatch.setattr("minitensor.tape.SMALL_NODES", -1)


class Clock:
    """A clock that goes on only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in place of the real one."""
    made = Clock()
    monkeypatch.setattr(time, "perf_counter", made)
    return made
