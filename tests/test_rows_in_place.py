"""Scatters into variables in traced functions: rows are written in place, and nobody notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt

ROWS, VALUES = mt.constant([3, 1, 3]), mt.constant(np.arange(6.0, dtype=np.float32).reshape(3, 2))


def table() -> mt.Variable:
    return mt.Variable(np.linspace(1, 2, 10, dtype=np.float32).reshape(5, 2))


def source_of(function: Callable[..., Any], *arguments: Any) -> str:
    return function.get_concrete_function(*arguments).source  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["add", "sub", "mul", "update", "max", "min"])
def test_rows_are_written_as_in_eager_mode(how: str) -> None:
    eager, traced = table(), table()
    getattr(eager, f"scatter_{how}")(mt.IndexedSlices(VALUES, ROWS))

    @mt.function(autograph=False)
    def write(rows: mt.Tensor, values: mt.Tensor) -> None:
        getattr(traced, f"scatter_{how}")(mt.IndexedSlices(values, rows))

    write(ROWS, VALUES)
    np.testing.assert_array_equal(traced.numpy(), eager.numpy())
    assert "write_rows(" in source_of(write, ROWS, VALUES)


def test_the_table_is_not_copied() -> None:
    v = table()

    @mt.function(autograph=False)
    def write(values: mt.Tensor) -> None:
        v.scatter_add(mt.IndexedSlices(values, ROWS))

    write(VALUES)
    place = v._value._array.ctypes.data
    write(VALUES)
    assert v._value._array.ctypes.data == place


def test_who_read_the_table_before_keeps_what_was_read() -> None:
    v = table()

    @mt.function(autograph=False)
    def write(values: mt.Tensor) -> None:
        v.scatter_add(mt.IndexedSlices(values, ROWS))

    write(VALUES)
    before = v.value()
    copy = before.numpy().copy()
    write(VALUES)
    np.testing.assert_array_equal(before.numpy(), copy)
    assert (v.numpy() != copy).any()


def test_old_and_new_values_can_be_read_beside_the_writing() -> None:
    v, other = table(), table()

    @mt.function(autograph=False)
    def write(values: mt.Tensor) -> Any:
        old = v.value()
        first = mt.reduce_sum(old)
        v.scatter_update(mt.IndexedSlices(values, ROWS))
        other.assign(old)
        return old, first, mt.reduce_sum(v), mt.gather(v, ROWS)

    before = v.numpy()
    old, first, total, rows = write(VALUES)
    after = before.copy()
    after[[1, 3]] = [[2, 3], [4, 5]]
    np.testing.assert_array_equal(old.numpy(), before)
    np.testing.assert_array_equal(other.numpy(), before)
    np.testing.assert_array_equal(v.numpy(), after)
    np.testing.assert_array_equal(rows.numpy(), after[[3, 1, 3]])
    np.testing.assert_allclose([first, total], [before.sum(), after.sum()], rtol=1e-6)


def test_a_table_can_be_written_twice_and_from_its_own_rows() -> None:
    v = table()

    @mt.function(autograph=False)
    def write(values: mt.Tensor) -> None:
        v.scatter_add(mt.IndexedSlices(mt.gather(v, ROWS), ROWS))
        v.scatter_sub(mt.IndexedSlices(values, ROWS))

    expected = v.numpy()
    np.add.at(expected, [3, 1, 3], expected[[3, 1, 3]])
    np.subtract.at(expected, [3, 1, 3], VALUES.numpy())
    write(VALUES)
    np.testing.assert_allclose(v.numpy(), expected, rtol=1e-6)


def test_rows_that_do_not_exist_change_nothing() -> None:
    v, other = table(), table()

    @mt.function(autograph=False)
    def write(rows: mt.Tensor) -> None:
        v.scatter_add(mt.IndexedSlices(VALUES, ROWS))
        other.scatter_add(mt.IndexedSlices(VALUES, rows))

    with pytest.raises(mt.errors.InvalidArgumentError, match=r"Indices\[1\] = \[7\]"):
        write(mt.constant([0, 7, 1]))
    np.testing.assert_array_equal(v.numpy(), table().numpy())
    np.testing.assert_array_equal(other.numpy(), table().numpy())


def test_a_table_in_a_loop_is_written_too() -> None:
    v = table()

    @mt.function
    def write(count: mt.Tensor) -> None:
        for _ in mt.range(count):
            v.scatter_add(mt.IndexedSlices(VALUES, ROWS))

    write(mt.constant(3))
    expected = table().numpy()
    for _ in range(3):
        np.add.at(expected, [3, 1, 3], VALUES.numpy())
    np.testing.assert_allclose(v.numpy(), expected, rtol=1e-6)
