"""The viewer of a model's health in a browser: rows, strips, findings, curves."""

import pytest

from minitensor_widgets import HealthWidget, ModelHealth, model_health, samples
from minitensor_widgets.summaries import health_figure
from minitensor_widgets.summaries.health import (
    SIGN_TEXT,
    complete_health,
    finding_text,
    strips,
)
from minitensor_widgets.summaries.health_samples import watched

MAIN = "summaries/health"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MODES = [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}]


@pytest.fixture
def page(open_page):
    return open_page().island(model_health(watched()))


def row(page, at):
    """The texts of a layer's row: its name, and a number for each measure."""
    cells = page.page.locator(".mt-health tbody tr").nth(at).locator("th, td")
    return [text.strip() for text in cells.all_inner_texts()]


def said(page):
    return page.page.locator(".mt-live").inner_text()


# ---- what stands there


def test_the_verdict_is_on_top_and_every_layer_has_its_numbers(page):
    assert page.text(".mt-title b") == "Health of 3 layers: 12 looks"
    assert page.text(".mt-verdict").startswith("step 110: Look at dense: More than a tenth")
    assert row(page, 0) == ["dense⚠", "8e-4", "8e-5▼", "93 %▲", "–", "0 %"]
    assert row(page, 2) == ["dense_2✗", "NaN", "8e-3", "–", "10 %", "50 %▲"]
    assert page.page.locator(".mt-strip").count() == 3 + 3 + 2 + 1 + 3
    heads = page.page.locator(".mt-health thead th").all_inner_texts()
    assert heads[2] == "update / weight\nusual: 1e-4 to 1e-2"


def test_python_and_the_page_use_the_same_words(page):
    record = complete_health(watched())
    lines = page.text(".mt-health caption").split("\n")
    assert lines[-2:] == [SIGN_TEXT, health_figure.scale_text(record)]
    assert lines[:-2] == [
        "Arrow keys: up and down the layers, left and right the steps.",
        "Strips: step 0 to 110; the frame is the step of the numbers.",
    ]
    found = [text.split("\n")[0] for text in page.page.locator(".mt-found li").all_inner_texts()]
    assert found == [finding_text(item) for item in record["findings"]]


def test_strips_are_painted_in_the_colours_of_the_figure(page):
    record = complete_health(watched())
    measure = strips(record)[1]
    rows = record["values"][measure["name"]]
    wanted = [
        list(health_figure.colour(value, measure, health_figure.decades(rows))) for value in rows[0]
    ]
    seen = page.page.evaluate("""() => {
        const canvas = document.querySelectorAll('.mt-health tbody tr')[0]
            .querySelectorAll('canvas')[1];
        const pixels = canvas.getContext('2d').getImageData(0, 4, canvas.width, 1).data;
        return [...Array(12).keys()].map((i) => {
            const at = 4 * Math.floor(canvas.width * (i + 0.5) / 12);
            return [...pixels.slice(at, at + 4)];
        });
    }""")
    on_ground = [[247 + (c - 247) * a / 255 for c in rgb] for *rgb, a in seen]  # in the light theme
    assert [pytest.approx(rgb, abs=2) for rgb in wanted] == on_ground


def test_the_first_nan_is_named_with_its_line_and_leads_there(page):
    assert (
        page.text(".mt-first-bad")
        .replace("\n", " ")
        .startswith("✗ First NaN: step 110, on the way back, in layer dense_2")
    )
    assert "y = mt.sqrt(x)" in page.text(".mt-first-bad")
    page.page.locator(".mt-layer").first.focus()
    page.press("Home")
    page.page.get_by_role("button", name="First NaN").click()
    assert page.text(".mt-verdict").startswith("step 110")
    assert page.text(".mt-panel .mt-head") == "dense_2"


# ---- walking


def test_arrows_walk_over_layers_and_steps(page):
    page.page.locator('.mt-layer[tabindex="0"]').focus()
    page.press("ArrowDown")
    assert page.page.evaluate("document.activeElement.textContent") == "dense_1"
    assert page.page.locator('.mt-layer[tabindex="0"]').count() == 1
    assert page.text(".mt-panel .mt-head") == "dense_1"
    page.press("ArrowLeft", "ArrowLeft")
    assert page.text(".mt-verdict").startswith("step 90: ")
    assert said(page).startswith("step 90: dense_1: gradient / weight 8.3e-3")
    page.press("Home")
    assert page.text(".mt-verdict") == "step 0: Nothing looks wrong."
    assert row(page, 0)[3] == "5 %"
    page.press("ArrowLeft", "ArrowUp", "ArrowUp", "End")
    assert row(page, 0)[3] == "93 %▲"
    assert page.page.evaluate("document.activeElement.textContent") == "dense"


def test_a_click_on_a_strip_chooses_layer_and_step(page):
    strip = page.page.locator(".mt-health tbody tr").nth(1).locator(".mt-strip").first
    box = strip.bounding_box()
    page.page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + 6)
    assert page.text(".mt-verdict").startswith("step 60: ")
    assert page.text(".mt-panel .mt-head") == "dense_1"


def test_a_layer_shows_its_curves_line_and_numbers(page):
    panel = page.page.locator(".mt-panel")
    assert "Dense, relu, 64 units" in panel.inner_text()
    assert "Dense(64),  # dense" in panel.inner_text()
    assert "dense/kernel, dense/bias" in panel.inner_text()
    assert "mean output\n0.51" in panel.inner_text()
    assert panel.locator(".mt-plot").count() == 2
    label = panel.locator(".mt-plot").first.get_attribute("aria-label")
    assert label == "Ratios: gradient / weight 8e-4, update / weight 8e-5"
    here = panel.locator(".mt-here").first.get_attribute("d")
    page.page.locator('.mt-layer[tabindex="0"]').focus()
    page.press("ArrowLeft")
    assert panel.locator(".mt-here").first.get_attribute("d") != here


def test_what_is_not_finite_is_marked_on_the_curves(page):
    assert page.page.locator(".mt-panel .mt-not-finite").first.get_attribute("d") == ""
    page.page.get_by_role("button", name="Look at dense_2").click()
    marks = page.page.locator(".mt-panel .mt-not-finite").first.get_attribute("d")
    assert marks.count("M") == 1


def test_a_finding_leads_to_its_layer_and_step(page):
    page.page.get_by_role("button", name="Look at dense_2").click()
    assert page.text(".mt-panel .mt-head") == "dense_2"
    assert page.page.locator('.mt-layer[aria-pressed="true"]').inner_text() == "dense_2"


@pytest.mark.parametrize("looks", [0, 1])
def test_nothing_and_one_look_can_be_shown(open_page, looks):
    page = open_page().island(model_health(watched(2, looks, bad=False)))
    if looks:
        assert page.text(".mt-title b") == "Health of 2 layers: step 0"
        assert page.page.locator(".mt-panel .mt-plot").count() == 0
        assert "Nothing looks wrong." in page.text(".mt-found")
        lines = page.text(".mt-health caption").split("\n")
        assert lines[0] == "Arrow keys: up and down the layers."
        assert not any(line.startswith("Strips") for line in lines)
        assert page.page.locator(".mt-strip i").count() == 0
        assert page.page.locator(".mt-strip").first.bounding_box()["width"] == 24
    else:
        assert page.text(".mt-title b") == "Health: nothing was looked at yet"


# ---- as a widget


def test_the_page_and_python_lead_each_other(open_page):
    widget = HealthWidget(watched())
    page = open_page().widget(MAIN, health=widget.health, step=widget.step)
    page.page.locator('.mt-layer[tabindex="0"]').focus()
    page.press("ArrowLeft", "ArrowDown")
    assert page.page.evaluate("[sent.at(-1).step, sent.at(-1).selected]") == [10, "dense_1"]
    page.page.evaluate("model.fromPython('step', 1)")
    assert page.text(".mt-verdict").startswith("step 10: ")


def test_new_looks_keep_the_layer_and_the_focus(open_page):
    page = open_page().widget(MAIN, health=complete_health(watched(looks=4, bad=False)), step=3)
    page.page.locator('.mt-layer[tabindex="0"]').focus()
    page.press("ArrowDown")
    page.page.evaluate("(h) => model.fromPython('health', h)", complete_health(watched(looks=9)))
    page.page.evaluate("model.fromPython('step', 8)")
    assert page.text(".mt-verdict").startswith("step 80: ")
    assert page.text(".mt-panel .mt-head") == "dense_1"
    assert page.page.evaluate("document.activeElement.textContent") == "dense_1"


def test_dispose_leaves_nothing_behind(open_page):
    page = open_page().widget(MAIN, health=complete_health(watched()), step=0)
    page.page.evaluate("dispose()")
    assert page.page.locator("#host").inner_html() == ""
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0


# ---- rules for all


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: next(iter(mode.values())))
def test_rules_of_accessibility_hold(open_page, mode):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = open_page(reduced_motion="reduce", **mode).island(model_health(watched()))
    contrast = {"color-contrast": {"enabled": "forced_colors" not in mode}}
    found = axe.Axe().run(page.page, ".mt", options={"runOnly": RULES, "rules": contrast})
    assert [
        (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
        for fault in found.response["violations"]
    ] == []


def test_hostile_words_stay_text(open_page):
    record = watched()
    for i, name in enumerate(samples.HOSTILE[:3]):
        record["layers"][i] |= {"name": name, "kind": name, "variables": [name]}
        record["layers"][i]["line"] = {"file": name, "line": 1, "text": name}
    for item in record["findings"]:
        item |= {"sentence": samples.HOSTILE[4], "layer": samples.HOSTILE[1]}
    record["verdicts"] = [samples.HOSTILE[3]] * 12
    record["first_bad"] |= {"layer": samples.HOSTILE[2], "what": samples.HOSTILE[0]}
    page = open_page().island(ModelHealth(record, selected=samples.HOSTILE[0]))
    page.page.locator('.mt-layer[tabindex="0"]').focus()
    page.press("ArrowDown", "ArrowUp", "ArrowLeft")
    assert page.page.locator(".mt img, .mt script, [onerror], [onload], [onfocus]").count() == 0
    assert samples.HOSTILE[3] in page.text(".mt-verdict")


def test_a_narrow_page_is_not_overflown(open_page):
    page = open_page()
    page.page.set_viewport_size({"width": 400, "height": 700})
    page.island(model_health(watched()))
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.page.evaluate(wide) is False


@pytest.mark.parametrize("width", [480, 600, 1000])
def test_nothing_is_cut_or_covered(open_page, width):
    page = open_page()
    page.page.set_viewport_size({"width": width, "height": 700})
    page.island(model_health(watched()))
    page.page.add_style_tag(content="table { table-layout: fixed }")  # as JupyterLab has it
    cut = page.page.evaluate("""() => {
        const right = (el) => el.getBoundingClientRect().right;
        return [...document.querySelectorAll(".mt-measured > span")].filter((el) =>
            right(el) > right(el.closest("td")) + 1).length;
    }""")
    assert cut == 0
    boxes = [x.bounding_box() for x in page.page.locator(".mt-panel .mt-plot").all()]
    boxes.append(page.page.locator(".mt-found").bounding_box())
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            apart = (a["y"] >= b["y"] + b["height"], a["x"] >= b["x"] + b["width"])
            assert any(apart), (a, b)


def test_no_number_has_stripes(page):
    pixels = page.page.evaluate("""() => {
        const canvas = document.querySelectorAll('.mt-health tbody tr')[2].querySelector('canvas');
        const data = canvas.getContext('2d').getImageData(canvas.width - 2, 0, 1, 32).data;
        return [0, 4, 8, 12].map((y) => data[4 * y]);
    }""")
    assert pixels == [26, 255, 26, 255]


def test_walking_is_quick_with_many_layers(open_page):
    page = open_page().island(model_health(watched(60, 400)))
    page.page.locator('.mt-layer[tabindex="0"]').focus()
    took = page.page.evaluate("""() => {
        const times = [];
        for (let i = 0; i < 20; i++) {
            const start = performance.now();
            const key = i % 2 ? "ArrowLeft" : "ArrowDown";
            const event = new KeyboardEvent("keydown", {key, bubbles: true});
            document.activeElement.dispatchEvent(event);
            document.body.getBoundingClientRect();
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[10];
    }""")
    assert took < 50
