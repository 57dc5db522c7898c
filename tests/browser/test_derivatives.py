"""Jacobians and gradient checks in a browser: read, walked by keys, led by Python, disposed."""

import json
from typing import Any

import pytest

import minitensor as mt
from minitensor_widgets import gradient_check, jacobian, samples
from minitensor_widgets.derivatives.records import check_record, jacobian_record

from .test_harness import contrast, luminance, styles

MAIN = {"jacobian": "derivatives/jacobian", "check": "derivatives/check"}


@pytest.fixture
def page(open_page):
    return open_page()


@mt.custom_gradient
def twice(x):
    return x * x, lambda g: g * 4.0 * x


def softmax():
    return jacobian(mt.nn.softmax, mt.constant([[1.0, 2.0], [3.0, 1.0]]))


def agreeing():
    return gradient_check(
        lambda x, w: mt.reduce_sum(mt.tanh(x * w)), mt.constant([1.0, 2.0]), mt.constant(0.5)
    )


ISLANDS = {
    "jacobian": softmax,
    "large": lambda: jacobian(mt.cumsum, mt.ones([300])),
    "nan": lambda: jacobian(mt.sqrt, mt.constant([-1.0, 0.0, 4.0])),
    "raises": lambda: jacobian(lambda x: x @ x, mt.ones([2, 3])),
    "empty": lambda: jacobian(mt.tanh, mt.zeros([0])),
    "agrees": agreeing,
    "wrong": lambda: gradient_check(twice, mt.constant([1.0, 3.0])),
    "integers": lambda: gradient_check(lambda i: i * 2, mt.constant(2)),
    "no number": lambda: gradient_check(mt.math.log, mt.constant(-1.0)),
}


# ---- the map


def test_a_jacobian_says_what_it_is_and_what_its_elements_are(page):
    page.island(softmax())
    panel = page.panel()
    assert "Block diagonal\n\n2 blocks of 2 × 2; outside" in panel
    assert "Samples do not mix: tape.batch_jacobian" in panel
    assert "Walk to an element to read it." in panel
    assert page.page.locator(".mt-colours rect").count() == 8, "zeros stay empty"
    page.page.locator(".mt-matrix").focus()
    page.press("ArrowRight", "ArrowRight", "ArrowDown")
    assert "∂ softmax[0, 1] / ∂ logits[0, 1] = 0.19661" in page.panel()
    assert "softmax[0, 1]" in page.text(".mt-live")
    page.press("End", "PageDown")
    assert "∂ softmax[1, 1] / ∂ logits[1, 1] = 0.10499" in page.panel()
    page.press("Home", "PageUp")
    assert "∂ softmax[0, 0] / ∂ logits[0, 0] = 0.19661" in page.panel()
    page.press("Escape")
    assert "Walk to an element" in page.panel()


def test_an_element_is_chosen_with_the_mouse_and_led_by_python(page):
    page.widget(MAIN["jacobian"], jacobian=softmax().record)
    box = page.page.locator(".mt-field").bounding_box()
    page.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.6)
    assert page.page.evaluate("sent.at(-1).selected") == "2,3"
    assert "softmax[1, 0] / ∂ logits[1, 1]" in page.panel()
    page.page.evaluate("model.fromPython('selected', '0,0')")
    assert "softmax[0, 0] / ∂ logits[0, 0]" in page.panel()
    page.page.evaluate("model.fromPython('selected', '99,nonsense')")
    assert "Walk to an element" in page.panel()


def test_a_small_jacobian_has_a_table(page):
    page.island(softmax())
    page.page.locator("summary").focus()
    page.press("Enter")
    cells = page.page.locator("details td").all_inner_texts()[1:]
    assert len(cells) == 16
    assert cells[0] == "0.19661"
    assert page.page.locator("details th[scope=row]").all_inner_texts() == [
        "0, 0", "0, 1", "1, 0", "1, 1",
    ]  # fmt: skip


def test_a_cell_of_a_large_matrix_names_the_elements_it_stands_for(page):
    page.island(ISLANDS["large"]())
    page.page.locator(".mt-matrix").focus()
    page.press("ArrowDown", "ArrowDown")
    assert "∂ cumsum[5 … 9] / ∂ x[0 … 4] = 1" in page.panel()
    assert "each cell shows the one farthest from zero among 5 × 5" in page.panel()
    page.press("PageDown")
    assert "cumsum[295 … 299]" in page.panel()
    assert page.page.locator("details").count() == 0


def test_what_is_no_number_has_a_sign(page):
    page.island(ISLANDS["nan"]())
    assert page.page.locator(".mt-glyph").all_text_contents() == ["×", "+∞"]
    page.page.locator(".mt-matrix").focus()
    page.press("ArrowDown")
    assert "= NaN" in page.panel()


# ---- the check


def test_the_steps_of_a_check_are_walked_and_read(page):
    page.island(agreeing())
    assert "✓ The gradient agrees with the slopes" in page.panel()
    assert "Both gradients agree" in page.panel()
    page.page.get_by_role("slider").focus()
    page.press("Home")
    assert page.place() == "h = 1e-1"
    rows = page.page.locator(".mt-branches tbody tr").all_inner_texts()
    assert rows[0].split("\t")[0] == "central, float64"
    assert "curvature: slope 2" in rows[0]
    assert "curvature: slope 1" in rows[1]
    page.press("ArrowRight", "ArrowRight")
    assert page.place() == "h = 1e-2"
    assert "h = 1e-2. central, float64: error" in page.text(".mt-live")
    page.press("End")
    assert "rounding: slope" in page.text(".mt-branches")
    assert page.page.get_by_role("slider").get_attribute("aria-valuetext").endswith("h = 1e-12")


def test_arguments_are_chosen_by_arrows_and_by_mouse(page):
    page.widget(MAIN["check"], check=agreeing().record)
    tabs = page.page.locator(".mt-tabs button")
    assert tabs.all_inner_texts() == ["✓ x", "✓ w"]
    tabs.first.focus()
    page.press("ArrowRight")
    assert page.page.evaluate("sent.at(-1).selected") == "w"
    assert tabs.nth(1).evaluate("tab => tab === document.activeElement")
    assert "with respect to w agrees" in page.panel()
    assert page.page.locator('.mt-tabs [tabindex="0"]').count() == 1
    tabs.first.click()
    assert "with respect to x agrees" in page.panel()
    page.page.evaluate("model.fromPython('selected', 'w')")
    assert "with respect to w agrees" in page.panel()


def test_a_wrong_gradient_is_named_and_its_elements_stand_out(page):
    page.island(ISLANDS["wrong"]())
    panel = page.panel()
    assert "✗ The gradient is wrong" in panel
    assert "the derivative of result (1,) is 12 instead of 6" in panel
    assert "no step agrees" in panel
    assert page.page.locator(".mt-amiss").count() == 2
    assert page.page.locator(".mt-best").count() == 0
    assert page.page.locator(".mt-worst th[scope=row]").all_inner_texts() == ["(1,)", "(0,)"]


def test_a_check_without_numbers_says_why(page):
    page.island(ISLANDS["integers"]())
    assert "no argument is of float16, float32 or float64" in page.panel()
    assert page.page.locator(".mt-bar").is_hidden()
    page.island(ISLANDS["no number"]())
    assert "The function itself gives no number here" in page.panel()


# ---- both


@pytest.mark.parametrize("make", ISLANDS.values(), ids=ISLANDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_in_both_schemes(open_page, scheme, make):
    page = open_page(color_scheme=scheme).island(make())
    (ground,) = styles(page, ".mt", "backgroundColor")
    assert (luminance(ground) > 0.5) == (scheme == "light")
    words = ".mt-panel :is(p, div, li, td, th), .mt-worst :is(td, th), .mt-title span"
    for colour in styles(page, words, "color"):
        assert contrast(colour, ground) >= 4.5, colour
    for colour in styles(page, ".mt-plot text", "fill"):
        assert contrast(colour, ground) >= 4.5, colour
    for colour in styles(page, ".mt-matrix text:not(.mt-glyph)", "fill"):
        assert contrast(colour, "rgb(255, 255, 255)") >= 4.5, colour


def test_the_map_stands_on_white_in_dark_pages_too(open_page):
    page = open_page(color_scheme="dark").island(softmax())
    dark = {"--jp-layout-color1": "#111", "--jp-content-font-color1": "#fff"}
    for name, colour in dark.items():
        page.page.evaluate(
            "([n, c]) => document.documentElement.style.setProperty(n, c)", [name, colour]
        )
    page.page.locator(".mt-matrix").focus()
    page.page.keyboard.press("ArrowDown")
    assert styles(page, ".mt-matrix", "backgroundColor") == ["rgb(255, 255, 255)"]
    (mark,) = styles(page, ".mt-here", "stroke")
    assert contrast(mark, "rgb(255, 255, 255)") >= 3


@pytest.mark.parametrize("make", ISLANDS.values(), ids=ISLANDS)
def test_narrow_pages_are_not_overflown_and_targets_are_large(page, make):
    page.page.set_viewport_size({"width": 340, "height": 700})
    page.island(make())
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 340
    for target in page.page.locator(".mt button:visible, .mt input:visible, summary").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert target.get_attribute("aria-label") or target.inner_text()


def test_every_task_can_be_done_with_keys_alone(page):
    page.island(softmax(), agreeing())
    seen = []
    for _ in range(20):
        page.press("Tab")
        seen.append(page.page.evaluate("document.activeElement.className || 'input'"))
    order = [name.split()[0] for name in seen]
    for name in ("mt-matrix", "mt-panel", "mt-link", "mt-wide"):
        assert name in order


def hostile(kind):
    """A record in which every string tries to be markup."""
    bad = iter(samples.HOSTILE * 200)
    kept = {"verdict", "kind"}

    def spoiled(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: spoiled(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [spoiled(item, key) for item in value]
        return next(bad) if isinstance(value, str) and key not in kept else value

    if kind == "jacobian":
        record = softmax().record | {"note": "x"}
        return jacobian(json.loads(json.dumps(jacobian_record(spoiled(record) | {"error": ""}))))
    record = ISLANDS["wrong"]().record
    record["arguments"] *= 2
    return gradient_check(check_record(spoiled(record) | {"error": "<b>"}))


@pytest.mark.parametrize("kind", MAIN)
def test_hostile_words_stay_text(page, kind):
    island = hostile(kind)
    page.island(island)
    found = "[...new Set([...document.querySelectorAll('.mt *')].map(e => e.localName))]"
    assert not {"img", "script", "a", "iframe"} & set(page.page.evaluate(found))
    page.page.set_content(f"<!doctype html><body>{island.to_html(static=True)}</body>")
    page.widget(MAIN[kind], **{kind: island.record})
    assert "onerror" in page.text(".mt")


@pytest.mark.parametrize("kind", MAIN)
def test_widgets_leave_nothing_behind(page, kind):
    record = softmax().record if kind == "jacobian" else agreeing().record
    page.widget(MAIN[kind], **{kind: record})
    other = ISLANDS["nan" if kind == "jacobian" else "wrong"]().record
    page.page.evaluate("([name, value]) => model.fromPython(name, value)", [kind, other])
    assert ("Diagonal" if kind == "jacobian" else "is wrong") in page.panel()
    page.page.evaluate("dispose()")
    assert page.page.evaluate("document.getElementById('host').childElementCount") == 0
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0
