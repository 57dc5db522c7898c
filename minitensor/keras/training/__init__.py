"""Training: `compile`, `fit`, `evaluate` and `predict`, which models get from `Trainer`.

Read `steps`, then `trainer`, then `runner` and `fitting`. `batches` says where data comes from;
`compiled_loss` and `compiled_metrics` hold what `compile` was given.
"""

from minitensor.keras.training.trainer import Trainer as Trainer
from minitensor.keras.training.unpacking import (
    pack_x_y_sample_weight as pack_x_y_sample_weight,
)
from minitensor.keras.training.unpacking import (
    unpack_x_y_sample_weight as unpack_x_y_sample_weight,
)

__all__ = ["Trainer", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
