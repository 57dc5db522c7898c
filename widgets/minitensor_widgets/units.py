"""Counts, bytes and durations as text. `static/units.js` is the twin."""

from __future__ import annotations


def plural(count: int, word: str) -> str:
    """Count things.

    Example:
        >>> plural(1, "edge"), plural(2, "edge")
        ('1 edge', '2 edges')
    """
    return f"{count} {word}{'' if count == 1 else 'es' if word.endswith('s') else 's'}"


def size_text(count: int) -> str:
    """A number of bytes with three digits.

    Example:
        >>> size_text(999), size_text(12_345), size_text(18_000_000)
        ('999 B', '12.3 kB', '18 MB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{float(f'{count / scale:.3g}'):.15g} {unit}"
    return f"{count} B"


def time_text(seconds: float) -> str:
    """A duration in milliseconds or seconds.

    Example:
        >>> time_text(0.00123), time_text(2.5)
        ('1.2 ms', '2.5 s')
    """
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.0995 else f"{seconds:.2g} s"
