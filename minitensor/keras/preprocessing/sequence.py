"""`keras.preprocessing.sequence.pad_sequences` is `keras.utils.pad_sequences`."""

from minitensor.keras.preparation import pad_sequences as pad_sequences

__all__ = ["pad_sequences"]
