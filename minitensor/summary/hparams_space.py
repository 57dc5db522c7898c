"""What an experiment varies and what it measures: hyper-parameters, their domains, and metrics."""

from __future__ import annotations

import random
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.summary.arguments import listed, text

__all__ = [
    "Discrete", "Domain", "HParam", "IntInterval", "Metric", "RealInterval", "in_domain",
    "is_too_large",
]  # fmt: skip


class Domain(ABC):
    """The values that a hyper-parameter may have; `dtype` is float, int, str or bool."""

    dtype: type

    @abstractmethod
    def sample_uniform(self, rng: Any = random) -> Any:
        """One of the values, each as likely as any other; `rng` is a `random.Random`."""


@dataclass(frozen=True)
class IntInterval(Domain):
    """All whole numbers from one to another, both included.

    Raises:
        ArgumentError: (also a TypeError) for bounds that are no whole numbers.
        InvalidArgumentError: (also a ValueError) when the first is the larger one.

    Example:
        >>> IntInterval(1, 4).sample_uniform() in (1, 2, 3, 4)
        True
    """

    min_value: int
    max_value: int
    dtype = int

    def __post_init__(self) -> None:
        _check_bounds(self, int, "a Python int")

    def sample_uniform(self, rng: Any = random) -> int:
        """One of the numbers, each as likely as any other."""
        return _method(rng, "randint")(self.min_value, self.max_value)


@dataclass(frozen=True)
class RealInterval(Domain):
    """All numbers from one to another, both included.

    Raises:
        ArgumentError: (also a TypeError) for bounds that are no numbers.
        InvalidArgumentError: (also a ValueError) when the first is the larger one, or one is NaN.

    Example:
        >>> RealInterval(1e-4, 1e-1).dtype
        <class 'float'>
    """

    min_value: float
    max_value: float
    dtype = float

    def __post_init__(self) -> None:
        _check_bounds(self, (float, int), "a Python float")

    def sample_uniform(self, rng: Any = random) -> float:
        """One of the numbers, each as likely as any other."""
        return _method(rng, "uniform")(self.min_value, self.max_value)


@dataclass(frozen=True, init=False)
class Discrete(Domain):
    """A few values of one type.

    Args:
        values: the values.
        dtype: float, int, str or bool; the type of the first value by default.

    Raises:
        ArgumentError: (also a TypeError) for values of several types.
        InvalidArgumentError: (also a ValueError) for another `dtype`, for none without values, and
            for numbers that no float can hold.

    Example:
        >>> Discrete(["sgd", "adam"]).values
        ('adam', 'sgd')
    """

    values: tuple
    dtype: type

    def __init__(self, values: Iterable, dtype: type | None = None):
        found = listed("Discrete", "values", values, "float, int, str or bool")
        given = f"values={shorten(found)}, dtype={shorten(dtype)}"
        if dtype is None and found:
            dtype = type(found[0])
        if dtype not in (float, int, str, bool):
            raise InvalidArgumentError(
                ("Empty domain with no dtype specified\n" if dtype is None else "")
                + message("Discrete", given, "the type of the values is not known",
                          "values are all float, int, str or bool", "write Discrete([...], float)")
            )  # fmt: skip
        wrong = [x for x in found if not _is_of(x, dtype)]
        if wrong:
            raise ArgumentError(
                message("Discrete", given, f"{wrong[0]!r} is not of type {dtype.__name__}",
                        "values of one domain have one type", "make them all float, or all str")
            )  # fmt: skip
        if any(map(is_too_large, found)):
            raise InvalidArgumentError(
                message("Discrete", given, "no float is as large",
                        "numbers are recorded as floats", "write them as text")
            )  # fmt: skip
        object.__setattr__(self, "values", tuple(sorted(found)))
        object.__setattr__(self, "dtype", dtype)

    def sample_uniform(self, rng: Any = random) -> Any:
        """One of the values, each as likely as any other."""
        return _method(rng, "choice")(self.values)


@dataclass(frozen=True)
class HParam:
    """A hyper-parameter of an experiment: its name, and what it may be.

    Args:
        name: its name, also a key of `hparams`.
        domain: `IntInterval`, `RealInterval` or `Discrete`; None for anything.
        display_name: what TensorBoard calls it.
        description: Markdown that says what it does.

    Raises:
        InvalidArgumentError: (also a ValueError) for a domain that is none.

    Example:
        >>> HParam("rate", RealInterval(1e-4, 1e-1)).domain
        RealInterval(min_value=0.0001, max_value=0.1)
    """

    name: str
    domain: Domain | None = None
    display_name: str | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        _check_texts(self, "name", "display_name", "description")
        if self.domain is not None and not isinstance(self.domain, Domain):
            raise InvalidArgumentError(
                f"not a domain: {self.domain!r}\n"
                + message("HParam", f"domain={shorten(self.domain)}", "that is no domain",
                          "a domain is IntInterval, RealInterval or Discrete",
                          "write Discrete([1, 2]) for a list of values")
            )  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """What an experiment measures: a tag under which runs record scalars.

    Args:
        tag: the tag.
        group: below which directory of each run it lies; the run itself by default.
        display_name: what TensorBoard calls it.
        description: Markdown that says what it is.
        dataset_type: `Metric.TRAINING` or `Metric.VALIDATION`.

    Raises:
        InvalidArgumentError: (also a ValueError) for another `dataset_type`.

    Example:
        >>> Metric("accuracy", dataset_type=Metric.VALIDATION).tag
        'accuracy'
    """

    tag: str
    group: str | None = None
    display_name: str | None = None
    description: str | None = None
    dataset_type: int | None = None

    TRAINING = 1
    VALIDATION = 2

    def __post_init__(self) -> None:
        _check_texts(self, "tag", "group", "display_name", "description")
        if self.dataset_type not in (None, self.TRAINING, self.VALIDATION):
            raise InvalidArgumentError(
                f"invalid dataset type: {self.dataset_type!r}\n"
                + message("Metric", f"dataset_type={shorten(self.dataset_type)}",
                          "there is no such set", "a metric is of training or of validation",
                          "write Metric.TRAINING or Metric.VALIDATION")
            )  # fmt: skip


def _check_texts(found: HParam | Metric, first: str, *optional: str) -> None:
    """Refuse names and descriptions that are no text; all but the first may be None."""
    for name in (first, *optional):
        value = getattr(found, name)
        kind = type(found).__name__
        fix = f'write {kind}("rate")' if name == first else "leave it out, or write it as text"
        if value is not None or name == first:
            text(kind, name, value, f"its {name} is text", fix)


def _check_bounds(domain: Any, kinds: Any, wanted: str) -> None:
    name, bounds = type(domain).__name__, (domain.min_value, domain.max_value)
    for x in bounds:
        if not isinstance(x, kinds) or isinstance(x, bool):
            raise ArgumentError(
                message(name, shorten(bounds), f"{shorten(x)} is of type {type(x).__name__}",
                        f"a bound is {wanted}", "convert it")
            )  # fmt: skip
        if x != x or is_too_large(x):
            raise InvalidArgumentError(
                message(name, shorten(bounds),
                        "no float is as large" if x == x else f"{x} is no number",
                        "a bound is a number that a float can hold",
                        f"write {name}(0, 1) for all from 0 to 1")
            )  # fmt: skip
    if bounds[0] > bounds[1]:
        raise InvalidArgumentError(
            message(name, shorten(bounds), f"{bounds[0]} is larger than {bounds[1]}",
                    "the smaller bound comes first", f"write {name}({bounds[1]}, {bounds[0]})")
        )  # fmt: skip


def in_domain(value: Any, domain: Domain) -> bool:
    """Whether a value is one of a domain's; one of a class of your own takes all.

    Example:
        >>> in_domain(0.5, RealInterval(0, 1)), in_domain("rmsprop", Discrete(["adam", "sgd"]))
        (True, False)
    """
    if isinstance(domain, Discrete):
        return isinstance(value, bool) == (domain.dtype is bool) and value in domain.values
    if not isinstance(domain, IntInterval | RealInterval):
        return True
    if isinstance(value, bool | str) or not domain.min_value <= value <= domain.max_value:
        return False
    return isinstance(domain, RealInterval) or value == int(value)


def is_too_large(value: Any) -> bool:
    """Whether it is a whole number that no float, as which it is recorded, can hold."""
    return isinstance(value, int) and value.bit_length() >= sys.float_info.max_exp


def _is_of(value: Any, dtype: type) -> bool:
    """Whether it is of a type; a bool, which Python takes for an int, is only a bool."""
    return isinstance(value, dtype) and isinstance(value, bool) == (dtype is bool)


def _method(rng: Any, name: str) -> Any:
    found = getattr(rng, name, None)
    if not callable(found):
        raise ArgumentError(
            message("sample_uniform", f"rng={shorten(rng)}", f"it has no method {name}",
                    "it is a random.Random, or the module random", "write random.Random(3)")
        )  # fmt: skip
    return found
