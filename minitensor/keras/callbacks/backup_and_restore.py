"""`BackupAndRestore`: training that goes on where it was broken off."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.callbacks.callback import Callback
from minitensor.train import Checkpoint, CheckpointManager
from minitensor.variable import Variable

__all__ = ["BackupAndRestore"]


class BackupAndRestore(Callback):
    """Keeps a copy of the training in a folder; the next `fit` goes on from it.

    The copy holds the weights of the model, the state of the optimiser, and how many epochs are
    complete. It is written whole or not at all, and deleted when training comes to its end; it
    stays after Ctrl-C and after an error.

    Args:
        backup_dir: the folder.
        save_freq: "epoch", or after how many batches the copy is renewed within an epoch, too;
            training then goes on with these weights, at the beginning of that epoch.
        double_checkpoint: Keras's; no effect, since a copy is never half written.
        delete_checkpoint: whether the copy is deleted at the end of training.

    Raises:
        InvalidArgumentError: (also a ValueError) for no folder, or another `save_freq`.

    Example:
        >>> import minitensor as mt, tempfile
        >>> keep = mt.keras.callbacks.BackupAndRestore(tempfile.mkdtemp(), delete_checkpoint=False)
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> data = mt.ones((4, 2)), mt.zeros((4, 1))
        >>> model.fit(*data, epochs=2, verbose=0, callbacks=[keep]).epoch
        [0, 1]
        >>> model.fit(*data, epochs=5, verbose=0, callbacks=[keep]).epoch
        [2, 3, 4]
    """

    def __init__(self, backup_dir: str | os.PathLike, save_freq: str | int = "epoch",
                 double_checkpoint: bool = False, delete_checkpoint: bool = True):  # fmt: skip
        if not os.fspath(backup_dir):
            raise InvalidArgumentError(
                message("BackupAndRestore", "backup_dir=''", "Empty `backup_dir` argument passed",
                        "the copy needs a folder", "pass backup_dir='backup'")
            )  # fmt: skip
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise InvalidArgumentError(
                message("BackupAndRestore", f"save_freq={shorten(save_freq)}",
                        "Invalid value for argument `save_freq`", "it is 'epoch' or a number of "
                        "batches", "leave it out")
            )  # fmt: skip
        self.backup_dir, self.save_freq = Path(backup_dir), save_freq
        self.delete_checkpoint = delete_checkpoint
        self._epochs = Variable(np.int64(0), trainable=False)
        self._manager: Any = None
        self._batches = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Take what the copy holds, if there is one."""
        self._batches = 0
        self._epochs.assign(0)
        kept = Checkpoint(model=self.model, optimizer=self.model.optimizer, epochs=self._epochs)
        self._manager = CheckpointManager(kept, str(self.backup_dir), max_to_keep=1)
        if self._manager.restore_or_initialize() is not None:
            self.model._first_epoch = int(self._epochs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Renew the copy, if so many batches have passed."""
        if isinstance(self.save_freq, int):
            self._batches += 1
            if self._batches % self.save_freq == 0:
                self._manager.save()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Renew the copy."""
        self._epochs.assign(epoch + 1)
        self._manager.save()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Delete the copy, unless training was interrupted."""
        if self.delete_checkpoint and not self.model._interrupted and self.backup_dir.exists():
            shutil.rmtree(self.backup_dir)
