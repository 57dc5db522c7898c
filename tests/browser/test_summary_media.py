"""Pictures, sounds, texts and precision-recall curves of the dashboard, in a browser."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from minitensor.summary.series import AudioClips, Images, Texts
from minitensor_widgets import dashboard
from minitensor_widgets.live.summaries import DashboardWidget
from minitensor_widgets.summaries.samples import Log

from ..summary_media import picture, pictures, precision, sounds, texts, tone
from .hosted import host, settled

CARD = ".mt-card-stepped"
STEP = 'input[aria-label="Step"]'
NAMES = ("dashboard", "smoothing", "axis", "log", "outliers", "hidden", "filter")


def shown(open_page: Any, *series: Any, **options: Any) -> Any:
    page = open_page(**options)
    page.island(dashboard(Log(series)))
    return opened(page)


def opened(page: Any) -> Any:
    page.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.page.locator(CARD).first.wait_for()
    return page


def card(page: Any, at: int = 0) -> Any:
    return page.page.locator(CARD).nth(at)


def drawn(page: Any, at: int = 0) -> Any:
    """A picture, once it is on its canvas."""
    page.page.wait_for_function(
        "(at) => document.querySelectorAll('.mt-picture')[at]?.hasAttribute('aria-label')", arg=at
    )
    return page.page.locator(".mt-picture").nth(at)


def pixel(page: Any, x: int, y: int, at: int = 0) -> list[int]:
    return page.page.evaluate(
        """([at, x, y]) => [...document.querySelectorAll('.mt-pixels')[at].getContext('2d')
            .getImageData(x, y, 1, 1).data]""",
        [at, x, y],
    )


def steps(count: int) -> tuple[Any, Any]:
    return np.arange(count, dtype=np.int64), np.arange(count) * 1.0


def of_pixels(pixels: np.ndarray) -> Images:
    """A series of one picture, as `mt.summary.image` records it."""
    from minitensor.summary.png import png

    size = np.ones(1, np.int64)
    return Images("train", "x", *steps(1), [[png(pixels)]], size, size)


# ---- pictures


def test_a_picture_has_the_pixels_that_were_recorded(open_page):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    page = shown(open_page, of_pixels(pixels))
    area = drawn(page)
    for x, y in ((0, 0), (6, 0), (3, 4), (6, 4)):
        assert pixel(page, x, y) == [*pixels[y, x].tolist(), 255]
    area.focus()
    page.press("ArrowRight", "ArrowRight", "ArrowDown")
    red, green, blue = pixels[1, 1].tolist()
    assert page.text(".mt-reading") == f"row 1, column 1: red {red}, green {green}, blue {blue}"
    page.press("End", "Shift+ArrowDown")
    assert page.text(".mt-reading").startswith("row 4, column 6: ")
    page.press("ArrowDown", "ArrowRight")
    assert page.text(".mt-reading").startswith("row 4, column 6: ")


def test_a_grey_picture_is_read_as_one_number_also_by_the_pointer(open_page):
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 4, 1) * 10
    page = shown(open_page, of_pixels(pixels))
    box = drawn(page).locator("canvas").bounding_box()
    page.page.mouse.move(box["x"] + 2.5 * box["width"] / 4, box["y"] + 1.5 * box["height"] / 4)
    assert page.text(".mt-reading") == "row 1, column 2: 60"
    assert page.text("figcaption").startswith("4 × 4 pixels, grey; shown 60 × as large")


def test_what_is_seen_through_is_read_with_its_opacity(open_page):
    pixels = np.array([[[200, 100, 0, 128], [10, 20, 30, 255]]], np.uint8)
    page = shown(open_page, of_pixels(pixels))
    drawn(page).focus()
    page.press("Home")
    assert page.text(".mt-reading").startswith("row 0, column 0: about red ")
    assert page.text(".mt-reading").endswith(", opacity 128")
    page.press("End")
    assert page.text(".mt-reading") == "row 0, column 1: red 10, green 20, blue 30, opacity 255"
    assert page.text("figcaption").startswith("2 × 1 pixels, colour with opacity")


def test_channels_and_contrast_by_keyboard_and_the_caption_says_so(open_page):
    pixels = np.array([[[10, 100, 200], [50, 150, 250]]], np.uint8)
    page = shown(open_page, of_pixels(pixels))
    drawn(page)
    page.page.get_by_role("combobox", name="Show").focus()
    page.press("g")
    assert pixel(page, 0, 0) == [100, 100, 100, 255]
    assert "green only, as grey" in page.text("figcaption")
    page.named("Stretch to the values").focus()
    page.press("Enter")
    assert (pixel(page, 0, 0)[0], pixel(page, 1, 0)[0]) == (0, 255)
    assert "values up to 100 are black, from 150 on white" in page.text("figcaption")
    page.named("Reset contrast").click()
    page.page.get_by_label("White from").focus()
    page.press("Home")
    assert pixel(page, 0, 0)[0] == 255
    page.page.get_by_label("Black up to").focus()
    page.press("End")
    assert page.page.locator(".mt-count", has_text="254 to 255").count() == 1


def test_size_and_smoothness(open_page):
    page = shown(open_page, of_pixels(np.zeros((4, 6, 3), np.uint8)))
    canvas = drawn(page).locator("canvas")
    assert canvas.evaluate("c => getComputedStyle(c).imageRendering") == "pixelated"
    page.page.get_by_label("smooth").check()
    assert canvas.evaluate("c => getComputedStyle(c).imageRendering") == "auto"
    page.page.get_by_label("Size").select_option("actual size")
    assert (canvas.bounding_box()["width"], canvas.bounding_box()["height"]) == (6, 4)


def test_steps_of_a_batch_by_keyboard(open_page):
    page = shown(open_page, pictures())
    drawn(page, 1)
    slider = card(page).locator(STEP)
    slider.focus()
    page.press("Home")
    assert card(page).locator(".mt-count").first.inner_text() == "step 0 (1 of 4)"
    assert slider.get_attribute("aria-valuetext") == "step 0, 1 of 4"
    area = drawn(page, 1)
    assert "rings, step 0, picture 2 of 2: 16 × 16 pixels, grey" in area.get_attribute("aria-label")
    area.focus()
    page.press("ArrowRight")
    assert page.text(".mt-reading").startswith("picture 2, row 0, column 0: ")


@pytest.mark.parametrize("data", [
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"", picture(8, 0)[:60],
    picture(8, 0)[:41] + b"\xff" * 8 + picture(8, 0)[49:],
])  # fmt: skip
def test_broken_pictures_are_a_sentence(open_page, data):
    size = np.ones(1, np.int64)
    page = shown(open_page, Images("train", "x", *steps(1), [[data]], size, size))
    page.page.get_by_text("⚠").wait_for()
    assert page.page.locator("canvas").count() == 0


def test_a_picture_whose_pixels_are_damaged_is_a_sentence(open_page):
    """Its checksums are right, its pixels are not: only who unpacks it can know."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"no") + chunk(b"IEND", b"")
    size = np.ones(1, np.int64)
    page = shown(open_page, Images("train", "x", *steps(1), [[data]], size, size))
    page.page.get_by_text("This browser cannot read the picture").wait_for()


# ---- sounds


def test_a_sound_is_drawn_described_and_can_be_played_but_never_plays_unasked(open_page):
    page = shown(open_page, sounds())
    player = page.page.locator("audio")
    player.wait_for()
    page.page.wait_for_function("document.querySelector('audio').readyState >= 1")
    facts = player.evaluate("a => [a.paused, a.autoplay, a.controls, a.duration]")
    assert facts == [True, False, True, 0.25]
    assert player.evaluate("a => a.src").startswith("blob:")
    assert player.get_attribute("aria-label") == "tone, step 20"
    wave = page.page.locator(".mt-wave").get_attribute("aria-label")
    assert wave == "Wave of tone, step 20: 0.25 s, 8000 Hz, mono, peak 78.7 % of full scale"
    player.evaluate("a => a.play()")
    page.page.wait_for_function("document.querySelector('audio').currentTime > 0.05")
    page.page.wait_for_function("document.querySelector('.mt-cursor').getAttribute('d') !== ''")


def test_another_step_is_another_sound_and_the_first_falls_silent(open_page):
    page = shown(open_page, sounds())
    page.page.evaluate("window.first = document.querySelector('audio')")
    page.page.evaluate("window.first.play()")
    card(page).locator(STEP).focus()
    page.press("Home")
    assert page.page.locator("audio").get_attribute("aria-label") == "tone, step 0"
    assert page.page.evaluate("window.first.paused")


def test_a_saved_page_plays_under_its_own_policy(browser, tmp_path):
    dashboard(Log([sounds(), pictures()])).save(tmp_path / "page.html")
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".mt-title")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.locator("audio").scroll_into_view_if_needed()
    played = page.locator("audio").evaluate(
        """(player) => new Promise((done) => {
            player.addEventListener("ended", () => done(player.currentTime));
            player.play();
        })"""
    )
    page.locator(".mt-picture[aria-label]").first.wait_for()
    context.close()
    assert played == pytest.approx(0.25, abs=0.01)
    assert faults == []


def test_broken_sounds_are_a_sentence_beside_those_that_are_not(open_page):
    clips = AudioClips("train", "x", *steps(1), [[b"<b>", tone(220.0)]], [["", ""]])
    page = shown(open_page, clips)
    assert page.text(".mt-sound") == "⚠ This is no WAV file: it begins with 3c623e."
    assert page.page.locator("audio").get_attribute("aria-label") == "x, step 0, sound 2"


# ---- texts


def test_markdown_is_elements(open_page):
    page = shown(open_page, texts(count=1))
    text = page.page.locator(".mt-text")
    assert text.locator("h4").inner_text() == "Run 7"
    assert text.locator("table th").all_inner_texts() == ["rate", "accuracy"]
    assert text.locator("td strong").inner_text() == "0.93"
    link = text.locator("a")
    assert link.get_attribute("href") == "https://example.org/run-7"
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert text.locator("ol code").inner_text() == "lr = 0.1"


def test_a_column_of_a_table_is_aligned_as_it_is_written(open_page):
    table = np.array("| a | b | c |\n|---|--:|:-:|\n| 1 | 2 | 3 |", object)
    cells = shown(open_page, Texts("train", "x", *steps(1), [table])).page.locator(".mt-text td")
    aligned = cells.evaluate_all("all => all.map((cell) => getComputedStyle(cell).textAlign)")
    assert aligned == ["left", "right", "center"]


def test_tables_of_texts_step_by_step(open_page):
    page = shown(open_page, texts())
    text = page.page.locator(".mt-text")
    assert text.locator("td").all_inner_texts() == ["name", "value", "rate", "0.1"]
    card(page).locator(STEP).focus()
    page.press("ArrowLeft")
    assert text.locator("tr").count() == 2
    assert text.locator("em").inner_text() == "two"


# ---- precision and recall


def test_a_threshold_by_keyboard_says_what_it_counts(open_page):
    page = shown(open_page, precision(), precision("valid", thresholds=11))
    cut = page.page.get_by_label("Threshold", exact=True)
    cut.focus()
    page.press("Home")
    rows = page.page.locator(f"{CARD} tbody tr")
    assert rows.count() == 2
    assert rows.first.locator("td").all_inner_texts() == ["0.5", "1", "100", "100", "0", "0"]
    page.press("ArrowRight")
    assert cut.get_attribute("aria-valuetext").startswith("0.05. train: precision 0.5")
    card(page).locator(STEP).focus()
    page.press("Home")
    assert "train, step 0" in card(page).locator("svg.mt-plot").get_attribute("aria-label")


def test_the_nearest_point_to_the_pointer_is_read(open_page):
    series = precision()
    page = shown(open_page, series)
    box = page.page.locator("svg.mt-plot").bounding_box()
    scale = box["width"] / 480
    left, right, top, bottom = 58, 468, 10, 200
    found, recall = series.curve[-1, 4:, 12].tolist()
    x, y = left + (right - left) * recall, bottom - (bottom - top) * found
    page.page.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
    assert page.page.get_by_label("Threshold", exact=True).input_value() == "12"


def test_a_hidden_run_is_hidden_everywhere(open_page):
    page = shown(open_page, precision(), precision("valid"), pictures(), pictures("valid"))
    page.page.locator(".mt-run input").nth(1).uncheck()
    assert page.page.locator(f"{CARD} tbody tr").count() == 1
    seen = page.page.locator(f'{CARD}[aria-label^="rings"]:not([hidden])')
    assert seen.count() == 1


# ---- with Python behind it


def many_pictures() -> Images:
    size = np.full(40, 16, np.int64)
    made = [[picture(16, step)] for step in range(40)]
    return Images("train", "many", *steps(40), made, size, size)


def test_python_is_asked_for_the_steps_that_are_not_kept(open_page):
    page = open_page()
    log = Log([many_pictures()])
    record = dashboard(log).record
    kept = {entry["at"] for entry in record["kinds"]["images"][0]["entries"]}
    assert len(kept) == 10
    host(page.page, DashboardWidget(record, source=log), NAMES)
    opened(page)
    drawn(page)
    slider = card(page).locator(STEP)
    assert slider.get_attribute("max") == "39"
    slider.focus()
    page.press("ArrowLeft")
    assert 38 not in kept
    assert card(page).locator(".mt-count").first.inner_text() == "step 38 (39 of 40)"
    label = '.mt-picture[aria-label^="many, step 38, picture 1 of 1"]'
    page.page.wait_for_selector(label)
    settled(page)


def test_an_island_leads_only_to_the_steps_it_keeps(open_page):
    page = shown(open_page, many_pictures())
    assert card(page).locator(STEP).get_attribute("max") == "9"
    assert "10 of 40 steps are kept here" in card(page).inner_text()


def test_news_keep_the_reader_where_he_is_and_do_not_stop_a_sound(open_page):
    page = open_page()
    widget = DashboardWidget(dashboard(Log([sounds(), pictures()])).record)
    host(page.page, widget, NAMES)
    opened(page)
    page.page.locator("audio").wait_for()
    page.page.evaluate("window.first = document.querySelector('audio')")
    slider = page.page.locator(f'{CARD}[aria-label^="rings"] {STEP}')
    slider.focus()
    page.press("Home", "ArrowRight")
    news = json.loads(json.dumps(dashboard(Log([sounds(), pictures(count=6)])).record))
    page.page.evaluate("(news) => window.hear({ state: { dashboard: news }, messages: [] })", news)
    place = page.page.locator(f'{CARD}[aria-label^="rings"] .mt-count').first
    assert place.inner_text() == "step 10 (2 of 6)"
    assert page.page.evaluate("window.first === document.querySelector('audio')")


def test_nothing_is_left_when_it_is_taken_away(open_page):
    page = open_page()
    record = dashboard(Log([sounds(), pictures(), texts(), precision()])).record
    host(page.page, DashboardWidget(record), NAMES)
    opened(page)
    drawn(page)
    page.page.locator("audio").wait_for()
    page.page.evaluate("window.sound = document.querySelector('audio').src")
    page.page.evaluate("window.dispose()")
    assert page.page.evaluate("document.querySelector('#host').childElementCount") == 0
    left = page.page.evaluate("Object.values(window.listeners).flat().length")
    assert left == 0
    gone = (
        "new Promise((yes) => { const a = new Audio(window.sound); a.onerror = () => yes(true); })"
    )
    assert page.page.evaluate(gone)
    page.faults.clear()  # the browser notes the address that is gone


# ---- rules of accessibility


@pytest.mark.parametrize("mode", [
    {"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"},
])  # fmt: skip
def test_rules_of_accessibility_hold(open_page, mode):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = open_page(reduced_motion="reduce", **mode)
    made = dashboard(Log([pictures(), sounds(), texts(count=1), precision()]))
    page.page.set_content(
        '<!doctype html><html lang="en"><head><title>t</title></head><body><main><h1>t</h1>'
        f"{made.to_html(static=False)}</main></body></html>"
    )
    page.page.wait_for_selector(".mt-title")
    opened(page)
    drawn(page)
    page.page.set_viewport_size({"width": 1000, "height": 3000})
    page.page.locator("svg.mt-plot").wait_for()
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    contrast = {"color-contrast": {"enabled": "forced_colors" not in mode}}
    found = axe.Axe().run(page.page, options={"runOnly": rules, "rules": contrast})
    told = [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]]
    assert told == []
