"""The variables that an optimiser trains: which they are, and which of them decay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.keras.optimizers.gradients import label
from minitensor.tensor import Operand
from minitensor.variable import Variable

__all__ = ["Known", "Undecayed"]


class Known:
    """The variables that an optimiser was built for.

    They lie in an object of their own, so that who looks for the variables of the optimiser does
    not find them.
    """

    def __init__(self, variables: Sequence):
        several = isinstance(variables, Iterable) and not isinstance(variables, Operand)
        self.variables: list[Any] = list(variables) if several else [None]
        wrong = [x for x in self.variables if not isinstance(x, Variable)]
        if wrong:
            raise ArgumentError(
                message("optimizer", shorten(variables), "it is no list of Variables",
                        "an optimiser keeps moments for a list of variables",
                        "pass model.trainable_variables")
            )  # fmt: skip
        self._places = {id(variable): i for i, variable in enumerate(self.variables)}

    def __reduce__(self) -> tuple:
        return Known, (self.variables,)

    def place(self, variable: Any) -> int:
        """Which of them a variable is.

        Raises:
            InvalidArgumentError: (also a ValueError) when it is none of them.
        """
        place = self._places.get(id(variable))
        if place is None:
            raise InvalidArgumentError(
                message("optimizer", "", f"Unknown variable: {variable}. This optimizer can only "
                        "be called for the variables it was originally built with",
                        "its moments belong to these",
                        "When working with a new set of variables, you should recreate a new "
                        "optimizer instance")
            )  # fmt: skip
        return place


class Undecayed:
    """The variables that weight decay leaves alone: given ones, and those with certain names."""

    def __init__(self, variables: Iterable = (), names: Iterable[str] = ()):
        self.variables, self.names = list(variables), list(names)

    def __contains__(self, variable: Any) -> bool:
        return any(variable is other for other in self.variables) or any(
            re.search(name, label(variable)) for name in self.names
        )
