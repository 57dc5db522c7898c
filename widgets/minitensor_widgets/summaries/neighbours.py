"""Which points are near one another in the space they come from, by one of two measures."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

METRICS = ("cosine", "euclidean")


def squared_distances(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(a, d) and (b, d) → (a, b) squared distances, never below zero."""
    far = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * (some @ others.T)
    return np.maximum(far, 0.0)


def distances(some: np.ndarray, others: np.ndarray, metric: str) -> np.ndarray:
    """(a, d) and (b, d) → (a, b) distances; a zero vector is at cosine distance 1 of all."""
    if metric == "euclidean":
        return np.sqrt(squared_distances(some, others))
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300)
            for x in (some, others))  # fmt: skip
    return np.clip(1 - a @ b.T, 0.0, 2.0)


def nearest(points: np.ndarray, row: int, count: int, metric: str) -> list[tuple[int, float]]:
    """The rows nearest to one, and how far they are; of equal ones the first."""
    far = distances(points[row][None], points, metric)[0]
    far = np.where(np.isfinite(far), far, np.inf)
    far[row] = np.inf
    order = np.argsort(far, kind="stable")[:count]
    return [(int(i), float(far[i])) for i in order if np.isfinite(far[i])]


def table(points: np.ndarray, count: int, metric: str, far_too: bool = True) -> dict[str, Any]:
    """The nearest of every point, for outputs without Python: 16-bit numbers in base64.

    `far` holds distances in parts of the largest, `most`.
    """
    count = min(count, len(points) - 1)
    rows, far = [], []
    for start in range(0, len(points), 500):
        block = distances(points[start : start + 500], points, metric)
        block[np.arange(len(block)), start + np.arange(len(block))] = np.inf
        order = np.argsort(block, axis=1, kind="stable")[:, :count]
        rows.append(order)
        far.append(np.take_along_axis(block, order, axis=1))
    whole = np.concatenate(far)
    most = float(whole.max(initial=0.0)) or 1.0
    found = {"count": count, "rows": _short(np.concatenate(rows)), "most": most, "far": ""}
    if far_too:
        found["far"] = _short((whole / most * 65535).round())
    return found


def _short(array: np.ndarray) -> str:
    return base64.b64encode(array.astype("<u2").tobytes()).decode("ascii")
