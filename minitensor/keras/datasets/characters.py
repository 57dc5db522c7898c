"""Characters as numbers, for models that read and write text one character at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from minitensor.errors import InvalidArgumentError, message

PADDING, BORDER = "", "\n"


def vocabulary(text: str) -> list[str]:
    """The characters of a text, sorted; number 0 is the empty padding.

    Example:
        >>> vocabulary("banana")
        ['', 'a', 'b', 'n']
    """
    return [PADDING, *sorted(set(text))]


def encode(text: str, characters: Sequence[str]) -> np.ndarray:
    """The place of each character among `characters`, as int64.

    Raises:
        InvalidArgumentError: when a character is not among them.

    Example:
        >>> encode("nab", ["", "a", "b", "n"]).tolist()
        [3, 1, 2]
    """
    places = {character: place for place, character in enumerate(characters)}
    try:
        return np.array([places[character] for character in text], np.int64)
    except KeyError as error:
        raise InvalidArgumentError(
            message("encode", f"the text {text[:40]!r}", f"{error} is not in the vocabulary",
                    "each character of the text has a number there",
                    "make the vocabulary from this text, or replace the character")
        ) from None  # fmt: skip


def decode(numbers: Iterable[int], characters: Sequence[str]) -> str:
    """The text behind numbers; padding vanishes.

    Example:
        >>> decode([3, 1, 2, 0, 0], ["", "a", "b", "n"])
        'nab'
    """
    return "".join(characters[int(number)] for number in numbers)


def next_characters(words: Sequence[str], characters: Sequence[str]) -> tuple[np.ndarray, ...]:
    r"""For each word what a model reads and, at each place, the character it should write next.

    Both begin or end at a border, the line break `"\n"`, and are padded with 0 to the longest word.

    Shape: two int64 arrays (words, longest word + 1).

    Example:
        >>> x, y = next_characters(["ab", "b"], ["", "\n", "a", "b"])
        >>> x.tolist(), y.tolist()
        ([[1, 2, 3], [1, 3, 0]], [[2, 3, 1], [3, 1, 0]])
    """
    width = max(map(len, words), default=0) + 1
    x, y = np.zeros((2, len(words), width), np.int64)
    for place, word in enumerate(words):
        numbers = encode(f"{BORDER}{word}{BORDER}", characters)
        x[place, : len(word) + 1], y[place, : len(word) + 1] = numbers[:-1], numbers[1:]
    return x, y
