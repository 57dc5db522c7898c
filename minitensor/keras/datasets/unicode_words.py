"""Some five thousand words that ship with Python: those in the names of Unicode characters.

`unicodedata.name("é")` is LATIN SMALL LETTER E WITH ACUTE: ordinary words beside GIRAFFE, CUPCAKE
and THURISAZ. Good for a model that invents words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from minitensor.keras.datasets.arguments import generator
from minitensor.keras.datasets.characters import BORDER, next_characters, vocabulary
from minitensor.keras.datasets.splitting import SEED, Split, split

# Names of syllables (HANGUL SYLLABLE GAG …) are sounds put together by rule: thousands of them.
NO_WORDS = ("SYLLABLE", "SYLLABICS")
LAST_CHARACTER = 0x1FFFF  # beyond it there are numbered ideographs, tags and nothing else


@cache
def _words() -> tuple[str, ...]:
    found: set[str] = set()
    for code in range(LAST_CHARACTER + 1):
        name = unicodedata.name(chr(code), "")
        if not any(word in name for word in NO_WORDS):
            found.update(re.findall(r"(?<![\w-])[A-Z]{4,12}(?![\w-])", name))
    return tuple(sorted(found))


def load_words() -> list[str]:
    """The words of 4 to 12 letters, sorted. Newer versions of Python know more characters.

    Example:
        >>> words = mt.keras.datasets.unicode_words.load_words()
        >>> "GIRAFFE" in words, words == sorted(set(words))
        (True, True)
    """
    return list(_words())


def load_vocabulary() -> list[str]:
    r"""What the numbers of `load_data` stand for: padding, the border `"\n"`, then A to Z."""
    return vocabulary(BORDER.join(_words()))


def load_data(test_split: float = 0.1, seed: int = SEED) -> Split:
    r"""Words (n, 13), int64, after a border; `y` holds for each place the next character.

    A border, the line break `"\n"`, stands before a word in `x` and behind it in `y`. Short words
    are padded with 0. See `load_vocabulary` for what the numbers mean.

    Args:
        test_split: The share of words in the test part.
        seed: Another seed gives another split.

    Raises:
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), _ = mt.keras.datasets.unicode_words.load_data()
        >>> x_train.shape[1], x_train.dtype, len(mt.keras.datasets.unicode_words.load_vocabulary())
        (13, dtype('int64'), 28)
    """
    subject = "keras.datasets.unicode_words.load_data"
    rng = generator(subject, seed)
    x, y = next_characters(_words(), load_vocabulary())
    return split(subject, x, y, test_split, rng)
