"""Pictures of numbers as short texts: a letter for each cell. `static/play/codes.js` reads them.

64 levels; a letter is the difference to the cell before, which deflates to a few bits where a
picture is smooth. Level 63 stands for what is no number, 31 for the middle.
"""

from __future__ import annotations

from collections.abc import Sequence

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MIDDLE, TOP, NONE = 31, 62, 63
_PLACE = {letter: i for i, letter in enumerate(LETTERS)}


def written(levels: Sequence[int]) -> str:
    """Levels from 0 to 63 as a text.

    Example:
        >>> written([0, 1, 2, 2, 1])
        'ABBA_'
    """
    before, letters = 0, []
    for level in levels:
        letters.append(LETTERS[(level - before) % 64])
        before = level
    return "".join(letters)


def read(text: str) -> list[int]:
    """The levels of a text.

    Example:
        >>> read("ABBA_")
        [0, 1, 2, 2, 1]
    """
    level, levels = 0, []
    for letter in text:
        level = (level + _PLACE.get(letter, 0)) % 64
        levels.append(level)
    return levels
