"""The epochs of `fit`: training, validation, callbacks, and a clean stop at Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any, NamedTuple

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.callbacks.callback_list import CallbackList
from minitensor.keras.callbacks.history import History
from minitensor.keras.training.arrays import empty
from minitensor.keras.training.batches import Batches, batches_of
from minitensor.keras.training.for_people import about_validation
from minitensor.keras.training.interrupts import Interrupts
from minitensor.keras.training.runner import Runner
from minitensor.keras.training.unpacking import unpack_x_y_sample_weight
from minitensor.keras.training.walks import RAN_OUT, Walks
from minitensor.keras.warning import warn

__all__ = ["Validation", "fit_epochs", "validation_batches"]


class Validation(NamedTuple):
    """What is evaluated after which epochs."""

    batches: Batches
    steps: int | None
    frequency: Any
    together: int

    def is_due(self, epoch: int) -> bool:
        """Whether it comes after an epoch."""
        if isinstance(self.frequency, int):
            return (epoch + 1) % self.frequency == 0
        return epoch + 1 in self.frequency


def validation_batches(data: Any, batch_size: int | None, frequency: Any) -> Batches:
    """The batches of `validation_data`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a frequency that is neither a positive number
            nor a collection of epochs, and for data that cannot be batches.
    """
    number = isinstance(frequency, int) and not isinstance(frequency, bool) and frequency > 0
    if not number and (isinstance(frequency, (str, int)) or not isinstance(frequency, Collection)):
        raise InvalidArgumentError(
            message("fit", f"validation_freq={shorten(frequency)}",
                    "`validation_freq` is neither a positive whole number nor a list of epochs",
                    "2 is every second epoch, [1, 5] the first and the fifth",
                    "pass for example validation_freq=1")
        )  # fmt: skip
    if isinstance(data, (list, tuple)):
        x, y, weight = unpack_x_y_sample_weight(data)
        return batches_of(x, y, weight, batch_size)
    return batches_of(data, batch_size=batch_size)


def fit_epochs(
    model: Any, walks: Walks, callbacks: CallbackList, epochs: range,
    validation: Validation | None,
) -> History:  # fmt: skip
    """Train for some epochs; returns their results."""
    model.stop_training, model._interrupted, model._first_epoch = False, False, None
    logs: dict[str, Any] = {}
    epoch = epochs.start
    with Interrupts() as interrupts:
        runner = Runner(model, "train", callbacks, interrupts)
        try:
            callbacks.on_train_begin()
            first = max(epoch, model._first_epoch or 0)
            for epoch in range(first, epochs.stop):
                found = _epoch(model, epoch, walks, runner, callbacks, validation)
                if found is None:
                    break
                logs = found
                if model.stop_training:
                    break
        except KeyboardInterrupt as interrupt:
            model._interrupted = True
            _tell(interrupt, epoch, runner.done, callbacks)
            callbacks.on_train_end(logs)
            raise
        finally:
            callbacks.close()
        model._finish_training()
        callbacks.on_train_end(logs)
    return model.history


def _epoch(
    model: Any, epoch: int, walks: Walks, runner: Runner, callbacks: CallbackList,
    validation: Validation | None,
) -> dict[str, Any] | None:  # fmt: skip
    """One epoch; its results, or None if there were no batches left."""
    runner.done = 0
    model.reset_metrics()
    callbacks.on_epoch_begin(epoch)
    walks.batches.begin_epoch()
    runner.epoch(walks)
    if not runner.done:
        if not walks.seen:
            raise empty("data without batches")
        warn(RAN_OUT)
        return None
    walks.batches.end_epoch()
    logs = runner.numbers()
    if validation is not None and validation.is_due(epoch):
        with about_validation():
            found = evaluate_batches(model, validation, callbacks)
        logs |= {f"val_{name}": value for name, value in found.items()}
        logs = dict(sorted(logs.items()))
    callbacks.on_epoch_end(epoch, logs)
    return logs


def evaluate_batches(model: Any, what: Validation, callbacks: CallbackList) -> dict[str, Any]:
    """The results of evaluation, by name."""
    runner = Runner(model, "test", callbacks)
    walks = Walks(what.batches, what.steps, what.together)
    callbacks.on_test_begin()
    model.reset_metrics()
    model.stop_evaluating = False
    what.batches.begin_epoch()
    runner.epoch(walks)
    if not runner.done:
        raise empty("data without batches")
    what.batches.end_epoch()
    logs = runner.numbers()
    callbacks.on_test_end(logs)
    return logs


def predict_batches(model: Any, walks: Walks, callbacks: CallbackList) -> list[Any]:
    """What each batch gives, as arrays."""
    found: list = []
    runner = Runner(model, "predict", callbacks)
    callbacks.on_predict_begin()
    model.stop_predicting = False
    runner.epoch(walks, lambda batches: found.extend(map(_arrays, batches)))
    if not runner.done:
        raise empty("data without batches")
    callbacks.on_predict_end()
    return found


def _arrays(outputs: Any) -> Any:
    return nest.map_structure(lambda x: x.numpy(), outputs)


def _tell(interrupt: KeyboardInterrupt, epoch: int, done: int, callbacks: CallbackList) -> None:
    """Say where training stopped: on the screen, or on the exception where `verbose=0`."""
    text = (
        f"Interrupted after step {done} of epoch {epoch + 1}. The model has the weights of that "
        "step and can be used, saved or trained further."
    )
    if callbacks.progress is None:
        interrupt.add_note(text)
        return
    callbacks.close()
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
