"""`CSVLogger`: the results of all epochs as a table in a file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.keras.callbacks.callback import Callback

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Writes one line for each epoch; what an epoch does not have, such as validation, is NA.

    Args:
        filename: the file.
        separator: what stands between the columns.
        append: whether lines are added to a file that is there; else it is replaced.

    Example:
        >>> import minitensor as mt, pathlib, tempfile
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.csv"
        >>> log = mt.keras.callbacks.CSVLogger(path)
        >>> data = mt.ones((4, 2)), mt.zeros((4, 1))
        >>> history = model.fit(*data, epochs=2, verbose=0, callbacks=[log])
        >>> path.read_text().split()
        ['epoch,loss,val_loss', '0,0.0,NA', '1,0.0,NA']
    """

    def __init__(self, filename: str | os.PathLike, separator: str = ",", append: bool = False):
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None
        self._file: Any = None
        self._has_header = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the file."""
        path = Path(self.filename)
        self._has_header = self.append and path.exists() and path.stat().st_size > 0
        self._file = path.open("a" if self.append else "w", newline="", encoding="utf-8")
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write a line."""
        logs = logs or {}
        if self.keys is None:
            self.keys = self._columns(logs)
            if not self._has_header:
                csv.writer(self._file, delimiter=self.sep).writerow(["epoch", *self.keys])
        row = [epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)]
        csv.writer(self._file, delimiter=self.sep).writerow(row)
        self._file.flush()

    def _columns(self, logs: dict[str, Any]) -> list[str]:
        """The names of all results, and those of validation, which may come in later epochs."""
        if any(key.startswith("val_") for key in logs):
            return list(logs)
        return [*logs, *(f"val_{key}" for key in logs)]

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _cell(value: Any) -> Any:
    """An array of several numbers as one text."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f'"[{", ".join(map(str, value))}]"'
    return value
