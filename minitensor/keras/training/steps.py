"""`Steps`: what `compile` says, and one step of training, evaluation or prediction.

A step is one traced graph: forward, loss, gradients, update and metrics. Read `train_step`.
"""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras import optimizers
from minitensor.keras.callbacks.history import History
from minitensor.keras.configuration import deserialize
from minitensor.keras.training.compiled_loss import batch_size_of
from minitensor.keras.training.compiled_metrics import CompiledMetrics
from minitensor.keras.training.for_people import for_people
from minitensor.keras.training.logs import MetricResults
from minitensor.keras.training.outputs import names_of_outputs
from minitensor.keras.training.settings import Settings
from minitensor.keras.training.traced_step import TracedStep, held_by_metrics
from minitensor.keras.training.unpacking import unpack_x_y_sample_weight
from minitensor.keras.warning import warn
from minitensor.tape import GradientTape

__all__ = ["Steps"]


class Steps:
    """The half of `Trainer` that looks at one batch at a time."""

    optimizer: Any = None
    """What `compile` was given as optimizer."""
    loss: Any = None
    """What `compile` was given as loss."""
    history: History | None = None
    """The results of the last `fit`; of all its epochs that came to their end."""
    stop_training = False
    """Set it, for example in a callback, to stop after this step."""
    stop_evaluating = stop_predicting = False
    jit_compile = True
    """Steps are always compiled, unless `run_eagerly`."""
    _settings: Settings | None = None
    _first_epoch: int | None = None
    """Where a callback lets `fit` begin."""
    _interrupted = False
    """Whether Ctrl-C ended the last `fit`."""
    _run_eagerly = False

    # Compiling.

    @for_people
    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None,
        metrics: Any = None, weighted_metrics: Any = None, run_eagerly: bool = False,
        steps_per_execution: int = 1, jit_compile: Any = "auto", auto_scale_loss: bool = True,
    ) -> None:  # fmt: skip
        """Say how the model is trained.

        Args:
            optimizer: a name or an optimiser.
            loss: a name, a `Loss` or a function of y_true and y_pred; for several outputs a list
                in their order, or a dict by their names.
            loss_weights: what each loss is multiplied by before they are added up.
            metrics: a list of names, metrics or functions; for several outputs a list or dict of
                lists. "accuracy" means the accuracy that fits the shapes.
            weighted_metrics: metrics that are given the sample weights.
            run_eagerly: run each step as Python, without a graph, to debug it.
            steps_per_execution: how many steps one call of the graph runs.
            jit_compile: Keras's; no effect, since graphs are always compiled.
            auto_scale_loss: Keras's; no effect, since there are no mixed dtypes.

        Raises:
            InvalidArgumentError: (also a ValueError) for names that are not known, with the
                nearest.
        """
        given = {
            "optimizer": optimizer, "loss": loss, "loss_weights": loss_weights,
            "metrics": metrics, "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly, "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }  # fmt: skip
        settings = Settings(partial(names_of_outputs, self), given)
        self.optimizer = optimizers.get(optimizer)
        self._settings, self.loss = settings, loss
        self._run_eagerly = settings.eagerly
        self.stop_training = False
        self._forget_steps()

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._settings is not None

    @property
    def run_eagerly(self) -> bool:
        """Whether steps are run as Python, without a graph."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = bool(value)
        self._forget_steps()

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile` as plain data; None before it was called."""
        return None if self._settings is None else self._settings.get_config(self.optimizer)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as a configuration says."""
        self.compile(**{name: deserialize(value) for name, value in config.items()})
        if self.optimizer is not None and getattr(self, "built", False):
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]

    def _compiled(self) -> Settings:
        """What `compile` was given.

        Raises:
            InvalidArgumentError: (also a ValueError) before it was called.
        """
        if self._settings is None:
            raise InvalidArgumentError(
                message(f"model '{getattr(self, 'name', 'model')}'", "",
                        "You must call `compile()` before using the model",
                        "it says by which loss and optimizer the model is trained",
                        "model.compile(optimizer='adam', loss='mse')")
            )  # fmt: skip
        return self._settings

    # Steps: to be overridden where training is not the usual one.

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training: forward, loss, gradients, update.

        It is traced, and run as a graph. Override it to train in another way; `self.compute_loss`,
        `self.optimizer` and `self.metrics` are there to be used.

        Args:
            data: a batch: x, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            The results by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
            self._track(loss, x)
            scaled = self._needed_optimizer().scale_loss(loss)
        weights = self.trainable_weights  # type: ignore[attr-defined]
        if weights:
            gradients = tape.gradient(scaled, weights)
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        else:
            warn("The model does not have any trainable weights.")
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation: forward, loss and metrics.

        Args:
            data: as for `train_step`.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        loss = self.compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False
        )
        self._track(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The predictions for a batch.

        Args:
            data: as for `train_step`; labels are not used.
        """
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)  # type: ignore[operator]

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None,
                     sample_weight: Any = None, training: bool = True) -> Any:  # fmt: skip
        """The loss of a batch: what `compile` was given, and the losses of regularisers.

        Args:
            x: the inputs.
            y: the labels.
            y_pred: the predictions.
            sample_weight: how much each sample counts.
            training: whether it is a step of training.

        Raises:
            InvalidArgumentError: (also a ValueError) when there is no loss at all, or no y.
        """
        parts = []
        settings = self._compiled()
        if settings.loss is not None:
            value = settings.loss(y, y_pred, sample_weight)
            parts += [] if value is None else [value]
        parts += self.losses  # type: ignore[attr-defined]
        if not parts:
            raise self._no_loss()
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def compiled_loss(self, y_true: Any, y_pred: Any, sample_weight: Any = None,
                      regularization_losses: Any = None) -> Any:  # fmt: skip
        """The loss of `compile`, counted in the metrics: Keras 2's way in a `train_step`.

        Args:
            y_true: the labels.
            y_pred: the predictions.
            sample_weight: how much each sample counts.
            regularization_losses: what is added to it: `self.losses`.

        Raises:
            InvalidArgumentError: (also a ValueError) without a loss in `compile`.
        """
        loss = self._compiled().loss
        total = None if loss is None else loss(y_true, y_pred, sample_weight)
        if total is None:
            raise self._no_loss()
        for part in regularization_losses or ():
            total = total + part
        self._track(total, y_pred)
        return total

    @property
    def compiled_metrics(self) -> CompiledMetrics:
        """The metrics of `compile`, for `update_state(y, y_pred)` as Keras 2 had it."""
        found = self._compiled().metrics
        return CompiledMetrics(partial(names_of_outputs, self)) if found is None else found

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict:
        """Count a batch in the metrics of `compile`; returns the results by name."""
        settings = self._compiled()
        if settings.metrics is not None:
            settings.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The results of all metrics so far, by name."""
        found = MetricResults()
        for metric in self.metrics:
            result = metric.result()
            found |= result if isinstance(result, dict) else {metric.name: result}
        return found.noted()

    def _no_loss(self) -> InvalidArgumentError:
        return InvalidArgumentError(
            message("fit", "", "No loss to compute. Provide a `loss` argument in `compile()`",
                    "training makes a loss small", "model.compile(optimizer='adam', "
                    "loss='mse'), or call self.add_loss in a layer")
        )  # fmt: skip

    def _needed_optimizer(self) -> Any:
        if self.optimizer is None:
            raise InvalidArgumentError(
                message("fit", "optimizer=None", "there is no optimizer to change the weights",
                        "a model without one can be evaluated, but not trained",
                        "model.compile(optimizer='adam', loss=…)")
            )  # fmt: skip
        return self.optimizer

    def _track(self, loss: Any, x: Any) -> None:
        """Count the loss, by the number of samples."""
        size = batch_size_of(nest.flatten(x)[0])
        self._compiled().tracker.update_state(loss, sample_weight=size)

    # Metrics.

    @property
    def metrics(self) -> list:
        """The mean of the loss, the metrics of `compile`, and those of the layers."""
        own = [] if self._settings is None else self._settings.all_metrics
        return [*own, *super().metrics]  # type: ignore[misc]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns, in that order."""
        names: list[str] = []
        for metric in self.metrics:
            names += [*metric.parts] if isinstance(metric, CompiledMetrics) else [metric.name]
        return names

    def reset_metrics(self) -> None:
        """Let all metrics begin again."""
        for metric in self.metrics:
            metric.reset_state()

    # Their traced forms.

    def _step(self, kind: str, told: bool = False) -> TracedStep:
        """The traced form of `train_step`, `test_step` or `predict_step`.

        Where each step's results are told to somebody, they are computed in the graph.
        """
        steps: dict[tuple, TracedStep] = self.__dict__.setdefault("_steps", {})
        if (kind, told) not in steps:
            step = getattr(self, f"{kind}_step")
            outcome = list if kind == "predict" else itemgetter(-1) if told else held_by_metrics
            steps[kind, told] = TracedStep(step, self._run_eagerly, outcome)
        return steps[kind, told]

    def _forget_steps(self) -> None:
        self.__dict__.pop("_steps", None)
