"""Random pipelines against plain Python lists, and walks that are saved and restored on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitensor as mt

D = mt.data.Dataset


def unbatched(items: list) -> list:
    return [x for item in items for x in item]


def batched(items: list, size: int) -> list:
    return [items[i : i + size] for i in range(0, len(items), size)]


def windows(items: list, size: int, shift: int) -> list:
    return unbatched([items[i : i + size] for i in range(0, len(items), shift)])


def distinct(items: list) -> list:
    return list(dict.fromkeys(items))


def taken_while(items: list) -> list:
    ends = [i for i, x in enumerate(items) if not x < 12]
    return items[: ends[0]] if ends else items


def totals(items: list) -> list:
    return np.cumsum(items).tolist()


small = st.integers(1, 4)
# For each stage: the numbers it takes, what it does to a dataset, and what to a list.
STAGES: dict[str, tuple[tuple, Callable, Callable]] = {
    "take": ((st.integers(-1, 9),), lambda d, n: d.take(n), lambda x, n: x if n < 0 else x[:n]),
    "skip": ((st.integers(-1, 5),), lambda d, n: d.skip(n), lambda x, n: x[n:] if n >= 0 else []),
    "repeat": ((st.integers(0, 3),), lambda d, n: d.repeat(n), lambda x, n: x * n),
    "shard": ((small,), lambda d, n: d.shard(n, n - 1), lambda x, n: x[n - 1 :: n]),
    "map": ((small,), lambda d, n: d.map(lambda x: x * n + 1), lambda x, n: [y * n + 1 for y in x]),
    "threads": (
        (small,),
        lambda d, n: d.map(lambda x: x + n, num_parallel_calls=n),
        lambda x, n: [y + n for y in x],
    ),
    "filter": (
        (small,),
        lambda d, n: d.filter(lambda x: x % (n + 1) != 0),
        lambda x, n: [y for y in x if y % (n + 1)],
    ),
    "take_while": ((), lambda d: d.take_while(lambda x: x < 12), taken_while),
    "unique": ((), lambda d: d.unique(), distinct),
    "batch": ((small,), lambda d, n: d.batch(n).unbatch(), lambda x, n: x),
    "sums": (
        (small,),
        lambda d, n: d.batch(n).map(mt.reduce_sum),
        lambda x, n: [sum(part) for part in batched(x, n)],
    ),
    "rebatch": ((small, small), lambda d, n, m: d.batch(n).rebatch(m).unbatch(), lambda x, *_: x),
    "padded": ((small,), lambda d, n: d.padded_batch(n).unbatch(), lambda x, n: x),
    "enumerate": (
        (small,),
        lambda d, n: d.enumerate(n).map(lambda i, x: i * x),
        lambda x, n: [i * y for i, y in enumerate(x, n)],
    ),
    "concatenate": (
        (small,),
        lambda d, n: d.concatenate(D.range(n)),
        lambda x, n: [*x, *range(n)],
    ),
    "zip": (
        (small,),
        lambda d, n: D.zip(d, D.range(2 * n)).map(lambda a, b: a + b),
        lambda x, n: [a + b for a, b in zip(x, range(2 * n), strict=False)],
    ),
    "flat_map": (
        (small,),
        lambda d, n: d.flat_map(lambda x: D.range(x % n).map(lambda y: x + y)),
        lambda x, n: [a + b for a in x for b in range(a % n)],
    ),
    "window": (
        (small, small),
        lambda d, n, m: d.window(n, shift=m).flat_map(lambda w: w.batch(n)).unbatch(),
        windows,
    ),
    "scan": (
        (),
        lambda d: d.scan(mt.constant(0, mt.int64), lambda s, x: (s + x, s + x)),
        totals,
    ),
    "cache": ((), lambda d: d.cache(), lambda x: x),
    "cached twice": ((), lambda d: d.cache().repeat(2), lambda x: x * 2),
    "prefetch": ((small,), lambda d, n: d.prefetch(n), lambda x, n: x),
}
# Stages whose order is not that of a list; what they give is compared between walks.
ANY_ORDER: dict[str, Callable] = {
    "shuffle": lambda d: d.shuffle(3, seed=5),
    "shuffle all": lambda d: d.shuffle(100, seed=6),
    "reshuffle": lambda d: d.shuffle(4, seed=7).repeat(2),
    "same order": lambda d: d.shuffle(100, seed=8, reshuffle_each_iteration=False).repeat(2),
    "interleave": lambda d: d.interleave(
        lambda x: D.range(x % 4).map(lambda y: x + y), cycle_length=2, block_length=2
    ),
    "groups": lambda d: d.group_by_window(lambda x: x % 3, lambda k, w: w.batch(2), 2).unbatch(),
    "sample": lambda d: D.sample_from_datasets([d, D.range(5)], seed=2),
    "noise": lambda d: d.map(lambda x: x + mt.random.uniform([], 0, 100, mt.int64)),
    "noise in threads": lambda d: d.map(
        lambda x: x + mt.random.uniform([], 0, 100, mt.int64), num_parallel_calls=3
    ),
    "resample": lambda d: d.rejection_resample(
        lambda x: mt.cast(x % 2, mt.int32), [0.5, 0.5], seed=1
    ).map(lambda c, x: x),
    "random windows": lambda d: d.window(3).flat_map(lambda w: w.shuffle(3, seed=1)),
    "windows in a buffer": lambda d: d.window(2).shuffle(3, seed=1).flat_map(lambda w: w.batch(2))
    .unbatch(),
}  # fmt: skip
SOURCES: dict[str, tuple[Callable, list]] = {
    "range": (lambda: D.range(9), list(range(9))),
    "slices": (lambda: D.from_tensor_slices(np.arange(7) * 3), [3 * i for i in range(7)]),
    "generator": (
        lambda: D.from_generator(
            lambda: iter(range(6)), output_signature=mt.TensorSpec([], "int64")
        ),
        list(range(6)),
    ),
    "empty": (lambda: D.range(0), []),
}


@st.composite
def plans(draw: Any, names: list[str]) -> tuple[str, list]:
    chain = []
    for name in draw(st.lists(st.sampled_from(names), max_size=4)):
        numbers = STAGES[name][0] if name in STAGES else ()
        chain.append((name, [draw(number) for number in numbers]))
    return draw(st.sampled_from(list(SOURCES))), chain


def built(plan: tuple[str, list]) -> Any:
    source, chain = plan
    dataset = SOURCES[source][0]()
    for name, numbers in chain:
        dataset = STAGES[name][1](dataset, *numbers) if name in STAGES else ANY_ORDER[name](dataset)
    return dataset


def numbers(walk: Any) -> list[int]:
    return [int(x) for x in walk]


@settings(max_examples=150, deadline=None)
@given(plans(list(STAGES)))
def test_a_pipeline_does_what_lists_do(plan: tuple[str, list]) -> None:
    wanted = SOURCES[plan[0]][1]
    for name, given_numbers in plan[1]:
        wanted = STAGES[name][2](wanted, *given_numbers)
    dataset = built(plan)
    assert numbers(dataset) == wanted
    assert numbers(dataset) == wanted, "a second walk gives the same"
    size = int(dataset.cardinality())
    assert size in (len(wanted), -2)


@settings(max_examples=200, deadline=None)
@given(plans([*STAGES, *ANY_ORDER]), st.integers(0, 12), st.booleans())
def test_a_restored_walk_goes_on_with_the_same_elements(
    plan: tuple[str, list], steps: int, elsewhere: bool
) -> None:
    mt.random.set_seed(3)
    dataset = built(plan)
    iterator = iter(dataset)
    for _ in range(steps):
        next(iterator, None)
    state = through_json(iterator.save_state())
    rest = numbers(iterator)
    mt.random.set_seed(3)
    other = iter(built(plan)) if elsewhere else iter(dataset)
    next(other, None)
    other.restore_state(state)
    assert numbers(other) == rest


def through_json(state: Any) -> Any:
    """The state as a file would keep it: everything but arrays is JSON."""
    arrays: list = []

    def out(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays.append(value.copy())
            return {"an array": len(arrays) - 1}
        if isinstance(value, dict):
            return {key: out(part) for key, part in value.items()}
        return [out(part) for part in value] if isinstance(value, list) else value

    def back(value: Any) -> Any:
        if isinstance(value, dict):
            if "an array" in value:
                return arrays[value["an array"]]
            return {key: back(part) for key, part in value.items()}
        return [back(part) for part in value] if isinstance(value, list) else value

    return back(json.loads(json.dumps(out(state))))


@pytest.mark.parametrize("name", ANY_ORDER)
@pytest.mark.parametrize("steps", [0, 1, 5, 40])
def test_each_stage_can_be_restored_between_any_two_elements(name: str, steps: int) -> None:
    mt.random.set_seed(1)
    dataset = ANY_ORDER[name](D.range(12)).prefetch(2)
    iterator = iter(dataset)
    for _ in range(steps):
        next(iterator, None)
    state = through_json(iterator.save_state())
    other = iter(dataset)
    other.restore_state(state)
    assert numbers(other) == numbers(iterator)


def test_after_a_restored_walk_the_next_one_is_that_of_the_first_program() -> None:
    dataset = D.range(20).shuffle(20, seed=1)
    iterator = iter(dataset)
    next(iterator)
    state = iterator.save_state()
    second = numbers(dataset)
    again = D.range(20).shuffle(20, seed=1)
    iter(again).restore_state(state)
    assert numbers(again) == second


def test_a_state_of_another_pipeline_is_refused_and_changes_nothing() -> None:
    iterator = iter(D.range(5).batch(2))
    next(iterator)
    with pytest.raises(mt.errors.InvalidArgumentError, match=r"Range\(0, 5, 1\) → Batch\(3\)"):
        iterator.restore_state(iter(D.range(5).batch(3)).save_state())
    for broken in ({}, None, 3, {"pipeline": "Range"}):
        with pytest.raises(mt.errors.InvalidArgumentError, match="a state"):
            iterator.restore_state(broken)
    state = iter(D.range(5).batch(2)).save_state()
    with pytest.raises(mt.errors.InvalidArgumentError, match="cannot be restored"):
        iterator.restore_state({**state, "run": "x"})
    assert next(iterator).numpy().tolist() == [2, 3]


def test_elements_of_all_kinds_survive_in_a_buffer() -> None:
    columns = {
        "text": np.array(["a", "bé", "\x00c"], dtype=object),
        "ragged": None,
        "flag": np.array([True, False, True]),
        "half": np.array([1, 2, 3], dtype=np.float16),
    }
    dataset = D.from_tensor_slices({k: v for k, v in columns.items() if v is not None})
    dataset = dataset.enumerate().map(lambda i, e: {**e, "ragged": mt.fill([i], i)})
    dataset = dataset.shuffle(3, seed=1)
    iterator = iter(dataset)
    next(iterator)
    other = iter(dataset)
    other.restore_state(through_json(iterator.save_state()))
    assert [{k: repr(v) for k, v in e.items()} for e in iterator] == [
        {k: repr(v) for k, v in e.items()} for e in other
    ]
