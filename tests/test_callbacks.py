"""Callbacks: what each does at its moments. Their numbers and words beside Keras's are in
test_fit_recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.errors import ArgumentError, InvalidArgumentError, NotFoundError
from minitensor.keras import callbacks, layers

NUMBERS = np.random.default_rng(1)
X = NUMBERS.normal(size=(20, 3)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 1.0).astype(np.float32)


def model(rate: float = 0.1) -> Any:
    made = keras.Sequential([keras.Input((3,)), layers.Dense(1, kernel_initializer="zeros")])
    made.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"])
    return made


def fit(made: Any, *its: Any, epochs: int = 3, **options: Any) -> Any:
    return made.fit(X, Y, batch_size=5, epochs=epochs, verbose=0, callbacks=list(its), **options)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Values(callbacks.Callback):
    """Puts values of its own into the results, to be watched."""

    def __init__(self, *values: Any):
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["watched"] = self.values[epoch]


# Hooks.


def test_hooks_for_batches_are_called_only_if_they_are_defined() -> None:
    assert not callbacks.CallbackList([callbacks.History()]).wants("on_train_batch_end")
    assert callbacks.CallbackList([callbacks.TerminateOnNaN()]).wants("on_train_batch_end")
    function = callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: None)
    assert callbacks.CallbackList(function).wants("on_train_batch_begin")
    assert not callbacks.CallbackList(function).wants("on_test_batch_begin")


def test_the_older_names_of_hooks_work() -> None:
    told = []

    class Old(callbacks.Callback):
        def on_batch_begin(self, batch: int, logs: Any = None) -> None:
            told.append(batch)

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(sorted(logs))

    fit(model(), Old(), epochs=1)
    assert told == [0, ["loss", "mae"], 1, ["loss", "mae"], 2, ["loss", "mae"], 3, ["loss", "mae"]]


def test_logs_are_python_numbers_in_a_dict_of_their_own() -> None:
    kept = []

    class Keep(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            kept.append(logs)

    history = fit(model(), Keep(), epochs=1).history
    assert [type(logs) for logs in kept] == [dict] * 4
    assert all(type(value) is float for logs in kept for value in logs.values())
    assert len({logs["loss"] for logs in kept}) == 4
    assert history["loss"] == [kept[-1]["loss"]]


def test_what_a_callback_adds_to_the_results_goes_to_those_after_it() -> None:
    history = fit(model(), Values(3.0, 4.0, 5.0)).history
    assert history["watched"] == [3.0, 4.0, 5.0]


def test_a_callback_list_serves_a_loop_of_ones_own() -> None:
    made = model()
    several = callbacks.CallbackList(Values(1.0), add_history=True, model=made, epochs=1, steps=2)
    several.on_train_begin()
    several.on_epoch_begin(0)
    several.on_train_batch_begin(0)
    several.on_train_batch_end(0, {"loss": 2.0})
    several.on_epoch_end(0, {"loss": 2.0})
    several.on_train_end()
    assert made.history.history == {"loss": [2.0], "watched": [1.0]}
    assert made.history.params == {"epochs": 1, "steps": 2}


def test_a_model_can_be_evaluated_in_a_callback() -> None:
    class Evaluate(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["again"] = self.model.evaluate(X, Y, verbose=0)[0]

    history = fit(model(), Evaluate(), validation_data=(X, Y)).history
    assert history["again"] == pytest.approx(history["val_loss"], rel=1e-5)


def test_history_grows_with_each_fit_only_where_it_is_kept() -> None:
    made, history = model(), callbacks.History()
    fit(made, history, epochs=2)
    fit(made, history, epochs=3, initial_epoch=2)
    assert len(history.history["loss"]) == 3
    assert history.epoch == [2]
    assert fit(made, epochs=1) is made.history is not history


# Stopping, rates.


def test_early_stopping_warns_of_a_result_that_is_not_there() -> None:
    stop = callbacks.EarlyStopping("val_los", mode="min")
    with pytest.warns(UserWarning, match=r"`val_los` which is not available.*did you mean 'val_"):
        fit(model(), stop, epochs=1, validation_data=(X, Y))
    stop = callbacks.EarlyStopping("watched")
    with pytest.raises(InvalidArgumentError, match="should be maximized or minimized"):
        fit(model(), Values(1.0, 2.0, 3.0), stop)


def test_histories_and_callbacks_show_what_they_are() -> None:
    history = fit(model(), epochs=2)
    losses = history.history["loss"]
    told = f"<History epochs=2, loss {losses[0]:.4g} → {losses[1]:.4g}, mae "
    assert repr(history).startswith(told)
    assert repr(callbacks.History()) == "<History epochs=0>"
    assert repr(callbacks.EarlyStopping()) == "<EarlyStopping>"


def test_an_unknown_mode_falls_back_to_auto() -> None:
    with pytest.warns(UserWarning, match=r"mode 'best' is unknown, fallback to auto mode"):
        callbacks.EarlyStopping(mode="best")


@pytest.mark.parametrize(
    ("values", "options", "epochs"),
    [
        ((3.0, 2.0, 1.0, 1.0, 1.0), {"patience": 2, "mode": "min"}, 5),
        ((3.0, 3.0, 1.0, 1.0, 1.0), {"patience": 1, "mode": "min"}, 2),
        ((1.0, 2.0, 3.0, 2.0, 2.0), {"patience": 2, "mode": "max"}, 5),
        ((3.0, 2.5, 2.1, 2.0, 2.0), {"patience": 1, "mode": "min", "min_delta": 0.6}, 2),
        ((3.0, 2.0, 2.0, 2.0, 2.0), {"patience": 2, "mode": "min", "baseline": 1.0}, 3),
    ],
)
def test_early_stopping_bears_some_epochs(values: tuple, options: dict, epochs: int) -> None:
    stop = callbacks.EarlyStopping("watched", **options)
    assert len(fit(model(), Values(*values), stop, epochs=5).epoch) == epochs


def test_early_stopping_takes_back_the_weights_of_the_best_epoch() -> None:
    made, kept = model(), []

    class Keep(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kept.append(self.model.get_weights())

    stop = callbacks.EarlyStopping("watched", mode="min", patience=2, restore_best_weights=True)
    fit(made, Keep(), Values(3.0, 1.0, 2.0, 2.0, 2.0), stop, epochs=5)
    assert stop.best_epoch == 1
    np.testing.assert_array_equal(made.get_weights()[0], kept[1][0])


@pytest.mark.parametrize("found", ["fast", 1, None])
def test_a_schedule_has_to_give_floats(found: Any) -> None:
    schedule = callbacks.LearningRateScheduler(lambda epoch: found)
    with pytest.raises(InvalidArgumentError, match=r"`schedule` function should be a float. Got: "):
        fit(model(), schedule)


def test_a_plateau_needs_a_factor_below_one() -> None:
    with pytest.raises(InvalidArgumentError, match=r"does not support a factor >= 1\.0"):
        callbacks.ReduceLROnPlateau(factor=1.0)


def test_nan_stops_training(capsys: pytest.CaptureFixture) -> None:
    x = X.copy()
    x[12] = np.nan
    made = model()
    history = made.fit(x, Y, batch_size=5, shuffle=False, epochs=4, verbose=0,
                       callbacks=[callbacks.TerminateOnNaN()])  # fmt: skip
    assert capsys.readouterr().out == "Batch 2: Invalid loss, terminating training\n"
    assert history.epoch == [0]
    assert int(made.optimizer.iterations) == 3


def test_functions_become_a_callback() -> None:
    told: list = []
    one = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: told.append(epoch),
        on_train_end=lambda logs: told.append(sorted(logs)),
        on_test_begin=lambda logs: told.append("test"),
    )
    fit(model(), one, epochs=2, validation_data=(X, Y))
    assert told == [0, "test", 1, "test", ["loss", "mae", "val_loss", "val_mae"]]
    with pytest.raises(ArgumentError, match="did you mean 'on_epoch_end'"):
        callbacks.LambdaCallback(on_epoch_endd=print)


# Files.


def test_checkpoints_name_epochs_batches_and_results(tmp_path: Path) -> None:
    path = tmp_path / "new" / "{epoch:02d}-{val_loss:.3f}.keras"
    history = fit(model(), callbacks.ModelCheckpoint(path), epochs=2, validation_data=(X, Y))
    losses = history.history["val_loss"]
    assert names(path.parent) == [f"{n + 1:02d}-{losses[n]:.3f}.keras" for n in (0, 1)]
    path = tmp_path / "steps" / "{epoch}-{batch}.safetensors"
    fit(model(), callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=3), epochs=2)
    assert names(path.parent) == ["1-3.safetensors", "2-2.safetensors"]


def test_a_saved_model_is_the_one_that_was_trained(tmp_path: Path) -> None:
    made = model()
    fit(made, callbacks.ModelCheckpoint(tmp_path / "last.keras"))
    loaded = keras.models.load_model(tmp_path / "last.keras")
    np.testing.assert_array_equal(loaded.get_weights()[0], made.get_weights()[0])
    assert loaded.evaluate(X, Y, verbose=0) == pytest.approx(made.evaluate(X, Y, verbose=0))


def test_only_the_best_model_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "best.safetensors"
    kept = []

    class Keep(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kept.append(self.model.get_weights())

    save = callbacks.ModelCheckpoint(path, "watched", verbose=1, save_best_only=True,
                                     save_weights_only=True, mode="max")  # fmt: skip
    fit(model(), Keep(), Values(1.0, 3.0, 2.0), save)
    told = [line for line in capsys.readouterr().out.splitlines() if line]
    assert told == [
        f"Epoch 1: watched improved from None to 1.00000, saving model to {path}",
        f"Epoch 1: finished saving model to {path}",
        f"Epoch 2: watched improved from 1.00000 to 3.00000, saving model to {path}",
        f"Epoch 2: finished saving model to {path}",
        "Epoch 3: watched did not improve from 3.00000",
    ]
    made = model()
    made.load_weights(path)
    np.testing.assert_array_equal(made.get_weights()[0], kept[1][0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filepath": "model"}, "must end in `.keras`"),
        ({"filepath": "model.h5", "save_weights_only": True}, "must end in `.weights.h5`"),
        ({"filepath": "model.keras", "save_freq": "hour"}, "Unrecognized save_freq: hour"),
        ({"filepath": "model.keras", "save_freq": 0}, "Unrecognized save_freq: 0"),
    ],
)
def test_checkpoints_need_an_ending_and_a_frequency(options: dict, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        callbacks.ModelCheckpoint(**options)


def test_a_name_that_is_no_result_is_told_before_anything_is_written(tmp_path: Path) -> None:
    save = callbacks.ModelCheckpoint(tmp_path / "{val_los}.keras")
    with pytest.raises(NotFoundError, match=r"Failed to format this callback filepath") as caught:
        fit(model(), save, epochs=1, validation_data=(X, Y))
    assert isinstance(caught.value, KeyError)
    assert "did you mean 'val_loss'" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_backup_lets_training_go_on_where_it_was_broken_off(tmp_path: Path) -> None:
    class Break(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 3:
                raise KeyboardInterrupt

    def train(made: Any, *its: Any) -> Any:
        return fit(made, *its, epochs=6, shuffle=False)

    def adam() -> Any:
        made = model()
        made.compile("adam", "mse")
        return made

    whole, backup = adam(), tmp_path / "backup"
    train(whole)
    with pytest.raises(KeyboardInterrupt):
        train(adam(), callbacks.BackupAndRestore(backup), Break())
    assert backup.exists()
    again = adam()
    history = train(again, callbacks.BackupAndRestore(backup))
    assert history.epoch == [3, 4, 5]
    np.testing.assert_array_equal(again.get_weights()[0], whole.get_weights()[0])
    assert not backup.exists()


def test_a_backup_between_epochs_goes_on_with_its_weights(tmp_path: Path) -> None:
    class Break(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                self.model.kept = self.model.get_weights()
                raise RuntimeError("power is gone")

    made = model()
    with pytest.raises(RuntimeError, match="power"):
        fit(made, callbacks.BackupAndRestore(tmp_path, save_freq=1), Break())
    begun = []

    class Look(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            begun.append((epoch, self.model.get_weights()[0]))

    fit(model(), callbacks.BackupAndRestore(tmp_path), Look())
    assert [epoch for epoch, _ in begun] == [0, 1, 2]
    np.testing.assert_array_equal(begun[0][1], made.kept[0])


def test_a_backup_needs_a_folder() -> None:
    with pytest.raises(InvalidArgumentError, match="Empty `backup_dir` argument"):
        callbacks.BackupAndRestore("")


def test_a_table_tells_also_of_results_with_several_numbers(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    fit(model(), Values(np.array([1.0, 2.0])), callbacks.CSVLogger(path), epochs=1)
    assert path.read_text(encoding="utf-8").splitlines()[0] == (
        "epoch,loss,mae,watched,val_loss,val_mae,val_watched"
    )
    assert "[1.0, 2.0]" in path.read_text(encoding="utf-8")


def test_memory_stays_flat_over_many_epochs() -> None:
    import gc

    made = model()
    fit(made, epochs=2)
    gc.collect()
    before = len(gc.get_objects())
    fit(made, epochs=50, validation_data=(X, Y))
    gc.collect()
    assert len(gc.get_objects()) - before < 1500
    assert mt.executing_eagerly()
