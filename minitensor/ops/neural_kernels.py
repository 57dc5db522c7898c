"""Softmax, cross-entropies and layer normalisation into given memory, for compiled graphs.

Each works on a few rows at a time, so that what lies between its passes stays in the L2 cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from minitensor.ops.losses import (
    label_scores,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from minitensor.ops.neural import log_softmax, softmax
from minitensor.ops.normalization import layer_normalization_
from minitensor.ops.reduction_kernels import (
    in_blas,
    max_rows,
    row_starts,
    sorted_axes,
    sum_columns,
    sum_into,
    sum_rows,
)
from minitensor.ops.windows import sizes_of
from minitensor.shapes import Spec, axis_of

__all__: list[str] = []

TILE = 2**15
"""Elements of one part of the work."""


def _parts(matrix: np.ndarray) -> Iterator[slice]:
    """Slices of a few rows."""
    rows, width = matrix.shape
    step = max(1, TILE // width)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def _largest_part(spec: Spec) -> tuple[int, int]:
    """How many rows the largest slice of `_parts` has, and how wide it is."""
    width = sizes_of(spec)[-1] if spec.shape else 1
    return max(1, TILE // max(width, 1)), width


def _last(x: Any, axis: Any) -> bool:
    """Whether to work on rows: axis is the last one, nothing is empty, and BLAS knows the dtype."""
    rank = len(x.shape)
    return rank > 0 and axis_of(-1 if axis is None else axis, rank) == rank - 1 and (
        x.size > 0 and in_blas(x)
    )  # fmt: skip


def _rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, x.shape[-1])


def _line_and_tile(logits: Spec, **_: Any) -> tuple[Spec, ...]:
    """Memory for one number per row of a part, and for a part."""
    rows, width = _largest_part(logits)
    return Spec((rows,), logits.dtype), Spec((rows, width), logits.dtype)


def _line(logits: Spec, **_: Any) -> tuple[Spec, ...]:
    return _line_and_tile(logits)[:1]


@softmax.into(workspace=_line)
def softmax_into(out, work, logits, *, axis=-1):
    if not _last(logits, axis):
        out[...] = softmax.forward(np, logits, axis=axis)
        return
    x, y = _rows(logits), _rows(out)
    for some in _parts(x):
        part, line = y[some], work[0][: some.stop - some.start]
        max_rows(x[some], line)
        np.subtract(x[some], line[:, None], out=part)
        np.exp(part, out=part)
        sum_rows(part, line)
        np.divide(part, line[:, None], out=part)


@log_softmax.into(workspace=_line_and_tile)
def log_softmax_into(out, work, logits, *, axis=-1):
    if not _last(logits, axis):
        out[...] = log_softmax.forward(np, logits, axis=axis)
        return
    x, y = _rows(logits), _rows(out)
    for some in _parts(x):
        _log_softmax(x[some], y[some], *work)


def _log_softmax(x: np.ndarray, out: np.ndarray, line: np.ndarray, tile: np.ndarray) -> None:
    line, tile = line[: len(x)], tile[: len(x)]
    max_rows(x, line)
    np.subtract(x, line[:, None], out=out)
    np.exp(out, out=tile)
    sum_rows(tile, line)
    np.log(line, out=line)
    np.subtract(out, line[:, None], out=out)


def _line_and_two_tiles(labels: Spec, logits: Spec, **_: Any) -> tuple[Spec, ...]:
    line, tile = _line_and_tile(logits)
    return line, tile, tile


@softmax_cross_entropy_with_logits.into(workspace=_line_and_two_tiles)
def softmax_cross_entropy_with_logits_into(out, work, labels, logits, *, axis=-1):
    if not _last(logits, axis):
        out[...] = softmax_cross_entropy_with_logits.forward(np, labels, logits, axis=axis)
        return
    x, wanted, losses, (line, tile, logs) = _rows(logits), _rows(labels), out.reshape(-1), work
    for some in _parts(x):
        part = logs[: some.stop - some.start]
        _log_softmax(x[some], part, line, tile)
        np.multiply(part, wanted[some], out=part)
        sum_rows(part, losses[some])
    np.negative(out, out=out)


def _places(labels: Spec, logits: Spec) -> tuple[Spec, ...]:
    return (Spec((prod(sizes_of(labels)),), np.dtype(np.int64)),)


@label_scores.into(workspace=_places)
def label_scores_into(out, work, labels, logits):
    classes = logits.shape[-1]
    # seen without its sign, a negative label is a very large one
    if not labels.size or labels.view(f"u{labels.itemsize}").max() >= classes:
        out[...] = label_scores.forward(np, labels, logits)
        return
    [places] = work
    wanted = labels.reshape(-1)
    np.add(row_starts(labels.size, classes), wanted, out=places, casting="unsafe")
    np.take(logits.reshape(-1), places, out=out.reshape(-1), mode="clip")  # "raise" would copy


def _sparse_workspace(labels: Spec, logits: Spec) -> tuple[Spec, ...]:
    line, tile = _line_and_tile(logits)
    return line, tile, Spec(line.shape, np.dtype(np.int64))


@sparse_softmax_cross_entropy_with_logits.into(workspace=_sparse_workspace)
def sparse_softmax_cross_entropy_with_logits_into(out, work, labels, logits):
    classes = logits.shape[-1]
    if not _last(logits, -1) or labels.min() < 0 or labels.max() >= classes:
        out[...] = sparse_softmax_cross_entropy_with_logits.forward(np, labels, logits)
        return
    x, wanted, losses = _rows(logits), labels.reshape(-1), out.reshape(-1)
    for some in _parts(x):
        n = some.stop - some.start
        top, tile, places = (w[:n] for w in work)
        part, loss = x[some], losses[some]
        max_rows(part, top)
        np.subtract(part, top[:, None], out=tile)
        np.exp(tile, out=tile)
        sum_rows(tile, loss)
        np.log(loss, out=loss)
        np.add(loss, top, out=loss)
        np.add(row_starts(n, classes), wanted[some], out=places, casting="unsafe")
        np.take(part.reshape(-1), places, out=top, mode="clip")  # "raise" would copy first
        np.subtract(loss, top, out=loss)


def _layer_workspace(x: Spec, scale: Spec, offset: Spec, **_: Any) -> tuple[Spec, ...]:
    return _line_and_tile(x)


@layer_normalization_.into(workspace=_layer_workspace)
def layer_normalization_into(out, work, x, scale, offset, *, axis=-1, epsilon=1e-5):
    axes = sorted_axes(axis, x.ndim)
    vectors = scale.ndim <= 1 and offset.ndim <= 1 and in_blas(x) and x.size > 0
    if vectors and axes == (x.ndim - 1,):
        _normalize_rows(out, work[0], x, scale, offset, epsilon)
    elif vectors and axes == tuple(range(x.ndim - 1)):
        _normalize_columns(out, work[1], x, scale, offset, epsilon)
    else:
        results = layer_normalization_.forward(np, x, scale, offset, axis=axis, epsilon=epsilon)
        for memory, result in zip(out, results, strict=True):
            memory[...] = result


def _normalize_rows(
    out: tuple, line: np.ndarray, x: np.ndarray, scale: np.ndarray, offset: np.ndarray,
    epsilon: float,
) -> None:  # fmt: skip
    x, (y, mean, variance) = _rows(x), (_rows(out[0]), out[1].reshape(-1), out[2].reshape(-1))
    width = x.shape[1]
    for some in _parts(x):
        part, middle, spread = y[some], mean[some], variance[some]
        sum_rows(x[some], middle)
        np.divide(middle, width, out=middle)
        np.subtract(x[some], middle[:, None], out=part)
        np.einsum("ij,ij->i", part, part, out=spread)
        np.divide(spread, width, out=spread)
        deviation = line[: len(part)]
        np.add(spread, epsilon, out=deviation)
        np.sqrt(deviation, out=deviation)
        np.divide(part, deviation[:, None], out=part)
        np.multiply(part, scale, out=part)
        np.add(part, offset, out=part)


def _normalize_columns(
    out: tuple, tile: np.ndarray, x: np.ndarray, scale: np.ndarray, offset: np.ndarray,
    epsilon: float,
) -> None:  # fmt: skip
    x, (y, mean, variance) = _rows(x), (_rows(out[0]), out[1].reshape(-1), out[2].reshape(-1))
    sum_into(mean, x, (0,))
    np.divide(mean, len(x), out=mean)
    variance[...] = 0
    sums = np.empty_like(mean)
    for some in _parts(x):
        part, squares = y[some], tile[: some.stop - some.start]
        np.subtract(x[some], mean, out=part)
        np.multiply(part, part, out=squares)
        sum_columns(squares, sums)
        np.add(variance, sums, out=variance)
    np.divide(variance, len(x), out=variance)
    deviation = np.sqrt(variance + epsilon)
    for some in _parts(x):
        part = y[some]
        np.divide(part, deviation, out=part)
        np.multiply(part, scale, out=part)
        np.add(part, offset, out=part)
