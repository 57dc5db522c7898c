"""`CheckpointManager`: keeps the last few checkpoints in a folder, and removes older ones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.train.checkpoint import Checkpoint
from minitensor.train.reading import prefix_of
from minitensor.train.state_file import get_checkpoint_state, record
from minitensor.train.writing import pair

__all__ = ["CheckpointManager"]


class CheckpointManager:
    """Saves checkpoints under numbered names in a folder, and keeps the last of them.

    A checkpoint is removed only when the new one is whole and noted as the latest: whenever the
    process is killed, there is one to go on from.

    Args:
        checkpoint: what to save.
        directory: the folder.
        max_to_keep: how many to keep; None keeps all.
        keep_checkpoint_every_n_hours: keep one for ever each time so many hours have passed.
        checkpoint_name: the beginning of the files' names.
        step_counter: a variable that counts steps, for `checkpoint_interval`.
        checkpoint_interval: save only when so many steps have passed since the last time.
        init_fn: called by `restore_or_initialize` when there is no checkpoint.
        last_checkpoint_step: the step of the last save, for `checkpoint_interval`.

    Raises:
        InvalidArgumentError: (also a ValueError) when `max_to_keep` is not positive, or there is
            an interval without a counter.

    Example:
        >>> import minitensor as mt, tempfile
        >>> x = mt.Variable(0.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     manager = mt.train.CheckpointManager(mt.train.Checkpoint(x=x), folder, 2)
        ...     for step in range(4):
        ...         _ = x.assign(step), manager.save()
        ...     print([path.rpartition("/")[2] for path in manager.checkpoints])
        ['ckpt-3', 'ckpt-4']
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: str | os.PathLike,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,
        checkpoint_interval: int | None = None,
        init_fn: Callable[[], Any] | None = None,
        last_checkpoint_step: int | None = None,
    ):
        self._folder = prefix_of(directory, "CheckpointManager")
        self._max_to_keep = max_to_keep
        self._every = keep_checkpoint_every_n_hours
        self._name = checkpoint_name
        self._step, self._interval = step_counter, checkpoint_interval
        self._last_step = last_checkpoint_step
        self._init_fn = init_fn
        self._checkpoint = checkpoint
        self._check()
        self._times: dict[str, float] = {}
        """The checkpoints that are kept, oldest first, and when they were saved."""
        self._latest: str | None = None
        self._preserved = time.time() - 1.0
        self._half_removed: list[str] = []
        self._recover()

    @property
    def checkpoint(self) -> Checkpoint:
        """What is saved."""
        return self._checkpoint

    @property
    def directory(self) -> str:
        """The folder."""
        return self._folder

    @property
    def checkpoint_interval(self) -> int | None:
        """How many steps lie between two checkpoints at least."""
        return self._interval

    @property
    def checkpoints(self) -> list[str]:
        """The paths of the checkpoints that are kept, oldest first."""
        return list(self._times)

    @property
    def latest_checkpoint(self) -> str | None:
        """The path of the latest one, for `restore`; None if there is none."""
        return self._latest

    def save(self, checkpoint_number: Any = None, check_interval: bool = True,
             options: Any = None) -> str | None:  # fmt: skip
        """Save, if it is time, and remove the oldest.

        Args:
            checkpoint_number: a number for the name, instead of the count of saves.
            check_interval: whether `checkpoint_interval` matters.
            options: TensorFlow's; no effect.

        Returns:
            The path of the checkpoint; None when it was not time yet.

        Raises:
            NotFoundError: when nothing can be written into the folder.
        """
        step = None if self._step is None else int(self._step)
        if check_interval and not self._is_time(step):
            return None
        prefix = os.path.join(self._folder, self._name)  # noqa: PTH118 - as the folder was given
        path = self._checkpoint._numbered(prefix, checkpoint_number)
        self._times.pop(path, None)
        self._times[path] = time.time()
        self._latest, self._last_step = path, step
        while self._half_removed:
            pair(self._half_removed.pop()).remove()
        self._note()  # the new one counts from here on, and old ones may go
        if self._sweep():
            self._note()
        return path

    def restore_or_initialize(self) -> str | None:
        """Restore the latest checkpoint, or call `init_fn` when there is none.

        Returns:
            The path that was restored, or None.
        """
        if self._latest is None:
            if self._init_fn is not None:
                self._init_fn()
            return None
        self._checkpoint.restore(self._latest)
        self._last_step = None if self._step is None else int(self._step)
        return self._latest

    def __repr__(self) -> str:
        most = "" if self._max_to_keep is None else f" of at most {self._max_to_keep}"
        return f"<minitensor.train.CheckpointManager in {self._folder!r}: {len(self._times)}{most}>"

    def _check(self) -> None:
        if not isinstance(self._checkpoint, Checkpoint):
            fault, fix = f"{self._checkpoint!r} is no Checkpoint", "mt.train.Checkpoint(model=…)"
        elif self._max_to_keep is not None and not (
            isinstance(self._max_to_keep, int) and self._max_to_keep > 0
        ):
            fault = (
                f"Expected a positive integer or `None` for `max_to_keep`, got {self._max_to_keep}"
            )
            fix = "max_to_keep=3, or None to keep all"
        elif self._interval is not None and self._step is None:
            fault = "`step_counter` should be passed if `checkpoint_interval` is not None"
            fix = "step_counter=optimizer.iterations"
        else:
            return
        raise InvalidArgumentError(
            message("CheckpointManager", "", fault, "it keeps at least the latest checkpoint", fix)
        )

    def _recover(self) -> None:
        """Go on with the checkpoints that are in the folder."""
        state = get_checkpoint_state(self._folder)
        if state is None:
            return
        paths, times = state.all_model_checkpoint_paths, state.all_model_checkpoint_timestamps
        if len(times) != len(paths):
            times = [time.time()] * len(paths)
        for path, when in zip(paths, times, strict=True):
            if pair(path).path.is_file():
                self._times[path] = when
            else:
                self._half_removed.append(path)
        if pair(state.model_checkpoint_path).path.is_file():
            self._latest = state.model_checkpoint_path
        self._preserved = min(state.last_preserved_timestamp or self._preserved, time.time())

    def _is_time(self, step: int | None) -> bool:
        if self._interval is None or step is None or self._last_step is None:
            return True
        return step >= self._last_step + self._interval

    def _note(self) -> None:
        assert self._latest is not None
        record(self._folder, self._latest, self.checkpoints, [*self._times.values()],
               self._preserved)  # fmt: skip

    def _sweep(self) -> bool:
        """Remove the oldest checkpoints beyond `max_to_keep`; whether there were any."""
        too_many = len(self._times) - (self._max_to_keep or len(self._times))
        for path in self.checkpoints[: max(too_many, 0)]:
            when = self._times.pop(path)
            if self._every is not None and when - 3600 * self._every >= self._preserved:
                self._preserved = when
            else:
                pair(path).remove()
        return too_many > 0
