"""What Keras gives for metrics: records metrics.json. Run with Keras on TensorFlow installed.

    python tests/recorded/metrics.py

A case holds the metric, its arguments, batches of labels, predictions and weights, and the result
after each batch. An error holds words that Keras's message has.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

RNG = np.random.default_rng(7)
CASES: list[dict] = []
ERRORS: list[dict] = []
SKIPPED = ["MeanMetricWrapper", "Metric"]
NEEDED = {
    "PrecisionAtRecall": {"recall": 0.5}, "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "IoU": {"num_classes": 3, "target_class_ids": [1]}, "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [1]},
    "OneHotMeanIoU": {"num_classes": 3},
}  # fmt: skip


def drawn(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return RNG.uniform(low, high, shape).round(3).astype("float32")


def scores(*shape: int) -> np.ndarray:
    return drawn(*shape, low=0.0, high=1.0)


def yes(*shape: int) -> np.ndarray:
    return RNG.integers(0, 2, shape)


def one_hot(batch: int, classes: int) -> np.ndarray:
    return np.eye(classes, dtype="float32")[RNG.integers(0, classes, batch)]


def plain(x: Any) -> Any:
    """As lists, float32 with no more digits than it has."""
    if x is None:
        return None
    x = np.asarray(x)
    if x.dtype == np.float32 and x.size:
        x = np.array([float(str(number)) for number in x.reshape(-1)]).reshape(x.shape)
    return x.tolist()


def case(metric: str, config: dict, *batches: tuple, mask: Any = None) -> None:
    counted = getattr(keras.metrics, metric)(**config)
    kept, results = [], []
    for batch in batches:
        arrays = [None if x is None else np.asarray(x) for x in batch]
        arguments = [None if x is None else tf.constant(x) for x in arrays]
        if mask is not None:
            arguments[1]._keras_mask = tf.constant(mask)
        counted.update_state(*arguments)
        results.append(plain(counted.result()))
        kept.append([None if x is None else [plain(x), str(x.dtype)] for x in arrays])
    CASES.append({"metric": metric, "config": config, "batches": kept, "mask": plain(mask),
                  "results": results})  # fmt: skip


def error(metric: str, config: dict, batch: tuple, words: str) -> None:
    said = ""
    try:
        getattr(keras.metrics, metric)(**config).update_state(*map(np.asarray, batch))
    except Exception as caught:
        said = str(caught)
    assert words in said, (words, said)
    ERRORS.append({"metric": metric, "config": config, "batch": [plain(x) for x in batch],
                   "words": words})  # fmt: skip


def twice(make: Callable[[], tuple]) -> tuple:
    return make(), make()


def sums() -> None:
    for metric in ("Mean", "Sum"):
        case(metric, {}, (drawn(3),), (drawn(5),), (np.float32(2.0),))
        case(metric, {}, (drawn(3), drawn(3, low=0.0)), (drawn(2), [0.5, 0.0]))
        case(metric, {}, (drawn(2, 3),), (drawn(2, 3), [1.0, 3.0]), (drawn(2, 3), drawn(2, 3)))
        case(metric, {}, (drawn(2, 3, 2), drawn(2, 3)), (drawn(2, 3, 2), drawn(2, 3, 1)))
        case(metric, {}, ([1, 2, 4],), (np.float32(3.0), np.float32(5.0)))
        case(metric, {}, (drawn(4, 1), [0.0, 0.0, 0.0, 0.0]))


def accuracies() -> None:
    case("Accuracy", {}, ([1, 2, 3, 4], [0, 2, 3, 4]), ([[1], [2]], [[1], [1]], [3.0, 1.0]))
    case("Accuracy", {}, ([1, 2, 3], [[1.0], [2.0], [4.0]]))
    edge = ([1.0, 1.0, 0.0, 0.0], [0.98, 0.5, 0.5, 0.6])
    case("BinaryAccuracy", {}, edge, (*edge, [1.0, 0.0, 0.0, 1.0]))
    case("BinaryAccuracy", {"threshold": 0.55}, edge, (yes(4, 2), scores(4, 2)))
    case("BinaryAccuracy", {}, (yes(4, 1), scores(4, 1)), (yes(4), scores(4, 1)))
    case("BinaryAccuracy", {}, (yes(4, 2), scores(4, 2), [1.0, 2.0, 0.0, 0.5]))
    case("CategoricalAccuracy", {}, (one_hot(4, 3), scores(4, 3)),
         (one_hot(4, 3), scores(4, 3), [1.0, 2.0, 0.0, 0.5]))  # fmt: skip
    case("CategoricalAccuracy", {}, (one_hot(6, 3).reshape(2, 3, 3), scores(2, 3, 3)))
    tie = ([[0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5], [0.5, 0.5]])
    case("CategoricalAccuracy", {}, tie)
    sparse = "SparseCategoricalAccuracy"
    for labels in (RNG.integers(0, 3, 4), RNG.integers(0, 3, (4, 1)),
                   RNG.integers(0, 3, 4).astype("float32")):  # fmt: skip
        case(sparse, {}, (labels, scores(4, 3)), (labels, scores(4, 3), [1.0, 2.0, 0.0, 0.5]))
    case(sparse, {}, (RNG.integers(0, 3, (2, 4)), scores(2, 4, 3)),
         (RNG.integers(0, 3, (2, 4, 1)), scores(2, 4, 3), [1.0, 0.5]))  # fmt: skip
    case(sparse, {}, (RNG.integers(0, 3, (2, 4)), scores(2, 4, 3)),
         mask=[[True, True, False, True], [True, False, False, False]])  # fmt: skip
    for k in (1, 2, 5):
        case("TopKCategoricalAccuracy", {"k": k}, (one_hot(6, 6), scores(6, 6)),
             (one_hot(6, 6), scores(6, 6), scores(6)))  # fmt: skip
        case("SparseTopKCategoricalAccuracy", {"k": k},
             (RNG.integers(0, 6, 6), scores(6, 6)),
             (RNG.integers(0, 6, (2, 3)), scores(2, 3, 6)))  # fmt: skip
    case("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True},
         ([1, 0, 2], [[1, 0, 2], [1, 2, 0], [0, 2, 1]]))  # fmt: skip


def errors_of_numbers() -> None:
    names = ["MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError", "LogCoshError",
             "MeanAbsolutePercentageError", "CosineSimilarity", "PearsonCorrelation",
             "ConcordanceCorrelation", "Hinge", "SquaredHinge", "CategoricalHinge"]  # fmt: skip
    for metric in names:
        case(metric, {}, *twice(lambda: (drawn(4, 3), drawn(4, 3))))
        case(metric, {}, (drawn(4, 3), drawn(4, 3), [1.0, 2.0, 0.0, 0.5]))
        case(metric, {}, (drawn(4, 3), drawn(4, 3)), mask=[True, False, True, True])
    for metric in names[:5]:
        case(metric, {}, (drawn(4), drawn(4, 1)), (drawn(4, 1), drawn(4, 1), scores(4)))
    for metric in ("MeanSquaredLogarithmicError", "Poisson", "KLDivergence"):
        case(metric, {}, *twice(lambda: (scores(4, 3), scores(4, 3))))
    for metric in ("CosineSimilarity", "PearsonCorrelation", "ConcordanceCorrelation"):
        case(metric, {"axis": 0}, (drawn(4, 3), drawn(4, 3)))
    for config in ({}, {"class_aggregation": None}, {"num_regressors": 2}, {"num_regressors": 20},
                   {"class_aggregation": "variance_weighted_average"}):  # fmt: skip
        case("R2Score", config, *twice(lambda: (drawn(5, 2), drawn(5, 2))))
        case("R2Score", config, (drawn(5, 2), drawn(5, 2), scores(5)))
    case("R2Score", {}, ([[1.0], [1.0]], [[1.0], [2.0]]))


def crossentropies() -> None:
    case("BinaryCrossentropy", {}, *twice(lambda: (yes(4, 2), scores(4, 2))))
    case("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1},
         (yes(4, 2), drawn(4, 2), [1.0, 2.0, 0.0, 0.5]))  # fmt: skip
    case("CategoricalCrossentropy", {}, *twice(lambda: (one_hot(4, 3), scores(4, 3))))
    case("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1},
         (one_hot(4, 3), drawn(4, 3), [1.0, 2.0, 0.0, 0.5]))  # fmt: skip
    case("CategoricalCrossentropy", {"axis": 0}, (one_hot(4, 3), scores(4, 3)))
    sparse = "SparseCategoricalCrossentropy"
    case(sparse, {}, *twice(lambda: (RNG.integers(0, 3, 4), scores(4, 3))))
    case(sparse, {"from_logits": True}, (RNG.integers(0, 3, 4), drawn(4, 3), [1.0, 2.0, 0.0, 0.5]))
    case(sparse, {"ignore_class": -1}, ([1, -1, 0, 2], scores(4, 3)),
         ([1, -1, 0, 2], scores(4, 3), [1.0, 2.0, 0.0, 0.5]))  # fmt: skip


def counts() -> None:
    for metric in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        case(metric, {}, *twice(lambda: (yes(6), scores(6))))
        case(metric, {}, (yes(6), scores(6), scores(6)), (yes(6, 1), scores(6, 1), scores(6)))
        case(metric, {"thresholds": [0.2, 0.5, 0.9]}, (yes(6, 2), scores(6, 2), scores(6)))
        case(metric, {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]},
             ([0, 1, 1, 0, 1], [0.0, 0.25, 0.5, 0.75, 1.0], scores(5)),
             (yes(6), scores(6)))  # fmt: skip
    for metric in ("Precision", "Recall"):
        case(metric, {}, *twice(lambda: (yes(6), scores(6))))
        case(metric, {}, (yes(6, 1), scores(6, 1), scores(6)), (yes(6), scores(6, 1)))
        case(metric, {}, ([0, 0], [0.1, 0.2]))
        case(metric, {"thresholds": 0.3}, (yes(6, 2), scores(6, 2), scores(6, 2)))
        case(metric, {"thresholds": [0.2, 0.7]}, (yes(6, 2), scores(6, 2)))
        case(metric, {"top_k": 2}, *twice(lambda: (one_hot(5, 4), scores(5, 4))))
        case(metric, {"top_k": 2, "class_id": 1}, (one_hot(5, 4), scores(5, 4), scores(5)))
        case(metric, {"class_id": 2}, (one_hot(5, 4), scores(5, 4), scores(5)))
        case(metric, {"top_k": 1, "thresholds": 0.8}, (one_hot(5, 4), scores(5, 4)))
    for metric, rate in (("SensitivityAtSpecificity", 0.5), ("SpecificityAtSensitivity", 0.7),
                         ("PrecisionAtRecall", 0.6), ("RecallAtPrecision", 0.6)):  # fmt: skip
        name = metric.split("At")[1].lower()
        case(metric, {name: rate}, *twice(lambda: (yes(12), scores(12))))
        case(metric, {name: rate}, (yes(12), scores(12), scores(12)))
        case(metric, {name: rate, "num_thresholds": 1}, (yes(12), scores(12)))
        case(metric, {name: rate, "class_id": 1}, (one_hot(12, 3), scores(12, 3)))


def curves() -> None:
    for curve in ("ROC", "PR", "PRGAIN"):
        for method in ("interpolation", "minoring", "majoring"):
            config = {"curve": curve, "summation_method": method}
            case("AUC", config, *twice(lambda: (yes(20), scores(20))))
            case("AUC", config | {"num_thresholds": 5}, (yes(20, 1), scores(20, 1), scores(20)))
            case("AUC", config | {"thresholds": [0.1, 0.3, 0.8]}, (yes(20), scores(20)))
            case("AUC", config | {"multi_label": True}, *twice(lambda: (yes(20, 3), scores(20, 3))))
    case("AUC", {}, ([0, 0, 1, 1], [0.0, 1.0, 0.0, 1.0]))
    case("AUC", {}, ([1, 1], [0.3, 0.6]))
    case("AUC", {"from_logits": True}, (yes(20), drawn(20)))
    case("AUC", {"multi_label": True, "num_labels": 3, "label_weights": [0.5, 2.0, 0.1]},
         (yes(20, 3), scores(20, 3), scores(20)))  # fmt: skip
    case("AUC", {"multi_label": True, "thresholds": [0.1, 0.3, 0.8]},
         (yes(20, 3), scores(20, 3), scores(20)))  # fmt: skip
    case("AUC", {"label_weights": [0.5, 2.0, 0.1]}, (yes(20, 3), scores(20, 3), scores(20)))


def scores_of_classes() -> None:
    for average in (None, "micro", "macro", "weighted"):
        for metric, more in (("F1Score", {}), ("FBetaScore", {"beta": 2.0})):
            config = {"average": average} | more
            case(metric, config, *twice(lambda: (one_hot(8, 3), scores(8, 3))))
            case(metric, config | {"threshold": 0.4}, (yes(8, 3), scores(8, 3), scores(8)))
    case("IoU", {"num_classes": 3, "target_class_ids": [0, 2]},
         *twice(lambda: (RNG.integers(0, 3, 9), RNG.integers(0, 3, 9))))  # fmt: skip
    case("IoU", {"num_classes": 3, "target_class_ids": [1], "dtype": "float32"},
         (RNG.integers(0, 3, (3, 3)), RNG.integers(0, 3, (3, 3)), scores(3, 3)))  # fmt: skip
    case("MeanIoU", {"num_classes": 3}, ([0, 1, 2, 5, -1, 1], [0, 2, 2, 1, 0, 7]))
    case("MeanIoU", {"num_classes": 4}, ([0, 1, 1], [0, 1, 0]))
    case("MeanIoU", {"num_classes": 3, "ignore_class": 1}, ([0, 1, 2, 1], [0, 2, 1, 1]))
    case("MeanIoU", {"num_classes": 3, "sparse_y_pred": False},
         (RNG.integers(0, 3, 9), scores(9, 3)))  # fmt: skip
    case("BinaryIoU", {}, *twice(lambda: (yes(8), scores(8))))
    case("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, (yes(4, 2), scores(4, 2)))
    case("OneHotIoU", {"num_classes": 3, "target_class_ids": [0, 2]},
         (one_hot(9, 3), scores(9, 3)))  # fmt: skip
    case("OneHotMeanIoU", {"num_classes": 3}, (one_hot(9, 3), scores(9, 3)))


def errors() -> None:
    batch = ([0.0, 1.0], [0.3, 0.4])
    for metric in ("Precision", "Recall", "TruePositives"):
        error(metric, {"thresholds": [0.5, 2.0]}, batch,
              "Threshold values must be in [0, 1]. Received: [2.0]")  # fmt: skip
    error("Precision", {"class_id": 1}, batch,
          "When class_id is provided, y_pred must be a 2D array")  # fmt: skip
    error("AUC", {"curve": "x"}, batch, 'Invalid AUC curve value: "x". Expected values are')
    error("AUC", {"summation_method": "x"}, batch, 'Invalid AUC summation method value: "x"')
    error("AUC", {"num_thresholds": 1}, batch,
          "`num_thresholds` must be an integer > 1. Received: num_thresholds=1")  # fmt: skip
    error("AUC", {"num_labels": 2}, batch, "`num_labels` is needed only when `multi_label` is True")
    error("AUC", {"multi_label": True}, batch, "`y_pred` must have rank 2 when `multi_label=True`.")
    error("SensitivityAtSpecificity", {"specificity": 2}, batch,
          "`specificity` must be in the range [0, 1]. Received: specificity=2")  # fmt: skip
    error("RecallAtPrecision", {"precision": 0.5, "num_thresholds": 0}, batch,
          "`num_thresholds` must be an integer > 0. Received: num_thresholds=0")  # fmt: skip
    error("F1Score", {"average": "x"}, batch, "Invalid `average` argument value. Expected one of: ")
    error("F1Score", {"threshold": 2}, batch,
          "Invalid `threshold` argument value. It should be a Python float.")  # fmt: skip
    error("F1Score", {"threshold": 2.0}, batch, "It should verify 0 < threshold <= 1")
    error("FBetaScore", {"beta": -1.0}, batch, "Invalid `beta` argument value. It should be > 0.")
    shapes = "expects 2D inputs with shape (batch_size, output_dim). Received input shapes: "
    error("F1Score", {}, batch, shapes + "y_pred.shape=(2,) and y_true.shape=(2,)")
    error("R2Score", {}, batch, shapes + "y_pred.shape=(2,) and y_true.shape=(2,)")
    error("R2Score", {"class_aggregation": "x"}, batch,
          "Invalid value for argument `class_aggregation`. Expected one of")  # fmt: skip
    error("R2Score", {"num_regressors": -1}, batch,
          "Invalid value for argument `num_regressors`. Expected a value >= 0")  # fmt: skip
    error("IoU", {"num_classes": 2, "target_class_ids": [2]}, batch,
          "Target class id 2 is out of range, which is [0, 2)")  # fmt: skip


def configs() -> list[dict]:
    """How Keras writes each metric that needs no arguments into a file."""
    found = []
    for name, cls in sorted(vars(keras.metrics).items()):
        if isinstance(cls, type) and name not in SKIPPED:
            made = cls(**NEEDED.get(name, {}))
            found.append(keras.metrics.serialize(made))
    return found


if __name__ == "__main__":
    for part in (sums, accuracies, errors_of_numbers, crossentropies, counts, curves,
                 scores_of_classes, errors):  # fmt: skip
        part()
    parts = {"cases": CASES, "errors": ERRORS, "configs": configs()}
    text = ",\n".join(
        f'"{name}": [\n' + ",\n".join(json.dumps(x) for x in rows) + "\n]"
        for name, rows in parts.items()
    )
    Path(__file__).with_suffix(".json").write_text("{\n" + text + "\n}\n", encoding="utf-8")
