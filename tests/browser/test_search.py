"""Finding nodes in the graph viewer, on a page without a kernel."""

import pytest

from minitensor_widgets import samples, show


@pytest.fixture
def page(open_page):
    return open_page()


def test_search_opens_scopes_and_walks_the_hits(page):
    island = show(samples.scoped_graph())
    page.island(island)
    field = page.page.get_by_role("searchbox")
    field.fill("relu")
    hits = [node for node in island.graph["nodes"] if "relu" in node["label"] + node["op"]]
    assert f"n:{hits[0]['id']}" not in page.boxes()
    bar = page.page.locator(".mt-bar .mt-count")
    assert bar.inner_text() == f"{len(hits)} found"
    page.press("Enter")
    assert bar.inner_text() == f"1 of {len(hits)}"
    assert page.page.locator(".mt-selected.mt-hit").count() == 1
    assert f"n:{hits[0]['id']}" in page.boxes()
    page.press("Enter", "Shift+Enter", "Shift+Enter")
    assert bar.inner_text() == f"{len(hits)} of {len(hits)}"
    assert page.page.evaluate("document.activeElement.type") == "search"
    page.press("Escape")
    assert bar.inner_text() == ""
    assert page.page.locator(".mt-hit").count() == 0


def test_search_for_markup_finds_nothing_and_shows_nothing(page):
    page.island(show(samples.scoped_graph()))
    page.page.get_by_role("searchbox").fill("<img src=x onerror=alert(1)>")
    page.press("Enter")
    assert page.text(".mt-bar .mt-count") == "0 found"


def test_a_small_graph_needs_no_search(page):
    page.island(show(samples.scalar_steps()["graph"]))
    assert page.page.get_by_role("searchbox").count() == 0
