"""The dashboard in a real JupyterLab: live while cells record, and whole without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import KERNEL_IDLE
from .test_lab_training import UNHURRIED, WIDGET, outputs, reopened, start

SETUP = f"""{UNHURRIED}
import minitensor as mt
from minitensor_widgets import dashboard
writer = mt.summary.create_file_writer("runs/first")
dashboard("runs")
"""
TRAIN = """
with writer.as_default():
    for step in range(start, start + 400):
        mt.summary.scalar("train/loss", 10 / (step + 1), step=step)
        mt.summary.scalar("train/rate", 0.1, step=step)
        unhurried(place)
"""
CAPTION = "() => document.querySelector('.mt-figure figcaption')?.innerText ?? ''"


@pytest.fixture
def notebook(lab: Any, page: Any) -> Any:
    """Open a notebook and run its first cell."""

    def make(name: str, *cells: str) -> str:
        lab.open(page, lab.write(name, *cells))
        lab.run(page, 0)
        page.locator(".mt-title").first.wait_for(timeout=30_000)
        return name

    return make


def test_it_lives_while_cells_record_and_needs_no_kernel_afterwards(
    lab: Any, page: Any, notebook: Any, screenshots: Path
) -> None:
    name = notebook(
        "live.ipynb",
        SETUP,
        f"start, place = 0, 'first'{TRAIN}",
        f"start, place = 400, 'second'{TRAIN}",
    )
    (first,) = outputs(lab, page, 0)
    assert WIDGET not in first
    assert "nothing is recorded yet" in first["text/plain"]
    for index, place, last in ((1, "first", 399), (2, "second", 799)):
        start(page, index)
        page.locator(".mt-scalar").first.wait_for(timeout=30_000)
        page.wait_for_function(
            "() => document.querySelector('.mt-title')?.innerText.includes('live')"
        )
        assert WIDGET in outputs(lab, page, 0)[0]
        said = page.evaluate(CAPTION)
        page.wait_for_function(f"(was) => ({CAPTION})() !== was", arg=said)
        page.screenshot(path=screenshots / f"lab_dashboard_live_{index}.png")
        lab.go_on(place)
        page.wait_for_function(KERNEL_IDLE, timeout=60_000)
        page.wait_for_function(
            "() => !document.querySelector('.mt-title')?.innerText.includes('live')"
        )
        (left,) = outputs(lab, page, 0)
        assert WIDGET not in left
        assert f"at {last}, greatest 10 at 0" in left["text/plain"]
    plot = reopened(lab, page, name)
    assert plot.get_attribute("aria-valuetext").startswith("step 0: first 10")
    assert "model not found" not in page.locator(".jp-Notebook").inner_text()
    page.screenshot(path=screenshots / "lab_dashboard_reopened.png")


LONG = """
import minitensor as mt
from minitensor_widgets import dashboard
from minitensor_widgets.summaries import following
with mt.summary.create_file_writer("long", fresh=True).as_default():
    for step in range(5000):
        mt.summary.scalar("loss", step % 7, step=step)
board = dashboard("long", live=True)
board
"""


def test_it_stays_live_when_asked_and_answers_while_the_kernel_rests(
    lab: Any, page: Any, notebook: Any
) -> None:
    notebook(
        "long.ipynb",
        LONG,
        "sum(not one._closed for one in following._following)",
        "board.freeze()",
    )
    page.wait_for_function("() => document.querySelector('.mt-title')?.innerText.includes('live')")
    assert WIDGET in outputs(lab, page, 0)[0]
    page.wait_for_function(f"() => ({CAPTION})().includes('of 5000 points')")
    page.locator(".mt-reading").first.focus()
    page.keyboard.press("Home")
    for _ in range(6):
        page.keyboard.press("+")
    page.wait_for_function(f"() => !({CAPTION})().includes('of 5000 points')", timeout=20_000)
    page.keyboard.press("Home")
    for step in range(4):
        read = page.locator(".mt-reading").first.get_attribute("aria-valuetext")
        assert f"step {step}:" in read
        page.keyboard.press("ArrowRight")
    lab.run(page, 0)
    lab.run(page, 1)
    assert outputs(lab, page, 1)[0]["text/plain"] == "1"
    lab.run(page, 2)
    page.wait_for_function(
        "() => document.querySelector('.mt-title') && "
        "!document.querySelector('.mt-title').innerText.includes('live')"
    )
    assert WIDGET not in outputs(lab, page, 0)[0]


WRITE = """
with mt.summary.create_file_writer("later").as_default():
    for step in range(30):
        mt.summary.scalar("loss", 1 / (step + 1), step=step)
"""


@pytest.mark.parametrize("more", ["", ", live=True"])
def test_it_waits_for_a_folder_that_training_makes(page: Any, lab: Any, more: str) -> None:
    folder = f"later{len(more)}"
    first = (
        f"import minitensor as mt\nfrom minitensor_widgets import dashboard\ndashboard({folder!r}"
    )
    name = lab.write(f"{folder}.ipynb", f"{first}{more})", WRITE.replace("later", folder))
    lab.open(page, name)
    lab.run(page, 0)
    page.wait_for_function(
        "() => document.querySelector('.mt-hint')?.innerText.includes('there is no folder')",
        timeout=30_000,
    )
    lab.run(page, 1)
    page.wait_for_function(f"() => ({CAPTION})().includes('at 29')", timeout=30_000)
    assert page.locator(".mt-hint:visible").count() == 0


LEFT = """([index, count, widget]) => {
    const { outputs } = jupyterapp.shell.currentWidget.content.model.toJSON().cells[index];
    return outputs.length === count && outputs.every(({ data }) => !(widget in data)); }"""


def test_a_short_cell_with_several_dashboards_has_no_errors_on_its_page(
    lab: Any, page: Any
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "anywidget" in said.text else None)
    several = """
for step in range(3):
    with writer.as_default():
        mt.summary.scalar("loss", 1 / (step + 1), step=step)
    display(dashboard("several"))
    time.sleep(pause)
"""
    setup = SETUP.replace("runs", "several").replace('dashboard("several")', "")
    cells = [f"{setup}pause = 0{several}", f"pause = 0.3{several}", "'what came before is read'"]
    lab.open(page, lab.write("several.ipynb", *cells))
    for index, count in enumerate((3, 3, 1)):
        start(page, index)
        page.wait_for_function(LEFT, arg=[index, count, WIDGET], timeout=60_000)
        page.wait_for_function(KERNEL_IDLE, timeout=60_000)
    assert errors == []
