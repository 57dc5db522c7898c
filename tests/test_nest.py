"""Structures: flatten, pack, map, and what differs between two."""

from __future__ import annotations

import collections
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitensor as mt
from minitensor import nest
from minitensor.errors import InvalidArgumentError

Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Pair:
    b: object
    a: object


structures = st.recursive(
    st.integers(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
        st.builds(Point, inner, inner),
        st.builds(Pair, inner, inner),
    ),
    max_leaves=12,
)


@given(structures)
def test_packing_what_was_flattened_gives_it_back(structure):
    flat = nest.flatten(structure)
    packed = nest.pack_sequence_as(structure, flat)
    assert packed == structure
    assert type(packed) is type(structure)
    nest.assert_same_structure(structure, packed)
    assert nest.map_structure(lambda leaf: leaf, structure) == structure


@given(structures)
def test_every_leaf_has_its_path(structure):
    for leaf, path in nest.flatten_with_path(structure):
        found = structure
        for key in path:
            found = getattr(found, key) if isinstance(found, Pair) else found[key]
        assert found == leaf


def test_dicts_are_visited_in_the_order_of_their_keys():
    assert nest.flatten({"b": 1, "a": 2}) == [2, 1]
    packed = nest.pack_sequence_as({"b": 0, "a": 0}, [1, 2])
    assert packed == {"a": 1, "b": 2}
    assert list(packed) == ["b", "a"]
    ordered = collections.OrderedDict([("b", 0), ("a", 0)])
    assert type(nest.pack_sequence_as(ordered, [1, 2])) is collections.OrderedDict
    counted = collections.defaultdict(int, {"b": 0, "a": 0})
    assert nest.pack_sequence_as(counted, [1, 2]) == {"a": 1, "b": 2}


def test_leaves():
    for leaf in (
        1,
        "ab",
        None,
        mt.constant([1, 2]),
        mt.Variable([1]),
        mt.TensorShape([1, 2]),
        {1, 2},
    ):
        assert not nest.is_nested(leaf)
        assert nest.flatten(leaf)[0] is leaf
    assert nest.flatten([]) == []
    assert nest.flatten(Point(1, [2])) == [1, 2]
    assert nest.flatten(Pair(1, 2)) == [1, 2]


def test_mapping_over_several():
    assert nest.map_structure(lambda a, b: a + b, [1, {"x": 2}], [10, {"x": 20}]) == [11, {"x": 22}]
    doubled = nest.map_structure(lambda t: t * 2, {"x": mt.constant(1), "y": (mt.constant(2),)})
    assert doubled["y"][0].numpy() == 4


@pytest.mark.parametrize(
    ("first", "second", "where"),  # where: in lower case
    [
        ([1], 1, "at the top"),
        ([1], (1,), "one is a list, the other a tuple"),
        ([1], [1, 2], "keys or lengths differ"),
        ({"a": 1}, {"b": 1}, "keys or lengths differ"),
        ({"a": [1, [2]]}, {"a": [1, 2]}, "['a'][1]"),
    ],
)
def test_differences_are_named(first, second, where):
    with pytest.raises(InvalidArgumentError) as caught:
        nest.assert_same_structure(first, second)
    assert where in str(caught.value).lower()
    with pytest.raises(ValueError, match="To fix it"):
        nest.map_structure(lambda a, b: a, first, second)


def test_the_number_of_places_counts():
    with pytest.raises(ValueError, match="has 2 places"):
        nest.pack_sequence_as([0, 0], [1])
    with pytest.raises(ValueError, match="cannot be sorted"):
        nest.flatten({1: 0, "a": 0})
