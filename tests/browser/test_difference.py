"""The difference of two graphs on a page without a kernel: what is said of each node."""

import pytest

from minitensor_widgets import DifferenceWidget, difference, samples


def graphs():
    """A graph, and the same with another shape of one node, without another, and with a third."""
    before = samples.matmul_steps()["graph"]
    *nodes, last = [dict(node) for node in before["nodes"]]
    nodes[0]["shape"] = [7, 3]
    new = {
        "id": "new",
        "label": "tripled",
        "kind": "op",
        "op": "multiply",
        "scope": "",
        "shape": [],
    }
    edges = [edge for edge in before["edges"] if edge["target"] != last["id"]]
    return before, {**before, "nodes": [*nodes, new], "edges": edges}


@pytest.fixture
def page(open_page):
    return open_page()


def test_each_node_says_what_became_of_it_also_without_colour(page):
    page.island(difference(*graphs()))
    words = " ".join(page.page.locator(".mt-svg text").all_text_contents())
    assert "+ tripled" in words
    assert "− " in words
    assert "≠ " in words
    assert (
        "1 added, 1 removed, 1 changed"
        in page.page.locator(".mt-frame, main, body").first.inner_text()
    )


def test_the_details_of_a_changed_node_list_its_changes(page):
    island = difference(*graphs())
    changed = next(node for node in island.graph["nodes"] if node["change"] == "changed")
    page.island(island)
    page.focus(f"n:{changed['id']}")
    page.press("Enter")
    for words in changed["changes"]:
        assert words in page.panel()


def test_hostile_strings_of_both_graphs_are_text(page):
    record = samples.hostile_steps()["graph"]
    other = {**record, "nodes": [{**node, "label": "x", "shape": [9]} for node in record["nodes"]]}
    page.island(difference(record, other))
    assert page.page.locator(".mt-svg img, .mt-svg script, .mt-svg foreignObject").count() == 0


def test_the_widget_shows_the_same_and_takes_everything_away(page):
    before, after = graphs()
    widget = DifferenceWidget(before, after)
    page.widget("graphs/graph", graph=widget.graph, collapsed=[], selected="")
    words = " ".join(page.page.locator(".mt-svg text").all_text_contents())
    assert "+ tripled" in words
    widget.close()
