"""The graph viewer on a page without a kernel: depth, direction, stubs, paths, legend, saving."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from minitensor_widgets import samples, show
from minitensor_widgets.graphs.records import graph_record


@pytest.fixture
def page(open_page):
    return open_page()


def button(page, text):
    return page.page.get_by_role("button", name=text, exact=True)


def live(page):
    return page.page.locator('[aria-live="polite"]').text_content()


def transform(page):
    return page.page.locator(".mt-svg > g").get_attribute("transform")


def test_scopes_open_to_a_chosen_depth(page):
    page.island(show(samples.scoped_graph(2)))
    depth = page.page.get_by_label("Open scopes to this depth")
    assert depth.input_value() == "3"
    depth.select_option("1")
    assert page.boxes() == ["s:net", "s:net/block0", "s:net/block1", "n:n0", "n:n23"]
    page.focus("s:net/block0")
    page.press("Enter")
    assert depth.input_value() == ""
    depth.select_option("depth 3: all")
    assert len(page.boxes()) == 24 + 7


def test_too_many_boxes_are_not_opened_at_once_but_some_are(page):
    page.island(show(samples.scoped_graph(90)))
    depth = page.page.get_by_label("Open scopes to this depth")
    depth.select_option("3")
    assert "992 nodes are too many to show at once" in live(page)
    assert depth.input_value() != "3"
    assert len(page.boxes()) < 60


def test_the_picture_turns_and_so_do_the_arrow_keys(page):
    page.island(show(samples.matmul_steps()["graph"]))
    turn = button(page, "Left to right")
    assert turn.get_attribute("aria-pressed") == "false"
    turn.click()
    assert turn.get_attribute("aria-pressed") == "true"
    box = {key: page.page.locator(f'[data-key="n:{key}"]').bounding_box() for key in ("n3", "n4")}
    assert box["n3"]["x"] + box["n3"]["width"] < box["n4"]["x"]
    page.focus("n:n3")
    page.press("ArrowRight")
    assert page.focused() == "n:n4"
    page.press("ArrowLeft", "ArrowLeft")
    assert page.focused() in ("n:n0", "n:n1")


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_scope_clicked_stays_under_the_pointer_with_stubs_in_any_direction(page, direction):
    page.island(show(samples.shared_leaf(20), direction=direction))
    rect = page.page.locator('[data-key="s:part0"] > rect')
    box = rect.bounding_box()
    x, y = box["x"] + 12, box["y"] + 10
    for _ in range(3):
        page.page.mouse.click(x, y)
        box = rect.bounding_box()
        assert box["x"] < x < box["x"] + box["width"]
        assert box["y"] < y < box["y"] + box["height"]


def test_any_stub_selects_its_node_and_a_pin_makes_it_one_box(page):
    page.widget("graphs/graph", graph=graph_record(samples.shared_leaf(14)), pinned=[])
    stubs = [key for key in page.boxes() if key.startswith("u:")]
    assert len(stubs) == 14
    page.focus(stubs[5])
    page.press("Enter")
    assert page.page.locator('.mt-selected[data-key^="u:"]').count() == 14
    assert page.page.evaluate("sent.at(-1).selected") == "k"
    button(page, "draw as one box").click()
    assert page.page.evaluate("sent.at(-1).pinned") == ["k"]
    assert "n:k" in page.boxes()
    assert page.focused() == "n:k"
    button(page, "draw as stubs").click()
    assert page.page.evaluate("sent.at(-1).pinned") == []
    assert "n:k" not in page.boxes()


def test_stubs_are_highlighted_together(page):
    page.island(show(samples.shared_leaf(14)))
    page.focus("u:0:k")
    assert page.page.locator(".mt-item.mt-after").count() >= 14


def test_a_path_is_shown_between_two_nodes_by_keyboard(page):
    page.island(show(samples.matmul_steps()["graph"]))
    page.focus("n:n1")
    page.press("p")
    assert live(page) == "Path from w: select where it ends. Escape ends it."
    page.focus("n:n4")
    page.press("Enter")
    assert live(page) == "3 nodes on the way to add"
    assert "Path from w: 3 nodes on the way" in page.panel()
    faint = page.page.eval_on_selector_all(
        ".mt-item.mt-faint", "all => all.map(g => g.dataset.key)"
    )
    assert faint == ["n:n0", "n:n2", "n:n5"]
    page.press("Escape")
    assert page.page.locator(".mt-faint").count() == 0
    assert "Select a node" in page.panel()


def test_a_path_starts_with_shift_click_or_a_button_and_may_lead_nowhere(page):
    page.island(show(samples.matmul_steps()["graph"]))
    page.page.keyboard.down("Shift")
    page.click("n:n4")
    page.page.keyboard.up("Shift")
    page.click("n:n0")
    assert "Path from add: 3 nodes on the way" in page.panel()
    page.click("n:n1")
    button(page, "path from here").click()
    page.click("n:n2")
    assert "Path from w: no nodes on the way" in page.panel()
    assert live(page) == "0 nodes on the way to b"
    button(page, "end the path").click()
    assert "Select a node" in page.panel()


def test_shift_and_arrows_move_the_picture_and_zoom_keys_zoom(page):
    page.island(show(samples.scoped_graph()))
    page.focus("n:n0")
    start = transform(page)
    page.press("Shift+ArrowDown", "Shift+ArrowRight")
    moved = transform(page)
    assert moved != start
    page.press("Shift+ArrowUp", "Shift+ArrowLeft")
    assert transform(page) == start
    page.press("+")
    assert transform(page) != start


def test_the_minimap_moves_the_view_and_shows_only_where_the_picture_does_not_fit(page):
    page.island(show(samples.matmul_steps()["graph"]))
    assert page.page.locator(".mt-map").is_hidden()
    page.named("Zoom in").click(click_count=3)
    assert page.page.locator(".mt-map").is_visible()
    page.island(show(samples.scoped_graph()))
    map_ = page.page.locator(".mt-map")
    assert map_.get_attribute("aria-hidden") == "true"
    before = transform(page)
    box = map_.bounding_box()
    page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 3)
    assert transform(page) != before
    last = page.page.locator('[data-key="n:n199"]').bounding_box()
    view = page.page.locator(".mt-svg").bounding_box()
    assert view["y"] < last["y"] < view["y"] + view["height"]


def test_the_minimap_lies_in_a_corner_of_the_picture_and_takes_no_strip(page):
    page.island(show(samples.scoped_graph()))
    view, canvas, small = (
        page.page.locator(name).bounding_box() for name in (".mt-view", ".mt-svg", ".mt-map")
    )
    assert small["y"] >= canvas["y"]
    assert small["y"] + small["height"] <= canvas["y"] + canvas["height"]
    assert (small["width"], small["height"]) <= (122, 82)
    assert view["y"] + view["height"] - (small["y"] + small["height"]) < 12


def test_blocks_are_grouped_and_ungrouped(page):
    page.widget(
        "graphs/graph", graph=graph_record(samples.repeated_blocks()), collapsed=["net/block ×3"]
    )
    group = button(page, "Group repeated blocks")
    assert group.get_attribute("aria-pressed") == "true"
    assert page.boxes() == ["s:net", "s:net/block ×3"]
    group.click()
    assert group.get_attribute("aria-pressed") == "false"
    assert page.boxes() == ["s:net", "s:net/block0", "s:net/block1", "s:net/block2"]
    page.focus("s:net/block1")
    page.press("Enter")
    assert "n:a1" in page.boxes()
    group.click()
    assert page.boxes() == ["s:net", "s:net/block ×3"]
    assert page.page.evaluate("sent.at(-1).grouped") is True


def test_only_what_differs_stands_out(page):
    page.island(show(samples.signs()))
    button(page, "Only what differs").click()
    faint = page.page.locator(".mt-item.mt-faint")
    assert faint.evaluate_all("all => all.map(g => g.dataset.key)") == ["n:a"]
    page.focus("n:s")
    page.press("Enter")
    assert "changed: axis: 0 → 1" in page.panel()
    page.named("Close all scopes").click()
    scope = page.page.locator('[data-key="s:net"]')
    assert "with differences" in scope.get_attribute("aria-label")
    assert "mt-faint" not in scope.get_attribute("class")


def test_the_legend_explains_the_signs_that_occur_and_no_others(page):
    page.island(show(samples.signs()))
    page.page.get_by_text("Legend").click()
    page.page.wait_for_selector(".mt-legend li")
    words = " / ".join(page.page.locator(".mt-legend li").all_inner_texts())
    for sign in ("variable", "input", "output", "no ∇", "+ added", "B broadcast", "N next round"):
        assert sign in words
    for sign in ("constant", "↗", "backward"):
        assert sign not in words


def test_an_input_says_its_shape_dtype_and_marks(page):
    page.island(show(samples.signs(), selected="s"))
    assert "(3,) int32 · broadcast" in page.panel()
    page.focus("n:a")
    page.press("Enter")
    assert "the dtype is int32" in page.panel()


@pytest.mark.parametrize("format_", ["svg", "png", "dot", "mermaid", "json"])
def test_a_picture_is_saved_without_a_server(page, format_):
    page.island(show(samples.signs()))
    page.page.get_by_text("Save as").click()
    page.page.get_by_label("Format").select_option(format_)
    with page.page.expect_download() as download:
        button(page, "Save").click()
    saved = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename == f"graph.{format_.replace('mermaid', 'mmd')}"
    if format_ == "svg":
        text = ElementTree.fromstring(saved)
        assert "≠ sum" in "".join(text.itertext())
        assert b"var(" not in saved
        assert b"rgb(" in saved
    elif format_ == "png":
        assert saved.startswith(b"\x89PNG")
        assert len(saved) > 5000
    elif format_ == "json":
        assert json.loads(saved) == graph_record(samples.signs())
    else:
        text = saved.decode()
        assert text.startswith({"dot": "digraph {", "mermaid": "flowchart TB"}[format_])
        assert text.count("(3,) int32") == 1


def test_hostile_names_are_quoted_where_they_are_saved(page):
    record = samples.hostile_steps()["graph"]
    page.island(show(record))
    page.page.get_by_text("Save as").click()
    for format_ in ("dot", "mermaid"):
        page.page.get_by_label("Format").select_option(format_)
        with page.page.expect_download() as download:
            button(page, "Save").click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        for line in text.split("\n"):
            quotes = line.replace('\\"', "").count('"')
            assert quotes % 2 == 0, line
    assert "<" not in text


def test_texts_can_be_copied_and_a_refusal_is_said(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.island(show(samples.signs()))
    page.page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: {"
        " writeText: async (text) => { window.copied = text; } }, configurable: true })"
    )
    page.page.get_by_text("Save as").click()
    page.page.get_by_label("Format").select_option("mermaid")
    button(page, "Copy").click()
    page.page.wait_for_function("window.copied?.startsWith('flowchart')")
    assert live(page) == "copied"
    page.page.evaluate(
        "void (navigator.clipboard.writeText = async () => { throw new Error('not allowed'); })"
    )
    button(page, "Copy").click()
    page.page.wait_for_function(
        "document.querySelector('[aria-live]').textContent.includes('save instead')"
    )


def test_search_reads_attributes_and_has_buttons(page):
    record = samples.scoped_graph(2)
    record["nodes"][5]["attrs"] = {"axis": "17"}
    page.island(show(record))
    page.page.get_by_role("searchbox").fill("axis,17")
    button(page, "Next hit").click()
    assert page.text(".mt-bar .mt-count") == "1 of 1"
    button(page, "Previous hit").click()
    assert page.page.locator(".mt-selected").count() == 1


def test_dispose_leaves_nothing_of_a_graph_with_every_control(page):
    page.widget(
        "graphs/graph",
        graph=graph_record(samples.repeated_blocks()),
        pinned=[],
        grouped=True,
        direction="LR",
    )
    page.page.evaluate("dispose()")
    assert page.page.evaluate("document.getElementById('host').childElementCount") == 0
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0
