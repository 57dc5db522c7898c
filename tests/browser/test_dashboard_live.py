"""The dashboard in a browser with its Python behind it: live data, questions, what is set."""

from __future__ import annotations

import numpy as np
import pytest

from minitensor_widgets import DashboardWidget, assets
from minitensor_widgets.summaries import samples
from minitensor_widgets.summaries.news import News
from minitensor_widgets.summaries.records import dashboard_record

from .hosted import host, settled
from .test_dashboard import FRAMES, TRAITS


@pytest.fixture
def page(open_page):
    return open_page(reduced_motion="reduce")


def plots(page):
    return page.page.locator(".mt-reading")


def captions(page):
    page.page.evaluate(FRAMES)
    return page.page.locator(".mt-figure figcaption").all_inner_texts()


def live(page, log):
    widget = DashboardWidget(dashboard_record(log, "live", 90_000, live=True), log)
    host(page.page, widget, TRAITS)
    page.page.wait_for_selector(".mt-scalar svg")
    page.page.evaluate("window.heard ??= 0")
    settled(page)
    return widget


def test_new_points_appear_and_python_knows_what_is_seen(page):
    values = np.arange(1000.0)
    log = samples.Log([samples.curve("a", "loss", values[:10])])
    widget = live(page, log)
    assert widget.visible == {"scalars": ["loss"]}
    assert "live" in page.text(".mt-title")
    news = News(log, widget.dashboard)
    log.series[0] = samples.curve("a", "loss", values[:15])
    for content, buffers in news.messages():
        widget.send(content, buffers)
    page.page.evaluate("window.toPython({}).then(window.hear)")
    settled(page)
    assert captions(page) == ["a: last 14, least 0 at 0, greatest 14 at 14, rising at the end"]
    log.series[0] = samples.curve("a", "loss", values)
    for content, buffers in news.messages():
        widget.send(content, buffers)
    page.page.evaluate("window.toPython({}).then(window.hear)")
    settled(page)
    assert captions(page)[0].startswith(
        "a: last 999, least 0 at 0, greatest 999 at 999, rising at the end"
    )


def test_zooming_asks_python_for_all_points(page):
    values = np.random.default_rng(0).normal(size=20_000)
    log = samples.Log([samples.curve("a", "loss", values)])
    live(page, log)
    assert "of 20000 points" in captions(page)[0]
    plots(page).first.focus()
    page.press("Home", *["+"] * 7)
    settled(page)
    page.press("Home", "ArrowRight", "ArrowRight", "ArrowRight")
    read = plots(page).first.get_attribute("aria-valuetext")
    assert read.startswith(f"step 3: a {np.float32(values[3]):.4f}"[:17])


def test_a_csv_from_python_has_all_points(page):
    log = samples.Log([samples.curve("a", "loss", np.arange(5000.0))])
    live(page, log)
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 5001


def test_python_that_does_not_answer_is_told(page):
    live(page, samples.Log([samples.curve("a", "loss", np.arange(5000.0))]))
    page.page.evaluate("window.deaf = true")
    plots(page).first.focus()
    page.press("+")
    page.page.wait_for_function(
        "document.querySelector('.mt-live').textContent.includes('does not answer')"
    )
    assert plots(page).first.locator("canvas").count() == 1


def test_what_is_set_reaches_python(page):
    widget = live(page, samples.training(points=20))
    page.page.get_by_label("rate 0.2").uncheck()
    page.page.get_by_label("Log scale").check()
    settled(page)
    assert (widget.hidden, widget.log) == (["rate 0.2"], True)
    assert widget.island().looks["hidden"] == ["rate 0.2"]


def test_dispose_leaves_nothing_behind(page):
    live(page, samples.training(points=20))
    plots(page).first.focus()
    page.page.evaluate("dispose()")
    assert page.page.locator("#host").inner_html() == ""
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0


def test_what_the_reader_set_outlives_a_change_of_the_output(page):
    log = samples.training(points=20)
    make = lambda: dashboard_record(log, "t", 90_000, session="one")  # noqa: E731
    widget = DashboardWidget(make())
    host(page.page, widget, TRAITS)
    page.page.get_by_label("rate 0.2").uncheck()
    page.page.locator(".mt-group > summary").first.click()
    page.page.wait_for_function("!document.querySelector('details.mt-group').open")
    page.page.evaluate(FRAMES)
    page.page.evaluate("dispose()")
    argument = {
        "esm": assets.esm(widget._main),
        "state": {name: getattr(widget, name) for name in TRAITS},
    }
    argument["state"] |= {"hidden": [], "dashboard": make()}
    page.page.evaluate(
        """async ({ esm, state }) => {
            const type = 'text/javascript', blob = new Blob([esm], { type });
            const made = await import(URL.createObjectURL(blob));
            const nothing = () => {}, get = (name) => state[name];
            const model = { get, set: nothing, save_changes: nothing, on: nothing, off: nothing };
            await made.default.render({ model, el: document.querySelector('#host') });
        }""",
        argument,
    )
    assert page.page.get_by_label("rate 0.2").is_checked() is False
    opened = page.page.eval_on_selector_all("details.mt-group", "all => all.map((d) => d.open)")
    assert opened == [False, True]
