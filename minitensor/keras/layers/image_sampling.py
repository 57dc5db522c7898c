"""Images looked at in places that lie between their pixels, or outside.

A result is a weighted sum of pixels: of one with "nearest", of two along each axis with "bilinear".
Where rows and columns do not depend on each other, as in translations, one axis is done after the
other (`along_axis`); in general each result has places of its own (`at_places`).
"""

from __future__ import annotations

from typing import Any

from minitensor.ops import (
    cast,
    ceil,
    clip_by_value,
    floor,
    gather,
    greater,
    less,
    logical_and,
    reshape,
    where,
    zeros_like,
)
from minitensor.ops import mod as remainder
from minitensor.ops import range as numbers
from minitensor.ops import shape as sizes_of

__all__ = ["FILL_MODES", "INTERPOLATIONS", "along_axis", "at_places", "size_of"]

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


def size_of(images: Any, axis: int) -> Any:
    """A size: a number where it is known, else a tensor."""
    known = images.shape[axis]
    return sizes_of(images)[axis] if known is None else known


def along_axis(images: Any, places: Any, axis: int, fill_mode: str, fill_value: float,
               interpolation: str) -> Any:  # fmt: skip
    """The pixels at `places` along an axis, other ones for each image.

    Shape: images (n, …), places (n, k) → images with k in the place of the axis' size.
    """
    wide = (slice(None),) + (None,) * (axis - 1) + (slice(None),)
    wide += (None,) * (len(images.shape) - axis - 1)

    def pixels(index: Any) -> Any:
        return gather(images, index, axis=axis, batch_dims=1)

    taps = _taps(places, size_of(images, axis), fill_mode, interpolation)
    return _summed([(pixels(i), w if w is None else w[wide]) for i, w in taps], fill_mode,
                   fill_value, images.dtype)  # fmt: skip


def at_places(images: Any, rows: Any, columns: Any, fill_mode: str, fill_value: float,
              interpolation: str) -> Any:  # fmt: skip
    """The pixels at these rows and columns, other ones for each image.

    Shape: images (n, h, w, c), rows and columns (n, k, l) → (n, k, l, c).
    """
    n, height, width = (size_of(images, axis) for axis in range(3))
    flat = reshape(images, [n * height * width, images.shape[-1]])
    first = (numbers(n) * height)[:, None, None]
    down = _taps(rows, height, fill_mode, interpolation)
    across = _taps(columns, width, fill_mode, interpolation)
    found = []
    for i, w in down:
        for j, v in across:
            weight = w if v is None else v if w is None else w * v
            pixels = gather(flat, (first + i) * width + j)
            found.append((pixels, None if weight is None else weight[..., None]))
    return _summed(found, fill_mode, fill_value, images.dtype)


def _taps(places: Any, size: Any, fill_mode: str, interpolation: str) -> list[tuple]:
    """Which pixels count along an axis, and how much; None stands for a weight of 1."""
    places = _folded(places, size, fill_mode)
    if interpolation == "nearest":
        half = where(less(places, 0.0), -0.5, 0.5)
        found = [(where(less(places, 0.0), ceil(places + half), floor(places + half)), None)]
    else:
        low = floor(places)
        found = [(low, 1 - (places - low)), (low + 1, places - low)]
    last = cast(size, places.dtype) - 1
    taps = []
    for index, weight in found:
        if fill_mode == "constant":
            inside = cast(logical_and(greater(index, -0.5), less(index, last + 0.5)), places.dtype)
            weight = inside if weight is None else weight * inside
        taps.append((cast(clip_by_value(index, 0.0, last), "int32"), weight))
    return taps


def _folded(places: Any, size: Any, fill_mode: str) -> Any:
    """Places outside of an axis as the places inside that `fill_mode` shows there."""
    if fill_mode == "constant":
        return places
    size = cast(size, places.dtype)
    if fill_mode == "reflect":  # d c b a | a b c d | d c b a
        twice = remainder(places, 2 * size)
        places = where(less(twice, size), twice, 2 * size - 1 - twice)
    elif fill_mode == "wrap":  # a b c d | a b c d, the last pixel being as near as the first
        span = clip_by_value(size - 1, 1.0, size)
        before = places + size * (floor(-places / span) + 1)
        after = places - size * floor(places / span)
        inside = where(greater(places, size - 1), after, places)
        places = where(less(places, 0.0), before, inside)
    return clip_by_value(places, 0.0, size - 1)


def _summed(found: list[tuple], fill_mode: str, fill_value: float, dtype: Any) -> Any:
    """The weighted sum of pixels; what is missing from the weights is `fill_value`."""
    if len(found) == 1 and found[0][1] is None:
        return found[0][0]
    weights = [cast(w, dtype) for _, w in found]
    total = found[0][0] * weights[0]
    for (pixels, _), weight in zip(found[1:], weights[1:], strict=True):
        total = total + pixels * weight
    if fill_mode != "constant" or not fill_value:
        return total
    covered = zeros_like(weights[0])
    for weight in weights:
        covered = covered + weight
    return total + (1 - covered) * fill_value
