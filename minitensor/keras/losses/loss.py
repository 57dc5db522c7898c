"""`Loss`: how wrong predictions are, as one number that training makes small."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from minitensor.dtypes import as_dtype
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.configuration import Configurable, deserialize
from minitensor.keras.losses.ranks import in_dtype, same_rank
from minitensor.keras.losses.reducing import checked_reduction, reduce_weighted
from minitensor.keras.naming import auto_name
from minitensor.op import convert
from minitensor.scopes import name_scope

__all__ = ["Loss", "LossFunctionWrapper"]

_UNFIT = re.compile(r"^[^A-Za-z0-9.]+|[^A-Za-z0-9_.-]")
"""What names of scopes cannot have: a loss may be called `<lambda>`."""


class Loss(Configurable):
    """The base of losses: subclass it and define `call(y_true, y_pred)`.

    Args:
        name: its name, that of the class by default.
        reduction: "sum_over_batch_size" (also called "mean") adds the losses of all samples, each
            times its weight, and divides by how many there are; "mean_with_sample_weight" divides
            by the sum of the weights; "sum" does not divide; None or "none" gives one loss per
            sample.
        dtype: what labels and predictions are converted to, float32 by default.

    Raises:
        InvalidArgumentError: (also a ValueError) for a reduction that is none of these.

    Example:
        >>> import minitensor as mt
        >>> class Cubed(mt.keras.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return mt.reduce_mean(mt.abs(y_true - y_pred) ** 3, axis=-1)
        >>> Cubed()([[0.0], [1.0]], [[1.0], [3.0]]).numpy()
        np.float32(4.5)
    """

    labels_keep_dtype = False
    """Whether `call` takes the labels as they are: class numbers stay integers."""

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ):
        self.name = name or auto_name(type(self).__name__)
        self.reduction = checked_reduction(reduction)
        self._dtype = as_dtype(dtype or "float32")

    @property
    def dtype(self) -> str:
        """The name of the dtype that is computed with."""
        return self._dtype.name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch; what is masked in `y_pred` counts for nothing.

        Shape: (batch, …), (batch, …), weights (batch,) or (batch, …) → (), or the shape of `call`'s
        result without a reduction.
        """
        mask = getattr(y_pred, "_keras_mask", None)
        with name_scope(_UNFIT.sub("", self.name) or "loss"):
            y_pred = in_dtype(y_pred, self._dtype)
            y_true = convert(y_true) if self.labels_keep_dtype else in_dtype(y_true, self._dtype)
            losses = convert(self.call(y_true, y_pred))
            own = getattr(losses, "_keras_mask", None)
            losses = in_dtype(losses, self._dtype)
            if mask is not None and own is not None:
                mask = mask & own
            mask = own if mask is None else mask
            return reduce_weighted(losses, sample_weight, mask, self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample: what a subclass defines.

        Shape: (batch, …), (batch, …) → (batch,), or more axes.

        Raises:
            InvalidArgumentError: (also a ValueError) where a subclass does not define it.
        """
        raise InvalidArgumentError(
            message(type(self).__name__, "", "it has no `call`",
                    "a loss is defined by its call(self, y_true, y_pred)",
                    "define `call` in the class, or use a loss that has one")
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A loss made of a function of y_true and y_pred that gives one loss per sample.

    Args:
        fn: the function.
        reduction, name, dtype: as for `Loss`.
        **kwargs: further arguments of the function.

    Example:
        >>> import minitensor as mt
        >>> loss = mt.keras.losses.LossFunctionWrapper(mt.keras.losses.huber, delta=2.0)
        >>> loss([0.0], [3.0]).numpy()
        np.float32(4.0)
    """

    def __init__(
        self,
        fn: Callable,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._options = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """What the function gives for labels and predictions of equal rank."""
        y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._options)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A loss made with what a configuration says; `fn` may be the name of a function."""
        config = {name: deserialize(value) for name, value in config.items()}
        if isinstance(config.get("fn"), str):
            from minitensor.keras import losses

            config["fn"] = losses.get(config["fn"])
        return cls(**config)
