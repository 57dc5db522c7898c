"""`Health`: how healthy the layers of a model are while it is trained."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from minitensor.backend import NAMESPACE
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.keras.callbacks.batch_pass import batch_of, build, check_loss, look_at
from minitensor.keras.callbacks.callback import Callback
from minitensor.summary.health import checked_name, looked_at, record
from minitensor.summary.health_record import health_record
from minitensor.summary.health_report import Finding, FirstBad
from minitensor.summary.health_report import Health as Report
from minitensor.summary.health_trouble import not_finite
from minitensor.tape import GradientTape

__all__ = ["Health"]

LOOKS = 30
"""How many looks `every="auto"` aims for: enough for a curve."""
SHARE, ALTOGETHER = 0.02, 0.5
"""The share of the training's time that these may take, and the seconds that they may take in any
case: in short trainings nobody waits for them."""
SPREAD = 1.1
"""Where the number of steps is not known: how much later each look is than the one before."""

COPYING = 0.01
"""The share of it that keeping copies of the weights may take then."""
_WORDS = ("auto", "epoch")


class _Batch(NamedTuple):
    """What a step was given."""

    step: int
    data: Any


class _Weights(NamedTuple):
    """What the weights were before a step: copies of their arrays."""

    step: int
    arrays: list


class Health(Callback):
    """Looks at the layers of a model as it is trained; see `mt.summary.health`.

    A step of `fit` is one traced graph, whose inside cannot be seen. So the model is run once more,
    op by op on a tape of its own, on the batch that comes next, and nothing of that stays in the
    model. In between, the loss and the weights are only watched for what is no number: then the
    step that made it is repeated on such a tape, to find the layer and the line. With
    `steps_per_execution=n`, a look is at the first of n batches. With a default writer, the numbers
    are recorded as scalars, too.

    Args:
        every: after how many steps it looks; "epoch" for the first step of each; "auto" for about
            30 looks at even distances, before the first step and after the last. It looks less
            often where that would take more than 2 % of the time and more than half a second
            altogether, and ever more seldom where the number of steps is not known. With "auto",
            copies of the weights, from which a step is repeated, are made as often as takes 1 % of
            the time; else before each step.
        data: a batch `(x, y)` to look at each time, in place of those that are trained on.
        loss: for a model with a `train_step` of its own: called as `loss(model, data)`.
        name: what the tags of the scalars begin with.

    Raises:
        InvalidArgumentError: (also a ValueError) for another `every`; in training, for a model with
            a `train_step` of its own and no `loss`, and for a `loss` that gives None.
        ArgumentError: (also a TypeError) for a name that is no text, and a `loss` that is no
            function.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.utils.set_random_seed(0)
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(4, activation="relu", name="first"),
        ...                              mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> watch = mt.keras.callbacks.Health(every=2)
        >>> x = mt.random.normal((32, 2))
        >>> log = model.fit(x, x[:, :1], batch_size=8, epochs=1, verbose=0, callbacks=[watch])
        >>> [report.step for report in watch.history], watch.history[0].layers[0].name
        ([0, 2], 'first')
    """

    def __init__(self, every: int | str = "auto", data: Any = None, loss: Callable | None = None,
                 name: str = "health"):  # fmt: skip
        word = isinstance(every, str) and every in _WORDS
        number = isinstance(every, int | np.integer) and not isinstance(every, bool) and every > 0
        if not number and not word:
            raise InvalidArgumentError(
                message("Health", f"every={shorten(every)}", "it is no number of steps",
                        "a number counts steps; 'epoch' and 'auto' say it in words",
                        "leave it out, or pass every=100")
            )  # fmt: skip
        if loss is not None and not callable(loss):
            raise ArgumentError(
                message("Health", f"loss={shorten(loss)}", "it cannot be called",
                        "it is a function of the model and a batch, for a train_step of one's own",
                        "pass loss=lambda model, data: ..., or leave it out")
            )  # fmt: skip
        self.every, self.data, self.loss = every, data, loss
        self.name = checked_name("Health", name)
        self.history: list[Report] = []
        self._begin(0)

    def record(self) -> dict[str, Any]:
        """The whole history as plain data; as `mt.views.health_record`."""
        return health_record(self.history)

    def _begin(self, step: int) -> None:
        self._began = self._step = step
        self._total: int | None = None
        self._first, self._found_bad = True, False
        self._batches: deque[_Batch] = deque(maxlen=2)
        self._copies: deque[_Weights] = deque()
        self._weights: list = []
        self._ready = False
        self._started, self._spent, self._copying = time.perf_counter(), 0.0, 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget the last training."""
        check_loss("Health", self.model, self.loss)
        optimizer = self.model.optimizer
        self.history = []
        self._losses = self.model._compiled().tracker.total
        self._begin(0 if optimizer is None else int(optimizer.iterations))

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the next step, if it is due."""
        self._first = True
        about = self.params or {}
        if self._total is None and about.get("steps"):
            self._total = (about["epochs"] - epoch) * about["steps"]

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """See whether the loss and the weights are still numbers."""
        loss = (logs or {}).get("loss", 0.0)
        if (np.ndim(loss) == 0 and not math.isfinite(loss)) or not self._is_all_finite():
            self._look_back()

    def _see_batch(self, done: int, skeleton: Any, leaves: list, count: int) -> None:
        """Called before each step: look at its batch, if it is due."""
        # The sum of the losses of this epoch; before its first step, that of the one before.
        if not self._first and not math.isfinite(self._losses._value._array):
            self._look_back()
        data = skeleton, leaves, count
        self._ready = self._ready or self._is_built(data)
        if self._ready:
            self._watch(_Batch(self._step, data))
        self._first = False
        self._step += count

    def _is_built(self, data: tuple) -> bool:
        """Whether the model has weights, after an attempt to make them."""
        if not self.model.built:
            build(self.model, batch_of(*data))
        self._weights = self.model.trainable_variables if self.model.built else []
        return bool(self._weights)

    def _watch(self, batch: _Batch) -> None:
        self._batches.append(batch)
        began = time.perf_counter()
        if self.every != "auto" or self._copying <= COPYING * (began - self._started):
            self._copy_weights()
            if not self._found_bad and not self._is_all_finite():
                self._look_back()
            self._copying += time.perf_counter() - began
        if self._is_due(began):
            self._look(batch)

    def _copy_weights(self) -> None:
        """Keep what the weights are now, in place of the last copy but one."""
        if len(self._copies) == 2:
            arrays = self._copies.popleft().arrays
            for w, array in zip(self._weights, arrays, strict=True):
                NAMESPACE[type(array)].copyto(array, w._array)
        else:
            arrays = [w._array.copy() for w in self._weights]
        self._copies.append(_Weights(self._step, arrays))

    def _is_all_finite(self) -> bool:
        """Whether the weights are numbers: a NaN in one makes the sum of the squares one."""
        arrays = (w._array for w in self._weights)
        return all(math.isfinite(abs(NAMESPACE[type(x)].vdot(x, x))) or _is_finite(x)
                   for x in arrays)  # fmt: skip

    def _is_due(self, now: float) -> bool:
        if self.history and self.history[-1].step == self._step:
            return False
        if self.every == "epoch":
            return self._first
        if self.every != "auto":
            last = self.history[-1].step if self.history else None
            return last is None or self._step - last >= self.every  # type: ignore[operator]
        return not self.history or self._is_worth_it(now)

    def _is_worth_it(self, now: float) -> bool:
        """Whether another look is far enough from the last one, and cheap enough."""
        done, last = self._step - self._began, self.history[-1].step - self._began  # type: ignore[operator]
        if self._total is None:
            far, allowed = done >= SPREAD * last, ALTOGETHER
        else:
            far = (done - last) * LOOKS >= self._total
            allowed = ALTOGETHER * done / self._total
        expected = self._spent * (1 + 1 / len(self.history))
        return far and expected <= max(SHARE * (now - self._started), allowed)

    def _look(self, batch: _Batch) -> None:
        began = time.perf_counter()
        report = self._report(batch, self.data)
        self._spent += time.perf_counter() - began
        self.history.append(report)
        self._found_bad = self._found_bad or report.first_bad is not None
        record(report)

    def _report(self, batch: _Batch, own: Any = None) -> Report:
        data = batch_of(*batch.data) if own is None else own

        def look(tape: GradientTape, loss: Any) -> Report:
            if loss is None:
                raise InvalidArgumentError(
                    message("Health", "a loss of None", "the function `loss` gave no tensor",
                            "its result is what the tape differentiates", "end it with return loss")
                )  # fmt: skip
            return looked_at(self.model, tape, loss, None, batch.step, self.name)

        return look_at(self.model, data, self.loss, look)

    def _look_back(self) -> None:
        """Repeat the step that made the loss a NaN or infinite, and find out where.

        The weights are the last copies that are finite. What came after them may have been made by
        the step before, so that one is repeated first.
        """
        if self._found_bad or not self._copies:
            return
        self._found_bad = True
        finite = [x for x in self._copies if all(map(_is_finite, x.arrays))]
        copy = finite[-1] if finite else self._copies[0]
        now = [w._array.copy() for w in self._weights]
        self._assign(copy.arrays)
        try:
            reports = [self._report(x) for x in self._batches if x.step >= copy.step]
        finally:
            self._assign(now)
        bad = [x for x in reports if x.first_bad is not None]
        report = bad[0] if bad else _not_repeated(reports[0], copy.step)
        self.history = [x for x in self.history if x.step != report.step]
        self.history.append(report)
        self.history.sort(key=lambda x: x.step or 0)

    def _assign(self, arrays: Sequence) -> None:
        for w, array in zip(self._weights, arrays, strict=True):
            w.assign(array)

    def _close(self) -> None:
        """Look at what the last step left, and let go of its batch."""
        last = self._batches[-1] if self._batches else None
        self._batches.clear()
        self._copies.clear()
        in_order = sys.exc_info()[0] is None
        if self.every == "auto" and in_order and last is not None:
            self._look(last._replace(step=self._step))


def _is_finite(array: Any) -> bool:
    return not not_finite(array)


def _not_repeated(report: Report, began: int) -> Report:
    """The report of a step after which nothing was finite, though it was, forward and backward.

    `began` is the step whose weights it was repeated with.
    """
    if began == report.step:
        sentence = (f"All was finite in step {report.step}, forward and backward; the update of "
                    "the weights made them so large that nothing was finite after it. Try a "
                    "smaller learning rate, or clipnorm=1.0 in the optimizer.")  # fmt: skip
    else:
        sentence = (f"After step {report.step} the loss was not finite. Repeated with the weights "
                    f"before step {began}, the step gives finite numbers; later weights were not "
                    "kept, since copying these takes long. Try Health(every=1), which looks at "
                    "each step, or a smaller learning rate.")  # fmt: skip
    bad = FirstBad("infinity", "update", "", "update", sentence)
    return replace(report, first_bad=bad, findings=[Finding("not finite", "", sentence)])
