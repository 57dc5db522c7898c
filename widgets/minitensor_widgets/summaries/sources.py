"""What a dashboard shows: a log that is read, and read again while runs are written."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .figures import Dashboard
from .records import dashboard_record
from .samples import Log


class Source:
    """A log, and how it is to be shown.

    Args:
        log: what `minitensor.summary.read` gave.
        title: what stands above it; by default the name of its directory.
        fits: whether to show a tag; None for all.
        looks: how it is first seen.
    """

    def __init__(
        self,
        log: Any,
        title: str | None,
        fits: Callable[[str], bool] | None,
        looks: dict[str, Any],
    ) -> None:
        self.log, self.fits, self.looks = log, fits, looks
        self.session = ""
        self.title = str(title or "") or Path(log.logdir).absolute().name or "Summaries"

    def keep_looks(self) -> None:
        """Let a page find again how the reader has set it, when its output is replaced."""
        named = f"{Path(self.log.logdir).absolute()} {self.title}"
        self.session = hashlib.sha256(named.encode()).hexdigest()[:12]

    @property
    def is_written(self) -> bool:
        """Whether this process writes into the directory now."""
        from minitensor.views import open_runs

        return bool(open_runs(self.log.logdir))

    def look(self, seconds: float | None = None) -> bool:
        """Read what was recorded since, for at most so many seconds; whether anything is new."""
        from minitensor.views import open_runs

        open_runs(self.log.logdir, flush=True)
        return self.log.refresh(seconds)

    def record(self, budget: int, live: bool = False) -> dict[str, Any]:
        """All that is shown, in about so many bytes."""
        return dashboard_record(
            self.log, self.title, budget, self.fits, live=live, session=self.session,
            waits=getattr(self.log, "waits", ""),
        )  # fmt: skip

    def island(self, **looks: Any) -> Dashboard:
        """What stays without Python."""
        return Dashboard(self.record, **{**self.looks, **looks})


class Awaited:
    """The log of a directory that training has yet to make: empty until then.

    Args:
        folder: where it is going to be.
    """

    def __init__(self, folder: Path) -> None:
        self.logdir = str(folder)
        self._log: Any = None

    def refresh(self, seconds: float | None = None) -> bool:
        """Look whether it is there, and then what is new in it."""
        if self._log is not None:
            return self._log.refresh(seconds)
        if Path(self.logdir).is_dir():
            import minitensor as mt

            self._log = mt.summary.read(self.logdir, seconds=seconds)
        return self._log is not None

    @property
    def waits(self) -> str:
        """What is waited for; empty once it is there."""
        folder = Path(self.logdir)
        if self._log is not None:
            return ""
        beside = [one.name for one in folder.absolute().parent.glob("*") if one.is_dir()]
        near = difflib.get_close_matches(folder.name, beside, 1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        return f"there is no folder {self.logdir!r} yet{meant}; it fills when training writes there"

    def __getattr__(self, name: str) -> Any:
        return getattr(_NOTHING if self._log is None else self._log, name)


_NOTHING = Log([])


def _is_awaited(folder: Path) -> bool:
    """Whether a directory could be made here: nothing has its name, but that above it is there."""
    try:
        folder.lstat()
    except FileNotFoundError:
        return folder.absolute().parent.is_dir()
    except (OSError, ValueError):  # no name that a directory can have
        pass
    return False


def log_of(value: Any, seconds: float | None) -> tuple[Any, bool]:
    """The log of what was given to `dashboard`, and whether it is to be followed.

    Raises:
        TypeError: for what is no directory, writer or log.
        NotFoundError: (also a LookupError) when neither it nor the directory above it is there.
    """
    if hasattr(value, "scalars") and hasattr(value, "tags"):
        return value, False
    import minitensor as mt

    if hasattr(value, "flush") and hasattr(value, "logdir"):
        value.flush()
        value = value.logdir
    elif hasattr(value, "log_dir"):  # keras.callbacks.TensorBoard
        value = value.log_dir
    if not isinstance(value, str | Path):
        raise TypeError(
            f"dashboard() got {type(value).__name__} {str(value)[:60]}; it shows a directory of "
            "runs, a SummaryWriter, a keras.callbacks.TensorBoard, or what mt.summary.read() gave. "
            'Pass one of these, such as dashboard("logs").'
        )
    folder = Path(value).expanduser()
    if _is_awaited(folder):
        return Awaited(folder), True
    return mt.summary.read(value, seconds=seconds), True
