"""The dashboard in a real JupyterLab: live while cells record, and whole without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

WIDGET = "application/vnd.jupyter.widget-view+json"
RUN = """(index) => { const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index; jupyterapp.commands.execute('notebook:run-cell'); }"""
IDLE = """() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel
    ?.status === 'idle'"""
SETUP = """
import time
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
        time.sleep(0.01)
"""
CAPTION = "() => document.querySelector('.mt-figure figcaption')?.innerText ?? ''"


def outputs(lab: Any, page: Any, index: int) -> list[dict[str, Any]]:
    return [out.get("data", {}) for out in lab.cells(page)[index]["outputs"]]


def start(page: Any, index: int) -> None:
    """Run a cell without waiting for its end."""
    page.evaluate(RUN, index)


@pytest.fixture
def notebook(lab: Any, page: Any) -> Any:
    """Open a notebook and run its first cell."""

    def make(name: str, *cells: str) -> str:
        lab.open(page, lab.write(name, *cells))
        start(page, 0)
        page.wait_for_function(IDLE, timeout=60_000)
        page.locator(".mt-title").first.wait_for(timeout=30_000)
        return name

    return make


def test_it_lives_while_cells_record_and_needs_no_kernel_afterwards(
    lab: Any, page: Any, notebook: Any, screenshots: Path
) -> None:
    name = notebook("live.ipynb", SETUP, f"start = 0{TRAIN}", f"start = 400{TRAIN}")
    (first,) = outputs(lab, page, 0)
    assert WIDGET not in first
    assert "nothing is recorded yet" in first["text/plain"]
    for index, last in ((1, 399), (2, 799)):
        start(page, index)
        page.locator(".mt-scalar").first.wait_for(timeout=30_000)
        page.wait_for_function(
            "() => document.querySelector('.mt-title')?.innerText.includes('live')"
        )
        assert WIDGET in outputs(lab, page, 0)[0]
        said = page.evaluate(CAPTION)
        page.wait_for_function(f"(was) => ({CAPTION})() !== was", arg=said)
        page.screenshot(path=screenshots / f"lab_dashboard_live_{index}.png")
        page.wait_for_function(IDLE, timeout=60_000)
        page.wait_for_function(
            "() => !document.querySelector('.mt-title')?.innerText.includes('live')"
        )
        (left,) = outputs(lab, page, 0)
        assert WIDGET not in left
        assert f"at {last}, greatest 10 at 0" in left["text/plain"]
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    saved = (lab.folder / name).read_text(encoding="utf-8")
    assert WIDGET not in saved
    assert '"widgets"' not in saved
    page.evaluate("() => jupyterapp.shell.currentWidget.close()")
    lab.open(page, name)
    plot = page.locator(".mt-reading").first
    plot.wait_for(timeout=30_000)
    plot.focus()
    page.keyboard.press("Home")
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
    start(page, 0)
    page.wait_for_function(IDLE, timeout=60_000)
    start(page, 1)
    page.wait_for_function(IDLE, timeout=60_000)
    page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output").first.wait_for()
    assert outputs(lab, page, 1)[0]["text/plain"] == "1"
    start(page, 2)
    page.wait_for_function(IDLE, timeout=60_000)
    page.wait_for_function(
        "() => document.querySelector('.mt-title') && "
        "!document.querySelector('.mt-title').innerText.includes('live')"
    )
    assert WIDGET not in outputs(lab, page, 0)[0]


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
    cells = [f"{setup}pause = 0{several}", f"pause = 0.3{several}"]
    lab.open(page, lab.write("several.ipynb", *cells))
    for index in range(len(cells)):
        start(page, index)
        page.wait_for_timeout(1000)
        page.wait_for_function(IDLE, timeout=60_000)
        page.wait_for_timeout(4000)
        shown = outputs(lab, page, index)
        assert len(shown) == 3
        assert all(WIDGET not in data for data in shown)
    assert errors == []
