"""Forward-mode differentiation, under the name that TensorFlow gives it."""

from minitensor.accumulator import ForwardAccumulator as ForwardAccumulator

__all__ = ["ForwardAccumulator"]
