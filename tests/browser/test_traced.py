"""Viewers of traced functions in a browser: cards of the cache, a slider through the passes."""

import itertools
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from minitensor_widgets import assets, passes, samples, traces
from minitensor_widgets.tracing.records import passes_record, traces_record

from .test_harness import contrast, luminance, styles


@pytest.fixture
def page(open_page):
    return open_page()


def shown(page, island):
    """Put an island on the page and wait for it to live."""
    page.page.set_content(f"<!doctype html><body>{island.to_html(static=False)}</body>")
    page.page.wait_for_selector(".mt-count")
    return page


def many(count):
    record = samples.cache()
    record["traces"] = [samples.trace(i, [("x", f"int {i}")], 0, 500) for i in range(1, count + 1)]
    return record | {"misses": count, "hits": 0, "calls": count, "bytes": 500 * count}


def counters(page):
    return dict(re.findall(r"(\w+)\n([^\n]+)", page.text(".mt-counts")))


def cards(page):
    return page.page.locator(".mt-card:not([hidden])")


# ---- cards


def test_cards_pile_up_and_the_counters_climb(page):
    shown(page, traces(samples.cache()))
    assert counters(page) == {"calls": "7", "hits": "4", "misses": "3", "memory": "5.12 kB"}
    page.page.get_by_role("slider").focus()
    page.press("Home")
    assert cards(page).count() == 0
    assert counters(page)["memory"] == "0 B"
    page.press("ArrowRight")
    assert counters(page) == {"calls": "4", "hits": "3", "misses": "1", "memory": "1.02 kB"}
    page.press("ArrowRight")
    assert cards(page).count() == 2
    assert "Trace 2" in page.panel()


def test_a_card_says_why_it_is_a_new_one(page):
    shown(page, traces(samples.cache()))
    cards(page).nth(1).click()
    panel = page.panel()
    assert "≠ x" in panel
    assert "float32[2]" in panel
    assert "the same" in panel
    assert "Fix: use reduce_retracing=True" in panel
    assert cards(page).nth(1).get_attribute("aria-pressed") == "true"
    assert "≠ x: float32[5]" in cards(page).nth(1).inner_text()


def test_cards_are_walked_by_arrows_and_chosen_by_enter(page):
    shown(page, traces(many(30)))
    assert page.page.locator('.mt-cards [tabindex="0"]').count() == 1
    page.page.eval_on_selector(".mt-card", "card => card.focus()")
    focused = "document.activeElement.dataset.number"
    page.press("ArrowRight")
    assert page.page.evaluate(focused) == "2"
    page.press("ArrowDown")
    assert int(page.page.evaluate(focused)) > 2
    page.press("End")
    assert page.page.evaluate(focused) == "30"
    page.press("Home", "Enter")
    assert "Trace 1" in page.panel()
    assert page.place() == "30 / 30", "arrows among cards do not move the slider"


def test_playing_deals_a_hundred_cards_quickly(page):
    page.page.clock.install()
    shown(page, traces(many(100)))
    page.named("Play").click()
    page.page.clock.run_for(10_000)
    assert page.place() == "100 / 100"
    assert counters(page)["memory"] == "50 kB"


# ---- passes


def test_passes_slide_from_graph_to_graph(page):
    shown(page, passes(samples.optimised(), at=0))
    assert page.place() == "0 / 2"
    assert "n:n3" in page.boxes()
    assert page.node("n3")[-1] == "goes next"
    page.page.get_by_role("slider").focus()
    page.press("ArrowRight")
    assert "n:n3" not in page.boxes()
    assert "Pass 1: merge equal" in page.panel()
    assert "48 B saved" in page.panel()
    assert "mul_1" in page.panel()
    page.press("End")
    assert page.place() == "2 / 2"
    assert "multiply(m0, m0, out=m0)" in page.text(".mt-program")
    assert page.page.locator(".mt-svg").count() == 1


def test_passes_are_chosen_from_the_list_by_mouse_and_arrows(page):
    shown(page, passes(samples.optimised()))
    rows = page.page.locator(".mt-pass")
    assert [text.split("\n") for text in rows.all_inner_texts()] == [
        ["traced", "5"], ["merge equal", "5 → 4"], ["fold constants", "4 → 3"],
    ]  # fmt: skip
    rows.nth(0).click()
    assert page.place() == "0 / 2"
    page.press("ArrowDown")
    assert page.place() == "1 / 2"
    assert rows.nth(1).evaluate("row => row === document.activeElement")
    page.press("End")
    assert page.place() == "2 / 2"


def test_a_node_of_a_pass_can_be_looked_at(page):
    shown(page, passes(samples.optimised(), at=1))
    page.click("n:n4")
    assert "operation multiply" in page.panel()
    assert "Pass 1" in page.panel()
    page.press("Escape")
    assert "operation multiply" not in page.panel()


def checked() -> Any:
    """Passes of which one kept the results, and one did not."""
    record = samples.optimised()
    for item, verdict in zip(record["passes"][1:], ("equal", "different"), strict=True):
        item["equality"] = {"verdict": verdict, "text": f"It is {verdict}.", "trials": 3}
    record["lines"] = [[2, "mul"], [3, "mul_2"], [4, "add"]]
    return record


def test_whether_the_results_stayed_the_same_stands_in_the_list_and_in_words(page):
    shown(page, passes(checked()))
    rows = page.page.locator(".mt-pass").all_inner_texts()
    assert [text.split("\n")[-1] for text in rows] == ["5", "equal", "DIFFERS"]
    assert "Same results? It is different." in page.panel()
    page.named("Previous step").click()
    assert "It is equal." in page.text(".mt-live")


def test_a_node_marks_its_lines_of_the_program_in_every_graph(page):
    shown(page, passes(checked(), at=0))
    marked = page.page.locator(".mt-made")
    assert marked.count() == 0
    page.click("n:n4")
    assert marked.all_inner_texts() == ["    multiply(m0, m0, out=m0)\n"]
    assert "In the program: line 3." in page.panel()
    page.click("n:n3")
    assert marked.count() == 0
    assert "Not in the program." in page.panel()
    page.press("Escape")
    assert "the program" not in page.panel()


def test_the_program_stands_beside_the_graph_where_there_is_room(page):
    shown(page, passes(checked()))

    def sides():
        return [page.page.locator(at).bounding_box() for at in (".mt-view", ".mt-beside")]

    graph, program = sides()
    assert program["x"] >= graph["x"] + graph["width"] - 1
    page.page.set_viewport_size({"width": 420, "height": 700})
    graph, program = sides()
    assert program["y"] >= graph["y"] + graph["height"] - 1


# ---- both


ISLANDS = {
    "traces": lambda: traces(samples.cache()),
    "passes": lambda: passes(samples.optimised(), at=1),
}


@pytest.mark.parametrize("make", ISLANDS.values(), ids=ISLANDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_in_both_schemes(open_page, scheme, make):
    page = shown(open_page(color_scheme=scheme), make())
    (ground,) = styles(page, ".mt", "backgroundColor")
    assert (luminance(ground) > 0.5) == (scheme == "light")
    boxes = [".mt-card"] if page.page.locator(".mt-card").count() else []
    grounds = [
        ground,
        *(colour for box in boxes for colour in styles(page, box, "backgroundColor")),
    ]
    words = ".mt-panel :is(p, dt, dd, td, th, small), .mt-counts *, .mt-card *, .mt-pass span"
    for colour in styles(page, words, "color"):
        assert all(contrast(colour, below) >= 4.5 for below in grounds), colour


@pytest.mark.parametrize("make", ISLANDS.values(), ids=ISLANDS)
def test_targets_are_large_and_named_and_narrow_pages_are_not_overflown(page, make):
    page.page.set_viewport_size({"width": 360, "height": 700})
    shown(page, make())
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 360
    for target in page.page.locator(".mt button, .mt input, .mt summary").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert target.get_attribute("aria-label") or target.inner_text()


KEPT = {"kind", "id", "source", "target", "shape", "verdict", "version"}


def spoiled(value: Any, bad: Any, key: str = "") -> Any:
    """A record in which every string tries to be markup, but for those that name its parts."""
    if isinstance(value, dict):
        return {name: spoiled(item, bad, name) for name, item in value.items()}
    if isinstance(value, list):
        return [spoiled(item, bad, key) for item in value]
    return next(bad) if isinstance(value, str) and key not in KEPT else value


@pytest.mark.parametrize("main", ["tracing/traces", "tracing/passes"])
def test_hostile_words_stay_text(page, main):
    bad = itertools.cycle(samples.HOSTILE)
    name = main.rpartition("/")[2]
    record = spoiled(samples.cache() if name == "traces" else checked(), bad)
    if name == "passes":
        record["source"] = "\n".join(samples.HOSTILE)
    island = traces(record) if name == "traces" else passes(record)
    found = "[...new Set([...document.querySelectorAll('.mt *')].map(e => e.localName))]"
    ElementTree.fromstring(island.to_svg())
    shown(page, island)
    assert not {"img", "script", "a", "iframe"} & set(page.page.evaluate(found))
    page.widget(main, **{name: island.record, "step": 2})
    assert not {"img", "script", "a", "iframe"} & set(page.page.evaluate(found))
    assert "onerror" in page.text(".mt")


@pytest.mark.parametrize("main", ["tracing/traces", "tracing/passes"])
def test_widgets_are_led_by_python_and_leave_nothing_behind(page, main):
    record = {
        "traces": traces_record(samples.cache()),
        "passes": passes_record(samples.optimised()),
    }
    page.page.set_content("<!doctype html><body></body>")
    state = {"collapsed": [], "selected": "", "step": 2, **record}
    from .conftest import HOST

    page.page.evaluate(HOST, {"esm": assets.esm(main), "css": assets.css(main), "state": state})
    page.page.wait_for_selector(".mt-count")
    page.page.evaluate("model.fromPython('step', 1)")
    assert page.place().startswith("1 /")
    page.named("Next step").click()
    assert page.page.evaluate("sent.at(-1).step") == 2
    page.page.evaluate("dispose()")
    assert page.page.evaluate("document.getElementById('host').childElementCount") == 0
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0
