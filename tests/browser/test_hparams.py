"""The table of hyper-parameters in a browser: sorted, filtered, walked, put away."""

import itertools

import pytest

from minitensor.summary.series import HyperParameters
from minitensor_widgets import DashboardWidget, dashboard, samples
from minitensor_widgets.summaries import hparams
from minitensor_widgets.summaries.samples import curve

from ..test_summary_panes_hparams import Trials, trials
from .hosted import host
from .test_every_viewer import MODES, RULES, page_of


def log(count=4):
    loss = [
        curve(f"run {i}", "loss", [3.0, [0.5, float("nan"), 0.25, 2.0][i % 4]])
        for i in range(count)
    ]
    return Trials(trials(count), loss)


@pytest.fixture
def page(open_page):
    return open_page(reduced_motion="reduce")


def shown(page, given=None):
    page.page.set_content(page_of(dashboard(given or log()).to_html(static=False)))
    page.page.locator("summary", has_text="Hyper-parameters").click()
    page.page.wait_for_selector(".mt-hp tbody tr")
    return page


def runs(page):
    return page.page.eval_on_selector_all(".mt-hp tbody tr", "all => all.map(r => r.dataset.run)")


def said(page):
    return page.text(".mt-hp [role=status]")


def head(page, name):
    return page.page.locator(".mt-hp thead").get_by_role("button", name=name)


def test_columns_are_sorted_by_keys_and_what_is_no_number_comes_last(page):
    shown(page)
    assert runs(page) == ["run 2", "run 0", "run 3", "run 1"]  # the best comes first
    column = head(page, "loss").locator("xpath=..")
    assert column.get_attribute("aria-sort") == "ascending"
    head(page, "loss").focus()
    page.press("Enter")
    assert runs(page) == ["run 3", "run 0", "run 2", "run 1"]
    assert column.get_attribute("aria-sort") == "descending"
    assert said(page) == "Sorted by loss, falling."
    assert page.page.evaluate("document.activeElement.textContent") == "loss ▼"
    head(page, "rate").click()
    assert runs(page) == ["run 3", "run 2", "run 1", "run 0"]
    assert column.get_attribute("aria-sort") == "none"


def test_the_best_is_marked_in_words(page):
    shown(page)
    marked = page.page.locator(".mt-hp td b")
    assert marked.all_inner_texts() == ["★ 0.25 best"]
    assert "low is best" in head(page, "loss").locator("xpath=..").inner_text()


def test_rows_are_filtered_and_hidden_with_their_runs(page):
    shown(page)
    page.page.get_by_label("Filter").fill("adam")
    assert runs(page) == ["run 3", "run 1"]
    assert said(page) == "2 of 4 runs shown."
    assert page.text(".mt-hp .mt-bar span") == "2 of 4 runs"
    page.page.get_by_label("Filter").fill("")
    page.page.get_by_role("checkbox", name="run 2").uncheck()
    assert runs(page) == ["run 0", "run 3", "run 1"]


def test_lines_are_walked_by_keys_in_the_order_of_the_table(page):
    shown(page)
    page.page.locator(".mt-hp-lines").focus()
    page.press("ArrowDown")
    assert said(page).startswith("run 2: rate 0.01, optimizer sgd, loss 0.25; success.")
    page.press("End")
    assert page.page.locator("tr.mt-chosen").get_attribute("data-run") == "run 1"
    page.press("Home", "ArrowDown")
    assert page.page.locator("g.mt-chosen").get_attribute("data-run") == "run 0"
    page.page.locator('tr[data-run="run 3"] td').first.click()
    assert said(page).startswith("run 3:")


def test_the_lines_pass_where_the_values_say(page):
    shown(page)
    head(page, "run").click()
    paths = page.page.eval_on_selector_all(
        ".mt-hp-plot g[data-run]", "all => all.map(g => g.lastChild.getAttribute('d'))"
    )
    heights = [[float(p.split(",")[1]) for p in path[1:].split("L")] for path in paths]
    first = [line[0] for line in heights]
    steps = [b - a for a, b in itertools.pairwise(first)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)  # a logarithmic axis
    assert len(heights[1]) == 2  # NaN has no place
    assert heights[2][2] == max(line[2] for line in heights if len(line) == 3)


def test_the_table_can_be_taken_away(page):
    shown(page)
    head(page, "run").click()
    with page.page.expect_download() as download:
        page.named("CSV").last.click()
    text = download.value.path().read_text()
    assert text.splitlines()[:2] == [
        "run,rate,optimizer,loss,status,seconds",
        "run 0,1,sgd,0.5,success,60",
    ]


def test_new_values_leave_the_order_the_choice_and_the_focus(page):
    given = log()
    widget = DashboardWidget(dashboard(given).record, given)
    looks = ("smoothing", "axis", "log", "outliers", "hidden", "filter")
    host(page.page, widget, ("dashboard", *looks))
    page.page.locator("summary", has_text="Hyper-parameters").click()
    page.page.wait_for_selector(".mt-hp tbody tr")
    page.page.locator(".mt-hp-lines").focus()
    page.press("ArrowDown")
    given.series[0] = curve("run 0", "loss", [0.125])
    widget.send({"cards": {"hparams": hparams.record(given, 10_000)}})
    page.page.evaluate("window.toPython({}).then(hear)")
    page.page.wait_for_function("document.querySelector('.mt-hp td b').innerText.includes('0.125')")
    assert runs(page) == ["run 0", "run 2", "run 3", "run 1"]
    assert page.page.locator("tr.mt-chosen").get_attribute("data-run") == "run 2"
    assert page.page.evaluate("document.activeElement.className") == "mt-hp-lines"


@pytest.mark.parametrize("bad", samples.HOSTILE)
def test_hostile_strings_stay_text(page, bad):
    found = [HyperParameters(f"{bad}{i}", {bad: bad, "x": i}, bad) for i in range(3)]
    shown(page, Trials(found, [curve(f"{bad}{i}", bad, [1.0 + i]) for i in range(3)]))
    assert page.page.locator(".mt-hp :is(img, script, iframe)").count() == 0
    assert len(runs(page)) == 3
    page.page.locator(".mt-hp-lines").focus()
    page.press("ArrowDown")
    assert bad[:5] in said(page)


@pytest.mark.parametrize("mode", MODES)
def test_rules_of_accessibility_hold(open_page, mode):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = shown(open_page(reduced_motion="reduce", **MODES[mode]))
    page.page.locator(".mt-hp-lines").focus()
    page.press("ArrowDown")
    options = {"runOnly": RULES, "rules": {"color-contrast": {"enabled": mode != "forced colours"}}}
    found = axe.Axe().run(page.page, options=options)
    assert [
        (f["id"], [n["html"][:200] for n in f["nodes"]]) for f in found.response["violations"]
    ] == []


def test_one_run_or_a_hundred(page):
    shown(page, log(1))
    assert page.page.locator(".mt-hp-lines").count() == 0
    shown(page, log(100))
    assert len(runs(page)) == 100
    page.page.set_viewport_size({"width": 500, "height": 400})
    assert page.page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_names_and_rows_keep_their_place_where_pictures_may_shrink(page):
    page.page.set_viewport_size({"width": 600, "height": 800})
    shown(page)
    page.page.add_style_tag(content="svg { max-width: 100% }")  # as JupyterLab has it
    places = page.page.evaluate(
        """() => [...document.querySelectorAll(".mt-hp tbody tr")].map((row) => {
            const [name, cell] = row.children, words = document.createRange();
            words.selectNodeContents(name);
            const text = words.getBoundingClientRect(), box = name.getBoundingClientRect();
            const beside = document.createRange();
            beside.selectNodeContents(cell);
            const other = beside.getBoundingClientRect();
            return [box.right - text.right, text.bottom - other.bottom, row.offsetHeight]; })"""
    )
    assert len(places) == 4
    for room, below, tall in places:
        assert room >= 0
        assert abs(below) < 4
        assert tall < 24
