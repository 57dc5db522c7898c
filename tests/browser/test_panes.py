"""The pane in which graphs and steppers show a value."""

import math

import pytest

from minitensor_widgets import samples, show


def looked_at(page, numbers):
    nodes = [samples.node("a", "w", "variable", numbers)]
    page.island(show(samples.graph("one value", nodes, []), selected="a"))
    return page.page.locator(".mt-panel figure")


@pytest.mark.parametrize(("odd", "words"), [
    (1.0, "blue −1, white 0, orange 1"), (math.nan, "blue −1, white 0, orange 1 · × not finite"),
    (900.0, "blue −1, white 0, orange 1 · • clipped"),
])  # fmt: skip
def test_a_heat_map_says_where_its_colours_end_and_what_its_signs_mean(open_page, odd, words):
    rows = [[(-1.0) ** (i + j) for j in range(24)] for i in range(24)]
    rows[5][7] = odd
    figure = looked_at(open_page(), rows)
    assert figure.locator("figcaption").inner_text() == words
    seen = figure.locator("canvas").get_attribute("aria-label")
    assert seen == f"Heat map of 24 by 24 cells: {words}"
