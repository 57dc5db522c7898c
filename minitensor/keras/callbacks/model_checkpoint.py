"""`ModelCheckpoint`: save the model while it is trained."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from minitensor.errors import InvalidArgumentError, NotFoundError, message, shorten, suggest
from minitensor.keras.callbacks.monitoring import Monitoring
from minitensor.keras.warning import warn

__all__ = ["ModelCheckpoint"]

WEIGHTS = (".weights.h5", ".safetensors")


class ModelCheckpoint(Monitoring):
    """Saves the model, or its weights, after epochs or after a number of batches.

    Args:
        filepath: the file: `"best.keras"`, or with `save_weights_only` `"best.weights.h5"` or
            `"best.safetensors"`. May name the epoch, from 1, the batch and results:
            `"{epoch:02d}-{val_loss:.2f}.keras"`.
        monitor: the result that says which model is best: "val_loss".
        verbose: 1 to say so when it saves.
        save_best_only: whether a model is only saved when it is better than all before.
        save_weights_only: whether only the weights are saved.
        mode: "min" where less is better, "max" where more is, "auto" to ask the metric.
        save_freq: "epoch", or after how many batches it saves.
        initial_value_threshold: what a result has to beat to be the best so far.

    Raises:
        InvalidArgumentError: (also a ValueError) for a file of another kind, or another
            `save_freq`; in training, when it cannot tell which direction is better.
        NotFoundError: (also a KeyError) in training, when `filepath` names a result that is not
            there.

    Example:
        >>> import minitensor as mt, os, tempfile
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> folder = tempfile.mkdtemp()
        >>> path = os.path.join(folder, "{epoch:02d}.safetensors")
        >>> save = mt.keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
        >>> data = mt.ones((4, 2)), mt.zeros((4, 1))
        >>> history = model.fit(*data, epochs=2, verbose=0, callbacks=[save])
        >>> sorted(os.listdir(folder))
        ['01.safetensors', '02.safetensors']
    """

    _purpose = "Saving only the best model is"

    def __init__(
        self, filepath: str | os.PathLike, monitor: str = "val_loss", verbose: int = 0,
        save_best_only: bool = False, save_weights_only: bool = False, mode: str = "auto",
        save_freq: str | int = "epoch", initial_value_threshold: float | None = None,
    ):  # fmt: skip
        super().__init__(monitor, mode, 0)
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq, self.best = save_freq, initial_value_threshold
        self._check()
        self._batches, self._epoch = 0, 0

    def _check(self) -> None:
        freq = self.save_freq
        if freq != "epoch" and (not isinstance(freq, int) or isinstance(freq, bool) or freq < 1):
            raise InvalidArgumentError(
                message("ModelCheckpoint", f"save_freq={shorten(freq)}",
                        f"Unrecognized save_freq: {freq}. Expected save_freq are 'epoch' or "
                        "integer values", "a number counts batches", "pass save_freq='epoch'")
            )  # fmt: skip
        if self.save_weights_only:
            ends, what = WEIGHTS, ("When using `save_weights_only=True` in `ModelCheckpoint`, the "
                                   "filepath provided must end in `.weights.h5` (Keras weights "
                                   "format) or `.safetensors`")  # fmt: skip
        else:
            ends, what = (".keras",), ("The filepath provided must end in `.keras` (Keras model "
                                       "format)")  # fmt: skip
        if not self.filepath.endswith(ends):
            raise InvalidArgumentError(
                message("ModelCheckpoint", f"filepath={self.filepath!r}",
                        f"{what}. Received: filepath={self.filepath}",
                        "the ending says what the file holds",
                        f"pass filepath={f'model{ends[0]}'!r}")
            )  # fmt: skip

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Save, if so many batches have passed."""
        if isinstance(self.save_freq, int):
            self._batches += 1
            if self._batches % self.save_freq == 0:
                self._save(logs or {}, {"batch": batch + 1})

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember the number of the epoch."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the model."""
        if self.save_freq == "epoch":
            self._save(logs or {}, {})

    def _save(self, logs: dict[str, Any], place: dict[str, int]) -> None:
        """Save the model, if it is good enough."""
        path = self._path(logs, place)
        if not self.save_best_only:
            self._write(path, f"saving model to {path}")
            return
        value = self._value(logs)
        if value is None:
            return
        if not isinstance(value, (int, float)):
            warn(f"Can save best model only when {self.monitor!r} is a number, and not "
                 f"{shorten(value)}.")  # fmt: skip
        elif self._is_better(value, self.best):
            before = "None" if self.best is None else f"{self.best:.5f}"
            self.best = value
            told = f"{self.monitor} improved from {before} to {value:.5f}, saving model to {path}"
            self._write(path, told)
        elif self.verbose:
            self._tell(f"{self.monitor} did not improve from {self.best:.5f}")

    def _path(self, logs: dict[str, Any], place: dict[str, int]) -> str:
        names = {"epoch": self._epoch + 1, **place, **logs}
        try:
            return self.filepath.format(**names)
        except KeyError as missing:
            name = missing.args[0]
            raise _MissingNameError(
                message("ModelCheckpoint", f"filepath={self.filepath!r}",
                        f'Failed to format this callback filepath: "{self.filepath}". Reason: '
                        f"{name!r}", f"names in braces are those of results: {', '.join(names)}",
                        suggest(name, names))
            ) from None  # fmt: skip

    def _write(self, path: str, told: str) -> None:
        if self.verbose:
            self._tell(told)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose:
            self._tell(f"finished saving model to {path}")

    def _tell(self, text: str) -> None:
        sys.stdout.write(f"\nEpoch {self._epoch + 1}: {text}\n")


class _MissingNameError(NotFoundError, KeyError):
    """A name in a path that is no result; Keras raises a KeyError."""
