"""What an optimiser has: its options and learning rate, its variables, its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.keras import initializers
from minitensor.keras.configuration import Configurable, serialize
from minitensor.keras.naming import auto_name, checked_name
from minitensor.keras.optimizers.known import Known, Undecayed
from minitensor.keras.optimizers.schedules import LearningRateSchedule
from minitensor.keras.optimizers.settings import OPTIONS, check_options, unknown_arguments
from minitensor.keras.warning import warn
from minitensor.keras.weight import Weight
from minitensor.module import Module
from minitensor.ops.array import cast
from minitensor.ops.creation import fill
from minitensor.scopes import init_scope
from minitensor.tensor import Operand
from minitensor.variable import Variable

__all__ = ["OptimizerState"]


class OptimizerState(Configurable, Module):
    """What an `Optimizer` has; how it changes variables is said there."""

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **unknown: Any,
    ):
        kind = type(self).__name__
        if unknown.pop("decay", None) is not None:
            warn("Argument `decay` is no longer supported and will be ignored: pass a schedule as "
                 "learning_rate")  # fmt: skip
        if unknown:
            known = [*self._given.arguments, "learning_rate", "name", *OPTIONS]
            raise unknown_arguments(kind, unknown, [x for x in known if x not in unknown])
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm, self.use_ema = global_clipnorm, use_ema
        self.ema_momentum, self.ema_overwrite_frequency = ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        check_options(kind, {option: getattr(self, option) for option in OPTIONS})
        _check_rate(kind, learning_rate)
        self._name = auto_name(kind) if name is None else checked_name(name)
        self.built = False
        self._known, self._undecayed = Known([]), Undecayed()
        self._slots: list[Weight] = []
        with init_scope():
            self._iterations = Weight(np.int64(0), path=f"{self.name}/iteration", trainable=False)
            self._learning_rate: Any = learning_rate
            if not callable(learning_rate):
                path = f"{self.name}/learning_rate"
                rate = np.float32(learning_rate)
                self._learning_rate = Weight(rate, path=path, trainable=False)

    @property
    def iterations(self) -> Any:
        """How many updates there were, int64."""
        if self.gradient_accumulation_steps:
            return self._iterations // self.gradient_accumulation_steps
        return self._iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, or what the schedule gives for this step. Assignable.

        Raises:
            ArgumentError: (a TypeError) when a number is assigned where there is a schedule.
        """
        rate = self._learning_rate
        if isinstance(rate, Variable):
            return rate
        return rate(self._iterations) if isinstance(rate, LearningRateSchedule) else rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if callable(value):
            self._learning_rate = value
        elif isinstance(self._learning_rate, Variable):
            if not isinstance(value, Operand):
                value = float(value) if isinstance(value, (int, float, np.number)) else value
                _check_rate("learning_rate", value)
            self._learning_rate.assign(value)
        else:
            raise ArgumentError(
                message("learning_rate", shorten(value), "This optimizer was created with a "
                        "`LearningRateSchedule` object as its `learning_rate` constructor "
                        "argument, hence its learning rate is not settable",
                        "a schedule computes the learning rate anew in each step",
                        "If you need the learning rate to be settable, you should instantiate the "
                        "optimizer with a float `learning_rate` argument")
            )  # fmt: skip

    @property
    def lr(self) -> Any:
        """Keras 2's name for the learning rate, which would be set without any effect.

        Raises:
            AttributeError: always, also when it is assigned to.
        """
        raise AttributeError(
            message(f"{type(self).__name__}.lr", "", "there is no such attribute",
                    "it is spelled out", "write optimizer.learning_rate")
        )  # fmt: skip

    @lr.setter
    def lr(self, value: Any) -> None:
        return self.lr

    @property
    def variables(self) -> list:  # type: ignore[override]
        """Its own variables: the iteration, the learning rate, the slots of each variable."""
        rate = self._learning_rate
        return [self._iterations, *([rate] if isinstance(rate, Variable) else []), *self._slots]

    _always_shown = ("learning_rate",)

    def _shown(self) -> dict[str, Any]:
        """The arguments that it could be made again with; the learning rate is that of now."""
        rate, given = getattr(self, "_learning_rate", None), self._given.arguments
        now = {name: getattr(self, name, value) for name, value in given.items()}
        if isinstance(rate, Variable):  # as it is printed, float32's 0.001 is not 0.0010000000475
            rate = float(str(rate.numpy()))
        return {"learning_rate": rate} | now | {"learning_rate": rate}

    def get_config(self) -> dict[str, Any]:
        """What it could be made again with; the learning rate is that of now."""
        rate = self._learning_rate
        names = [*OPTIONS, *self._given.arguments]
        now = {name: getattr(self, name, self._given.arguments.get(name)) for name in names}
        now |= {"learning_rate": float(rate) if isinstance(rate, Variable) else rate}
        return {"name": self.name} | {name: serialize(value) for name, value in now.items()}

    def build(self, variables: Sequence) -> None:
        """Make the slots for the variables to train; `apply` does it when it is called first."""
        self._known = Known(variables)
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = self.add_optimizer_variables(
                variables, "gradient_accumulator"
            )
        self.built = True

    def add_variable(self, shape: Any, initializer: Any = "zeros", dtype: Any = None,
                     name: str | None = None) -> Weight:  # fmt: skip
        """A variable of the optimiser; `initializer` is as for layers, or a number."""
        number = {"zeros": 0.0, "ones": 1.0}.get(str(initializer), initializer)
        with init_scope():
            if isinstance(number, float):
                value = fill(tuple(shape), cast(number, dtype or "float32"))
            else:
                initial: Any = initializers.get(initializer)
                value = initial(tuple(shape), dtype=dtype)
            path = f"{self.name}/{name or 'variable'}"
            self._slots.append(Weight(value, path=path, trainable=False))
        return self._slots[-1]

    def add_variable_from_reference(self, reference_variable: Any, name: str | None = None,
                                    initializer: Any = "zeros") -> Weight:  # fmt: skip
        """A variable of the shape and dtype of another, and named after it."""
        whole = getattr(reference_variable, "path", None) or reference_variable.name
        path = f"{whole.replace('/', '_').replace(':', '_')}_{name or 'var'}"
        shape = reference_variable.shape
        return self.add_variable(shape, initializer, reference_variable.dtype, path)

    def add_optimizer_variables(self, trainable_variables: Sequence, name: Any,
                                initializer: Any = "zeros") -> Any:  # fmt: skip
        """A slot for each variable, as a list; for several names, as many lists.

        Several names may have an initialiser each, in a list.
        """
        names = [name] if isinstance(name, str) else name
        starts = initializer if isinstance(initializer, list) else [initializer] * len(names)
        slots: list[list[Weight]] = [[] for _ in names]
        for variable in trainable_variables:
            for made, one, start in zip(slots, names, starts, strict=True):
                made.append(self.add_variable_from_reference(variable, one, start))
        return slots[0] if isinstance(name, str) else slots

    def _get_variable_index(self, variable: Any) -> int:
        """Which of the variables it is: where its slots stand in their lists."""
        return self._known.place(variable)


def _check_rate(subject: str, rate: Any) -> None:
    if not callable(rate) and not isinstance(rate, float):
        raise InvalidArgumentError(
            message(subject, f"learning_rate={shorten(rate)}",
                    "Argument `learning_rate` should be float, or an instance of "
                    "LearningRateSchedule, or a callable (that takes in the current iteration "
                    "value and returns the corresponding learning rate value)",
                    "it is the size of the steps", "for example learning_rate=0.001")
        )  # fmt: skip
