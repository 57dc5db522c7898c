"""`TensorBoard`: what training gives, in files that TensorBoard shows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
    message,
    shorten,
)
from minitensor.keras.callbacks.batch_pass import batch_of, check_loss
from minitensor.keras.callbacks.callback import Callback
from minitensor.keras.callbacks.tensorboard_embeddings import (
    checked_metadata,
    record_embeddings,
    settled_metadata,
)
from minitensor.keras.callbacks.tensorboard_weights import record_gradients, record_weights
from minitensor.keras.warning import warn
from minitensor.summary.context import entered
from minitensor.summary.graphs import graph, keras_model
from minitensor.summary.projector_files import config_before
from minitensor.summary.scalar import scalar
from minitensor.summary.writer import SummaryWriter, create_file_writer, folder_of

__all__ = ["TensorBoard"]

_BATCH = ("on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin")
_NAMED = {"epoch": 0, "batch": 1}


class TensorBoard(Callback):
    """Records training in the runs `train` and `validation` below a directory, for TensorBoard.

    Loss, metrics and learning rate of each epoch are `epoch_loss` and so on, in both runs under the
    same tags; validation is also recorded over the steps of the optimizer, as
    `evaluation_loss_vs_iterations`. To train again into the same directory adds to it; a directory
    for each training, such as `logs/first`, keeps them apart.

    Args:
        log_dir: the directory.
        histogram_freq: after how many epochs histograms of all weights are recorded; 0 for never.
        write_graph: whether the layers of the model and the graph of a training step are recorded.
        write_images: whether weights are also recorded as images, with the histograms; colours are
            stretched, so that 0 is grey. What is not an image, such as a 3-D kernel, is left out.
        write_steps_per_second: whether the speed is recorded.
        update_freq: "epoch"; or "batch", or after how many batches results are also recorded as
            `batch_loss` and so on. With these, summaries of your own in a layer or a `train_step`
            go to the same run.
        profile_batch: TensorFlow's profiler, which is not here: 0.
        embeddings_freq: after how many epochs the tables of `Embedding` layers are recorded for
            the projector; 0 for never.
        embeddings_metadata: a file in `log_dir` with a line for each row of the table, or a dict of
            files by the names of the layers.
        write_grads: whether histograms of the gradients of a batch are recorded with those of the
            weights, as `<weight>_grad/histogram`. The model is run once more for them.

    Raises:
        InvalidArgumentError: (also a ValueError) for a directory or frequencies that are none; in
            training, for metadata of layers that are not there.
        ArgumentError: (also a TypeError) for a directory or metadata of another type.
        UnimplementedError: (also a NotImplementedError) for a `profile_batch`.
        FailedPreconditionError: (also a RuntimeError) in training, for one that is in the list of
            callbacks twice.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> folder = tempfile.mkdtemp()
        >>> board = mt.keras.callbacks.TensorBoard(folder, histogram_freq=1)
        >>> data = mt.ones((4, 2)), mt.zeros((4, 1))
        >>> history = model.fit(*data, epochs=2, verbose=0, callbacks=[board])
        >>> mt.summary.read(folder).scalars("epoch_loss", run="train").step
        array([0, 1])
    """

    def __init__(
        self, log_dir: str | os.PathLike = "logs", histogram_freq: int = 0,
        write_graph: bool = True, write_images: bool = False, write_steps_per_second: bool = False,
        update_freq: str | int = "epoch", profile_batch: Any = 0, embeddings_freq: int = 0,
        embeddings_metadata: Any = None, write_grads: bool = False,
    ):  # fmt: skip
        self.log_dir = str(folder_of(log_dir, "TensorBoard"))
        self.histogram_freq = _checked("histogram_freq", histogram_freq, 0)
        self.embeddings_freq = _checked("embeddings_freq", embeddings_freq, 0)
        self.write_graph, self.write_images = write_graph, write_images
        self.write_grads, self.write_steps_per_second = write_grads, write_steps_per_second
        self.update_freq = update_freq
        self.embeddings_metadata = checked_metadata(embeddings_metadata)
        named = _NAMED.get(update_freq) if isinstance(update_freq, str) else None
        self._every = _checked("update_freq", update_freq, 1) if named is None else named
        _check_profile(profile_batch)
        if (write_images or write_grads) and not histogram_freq:
            warn("TensorBoard: images of weights and histograms of gradients are recorded with the "
                 "histograms of weights, and histogram_freq=0 says never.")  # fmt: skip
        self._idle = () if self._every else tuple(
            name for name in _BATCH if getattr(type(self), name) is getattr(TensorBoard, name)
        )  # fmt: skip
        self._writers: dict[str, SummaryWriter] = {}
        self._entered: list[ExitStack] = []
        self._train_steps = self._test_steps = self._iterations = 0
        self._batch_began = self._epoch_began = 0.0
        self._batch: tuple | None = None
        self._graph_is_due = self._has_begun = False

    # The runs.

    def _writer(self, run: str) -> SummaryWriter:
        """The writer of a run, made when something is recorded."""
        if run not in self._writers:
            self._writers[run] = create_file_writer(Path(self.log_dir) / run)
        return self._writers[run]

    def _close(self) -> None:
        """Close the files, however training, or an evaluation, came to its end."""
        while self._entered:
            self._leave()
        for writer in self._writers.values():
            writer.close()
        self._writers, self._batch, self._has_begun = {}, None, False

    def _enter(self, run: str, step: int) -> None:
        """Let summaries of the learner's own go to a run, from here on."""
        if self._every:
            stack = ExitStack()
            due = step % self._every == 0
            stack.enter_context(entered(writer=self._writer(run), step=step, condition=due))
            self._entered.append(stack)

    def _leave(self) -> None:
        if self._entered:
            self._entered.pop().close()

    def _in(self, run: str, write: Callable, *args: Any) -> None:
        """Record something in a run, whatever holds for summaries of the learner's own."""
        with entered(writer=self._writer(run), condition=True):
            write(*args)

    def _numbers(self, prefix: str, logs: dict[str, Any], suffix: str, step: int) -> None:
        for name, value in logs.items():
            if np.ndim(value):
                warn(f"TensorBoard: {name!r} is not one number, so it is no curve and is left out.")
            else:
                scalar(f"{prefix}{name}{suffix}", value, step=step)

    # The moments.

    def set_model(self, model: Any) -> None:
        """Begin anew."""
        self._close()
        super().set_model(model)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Check what needs the model, and open the run."""
        self._check_once()
        if self.write_grads and self.histogram_freq:
            check_loss("TensorBoard", self.model, None)
        if self.embeddings_freq:
            settled_metadata(self.model, self.embeddings_metadata)
            config_before(Path(self.log_dir))
        self._train_steps, self._graph_is_due = 0, bool(self.write_graph)
        self._writer("train")
        self._enter("train", 0)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the files."""
        self._close()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Let summaries go to the run of validation."""
        self._enter("validation", self._test_steps)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Record the results over the steps of the optimizer."""
        optimizer = self.model.optimizer
        if optimizer is not None:
            step = int(optimizer.iterations)
            self._in("validation", self._numbers, "evaluation_", logs or {}, "_vs_iterations", step)
        self._leave()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the step."""
        self._train_steps += 1
        self._leave()
        self._enter("train", self._train_steps)
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the results so far."""
        if self._train_steps % self._every:
            return
        found = dict(logs or {})
        if self.write_steps_per_second:
            found = {"steps_per_second": 1 / (time.perf_counter() - self._batch_began), **found}
        self._in("train", self._numbers, "batch_", found, "", self._train_steps)

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the step."""
        self._test_steps += 1
        self._leave()
        self._enter("validation", self._test_steps)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Begin to measure the speed."""
        self._has_begun = False
        self._iterations, self._epoch_began = self._steps_done(), time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the results of the epoch, and what is due with it."""
        self._record_graphs()
        logs = logs or {}
        train = {name: x for name, x in logs.items() if not name.startswith("val_")}
        rest = {name.removeprefix("val_"): x for name, x in logs.items() if name not in train}
        if self.model.optimizer is not None:
            train["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._epoch_began
            train["steps_per_second"] = (self._steps_done() - self._iterations) / seconds
        self._in("train", self._numbers, "epoch_", train, "", epoch)
        if rest:
            self._in("validation", self._numbers, "epoch_", rest, "", epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._in("train", self._record_weights, epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            files = settled_metadata(self.model, self.embeddings_metadata)
            record_embeddings(self.model, Path(self.log_dir), files)
        for writer in self._writers.values():
            writer.flush()

    def _see_batch(self, done: int, skeleton: Any, leaves: list, count: int) -> None:
        """Called before each step, with its batch."""
        if self.write_grads:
            self._batch = skeleton, leaves, count
        if done:
            self._record_graphs()

    def _check_once(self) -> None:
        """Refuse to begin twice before any epoch began: each point would be written twice."""
        if self._has_begun:
            raise FailedPreconditionError(
                message("TensorBoard", f"the same object with log_dir={self.log_dir!r} twice",
                        "it would write each point twice",
                        "each callback in the list of callbacks is called at each moment",
                        "leave one of the two out; for another directory, make another TensorBoard")
            )  # fmt: skip
        self._has_begun = True

    # What is recorded besides results.

    def _steps_done(self) -> int:
        return 0 if self.model.optimizer is None else int(self.model.optimizer.iterations)

    def _record_graphs(self) -> None:
        """Record the graphs, once, after the first step of training."""
        if self._graph_is_due:
            self._graph_is_due = False
            self._in("train", _graphs_of, self.model)

    def _record_weights(self, epoch: int) -> None:
        record_weights(self.model, epoch, self.write_images)
        if self.write_grads and self._batch is not None:
            record_gradients(self.model, batch_of(*self._batch), epoch)


def _graphs_of(model: Any) -> None:
    """Record how a model is made of layers, and the graph of its training step."""
    if type(model).__name__ in ("Functional", "Sequential"):
        try:
            keras_model("keras", model, step=0)
        except Exception as error:  # as Keras: a layer that cannot be described stops no training
            warn(f"TensorBoard: the model cannot be described, so its layers are left out: {error}")
    traced = [x for told in (False, True) for x in model._step("train", told).graphs]
    if traced:
        graph(traced[0])


def _checked(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        words = ', or "epoch" or "batch"' if least else "; 0 is never"
        raise InvalidArgumentError(
            message("TensorBoard", f"{name}={shorten(value)}", "it is no frequency",
                    f"it is a whole number of at least {least}{words}", f"pass {name}=1")
        )  # fmt: skip
    return value


def _check_profile(profile_batch: Any) -> None:
    plain = isinstance(profile_batch, int | np.integer | str | list | tuple | None)
    if not plain or profile_batch:
        raise UnimplementedError(
            message("TensorBoard", f"profile_batch={shorten(profile_batch)}",
                    "there is no profiler here",
                    "TensorFlow's profiler writes files for a page that TensorBoard does not have "
                    "by itself", "leave it out; write_steps_per_second=True records the "
                    "speed, and write_graph=True the graph of a step")
        )  # fmt: skip
