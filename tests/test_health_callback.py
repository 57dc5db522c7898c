"""`keras.callbacks.Health`: looks while a model is trained, changes nothing, and finds the step."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.views import health_record

Health = keras.callbacks.Health
rng = np.random.default_rng(0)
X = rng.normal(size=(64, 6)).astype("float32")
Y = rng.integers(0, 3, 64)


def net(**options: Any) -> Any:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    made = keras.Sequential([
        layers.Dense(16, "relu", name="a"), layers.BatchNormalization(name="n"),
        layers.Dropout(0.3), layers.Dense(3, name="b"),
    ])  # fmt: skip
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile("adam", loss, metrics=["accuracy"], **options)
    return made


def steps(callback: Any) -> list[int]:
    return [report.step for report in callback.history]


@pytest.mark.parametrize("every", ["auto", "epoch", 3])
def test_training_is_the_same_to_the_last_bit(every: Any) -> None:
    def trained(*callbacks: Any) -> tuple[dict, list]:
        made = net()
        log = made.fit(X, Y, batch_size=8, epochs=3, verbose=0, validation_data=(X, Y),
                       callbacks=list(callbacks))  # fmt: skip
        return log.history, [w.numpy() for w in (*made.weights, *made.optimizer.variables)]

    (history, weights), (plain, expected) = trained(Health(every=every)), trained()
    assert history == plain
    np.testing.assert_equal(weights, expected)


def test_it_looks_as_often_as_it_was_told() -> None:
    by_steps, by_epochs, auto = Health(every=5), Health(every="epoch"), Health()
    net().fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[by_steps, by_epochs, auto])
    assert steps(by_steps) == [0, 5, 10, 15]
    assert steps(by_epochs) == [0, 8]
    assert (steps(auto)[0], steps(auto)[-1]) == (0, 16)


def looks_of(cost: float, step: float, epochs: int, **how: Any) -> list[int]:
    """The steps looked at, 16 an epoch, by a clock on which looks and steps take so long."""
    now = [0.0]

    class Timed(Health):
        def _report(self, *given: Any) -> Any:
            now[0] += cost
            return super()._report(*given)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            now[0] += step

    made, data = Timed(), (X, Y)
    with pytest.MonkeyPatch.context() as patch:
        clock = SimpleNamespace(perf_counter=lambda: now[0])
        patch.setattr("minitensor.keras.callbacks.health.time", clock)
        if how.pop("generated", False):
            data = (((X[:4], Y[:4]) for _ in range(16 * epochs)), None)
            epochs = 1
        net().fit(*data, epochs=epochs, verbose=0, callbacks=[made], **how)
    return steps(made)


def test_cheap_looks_are_spread_evenly_however_short_the_training() -> None:
    found = looks_of(1e-3, 1e-4, 15, batch_size=4)  # 240 steps, of which 24 ms
    assert found == list(range(0, 241, 8))
    assert looks_of(1e-3, 1e-4, 3, batch_size=4, initial_epoch=1) == [*range(0, 33, 2)]


def test_dear_looks_take_their_share_of_the_time_or_half_a_second() -> None:
    short = looks_of(0.1, 1e-2, 10, batch_size=4)  # 160 steps, of which 1.6 s
    assert (len(short), short[0], short[-1]) == (5, 0, 160)
    assert np.ptp(np.diff(short[1:-1])) <= 2
    long = looks_of(1.0, 1.0, 20, batch_size=4)  # 320 steps, of which 320 s: 6.4 s are 2 %
    assert (len(long), long[-1]) == (7, 320)


def test_looks_grow_seldom_where_the_number_of_steps_is_not_known() -> None:
    found = looks_of(1e-3, 1e-4, 16, generated=True)
    assert (found[:4], found[-1]) == ([0, 1, 2, 3], 256)
    assert 30 <= len(found) <= 45
    assert all(b <= 1.1 * a + 1 for a, b in pairwise(found))


def test_steps_go_on_in_the_next_fit() -> None:
    made, watch = net(), Health(every="epoch")
    made.fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    made.fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    assert steps(watch) == [8]


def test_what_it_sees_is_what_health_sees_of_the_batch() -> None:
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "tanh"),
                             keras.layers.Dense(1)])  # fmt: skip
    made.compile("sgd", "mse")
    y = Y[:, None].astype("float32")
    with mt.GradientTape() as tape:
        loss = made.compute_loss(y=mt.constant(y[:16]), y_pred=made(X[:16]))
    expected = mt.summary.health(made, tape, loss=loss, step=0)
    watch = Health(every=100)
    made.fit(X, y, batch_size=16, verbose=0, shuffle=False, callbacks=[watch])
    assert watch.history[0].to_record()["values"] == expected.to_record()["values"]


def test_a_batch_of_ones_own_is_looked_at_each_time() -> None:
    watch = Health(every=4, data=(mt.constant(X[:10]), mt.constant(Y[:10])))
    net().fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    assert [report.examples for report in watch.history] == [10, 10]


def test_its_record_is_plain_data() -> None:
    watch = Health(every=4)
    net().fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    record = json.loads(json.dumps(watch.record()))
    assert record == health_record(watch)
    assert record["steps"] == [0, 4]
    assert [x["name"] for x in record["layers"]] == ["a", "n", "b"]
    assert all(len(row) == 2 for rows in record["values"].values() for row in rows)


def test_its_numbers_are_recorded_where_there_is_a_writer(tmp_path: Path) -> None:
    watch = Health(every=4)
    with mt.summary.create_file_writer(tmp_path).as_default():
        net().fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    found = mt.summary.read(tmp_path).scalars("health/a/dead")
    assert found.step.tolist() == [0, 4]
    np.testing.assert_allclose(found.value, [r.layers[0].dead for r in watch.history], rtol=1e-6)


# NaN.


class Rooted(keras.layers.Layer):
    def build(self, shape: Any) -> None:
        self.scale = self.add_weight((shape[-1],), "ones", name="scale")

    def call(self, x: Any) -> Any:  # type: ignore[override]
        z = x * self.scale
        return mt.where(z > 0.0, z**0.5, 0.0)


@pytest.mark.parametrize("epoch", [1, 2])
def test_the_step_that_made_a_nan_is_found_between_two_looks(epoch: int) -> None:
    x = np.abs(X) + 0.1
    x[44, 2] = 0.0  # in the sixth batch of eight
    made = keras.Sequential([keras.Input((6,)), Rooted(name="root"), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(1e-3), "mse")
    watch = Health(every=1000)
    made.fit(x, Y[:, None].astype("float32"), batch_size=8, epochs=epoch, verbose=0,
             shuffle=False, callbacks=[watch])  # fmt: skip
    bad = watch.record()["first_bad"]
    assert steps(watch) == [0, 5]
    assert (bad["step"], bad["layer"], bad["direction"], bad["op"]) == (
        5,
        "root",
        "backward",
        "pow",
    )
    assert bad["line"]["text"] == "return mt.where(z > 0.0, z**0.5, 0.0)"
    assert np.isnan(made.weights[0].numpy()).any()  # training went on, as it would have; the loss
    assert np.isfinite(made.history.history["loss"]).all()  # hides it, since where takes the 0


@pytest.mark.parametrize("place", [0, 63])
def test_a_nan_of_the_first_or_the_last_step_is_found(place: int) -> None:
    x = np.abs(X) + 0.1
    x[place] = np.inf
    made = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(1e-3), "mse")
    watch = Health(every=1000)
    made.fit(x, Y[:, None].astype("float32"), batch_size=8, verbose=0, shuffle=False,
             callbacks=[watch])  # fmt: skip
    assert watch.record()["first_bad"]["step"] == place // 8


def test_weights_that_an_update_made_infinite_are_told_apart() -> None:
    made = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(1e38), "mse")
    watch = Health(every=1000)
    made.fit(100 * X, Y[:, None].astype("float32"), batch_size=8, verbose=0, callbacks=[watch])
    bad = watch.record()["first_bad"]
    assert (bad["step"], bad["direction"]) == (0, "update")
    assert "smaller learning rate" in watch.history[0].verdict


# How models are trained.


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.out = keras.layers.Dense(3, "relu", name="out")

    def call(self, x: Any) -> Any:  # type: ignore[override]
        return self.out(x)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, _ = data
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean(self(x) ** 2)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def test_a_train_step_of_ones_own_needs_its_loss() -> None:
    made = Own()
    made.compile("sgd")
    with pytest.raises(ValueError, match=r"pass Health\(loss=function\)"):
        made.fit(X, Y, verbose=0, callbacks=[Health()])
    watch = Health(every=4, loss=lambda model, data: mt.reduce_mean(model(data[0]) ** 2))
    made.fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    assert steps(watch) == [0, 4]
    assert watch.history[0].layers[0].gradient_norm is not None


@pytest.mark.parametrize("options", [{"run_eagerly": True}, {"steps_per_execution": 4}])
def test_steps_may_run_in_other_ways(options: dict[str, Any]) -> None:
    watch = Health(every=4)
    net(**options).fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    assert steps(watch) == [0, 4]


def test_models_of_several_inputs_and_outputs_are_looked_at() -> None:
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    both = keras.layers.Concatenate()([left, right])
    made = keras.Model([left, right], {"x": keras.layers.Dense(1, name="x")(both),
                                       "y": keras.layers.Dense(1, name="y")(both)})  # fmt: skip
    made.compile("sgd", {"x": "mse", "y": "mae"})
    watch = Health(every=1)
    target = Y[:, None].astype("float32")
    made.fit([X, X], {"x": target, "y": target}, verbose=0, callbacks=[watch])
    assert [layer.name for layer in watch.history[0].layers] == ["x", "y"]


def test_an_exception_lets_go_of_the_batch() -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise ZeroDivisionError

    watch = Health(every=1)
    with pytest.raises(ZeroDivisionError):
        net().fit(X, Y, verbose=0, callbacks=[watch, Stop()])
    assert not watch._batches
    assert steps(watch) == [0]


def test_an_error_of_a_step_is_told_as_without_it() -> None:
    made = keras.Sequential([keras.layers.Dense(3), keras.layers.Reshape((7,))])
    made.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"Reshape|reshape") as plain:
        made.fit(X, X, verbose=0)
    with pytest.raises(ValueError, match=r"Reshape|reshape") as watched:
        made.fit(X, X, verbose=0, callbacks=[Health()])
    assert str(watched.value) == str(plain.value)


def test_a_model_without_weights_is_left_alone() -> None:
    made = keras.Sequential([keras.Input((6,)), keras.layers.Flatten()])
    made.compile("sgd", "mse")
    watch = Health()
    with pytest.warns(UserWarning, match="any trainable weights"):
        made.fit(X, X, verbose=0, callbacks=[watch])
    assert watch.history == []


@pytest.mark.parametrize("loss", [3, "mse"])
def test_a_loss_that_cannot_be_called_is_told(loss: Any) -> None:
    with pytest.raises(TypeError, match=r"Health: got loss=.* cannot be called"):
        Health(loss=loss)


def test_a_loss_that_gives_nothing_is_told() -> None:
    with pytest.raises(ValueError, match=r"Health: got a loss of None.* end it with return loss"):
        net().fit(X, Y, verbose=0, callbacks=[Health(loss=lambda model, data: None)])


def test_a_name_that_is_no_text_is_told() -> None:
    with pytest.raises(TypeError, match=r"Health: got name=3"):
        Health(name=3)  # type: ignore[arg-type]


def test_a_model_before_compile_is_told() -> None:
    watch = Health()
    watch.set_model(keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match=r"must call `compile\(\)`"):
        watch.on_train_begin()


def test_whole_numbers_of_numpy_are_numbers_of_steps() -> None:
    watch = Health(every=np.int64(4))  # type: ignore[arg-type]
    net().fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    assert steps(watch) == [0, 4]


@pytest.mark.parametrize("every", [0, True, "step", 1.5, None, np.array([1, 2])])
def test_frequencies_that_are_none_are_told(every: Any) -> None:
    with pytest.raises(ValueError, match="no number of steps"):
        Health(every=every)
