"""Lessons and widgets as a learner meets them: in JupyterLab, in a browser, by keyboard."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

LESSONS = Path(__file__).resolve().parent.parent.parent / "lessons"
STEPPER = 'input[type="range"][aria-label="Step"]'


class Stepper:
    """A stepper widget on a page, read and moved as a person at the keyboard would."""

    def __init__(self, root: Any) -> None:
        self.root = root.locator(".mt").filter(has=root.page.locator(STEPPER)).first
        self.root.wait_for(timeout=30_000)
        self.keyboard = root.page.keyboard

    def focus(self) -> None:
        self.root.locator(STEPPER).focus()

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.keyboard.press(key)

    @property
    def place(self) -> tuple[int, int]:
        """The step shown and how many there are."""
        now, end = self.root.locator(".mt-count").inner_text().split("/")
        return int(now), int(end)

    def node(self, label: str) -> str:
        """What a node says of itself: label, value, gradient, whether that is final."""
        found = self.root.locator(f'[aria-label^="{label}, "]').first.get_attribute("aria-label")
        assert found is not None
        return found

    def gradient(self, label: str) -> float | None:
        """The gradient a node shows, or None while it is not computed."""
        found = re.search(r"∇ ([-−]?[\d.]+(?:e[-+−]?\d+)?)", self.node(label))
        return float(found[1].replace("−", "-")) if found else None


def test_stepper_walks_by_keyboard_and_shows_the_numbers(
    lab: Any, page: Any, screenshots: Path
) -> None:
    name = lab.write(
        "stepper.ipynb",
        "from minitensor_widgets import step\n"
        "from minitensor_widgets.samples import scalar_steps\n"
        "step(scalar_steps())",
    )
    lab.open(page, name)
    lab.run_all(page)
    stepper = Stepper(lab.cell(page, 0))
    now, end = stepper.place
    assert now == 0
    assert stepper.gradient("a") is None
    stepper.focus()
    stepper.press("ArrowRight")
    assert stepper.place == (1, end)
    stepper.press("ArrowRight", 2)
    stepper.press("ArrowLeft")
    assert stepper.place == (2, end)
    stepper.press("End")
    assert stepper.place == (end, end)
    assert stepper.gradient("a") == pytest.approx(3 + math.cos(2), rel=1e-3)
    assert stepper.gradient("b") == pytest.approx(2)
    page.screenshot(path=screenshots / "lab_stepper.png")
    stepper.press("Home")
    assert stepper.place == (0, end)


@pytest.mark.skipif(not list(LESSONS.glob("[0-9]*.ipynb")), reason="no lesson is built")
def test_the_command_opens_jupyterlab_at_the_first_lesson(
    lab_of_the_command: str, page: Any
) -> None:
    first = min(LESSONS.glob("[0-9]*.ipynb")).name
    page.goto(lab_of_the_command)
    page.locator(".jp-NotebookPanel .jp-RenderedMarkdown h1").first.wait_for(timeout=60_000)
    assert page.locator(".lm-TabBar-tab.jp-mod-current").first.inner_text() == first


@pytest.mark.skipif(not list(LESSONS.glob("04_*.ipynb")), reason="lesson 04 is not built")
def test_lesson_04_runs_and_its_stepper_obeys_the_arrow_keys(
    lab: Any, page: Any, screenshots: Path
) -> None:
    lesson = next(LESSONS.glob("04_*.ipynb")).name
    lab.open(page, lesson)
    lab.run_all(page)
    cells = lab.cells(page)
    steppers = [index for index, cell in enumerate(cells) if shows_a_stepper(cell)]
    assert steppers, "lesson 04 shows a stepper"
    stepper = Stepper(lab.cell(page, steppers[0]))
    stepper.focus()
    stepper.press("Home")
    now, end = stepper.place
    assert now == 0
    for expected in range(1, end + 1):
        stepper.press("ArrowRight")
        assert stepper.place == (expected, end)
    assert (stepper.gradient("u"), stepper.gradient("v")) == (7, 3), "z = (u + v) * u at 3, 1"
    labels = stepper.root.locator("[aria-label*='∇']").evaluate_all(
        "nodes => nodes.map((node) => node.getAttribute('aria-label'))"
    )
    final = [label for label in labels if label.endswith("final")]
    assert final
    assert all(re.search(r"∇ .*\d", label) for label in final)
    page.screenshot(path=screenshots / "lab_lesson_04.png")


@pytest.mark.skipif(not list(LESSONS.glob("08_*.ipynb")), reason="lesson 08 is not built")
def test_lesson_08_runs_and_its_cards_and_passes_obey_the_keyboard(
    lab: Any, page: Any, screenshots: Path
) -> None:
    lab.open(page, next(LESSONS.glob("08_*.ipynb")).name)
    lab.run_all(page)
    last_lines = ["".join(cell["source"]).strip().split("\n")[-1] for cell in lab.cells(page)]
    cards = lab.cell(page, last_lines.index("traces(scaled)")).locator(".mt")
    cards.locator(".mt-card").first.wait_for(timeout=30_000)
    slider = 'input[type="range"]'
    cards.locator(slider).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert cards.locator(".mt-card:not([hidden])").count() == 1
    page.keyboard.press("End")
    assert cards.locator(".mt-card:not([hidden])").count() == 100
    page.screenshot(path=screenshots / "lab_lesson_08_traces.png")
    slides = lab.cell(page, last_lines.index("passes(descend)")).locator(".mt")
    slides.locator(".mt-item").first.wait_for(timeout=30_000)
    many = slides.locator(".mt-item").count()
    slides.locator(slider).focus()
    page.keyboard.press("Home")
    assert slides.locator(".mt-count").inner_text().startswith("0 / ")
    assert slides.locator(".mt-item").count() > many
    page.screenshot(path=screenshots / "lab_lesson_08_passes.png")


def shows_a_stepper(cell: dict[str, Any]) -> bool:
    """A cell whose output is a figure and whose last line makes a stepper."""
    source = "".join(cell["source"])
    html = any("text/html" in out.get("data", {}) for out in cell.get("outputs", []))
    return html and re.search(r"(^|[\s.])step\(", source) is not None
