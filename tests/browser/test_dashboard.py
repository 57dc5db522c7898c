"""The dashboard in a browser: reading, zooming, choosing, keyboard, live data, hostile names."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from minitensor_widgets import assets, dashboard
from minitensor_widgets.samples import HOSTILE
from minitensor_widgets.summaries import samples

TRAITS = ("dashboard", "smoothing", "axis", "log", "outliers", "hidden", "filter")
FRAMES = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"""


@pytest.fixture
def page(open_page):
    return open_page(reduced_motion="reduce")


def shown(page, log=None, **options):
    page.island(dashboard(log or samples.training(points=120), **options))
    page.page.wait_for_selector(".mt-scalar svg")
    page.page.evaluate(FRAMES)
    return page


def plots(page):
    return page.page.locator(".mt-reading")


def captions(page):
    page.page.evaluate(FRAMES)
    return page.page.locator(".mt-figure figcaption").all_inner_texts()


def read(page, index=0):
    return plots(page).nth(index).get_attribute("aria-valuetext")


def tensorboard(values, weight):
    """TensorBoard's smoothing, written down from its formula."""
    last, count, out = 0.0, 0, []
    for value in values:
        if not math.isfinite(value):
            out.append(value)
            continue
        last = last * weight + (1 - weight) * value
        count += 1
        out.append(last / (1.0 - weight**count if weight != 1 else 1.0))
    return out


# ---- what is seen


def test_runs_groups_and_charts_are_listed(page):
    shown(page)
    assert page.text(".mt-title") == "logs\n3 runs · 4 charts"
    assert page.text(".mt-control output") == "0.6"
    assert page.page.locator(".mt-run").all_inner_texts() == [
        f"{letter}\nrate {rate}" for letter, rate in zip("ABC", (0.1, 0.2, 0.3), strict=True)
    ]
    assert page.page.locator(".mt-group > summary").all_inner_texts() == [
        "train (2)",
        "validation (1)",
    ]
    assert page.page.locator(".mt-figure b").first.inner_text() == "learning rate"
    assert page.page.locator(".mt-figure p").first.inner_text() == "Mean over the batch."


def test_captions_say_last_least_and_greatest(page):
    shown(page, samples.Log([samples.curve("a", "loss", [4.0, 1.0, 3.0])]))
    assert captions(page) == ["a: last 3, least 1 at 1, greatest 4 at 0, rising at the end"]


def test_a_curve_is_drawn_in_the_colour_of_its_run(page):
    shown(page, samples.Log([samples.curve("a", "loss", [1.0, 1.0, 1.0])]))
    colours = page.page.evaluate(
        """() => { const canvas = document.querySelector('canvas'),
            { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const found = {};
            for (let i = 0; i < data.length; i += 4)
                if (data[i + 3] > 200) {
                    const colour = data.slice(i, i + 3);
                    found[colour] = (found[colour] ?? 0) + 1;
                }
            return Object.entries(found).sort((a, b) => b[1] - a[1])[0][0]; }"""
    )
    assert [abs(int(a) - b) < 30 for a, b in zip(colours.split(","), (0, 114, 178), strict=True)]
    assert page.page.locator(".mt-letter").count() == 0


def test_what_is_no_number_is_marked_where_it_is(page):
    values = np.ones(100)
    values[20], values[60], values[80] = math.nan, math.inf, -math.inf
    shown(page, samples.Log([samples.curve("a", "loss", values)]))
    places = page.page.eval_on_selector_all(
        ".mt-beyond path", "all => all.map((p) => p.getBBox().x + 4)"
    )
    ends = page.page.eval_on_selector(".mt-axis", "p => [p.getBBox().x, p.getBBox().width]")
    steps = [(at - ends[0]) / ends[1] * 99 for at in places]
    assert steps == pytest.approx([20, 60, 80], abs=1)
    assert "1 not a number, 2 infinite" in captions(page)[0]


# ---- reading


def test_arrows_read_all_plots_at_one_step_and_list_the_runs_by_value(page):
    shown(page, smoothing=0.0)
    plots(page).nth(1).focus()
    page.press("Home")
    log = samples.training(points=120)
    values = {run: log.scalars("train/accuracy", run).value for run in log.runs}
    order = sorted(log.runs, key=lambda run: -values[run][0])
    rows = page.page.locator(".mt-at:visible tr th:nth-child(3)").all_inner_texts()
    assert rows == order
    page.press(*["ArrowRight"] * 5)
    assert read(page, 1).startswith("step 5: ")
    assert f"rate 0.1 {values['rate 0.1'][5]:.4f}"[:15] in read(page, 1)
    assert read(page, 0).startswith("step 5: ")
    assert (
        page.page.locator(".mt-cross path").count() == page.page.locator(".mt-cross").count() >= 3
    )
    page.press("PageDown")
    assert read(page, 2).startswith("step 5: ")
    page.press("Escape")
    assert page.page.locator(".mt-cross path").count() == 0


def test_a_pointer_reads_too(page):
    shown(page)
    box = plots(page).first.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    step = int(read(page).removeprefix("step ").partition(":")[0])
    assert 40 <= step <= 80
    assert page.page.locator(".mt-at:visible").count() == 1
    page.page.mouse.move(2, 2)
    assert page.page.locator(".mt-at:visible").count() == 0


@pytest.mark.parametrize("weight", [0.6, 0.9, 0.99])
def test_smoothing_is_tensorboards(page, weight):
    values = np.random.default_rng(3).normal(size=40).astype(np.float32)
    values[7] = math.nan
    shown(page, samples.Log([samples.curve("a", "loss", values)]), smoothing=weight)
    plots(page).first.focus()
    page.press("Home")
    wanted = tensorboard(values.tolist(), weight)
    for step in range(40):
        soft = float(read(page).partition("smoothed ")[2].rstrip(")"))
        assert soft == pytest.approx(wanted[step], rel=2e-4, abs=2e-6, nan_ok=True), step
        page.press("ArrowRight")


# ---- choosing


def test_a_filter_leaves_the_tags_that_fit_it(page):
    shown(page)
    field = page.page.get_by_label("Tags")
    field.fill("LOSS$")
    assert page.page.locator(".mt-figure b").all_inner_texts() == ["train/loss", "validation/loss"]
    field.fill("loss[")
    assert page.page.locator(".mt-figure").count() == 0
    field.fill("")
    page.page.wait_for_function("document.querySelectorAll('.mt-figure').length === 4")


def test_a_run_is_hidden_in_all_plots(page):
    shown(page)
    page.page.get_by_label("rate 0.2").uncheck()
    assert not [text for text in captions(page) if "rate 0.2" in text]
    page.page.get_by_role("button", name="No runs").click()
    assert captions(page) == ["no run is shown"] * 4
    page.page.get_by_role("button", name="All runs").click()
    assert all("rate 0.2" in text for text in captions(page))


def test_a_log_axis_and_outliers_say_what_is_not_seen(page):
    values = np.random.default_rng(0).random(100) + 1
    values[50], values[51] = -3.0, 1e6
    shown(page, samples.Log([samples.curve("a", "loss", values)]))
    page.page.get_by_label("Log scale").check()
    assert captions(page)[0].endswith(" at the end. 1 value at or below 0 cannot be on a log axis.")
    page.page.get_by_label("Log scale").uncheck()
    page.page.get_by_label("Leave out outliers").check()
    assert "2 outliers beyond the axis" in captions(page)[0]


def test_curves_stand_over_time_too(page):
    shown(page, samples.Log([samples.curve("a", "loss", np.arange(200.0))]))
    page.page.get_by_label("Along").select_option("relative")
    page.page.evaluate(FRAMES)
    marks = page.page.locator(".mt-plot .mt-m").all_text_contents()
    assert marks == [
        "0:00",
        "1:00",
        "2:00",
        "3:00",
        "time since the run began · faint: as recorded",
    ]
    plots(page).first.focus()
    page.press("Home", *["ArrowRight"] * 61)
    assert read(page).startswith("step 61 · 1:01: a 61")


def test_many_charts_come_page_by_page(page):
    curves = [samples.curve("a", f"layer/{i:03d}", [1.0, 2.0]) for i in range(40)]
    shown(page, samples.Log(curves))
    assert page.page.locator(".mt-figure").count() == 12
    page.page.get_by_role("button", name="Show 24 more of 40").click()
    assert page.page.locator(".mt-figure").count() == 36
    page.page.get_by_role("button", name="Show 4 more of 40").click()
    assert page.page.locator(".mt-figure").count() == 40
    assert page.page.get_by_role("button", name="more of").count() == 0
    page.page.locator(".mt-group > summary").click()
    assert page.page.locator(".mt-figure:visible").count() == 0


# ---- zoom


def ends(page):
    """The first and the last mark of the x axis."""
    page.page.evaluate(FRAMES)
    numbers = page.page.locator(".mt-plot").first.locator(".mt-m").all_text_contents()
    return float(numbers[0]), float(numbers[-2])


def test_keys_and_buttons_zoom_around_the_place_that_is_read(page):
    shown(page, samples.Log([samples.curve("a", "loss", np.arange(1001.0))]))
    plots(page).first.focus()
    page.press("Home", *["ArrowRight"] * 20)
    page.press("+", "+", "+")
    low, high = ends(page)
    assert high - low < 150
    assert "(zoomed)" in page.page.locator(".mt-plot").first.text_content()
    page.press("0")
    assert ends(page) == (0, 1000)
    page.named("Zoom in").first.click()
    assert ends(page)[1] - ends(page)[0] < 600
    page.named("Zoom out").first.click()
    assert ends(page) == (0, 1000)


def test_a_drag_zooms_and_a_double_click_undoes_it(page):
    shown(page, samples.Log([samples.curve("a", "loss", np.arange(1001.0))]))
    box = plots(page).first.bounding_box()
    mouse, y = page.page.mouse, box["y"] + 60
    mouse.move(box["x"] + 150, y)
    mouse.down()
    mouse.move(box["x"] + 200, y, steps=4)
    assert page.page.locator(".mt-drag").count() == 1
    mouse.up()
    low, high = ends(page)
    assert 0 < low < high < 1000
    mouse.dblclick(box["x"] + 150, y)
    assert ends(page) == (0, 1000)


# ---- numbers


def test_numbers_are_a_table_and_a_file(page):
    log = samples.Log([samples.curve("a,b", "loss", [1.0, 2.5]), samples.curve("c", "loss", [3.0])])
    shown(page, log)
    page.page.get_by_role("button", name="Numbers").click()
    tables = page.page.locator(".mt-table table")
    assert tables.first.locator("tr").nth(1).inner_text().split("\t")[:5] == [
        "A a,b", "2.5", "1", "2.5", "rising",
    ]  # fmt: skip
    assert tables.nth(1).inner_text().split() == ["step", "A", "B", "0", "1", "3", "1", "2.5"]
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "loss.csv"
    rows = list(csv.reader(download.value.path().read_text().splitlines()))
    assert rows[0] == ["run", "tag", "step", "wall_time", "value"]
    assert [row[:3] + row[4:] for row in rows[1:]] == [
        ["a,b", "loss", "0", "1"],
        ["a,b", "loss", "1", "2.5"],
        ["c", "loss", "0", "3"],
    ]


# ---- for all


def test_all_panes_load_together(page):
    main = assets.whole("summaries/dashboard")
    looks = {
        "smoothing": 0,
        "axis": "step",
        "log": False,
        "outliers": False,
        "hidden": [],
        "filter": "",
    }
    page.widget(main, dashboard=dashboard(samples.training(points=9)).record, **looks)
    assert page.page.locator(".mt-scalar").count() >= 1


def test_strings_of_others_stay_text(page):
    log = samples.Log([samples.curve(HOSTILE[0], HOSTILE[1], [1.0, 2.0], HOSTILE[3])])
    shown(page, log, title=HOSTILE[2])
    plots(page).first.focus()
    page.press("Home")
    page.page.get_by_role("button", name="Numbers").click()
    assert HOSTILE[0] in page.text(".mt-run")
    assert HOSTILE[1] in page.text(".mt-figure b")
    assert page.page.locator(".mt img, .mt script, [onerror], [onload], [onfocus]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_themes_differ_and_targets_are_large(open_page, scheme):
    page = shown(open_page(color_scheme=scheme))
    small = page.page.eval_on_selector_all(
        ".mt button, .mt label, .mt select, .mt summary",
        "all => all.filter((e) => e.checkVisibility() && e.offsetHeight < 24).length",
    )
    assert small == 0
    background = page.page.eval_on_selector(".mt", "e => getComputedStyle(e).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_a_canvas_follows_the_theme(page):
    shown(page)
    look = "() => document.querySelector('canvas').toDataURL()"
    light = page.page.evaluate(look)
    page.page.emulate_media(color_scheme="dark")
    page.page.wait_for_function(f"(was) => ({look})() !== was", arg=light)


def test_keys_do_not_reach_the_notebook_and_plots_are_one_tab_stop(page):
    shown(page)
    page.page.evaluate("window.heard = []; addEventListener('keydown', (e) => heard.push(e.key))")
    plots(page).first.focus()
    page.press("ArrowRight", "PageDown", "Home", "+", "0")
    assert page.page.evaluate("heard") == []
    # one for each of the groups
    assert page.page.locator('.mt-reading[tabindex="0"]').count() == 3


def test_a_narrow_page_is_not_overflown(page):
    page.page.set_viewport_size({"width": 320, "height": 700})
    shown(page)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.page.evaluate(wide) is False


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_rules_of_accessibility_hold(open_page, options):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = shown(open_page(**options))
    plots(page).first.focus()
    page.press("Home")
    page.page.get_by_role("button", name="Numbers").first.click()
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    contrast = {"color-contrast": {"enabled": "forced_colors" not in options}}
    skipped = {"document-title": {"enabled": False}, "html-has-lang": {"enabled": False}}
    found = axe.Axe().run(page.page, options={"runOnly": rules, "rules": contrast | skipped})
    assert [
        (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
        for fault in found.response["violations"]
    ] == []
