"""Patterns of Jacobians whose elements differ much in size: no small element counts as nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.views import jacobian_view
from minitensor.views.derivatives import StructureView


def named(matrix: Any, dtype: Any = np.float32) -> StructureView:
    structure = jacobian_view(np.asarray(matrix, dtype)).structure
    assert structure is not None
    return structure


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_elements_beside_large_ones_are_not_zero(dtype: Any) -> None:
    big = 1e5 if dtype is np.float32 else 1e14
    for matrix in ([[big, 1], [1, 1]], [[1, 1], [1, big]], [[big, 1], [1, big]]):
        assert named(matrix, dtype).name == "dense"


def test_symmetry_and_rank_are_those_of_every_element() -> None:
    skewed = named([[1e8, 2], [5, 3]])
    assert skewed.name == "dense"
    assert "Symmetric" not in "".join(skewed.facts)
    assert not any(fact.startswith("Rank one") for fact in skewed.facts)
    assert "Rank 1 or more, at most 2: its sizes differ too much to tell" in skewed.facts
    assert "Full rank: 2" in named([[1e8, 2], [5, 3]], np.float64).facts
    assert "Symmetric" in named([[1e8, 2], [2, 3]]).facts


def test_what_rounding_leaves_is_still_nothing() -> None:
    noisy = np.diag([1.0, 2.0, 3.0]) + 1e-17
    assert named(noisy, np.float64).name == "diagonal"
    nearly = np.array([[2.0, 1.0 + 2.0**-23], [1.0, 5.0]])
    assert "Symmetric (up to rounding)" in named(nearly).facts
    outer = np.outer([1e-6, 1.0, 1e6], [3.0, 4e3, 5e-3])
    assert "Rank one: the product of a column and a row" in named(outer).facts


def test_a_matrix_with_infinities_is_only_drawn() -> None:
    assert named([[np.inf, 1.0], [np.inf, -np.inf]]).name == "dense"
    assert named([[np.nan, 0.0], [0.0, 1.0]]).name == "diagonal"


def test_a_tensor_of_words_is_refused_with_the_way_out() -> None:
    for words in (mt.constant(["a"]), ["a", "b"]):
        with pytest.raises(TypeError, match="a tensor of dtype string"):
            jacobian_view(words)
    with pytest.raises(TypeError, match="give a matrix of numbers"):
        jacobian_view(mt.constant(["a"]))
