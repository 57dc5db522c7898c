"""Losses, with Keras's names: how wrong predictions are, as one number that training makes small.

Read `loss`, then `regression`, then `crossentropy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minitensor.errors import public_names
from minitensor.keras import configuration
from minitensor.keras.configuration import Names
from minitensor.keras.losses.areas import Dice as Dice
from minitensor.keras.losses.areas import Tversky as Tversky
from minitensor.keras.losses.areas import dice as dice
from minitensor.keras.losses.areas import tversky as tversky
from minitensor.keras.losses.crossentropy import binary_crossentropy as binary_crossentropy
from minitensor.keras.losses.crossentropy import (
    categorical_crossentropy as categorical_crossentropy,
)
from minitensor.keras.losses.crossentropy import kl_divergence as kl_divergence
from minitensor.keras.losses.crossentropy import poisson as poisson
from minitensor.keras.losses.crossentropy import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from minitensor.keras.losses.focal import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from minitensor.keras.losses.focal import (
    CategoricalFocalCrossentropy as CategoricalFocalCrossentropy,
)
from minitensor.keras.losses.focal import binary_focal_crossentropy as binary_focal_crossentropy
from minitensor.keras.losses.focal import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from minitensor.keras.losses.loss import Loss as Loss
from minitensor.keras.losses.loss import LossFunctionWrapper as LossFunctionWrapper
from minitensor.keras.losses.margins import CategoricalHinge as CategoricalHinge
from minitensor.keras.losses.margins import Hinge as Hinge
from minitensor.keras.losses.margins import SquaredHinge as SquaredHinge
from minitensor.keras.losses.margins import categorical_hinge as categorical_hinge
from minitensor.keras.losses.margins import hinge as hinge
from minitensor.keras.losses.margins import squared_hinge as squared_hinge
from minitensor.keras.losses.probabilistic import BinaryCrossentropy as BinaryCrossentropy
from minitensor.keras.losses.probabilistic import CategoricalCrossentropy as CategoricalCrossentropy
from minitensor.keras.losses.probabilistic import KLDivergence as KLDivergence
from minitensor.keras.losses.probabilistic import Poisson as Poisson
from minitensor.keras.losses.probabilistic import (
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from minitensor.keras.losses.reducing import Reduction as Reduction
from minitensor.keras.losses.regression import CosineSimilarity as CosineSimilarity
from minitensor.keras.losses.regression import Huber as Huber
from minitensor.keras.losses.regression import LogCosh as LogCosh
from minitensor.keras.losses.regression import MeanAbsoluteError as MeanAbsoluteError
from minitensor.keras.losses.regression import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from minitensor.keras.losses.regression import MeanSquaredError as MeanSquaredError
from minitensor.keras.losses.regression import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from minitensor.keras.losses.regression import cosine_similarity as cosine_similarity
from minitensor.keras.losses.regression import huber as huber
from minitensor.keras.losses.regression import log_cosh as log_cosh
from minitensor.keras.losses.regression import mean_absolute_error as mean_absolute_error
from minitensor.keras.losses.regression import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from minitensor.keras.losses.regression import mean_squared_error as mean_squared_error
from minitensor.keras.losses.regression import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Reduction",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

__getattr__, __dir__ = public_names(__name__, __all__)

_HERE = [thing for name, thing in list(globals().items()) if name in __all__]
bce = BCE = binary_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
mse = MSE = mean_squared_error
msle = MSLE = mean_squared_logarithmic_error
_SHORT = {
    "bce": bce,
    "kld": kld,
    "mae": mae,
    "mape": mape,
    "mse": mse,
    "msle": msle,
}
NAMES = Names(
    "loss",
    {thing.__name__: thing for thing in _HERE if thing is not Reduction}
    | _SHORT
    | {short.upper(): function for short, function in _SHORT.items()},
)


def get(identifier: Any) -> Any:
    """The loss for a name, a configuration, a class, or an object; None for None.

    Raises:
        InvalidArgumentError: (also a ValueError) for a name that is no loss, with the nearest.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.losses.get("mse").__name__, mt.keras.losses.get("Huber").name
        ('mean_squared_error', 'huber_loss')
    """
    return NAMES.get(identifier)


def serialize(loss: Any) -> Any:
    """A loss as plain data: its class and configuration, or the name of a function."""
    return configuration.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that `serialize` wrote.

    Raises:
        InvalidArgumentError: (also a ValueError) for one that is not known.
    """
    with configuration.custom_object_scope(custom_objects or {}):
        return NAMES.get(name)
