"""However big a graph is: its output is at most 250 kB, and says what it left out."""

import random

import pytest

from minitensor_widgets import show
from minitensor_widgets.output import MOST_BYTES


def graph(count, edges, **of_all):
    nodes = [{"id": f"n{i}", "label": f"op{i}", **of_all} for i in range(count)]
    edges = [{"source": f"n{a}", "target": f"n{b}"} for a, b in edges]
    return {"version": 1, "nodes": nodes, "edges": edges}


def chain(count):
    return [(i, i + 1) for i in range(count - 1)]


def letters(rng, count):
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=count))


def wild(count):
    rng = random.Random(0)
    return [(i, rng.randrange(i + 1, count)) for i in range(count - 1)]


@pytest.mark.parametrize(
    ("count", "edges"), [(5000, chain(5000)), (1000, []), (5000, chain(5000) + wild(5000))]
)
def test_a_big_graph_asked_to_be_open_is_closed_and_says_so(count, edges):
    island = show(graph(count, edges), collapsed=[])
    assert "scopes closed" in island.graph["note"]
    assert len(island.to_html(static=False)) <= MOST_BYTES


def test_long_texts_are_clipped_and_details_left_out_where_they_do_not_fit():
    record = graph(3000, chain(3000))
    rng = random.Random(0)
    for node in record["nodes"]:
        node |= {"label": letters(rng, 900), "doc": letters(rng, 10_000)}
        node["attrs"] = {letters(rng, 10): letters(rng, 900)}
    island = show(record)
    assert {len(node["label"]) for node in island.graph["nodes"]} == {200}
    assert {len(node["doc"]) for node in island.graph["nodes"]} == {500}
    assert len(island.to_html(static=False)) <= MOST_BYTES


def test_too_many_edges_are_refused():
    with pytest.raises(ValueError, match=r"10100 edges.*at most 10000"):
        show(graph(2, [(0, 1)] * 10_100))


def test_scopes_of_a_thousand_levels_are_drawn():
    record = graph(2, [(0, 1)])
    record["nodes"][0]["scope"] = "/".join(f"s{i}" for i in range(1200))
    island = show(record, collapsed=[])
    assert island.graph["nodes"][0]["scope"].count("/") == 39
    assert "<svg" in island.to_svg()


@pytest.mark.parametrize(
    ("nodes", "edges", "words"),
    [
        ([{"id": ""}], [], "node number 0 has no id"),
        ([{"label": "a"}], [], "node number 0 has no id"),
        ([{"id": "a"}], [{"target": "a"}], "edge number 0 has no source"),
    ],
)
def test_what_a_hand_made_view_lacks_is_a_lesson(nodes, edges, words):
    with pytest.raises(ValueError, match=words):
        show({"version": 1, "nodes": nodes, "edges": edges})


def test_lone_surrogates_are_made_printable():
    island = show(graph(2, [(0, 1)]), selected="\ud800", collapsed=["\ud800"], pinned=["\ud800"])
    assert (island.selected, island.collapsed, island.pinned) == ("\ufffd", ["\ufffd"], ["\ufffd"])
    assert island.to_html(static=False).encode("utf-8")
