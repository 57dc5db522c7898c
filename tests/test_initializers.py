"""Initialisers, and how initialisers, regularisers, constraints and activations are named."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.keras import activations, constraints, initializers, regularizers

FANS = (400, 300)
SCALED = {  # standard deviations, from the papers
    "glorot_uniform": (2 / 700) ** 0.5,
    "glorot_normal": (2 / 700) ** 0.5,
    "he_uniform": (2 / 400) ** 0.5,
    "he_normal": (2 / 400) ** 0.5,
    "lecun_uniform": (1 / 400) ** 0.5,
    "lecun_normal": (1 / 400) ** 0.5,
    "random_normal": 0.05,
    "random_uniform": 0.1 / 12**0.5,
    "truncated_normal": 0.05 * 0.87962566,
}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    mt.random.set_seed(3)


@pytest.mark.parametrize("name", SCALED)
def test_draws_have_the_deviation_that_the_papers_ask_for(name: str) -> None:
    found = initializers.get(name)(FANS).numpy()
    assert found.shape == FANS
    assert found.dtype == np.float32
    assert abs(found.mean()) < 0.01 * SCALED[name] * 4
    np.testing.assert_allclose(found.std(), SCALED[name], rtol=0.01)


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal", "lecun_normal", "truncated_normal"])
def test_normal_draws_are_cut_off_at_two_deviations(name: str) -> None:
    found = initializers.get(name)(FANS).numpy()
    before = SCALED[name] / 0.87962566
    assert 1.9 * before < np.abs(found).max() <= 2 * before


def test_uniform_draws_stay_within_their_limit() -> None:
    assert np.abs(initializers.GlorotUniform()((3, 3, 64, 128))).max() <= (6 / (9 * 192)) ** 0.5
    found = initializers.RandomUniform(2.0, 3.0)((1000,)).numpy()
    assert 2 <= found.min() < 2.01
    assert 2.99 < found.max() < 3


@pytest.mark.parametrize(
    ("mode", "count"), [("fan_in", 400), ("fan_out", 300), ("fan_avg", 350)], ids=str
)
@pytest.mark.parametrize("distribution", ["uniform", "truncated_normal", "untruncated_normal"])
def test_variance_scaling_gives_the_variance(mode: str, count: int, distribution: str) -> None:
    found = initializers.VarianceScaling(3.0, mode, distribution)(FANS).numpy()
    np.testing.assert_allclose(found.var(), 3.0 / count, rtol=0.02)


def test_the_receptive_field_counts_as_inputs_and_outputs() -> None:
    found = initializers.HeNormal()((3, 3, 40, 60)).numpy()
    np.testing.assert_allclose(found.std(), (2 / (9 * 40)) ** 0.5, rtol=0.02)


@pytest.mark.parametrize("shape", [(5, 5), (4, 7), (7, 4), (2, 3, 4)])
def test_orthogonal_rows_or_columns_have_length_one(shape: tuple) -> None:
    found = initializers.Orthogonal(gain=2.0)(shape).numpy().reshape(-1, shape[-1])
    product = found @ found.T if found.shape[0] <= found.shape[1] else found.T @ found
    np.testing.assert_allclose(product, 4 * np.eye(min(found.shape)), atol=1e-5)


def test_fixed_values_are_what_they_say() -> None:
    assert initializers.Zeros()((2, 2)).numpy().tolist() == [[0, 0], [0, 0]]
    assert initializers.Ones()((2,), dtype="int32").numpy().tolist() == [1, 1]
    assert initializers.Constant(2.5)((2,)).numpy().tolist() == [2.5, 2.5]
    assert initializers.Constant([1.0, 2.0])((2, 2)).numpy().tolist() == [[1, 2], [1, 2]]
    assert initializers.Identity(3.0)((2, 3)).numpy().tolist() == [[3, 0, 0], [0, 3, 0]]


@pytest.mark.parametrize("name", [*SCALED, "orthogonal"])
def test_a_seed_gives_the_same_numbers_each_time_and_none_gives_others(name: str) -> None:
    make = getattr(initializers, name)
    first, second, other = make(seed=1), make(seed=1), make(seed=2)
    np.testing.assert_array_equal(first((4, 3)), first((4, 3)))
    np.testing.assert_array_equal(first((4, 3)), second((4, 3)))
    assert not np.array_equal(first((4, 3)), other((4, 3)))
    free = make()
    assert not np.array_equal(free((4, 3)), free((4, 3)))


def test_the_global_seed_makes_layers_repeatable() -> None:
    def kernel() -> Any:
        mt.random.set_seed(7)
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
        return layer.kernel.numpy()

    np.testing.assert_array_equal(kernel(), kernel())


def test_a_layer_takes_names_classes_functions_arrays_and_configurations() -> None:
    for given in (
        "ones", initializers.Ones, initializers.Ones(), np.ones((2, 3)), mt.ones((2, 3)),
        lambda shape, dtype=None: mt.ones(shape, dtype=dtype),
        {"class_name": "Ones", "config": {}}, initializers.serialize(initializers.Ones()),
    ):  # fmt: skip
        layer = keras.layers.Dense(3, kernel_initializer=given)
        layer.build((None, 2))
        np.testing.assert_array_equal(layer.kernel, np.ones((2, 3)))


def test_configurations_survive_json() -> None:
    for thing, module in (
        (initializers.HeNormal(seed=4), initializers),
        (initializers.VarianceScaling(2.0, "fan_out", "uniform"), initializers),
        (regularizers.L1L2(0.1, 0.2), regularizers),
        (regularizers.OrthogonalRegularizer(0.1, "columns"), regularizers),
        (constraints.MinMaxNorm(0.1, 2.0, 0.5, axis=[0, 1]), constraints),
    ):
        config = json.loads(json.dumps(module.serialize(thing)))
        again = module.deserialize(config)
        assert type(again) is type(thing)
        assert again.get_config() == thing.get_config()


def test_what_only_keras_knows_of_an_initializer_is_left_out() -> None:
    config = {"seed": 1, "input_axes": None, "output_axes": None}
    made = initializers.get({"class_name": "GlorotUniform", "config": config})
    np.testing.assert_array_equal(made((2, 2)), initializers.GlorotUniform(seed=1)((2, 2)))


@pytest.mark.parametrize(
    ("module", "name", "kind"),
    [
        (initializers, "GlorotUniform", "GlorotUniform"),
        (initializers, "glorot_uniform", "GlorotUniform"),
        (initializers, "normal", "RandomNormal"),
        (initializers, "uniform", "RandomUniform"),
        (initializers, "one", "Ones"),
        (regularizers, "l2", "L2"),
        (regularizers, "L1", "L1"),
        (regularizers, "l1l2", "L1L2"),
        (constraints, "max_norm", "MaxNorm"),
        (constraints, "NonNeg", "NonNeg"),
    ],
)
def test_names_stand_for_classes(module: Any, name: str, kind: str) -> None:
    assert type(module.get(name)).__name__ == kind


def test_nothing_stands_for_nothing_and_for_the_linear_activation() -> None:
    assert regularizers.get(None) is None
    assert constraints.get(None) is None
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.serialize(activations.relu) == "relu"
    assert activations.deserialize("relu") is activations.relu


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        (lambda: initializers.get("glorot_unifrom"),
         ["Could not interpret initializer identifier: glorot_unifrom", "'glorot_uniform'"]),
        (lambda: initializers.get(3), ["Could not interpret initializer identifier: 3"]),
        (lambda: activations.get("rleu"),
         ["Could not interpret activation function identifier: rleu", "'relu'"]),
        (lambda: regularizers.get("foo"), ["Could not interpret regularizer identifier: foo"]),
        (lambda: constraints.get("foo"), ["Could not interpret constraint identifier: foo"]),
        (lambda: initializers.VarianceScaling(-1),
         ["Argument `scale` must be positive float. Received: scale=-1"]),
        (lambda: initializers.VarianceScaling(1, "in"), ["Invalid `mode` argument: in", "fan_in"]),
        (lambda: initializers.VarianceScaling(1, "fan_in", "x"),
         ["Invalid `distribution` argument: x", "truncated_normal"]),
        (lambda: initializers.Identity()((3,)),
         ["Identity matrix initializer can only be used for 2D matrices"]),
        (lambda: initializers.Orthogonal()((3,)),
         ["The tensor to initialize must be at least two-dimensional"]),
        (lambda: initializers.HeNormal(seed="a"), ["seed='a'", "not a whole number"]),
        (lambda: initializers.Constant(np.ones(6))((3, 2)), ["(3, 2)"]),
        (lambda: regularizers.L1(-1),
         ["Invalid value for argument l1: expected a non-negative float. Received: l1=-1"]),
        (lambda: regularizers.L2("a"), ["Invalid value for argument l2"]),
        (lambda: regularizers.OrthogonalRegularizer(mode="x"),
         ["Invalid value for argument `mode`", "Received: mode=x"]),
        (lambda: regularizers.OrthogonalRegularizer()(mt.ones(2)),
         ["Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape=(2,)"]),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong_and_what_to_do(fail: Any, words: list[str]) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        fail()
    for word in words:
        assert word in str(caught.value)


def test_bases_say_what_to_define() -> None:
    for make in (initializers.Initializer, regularizers.Regularizer, constraints.Constraint):
        with pytest.raises(mt.errors.FailedPreconditionError, match="__call__"):
            make()((2, 2))


def test_sparsemax_is_the_nearest_point_among_probabilities() -> None:
    x = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32) * 2
    found = activations.sparsemax(mt.constant(x)).numpy()
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)
    for row, wanted in zip(found, x.astype(np.float64), strict=True):
        low, high = wanted.min() - 1, wanted.max()
        for _ in range(60):  # bisect for the threshold that leaves a sum of 1
            middle = (low + high) / 2
            if np.maximum(wanted - middle, 0).sum() > 1:
                low = middle
            else:
                high = middle
        np.testing.assert_allclose(row, np.maximum(wanted - low, 0), atol=1e-5)


def test_activations_agree_with_the_formulas_of_softmax_over_several_axes() -> None:
    x = mt.constant(np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32))
    flat = mt.nn.softmax(mt.reshape(x, (2, 12))).numpy().reshape(2, 3, 4)
    np.testing.assert_allclose(activations.softmax(x, axis=(1, 2)), flat, rtol=1e-5)
