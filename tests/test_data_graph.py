"""Datasets in traced functions: a loop over one is one loop of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitensor as mt

D = mt.data.Dataset


def test_a_loop_over_a_dataset_is_traced_once_and_runs_each_time() -> None:
    traces = []

    @mt.function
    def total(dataset: Any) -> Any:
        result, count = 0.0, 0
        for batch in dataset:
            traces.append(batch.shape)
            result += mt.reduce_sum(batch)
            count += 1
        return result, count

    dataset = D.from_tensor_slices(mt.range(7.0)).batch(3)
    for _ in range(2):
        result, count = total(dataset)
        assert (result.numpy(), count.numpy()) == (21.0, 3)
    assert {tuple(shape) for shape in traces} == {(None,)}
    nodes = [node.op.name for node in total.get_concrete_function(dataset).graph.nodes]
    assert nodes.count("while_loop") == 1


def test_break_continue_return_and_enumerate() -> None:
    @mt.function
    def some(dataset: Any) -> Any:
        result = mt.constant(0, mt.int64)
        for i, x in enumerate(dataset):
            if x == 3:
                continue
            if x > 6:
                break
            result += x * i
        return result

    @mt.function
    def first_above(dataset: Any, bound: Any) -> Any:
        for x in dataset:
            if x > bound:
                return x * 10
        return mt.constant(-1, mt.int64)

    assert some(D.range(100)).numpy() == sum(i * i for i in range(7) if i != 3)
    assert first_above(D.range(10), mt.constant(4, mt.int64)).numpy() == 50
    assert first_above(D.range(3), mt.constant(4, mt.int64)).numpy() == -1


def test_a_break_computes_no_further_element() -> None:
    seen = []

    def look(x: Any) -> Any:
        seen.append(int(x))
        return x

    dataset = D.range(9).map(lambda x: mt.py_function(look, [x], mt.int64))

    @mt.function
    def first() -> Any:
        found = mt.constant(0, mt.int64)
        for x in dataset:
            found = mt.ensure_shape(x, [])
            if found >= 2:
                break
        return found

    assert first().numpy() == 2
    assert seen == [0, 1, 2]


def test_dicts_pairs_zip_and_nested_loops() -> None:
    @mt.function
    def nested() -> Any:
        result = mt.constant(0, mt.int64)
        for row in D.range(3).map(lambda x: {"a": x, "b": (x, x + 1)}):
            for y in D.range(2):
                result += row["a"] * row["b"][1] + y
        for a, b in zip(D.range(4), D.range(5), strict=False):
            result += a * b
        return result

    assert nested().numpy() == 2 * (0 + 2 + 6) + 3 + 14


def test_next_of_an_iterator_takes_an_element_at_each_run() -> None:
    iterator = iter(D.range(3))

    @mt.function
    def step() -> Any:
        return next(iterator) * 10

    assert [step().numpy(), int(next(iterator)), step().numpy()] == [0, 1, 20]
    with pytest.raises(mt.errors.OutOfRangeError, match="End of sequence"):
        step()


def test_a_loop_over_an_iterator_goes_on_where_it_was_left() -> None:
    iterator = iter(D.range(10))

    @mt.function
    def until(bound: Any) -> Any:
        result = mt.constant(0, mt.int64)
        for x in iterator:
            result += x
            if x >= bound:
                break
        return result

    assert until(mt.constant(2, mt.int64)).numpy() == 3
    assert until(mt.constant(5, mt.int64)).numpy() == 12
    assert int(next(iterator)) == 6


def test_an_iterator_made_in_the_function_is_new_at_each_run() -> None:
    @mt.function
    def head_and_rest() -> Any:
        iterator = iter(D.range(5))
        head, rest = next(iterator), mt.constant(0, mt.int64)
        for x in iterator:
            rest += x
        return head, rest

    for _ in range(2):
        assert [x.numpy() for x in head_and_rest()] == [0, 10]


def test_an_empty_dataset_and_variables_of_the_loop_only() -> None:
    @mt.function
    def last(dataset: Any) -> Any:
        for x in dataset:
            y = x + 1
        return y

    assert last(D.range(3)).numpy() == 3
    with pytest.raises(mt.errors.InvalidArgumentError, match="must iterate at least once"):
        last(D.range(0))


def test_reduce_is_one_loop_and_has_a_gradient() -> None:
    w = mt.Variable(2.0)
    dataset = D.from_tensor_slices([1.0, 2.0, 3.0])

    @mt.function
    def weighted() -> Any:
        return dataset.reduce(0.0, lambda total, x: total + w * x)

    with mt.GradientTape() as tape:
        result = weighted()
    assert result.numpy() == 12.0
    assert tape.gradient(result, w).numpy() == 6.0


def test_an_epoch_of_training_is_one_call() -> None:
    w = mt.Variable(0.0)
    dataset = D.from_tensor_slices(([1.0, 2.0], [2.0, 4.0])).shuffle(2, seed=1).repeat(40)

    @mt.function
    def epoch() -> None:
        for x, y in dataset:
            with mt.GradientTape() as tape:
                loss = (w * x - y) ** 2
            w.assign_sub(0.1 * tape.gradient(loss, w))

    epoch()
    assert abs(w.numpy() - 2.0) < 1e-5


def test_a_loop_that_python_runs_while_tracing_is_refused() -> None:
    with pytest.raises(mt.errors.InvalidArgumentError, match="write `for x in dataset:`"):
        mt.function(lambda: [x for x in D.range(3)])()


def test_a_dataset_of_symbols_says_why_it_cannot_be_walked_through() -> None:
    @mt.function
    def rows(x: Any) -> Any:
        total = 0.0
        for row in D.from_tensor_slices(x):
            total += row
        return total

    with pytest.raises(mt.errors.InvalidArgumentError, match="make the dataset outside"):
        rows(mt.constant([1.0, 2.0]))


def test_an_error_in_the_pipeline_reaches_the_caller_of_the_graph() -> None:
    dataset = D.range(4).map(lambda x: 10 // (x - 2))

    @mt.function
    def total() -> Any:
        result = mt.constant(0, mt.int64)
        for x in dataset:
            result += x
        return result

    with pytest.raises(mt.errors.InvalidArgumentError, match=r"MapDataset:2(.|\n)*element 2"):
        total()
    assert np.isfinite(total.experimental_get_tracing_count())
