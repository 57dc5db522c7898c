"""Training in a real JupyterLab: it moves while a cell runs, and what stays needs no kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import KERNEL_IDLE

WIDGET = "application/vnd.jupyter.widget-view+json"
RUN = """(index) => { const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index; jupyterapp.commands.execute('notebook:run-cell'); }"""
BAR = ".mt [role=progressbar]"  # JupyterLab has such bars too
FINISHED = "() => document.querySelector('.mt-title')?.innerText.includes('finished after')"
UNHURRIED = """
import time
from pathlib import Path
def unhurried(place):
    "Leave time for a look, until the test has had it."
    time.sleep(0 if Path(f"{place}.seen").exists() else 0.1)
"""
SETUP = f"""{UNHURRIED}
import numpy as np
import minitensor as mt
from minitensor_widgets import Board, track
x = np.random.default_rng(0).random((256, 4)).astype(np.float32)
y = x.sum(1, keepdims=True)
model = mt.keras.Sequential([mt.keras.layers.Dense(8, "relu"), mt.keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
def pace(place):
    return mt.keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: unhurried(place))
"""
LOOP = """
for i in (t := track(range(4000), label="descending")):
    t.log(loss=1 / (1 + i) + 0.01 * np.sin(i))
    time.sleep(0.01)
"""


def start(page: Any, index: int) -> None:
    """Run a cell without waiting for its end."""
    page.evaluate(RUN, index)


def outputs(lab: Any, page: Any, index: int) -> list[dict[str, Any]]:
    return [out.get("data", {}) for out in lab.cells(page)[index]["outputs"]]


def reopened(lab: Any, page: Any, name: str) -> Any:
    """The first plot of a notebook that was saved, without a widget, and is read with no kernel."""
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
    return plot


@pytest.fixture
def notebook(lab: Any, page: Any) -> Any:
    """Open a notebook whose first cell is SETUP, run already."""

    def make(name: str, *cells: str) -> str:
        lab.open(page, lab.write(name, SETUP, *cells))
        lab.run(page, 0)
        return name

    return make


def test_a_loop_moves_is_interrupted_and_stays_interactive_without_a_kernel(
    lab: Any, page: Any, notebook: Any, screenshots: Path
) -> None:
    name = notebook("loop.ipynb", LOOP)
    start(page, 1)
    bar = page.locator(BAR).first
    bar.wait_for(timeout=30_000)
    page.locator(".mt-plot").first.wait_for(timeout=30_000)
    assert outputs(lab, page, 1)[0].get(WIDGET)
    drawn = ".mt-plot .mt-curve"
    first = page.locator(drawn).first.get_attribute("d")
    page.wait_for_function(
        "([s, d]) => document.querySelector(s).getAttribute('d').length > d.length + 200",
        arg=[drawn, first],
    )
    assert "interrupt the kernel" in page.locator(".mt-title").inner_text()
    page.screenshot(path=screenshots / "lab_training_live.png")
    page.evaluate("() => jupyterapp.commands.execute('notebook:interrupt-kernel')")
    page.wait_for_function(KERNEL_IDLE, timeout=30_000)
    page.wait_for_function(
        "() => document.querySelector('.mt-title')?.innerText.includes('interrupted after')"
    )
    (left,) = outputs(lab, page, 1)[:1]
    assert WIDGET not in left
    assert "text/html" in left
    assert "interrupted" in left["text/plain"]
    reopened(lab, page, name)
    caption = page.locator(".mt-figure figcaption").first
    assert caption.inner_text().startswith("item 0: loss 1")
    page.keyboard.press("ArrowRight")
    assert caption.inner_text().startswith("item 1: loss 0.5")
    assert "model not found" not in page.locator(".jp-Notebook").inner_text()
    page.screenshot(path=screenshots / "lab_training_reopened.png")


def test_fit_shows_a_line_that_moves_and_leaves_its_curves(
    lab: Any, page: Any, notebook: Any, screenshots: Path
) -> None:
    notebook(
        "fit.ipynb",
        "model.fit(x, y, epochs=900, validation_split=0.25, callbacks=[pace('fit')])\n"
        "model.evaluate(x, y)",
    )
    start(page, 1)
    bar = page.locator(BAR).first
    bar.wait_for(timeout=30_000)
    was = int(bar.get_attribute("aria-valuenow") or 0)
    page.locator(".mt-plot").first.wait_for(timeout=30_000)
    page.screenshot(path=screenshots / "lab_fit_live.png")
    moved = "([bar, was]) => +document.querySelector(bar).ariaValueNow > was"
    page.wait_for_function(moved, arg=[BAR, was])
    lab.go_on("fit")
    page.wait_for_function(KERNEL_IDLE, timeout=60_000)
    page.wait_for_function(FINISHED)
    page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output").nth(2).wait_for()
    fitted, evaluated, _ = outputs(lab, page, 1)
    assert WIDGET not in fitted
    assert "Epoch 900/900" in fitted["text/plain"]
    assert evaluated["text/plain"].startswith("Evaluation ━━━━━━━━━━━━━━━━━━━━ 8/8")
    assert page.locator(".mt-figure").count() == 2
    page.screenshot(path=screenshots / "lab_fit_over.png")


def test_a_board_of_curves_and_histograms_follows_the_theme(
    lab: Any, page: Any, notebook: Any, screenshots: Path
) -> None:
    notebook(
        "board.ipynb",
        "with Board('Descent') as board:\n"
        "    feeding = board.callback(weights=True, gradients=(x, y))\n"
        "    model.fit(x, y, epochs=100, callbacks=[feeding, pace('board')])",
    )
    start(page, 1)
    page.locator(".mt-ridge").first.wait_for(timeout=30_000)
    page.screenshot(path=screenshots / "lab_board_live.png")
    lab.go_on("board")
    page.wait_for_function(KERNEL_IDLE, timeout=60_000)
    page.wait_for_function(FINISHED)
    light = page.locator(".mt").first.evaluate("node => getComputedStyle(node).backgroundColor")
    page.evaluate(
        "() => jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    dark = page.locator(".mt").first.evaluate("node => getComputedStyle(node).backgroundColor")
    assert light != dark
    page.screenshot(path=screenshots / "lab_board_dark.png")
    assert page.locator(".mt-figure").count() == 2 + 8
