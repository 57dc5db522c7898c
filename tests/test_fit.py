"""Training as learners meet it: sources of data, steps of one's own, batches of all sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.keras import layers

NUMBERS = np.random.default_rng(7)
X = NUMBERS.normal(size=(20, 4)).astype(np.float32)
Y = NUMBERS.integers(0, 3, 20)
TARGETS = NUMBERS.normal(size=(20, 1)).astype(np.float32)


def line(**options: Any) -> Any:
    """A linear model that begins at zero, compiled."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile(**{"optimizer": keras.optimizers.SGD(0.1), "loss": "mse"} | options)
    return model


def batches(size: int = 5) -> Iterator[tuple]:
    for start in range(0, 20, size):
        yield X[start : start + size], TARGETS[start : start + size]


class Sequence:
    """An object with a length and numbered batches, as PyTorch and Keras have them."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, number: int) -> tuple:
        return X[5 * number : 5 * number + 5], TARGETS[5 * number : 5 * number + 5]


class Endless:
    """An iterable that begins again, without a length."""

    def __iter__(self) -> Iterator[tuple]:
        return batches()


# Where data comes from.


@pytest.mark.parametrize(
    "source",
    [
        lambda: ((X, TARGETS), {"batch_size": 5}),
        lambda: ((X.astype(np.float64), TARGETS.astype(np.float64)), {"batch_size": 5}),
        lambda: ((mt.constant(X), mt.Variable(TARGETS)), {"batch_size": 5}),
        lambda: (([X], [TARGETS]), {"batch_size": 5}),
        lambda: ((mt.data.Dataset.from_tensor_slices((X, TARGETS)).batch(5),), {}),
        lambda: ((mt.data.Dataset.from_tensor_slices((X, TARGETS)).batch(5).repeat(),),
                 {"steps_per_epoch": 4}),
        lambda: ((Sequence(),), {}),
        lambda: ((Endless(),), {}),
        lambda: (((batch for _ in "12" for batch in batches()),), {"steps_per_epoch": 4}),
    ],
)  # fmt: skip
def test_every_source_trains_alike(source: Callable) -> None:
    data, options = source()
    found = line().fit(*data, epochs=2, shuffle=False, verbose=0, **options).history["loss"]
    expected = line().fit(X, TARGETS, batch_size=5, epochs=2, shuffle=False, verbose=0)
    assert found == pytest.approx(expected.history["loss"], rel=1e-6)


def test_a_generator_is_one_epoch_long() -> None:
    with pytest.warns(UserWarning, match="Your input ran out of data; interrupting training"):
        history = line().fit(batches(), epochs=3, verbose=0)
    assert history.epoch == [0]


def test_data_that_runs_out_within_an_epoch_ends_it_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="ran out of data"):
        history = line().fit(X, TARGETS, batch_size=8, steps_per_epoch=2, epochs=3, verbose=0)
    assert history.epoch == [0, 1, 2]


def test_inputs_may_be_dicts_and_lists() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((1,), name="b")
    model = keras.Model([a, b], layers.Dense(1)(layers.concatenate([a, b])))
    model.compile("sgd", "mse")
    data = mt.data.Dataset.from_tensor_slices(({"b": TARGETS, "a": X}, TARGETS)).batch(10)
    for x in ([X, TARGETS], {"b": TARGETS, "a": X}):
        loss = model.evaluate(x, TARGETS, verbose=0)
        assert loss == pytest.approx(model.evaluate(data, verbose=0), rel=1e-6)
        assert model.predict(x, verbose=0).shape == (20, 1)


def test_a_model_may_learn_without_labels() -> None:
    class Encoder(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(4)

        def call(self, x: Any) -> Any:
            y = self.dense(x)
            self.add_loss(mt.reduce_mean(mt.square(y - x)))
            return y

    model = Encoder()
    model.compile("adam")
    losses = model.fit(X, epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]


def test_epochs_are_shuffled_by_the_global_seed() -> None:
    seen: list = []

    class Look(keras.Model):
        def train_step(self, data: Any) -> dict:
            seen.append(np.asarray(data[0]).ravel().tolist())
            return {"loss": 0.0}

    def order(shuffle: Any) -> list:
        seen.clear()
        mt.random.set_seed(3)
        model = Look()
        model.compile("sgd", run_eagerly=True)
        model.fit(np.arange(10.0), np.zeros(10), batch_size=4, epochs=2, shuffle=shuffle, verbose=0)
        return [batch.copy() for batch in seen]

    rows = order(True)
    assert order(True) == rows
    assert [len(batch) for batch in rows] == [4, 4, 2, 4, 4, 2]
    epochs = [np.concatenate(rows[:3]).tolist(), np.concatenate(rows[3:]).tolist()]
    assert epochs[0] != epochs[1]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    whole = order("batch")
    assert all(batch in ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9]) for batch in whole)


# One traced step.


def test_a_step_is_traced_once_also_where_the_last_batch_is_smaller() -> None:
    class Count(keras.Model):
        traced = 0

        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> dict:
            Count.traced += 1
            return super().train_step(data)

    model = Count()
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(X, TARGETS, batch_size=8, epochs=3, verbose=0)
    model.fit(X, TARGETS, batch_size=7, epochs=1, verbose=0)
    assert Count.traced == 1


def test_sequences_of_many_lengths_take_few_traces() -> None:
    traced = []

    class Sum(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            traced.append(x.shape)
            return mt.reduce_sum(self.dense(x), axis=1)

    model = Sum()
    model.compile("sgd", "mse")
    batches = ((np.ones((2, n, 3), "float32"), np.ones((2, 1), "float32")) for n in range(1, 40))
    model.fit(batches, verbose=0)
    assert len(traced) <= 4
    traced.clear()
    for length in range(40, 46):
        model.fit(np.ones((2, length, 3)), np.ones((2, 1)), verbose=0)
    assert not traced


def test_shapes_are_traced_exactly_twice_and_then_for_all_sizes_that_differ() -> None:
    traced = []

    class Mean(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            traced.append(tuple(x.shape))
            return mt.reduce_mean(self.dense(x), axis=1)

    model = Mean()
    for length in (3, 4, 3, 5, 6, 7, 4):
        model.predict(np.ones((8, length, 5), "float32"), verbose=0, batch_size=8)
    assert traced == [(8, 3, 5), (8, 4, 5), (8, None, 5)]


def test_layers_that_need_to_know_all_sizes_have_a_trace_for_each() -> None:
    class Halves(keras.Model):
        def call(self, x: Any) -> Any:
            return mt.reshape(x, (x.shape[0], 2, x.shape[1] // 2))

    model = Halves()
    for length in (2, 4, 6, 8, 2):
        assert model.predict(np.ones((4, length), "float32"), verbose=0).shape[2] == length // 2


def test_eager_steps_see_values_and_learn_the_same() -> None:
    seen = []

    class Eager(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1, kernel_initializer="zeros")

        def call(self, x: Any) -> Any:
            seen.append(mt.executing_eagerly())
            return self.dense(x)

    losses = []
    for eagerly in (True, False):
        model = Eager()
        model.compile("sgd", "mse", run_eagerly=eagerly)
        losses.append(model.fit(X, TARGETS, shuffle=False, verbose=0, epochs=2).history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert seen == [True, True, False]


def test_a_step_of_ones_own_may_branch_on_tensors() -> None:
    class Clipped(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)
            self.largest = keras.metrics.Mean(name="largest")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> dict:
            x, y = data
            with mt.GradientTape() as tape:
                loss = mt.reduce_mean(mt.square(self(x, training=True) - y))
            if loss > 1.0:  # noqa: SIM108 - as learners write it
                factor = 0.5
            else:
                factor = 1.0
            gradients = tape.gradient(loss, self.trainable_variables)
            scaled = [factor * g for g in gradients]
            self.optimizer.apply_gradients(zip(scaled, self.trainable_variables, strict=True))
            self.largest.update_state(loss)
            return {"loss": self.largest.result(), "factor": factor}

        @property
        def metrics(self) -> list:
            return [self.largest]

    model = Clipped()
    model.compile(keras.optimizers.SGD(0.1))
    history = model.fit(X, 10.0 + TARGETS, epochs=60, batch_size=10, verbose=0).history
    assert history["factor"][0] == 0.5
    assert history["factor"][-1] == 1.0
    assert history["loss"][-1] < history["loss"][0]


def test_a_step_as_keras_2_wrote_it_counts_loss_and_metrics() -> None:
    class Older(keras.Sequential):
        def train_step(self, data: Any) -> dict:
            x, y = data
            with mt.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
            self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
            self.compiled_metrics.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    histories = []
    for kind in (Older, keras.Sequential):
        dense = layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
        model = kind([keras.Input((4,)), dense])
        model.compile("sgd", "mse", metrics=["mae"])
        histories.append(model.fit(X, TARGETS, epochs=2, verbose=0, shuffle=False).history)
    assert sorted(histories[0]) == sorted(histories[1]) == ["loss", "mae"]
    assert histories[0]["loss"] == pytest.approx(histories[1]["loss"], rel=1e-6)
    assert histories[0]["mae"] == pytest.approx(histories[1]["mae"], rel=1e-6)


def test_results_that_a_step_adds_to_are_kept() -> None:
    class More(type(line())):  # type: ignore[misc]
        def train_step(self, data: Any) -> dict:
            return super().train_step(data) | {"samples": mt.shape(data[0])[0]}

    model = More([layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X, TARGETS, batch_size=8, verbose=0).history
    assert sorted(history) == ["loss", "samples"]
    assert history["samples"] == [4.0]


def test_the_loss_is_the_mean_over_samples_not_over_batches() -> None:
    model = line(optimizer=keras.optimizers.SGD(0.0))
    whole = model.evaluate(X, TARGETS, batch_size=20, verbose=0)
    assert whole == pytest.approx(float(np.mean(TARGETS**2)), rel=1e-5)
    assert model.evaluate(X, TARGETS, batch_size=8, verbose=0) == pytest.approx(whole, rel=1e-5)
    history = model.fit(X, TARGETS, batch_size=8, verbose=0).history
    assert history["loss"] == pytest.approx([whole], rel=1e-5)


def test_metrics_are_called_what_evaluate_returns() -> None:
    x = keras.Input((4,))
    outputs = [layers.Dense(1, name="a")(x), layers.Dense(3, name="b", activation="softmax")(x)]
    model = keras.Model(x, outputs)
    model.compile("sgd", ["mse", "sparse_categorical_crossentropy"],
                  metrics={"b": "accuracy", "a": ["mae"]})  # fmt: skip
    values = model.evaluate(X, [TARGETS, Y], verbose=0)
    names = ["loss", "a_loss", "b_loss", "a_mae", "b_accuracy"]
    assert model.metrics_names == names
    by_name = model.evaluate(X, [TARGETS, Y], verbose=0, return_dict=True)
    assert [by_name[name] for name in names] == values


def test_training_stops_within_an_epoch_when_it_is_asked_to() -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    model = line()
    history = model.fit(X, TARGETS, batch_size=5, epochs=3, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0]
    assert int(model.optimizer.iterations) == 2


def test_averaged_weights_are_taken_at_the_end() -> None:
    model = line(optimizer=keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9))
    plain = line(optimizer=keras.optimizers.SGD(0.5))
    for each in (model, plain):
        each.fit(X, TARGETS, epochs=3, batch_size=5, verbose=0, shuffle=False)
    assert np.abs(model.get_weights()[0] - plain.get_weights()[0]).max() > 1e-4


def test_predictions_have_the_structure_of_the_outputs() -> None:
    class Two(keras.Model):
        def call(self, x: Any) -> dict:
            return {"sum": mt.reduce_sum(x, axis=1), "pair": (x, 2.0 * x)}

    found = Two().predict(X, batch_size=8, verbose=0)
    np.testing.assert_allclose(found["sum"], X.sum(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(found["pair"][1], 2.0 * X)
    dataset = mt.data.Dataset.from_tensor_slices(X).batch(8)
    np.testing.assert_array_equal(Two().predict(dataset, verbose=0, steps=2)["pair"][0], X[:16])


def test_a_compiled_model_can_be_described_and_compiled_again() -> None:
    model = line(metrics=["mae"], loss=keras.losses.Huber(delta=2.0))
    again = keras.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    again.compile_from_config(model.get_compile_config())
    assert again.evaluate(X, TARGETS, verbose=0) == model.evaluate(X, TARGETS, verbose=0)
    assert float(again.optimizer.learning_rate) == pytest.approx(0.1)


def test_layers_that_are_not_trained_stay_as_they_are() -> None:
    frozen = layers.Dense(3)
    model = keras.Sequential([frozen, layers.Dense(1)])
    frozen.trainable = False
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    before = frozen.get_weights()
    model.fit(X, TARGETS, verbose=0)
    np.testing.assert_array_equal(frozen.get_weights()[0], before[0])
    model.trainable = False
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="does not have any trainable weights"):
        model.fit(X, TARGETS, verbose=0)
