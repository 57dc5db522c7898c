"""Sums and means over many batches: `Sum`, `Mean`, and means of what a function gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor import ops
from minitensor.errors import ArgumentError, message, shorten
from minitensor.keras.configuration import deserialize
from minitensor.keras.losses.ranks import in_dtype, same_rank
from minitensor.keras.losses.reducing import along_first_axes, apply_mask
from minitensor.keras.metrics.metric import Metric
from minitensor.op import convert

__all__ = ["Mean", "MeanMetricWrapper", "Sum"]


def _per_sample(
    values: Any, sample_weight: Any, reduce: Callable, dtype: Any
) -> tuple[Any, Any]:  # fmt: skip
    """One weighted value for each sample, and its weight, or None where there are no weights.

    Shape: (batch, …), weights of its first axes → (batch,), (batch,). Further axes are reduced.
    """
    mask = getattr(values, "_keras_mask", None)
    values = in_dtype(values, dtype)
    if sample_weight is not None:
        weight = apply_mask(in_dtype(sample_weight, dtype), mask, dtype, "sum")
        values, weight = same_rank(values, weight)
        values = _reduced(values, reduce, weight.ndim)
        values = values * along_first_axes(weight, values)
        if weight.ndim < values.ndim or None in weight.shape or weight.shape != values.shape:
            weight = weight * ops.ones_like(values)
        sample_weight = _reduced(weight, reduce, 1)
    return _reduced(values, reduce, 1), sample_weight


def _reduced(x: Any, reduce: Callable, kept: int) -> Any:
    """Without the axes after the first `kept`."""
    return reduce(x, axis=list(range(kept, x.ndim))) if x.ndim > kept else x


def _total(x: Any) -> Any:
    """The sum of a vector; a number is its own."""
    return ops.reduce_sum(x) if x.ndim else x


class Sum(Metric):
    """The sum of all values, each times its weight.

    Args:
        name, dtype: as for `Metric`.

    Example:
        >>> import minitensor as mt
        >>> total = mt.keras.metrics.Sum()
        >>> total.update_state([1, 3])
        >>> total.update_state(5, sample_weight=2)
        >>> total.result().numpy()
        np.float32(14.0)
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Shape: any, weights of its first axes.
        """
        values, _ = _per_sample(values, sample_weight, ops.reduce_sum, self._dtype)
        self.total.assign_add(_total(values))

    def result(self) -> Any:
        """The sum so far.

        Shape: ().
        """
        return self.total.value()


class Mean(Metric):
    """The weighted mean of all values: Σ weight · value / Σ weight.

    Args:
        name, dtype: as for `Metric`.

    Example:
        >>> import minitensor as mt
        >>> mean = mt.keras.metrics.Mean(name="loss")
        >>> mean.update_state([1.0, 3.0])
        >>> mean.update_state(5.0)
        >>> mean, mean.result().numpy()
        (<Mean name=loss>, np.float32(3.0))
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Count further values.

        Shape: any, weights of its first axes.
        """
        values, weight = _per_sample(values, sample_weight, ops.reduce_mean, self._dtype)
        if weight is not None:
            count = _total(weight)
        elif values.ndim == 0:
            count = 1.0
        else:
            size = values.shape[0]
            count = float(size) if size is not None else ops.cast(ops.size(values), self._dtype)
        self.total.assign_add(_total(values))
        self.count.assign_add(count)

    def result(self) -> Any:
        """The mean so far, 0 before the first value.

        Shape: ().
        """
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of what a function of y_true and y_pred gives for each sample.

    Args:
        fn: the function.
        name, dtype: as for `Metric`.
        **kwargs: further arguments of the function.

    Example:
        >>> import minitensor as mt
        >>> largest = lambda y_true, y_pred: mt.reduce_max(mt.abs(y_true - y_pred), axis=-1)
        >>> metric = mt.keras.metrics.MeanMetricWrapper(largest, name="largest_error")
        >>> metric([[0.0, 1.0]], [[0.5, 3.0]]).numpy()
        np.float32(2.0)
    """

    def __init__(self, fn: Callable, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype)
        if not callable(fn):
            raise ArgumentError(
                message("MeanMetricWrapper", f"fn={shorten(fn)}", "it cannot be called",
                        "it computes one number for each sample", "pass a function of y_true and "
                        "y_pred")
            )  # fmt: skip
        self._fn = fn
        self._options = kwargs

    def update_state(  # pyright: ignore[reportIncompatibleMethodOverride] - a mean of two things
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Count a batch; what is masked in `y_pred` does not count.

        Shape: (batch, …), (batch, …), weights of the first axes.
        """
        mask = getattr(y_pred, "_keras_mask", None)
        values = self._fn(convert(y_true), convert(y_pred), **self._options)
        super().update_state(values, apply_mask(sample_weight, mask, self._dtype, "sum"))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A metric made with what a configuration says; `fn` may be the name of a function."""
        config = {name: deserialize(value) for name, value in config.items()}
        if isinstance(config.get("fn"), str):
            from minitensor.keras import metrics

            config["fn"] = metrics.FUNCTIONS.get(config["fn"])
        return cls(**config)
