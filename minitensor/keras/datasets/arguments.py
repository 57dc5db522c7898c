"""Arguments that all datasets share: sizes, noise and seeds, checked in one place."""

from __future__ import annotations

import numpy as np

from minitensor.errors import InvalidArgumentError, message

WHOLE = int | np.integer
REAL = WHOLE | float | np.floating
LARGEST_SEED = 2**32 - 1


def whole_number(subject: str, name: str, value: object, least: int = 1) -> int:
    """`value` as an int of at least `least`.

    Raises:
        InvalidArgumentError: when it is smaller, or no whole number.
    """
    if isinstance(value, WHOLE) and not isinstance(value, bool) and int(value) >= least:
        return int(value)
    raise InvalidArgumentError(
        message(subject, f"{name}={value!r}", f"{name} counts things",
                f"it is a whole number of at least {least}", f"write {name}={least} or more")
    )  # fmt: skip


def real_number(subject: str, name: str, value: object, least: float = 0.0) -> float:
    """`value` as a finite float of at least `least`.

    Raises:
        InvalidArgumentError: when it is smaller, infinite, or no number.
    """
    if isinstance(value, REAL) and not isinstance(value, bool) and least <= value < np.inf:
        return float(value)
    raise InvalidArgumentError(
        message(subject, f"{name}={value!r}", f"{name} is out of range",
                f"it is a number of at least {least:g}", f"write {name}={least:g} or more")
    )  # fmt: skip


def generator(subject: str, seed: object) -> np.random.RandomState:
    """The random numbers of one seed: the same ones with every version of numpy.

    Raises:
        InvalidArgumentError: when `seed` is no whole number from 0 to 2³² - 1.

    Source: NumPy enhancement proposal 19 freezes the stream of RandomState for ever; that of the
    newer Generator may change, and with it what "the test set" is.
    """
    if isinstance(seed, WHOLE) and not isinstance(seed, bool) and 0 <= seed <= LARGEST_SEED:
        return np.random.RandomState(int(seed))
    raise InvalidArgumentError(
        message(subject, f"seed={seed!r}", "this is no seed",
                f"a seed is a whole number from 0 to {LARGEST_SEED}", "write seed=0, for example")
    )  # fmt: skip
