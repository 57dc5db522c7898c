"""Optimisers: how gradients change weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minitensor.errors import InvalidArgumentError, message, public_names, shorten
from minitensor.keras import configuration
from minitensor.keras.configuration import Names
from minitensor.keras.optimizers import schedules as schedules
from minitensor.keras.optimizers.adadelta import Adadelta as Adadelta
from minitensor.keras.optimizers.adagrad import Adagrad as Adagrad
from minitensor.keras.optimizers.adam import Adam as Adam
from minitensor.keras.optimizers.adam import AdamW as AdamW
from minitensor.keras.optimizers.adamax import Adamax as Adamax
from minitensor.keras.optimizers.ftrl import Ftrl as Ftrl
from minitensor.keras.optimizers.lion import Lion as Lion
from minitensor.keras.optimizers.nadam import Nadam as Nadam
from minitensor.keras.optimizers.optimizer import Optimizer as Optimizer
from minitensor.keras.optimizers.rmsprop import RMSprop as RMSprop
from minitensor.keras.optimizers.sgd import SGD as SGD

__all__ = [
    "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam", "Optimizer",
    "RMSprop", "deserialize", "get", "schedules", "serialize",
]  # fmt: skip

__getattr__, __dir__ = public_names(__name__, __all__)

_CLASSES = (SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lion, Nadam, RMSprop)
_NAMES = Names("optimizer", {cls.__name__.lower(): cls for cls in _CLASSES})


def get(identifier: Any) -> Any:
    """The optimiser for a name ("adam", in any case), a configuration or an optimiser.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, with the nearest name.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.optimizers.get("sgd").learning_rate.numpy()
        np.float32(0.01)
    """
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    found = _NAMES.get(identifier)
    if found is None or isinstance(found, Optimizer):
        return found
    raise InvalidArgumentError(
        message(f"optimizer {shorten(identifier)}", "",
                f"Could not interpret optimizer identifier: {identifier}",
                "a name, an optimizer or a configuration is meant", "for example 'adam'")
    )  # fmt: skip


def serialize(optimizer: Any) -> Any:
    """An optimiser as plain data: its class and its configuration, not its variables."""
    return configuration.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimiser that `serialize` wrote; built-in names are known in any case.

    Raises:
        InvalidArgumentError: (also a ValueError) for a class that is not known.
    """
    known = _NAMES.known.get(str(config.get("class_name")).lower())
    if known is not None:
        config = {**config, "class_name": known.__name__}
    return configuration.deserialize(config, custom_objects)
