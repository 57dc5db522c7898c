"""One pass over a batch on a tape, beside training: it leaves no trace in the model.

The steps of `fit` are graphs, whose inside no tape sees. To look at layers, a callback runs the
model once more, op by op, on the batch that comes next.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.training.traced_step import filled
from minitensor.keras.training.trainer import Trainer
from minitensor.keras.training.unpacking import unpack_x_y_sample_weight
from minitensor.ops.draws import program_streams
from minitensor.scopes import init_scope
from minitensor.tape import GradientTape

__all__ = ["batch_of", "build", "check_loss", "look_at"]

Found = TypeVar("Found")


def batch_of(skeleton: Any, leaves: list, count: int) -> Any:
    """The batch of a call of a step; of several, the first."""
    return filled(skeleton, leaves[: len(leaves) // count])


def check_loss(name: str, model: Any, loss: Callable | None) -> None:
    """Check that it is known what the model is trained for.

    Raises:
        InvalidArgumentError: (also a ValueError) for a `train_step` of its own without a `loss`.
    """
    if loss is None and type(model).train_step is not Trainer.train_step:
        raise InvalidArgumentError(
            message(name, f"model {model.name!r} with a train_step of its own",
                    "nothing says what its loss is", "the gradients of a loss are looked at",
                    f"pass {name}(loss=function), where function(model, data) gives the loss of "
                    "a batch")
        )  # fmt: skip


def build(model: Any, data: Any) -> None:
    """Make the weights of a model as its first step will make them; what fails is told there."""
    with init_scope(), suppress(Exception):
        model(unpack_x_y_sample_weight(data)[0], training=False)


def look_at(
    model: Any, data: Any, loss: Callable | None, look: Callable[[GradientTape, Any], Found]
) -> Found:
    """What `look` finds on the tape of a pass over a batch, as in training, and in its loss.

    Afterwards the model's statistics, its metrics and the random streams are as before.
    """
    before = [(v, v.read_value()) for v in model.non_trainable_variables]
    streams = program_streams()
    drawn = streams.save_state()
    try:
        with init_scope():
            with GradientTape(persistent=True) as tape:
                value = _loss(model, data) if loss is None else loss(model, data)
            return look(tape, value)
    finally:
        streams.restore_state(drawn)
        for v, was in before:
            v.assign(was)


def _loss(model: Any, data: Any) -> Any:
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    y_pred = model(x, training=True)
    return model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
