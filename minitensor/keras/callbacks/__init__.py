"""Callbacks: what happens at certain moments of training.

Read `callback`, which names the moments, then `history` and `early_stopping`.
"""

from __future__ import annotations

from minitensor.errors import public_names
from minitensor.keras.callbacks.backup_and_restore import BackupAndRestore as BackupAndRestore
from minitensor.keras.callbacks.callback import Callback as Callback
from minitensor.keras.callbacks.callback_list import CallbackList as CallbackList
from minitensor.keras.callbacks.csv_logger import CSVLogger as CSVLogger
from minitensor.keras.callbacks.early_stopping import EarlyStopping as EarlyStopping
from minitensor.keras.callbacks.health import Health as Health
from minitensor.keras.callbacks.history import History as History
from minitensor.keras.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from minitensor.keras.callbacks.learning_rate_scheduler import (
    LearningRateScheduler as LearningRateScheduler,
)
from minitensor.keras.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from minitensor.keras.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger
from minitensor.keras.callbacks.progbar_logger import ProgressDisplay as ProgressDisplay
from minitensor.keras.callbacks.progbar_logger import progress_display as progress_display
from minitensor.keras.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
from minitensor.keras.callbacks.tensorboard import TensorBoard as TensorBoard
from minitensor.keras.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN

__all__ = ["BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "Health",
           "History", "LambdaCallback", "LearningRateScheduler", "ModelCheckpoint", "ProgbarLogger",
           "ProgressDisplay", "ReduceLROnPlateau", "TensorBoard", "TerminateOnNaN",
           "progress_display"]  # fmt: skip

__getattr__, __dir__ = public_names(
    __name__,
    __all__,
    hints={
        "RemoteMonitor": "it sends results over a network; LambdaCallback(on_epoch_end=f) calls a "
        "function",
    },
)
