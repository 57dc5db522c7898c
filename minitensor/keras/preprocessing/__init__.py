"""What Keras 2 kept in `keras.preprocessing`, for code that imports it from there."""

from minitensor.keras.preprocessing import sequence as sequence

__all__ = ["sequence"]
