"""`Trainer`: `fit`, `evaluate` and `predict`, as all models have them.

Read `fit`. What one step does is in `steps`, the loop around the steps in `runner`, what happens
between epochs in `fitting`.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.eager import convert_to_tensor
from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.callbacks.callback_list import CallbackList
from minitensor.keras.callbacks.history import History
from minitensor.keras.callbacks.progbar_logger import settled_verbose
from minitensor.keras.training.arrays import as_arrays, check_cardinality, split
from minitensor.keras.training.batches import batches_of
from minitensor.keras.training.class_weights import checked_class_weight, weights_of_classes
from minitensor.keras.training.fitting import (
    Validation,
    evaluate_batches,
    fit_epochs,
    predict_batches,
    validation_batches,
)
from minitensor.keras.training.for_people import about_validation, for_people
from minitensor.keras.training.logs import as_numbers
from minitensor.keras.training.steps import Steps
from minitensor.keras.training.unpacking import pack_x_y_sample_weight, skeleton_of
from minitensor.keras.training.walks import Walks

__all__ = ["Trainer"]


class Trainer(Steps):
    """What makes a layer a model: it can be compiled, fitted, evaluated and asked to predict.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.utils.set_random_seed(0)
        >>> x = mt.reshape(mt.linspace(-1.0, 1.0, 64), (64, 1))
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
        >>> model.compile(mt.keras.optimizers.SGD(0.1), loss="mse")
        >>> history = model.fit(x, 3.0 * x + 1.0, epochs=30, verbose=0)
        >>> history.history["loss"][-1] < 0.001
        True
        >>> model.predict(mt.constant([[2.0]]), verbose=0).round(1)
        array([[7.]], dtype=float32)
    """

    # Whole epochs.

    @for_people
    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1,
        verbose: Any = "auto", callbacks: Any = None, validation_split: float = 0.0,
        validation_data: Any = None, shuffle: Any = True, class_weight: Any = None,
        sample_weight: Any = None, initial_epoch: int = 0, steps_per_epoch: int | None = None,
        validation_steps: int | None = None, validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> History:  # fmt: skip
        """Train for some epochs.

        At Ctrl-C it stops after the step that runs, says where, calls the callbacks'
        `on_train_end`, and raises KeyboardInterrupt, so that what follows `fit` does not go on as
        if training were complete. The model can be used; `self.history` has the epochs before.

        Args:
            x: arrays or tensors, or a list or dict of them; or a source of batches `(x, y)` or
                `(x, y, sample_weight)`: a `mt.data.Dataset`, a generator, a `PyDataset`.
            y: labels, where x are arrays.
            batch_size: how many samples of arrays make a batch, 32 by default.
            epochs: the number of the last epoch.
            verbose: 0 for silence, 1 for a bar, 2 for a line per epoch; "auto" is 2 in a file.
            callbacks: a list of callbacks.
            validation_split: the share of the arrays, from their end, to validate with.
            validation_data: `(x, y)`, `(x, y, sample_weight)`, or a source of batches.
            shuffle: whether arrays are shuffled before each epoch; "batch" shuffles whole batches.
            class_weight: a dict from the number of a class to how much its samples count.
            sample_weight: how much each sample counts.
            initial_epoch: the number of the first epoch.
            steps_per_epoch: how many batches an epoch has; by default all that there are.
            validation_steps: how many batches of the validation data are used.
            validation_batch_size: as `batch_size`, for validation.
            validation_freq: after how many epochs there is validation, or a list of epochs.

        Returns:
            A `History`, with the results of each epoch.

        Raises:
            InvalidArgumentError: (also a ValueError) before `compile`, and for what does not fit.
        """
        together = self._compiled().together
        _check_counts(epochs=epochs, initial_epoch=initial_epoch)
        _check_counts(1, steps_per_epoch=steps_per_epoch, validation_steps=validation_steps)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split((x, y, sample_weight), validation_split)
        batches = batches_of(x, y, sample_weight, batch_size, shuffle, class_weight)
        walks = Walks(batches, steps_per_epoch, together)
        validation = self._validation(validation_data, validation_batch_size or batch_size,
                                      validation_steps, validation_freq)  # fmt: skip
        listening = self._listening(callbacks, verbose, epochs, walks.steps)
        return fit_epochs(self, walks, listening, range(initial_epoch, epochs), validation)

    @for_people
    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto",
        sample_weight: Any = None, steps: int | None = None, callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:  # fmt: skip
        """The loss and the metrics for data, without training.

        The arguments are as for `fit`. `steps` is how many batches are used, by default all that
        there are; `return_dict` says whether the results come by name.

        Returns:
            The loss, or a list of it and the metrics in the order of `metrics_names`; or a dict.

        Raises:
            InvalidArgumentError: (also a ValueError) as `fit`.
        """
        settings = self._compiled()
        _check_counts(1, steps=steps)
        batches = batches_of(x, y, sample_weight, batch_size)
        what = Validation(batches, steps, 1, settings.together)
        walks = Walks(batches, steps)
        with closing(self._listening(callbacks, verbose, 1, walks.steps, False)) as listening:
            return self._returned(evaluate_batches(self, what, listening), return_dict)

    @for_people
    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto",
                steps: int | None = None, callbacks: Any = None) -> Any:  # fmt: skip
        """The outputs for data, batch by batch, as numpy arrays.

        The arguments are as for `fit`; labels in batches are not used. `steps` is how many batches
        are used, by default all that there are.

        Shape: (samples, …) → (samples, …), for each output.

        Raises:
            InvalidArgumentError: (also a ValueError) for data that cannot be batches.
        """
        _check_counts(1, steps=steps)
        together = 1 if self._settings is None else self._settings.together
        walks = Walks(batches_of(x, batch_size=batch_size), steps, together)
        with closing(self._listening(callbacks, verbose, 1, walks.steps, False)) as listening:
            found = predict_batches(self, walks, listening)
        return nest.map_structure(lambda *parts: np.concatenate(parts), *found)

    # Single batches.

    @for_people
    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                       class_weight: Any = None, return_dict: bool = False) -> Any:  # fmt: skip
        """One step of training on one batch; the metrics count this batch alone.

        The arguments are as for `fit`; `return_dict` says whether the results come by name.

        Returns:
            As `evaluate`.
        """
        if class_weight is not None:
            weights = checked_class_weight(class_weight)
            sample_weight = weights_of_classes(y, weights, sample_weight)
        return self._on_batch("train", x, y, sample_weight, return_dict)

    @for_people
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                      return_dict: bool = False) -> Any:  # fmt: skip
        """As `train_on_batch`, for a step of evaluation."""
        return self._on_batch("test", x, y, sample_weight, return_dict)

    @for_people
    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as numpy arrays."""
        (outputs,) = self._step("predict")(*_one_batch(x))
        return nest.map_structure(lambda x: x.numpy(), outputs)

    def _on_batch(self, kind: str, x: Any, y: Any, sample_weight: Any, by_name: bool) -> Any:
        self._compiled()
        self.reset_metrics()
        results = self._step(kind, told=True)(*_one_batch(x, y, sample_weight))
        return self._returned(as_numbers(results), by_name)

    # Parts of the above.

    def _validation(self, data: Any, size: int | None, steps: Any, frequency: Any) -> Any:
        """What is evaluated after epochs; None without validation data."""
        if data is None:
            return None
        with about_validation():
            batches = validation_batches(data, size, frequency)
        return Validation(batches, steps, frequency, self._compiled().together)

    def _listening(self, callbacks: Any, verbose: Any, epochs: int, steps: int | None,
                   history: bool = True) -> CallbackList:  # fmt: skip
        """The callbacks, a progress bar, and a history."""
        if isinstance(callbacks, CallbackList):
            return callbacks
        level = settled_verbose(verbose)
        return CallbackList(
            callbacks, add_history=history, add_progbar=level != 0, model=self,
            verbose=level, epochs=epochs, steps=steps,
        )  # fmt: skip

    def _returned(self, logs: dict[str, Any], by_name: bool) -> Any:
        """Results as they are returned: by name, or in the order of `metrics_names`."""
        if by_name:
            return logs
        names = [name for name in self.metrics_names if name in logs]
        names += [name for name in logs if name not in names]
        return logs[names[0]] if len(names) == 1 else [logs[name] for name in names]

    def _finish_training(self) -> None:
        """What comes after the last epoch: averaged weights, where the optimiser keeps them."""
        if self.optimizer is not None and self.optimizer.built:
            weights = self.trainable_weights  # type: ignore[attr-defined]
            self.optimizer.finalize_variable_values(weights)


def _one_batch(x: Any, y: Any = None, sample_weight: Any = None) -> tuple[Any, list]:
    """The skeleton and the leaves of a batch that was given as arrays."""
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    parts = {name: as_arrays(name, part) for name, part in parts.items() if part is not None}
    check_cardinality(parts)
    data = pack_x_y_sample_weight(**parts)
    return skeleton_of(data), [convert_to_tensor(x) for x in nest.flatten(data) if x is not None]


def _check_counts(least: int = 0, **counts: Any) -> None:
    for name, count in counts.items():
        whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
        if count is not None and (not whole or count < least):
            raise InvalidArgumentError(
                message("fit", f"{name}={shorten(count)}",
                        f"it is not a whole number of at least {least}",
                        f"`{name}` is a number of things", f"pass for example {name}=10")
            )  # fmt: skip
