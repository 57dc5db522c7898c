"""The dashboard in a browser, with what means it ill: regexes that never end, narrow pages."""

from __future__ import annotations

import numpy as np
import pytest

from minitensor.summary.series import Histograms, PrecisionRecall, Texts
from minitensor_widgets import dashboard
from minitensor_widgets.summaries import samples


@pytest.fixture
def page(open_page):
    return open_page(reduced_motion="reduce")


def shown(page, log, **options):
    page.island(dashboard(log, **options))
    page.page.wait_for_selector(".mt-kinds details")


@pytest.mark.parametrize(
    "regex", ["(a+)+$", "(a|aa)+$", "((a*)*)*b", "(?:a?){60}a{60}$", ".*.*.*.*.*.*.*.*.*b"]
)
def test_a_regex_that_would_never_end_does_not_stop_the_page(page, regex):
    page.page.set_default_timeout(10_000)
    tags = ["a" * 60 + "!", "a" * 4000 + "!", "loss"]
    shown(page, samples.Log([samples.curve("a", tag, np.arange(9.0)) for tag in tags]))
    page.page.fill("input[type=search]", regex)
    assert "0 charts" in page.text(".mt-title")
    page.page.fill("input[type=search]", "^lo.*s$")
    assert "1 chart" in page.text(".mt-title")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("([", "This is no regex: it is looked for as plain text. No tag fits."),
        ("lo[", "This is no regex: it is looked for as plain text."),
        ("(l+o)+", "As a regex this could take too long: it is looked for as plain text. "
                   "No tag fits."),
        ("gain", "No tag fits."),
        ("los+$", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_filter_says_what_becomes_of_it(page, text, said):
    curves = [samples.curve("a", tag, np.arange(9.0)) for tag in ("loss", "lo[")]
    shown(page, samples.Log(curves))
    page.page.fill("input[type=search]", text)
    assert page.text(".mt-hint") == said
    assert page.page.locator(".mt-kind:visible").count() == (0 if "No tag" in said else 1)


def test_a_board_of_nothing_says_so_and_has_no_controls(page, tmp_path):
    page.island(dashboard(samples.Log([])))
    page.page.wait_for_selector(".mt-hint:visible")
    assert page.text(".mt-hint") == "Nothing is recorded yet."
    assert page.page.locator("input:visible").count() == 0
    page.island(dashboard(tmp_path / "runs"))
    page.page.wait_for_selector(".mt-hint:visible")
    assert "there is no folder" in page.text(".mt-hint")


LETTERS = """() => [...document.querySelectorAll(".mt-plot text")].map((one) =>
    parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"""


@pytest.mark.parametrize("width", [360, 640, 800, 1200])
def test_letters_of_plots_are_ten_pixels_high_at_every_width(page, width):
    page.page.set_viewport_size({"width": width, "height": 3000})
    steps = np.arange(3)
    rows = [np.array([[0.0, 1.0, 4.0], [1.0, 2.0, 1.0]])] * 3
    tags = ["weights", "bias"]
    log = [Histograms("a", tag, steps, steps * 1.0, rows) for tag in tags]
    shown(page, samples.Log([*log, samples.curve("a", "loss", np.arange(9.0))]))
    page.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    page.page.wait_for_selector(".mt-reading .mt-band-0", state="attached")
    found = page.page.evaluate(LETTERS)
    assert len(found) > 20
    assert min(found) > 9.9
    assert max(found) < 13.5


def test_letters_of_many_runs_stand_where_their_curves_end(page):
    names = [f"run {i:03d}" for i in range(200)]
    shown(
        page,
        samples.Log([samples.curve(name, "loss", np.full(3, i)) for i, name in enumerate(names)]),
    )
    page.page.wait_for_selector(".mt-letter")
    found = page.page.evaluate(
        "[...document.querySelectorAll('.mt-letter')].map((one) => [+one.getAttribute('y'),"
        " one.textContent])"
    )
    letters = page.page.locator(".mt-run b").all_inner_texts()
    places = np.array([y for y, _ in found])
    runs = np.array([letters.index(text) for _, text in found])
    assert len(found) > 8
    away = np.abs(np.polyval(np.polyfit(runs, places, 1), runs) - places)
    assert away.max() < 4
    assert np.ptp(runs) > 150
    left_out = f"{200 - len(found)} curves too close together for a letter."
    assert left_out in page.text(".mt-figure figcaption")


def test_a_name_of_ten_thousand_letters_leaves_the_page_in_shape(page):
    page.page.set_viewport_size({"width": 1000, "height": 3000})
    name = "".join(f"layer_{i}_" for i in range(1100))
    curves = [samples.curve("a", tag, np.arange(9.0)) for tag in (name, f"{name}/loss")]
    steps = np.arange(3)
    rows = [np.array([[0.0, 1.0, 4.0], [1.0, 2.0, 1.0]])] * 3
    weights = Histograms("a", f"{name}weights", steps, steps * 1.0, rows)
    words = Texts("a", f"{name}words", steps, steps * 1.0, [np.array("said", object)] * 3)
    precise = PrecisionRecall("a", f"{name}pr", steps, steps * 1.0, np.ones((3, 6, 5), np.float32))
    shown(page, samples.Log([*curves, weights, words, precise]))
    page.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    page.page.wait_for_selector(".mt-reading .mt-band-0", state="attached")
    page.page.wait_for_selector(".mt-counts")
    heads = page.page.locator(".mt-figure b, .mt-card-head > b").all_inner_texts()
    assert len(heads) == 6
    assert {len(head) for head in heads} == {120}
    assert all(head.startswith("layer_0_") and head[60] == "…" for head in heads)
    assert heads[1].endswith("layer_1099_/loss")
    title = page.page.locator(".mt-figure b").first.get_attribute("title")
    assert title == name
    long = page.page.evaluate(
        """() => [...document.querySelectorAll(".mt *")].flatMap((one) => [...one.attributes])
            .filter(({ name, value }) => name.startsWith("aria-") && value.length > 400).length"""
    )
    assert long == 0
    assert page.page.evaluate("document.querySelector('.mt-kinds').offsetHeight") < 2600
