"""The race of optimisers in a browser: scrubbed, started elsewhere, live and as an island."""

from __future__ import annotations

from typing import Any

import pytest

import minitensor as mt
from minitensor_widgets import samples
from minitensor_widgets.play.races import Race, race

from .hosted import host


@pytest.fixture
def page(open_page: Any) -> Any:
    return open_page()


def live(page: Any, *given: Any, **more: Any) -> Any:
    pytest.importorskip("anywidget")
    from minitensor_widgets.live.race import Racer

    racer = Racer(*given, **more)
    host(page.page, racer, ("race", "start", "step", "at"))
    return racer


def points(page: Any, i: int = 0) -> int:
    """How many places the path of a runner has."""
    return page.page.locator(".mt-path:not(.mt-sample *)").nth(i).get_attribute("d").count(",")


def test_a_race_is_scrubbed_step_by_step(page: Any) -> None:
    page.island(race(steps=60))
    assert page.place() == "60 / 60"
    assert points(page) == 61
    page.page.get_by_role("slider").focus()
    page.press("Home")
    assert points(page) == 1
    page.press("ArrowRight")
    assert points(page) == 2
    assert "After 1 of 60 steps" in page.panel()
    assert "SGD 0.036 loss" in page.text(".mt-live")


def test_the_table_has_the_losses_of_the_record(page: Any) -> None:
    made = race(steps=30)
    page.island(made)
    ends = [run["end"] for run in made.record["races"][0]]
    rows = page.page.locator(".mt-places tbody tr").all_inner_texts()
    for row, (x, _, loss) in zip(rows, ends, strict=True):
        cells = [float(cell) for cell in row.split("\t")[-3:]]
        assert cells[0] == pytest.approx(loss, rel=1e-2)
        assert cells[1] == pytest.approx(x, rel=1e-2)


def test_other_starts_are_chosen_by_mouse_and_by_arrows(page: Any) -> None:
    page.island(race(steps=30))
    starts = page.page.locator(".mt-race-start")
    assert starts.count() == 9
    assert page.page.locator('.mt-race-start[tabindex="0"]').count() == 1
    before = page.panel()
    starts.nth(8).click()
    assert starts.nth(8).get_attribute("aria-pressed") == "true"
    assert page.panel() != before
    page.press("ArrowUp")
    pressed = page.page.locator('.mt-race-start[aria-pressed="true"]')
    assert pressed.evaluate("e => e === document.activeElement")
    assert pressed.get_attribute("aria-label") != starts.nth(8).get_attribute("aria-label")
    assert "From another start" in page.text(".mt-live")


def test_who_leaves_the_picture_is_told(page: Any) -> None:
    page.island(race("ravine", [mt.keras.optimizers.SGD(0.05)], steps=400))
    assert "left the picture at step 2" in page.panel()
    assert "no number from step" in page.panel()
    page.page.get_by_role("slider").focus()
    page.press("Home")
    assert "left the picture" not in page.panel()


def test_a_surface_without_numbers_is_shown(page: Any) -> None:
    page.island(race(lambda x, y: x * float("nan"), ["sgd"], steps=3))
    assert "no number from step 0" in page.panel()


def test_the_start_is_moved_by_keys_and_python_races_again(page: Any) -> None:
    racer = live(page, "rosenbrock", steps=40)
    stage = page.page.locator(".mt-plane-stage")
    stage.focus()
    page.press("ArrowRight", "ArrowRight", "Shift+ArrowDown")
    page.page.wait_for_function("model.get('race').starts[0][0] > -1.4")
    assert racer.start == pytest.approx([-1.5 + 0.16, 1.8 - 0.4])
    assert racer.race["starts"][0] == racer.start
    assert stage.evaluate("e => e === document.activeElement")


def test_a_start_that_moves_on_is_raced_once_when_it_rests(page: Any) -> None:
    racer = live(page, steps=20)
    page.page.evaluate("""() => {
        const stage = document.querySelector(".mt-plane-stage");
        for (let i = 0; i < 10; i++)
            stage.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    }""")
    page.page.wait_for_function("model.get('race').starts[0][0] > -6")
    assert racer.start[0] == pytest.approx(-8.0 + 10 * 0.02 * 14.5)
    assert page.page.evaluate("asked.flatMap((question) => question.do).length") == 1


def test_the_start_is_moved_by_mouse_and_by_numbers(page: Any) -> None:
    racer = live(page, "ravine", steps=20)
    box = page.page.locator(".mt-plane-stage").bounding_box()
    page.page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.page.mouse.up()
    page.page.wait_for_function("model.get('race').starts[0][0] > -3")
    assert racer.start == pytest.approx([-2.25, 0.0], abs=0.1)
    page.page.get_by_label("Start y").fill("1.25")
    page.press("Enter")
    page.page.wait_for_function("model.get('race').starts[0][1] === 1.25")
    assert racer.start[1] == 1.25


def test_python_leads(page: Any) -> None:
    racer = live(page, "saddle", steps=20)
    racer.start = [1.0, 0.25]
    page.page.evaluate("toPython({}).then(hear)")
    page.page.wait_for_function("model.get('race').starts[0][0] === 1")
    assert page.page.get_by_label("Start x").input_value() == "1"
    racer.step = 3
    page.page.evaluate("toPython({}).then(hear)")
    assert page.place() == "3 / 20"


def test_hostile_words_stay_text(page: Any) -> None:
    bad = "".join(samples.HOSTILE)
    record = race(steps=4).record
    page.island(Race({**record, "surface": bad, "names": [bad] * 4}))
    assert samples.HOSTILE[0] in page.text(".mt-title")
    problem = {"text": bad, "file": bad, "line": 1, "source": bad}
    tags = "[...new Set([...document.querySelectorAll('.mt *')].map((e) => e.localName))]"
    assert not {"img", "script", "a", "iframe"} & set(page.page.evaluate(tags))
    page.island(Race({**record, "races": [], "problem": problem}))
    assert samples.HOSTILE[0] in page.text(".mt-problem")
    assert not {"img", "script", "a", "iframe"} & set(page.page.evaluate(tags))


@pytest.mark.parametrize("where", ["island", "live"])
def test_targets_are_large_and_narrow_pages_are_not_overflown(page: Any, where: str) -> None:
    page.page.set_viewport_size({"width": 360, "height": 700})
    live(page) if where == "live" else page.island(race(steps=10))
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 360
    for target in page.page.locator(".mt :is(button, input)").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert target.evaluate("e => e.ariaLabel || e.innerText || e.labels?.[0]?.innerText")


def test_dispose_leaves_nothing(page: Any) -> None:
    live(page, steps=10)
    page.named("Play").click()
    page.page.evaluate("dispose()")
    assert page.page.evaluate("document.getElementById('host').childElementCount") == 0
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0
