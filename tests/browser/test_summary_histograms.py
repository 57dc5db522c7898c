"""The panes of histograms and distributions over steps in a browser."""

import re

import numpy as np
import pytest

from minitensor.summary import bucketed
from minitensor.summary.series import Histograms
from minitensor_widgets import DashboardWidget, DistributionWidget, distribution, histogram, samples
from minitensor_widgets.summaries import distributions, histograms
from minitensor_widgets.summaries.figures import LOOKS, Dashboard
from minitensor_widgets.summaries.records import complete

from .hosted import host

MAIN = "summaries/dashboard+summaries/distributions+summaries/histograms"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MODES = [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}]
RANDOM = np.random.default_rng(11)
KERNEL = [RANDOM.normal(k, 1.0, 200) for k in range(12)]
BIAS = [[0.0] * 4, [1.0, 2.0], [np.nan], [1.0, np.inf, 2.0], [], [2.0, 3.0]]


class Log:
    """What `read` gives, of arrays of numbers: every tag in every run."""

    def __init__(self, runs, tags):
        self.runs, self.found = runs, tags

    def tags(self):
        return {run: dict.fromkeys(self.found, "histograms") for run in self.runs}

    def histograms(self, tag, run):
        steps = 10 * np.arange(len(self.found[tag]))
        rows = [bucketed(np.array(item)) for item in self.found[tag]]
        return Histograms(run, tag, steps, 1e9 + 60.0 * steps, rows)


def board(runs=("a", "b"), tags=None, title="runs"):
    log = Log(list(runs), tags or {"dense/kernel": KERNEL, "dense/offset": BIAS})
    return {
        "version": 1,
        "title": title,
        "runs": [{"name": run} for run in runs],
        "titles": {"histograms": "Histograms", "distributions": "Distributions"},
        "kinds": {
            "histograms": histograms.record(log, 100_000),
            "distributions": distributions.record(log, 100_000),
        },
    }


def opened(page, record=None, **looks):
    """An island whose sections are open."""
    page.island(Dashboard(record or board(), **looks))
    page.page.locator(".mt-kind > summary").nth(1).click()
    page.page.wait_for_selector(".mt-key")
    return page


def widget(page, record):
    """The same as a widget, whose sections are as they come."""
    looks = {"smoothing": 0, "axis": "step", "log": False, "outliers": False, "hidden": []}
    return page.widget(MAIN, dashboard=complete(record), filter="", **looks)


@pytest.fixture
def page(open_page):
    return opened(open_page())


def plots(page, kind):
    return page.page.locator(f'[aria-label="{kind} over steps"] .mt-reading')


def caption(page, kind, at):
    return page.page.locator(f'[aria-label="{kind} over steps"] figcaption').nth(at).inner_text()


def into(page, kind, at=0):
    one = plots(page, kind).nth(at)
    one.focus()
    one.locator(".mt-plot").wait_for()


# ---- reading


def test_each_run_and_tag_has_a_plot_with_all_its_steps(page):
    assert plots(page, "Histograms").count() == plots(page, "Distributions").count() == 4
    first = plots(page, "Histograms").first
    assert first.locator(".mt-ridge").count() == 12
    assert first.get_attribute("aria-label") == "dense/kernel of run a: arrow keys read it"
    assert caption(page, "Histograms", 0).startswith("dense/kernel: 12 histograms; at step 110")


def test_arrows_read_step_bin_and_count(page):
    into(page, "Histograms")
    page.press("Home", *["ArrowLeft"] * 40)
    ((step, count, low, high),) = re.findall(
        r"^step (\S+): (\S+) from (\S+) to (\S+) · 200 values", caption(page, "Histograms", 0)
    )
    card = board()["kinds"]["histograms"][0]
    assert (step, float(count)) == ("0", pytest.approx(card["counts"][0][0], rel=5e-3))
    assert float(low) == pytest.approx(card["low"], rel=5e-3)
    assert float(high) - float(low) == pytest.approx((card["high"] - card["low"]) / 64, abs=0.01)
    page.press("ArrowDown", "ArrowDown", "ArrowRight")
    ((step, count),) = re.findall(r"^step (\S+): (\S+) from", caption(page, "Histograms", 0))
    assert (step, float(count)) == ("20", pytest.approx(card["counts"][2][1], rel=5e-3))
    valuetext = plots(page, "Histograms").first.get_attribute("aria-valuetext")
    assert valuetext == caption(page, "Histograms", 0)
    page.press("Escape")
    assert caption(page, "Histograms", 0).startswith("dense/kernel: 12 histograms")


def test_a_step_is_read_in_all_plots_of_all_panes(page):
    into(page, "Distributions", 3)
    into(page, "Histograms")
    page.press("Home", "ArrowDown")
    assert caption(page, "Histograms", 2) == "step 10 · 2 values"
    told = caption(page, "Distributions", 0)
    assert re.match(r"step 10, about: minimum \S+, 7 % \S+, .*, maximum \S+ · 200 values$", told)
    assert told.count(",") == 9


def test_all_nine_values_of_a_distribution_are_read(page):
    into(page, "Distributions")
    page.press("Home", "ArrowRight")
    row = board()["kinds"]["distributions"][0]["bands"][1]
    found = re.findall(
        r"(?:minimum|median|maximum|\d+ %) (-?[\d.]+)", caption(page, "Distributions", 0)
    )
    assert [float(value) for value in found] == pytest.approx(row, rel=1e-3)
    assert page.page.locator(".mt-cross circle").count() >= 9


def test_a_pointer_reads_too(page):
    picture = plots(page, "Distributions").first
    picture.scroll_into_view_if_needed()
    picture.locator(".mt-band-0").wait_for()
    box = picture.locator(".mt-plot").bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 58 / 420 + 1, box["y"] + 40)
    assert caption(page, "Distributions", 0).startswith("step 0, about: minimum")
    page.page.mouse.move(2, 2)
    assert caption(page, "Distributions", 0).startswith("dense/kernel: 12 distributions")


def test_what_is_not_finite_or_empty_is_marked_and_said(page):
    into(page, "Histograms", 2)
    assert plots(page, "Histograms").nth(2).locator(".mt-gap").count() == 3
    page.press("Home")
    assert "4 values, 100 % zeros" in caption(page, "Histograms", 2)
    page.press("ArrowDown", "ArrowDown")
    assert caption(page, "Histograms", 2) == (
        "step 20 · a NaN or an infinity was among the values: such a histogram has no edges, "
        "so that they are in no bin"
    )
    into(page, "Distributions", 2)
    page.press("Home", "ArrowRight", "ArrowRight")
    assert caption(page, "Distributions", 2).startswith("step 20 · a NaN or an infinity")
    page.press("ArrowRight", "ArrowRight")
    assert caption(page, "Distributions", 2) == "step 40, no values · 0 values"
    page.press("Escape")
    for kind in ("Histograms", "Distributions"):
        assert "; at step 20 and 1 later step a NaN or an infinity" in caption(page, kind, 2)


def test_python_and_the_page_say_the_same_of_a_distribution(open_page):
    outlier = np.append(RANDOM.normal(size=500), 1e6)
    log = Log(["a"], {"far": [outlier], "near": [KERNEL[0]], "none": [[]], "odd": [[np.nan]]})
    record = board(runs=("a",))
    record["kinds"] = {pane.__name__.split(".")[-1]: pane.record(log, 100_000)
                       for pane in (histograms, distributions)}  # fmt: skip
    page = opened(open_page(), record)
    into(page, "Distributions", 3)
    page.press("Escape")
    told = distributions.words(record["kinds"]["distributions"], record["runs"])
    assert [caption(page, "Distributions", k) for k in range(4)] == told
    assert told[0].endswith("; read within a bucket 33300 wide")
    assert plots(page, "Distributions").nth(3).locator("text").all_text_contents()[0] == (
        "no values to draw"
    )
    into(page, "Histograms", 3)
    page.press("Escape")
    said = histograms.words(record["kinds"]["histograms"], record["runs"])
    assert caption(page, "Histograms", 3) == said[3]
    assert "no values to draw" in plots(page, "Histograms").nth(3).inner_text()


# ---- looks


def test_overlay_draws_lines_over_one_another_the_latest_on_top(page):
    into(page, "Histograms")
    page.page.get_by_label("All on one line (overlay)").check()
    over = plots(page, "Histograms").first.locator(".mt-over")
    assert over.count() == 12
    assert "0%" in over.first.get_attribute("style")
    assert "100%" in over.last.get_attribute("style")
    assert over.first.locator("xpath=..").locator(".mt-tone").count() == 5
    told = over.first.locator("xpath=..").locator("text").all_text_contents()
    assert told[:2] == ["step 0", "110"]
    assert told[-1] == "values"
    bases = {re.match(r"M[\d.]+,([\d.]+)", d.get_attribute("d"))[1] for d in over.all()}
    assert len(bases) == 1


def test_ridges_have_the_colour_of_their_run(page):
    for at, colour in enumerate(("--mt-op", "--mt-grad")):
        into(page, "Histograms", at)
        ridges = plots(page, "Histograms").nth(at).locator(".mt-ridge")
        looks = [ridges.nth(k).get_attribute("style") for k in (0, 11)]
        assert [f"color-mix(in srgb, var({colour}) {n}%" in looks[k]
                for k, n in ((0, 70), (1, 100))] == [True, True]  # fmt: skip


def test_steps_stand_where_their_time_is(open_page):
    record = board(runs=("a",))
    for cards in record["kinds"].values():
        cards[0]["times"] = [1e9] + [1e9 + 3600 + k for k in range(11)]
    page = opened(open_page(), record, axis="relative")
    into(page, "Histograms")
    ridges = plots(page, "Histograms").first.locator(".mt-ridge")
    first, second = (
        float(re.match(r"M[\d.]+,([\d.]+)", ridges.nth(i).get_attribute("d"))[1]) for i in (0, 1)
    )
    assert second - first > 80
    page.press("End")
    assert caption(page, "Histograms", 0).startswith("after 1:00:10: ")
    wall = opened(open_page(timezone_id="UTC", locale="en-GB"), record, axis="wall")
    into(wall, "Distributions")
    wall.press("Home")
    assert caption(wall, "Distributions", 0).startswith("time 01:46:40, about: minimum")


def test_hidden_runs_have_no_plots(page):
    page.page.get_by_role("checkbox", name=re.compile("b$")).uncheck()
    assert plots(page, "Histograms").count() == 2
    page.page.get_by_role("checkbox", name=re.compile("b$")).check()
    assert plots(page, "Histograms").count() == 4


def test_the_legend_names_the_bands(page):
    assert page.page.locator(".mt-key li").all_inner_texts() == [
        "min to max", "7 to 93 %", "16 to 84 %", "31 to 69 %", "median"
    ]  # fmt: skip
    dashes = page.page.eval_on_selector_all(
        ".mt-key .mt-band-edge", "all => all.map((e) => e.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == 4


def test_numbers_can_be_read_as_a_table(page):
    into(page, "Distributions", 2)
    page.page.locator(".mt-list > summary").nth(1).click()
    table = page.page.locator(".mt-cells table")
    assert table.locator("caption").inner_text() == "dense/offset · a · about: read within buckets"
    assert table.locator("thead th").count() == 10
    assert table.locator("tbody tr").nth(2).inner_text().split()[:3] == ["20", "none", "none"]


def test_one_tab_stop_for_all_plots_of_a_pane(page):
    assert page.page.locator('[aria-label="Histograms over steps"] [tabindex="0"]').count() == 1
    into(page, "Histograms")
    page.press("PageDown")
    label = page.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("dense/kernel of run b")
    page.press("Tab")
    assert page.page.evaluate("document.activeElement.tagName") == "SUMMARY"


# ---- rules for all


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: next(iter(mode.values())))
def test_rules_of_accessibility_hold(open_page, mode):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = opened(open_page(reduced_motion="reduce", **mode))
    into(page, "Distributions")
    page.page.locator(".mt-list > summary").nth(1).click()
    contrast = {"color-contrast": {"enabled": "forced_colors" not in mode}}
    found = axe.Axe().run(page.page, ".mt", options={"runOnly": RULES, "rules": contrast})
    assert [
        (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
        for fault in found.response["violations"]
    ] == []


def test_hostile_names_stay_text(open_page):
    record = board(runs=samples.HOSTILE[:2], tags={name: BIAS for name in samples.HOSTILE})
    for cards in record["kinds"].values():
        for card in cards:
            card["note"] = samples.HOSTILE[0]
    page = open_page().island(Dashboard(record))
    page.page.locator(".mt-kind > summary").nth(1).click()
    page.page.wait_for_selector(".mt-key")
    plots(page, "Histograms").first.focus()
    page.press("Home", "PageDown", "Escape")
    assert page.page.locator(".mt img, .mt script, [onerror], [onload], [onfocus]").count() == 0
    assert samples.HOSTILE[0] in page.text(".mt-run-list")


def test_new_cards_take_the_place_of_old_ones_and_keep_the_focus(open_page):
    page = widget(open_page(), board(runs=("a",)))
    into(page, "Histograms")
    page.press("End")
    more = board(runs=("a",), tags={"dense/kernel": KERNEL * 2, "dense/offset": BIAS})
    page.page.evaluate(
        "(cards) => listeners['msg:custom'].slice().forEach((act) => act({cards}, []))",
        {"histograms": more["kinds"]["histograms"][:1]},
    )
    plots(page, "Histograms").first.locator(".mt-ridge").nth(23).wait_for()
    assert page.page.evaluate("document.activeElement.dataset.plot") == "a\ndense/kernel"
    assert caption(page, "Histograms", 0).startswith("step 110: ")


def test_the_plot_that_is_read_asks_python_for_its_other_steps(open_page):
    log = Log(["a"], {"w": KERNEL * 4})
    record = board(runs=("a",), tags={"w": KERNEL * 4})
    record["kinds"] = {"histograms": histograms.record(log, 2000)}
    assert len(record["kinds"]["histograms"][0]["steps"]) < 20
    made = DashboardWidget(record, log)
    page = open_page()
    host(page.page, made, ("dashboard", *LOOKS))
    into(page, "Histograms")
    page.page.wait_for_function("document.querySelectorAll('.mt-ridge').length === 48")
    assert page.page.evaluate("asked.filter(({ ask }) => ask).length") == 1
    page.press("Home", "ArrowDown")
    assert caption(page, "Histograms", 0).startswith("step 10: ")


def test_dispose_leaves_nothing_behind(open_page):
    page = widget(open_page(), board())
    into(page, "Histograms")
    page.page.evaluate("dispose()")
    assert page.page.locator("#host").inner_html() == ""
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0


def test_many_long_series_are_read_quickly(open_page):
    long = [RANDOM.normal(k / 50, 1, 50) for k in range(500)]
    tags = {f"layer/{i}": long for i in range(8)}
    log = Log(["a"], tags)
    record = {**board(runs=("a",)), "kinds": {"histograms": histograms.record(log, 4_000_000)}}
    assert all(len(card["steps"]) == 500 for card in record["kinds"]["histograms"])
    page = widget(open_page(), record)
    into(page, "Histograms")
    took = page.page.evaluate("""() => {
        const plot = document.activeElement, times = [];
        for (let i = 0; i < 20; i++) {
            const start = performance.now();
            plot.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowUp", bubbles: true}));
            document.body.getBoundingClientRect();
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[10];
    }""")
    assert took < 50


# ---- one-off looks


LAYERS = {f"block_{i}/kernel": RANDOM.normal(0, i + 1, 200) for i in range(5)}


def test_tensors_side_by_side_are_read_by_keys_and_pointer(open_page):
    page = open_page().island(distribution({**LAYERS, "odd": [0.0, np.nan]}, name="weights"))
    assert page.text(".mt-title b") == "weights: distribution of 6 tensors"
    page.page.get_by_role("slider").focus()
    page.press("Home")
    assert page.text("figcaption").startswith("block_0/kernel: minimum -")
    page.press("End")
    assert page.text("figcaption").endswith("maximum 0, 50 % zeros, 1 NaN")
    page.press("Escape")
    assert page.text("figcaption") == "Arrow keys or the pointer read it."
    box = page.page.locator(".mt-plot").first.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    assert re.match(r"block_[23]/kernel: ", page.text("figcaption"))
    page.page.locator(".mt-list > summary").click()
    page.page.wait_for_selector("tbody tr")
    assert page.page.locator("tbody tr").count() == 6


def test_python_and_the_page_say_the_same_of_a_column(open_page):
    shown = distribution([0.0, 1.0, 5.0, np.inf], name="w")
    page = open_page().island(shown)
    assert page.text(".mt-title b") == shown.title
    assert page.text("figcaption") == shown.description().split("\n  ")[1]


def test_a_distribution_grows_on_the_page(open_page):
    made = DistributionWidget(name="loss")
    page = open_page().widget("tensors/distribution", distribution=made.distribution)
    assert "Nothing to show yet." in page.text(".mt")
    made.add([1.0, 2.0])
    made.add([1.0, 3.0])
    page.page.evaluate("(d) => model.fromPython('distribution', d)", made.distribution)
    assert page.text(".mt-title b") == "loss: distribution of 2 steps"
    page.page.evaluate("dispose()")
    assert page.page.locator("#host").inner_html() == ""
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: next(iter(mode.values())))
def test_rules_of_accessibility_hold_for_one_look(open_page, mode):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = open_page(reduced_motion="reduce", **mode).island(distribution(LAYERS))
    page.page.locator(".mt-list > summary").click()
    page.page.wait_for_selector("tbody tr")
    contrast = {"color-contrast": {"enabled": "forced_colors" not in mode}}
    found = axe.Axe().run(page.page, ".mt", options={"runOnly": RULES, "rules": contrast})
    assert [
        (fault["id"], fault["nodes"][0]["html"]) for fault in found.response["violations"]
    ] == []


def test_hostile_names_of_columns_stay_text(open_page):
    page = open_page().island(distribution({name: [1.0, 2.0] for name in samples.HOSTILE}))
    page.page.locator(".mt-list > summary").click()
    page.page.wait_for_selector("tbody tr")
    assert page.page.locator(".mt img, .mt script, [onerror], [onload], [onfocus]").count() == 0


def test_a_histogram_has_an_axis_of_counts(open_page):
    page = open_page().island(histogram(np.repeat([0.0, 1.0], [30, 70]), bins=2))
    ticks = page.page.locator(".mt-bars text.mt-e").all_text_contents()
    assert ticks[:4] == ["0", "20", "40", "60"]
    assert page.page.locator(".mt-bars text.mt-m").all_text_contents() == [
        "0", "0.2", "0.4", "0.6", "0.8", "1"
    ]  # fmt: skip
    page.page.get_by_label("logarithm of the counts").check()
    assert page.page.locator(".mt-bars text.mt-e").all_text_contents()[:2] == ["1", "10"]
    box = page.page.locator(".mt-bars svg").bounding_box()
    page.page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    assert page.text(".mt-read") == "Bin 1 of 2, from 0 to 0.5: 30"
