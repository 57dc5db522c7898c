"""Metrics, with Keras's names: what is counted over many batches to judge a model.

Read `metric`, then `reduction`, then `accuracy`; `thresholds`, then `counts` for precision and
recall.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isclass, isfunction
from typing import Any

from minitensor.errors import public_names
from minitensor.keras import configuration
from minitensor.keras.configuration import Names
from minitensor.keras.losses import (
    binary_crossentropy as binary_crossentropy,
)
from minitensor.keras.losses import (
    binary_focal_crossentropy as binary_focal_crossentropy,
)
from minitensor.keras.losses import (
    categorical_crossentropy as categorical_crossentropy,
)
from minitensor.keras.losses import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from minitensor.keras.losses import (
    categorical_hinge as categorical_hinge,
)
from minitensor.keras.losses import (
    hinge as hinge,
)
from minitensor.keras.losses import (
    huber as huber,
)
from minitensor.keras.losses import (
    kl_divergence as kl_divergence,
)
from minitensor.keras.losses import (
    log_cosh as log_cosh,
)
from minitensor.keras.losses import (
    mean_absolute_error as mean_absolute_error,
)
from minitensor.keras.losses import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from minitensor.keras.losses import (
    mean_squared_error as mean_squared_error,
)
from minitensor.keras.losses import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from minitensor.keras.losses import (
    poisson as poisson,
)
from minitensor.keras.losses import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from minitensor.keras.losses import (
    squared_hinge as squared_hinge,
)
from minitensor.keras.metrics.accuracy import Accuracy as Accuracy
from minitensor.keras.metrics.accuracy import BinaryAccuracy as BinaryAccuracy
from minitensor.keras.metrics.accuracy import CategoricalAccuracy as CategoricalAccuracy
from minitensor.keras.metrics.accuracy import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from minitensor.keras.metrics.accuracy import (
    SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
)
from minitensor.keras.metrics.accuracy import TopKCategoricalAccuracy as TopKCategoricalAccuracy
from minitensor.keras.metrics.accuracy import accuracy as accuracy
from minitensor.keras.metrics.accuracy import binary_accuracy as binary_accuracy
from minitensor.keras.metrics.accuracy import categorical_accuracy as categorical_accuracy
from minitensor.keras.metrics.accuracy import (
    sparse_categorical_accuracy as sparse_categorical_accuracy,
)
from minitensor.keras.metrics.accuracy import (
    sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy,
)
from minitensor.keras.metrics.accuracy import (
    top_k_categorical_accuracy as top_k_categorical_accuracy,
)
from minitensor.keras.metrics.areas import BinaryIoU as BinaryIoU
from minitensor.keras.metrics.areas import IoU as IoU
from minitensor.keras.metrics.areas import MeanIoU as MeanIoU
from minitensor.keras.metrics.areas import OneHotIoU as OneHotIoU
from minitensor.keras.metrics.areas import OneHotMeanIoU as OneHotMeanIoU
from minitensor.keras.metrics.auc import AUC as AUC
from minitensor.keras.metrics.confusion import ConfusionMatrix as ConfusionMatrix
from minitensor.keras.metrics.correlation import ConcordanceCorrelation as ConcordanceCorrelation
from minitensor.keras.metrics.correlation import PearsonCorrelation as PearsonCorrelation
from minitensor.keras.metrics.correlation import concordance_correlation as concordance_correlation
from minitensor.keras.metrics.correlation import pearson_correlation as pearson_correlation
from minitensor.keras.metrics.counts import FalseNegatives as FalseNegatives
from minitensor.keras.metrics.counts import FalsePositives as FalsePositives
from minitensor.keras.metrics.counts import Precision as Precision
from minitensor.keras.metrics.counts import Recall as Recall
from minitensor.keras.metrics.counts import TrueNegatives as TrueNegatives
from minitensor.keras.metrics.counts import TruePositives as TruePositives
from minitensor.keras.metrics.f_score import F1Score as F1Score
from minitensor.keras.metrics.f_score import FBetaScore as FBetaScore
from minitensor.keras.metrics.margins import CategoricalHinge as CategoricalHinge
from minitensor.keras.metrics.margins import Hinge as Hinge
from minitensor.keras.metrics.margins import SquaredHinge as SquaredHinge
from minitensor.keras.metrics.metric import Metric as Metric
from minitensor.keras.metrics.operating_points import PrecisionAtRecall as PrecisionAtRecall
from minitensor.keras.metrics.operating_points import RecallAtPrecision as RecallAtPrecision
from minitensor.keras.metrics.operating_points import (
    SensitivityAtSpecificity as SensitivityAtSpecificity,
)
from minitensor.keras.metrics.operating_points import (
    SpecificityAtSensitivity as SpecificityAtSensitivity,
)
from minitensor.keras.metrics.probabilistic import BinaryCrossentropy as BinaryCrossentropy
from minitensor.keras.metrics.probabilistic import (
    CategoricalCrossentropy as CategoricalCrossentropy,
)
from minitensor.keras.metrics.probabilistic import KLDivergence as KLDivergence
from minitensor.keras.metrics.probabilistic import Poisson as Poisson
from minitensor.keras.metrics.probabilistic import (
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from minitensor.keras.metrics.r2_score import R2Score as R2Score
from minitensor.keras.metrics.reduction import Mean as Mean
from minitensor.keras.metrics.reduction import MeanMetricWrapper as MeanMetricWrapper
from minitensor.keras.metrics.reduction import Sum as Sum
from minitensor.keras.metrics.regression import CosineSimilarity as CosineSimilarity
from minitensor.keras.metrics.regression import LogCoshError as LogCoshError
from minitensor.keras.metrics.regression import MeanAbsoluteError as MeanAbsoluteError
from minitensor.keras.metrics.regression import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from minitensor.keras.metrics.regression import MeanSquaredError as MeanSquaredError
from minitensor.keras.metrics.regression import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from minitensor.keras.metrics.regression import RootMeanSquaredError as RootMeanSquaredError
from minitensor.keras.naming import snake_case

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "ConfusionMatrix",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

__getattr__, __dir__ = public_names(__name__, __all__)

_SHORT = {
    "bce": BinaryCrossentropy,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
}
_HERE = [thing for name, thing in list(globals().items()) if name in __all__]
_CLASSES = [thing for thing in _HERE if isclass(thing)]
FUNCTIONS = {thing.__name__: thing for thing in _HERE if isfunction(thing)}
NAMES = Names(
    "metric",
    {cls.__name__: cls for cls in _CLASSES}
    | {snake_case(cls.__name__): cls for cls in _CLASSES}
    | _SHORT
    | {short.upper(): cls for short, cls in _SHORT.items()},
)


def get(identifier: Any) -> Any:
    """The metric for a name, a configuration, a class, or an object; None for None.

    Raises:
        InvalidArgumentError: (also a ValueError) for a name that is no metric, with the nearest.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.metrics.get("mse"), type(mt.keras.metrics.get("AUC"))
        (<MeanSquaredError name=mean_squared_error>, <class 'minitensor.keras.metrics.auc.AUC'>)
    """
    return NAMES.get(identifier)


def serialize(metric: Any) -> Any:
    """A metric as plain data: its class and configuration, or the name of a function."""
    return configuration.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that `serialize` wrote; the name of a function gives the function.

    Raises:
        InvalidArgumentError: (also a ValueError) for one that is not known.
    """
    if isinstance(config, str) and config in FUNCTIONS:
        return FUNCTIONS[config]
    with configuration.custom_object_scope(custom_objects or {}):
        return NAMES.get(config)
