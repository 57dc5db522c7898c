"""Buckets and percentiles of summaries are those of TensorFlow and TensorBoard."""

from __future__ import annotations

import numpy as np
import pytest

import minitensor as mt


def odd_histograms() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    found = [np.zeros((0, 3)), np.zeros((4, 3)), np.array([[1, 1, 0], [1, 1, 5]])]
    for _ in range(300):
        k = int(generator.integers(1, 40))
        edges = np.sort(generator.normal(size=k + 1))
        counts = generator.integers(0, generator.choice([2, 3, 100]), size=k)
        found.append(np.column_stack((edges[:-1], edges[1:], counts)))
    values = [[0], [1, 1], [np.nan, 1], [np.inf, 1, 2], [-np.inf, 1, 2], [5e-324, 0]]
    return found + [mt.summary.bucketed(x, k) for x in values for k in (1, 2, 30)]


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_percentiles_are_those_of_tensorboard() -> None:
    compressor = pytest.importorskip("tensorboard.plugins.distribution.compressor")
    for rows in odd_histograms():
        expected = [value for _, value in compressor.compress_histogram(rows)]
        np.testing.assert_allclose(mt.summary.percentiles(rows), expected, 1e-9, 1e-12)


def test_percentiles_of_several_histograms_are_those_of_each() -> None:
    several = np.stack([x for x in odd_histograms() if len(x) == 30 and np.isfinite(x).all()])
    found = mt.summary.percentiles(several)
    np.testing.assert_array_equal(found, [mt.summary.percentiles(rows) for rows in several])


@pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 3, 4)])
def test_percentiles_want_rows_of_three(shape: tuple[int, ...]) -> None:
    with pytest.raises(mt.errors.InvalidArgumentError, match="Its last axis has not the size 3"):
        mt.summary.percentiles(np.zeros(shape))
