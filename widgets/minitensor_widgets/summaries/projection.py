"""Where points of many dimensions are drawn: principal axes, and how far a picture can be trusted.

Needs numpy, so it is imported where a record is made and never where one is shown.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from .neighbours import squared_distances

MOST_FITTED = 1000
_LARGEST = 32767


def pca(points: np.ndarray, components: int = 3) -> tuple[np.ndarray, list[float]]:
    """Coordinates along the axes of largest variance, and the share of the variance of each.

    The axes are those of all points; where there are more than 1000 points of more than 1000
    dimensions, those of an even choice of 1000 points. The largest number of each axis is positive.

    Shape: (n, d) → (n, components); axes that do not exist are zeros.

    Source: Pearson, "On lines and planes of closest fit" (1901); of points fewer than dimensions
    the eigenvectors of the products of points give the axes.
    """
    centred = points - points.mean(axis=0)
    count, dimensions = points.shape
    fitted = centred
    if min(count, dimensions) > MOST_FITTED:
        fitted = centred[np.linspace(0, count - 1, MOST_FITTED).astype(int)]
    if len(fitted) < dimensions:
        values, vectors = np.linalg.eigh(fitted @ fitted.T)
        axes = fitted.T @ vectors
        axes /= np.maximum(np.linalg.norm(axes, axis=0), 1e-300)
    else:
        values, axes = np.linalg.eigh(fitted.T @ fitted)
    order = np.argsort(values)[::-1][:components]
    order = order[values[order] > 1e-12 * max(values.max(), 0.0)]
    axes = axes[:, order]
    axes *= np.where(_largest(axes) < 0, -1.0, 1.0)
    placed = np.zeros((count, components))
    placed[:, : len(order)] = centred @ axes
    total = float((centred**2).sum()) or 1.0
    return placed, [float(x) / total for x in (placed**2).sum(axis=0)[:dimensions]]


def _largest(axes: np.ndarray) -> np.ndarray:
    """The number of largest size in each column."""
    return np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)[0]


def packed(placed: np.ndarray) -> dict[str, Any]:
    """Coordinates as 16-bit numbers in base64; -32768 stands for a point without a place.

    All axes have one scale, so that the shape of the cloud is kept; it is centred on its middle.
    """
    known = np.isfinite(placed)
    low = np.where(known, placed, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, placed, -np.inf).max(axis=0, initial=-np.inf)
    middle = np.where(low <= high, (low / 2 + high / 2), 0.0)
    reach = float(np.where(known, np.abs(placed - middle), 0.0).max(initial=0.0)) or 1.0
    whole = np.where(known, (placed - middle) / reach * _LARGEST, 0.0).round().astype("<i2")
    whole[~known] = -_LARGEST - 1
    return {"width": placed.shape[1], "data": base64.b64encode(whole.tobytes()).decode("ascii")}


def trustworthiness(
    points: np.ndarray, placed: np.ndarray, neighbours: int = 10, most: int = 500
) -> float | None:
    """How many neighbours in the picture are neighbours in truth: 1 all, about 0.5 by chance.

    Of more than `most` points it looks at an even choice. None for fewer than five points.

    Source: Venna, Kaski, "Neighborhood preservation in nonlinear projection methods" (2001).
    """
    chosen = np.flatnonzero(np.isfinite(placed).all(axis=1))
    if len(chosen) > most:
        chosen = chosen[np.linspace(0, len(chosen) - 1, most).astype(int)]
    count = len(chosen)
    if count < 5:
        return None
    few = min(neighbours, (count - 1) // 2)
    near = _order(placed[chosen])[:, 1 : few + 1]
    ranks = np.empty((count, count), int)
    np.put_along_axis(ranks, _order(points[chosen]), np.arange(count)[None], axis=1)
    wrong = np.maximum(np.take_along_axis(ranks, near, axis=1) - few, 0).sum()
    return float(1 - wrong * 2 / (count * few * (2 * count - 3 * few - 1)))


def _order(points: np.ndarray) -> np.ndarray:
    """For each point all points by distance, itself first."""
    far = squared_distances(points, points)
    np.fill_diagonal(far, -1.0)
    return np.argsort(far, axis=1, kind="stable")
