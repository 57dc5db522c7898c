"""Optimisers: learning rates, options, configurations, errors; their numbers are tested apart."""

from __future__ import annotations

import copy
import json
import pickle
import runpy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import optimizers
from minitensor.keras.weight import Weight

FOLDER = Path(__file__).with_name("recorded")
CASES = runpy.run_path(str(FOLDER / "optimizers.py"))["CASES"]


def bowl(optimizer: Any, start: list, steps: int = 1) -> np.ndarray:
    """Where steps down the bowl w² lead."""
    w = mt.Variable(start)
    for _ in range(steps):
        optimizer.apply_gradients([(2 * w.value(), w)])
    return w.numpy()


@pytest.mark.parametrize("cls", ["SGD", "Adagrad"])
@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
def test_rows_without_gradients_do_not_change(cls: str, traced: bool) -> None:
    table = mt.Variable(np.full((1000, 2), np.nan, np.float32))  # would spread if it were read
    table.scatter_update(mt.IndexedSlices(mt.ones((2, 2)), mt.constant([7, 500])))
    optimizer = getattr(optimizers, cls)(0.5)

    def step(indices: mt.Tensor) -> None:
        with mt.GradientTape() as tape:
            loss = mt.reduce_sum(mt.gather(table, indices))
        optimizer.apply_gradients([(tape.gradient(loss, table), table)])

    (mt.function(step, autograph=False) if traced else step)(mt.constant([7, 500, 7]))
    changed = table.numpy()
    assert np.isfinite(changed[[7, 500]]).all()
    assert (changed[[7, 500]] != 1).all()
    assert np.isnan(np.delete(changed, [7, 500], axis=0)).all()


def test_a_row_named_twice_counts_as_the_sum() -> None:
    once, twice = mt.Variable(np.ones((3, 1), np.float32)), mt.Variable(np.ones((3, 1), np.float32))
    optimizer = optimizers.Adam(0.1, epsilon=1.0)
    rows = mt.IndexedSlices(mt.constant([[1.0], [2.0], [3.0]]), mt.constant([1, 0, 1]))
    total = mt.constant([[2.0], [4.0], [0.0]])
    for _ in range(3):
        optimizer.apply_gradients([(rows, twice), (total, once)])
    np.testing.assert_array_equal(once.numpy(), twice.numpy())


def test_float64_variables_stay_float64() -> None:
    w = mt.Variable(np.array([1.0, 2.0]))
    x = mt.Variable(1.0)
    for cls in ("SGD", "Adam", "Nadam", "Adagrad", "RMSprop", "Ftrl"):
        optimizer = getattr(optimizers, cls)(0.01)
        optimizer.apply_gradients([(mt.constant([1.0, 1.0], mt.float64), w), (mt.constant(1.0), x)])
    assert w.dtype == mt.float64
    assert x.dtype == mt.float32


# Learning rates


def test_the_learning_rate_can_change_between_traced_steps_without_a_new_trace() -> None:
    w, traces = mt.Variable(0.0), []
    optimizer = optimizers.SGD(0.5)

    @mt.function
    def step() -> None:
        traces.append(1)
        optimizer.apply_gradients([(mt.constant(1.0), w)])

    step()
    optimizer.learning_rate = 0.25
    step()
    optimizer.variables[1].assign(2.0)
    step()
    assert w.numpy() == -2.75
    assert len(traces) == 1


def test_a_schedule_follows_the_steps_of_a_trace() -> None:
    w = mt.Variable(0.0)
    rate = optimizers.schedules.PiecewiseConstantDecay([1, 2], [1.0, 0.5, 0.25])
    optimizer = optimizers.SGD(rate)
    step = mt.function(lambda: optimizer.apply_gradients([(mt.constant(1.0), w)]), autograph=False)
    seen = []
    for _ in range(4):
        step()
        seen.append(float(w))
    assert seen == [-1.0, -2.0, -2.5, -2.75]
    assert float(optimizer.learning_rate) == 0.25
    assert int(optimizer.iterations) == 4


def test_a_function_without_arguments_is_asked_in_each_step() -> None:
    rates = iter([1.0, 0.5])
    w = mt.Variable(0.0)
    optimizer = optimizers.SGD(lambda: next(rates))
    for _ in range(2):
        optimizer.apply_gradients([(mt.constant(1.0), w)])
    assert w.numpy() == -1.5


def test_a_number_cannot_replace_a_schedule() -> None:
    optimizer = optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))
    with pytest.raises(TypeError, match="hence its learning rate is not settable"):
        optimizer.learning_rate = 0.1


def test_a_schedule_can_replace_a_number() -> None:
    optimizer = optimizers.SGD(0.1)
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    assert float(optimizer.learning_rate) == 0.5
    assert [v.path.split("/")[1] for v in optimizer.variables] == ["iteration"]


def test_schedules_check_their_arguments() -> None:
    with pytest.raises(ValueError, match="Argument `decay_steps` must be > 0"):
        optimizers.schedules.CosineDecay(0.1, 0)
    with pytest.raises(ValueError, match="should be 1 less than the length of values"):
        optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2])
    with pytest.raises(NotImplementedError, match="must override `__call__"):
        optimizers.schedules.LearningRateSchedule()(0)


# Options


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
def test_constraints_hold_after_each_step(traced: bool) -> None:
    w = mt.Variable([1.0, 0.1], constraint=lambda w: mt.maximum(w, 0.0))
    optimizer = optimizers.SGD(1.0)

    def step(gradient: mt.Tensor) -> None:
        optimizer.apply_gradients([(gradient, w)])

    (mt.function(step, autograph=False) if traced else step)(mt.constant([0.5, 0.5]))
    np.testing.assert_array_equal(w.numpy(), [0.5, 0.0])


def test_weight_decay_leaves_excluded_variables_alone() -> None:
    names = ("dense/kernel", "dense/bias", "other/kernel")
    weights = [Weight(np.float32(1.0), path=name) for name in names]
    optimizer = optimizers.AdamW(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[weights[2]], var_names=["bias"])
    optimizer.apply_gradients([(mt.constant(0.0), w) for w in weights])
    assert [float(w) for w in weights] == [0.5, 1.0, 1.0]
    with pytest.raises(ValueError, match="can only be configured before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_averages_become_the_values_at_the_end() -> None:
    w = mt.Variable(0.0)
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(3):
        optimizer.apply_gradients([(mt.constant(-1.0), w)])
    assert float(w) == 3.0
    optimizer.finalize_variable_values([w])
    assert float(w) == 2.25  # 1, then (1 + 2) / 2, then (1.5 + 3) / 2


def test_accumulated_gradients_change_variables_once() -> None:
    w = mt.Variable(0.0)
    optimizer = optimizers.SGD(1.0, gradient_accumulation_steps=3)
    seen = []
    for g in (1.0, 2.0, 6.0, 3.0):
        optimizer.apply_gradients([(mt.constant(g), w)])
        seen.append(float(w))
    assert seen == [0.0, 0.0, -3.0, -3.0]
    assert int(optimizer.iterations) == 1


def test_a_gradient_that_is_not_finite_shows_after_clipping_all_together() -> None:
    w, x = mt.Variable(1.0), mt.Variable(1.0)
    optimizer = optimizers.SGD(0.1, global_clipnorm=1.0)
    optimizer.apply_gradients([(mt.constant(np.inf, mt.float32), w), (mt.constant(1.0), x)])
    assert np.isnan(w.numpy())
    assert np.isnan(x.numpy())


def test_scaled_losses_have_unscaled_gradients() -> None:
    w = mt.Variable(1.0)
    optimizer = optimizers.SGD(0.5, loss_scale_factor=8.0)
    with mt.GradientTape() as tape:
        loss = optimizer.scale_loss(w * 3.0)
    optimizer.apply_gradients([(tape.gradient(loss, w), w)])
    assert float(loss) == 24.0
    assert float(w) == -0.5


def test_minimize_takes_functions_and_tensors_with_their_tape() -> None:
    w = mt.Variable(3.0)
    optimizer = optimizers.SGD(0.25)
    optimizer.minimize(lambda: w * w, [w])
    assert float(w) == 1.5
    with mt.GradientTape() as tape:
        loss = w * w
    assert int(optimizer.minimize(loss, [w], tape)) == 2
    assert float(w) == 0.75
    with pytest.raises(ValueError, match="`tape` is required when a `Tensor` loss is passed"):
        optimizer.minimize(loss, [w])


def test_apply_uses_the_variables_that_it_was_built_for() -> None:
    w = mt.Variable(1.0)
    optimizer = optimizers.SGD(0.5)
    with pytest.raises(ValueError, match="the optimizer must already be built"):
        optimizer.apply([mt.constant(1.0)])
    optimizer.build([w])
    optimizer.apply([mt.constant(1.0)])
    assert float(w) == 0.5
    optimizer.apply([])
    assert int(optimizer.iterations) == 1


def test_slots_are_made_outside_of_the_trace() -> None:
    w = mt.Variable([1.0, 2.0])
    optimizer = optimizers.Adam(0.1)
    step = mt.function(lambda: optimizer.apply_gradients([(w * 2.0, w)]), autograph=False)
    step()
    assert all(np.isfinite(v.numpy()).all() for v in optimizer.variables)
    assert int(optimizer.iterations) == 1
    assert optimizer.variables[2].numpy()[1] != 0


def test_a_subclass_needs_update_step_alone() -> None:
    class Flat(optimizers.Optimizer):
        def __init__(self, learning_rate: float, size: float = 2.0, **options: Any):
            super().__init__(learning_rate, **options)
            self.size = size

        def build(self, variables: Any) -> None:
            super().build(variables)
            self.seen = self.add_optimizer_variables(variables, "seen", "ones")

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            self.assign_add(self.seen[self._get_variable_index(variable)], gradient)
            self.assign_sub(variable, mt.sign(gradient) * learning_rate * self.size)

    optimizer = Flat(0.5)
    np.testing.assert_array_equal(bowl(optimizer, [4.0, -3.0], steps=2), [2.0, -1.0])
    assert optimizer.seen[0].numpy().tolist() == [15.0, -9.0]
    assert Flat.from_config(optimizer.get_config()).size == 2.0
    with pytest.raises(NotImplementedError, match="update_step"):
        bowl(optimizers.Optimizer(0.1), [1.0])


# Configurations


@pytest.mark.parametrize("case", CASES)
def test_an_optimiser_made_from_its_configuration_does_the_same(case: str) -> None:
    cls, arguments = CASES[case]
    optimizer = getattr(optimizers, cls)(**arguments)
    text = json.dumps(optimizers.serialize(optimizer))
    again = optimizers.deserialize(json.loads(text))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    np.testing.assert_array_equal(bowl(again, [1.0, 3.0], 3), bowl(optimizer, [1.0, 3.0], 3))


def test_configurations_have_the_keys_of_keras() -> None:
    config = optimizers.Adam(0.5, name="mine").get_config()
    assert config == {
        "name": "mine", "learning_rate": 0.5, "weight_decay": None, "clipnorm": None,
        "global_clipnorm": None, "clipvalue": None, "use_ema": False, "ema_momentum": 0.99,
        "ema_overwrite_frequency": None, "loss_scale_factor": None,
        "gradient_accumulation_steps": None, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07,
        "amsgrad": False,
    }  # fmt: skip


def test_configurations_hold_the_learning_rate_of_now_and_schedules() -> None:
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate = 0.25
    assert optimizer.get_config()["learning_rate"] == 0.25
    scheduled = optimizers.SGD(optimizers.schedules.InverseTimeDecay(0.5, 2, 0.5))
    again = optimizers.SGD.from_config(json.loads(json.dumps(scheduled.get_config())))
    assert float(again.learning_rate) == 0.5


@pytest.mark.parametrize("name", ["adam", "Adam", "ADAM"])
def test_optimisers_are_found_by_name(name: str) -> None:
    assert type(optimizers.get(name)) is optimizers.Adam
    assert type(optimizers.deserialize({"class_name": name, "config": {}})) is optimizers.Adam


def test_get_returns_what_is_an_optimiser_already() -> None:
    optimizer = optimizers.RMSprop()
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(None) is None
    assert type(optimizers.get({"class_name": "SGD", "config": {}})) is optimizers.SGD
    for wrong in (3, len):
        with pytest.raises(ValueError, match="Could not interpret optimizer identifier"):
            optimizers.get(wrong)
    with pytest.raises(ValueError, match="did you mean 'adam'"):
        optimizers.get("adm")


def test_copies_train_copies() -> None:
    w = mt.Variable(1.0)
    pair = (optimizers.SGD(0.5, momentum=0.5), w)
    pair[0].apply_gradients([(mt.constant(1.0), w)])
    for optimizer, x in (copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):
        optimizer.apply_gradients([(mt.constant(1.0), x)])
        assert float(x) == -0.25
        assert float(w) == 0.5


def test_modules_do_not_count_what_an_optimiser_trains_as_its_own() -> None:
    w = mt.Variable(1.0)
    optimizer = optimizers.Adam()
    optimizer.build([w])
    assert all(v is not w for v in optimizer.variables)
    assert len(optimizer.variables) == 4
    assert list(optimizer.trainable_variables) == []


# Errors


def test_no_gradients_at_all_is_an_error() -> None:
    w = mt.Variable(1.0)
    optimizer = optimizers.SGD()
    for pairs in ([(None, w)], []):
        with pytest.raises(ValueError, match="No gradients provided for any variable"):
            optimizer.apply_gradients(pairs)
    assert int(optimizer.iterations) == 0


def test_a_missing_gradient_is_a_warning_that_names_its_variable() -> None:
    w, x = mt.Variable(1.0), Weight(np.float32(1.0), path="dense/bias")
    optimizer = optimizers.SGD(0.5)
    expected = r"Gradients do not exist for variables \['dense/bias'\] when minimizing the loss"
    with pytest.warns(UserWarning, match=expected):
        optimizer.apply_gradients([(mt.constant(1.0), w), (None, x)])
    assert float(w) == 0.5
    assert float(x) == 1.0


def test_a_variable_that_comes_later_is_unknown() -> None:
    w, x = mt.Variable(1.0), mt.Variable(2.0)
    optimizer = optimizers.SGD()
    optimizer.apply_gradients([(mt.constant(1.0), w)])
    before = float(w)
    with pytest.raises(ValueError, match=r"Unknown variable: <.*the variables it was originally"):
        optimizer.apply_gradients([(mt.constant(1.0), w), (mt.constant(1.0), x)])
    assert float(w) == before
    assert int(optimizer.iterations) == 1


def test_a_gradient_of_another_shape_changes_nothing() -> None:
    w, x = mt.Variable(1.0), mt.Variable([1.0, 2.0])
    optimizer = optimizers.Adam()
    with pytest.raises(ValueError, match=r"Variable:0.*shape \(\).*he variable has shape \(2,\)"):
        optimizer.apply_gradients([(mt.constant(1.0), w), (mt.constant(1.0), x)])
    assert float(w) == 1.0
    assert not optimizer.built
    assert int(optimizer.iterations) == 0


@pytest.mark.parametrize("wrong", ["gradients alone", "swapped", "numbers"])
def test_apply_gradients_says_that_it_takes_pairs(wrong: str) -> None:
    w, g = mt.Variable(1.0), mt.constant(1.0)
    given = {"gradients alone": [g], "swapped": [(w, g)], "numbers": [(g, 1.0)]}[wrong]
    with pytest.raises(TypeError, match=r"zip\(gradients, variables\)"):
        optimizers.SGD().apply_gradients(given)


@pytest.mark.parametrize("rate", [1, "fast", None, True])
def test_the_learning_rate_is_a_float(rate: Any) -> None:
    with pytest.raises(ValueError, match="Argument `learning_rate` should be float"):
        optimizers.SGD(rate)


def test_lr_is_spelled_out() -> None:
    with pytest.raises(ValueError, match=r"not recognized: {'lr': 0.1}.*learning_rate=0.1"):
        optimizers.Adam(lr=0.1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="did you mean 'momentum'"):
        optimizers.SGD(momentm=0.1)  # type: ignore[call-arg]


def test_the_attribute_lr_is_spelled_out_too() -> None:
    optimizer = optimizers.SGD(0.1)
    with pytest.raises(AttributeError, match=r"optimizer\.learning_rate"):
        optimizer.lr = 0.5
    assert not hasattr(optimizer, "lr")


def test_decay_of_keras_1_is_a_warning() -> None:
    with pytest.warns(UserWarning, match="`decay` is no longer supported and will be ignored"):
        optimizers.SGD(0.1, decay=0.1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("cls", "arguments", "words"),
    [
        ("SGD", {"clipnorm": -1.0}, "`clipnorm` must be a float >= 0"),
        ("SGD", {"clipvalue": -0.5}, "`clipvalue` must be a float >= 0"),
        ("SGD", {"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of `clipnorm`, `clipvalue` and"),
        ("SGD", {"momentum": 2.0}, r"`momentum` must be a float between \[0, 1\]"),
        ("SGD", {"use_ema": True, "ema_momentum": 1.5}, r"`ema_momentum` must be a float between"),
        ("SGD", {"use_ema": True, "ema_overwrite_frequency": 0}, "must be an integer >= 1 or None"),
        ("SGD", {"gradient_accumulation_steps": 1}, "must be an integer >= 2"),
        ("Adam", {"beta_1": 1.5}, "`beta_1` must be a float between"),
        ("AdamW", {"weight_decay": None}, "Argument `weight_decay` must be a float"),
        ("Lion", {"beta_1": 0.0}, "degenerates to SignSGD"),
        ("Ftrl", {"learning_rate_power": 0.5}, "needs to be negative or zero"),
        ("SGD", {"name": "a/b"}, "cannot contain character `/`"),
    ],
)
def test_numbers_out_of_range_are_errors(cls: str, arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(optimizers, cls)(**arguments)


# Speed


def test_updates_of_many_variables_are_one_pass_and_scalars_are_computed_once() -> None:
    weights = [mt.Variable(np.ones(shape, np.float32)) for shape in ((8, 4), (4,), (4, 2), (2,))]
    optimizer = optimizers.Adam()

    @mt.function(autograph=False)
    def step(x: mt.Tensor) -> None:
        with mt.GradientTape() as tape:
            hidden = mt.tanh(x @ weights[0] + weights[1])
            loss = mt.reduce_sum(mt.square(hidden @ weights[2] + weights[3]))
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    x = mt.ones((3, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(x)
    source = step.get_concrete_function(x).source
    assert source.count("power(") == 2  # beta_1 and beta_2, each once
    assert source.count(" sqrt(") == 2  # that of a number, and that of all second moments
