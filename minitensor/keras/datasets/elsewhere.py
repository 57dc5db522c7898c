"""Keras's own datasets, which lie on servers: what to use here instead of a download."""

from __future__ import annotations

from typing import Any, NoReturn

from minitensor.errors import NotFoundError, message


class Elsewhere:
    """A dataset of Keras that would have to be downloaded. Its `load_data` says what is here.

    Args:
        name: Its name in Keras.
        instead: What to write here.

    Example:
        >>> mt.keras.datasets.mnist.load_data()
        Traceback (most recent call last):
            ...
        minitensor.errors.NotFoundError: keras.datasets.mnist.load_data: The data of mnist lie on a
        server. Minitensor never downloads: it uses what ships in packages, or is computed. To fix
        it: take mt.keras.datasets.digits, or shifted_digits for convolutions; a file of your own
        opens with numpy.load.
    """

    def __init__(self, name: str, instead: str) -> None:
        self.__name__ = name
        self._instead = instead

    def load_data(self, *arguments: Any, **options: Any) -> NoReturn:
        """Raise the lesson, whatever the arguments.

        Raises:
            NotFoundError: always.
        """
        raise NotFoundError(
            message(f"keras.datasets.{self.__name__}.load_data", "",
                    f"the data of {self.__name__} lie on a server",
                    "minitensor never downloads: it uses what ships in packages, or is computed",
                    f"take mt.keras.datasets.{self._instead}; a file of your own opens with "
                    "numpy.load")
        )  # fmt: skip

    def __repr__(self) -> str:
        """What it is, and what to take instead."""
        return f"<{self.__name__}: not here; take mt.keras.datasets.{self._instead}>"


mnist = Elsewhere("mnist", "digits, or shifted_digits for convolutions")
fashion_mnist = Elsewhere("fashion_mnist", "digits, or shifted_digits for convolutions")
cifar10 = Elsewhere("cifar10", "sample_images for patches in colour, or shifted_digits")
cifar100 = Elsewhere("cifar100", "sample_images for patches in colour, or shifted_digits")
imdb = Elsewhere("imdb", "pydoc_topics for text, unicode_words or time_zones for words")
reuters = Elsewhere("reuters", "pydoc_topics for text, unicode_words or time_zones for words")
boston_housing = Elsewhere("boston_housing", "diabetes, a regression of about the same size")
california_housing = Elsewhere("california_housing", "diabetes, a regression on 442 rows")
