"""Losses against Keras: values, gradients, errors; and how they behave in traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import losses

RECORDED = json.loads((Path(__file__).parent / "recorded" / "losses.json").read_text("utf-8"))


def named(case: dict) -> str:
    options = "".join(f" {k}={v}" for k, v in case["config"].items())
    weight = "" if case.get("weight") is None else " weighted"
    return f"{case['loss']}{options} {np.shape(case['y_pred'])}{weight}"


def inputs(case: dict) -> tuple[Any, Any, Any]:
    y_true = np.array(case["y_true"], case.get("true_dtype"))
    weight = None if case.get("weight") is None else np.array(case["weight"], "float32")
    return y_true, mt.constant(case["y_pred"], mt.float32), weight


def value_and_gradient(case: dict, y_true: Any, y_pred: Any, weight: Any) -> tuple[Any, Any]:
    if case["mask"] is not None:
        y_pred = mt.identity(y_pred)
        y_pred._keras_mask = mt.constant(case["mask"])
    loss = getattr(losses, case["loss"])(**case["config"])
    with mt.GradientTape() as tape:
        tape.watch(y_pred)
        value = loss(y_true, y_pred, sample_weight=weight)
    return value, tape.gradient(value, y_pred)


@pytest.mark.parametrize("case", RECORDED["cases"], ids=named)
@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
def test_loss_and_gradient_are_those_of_keras(case: dict, traced: bool) -> None:
    compute = mt.function(value_and_gradient) if traced else value_and_gradient
    value, gradient = compute(case, *inputs(case))
    expected = np.array(case["value"], "float32")
    assert value.shape == expected.shape
    np.testing.assert_allclose(value, expected, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(gradient, case["gradient"], rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("case", RECORDED["errors"], ids=named)
@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
def test_wrong_input_is_explained_in_keras_words(case: dict, traced: bool) -> None:
    def compute(y_true: Any, y_pred: Any) -> Any:
        return getattr(losses, case["loss"])(**case["config"])(y_true, y_pred)

    y_true, y_pred, _ = inputs(case)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are compared below
        (mt.function(compute) if traced else compute)(mt.constant(y_true), y_pred)
    assert case["words"] in str(caught.value)
    assert "To fix it" in str(caught.value)


@pytest.mark.parametrize("case", RECORDED["logits"], ids=lambda case: case["loss"])
def test_results_of_activations_are_traced_back_to_their_logits(case: dict) -> None:
    x = mt.constant(case["logits"])
    y_pred = getattr(mt.keras.activations, case["activation"])(x)
    value = getattr(losses, case["loss"])()(np.array(case["y_true"]), y_pred)
    np.testing.assert_allclose(value, case["value"], rtol=1e-6)
    with pytest.warns(UserWarning, match="received `from_logits=True`, but the `output` argument"):
        getattr(losses, case["loss"])(from_logits=True)(np.array(case["y_true"]), y_pred)


def test_a_softmax_over_another_axis_is_not_taken_for_the_logits_of_this_one() -> None:
    y_pred = mt.keras.activations.softmax(mt.constant([[1.0, 2.0], [3.0, 0.5]]), axis=0)
    plain = mt.constant(y_pred.numpy())
    loss = losses.SparseCategoricalCrossentropy()
    np.testing.assert_allclose(loss([0, 1], y_pred), loss([0, 1], plain))


def test_class_numbers_beyond_what_float32_holds_stay_exact() -> None:
    label = np.array([2**24 + 1])
    seen = []

    class Keeps(losses.Loss):
        labels_keep_dtype = True

        def call(self, y_true: Any, y_pred: Any) -> Any:
            seen.append(int(y_true[0]))
            return y_pred

    Keeps()(label, [0.0])
    assert seen == [2**24 + 1]


def test_lists_are_taken_as_arrays() -> None:
    assert losses.MeanSquaredError()([0, 1], [1, 3]).numpy() == 2.5
    np.testing.assert_allclose(losses.mean_squared_error([[0, 1]], [[1, 3]]), [2.5])


def test_an_empty_batch_has_the_loss_0_of_several_numbers_each() -> None:
    empty = np.zeros((0, 3, 2), "float32")
    assert losses.MeanSquaredError()(empty, empty).numpy() == 0.0


def test_a_batch_of_unknown_size_is_averaged() -> None:
    loss = losses.MeanAbsoluteError()
    spec = mt.TensorSpec([None, 2], mt.float32)
    compute = mt.function(lambda x: loss(mt.zeros_like(x), x), input_signature=[spec])
    assert compute(mt.constant([[1.0, 3.0], [2.0, 0.0]])).numpy() == 1.5
    assert compute(mt.constant([[1.0, 3.0]])).numpy() == 2.0


def test_one_class_only_is_warned_about() -> None:
    with pytest.warns(SyntaxWarning, match="Consider using 'binary_crossentropy'"):
        losses.categorical_crossentropy([[1.0]], [[0.3]])


@pytest.mark.parametrize(
    ("name", "function"),
    [("mse", "mean_squared_error"), ("MAE", "mean_absolute_error"), ("kld", "kl_divergence"),
     ("bce", "binary_crossentropy"), ("msle", "mean_squared_logarithmic_error"),
     ("mape", "mean_absolute_percentage_error"), ("huber", "huber"), ("hinge", "hinge"),
     ("sparse_categorical_crossentropy", "sparse_categorical_crossentropy")],
)  # fmt: skip
def test_functions_are_found_by_name(name: str, function: str) -> None:
    assert losses.get(name) is getattr(losses, function)


def test_classes_are_found_by_name_and_configuration() -> None:
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert losses.get(None) is None
    config = {"class_name": "Huber", "config": {"delta": 2.0}}
    assert losses.get(config)([[0.0]], [[3.0]]).numpy() == 4.0
    with pytest.raises(ValueError, match=r"Could not interpret loss identifier: mze.*'mse'"):
        losses.get("mze")


CLASSES = [thing for thing in vars(losses).values()
           if isinstance(thing, type) and issubclass(thing, losses.Loss)]  # fmt: skip
PLAIN = [cls for cls in CLASSES if cls not in (losses.Loss, losses.LossFunctionWrapper)]


@pytest.mark.parametrize("cls", PLAIN, ids=lambda cls: cls.__name__)
def test_a_loss_is_made_again_from_its_configuration(cls: type) -> None:
    loss = cls(reduction="sum", name="mine")
    again = losses.deserialize(json.loads(json.dumps(losses.serialize(loss))))
    assert type(again) is cls
    assert (again.name, again.reduction) == ("mine", "sum")
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize("config", RECORDED["configs"], ids=lambda x: x["class_name"])
def test_configurations_that_keras_wrote_are_read(config: dict) -> None:
    loss = losses.deserialize(config)
    assert type(loss).__name__ == config["class_name"]
    own = loss.get_config()
    assert {name: own[name] for name in config["config"]} == config["config"]


def test_a_wrapped_function_is_made_again_from_its_configuration() -> None:
    loss = losses.LossFunctionWrapper(losses.huber, delta=2.0)
    again = losses.deserialize(json.loads(json.dumps(losses.serialize(loss))))
    assert again([[0.0]], [[3.0]]).numpy() == 4.0


def test_a_loss_of_ones_own_needs_a_call() -> None:
    class Mine(losses.Loss):
        pass

    assert Mine().name == "mine"
    with pytest.raises(ValueError, match=r"Mine: It has no `call`.*define `call`"):
        Mine()([0.0], [0.0])


def test_weights_of_samples_count_for_all_their_steps() -> None:
    y_true, y_pred = np.zeros((2, 3, 1)), np.array([[[1.0]] * 3, [[2.0]] * 3])
    weighted = losses.MeanSquaredError()(y_true, y_pred, sample_weight=[3.0, 0.5])
    assert weighted.numpy() == (3 * 1.0 + 0.5 * 4.0) / 2
    with pytest.raises(ValueError, match=r"weights of shape \(3,\) for values of shape \(2, 3\)"):
        losses.MeanSquaredError()(y_true, y_pred, sample_weight=[1.0, 2.0, 3.0])


@pytest.mark.parametrize("name", ["<lambda>", "my loss", "a/b", "über", "_"])
def test_a_loss_may_have_any_name(name: str) -> None:
    loss = losses.MeanSquaredError(name=name)
    assert loss.name == name
    assert mt.function(loss)(mt.zeros((1, 1)), mt.ones((1, 1))).numpy() == 1.0


def test_older_names_of_reductions_are_known() -> None:
    y_true, y_pred = [[0.0], [0.0]], [[1.0], [2.0]]
    assert losses.MeanAbsoluteError(reduction="auto")(y_true, y_pred).numpy() == 1.5
    each = losses.MeanAbsoluteError(reduction=losses.Reduction.NONE)(y_true, y_pred)
    np.testing.assert_array_equal(each, [1.0, 2.0])


def test_log_loss_agrees_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), 50)
    y = rng.integers(0, 4, 50)
    weight = rng.uniform(0.1, 1.0, 50)
    loss = losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
    expected = sklearn.log_loss(y, p, sample_weight=weight)
    np.testing.assert_allclose(loss(y, p, weight), expected, rtol=1e-5)
    one_hot = losses.CategoricalCrossentropy()(np.eye(4)[y], p)
    np.testing.assert_allclose(one_hot, sklearn.log_loss(y, p), rtol=1e-5)
    binary = losses.BinaryCrossentropy()(y % 2, p[:, 0])
    np.testing.assert_allclose(binary, sklearn.log_loss(y % 2, p[:, 0]), rtol=1e-5)
