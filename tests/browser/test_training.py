"""The board of a run in a browser: reading, keyboard, live messages, hostile names, disposal."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest

from minitensor_widgets import BoardFigure, samples
from minitensor_widgets.training.bars import Bar
from minitensor_widgets.training.figure import summary
from minitensor_widgets.training.ridges import rebin
from minitensor_widgets.training.ridges import summary as ridge_summary
from minitensor_widgets.training.run import Run

MAIN = "training/board"
SEND = """([content, buffers]) => {
  const views = buffers.map((numbers) => new DataView(new Float64Array(numbers).buffer));
  listeners["msg:custom"].forEach((act) => act(content, views));
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@pytest.fixture
def page(open_page):
    return open_page()


def a_run(points=40, title="A run"):
    run = Run(title)
    random = np.random.default_rng(0)
    for i in range(points):
        run.log("loss", 2.0 ** -(i / 8), i, "training")
        if i % 4 == 0:
            run.log("loss", 1.5 * 2.0 ** -(i / 8), i, "validation")
        run.log("accuracy", i / points if i != 20 else math.nan, i)
        if i % 10 == 0:
            run.add_histogram("kernel", random.normal(size=500) * (1 + i / 10), i)
    run.bars = [Bar("Epoch 4/4", points, "step", done=points, values={"loss": 0.1})]
    run.end("finished")
    return run


def shown(page, run=None, **looks):
    return page.island(BoardFigure((run or a_run()).record(timed=False), **looks))


def live(page, record=None, **state):
    record = record or {**a_run().record(timed=False), "state": "running"}
    looks = {"smoothing": 0, "log": False, "overlay": False}
    return page.widget(MAIN, board=record, bars=record["bars"], **{**looks, **state})


def captions(page):
    return page.page.locator(".mt-figure figcaption").all_inner_texts()


def plots(page):
    return page.page.locator(".mt-reading")


# ---- what stays


def test_bars_curves_and_ridges_stand_in_the_island(page):
    shown(page)
    assert "! 40/40" in page.text(".mt-bars")
    assert "finished · accuracy became no number (NaN) at step 20" in page.text(".mt-title")
    bar = page.page.get_by_role("progressbar", name="Epoch 4/4")
    assert bar.get_attribute("aria-valuenow") == "100"
    assert page.page.locator(".mt-figure > b").all_inner_texts() == ["loss", "accuracy", "kernel"]
    assert page.page.locator(".mt-plot").first.locator(".mt-curve").count() == 2 + 2
    assert page.page.locator(".mt-nan path").count() == 1
    assert page.page.locator(".mt-ridge").count() == 4
    assert "⚠ accuracy is no number (NaN) since step 20." in page.text(".mt-notes")


def test_a_single_value_is_told_in_words(page):
    run = a_run()
    run.log("once", 2.5, 3)
    run.settle()
    shown(page, run)
    assert "once: last 2.5" in page.text(".mt-notes")
    assert plots(page).count() == 3


def test_each_plot_is_told_in_the_same_words_as_by_python(page):
    record = a_run().record()
    shown(page)
    told = captions(page)
    for plot, text in zip(record["scalars"], told[:2], strict=True):
        assert text == "; ".join(summary(plot["name"], line) for line in plot["lines"])
    words = ridge_summary("kernel", record["histograms"][0]["lines"][0])
    assert words.startswith(told[2])


def test_arrows_read_all_plots_at_one_step(page):
    shown(page)
    plots(page).first.focus()
    page.press("Home")
    assert captions(page)[:2] == ["step 0: training 1 · validation 1.5", "step 0: accuracy 0"]
    page.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    assert captions(page)[0] == "step 4: training 0.70711 · validation 1.0607"
    assert page.text(".mt-live") == captions(page)[0]
    page.press("PageDown", "Home", *["ArrowRight"] * 20)
    assert captions(page)[1] == "step 20: accuracy nan"
    assert captions(page)[0].startswith("step 20: training 0.17678")
    assert page.page.locator(".mt-cross path").count() == 2
    page.press("Escape")
    assert page.page.locator(".mt-cross path").count() == 0
    assert captions(page)[1].startswith("accuracy: last 0.975")


def test_histograms_are_read_by_bin_and_step(page):
    run = a_run()
    shown(page, run)
    plots(page).nth(2).focus()
    page.press("Home")
    items = run.histograms["kernel", ""].items
    low, high = min(i["low"] for i in items), max(i["high"] for i in items)
    counts = rebin(items[0], low, high)

    def read():
        ((step, many),) = re.findall(r"^step (\d+): (\S+) from", captions(page)[2])
        return int(step), float(many)

    assert read() == (0, pytest.approx(counts[32], rel=5e-3))
    page.press("ArrowLeft", "ArrowLeft")
    assert read() == (0, pytest.approx(counts[30], rel=5e-3))
    page.press("ArrowDown", "ArrowDown")
    assert read() == (20, pytest.approx(rebin(items[2], low, high)[30], rel=5e-3))


def test_a_pointer_reads_too(page):
    shown(page)
    box = page.page.locator(".mt-plot").first.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 58 / 420 + 1, box["y"] + box["height"] / 3)
    assert captions(page)[0].startswith("step 0: training 1")
    page.page.mouse.move(2, 2)
    assert captions(page)[0].startswith("training: last")


def test_one_tab_stop_for_all_plots_and_it_is_remembered(page):
    shown(page, selected="accuracy")
    assert page.page.locator('.mt-reading[tabindex="0"]').count() == 1
    page.page.locator('input[type="checkbox"]').nth(1).focus()
    page.press("Tab")
    label = "document.activeElement.getAttribute('aria-label')"
    assert page.page.evaluate(label) == "accuracy over steps"
    page.press("PageUp")
    assert page.page.evaluate(label) == "loss over steps"
    page.press("Tab")
    assert page.page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_smoothing_is_a_mean_without_a_lean_and_keeps_the_raw_curve(page):
    shown(page, smoothing=0.75)
    values = [2.0 ** -(i / 8) for i in range(40)]
    mean = sum(0.25 * 0.75 ** (9 - i) * values[i] for i in range(10)) / (1 - 0.75**10)
    plots(page).first.focus()
    page.press("Home", *["ArrowRight"] * 9)
    (found,) = re.findall(r"training \S+ \(smoothed (\S+)\)", captions(page)[0])
    assert float(found) == pytest.approx(mean, rel=1e-4)
    assert page.page.locator(".mt-raw").count() == 3
    page.page.get_by_label("Smoothing").focus()
    page.press("Home")
    page.page.wait_for_selector(".mt-raw", state="detached")


def test_a_logarithmic_scale_leaves_out_what_it_cannot_show(page):
    shown(page)
    straight = page.page.locator(".mt-curve").nth(2)
    before = straight.get_attribute("d")
    page.page.get_by_label("Log scale").check()
    changed = "(d) => document.querySelectorAll('.mt-curve')[2].getAttribute('d') !== d"
    page.page.wait_for_function(changed, arg=before)
    after = straight.get_attribute("d")
    heights = np.array([float(y) for y in re.findall(r",([\d.]+)", after)])
    assert np.ptp(np.diff(heights)) < 0.3, "an exponential is a straight line"


def test_histograms_lie_over_one_another_when_asked(page):
    shown(page)
    page.page.get_by_label("Overlay histograms").check()
    page.page.wait_for_selector(".mt-over")
    assert page.page.locator(".mt-over").count() == 4


def test_the_numbers_are_a_table_and_a_csv(page):
    shown(page)
    page.page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => "
        "{ window.copied = text; }}})"
    )
    page.page.locator("summary").focus()
    page.press("Enter")
    page.page.wait_for_selector(".mt-table td")
    heads = page.page.locator(".mt-table thead th").all_inner_texts()
    assert heads == ["step", "training", "validation"]
    assert page.page.locator(".mt-table tbody tr").count() == 40
    page.page.get_by_role("button", name="Copy CSV").click()
    lines = page.page.evaluate("copied").split("\n")
    assert lines[:3] == ["step,training,validation", "0,1,1.5", "1,0.917004,"]
    page.page.get_by_label("Plot", exact=True).select_option("scalars accuracy")
    page.page.get_by_role("button", name="Copy CSV").click()
    assert "20,nan" in page.page.evaluate("copied")


def test_where_a_page_may_not_copy_the_reader_can(page):
    shown(page)
    page.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.page.locator("summary").click()
    page.page.get_by_role("button", name="Copy CSV").click()
    area = page.page.get_by_label("CSV", exact=True)
    assert area.input_value().startswith("step,training")
    assert page.text(".mt-live") == "Press Ctrl C to copy"


# ---- while it runs


def test_new_points_and_histograms_grow_the_board(page):
    record = {"version": 1, "title": "Live", "axis": "step", "state": "running", "words": "",
              "notes": [], "seconds": None, "bars": [], "scalars": [],
              "histograms": []}  # fmt: skip
    live(page, record)
    assert plots(page).count() == 0
    content = {"new": {"scalars": [["loss", "", 3]], "histograms": []}}
    page.page.evaluate(SEND, [content, [[0, 1, 2, 3, 2, 1], []]])
    assert captions(page) == ["loss: last 1, least 1 at 2, greatest 3 at 0, falling at the end"]
    content = {"new": {
        "scalars": [["loss", "", 1], ["loss", "other", 2]],
        "histograms": [["w", "", {"step": 0, "low": 0, "high": 1, "counts": 2, "ends": [0, 1],
                                  "size": 5, "nans": 0}]],
    }}  # fmt: skip
    page.page.evaluate(SEND, [content, [[3, 0.5, 0, 1, 4, 5], [2, 3]]])
    assert captions(page)[0].startswith("loss: last 0.5")
    assert "other: last 5" in captions(page)[0]
    assert captions(page)[1].startswith("w: 1 histogram; at step 0, 5 numbers from 0 to 1")
    page.page.evaluate("model.fromPython('board', {...model.get('board'), state: 'finished'})")
    assert page.text(".mt-title") == "Live\nfinished"


def test_reading_goes_on_while_points_come(page):
    live(page)
    plots(page).first.focus()
    page.press("Home")
    content = {"new": {"scalars": [["loss", "training", 1]], "histograms": []}}
    page.page.evaluate(SEND, [content, [[40, 9.0], []]])
    assert captions(page)[0].startswith("step 0: training 1")
    focused = page.page.evaluate("document.activeElement.dataset.plot")
    assert focused == "scalars loss"


def test_the_progress_is_read_aloud_once_a_second_at_most(page):
    page.page.clock.install(time=0)
    live(page)
    bar = {"label": "reading", "share": 0.0, "state": "running", "sign": "", "facts": ["0/9"]}
    said = []
    for tenth in range(1, 31):
        page.page.clock.run_for(100)
        text = json.dumps([{**bar, "share": tenth / 40, "facts": [f"{tenth}/40"]}])
        page.page.evaluate(f"model.fromPython('bars', {text})")
        said.append(page.page.get_by_role("progressbar").get_attribute("aria-valuenow"))
        assert f"{tenth}/40" in page.text(".mt-facts"), "what is seen moves each time"
    assert len(set(said)) <= 4
    text = json.dumps([{**bar, "share": None}])
    page.page.clock.run_for(2000)
    page.page.evaluate(f"model.fromPython('bars', {text})")
    assert page.page.locator("[role=progressbar]").get_attribute("aria-valuenow") is None


def test_python_and_the_reader_lead_each_other(page):
    live(page)
    page.page.get_by_label("Log scale").check()
    assert page.page.evaluate("sent.at(-1).log") is True
    page.page.evaluate("model.fromPython('smoothing', 0.5)")
    page.page.wait_for_selector(".mt-raw")
    assert page.page.get_by_label("Smoothing").input_value() == "0.5"
    page.page.evaluate("model.fromPython('selected', 'kernel')")
    stop = page.page.locator('.mt-reading[tabindex="0"]')
    assert stop.get_attribute("aria-label") == "kernel over steps"
    stop.focus()
    page.press("PageUp")
    assert page.page.evaluate("sent.at(-1).selected") == "accuracy"


def test_reading_is_quick_with_many_long_curves(page):
    run = Run("large")
    for i in range(2000):
        for name in range(12):
            run.log(f"value {name}", math.sin(i / 50 + name), i)
    run.end("finished")
    live(page, run.record(points=24_000))
    took = page.page.evaluate("""() => {
        const plot = document.querySelector(".mt-reading"), times = [];
        plot.focus();
        for (let i = 0; i < 20; i++) {
            const start = performance.now();
            plot.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft", bubbles: true}));
            document.body.getBoundingClientRect();
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[10];
    }""")
    assert took < 50


# ---- rules for all


@pytest.mark.parametrize("host", ["island", "widget"])
def test_hostile_names_stay_text(page, host):
    run = Run(samples.HOSTILE[0])
    for name in samples.HOSTILE:
        for i in range(3):
            run.log(name, i if i else math.nan, i, name)
            run.add_histogram(name, [i, i + 1], i)
    run.axis = samples.HOSTILE[1]
    run.bars = [Bar(name, 3, name, count=name, values={name: 1.0}) for name in samples.HOSTILE]
    run.end("failed", samples.HOSTILE[3])
    record = run.record()
    if host == "island":
        page.island(BoardFigure(record, selected=samples.HOSTILE[0]))
    else:
        live(page, record, selected=samples.HOSTILE[0])
    page.page.locator("summary").click()
    plots(page).first.focus()
    page.press("Home", "PageDown", "ArrowRight")
    assert samples.HOSTILE[0] in page.text(".mt-title")
    assert page.page.locator(".mt img, .mt script, [onerror], [onload], [onfocus]").count() == 0


def test_dispose_leaves_nothing_behind(page):
    live(page)
    plots(page).first.focus()
    page.page.evaluate("dispose()")
    assert page.page.locator("#host").inner_html() == ""
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0


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


def test_forced_colours_keep_bars_and_ridges(open_page):
    page = shown(open_page(forced_colors="active"))
    fill = page.page.eval_on_selector(".mt-fill", "e => getComputedStyle(e).backgroundColor")
    back = page.page.eval_on_selector(".mt-bars", "e => getComputedStyle(e).backgroundColor")
    assert fill != back
    assert page.page.locator(".mt-ridge").first.is_visible()


def test_a_narrow_page_is_not_overflown(page):
    page.page.set_viewport_size({"width": 320, "height": 700})
    shown(page)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.page.evaluate(wide) is False


def test_keys_do_not_reach_the_notebook(page):
    shown(page)
    page.page.evaluate("window.heard = []; addEventListener('keydown', (e) => heard.push(e.key))")
    plots(page).first.focus()
    page.press("ArrowRight", "PageDown", "Home")
    assert page.page.evaluate("heard") == []


def test_infinity_is_told_and_marked_to_the_end(page):
    run = Run("inf")
    for step in range(200):
        run.log("loss", 1.0 if step < 10 else math.inf)
    run.end("finished")
    shown(page, run)
    (line,) = run.record()["scalars"][0]["lines"]
    assert captions(page) == [summary("loss", line)]
    assert page.text(".mt-title") == "inf\nfinished · loss became infinite at step 10"
    last = page.page.locator(".mt-nan path").last.get_attribute("d")
    assert float(re.findall(r"M([\d.]+)", last)[0]) > 380
    assert page.page.locator(".mt-nan path").count() < 45


def test_the_largest_numbers_are_drawn_and_an_empty_board_waits(page):
    run = Run("ends")
    for value in (1e308, -1e308):
        run.log("loss", value)
    run.add_histogram("h", [1e308, -1e308], None)
    run.end("finished")
    shown(page, run)
    assert "NaN" not in page.page.locator("svg").first.inner_html()
    assert page.page.locator(".mt-ridge").count() == 1


def test_an_empty_board_waits_for_numbers(page):
    live(page, Run("w").record())
    assert page.text(".mt-title") == "w\nwaiting for numbers"
    content = {"new": {"scalars": [["loss", "", 1]], "histograms": []}}
    page.page.evaluate(SEND, [content, [[0, 1], []]])
    assert "running" in page.text(".mt-title")
