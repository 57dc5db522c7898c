"""Points of many dimensions as points of two or three, computed by scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.backend import Quiet, optional
from minitensor.errors import DTypeError, InvalidArgumentError, message, shorten, suggest
from minitensor.summary.arguments import array as as_array
from minitensor.summary.arguments import whole_number

__all__ = ["METHODS", "check_method", "points_of", "projected"]

METHODS = ("pca", "tsne")
_NARROW, _WIDE = 1e-9, 1e9
"""t-SNE places points alike whatever their unit is; scikit-learn squares distances as float32."""


def projected(
    vectors: Any, method: str = "pca", components: int = 2, *, perplexity: float = 30.0,
    seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Place points of many dimensions in a plane or in space, for looking at them.

    PCA turns the points so that the first axes show most of their variance: distances far apart are
    true. t-SNE keeps neighbours together; how large a group is and how far groups are from one
    another mean nothing in it.

    Args:
        vectors: one point for each row.
        method: "pca" or "tsne".
        components: 2 or 3.
        perplexity: of t-SNE: how many neighbours count, roughly; less where there are few points.
        seed: of t-SNE, which begins with random numbers where the points are all alike.

    Returns:
        float32 coordinates; NaN for points that hold NaN, infinity or what float32 cannot hold.

    Shape: (n, d) → (n, components).

    Raises:
        InvalidArgumentError: (also a ValueError) for another method or number of components, a
            perplexity that is not above 0, and a seed that scikit-learn cannot take.
        ArgumentError: (also a TypeError) for a number of components or seed that is not whole.
        UnavailableError: (also an ImportError) without scikit-learn.

    Example:
        >>> import minitensor as mt
        >>> mt.summary.projected([[0.0, 0.0, 5.0], [0.0, 0.0, -5.0]], components=2).round(3)
        array([[ 5.,  0.],
               [-5.,  0.]], dtype=float32)

    Source: van der Maaten, Hinton, "Visualizing Data using t-SNE" (2008).
    """
    check_method(method)
    components, seed = _components(components), _seed(seed)
    _check_perplexity(perplexity)
    points = points_of("projected", vectors)
    whole = np.isfinite(points).all(axis=1)
    found = np.full((len(points), components), np.nan, np.float32)
    if whole.any():
        found[whole] = _placed(points[whole], method, components, perplexity, seed)
    return found


def _placed(
    points: np.ndarray, method: str, components: int, perplexity: float, seed: int
) -> np.ndarray:
    count, dimensions = points.shape
    placed = np.zeros((count, components))
    if count < 2 or not np.ptp(points, axis=0).any():  # all are one point
        return placed
    if method == "pca" or count < 4:
        decomposition = optional("sklearn.decomposition", "lab", "projected")
        few = min(components, count, dimensions)
        placed[:, :few] = decomposition.PCA(few, svd_solver="full").fit_transform(points)
        return placed
    manifold = optional("sklearn.manifold", "lab", "projected")
    most = max(1.0, min(perplexity, (count - 1) / 3))
    spread = np.ptp(points, axis=0).max()
    if not _NARROW < spread < _WIDE:
        points = (points - points.mean(axis=0)) / spread
    init = "pca" if min(count, dimensions) >= components else "random"
    return manifold.TSNE(
        components, perplexity=most, init=init, random_state=seed
    ).fit_transform(points)  # fmt: skip


def _components(value: Any) -> int:
    found = whole_number("projected", "components", value, "use components=2 or 3")
    if found not in (2, 3):
        raise InvalidArgumentError(
            message("projected", f"components={found}", "that cannot be drawn",
                    "points are drawn in a plane or in space", "use components=2 or 3")
        )  # fmt: skip
    return found


def _check_perplexity(value: Any) -> None:
    known = isinstance(value, int | float | np.integer | np.floating)
    if not known or isinstance(value, bool) or not value > 0:
        raise InvalidArgumentError(
            message("projected", f"perplexity={shorten(value)}", "that is no number above 0",
                    "it says how many neighbours of a point count, roughly",
                    "leave it out for 30")
        )  # fmt: skip


def _seed(value: Any) -> int:
    found = whole_number("projected", "seed", value, "leave it out for 0")
    if not 0 <= found < 1 << 32:
        raise InvalidArgumentError(
            message("projected", f"seed={found}", "scikit-learn cannot begin with it",
                    "a seed is a whole number from 0 to 4294967295", "leave it out for 0")
        )  # fmt: skip
    return found


def check_method(method: Any) -> None:
    """Refuse what is no method."""
    if not isinstance(method, str) or method not in METHODS:
        raise InvalidArgumentError(
            message("projected", f"method={shorten(method)}", "there is no such method",
                    'points are placed by "pca" or by "tsne"', suggest(str(method), METHODS))
        )  # fmt: skip


def points_of(subject: str, vectors: Any) -> np.ndarray:
    """One point for each row, as float64; what float32 cannot hold is NaN, as it is drawn so.

    Raises:
        DTypeError: (also a TypeError) for what are no real numbers.
        InvalidArgumentError: (also a ValueError) for no matrix, or one without elements.
    """
    array = as_array(subject, "vectors", vectors)
    if array.dtype.kind not in "fiub" and array.dtype.name not in ("bfloat16", "float16"):
        raise DTypeError(
            message(subject, f"vectors of dtype {array.dtype}", "they are no real numbers",
                    "each row of vectors is a point", "give a matrix of numbers")
        )  # fmt: skip
    if array.ndim != 2 or not array.size:
        raise InvalidArgumentError(
            message(subject, f"vectors of shape {array.shape}", "they are no list of points",
                    "vectors is (points, dimensions), with at least one of each",
                    "give a matrix, for example with mt.reshape(vectors, (points, -1))")
        )  # fmt: skip
    points = array.astype(np.float64)
    with Quiet():
        points[~np.isfinite(points.astype(np.float32))] = np.nan
    return points
