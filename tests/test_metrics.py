"""Metrics against Keras and scikit-learn; their state, and their updates inside of traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import losses, metrics

RECORDED = json.loads((Path(__file__).parent / "recorded" / "metrics.json").read_text("utf-8"))


def named(case: dict) -> str:
    return f"{case['metric']}{''.join(f' {k}={v}' for k, v in case['config'].items())}"


def made(case: dict) -> Any:
    return getattr(metrics, case["metric"])(**case["config"])


def tensors(batch: list) -> list:
    return [None if x is None else mt.constant(np.array(*x)) for x in batch]


@pytest.mark.parametrize("case", RECORDED["cases"], ids=named)
@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
def test_results_after_each_batch_are_those_of_keras(case: dict, traced: bool) -> None:
    metric = made(case)

    def step(*batch: Any) -> Any:
        if case["mask"] is not None:
            batch = (batch[0], mt.identity(batch[1]), *batch[2:])
            batch[1]._keras_mask = mt.constant(case["mask"])
        metric.update_state(*batch)
        return metric.result()

    step = mt.function(step) if traced else step
    for _ in range(2):  # once more after a reset
        for batch, expected in zip(case["batches"], case["results"], strict=True):
            result = step(*tensors(batch))
            assert result.shape == np.shape(expected)
            np.testing.assert_allclose(result, expected, rtol=2e-5, atol=2e-6)
        metric.reset_state()
        assert all(not np.any(v.numpy()) for v in metric.variables)


@pytest.mark.parametrize("case", RECORDED["errors"], ids=named)
def test_wrong_input_is_explained_in_keras_words(case: dict) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are compared below
        made(case).update_state(*(np.array(x) for x in case["batch"]))
    assert case["words"] in str(caught.value)
    assert "To fix it" in str(caught.value)


# Against scikit-learn.

RNG = np.random.default_rng(3)
TRUTH = RNG.integers(0, 2, 300)
SCORES = np.clip(0.3 * TRUTH + RNG.uniform(0.0, 0.7, 300), 0.0, 1.0).round(2)
WEIGHTS = RNG.uniform(0.1, 2.0, 300)
LABELS, GUESSES = RNG.integers(0, 4, 300), RNG.integers(0, 4, 300)


def in_batches(metric: Any, *data: Any) -> float | np.ndarray:
    for part in zip(*(np.array_split(x, 3) for x in data), strict=True):
        metric.update_state(*part)
    return metric.result().numpy()


@pytest.mark.parametrize("weight", [(), (WEIGHTS,)], ids=["plain", "weighted"])
def test_precision_and_recall_agree_with_scikit_learn(weight: tuple) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    options = {"sample_weight": weight[0]} if weight else {}
    for metric, score in (
        (metrics.Precision(), sklearn.precision_score),
        (metrics.Recall(), sklearn.recall_score),
        (metrics.BinaryAccuracy(), sklearn.accuracy_score),
    ):
        expected = score(TRUTH, SCORES > 0.5, **options)
        np.testing.assert_allclose(in_batches(metric, TRUTH, SCORES, *weight), expected, rtol=1e-5)


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_f1_agrees_with_scikit_learn(average: str | None) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    expected = sklearn.f1_score(LABELS, GUESSES, average=average)
    data = np.eye(4)[LABELS], np.eye(4)[GUESSES]
    np.testing.assert_allclose(in_batches(metrics.F1Score(average), *data), expected, rtol=1e-5)


@pytest.mark.parametrize("weight", [(), (WEIGHTS,)], ids=["plain", "weighted"])
def test_area_under_the_roc_curve_agrees_with_scikit_learn(weight: tuple) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    options = {"sample_weight": weight[0]} if weight else {}
    expected = sklearn.roc_auc_score(TRUTH, SCORES, **options)
    # The scores are hundredths, and between each two of these lies a threshold.
    found = in_batches(metrics.AUC(num_thresholds=1001), TRUTH, SCORES, *weight)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_r2_and_errors_agree_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    y_true = RNG.normal(size=(60, 2))
    y_pred = y_true + RNG.normal(0.0, 0.3, (60, 2))
    for metric, score in (
        (metrics.R2Score(), sklearn.r2_score),
        (metrics.MeanSquaredError(), sklearn.mean_squared_error),
        (metrics.MeanAbsoluteError(), sklearn.mean_absolute_error),
    ):
        np.testing.assert_allclose(in_batches(metric, y_true, y_pred), score(y_true, y_pred), 1e-5)


def test_confusion_matrix_and_iou_agree_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    expected = sklearn.confusion_matrix(LABELS, GUESSES)
    np.testing.assert_array_equal(mt.math.confusion_matrix(LABELS, GUESSES), expected)
    metric = metrics.MeanIoU(4)
    mean = in_batches(metric, LABELS, GUESSES)
    np.testing.assert_array_equal(metric.total_cm, expected)
    jaccard = sklearn.jaccard_score(LABELS, GUESSES, average="macro")
    np.testing.assert_allclose(mean, jaccard, rtol=1e-5)


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_confusion_matrix_agrees_with_scikit_learn(weighted: bool, traced: bool) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    weight = RNG.uniform(size=len(LABELS)).astype("float32") if weighted else None
    dtype = "float32" if weighted else None
    expected = sklearn.confusion_matrix(LABELS, GUESSES, sample_weight=weight)
    shares = np.eye(4, dtype="float32")[GUESSES] + RNG.uniform(0.0, 0.5, (300, 4))
    answers = {(True, True): (LABELS, GUESSES), (True, False): (LABELS[:, None], shares),
               (False, False): (np.eye(4)[LABELS], shares)}  # fmt: skip
    for (of_true, of_pred), batch in answers.items():
        metric = metrics.ConfusionMatrix(4, None, dtype, of_true, of_pred)
        update = mt.function(metric.update_state) if traced else metric.update_state
        for rows in (slice(0, 200), slice(200, 300)):
            given = [mt.constant(x[rows]) for x in (*batch, weight) if x is not None]
            update(*given)
        np.testing.assert_allclose(metric.result(), expected, rtol=1e-5)
        again = metrics.ConfusionMatrix.from_config(metric.get_config())
        assert again.result().numpy().tolist() == np.zeros((4, 4)).tolist()
        metric.reset_state()
        assert not metric.result().numpy().any()


def test_the_confusion_matrix_counts_images_by_their_pixels() -> None:
    metric = metrics.ConfusionMatrix(2, axis=1)
    labels = np.array([[[0, 1], [1, 1]]])
    shares = np.array([[[[0.9, 0.8], [0.1, 0.2]], [[0.1, 0.2], [0.9, 0.8]]]], "float32")
    assert metric(labels, shares).numpy().tolist() == [[1, 0], [1, 2]]
    metric.reset_state()
    assert metric(labels, shares, sample_weight=2).numpy().tolist() == [[2, 0], [2, 4]]


def test_the_confusion_matrix_refuses_what_is_no_class() -> None:
    metric = metrics.ConfusionMatrix(3, sparse_y_pred=True)
    with pytest.raises(mt.errors.InvalidArgumentError, match="`labels` out of bound: 3"):
        metric.update_state([0, 3], [0, 1])
    with pytest.raises(mt.errors.InvalidArgumentError, match="`predictions` out of bound"):
        mt.function(metric.update_state)(mt.constant([0, 1]), mt.constant([0, -1]))
    assert not metric.result().numpy().any()
    for count in (0, 2.5, None):
        with pytest.raises(ValueError, match="not a positive whole number"):
            metrics.ConfusionMatrix(count)


def test_fit_keeps_confusion_matrices_in_its_history(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.eye(3, dtype="float32")[np.array(LABELS) % 3]
    y = np.array(LABELS) % 3
    model = mt.keras.Sequential([mt.keras.layers.Dense(3)])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        "adam", loss, metrics=[metrics.ConfusionMatrix(3, "confusion_matrix"), "accuracy"]
    )
    history = model.fit(x, y, epochs=2, validation_data=(x, y), verbose=2)
    found = history.history["val_confusion_matrix"]
    assert [matrix.shape for matrix in found] == [(3, 3)] * 2
    np.testing.assert_array_equal(found[-1].sum(axis=1), np.bincount(y))
    assert found[-1].trace() / len(y) == pytest.approx(history.history["val_accuracy"][-1])
    shown = capsys.readouterr().out
    assert "val_accuracy" in shown
    assert "confusion_matrix" not in shown
    model.fit(x, y, verbose=1)
    assert "confusion_matrix" not in capsys.readouterr().out
    evaluated = model.evaluate(x, y, verbose=0, return_dict=True)["confusion_matrix"]
    assert evaluated.sum() == len(y)


def test_top_k_agrees_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    scores = RNG.normal(size=(300, 4))
    expected = sklearn.top_k_accuracy_score(LABELS, scores, k=2)
    found = in_batches(metrics.SparseTopKCategoricalAccuracy(k=2), LABELS, scores)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_class_numbers_beyond_what_float32_holds_are_told_apart() -> None:
    assert metrics.Accuracy()([2**24], [2**24 + 1]).numpy() == 0.0


# State.


def test_names_and_paths_are_those_of_keras() -> None:
    metric = metrics.Mean(name="loss")
    assert repr(metrics.Mean()) == str(metrics.Mean()) == "<Mean name=mean>"
    assert [v.path for v in metric.variables] == ["loss/total", "loss/count"]
    assert metric.trainable_variables == ()
    assert (metric.dtype, metric.name) == ("float32", "loss")


def test_calling_a_metric_updates_and_gives_the_result() -> None:
    metric = metrics.Mean()
    assert metric(3.0).numpy() == 3.0
    assert metric(5.0).numpy() == 4.0


def test_a_metric_without_batches_is_0() -> None:
    for metric in (metrics.Mean(), metrics.AUC(), metrics.Precision(), metrics.BinaryAccuracy()):
        assert metric.result().numpy() == 0.0


def test_modules_find_the_variables_of_their_metrics() -> None:
    class Trainer(mt.Module):
        def __init__(self) -> None:
            super().__init__()
            self.loss = metrics.Mean(name="loss")
            self.more = [metrics.AUC(num_thresholds=3, name="auc")]

    assert [v.path for v in Trainer().variables] == [
        "loss/total", "loss/count", "auc/true_positives", "auc/false_positives",
        "auc/true_negatives", "auc/false_negatives",
    ]  # fmt: skip


def test_metrics_inside_of_metrics_are_reset_with_them() -> None:
    class Both(metrics.Metric):
        def __init__(self) -> None:
            super().__init__()
            self.seen = self.add_weight(initializer="ones", name="seen")
            self.mean = metrics.Mean()

        def update_state(self, x: Any) -> None:
            self.seen.assign_add(1.0)
            self.mean.update_state(x)

        def result(self) -> dict[str, Any]:
            return {"seen": self.seen.value(), "mean": self.mean.result()}

    metric = Both()
    assert metric.name == "both"
    assert {k: float(v) for k, v in metric(4.0).items()} == {"seen": 2.0, "mean": 4.0}
    assert len(metric.variables) == 3
    metric.reset_state()
    assert {k: float(v) for k, v in metric.result().items()} == {"seen": 0.0, "mean": 0.0}


def test_a_metric_of_ones_own_must_begin_with_super() -> None:
    class Hasty(metrics.Metric):
        def __init__(self) -> None:
            self.total = self.add_variable()

    with pytest.raises(RuntimeError, match=r"You forgot to call `super\(\).__init__\(\)`"):
        Hasty()


def test_a_metric_of_ones_own_needs_both_methods() -> None:
    class Bare(metrics.Metric):
        pass

    with pytest.raises(ValueError, match="has no method update_state"):
        Bare()(1.0)
    with pytest.raises(ValueError, match="has no method result"):
        Bare().result()


@pytest.mark.parametrize("metric", [metrics.F1Score(), metrics.R2Score()], ids=repr)
def test_what_the_first_batch_decides_is_asked_for_in_vain_before_it(metric: Any) -> None:
    with pytest.raises(ValueError, match="Nothing was counted yet"):
        metric.result()


# In traces.


def test_updates_and_results_take_one_trace_for_all_batches() -> None:
    loss, accuracy = metrics.Mean(), metrics.SparseCategoricalAccuracy()
    compute = losses.SparseCategoricalCrossentropy(from_logits=True)

    @mt.function
    def step(x: Any, y: Any) -> dict[str, Any]:
        loss.update_state(compute(y, x))
        accuracy.update_state(y, x)
        return {"loss": loss.result(), "accuracy": accuracy.result()}

    eager = metrics.SparseCategoricalAccuracy()
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(8, 5)).astype("float32"), rng.integers(0, 5, 8)
        logs = step(mt.constant(x), mt.constant(y))
        assert logs["accuracy"].numpy() == eager(y, x).numpy()
    assert step.experimental_get_tracing_count() == 1
    assert loss.count.numpy() == 3.0


@pytest.mark.parametrize("make", [metrics.F1Score, metrics.R2Score,
                                  lambda: metrics.AUC(multi_label=True)])  # fmt: skip
def test_variables_made_for_the_first_batch_outlive_its_trace(make: Any) -> None:
    metric, eager = make(), make()
    step = mt.function(metric.update_state)
    for seed in range(2):
        rng = np.random.default_rng(seed)
        batch = rng.integers(0, 2, (6, 2)).astype("float32"), rng.random((6, 2), "float32")
        step(*map(mt.constant, batch))
        eager.update_state(*batch)
    np.testing.assert_allclose(metric.result(), eager.result(), rtol=1e-6)


def test_batches_of_unknown_size_count_by_their_number() -> None:
    metric = metrics.BinaryAccuracy()
    spec = mt.TensorSpec([None, 1], mt.float32)
    step = mt.function(metric.update_state, input_signature=[spec, spec])
    step(mt.ones((3, 1)), mt.ones((3, 1)))
    step(mt.ones((1, 1)), mt.zeros((1, 1)))
    assert metric.result().numpy() == 0.75
    assert step.experimental_get_tracing_count() == 1


def test_scores_that_are_nan_are_never_found() -> None:
    for metric in (metrics.Recall(), metrics.Recall(thresholds=[0.0, 0.5, 1.0])):
        assert np.max(metric([1, 1], [np.nan, 0.9])) == 0.5


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"target.shape=\(3,\), output.shape=\(2,\)"):
        metrics.Precision()([1, 0, 1], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"weights of shape \(3,\) for values of shape \(2,\)"):
        metrics.Mean()([1.0, 2.0], sample_weight=[1.0, 2.0, 3.0])


# Names and configurations.


@pytest.mark.parametrize(
    ("name", "cls"),
    [("mse", "MeanSquaredError"), ("MAE", "MeanAbsoluteError"), ("bce", "BinaryCrossentropy"),
     ("accuracy", "Accuracy"), ("auc", "AUC"), ("AUC", "AUC"), ("f1_score", "F1Score"),
     ("sparse_categorical_accuracy", "SparseCategoricalAccuracy"), ("Precision", "Precision"),
     ("root_mean_squared_error", "RootMeanSquaredError")],
)  # fmt: skip
def test_classes_are_found_by_name(name: str, cls: str) -> None:
    assert type(metrics.get(name)) is getattr(metrics, cls)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"Could not interpret metric identifier: ac.*'auc'"):
        metrics.get("ac")


CONFIGS = {named(case): case for case in RECORDED["cases"]}


@pytest.mark.parametrize("case", CONFIGS.values(), ids=CONFIGS)
def test_a_metric_is_made_again_from_its_configuration(case: dict) -> None:
    metric = made(case)
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


@pytest.mark.parametrize("config", RECORDED["configs"], ids=lambda x: x["class_name"])
def test_configurations_that_keras_wrote_are_read(config: dict) -> None:
    metric = metrics.deserialize(config)
    assert type(metric).__name__ == config["class_name"]
    assert metric.name == config["config"]["name"]


def test_a_wrapped_function_is_made_again_from_its_configuration() -> None:
    metric = metrics.MeanMetricWrapper(losses.huber, name="mine", delta=2.0)
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert again([[0.0]], [[3.0]]).numpy() == 4.0
    assert again.name == "mine"
    assert metrics.deserialize("binary_accuracy") is metrics.binary_accuracy


def test_counting_after_a_step_leaves_the_weights_updated_in_place() -> None:
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    mean, accuracy = metrics.Mean(), metrics.SparseCategoricalAccuracy()
    weights = mt.Variable(mt.ones((5, 3)))

    @mt.function
    def step(x: Any, y: Any) -> Any:
        with mt.GradientTape() as tape:
            y_pred = x @ weights
            value = loss(y, y_pred)
        weights.assign_sub(0.1 * tape.gradient(value, weights))
        mean.update_state(value, sample_weight=4)
        accuracy.update_state(y, y_pred)
        return mean.result(), accuracy.result()

    made = step.get_concrete_function(mt.ones((4, 5)), mt.constant([0, 1, 2, 0]))
    assert made.explain().in_place == 5
