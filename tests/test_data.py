"""Datasets: what a learner relies on, errors, caches, threads, and what is left behind."""

from __future__ import annotations

import gc
import gzip
import json
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import minitensor as mt

D = mt.data.Dataset
E = mt.errors


def values(dataset: Any) -> list:
    return [np.asarray(x).tolist() for x in dataset.as_numpy_iterator()]


class Pair(NamedTuple):
    first: Any
    second: Any


def test_structures_are_kept() -> None:
    element = next(iter(D.from_tensor_slices(Pair([1], {"b": [2], "a": ([3.0],)}))))
    assert isinstance(element, Pair)
    assert list(element.second) == ["b", "a"]
    assert element.second["a"][0].dtype == mt.float32
    passed_on = D.from_tensors(Pair(1, 2)).map(lambda pair: pair.first + pair.second)
    assert values(passed_on) == [3], "a named tuple is one argument"


def test_a_dataset_keeps_its_own_copy_of_arrays() -> None:
    array = np.arange(3)
    dataset = D.from_tensor_slices(array)
    array[:] = 0
    assert values(dataset) == [0, 1, 2]
    given = next(dataset.batch(3).as_numpy_iterator())
    given[:] = 9
    assert values(dataset) == [0, 1, 2]


# Shuffling.


def test_shuffle_is_a_permutation_that_reaches_as_far_as_its_buffer() -> None:
    for buffer in (1, 2, 7, 50, 1000):
        order = values(D.range(50).shuffle(buffer, seed=3))
        assert sorted(order) == list(range(50))
        assert all(place >= x - buffer + 1 for place, x in enumerate(order))
    assert values(D.range(50).shuffle(1)) == list(range(50))


def test_a_seed_repeats_the_first_walk_and_varies_the_next() -> None:
    first, second = D.range(30).shuffle(30, seed=1), D.range(30).shuffle(30, seed=1)
    one = values(first)
    assert values(second) == one
    assert values(first) != one
    same = D.range(30).shuffle(30, seed=1, reshuffle_each_iteration=False)
    assert values(same) == values(same)
    assert values(same.repeat(2)) == values(same) * 2
    twice = values(D.range(30).shuffle(30, seed=1).repeat(2))
    assert twice[:30] != twice[30:]


def test_the_global_seed_repeats_a_program() -> None:
    def program() -> list:
        mt.random.set_seed(7)
        dataset = D.range(20).shuffle(20).map(lambda x: x + mt.random.uniform([], 0, 99, mt.int64))
        return values(dataset) + values(dataset)

    assert program() == program()


def test_every_order_of_a_full_shuffle_is_equally_likely() -> None:
    counts: dict[tuple, int] = {}
    for seed in range(1200):
        order = tuple(values(D.range(3).shuffle(3 + seed % 2 * 5, seed=seed)))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    # 200 of each are expected; the 99.9 % point of chi-squared with 5 degrees of freedom is 20.5.
    assert sum((n - 200) ** 2 / 200 for n in counts.values()) < 20.5


def test_a_small_buffer_draws_uniformly() -> None:
    firsts = [values(D.range(9).shuffle(4, seed=seed).take(1))[0] for seed in range(800)]
    counts = np.bincount(firsts, minlength=4)
    assert len(counts) == 4
    assert ((counts - 200) ** 2 / 200).sum() < 16.3


# Functions.


def test_a_function_is_traced_once_and_drawn_anew_for_each_element() -> None:
    traces = []

    def function(x: Any) -> Any:
        traces.append(x)
        return mt.random.uniform([])

    dataset = D.range(20).map(function)
    first, second = values(dataset), values(dataset)
    assert len(traces) == 1
    assert len({*first, *second}) == 40


def test_threads_draw_the_same_numbers_and_keep_the_order() -> None:
    def pipeline(calls: int | None) -> list:
        mt.random.set_seed(2)
        noisy = D.range(50).map(lambda x: (x, mt.random.normal([2])), num_parallel_calls=calls)
        return [(int(x), noise.tolist()) for x, noise in noisy.as_numpy_iterator()]

    assert pipeline(None) == pipeline(4)


def test_control_flow_in_a_function_is_converted() -> None:
    def collatz(n: Any) -> Any:
        steps = 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        return steps

    assert values(D.range(1, 8).map(collatz)) == [0, 1, 7, 2, 5, 8, 16]


def test_iterating_under_a_tape_records_nothing_of_the_pipeline() -> None:
    w = mt.Variable(2.0)
    dataset = D.from_tensor_slices([1.0, 3.0]).map(lambda x: x * w)
    with mt.GradientTape() as tape:
        total = mt.add_n([w * x for x in dataset])
    assert tape.gradient(total, w).numpy() == 8.0


def fails_on_three(x: Any) -> Any:
    return 10 // (x - 3)


@pytest.mark.parametrize("calls", [None, 2])
def test_an_error_in_map_names_stage_element_and_line(calls: int | None) -> None:
    dataset = D.range(6).filter(lambda x: x > 0).map(fails_on_three, num_parallel_calls=calls)
    iterator = iter(dataset.prefetch(1))
    assert [int(next(iterator)) for _ in range(2)] == [-5, -10]
    with pytest.raises(E.InvalidArgumentError) as caught:
        next(iterator)
    text = str(caught.value)
    for part in ("Error in user-defined function passed to MapDataset:3 transformation",
                 "element 2 (int64 3)", "return 10 // (x - 3)", "integer division by zero",
                 "test_data.py"):  # fmt: skip
        assert part in text
    assert int(next(iterator)) == 10, "the walk goes on after the element"


def test_a_python_error_keeps_its_class_and_gets_a_note() -> None:
    def lookup(x: Any) -> Any:
        return {0: 1}[int(x)]

    dataset = D.range(2).map(lambda x: mt.py_function(lookup, [x], mt.int64))
    with pytest.raises(KeyError) as caught:
        values(dataset)
    assert "MapDataset:2 transformation, at element 1" in caught.value.__notes__[-1]


ERRORS: list[tuple[Callable, type[Exception], str]] = [
    (lambda: D.range(2).map(3), E.InvalidArgumentError, "Argument `func` must be a callable"),
    (lambda: D.range(2).filter(lambda x: x), E.InvalidArgumentError,
     "`predicate` must return a `tf.bool` scalar tensor, but its return type is TensorSpec"),
    (lambda: D.range(2).enumerate().map(lambda x: x), TypeError,
     r"<lambda>\(\) takes 1 positional argument but 2 were given(.|\n)*lambda x, y: …"),
    (lambda: D.range(2).map(lambda x, y: x), TypeError, "missing a required argument: 'y'"),
    (lambda: D.range(2).map(lambda x: None), TypeError, "None is no component of an element"),
    (lambda: D.range(2).batch(0), E.InvalidArgumentError,
     "Batch size must be greater than zero"),
    (lambda: D.range(2).batch(2.5), TypeError, "Cannot convert 2.5 to a whole number"),
    (lambda: D.range(2).shuffle(0), E.InvalidArgumentError,
     "buffer_size must be greater than zero or UNKNOWN_CARDINALITY"),
    (lambda: D.range(2).shard(3, 3), E.InvalidArgumentError,
     r"Index must be between 0 and 2 \(currently index = 3\)"),
    (lambda: D.range(2).prefetch(-3), E.InvalidArgumentError, "buffer_size must be >= 0"),
    (lambda: D.range(2).window(0), E.InvalidArgumentError,
     "Window size must be greater than zero"),
    (lambda: D.range(2).interleave(lambda x: x), TypeError, "must return a `Dataset` object"),
    (lambda: D.range(2).flat_map(lambda x: D.range(x), 3).batch(-1), ValueError, "Batch size"),
    (lambda: D.range(2).concatenate(D.from_tensors(1)), TypeError,
     "Incompatible dataset elements"),
    (lambda: D.range(2).unbatch(), E.InvalidArgumentError, "Cannot unbatch an input with scalar"),
    (lambda: D.range(2).rebatch(2), E.InvalidArgumentError, "Invalid `batch_sizes`"),
    (lambda: D.range(2).scan(0, lambda s, x: s), TypeError, "Invalid `scan_func`"),
    (lambda: D.range(2).reduce(0, lambda s, x: x), TypeError, "Incompatible dataset elements"),
    (lambda: D.from_tensor_slices(([1, 2], [1, 2, 3])), ValueError,
     "Dimensions 2 and 3 are not compatible"),
    (lambda: D.from_tensor_slices(1), ValueError,
     "Unbatching a tensor is only supported for rank >= 1"),
    (lambda: D.from_generator(list), TypeError, "To specify the output signature"),
    (lambda: D.from_generator(3, output_signature=mt.TensorSpec([])), TypeError,
     "`generator` must be a Python callable"),
    (lambda: D.from_generator(list, output_signature=3), TypeError, "`output_signature`"),
    (lambda: D.zip(), TypeError, "Must pass at least one dataset"),
    (lambda: D.zip(1), TypeError, "Invalid input to `zip`"),
    (lambda: D.sample_from_datasets([D.range(1)] * 2, [0.5]), ValueError, "Invalid `weights`"),
    (lambda: D.choose_from_datasets([D.range(1)], D.range(2).batch(1)), TypeError,
     "Invalid `choice_dataset`"),
    (lambda: len(D.range(2).repeat()), TypeError, "The dataset is infinite."),
    (lambda: len(D.range(2).filter(lambda x: x > 0)), TypeError, "The dataset length is unknown."),
    (lambda: D.range(2)[0], TypeError, "not subscriptable"),
    (lambda: D.range(2).get_single_element(), E.InvalidArgumentError,
     "Dataset had more than one element"),
    (lambda: D.range(0).get_single_element(), E.InvalidArgumentError, "Dataset was empty"),
    (lambda: iter(D.range(0)).get_next(), E.OutOfRangeError, "End of sequence"),
    (lambda: D.range(2).apply(lambda d: 3), TypeError, "must return a `tf.data.Dataset` object"),
    (lambda: D([1, 2]), TypeError, "from_tensor_slices"),
    (lambda: setattr(mt.data.Options(), "determinstic", True), AttributeError,
     "did you mean 'deterministic'"),
    (lambda: values(D.range(1, 4).map(lambda n: mt.fill([n], n)).batch(2)),
     E.InvalidArgumentError, r"Cannot batch tensors with different shapes in component 0. First "
     r"element had shape \[1\] and element 1 had shape \[2\]"),
    (lambda: values(D.range(1, 4).map(lambda n: mt.fill([n], n)).padded_batch(3, [2])),
     E.DataLossError, "Attempted to pad to a smaller size"),
    (lambda: values(D.range(5).apply(mt.data.experimental.assert_cardinality(3))),
     E.FailedPreconditionError, "expected to contain 3 elements but contained at least 4"),
    (lambda: values(D.range(5).apply(mt.data.experimental.assert_cardinality(7))),
     E.FailedPreconditionError, "expected to contain 7 elements but contained only 5"),
    (lambda: values(mt.data.TextLineDataset("/no/such/file")), E.NotFoundError, "/no/such/file"),
    (lambda: D.load("/no/such/folder"), E.NotFoundError, "holds no saved dataset"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_mistakes_are_explained(case: int) -> None:
    action, kind, text = ERRORS[case]
    with pytest.raises(kind, match=text):
        action()


@pytest.mark.parametrize(
    ("value", "spec", "kind", "text"),
    [
        ([1, 2], mt.TensorSpec([], "int32"), E.InvalidArgumentError,
         r"TypeError: `generator` yielded an element of shape \(2,\) where an element of shape"),
        (1.5, mt.TensorSpec([], "int32"), TypeError, "could not be converted"),
        (np.float32(1.5), mt.TensorSpec([], "int32"), TypeError, "of dtype float32 where"),
        (300, mt.TensorSpec([], "uint8"), TypeError, "could not be converted"),
        (1, (mt.TensorSpec([]), mt.TensorSpec([])), TypeError, "expected structure"),
    ],
)  # fmt: skip
def test_a_generator_must_keep_its_promise(value: Any, spec: Any, kind: Any, text: str) -> None:
    with pytest.raises(kind, match=text):
        values(D.from_generator(lambda: iter([value]), output_signature=spec))


def test_a_truth_value_and_a_length() -> None:
    assert D.range(0)
    assert len(D.range(7).batch(2)) == 4
    assert int(D.range(3).repeat().cardinality()) == mt.data.INFINITE_CARDINALITY


def test_optionals_and_the_end_of_a_walk() -> None:
    iterator = iter(D.range(1))
    assert bool(iterator.get_next_as_optional().has_value())
    assert not bool(iterator.get_next_as_optional().has_value())
    with pytest.raises(StopIteration):
        next(iterator)
    assert next(iterator, None) is None


# Sources and files.


def test_lines_of_text_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\n\ntwo")
    with gzip.open(tmp_path / "b.gz", "wb") as file:
        file.write(b"drei\nvier\n")
    names = [str(tmp_path / "a.txt"), str(tmp_path / "b.gz")]
    lines = mt.data.TextLineDataset(names)
    wanted = [b"one", b"", b"two", b"drei", b"vier"]
    assert list(lines.as_numpy_iterator()) == wanted
    assert repr(lines).startswith("<TextLineDatasetV2 element_spec=TensorSpec(shape=(), dtype=tf.s")
    files = D.from_tensor_slices(names)
    assert list(files.flat_map(mt.data.TextLineDataset).as_numpy_iterator()) == wanted
    for steps in range(6):
        iterator, other = iter(lines), iter(lines)
        for _ in range(steps):
            next(iterator)
        other.restore_state(iterator.save_state())
        assert [x.numpy() for x in other] == wanted[steps:]


def test_a_cache_in_memory_computes_each_element_once() -> None:
    calls = []

    def count(x: Any) -> Any:
        calls.append(int(x))
        return x

    dataset = D.range(4).map(lambda x: mt.py_function(count, [x], mt.int64)).cache()
    values(dataset.take(2))
    assert calls == [0, 1], "a walk that stops early keeps nothing"
    values(dataset.repeat(3))
    values(dataset)
    assert calls == [0, 1, 0, 1, 2, 3]


def cached(path: Path, calls: list) -> Any:
    def count(x: Any) -> Any:
        calls.append(int(x))
        return x

    rows = D.range(4).map(lambda x: mt.py_function(count, [x], mt.int64))
    rows = rows.map(lambda x: mt.ensure_shape(x, []))
    return rows.map(lambda x: (mt.fill([x], "é"), x)).cache(path / "kept")


def test_a_cache_in_a_file_is_read_by_the_next_program(tmp_path: Path) -> None:
    calls: list = []
    wanted = [([b"\xc3\xa9"] * i, i) for i in range(4)]
    for _ in range(2):
        found = [(a.tolist(), int(b)) for a, b in cached(tmp_path, calls).as_numpy_iterator()]
        assert found == wanted
    assert calls == [0, 1, 2, 3]
    assert sorted(p.suffix for p in tmp_path.iterdir()) in ([".json"], [".json", ".safetensors"])


def test_a_damaged_or_foreign_cache_is_refused(tmp_path: Path) -> None:
    values(D.range(1000).map(lambda x: x + 1).cache(tmp_path / "kept"))
    with pytest.raises(E.InvalidArgumentError, match="A cache belongs to one pipeline"):
        values(D.range(3).batch(1).cache(tmp_path / "kept"))
    path = tmp_path / "kept.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "spec": "other"}))
    with pytest.raises(E.DataLossError, match="delete it"):
        values(D.range(1000).map(lambda x: x + 1).cache(tmp_path / "kept"))
    path.write_text("{")
    with pytest.raises(E.DataLossError):
        values(D.range(1000).map(lambda x: x + 1).cache(tmp_path / "kept"))


def test_a_dataset_is_saved_and_loaded(tmp_path: Path) -> None:
    dataset = D.from_tensor_slices({"x": np.ones((3, 2), np.float32), "y": ["a", "b", "c"]})
    dataset.save(tmp_path / "saved")
    loaded = D.load(tmp_path / "saved")
    assert loaded.element_spec == dataset.element_spec
    assert len(loaded) == 3
    assert [repr(e) for e in loaded] == [repr(e) for e in dataset]
    for file in (tmp_path / "saved").iterdir():
        file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(E.DataLossError):
        D.load(tmp_path / "saved")


# Threads and what stays behind.


def data_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("minitensor.data")]


def wait_for_threads() -> None:
    for thread in data_threads():
        thread.join(timeout=20)
    assert not data_threads()


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_threads_end_with_the_walk_and_when_it_is_dropped(steps: int) -> None:
    dataset = D.range(100).map(lambda x: x + 1, num_parallel_calls=2).repeat().prefetch(2)
    iterator = iter(dataset)
    for _ in range(steps):
        next(iterator)
    alive = weakref.ref(iterator)
    del iterator
    gc.collect()
    assert alive() is None
    wait_for_threads()
    values(D.range(5).prefetch(2))
    gc.collect()
    wait_for_threads()


def test_an_interrupt_in_the_thread_reaches_the_program() -> None:
    def interrupt(x: Any) -> Any:
        raise KeyboardInterrupt

    dataset = D.range(3).map(lambda x: mt.py_function(interrupt, [x], mt.int64)).prefetch(1)
    with pytest.raises(KeyboardInterrupt):
        values(dataset)


def test_walks_leave_nothing_behind() -> None:
    dataset = D.range(50).shuffle(20).map(lambda x: x * 2).batch(5).prefetch(1)
    for _ in range(3):
        values(dataset)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(30):
        values(dataset)
    gc.collect()
    assert len(gc.get_objects()) - before < 200


def test_weights_decide_how_often_a_dataset_is_chosen() -> None:
    both = D.sample_from_datasets(
        [D.from_tensors(0).repeat(), D.from_tensors(1).repeat()], [0.2, 0.8], seed=1
    )
    share = np.mean(values(both.take(2000)))
    assert abs(share - 0.8) < 0.04  # four standard deviations


def test_rejection_makes_classes_equally_frequent() -> None:
    skewed = D.range(4000).map(lambda x: mt.cast(x % 10 == 0, mt.int32))
    for initial in (None, [0.9, 0.1]):
        kept = skewed.rejection_resample(lambda x: x, [0.5, 0.5], initial, seed=1)
        share = np.mean([int(label) for label, _ in kept])
        assert abs(share - 0.5) < 0.08


def test_options_are_merged() -> None:
    first, second = mt.data.Options(), mt.data.Options()
    first.deterministic = False
    first.threading.private_threadpool_size = 2
    second.threading.max_intra_op_parallelism = 1
    options = D.range(1).with_options(first).map(lambda x: x).with_options(second).options()
    assert options.deterministic is False
    assert options.threading.private_threadpool_size == 2
    assert options.threading.max_intra_op_parallelism == 1
