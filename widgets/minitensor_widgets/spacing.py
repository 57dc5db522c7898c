"""Numbers along an axis of values. `static/spacing.js` is the twin."""

from __future__ import annotations

from .plot import Span, tick_texts, ticks

LETTER = 6.2
"""How wide a letter of a small text is."""


def spaced(ends: Span, wide: float) -> tuple[list[tuple[float, str]], str]:
    """Round numbers with their texts, few enough to stand side by side, and from where they count.

    Example:
        >>> spaced((0.0, 9.0), 280.0)
        ([(0.0, '0'), (2.0, '2'), (4.0, '4'), (6.0, '6'), (8.0, '8')], '')
        >>> [word for _, word in spaced((-3e-300, 3e-300), 280.0)[0]]
        ['-2.00e-300', '0', '2.00e-300']
    """
    tried = []
    for most in (5, 3, 2):
        values = ticks(*ends, most=most)
        words, begin = tick_texts(values)
        tried.append((list(zip(values, words, strict=True)), begin))
        longest = max(map(len, words), default=0)
        if words and LETTER * (longest + 1) * len(words) <= wide:
            return tried[-1]
    return tried[1]
