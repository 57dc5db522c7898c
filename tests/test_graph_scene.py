"""What a picture of a graph says: signs of kinds, lines and differences, groups, directions."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from minitensor_widgets import GraphWidget, samples, show
from minitensor_widgets.graphs.blocks import without_series
from minitensor_widgets.graphs.records import graph_record
from minitensor_widgets.graphs.scene import scene

SVG = "{http://www.w3.org/2000/svg}"


def words_in(svg):
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_differences_and_missing_gradients_are_said_in_signs_and_in_words():
    drawn = scene(graph_record(samples.signs()))
    assert drawn.text["w"] == ["+ w", "variable · added"]
    assert drawn.text["v"] == ["− v", "variable · removed"]
    assert drawn.text["s"][0] == "≠ sum"
    assert drawn.text["a"] == ["a", "input · no ∇"]
    assert drawn.differs == ["net"]
    svg = show(graph_record(samples.signs()), collapsed=["net"]).to_svg()
    assert "▸ net (1) ≠" in words_in(svg)
    assert "no ∇: no gradient flows through it" in words_in(svg)
    text = show(graph_record(samples.signs())).description()
    assert "no gradient: the dtype is int32" in text
    assert "changed: axis: 0 → 1" in text


def test_marked_lines_have_dashes_of_their_own_and_say_their_dtype():
    svg = show(graph_record(samples.signs()), direction="LR").to_svg()
    assert len(set(re.findall(r'stroke-dasharray="([^"]+)" marker-end', svg))) == 3
    words = words_in(svg)
    assert {"(3,) int32 · B", "(3,) · IV", "(3,) · N"} <= set(words)
    assert {"B broadcast", "I in place", "V view", "N next round"} <= set(words)


def test_a_plain_picture_has_no_legend_of_signs():
    words = words_in(show(samples.matmul_steps()["graph"]).to_svg())
    assert not [word for word in words if "↗" in word or "no ∇" in word]


def test_repeated_blocks_stand_one_by_one_when_asked():
    plain = without_series(graph_record(samples.repeated_blocks()))
    assert plain["nodes"][0]["scope"] == "net/block0/cell"
    assert plain["closed"] == plain["series"] == []
    closed = ["net/block ×3"]
    assert "▸ block ×3 (6)" in words_in(
        show(graph_record(samples.repeated_blocks()), collapsed=closed).to_svg()
    )
    words = words_in(
        show(
            graph_record(samples.repeated_blocks()), collapsed=["net/block1"], grouped=False
        ).to_svg()
    )
    assert "▸ block1 (2)" in words
    assert "▾ block0" in words


def test_a_picture_runs_down_or_across():
    across = show(samples.scoped_graph(2), direction="LR").to_svg()
    size = re.search(r'width="(\d+)" height="(\d+)"', across)
    assert size
    assert int(size[1]) > int(size[2])
    with pytest.raises(ValueError, match=r"direction='RL' given: .* direction=\"LR\""):
        show(samples.scoped_graph(2), direction="RL")


def test_a_widget_keeps_direction_pins_and_groups_when_it_becomes_an_island():
    widget = GraphWidget(
        graph_record(samples.repeated_blocks()), direction="LR", pinned=["a0"], grouped=False
    )
    assert widget.collapsed == []
    island = widget.island()
    assert (island.direction, island.pinned, island.grouped) == ("LR", ["a0"], False)
    widget.direction = "sideways"
    assert widget.direction == "TB"
