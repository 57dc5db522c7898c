"""`BoardCallback`: a board that `fit` feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import minitensor as mt

if TYPE_CHECKING:
    from .board import Board


class BoardCallback(mt.keras.callbacks.Callback):
    """Feeds a board with loss, metrics and, if asked, histograms; `board.callback` makes it.

    Args:
        board: the board.
        per: "batch" or "epoch".
        weights: whether each epoch ends with histograms of the weights.
        gradients: a batch `(x, y)` whose gradients are counted after each epoch.
        run: what stands before "training" and "validation".

    Raises:
        ValueError: for another `per`.

    Example:
        >>> from minitensor_widgets import Board
        >>> mt.keras.utils.set_random_seed(0)
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> board = Board("a model")
        >>> data = mt.ones((8, 2)), mt.zeros((8, 1))
        >>> feeding = board.callback("epoch", weights=True)
        >>> history = model.fit(*data, epochs=3, verbose=0, callbacks=[feeding])
        >>> [line["count"] for line in board.record()["scalars"][0]["lines"]]
        [3]
    """

    def __init__(
        self,
        board: Board,
        per: str = "batch",
        *,
        weights: bool = False,
        gradients: Any = None,
        run: str = "",
    ) -> None:
        if per not in ("batch", "epoch"):
            raise ValueError(
                f"per={per!r} is neither 'batch' nor 'epoch': the board gets a point at the end of "
                "each of these."
            )
        self.board, self.per = board, per
        self.weights, self.gradients = weights, gradients
        self._training = f"{run} training".strip()
        self._validation = f"{run} validation".strip()
        self._step = 0
        if per == "batch":
            self.on_train_batch_end = self._after_batch

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """The bar of `fit` goes into the board."""
        self.board._stage.enter()
        if self.per == "epoch" and not self.board._stage.run.scalars:
            self.board._stage.run.axis = "epoch"

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """The board is left to others; it stays open for what may come."""
        self.board._stage.leave(done=True)

    def _after_batch(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The means of the epoch so far."""
        self._step += 1
        self.board.scalars(_numbers(logs), self._step, run=self._training)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The results of validation, and histograms."""
        step = self._step if self.per == "batch" else epoch + 1
        numbers = _numbers(logs)
        found = {name[4:]: value for name, value in numbers.items() if name.startswith("val_")}
        if self.per == "epoch":  # first, so that the colours are those of fit's own curves
            rest = {name: value for name, value in numbers.items() if not name.startswith("val_")}
            self.board.scalars(rest, step, run=self._training)
        self.board.scalars(found, step, run=self._validation)
        if self.weights:
            for variable in self.model.trainable_weights:
                self.board.histogram(_name(variable), variable, step)
        if self.gradients is not None:
            self._count_gradients(step)

    def _count_gradients(self, step: int) -> None:
        x, y = self.gradients
        with mt.GradientTape() as tape:
            loss = self.model.compute_loss(x, y, self.model(x, training=False))
        weights = self.model.trainable_weights
        for variable, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            if gradient is not None:
                self.board.histogram(f"{_name(variable)}/gradient", gradient, step)


def _numbers(logs: dict[str, Any] | None) -> dict[str, float]:
    return {k: v for k, v in (logs or {}).items() if isinstance(v, (int, float))}


def _name(variable: Any) -> str:
    return getattr(variable, "path", None) or variable.name
