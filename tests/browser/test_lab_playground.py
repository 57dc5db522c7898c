"""The playground in a real JupyterLab: pictures flow, stop when hidden, and freeze."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anywidget")

SETUP = "from minitensor_widgets import playground\nboard = playground(data='moons')\nboard"
OWN = """
import minitensor as mt
from minitensor_widgets import playground

keras = mt.keras
model = keras.Sequential([
    keras.Input((2,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(32, "relu"),
    keras.layers.Dense(1),
])
optimizer, loss_of = keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True)

def step(x, y):  # eager: nothing is compiled
    with mt.GradientTape() as tape:
        loss = loss_of(y, model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

board = playground(model, "spiral", step)
board
"""
STEP = "() => +document.querySelector('.mt-moment').textContent.match(/step (\\d+)/)[1]"


def start(lab: Any, page: Any, name: str, *cells: str) -> Any:
    """Open a notebook, run its first cell, and give the playground there."""
    lab.open(page, lab.write(name, *cells))
    lab.run(page, 0)
    root = lab.cell(page, 0).locator(".mt")
    root.locator(".mt-moment:not(:empty)").wait_for(timeout=30_000)
    return root


def step(page: Any) -> int:
    return page.evaluate(STEP)


def flows_to(page: Any, wanted: int) -> None:
    page.wait_for_function(f"() => ({STEP})() >= {wanted}", timeout=30_000)


def rests(page: Any) -> int:
    """The step once two looks, a while apart, see the same."""
    found = -1
    for _ in range(40):
        now = step(page)
        if now == found:
            return now
        found = now
        page.wait_for_timeout(400)
    pytest.fail("it never came to rest")


def test_pictures_flow_pause_and_freeze(lab: Any, page: Any, screenshots: Path) -> None:
    root = start(lab, page, "playground.ipynb", SETUP, "board.step", "board.freeze()")
    root.get_by_role("button", name="Play").click()
    flows_to(page, 100)
    root.get_by_role("button", name="Pause").click()
    paused = rests(page)
    assert "of the training points are right" in root.locator(".mt-views > p").inner_text()
    page.screenshot(path=screenshots / "lab_playground.png")
    lab.run(page, 1)
    answer = lab.cells(page)[1]["outputs"][0]["data"]["text/plain"]
    assert int("".join(answer)) == paused
    lab.run(page, 2)
    frozen = lab.cell(page, 0).locator('.mt input[type="range"]')
    frozen.wait_for(timeout=30_000)
    assert step(page) == paused
    frozen.focus()
    page.keyboard.press("Home")
    assert step(page) == 0
    saved = lab.cells(page)[0]["outputs"]
    assert [list(out["data"]) for out in saved] == [["text/html", "text/plain"]]


def test_nothing_flows_while_it_is_out_of_sight(lab: Any, page: Any) -> None:
    filler = "\n".join(["'''", *["line"] * 120, "'''", "None"])
    root = start(lab, page, "hidden.ipynb", SETUP, filler, filler)
    root.get_by_role("button", name="Play").click()
    flows_to(page, 30)
    lab.cell(page, 2)
    page.wait_for_function(
        "() => !(document.querySelector('.mt')?.getBoundingClientRect().bottom > 0)", timeout=10_000
    )
    page.wait_for_timeout(500)
    look = "() => document.querySelector('.mt-moment')?.textContent ?? 'taken out of the page'"
    before = page.evaluate(look)
    page.wait_for_timeout(1000)
    assert page.evaluate(look) == before
    lab.cell(page, 0)
    page.wait_for_function("() => document.querySelector('.mt-moment')")
    now = step(page)
    flows_to(page, now + 30)


def test_a_dead_kernel_is_told_of_and_the_picture_stays(lab: Any, page: Any) -> None:
    root = start(lab, page, "dead.ipynb", SETUP)
    root.get_by_role("button", name="Play").click()
    flows_to(page, 30)
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()")
    page.wait_for_function(
        "() => document.querySelector('.mt-away').textContent.includes('not reachable')",
        timeout=20_000,
    )
    assert step(page) >= 30
    assert root.locator(".mt-plane-field").is_visible()


def test_a_learners_own_eager_model_reaches_ten_pictures_a_second(lab: Any, page: Any) -> None:
    root = start(lab, page, "own.ipynb", OWN)
    root.get_by_role("button", name="Play").click()
    flows_to(page, 30)
    count = """(seconds) => new Promise((done) => {
        let seen = 0;
        const watch = new MutationObserver(() => seen++);
        watch.observe(document.querySelector(".mt-moment"), { childList: true });
        setTimeout(() => { watch.disconnect(); done(seen / seconds); }, seconds * 1000);
    })"""
    rates = []
    begun = time.monotonic()
    while time.monotonic() - begun < 20 and max(rates, default=0) < 10:
        rates.append(page.evaluate(count, 2))
    print("pictures a second:", rates)
    assert max(rates) >= 5, "ten on an idle machine; half of that on a busy one"
    root.get_by_role("button", name="Pause").click()
