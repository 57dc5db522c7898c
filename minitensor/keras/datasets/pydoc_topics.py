"""English text that ships with Python: what `help("topics")` knows, some 460 000 characters."""

from __future__ import annotations

import numpy as np

from minitensor.backend import optional
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.datasets.arguments import whole_number
from minitensor.keras.datasets.characters import encode, vocabulary
from minitensor.keras.datasets.splitting import Split, test_rows


def load_text() -> str:
    """The topics, in the order of their names. Other versions of Python have other words in them.

    Raises:
        UnavailableError: when this Python was packed without its help texts.
    """
    module = optional("pydoc_data.topics", "lab", "keras.datasets.pydoc_topics")
    return "\n".join(module.topics[name] for name in sorted(module.topics))


def load_vocabulary() -> list[str]:
    """What the numbers of `load_data` stand for: number 0 is padding, then sorted characters."""
    return vocabulary(load_text())


def load_data(length: int = 64, test_split: float = 0.1) -> Split:
    """Windows of text (n, length), int64; `y` holds for each place the next character.

    The text is cut into windows that do not overlap. The last tenth of it is the test part: a split
    at random would put the neighbours of each test window into the training part.

    Args:
        length: How many characters a window has.
        test_split: The share of windows, at the end of the text, in the test part.

    Raises:
        UnavailableError: when this Python was packed without its help texts.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), _ = mt.keras.datasets.pydoc_topics.load_data()
        >>> characters = mt.keras.datasets.pydoc_topics.load_vocabulary()
        >>> "".join(characters[number] for number in x_train[0, :22])
        'The "assert" statement'
        >>> bool((y_train[0, :-1] == x_train[0, 1:]).all())
        True
    """
    subject = "keras.datasets.pydoc_topics.load_data"
    length = whole_number(subject, "length", length)
    text = load_text()
    count = (len(text) - 1) // length
    if count < 1:
        raise InvalidArgumentError(
            message(subject, f"length={length}", f"the text has only {len(text)} characters",
                    "at least one window fits into the text", "write length=64")
        )  # fmt: skip
    first = count - test_rows(subject, test_split, count)
    numbers = encode(text, vocabulary(text))
    windows = np.arange(count)[:, None] * length + np.arange(length)
    x, y = numbers[windows], numbers[windows + 1]
    return (x[:first], y[:first]), (x[first:], y[first:])
