"""Callbacks: what happens at certain moments of training."""

from minitensor.keras.callbacks.callback import Callback as Callback
from minitensor.keras.callbacks.callback_list import CallbackList as CallbackList
from minitensor.keras.callbacks.history import History as History
from minitensor.keras.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger

__all__ = ["Callback", "CallbackList", "History", "ProgbarLogger"]
