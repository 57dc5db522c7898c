"""Pictures, sounds and texts that the engine recorded, seen and heard in JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

RECORD = """
import numpy as np, minitensor as mt
from minitensor_widgets import dashboard
random = np.random.default_rng(0)
with mt.summary.create_file_writer("media/run").as_default(step=3):
    mt.summary.image("noise", random.random((2, 8, 8, 3)).astype(np.float32))
    mt.summary.audio("tone", np.sin(np.arange(4000) / 5.0).astype(np.float32)[None, :, None], 8000)
    mt.summary.text("note", mt.constant("a *note* <script>window.ran = 1</script>"))
    labels = random.random(200) < 0.4
    mt.summary.pr_curve("found", labels, np.where(labels, 0.8, 0.2).astype(np.float32))
"""


def test_what_the_engine_recorded_is_seen_and_heard_in_jupyterlab(
    lab: Any, page: Any, screenshots: Path
):
    lab.open(page, lab.write("media.ipynb", RECORD, 'dashboard("media")'))
    lab.run_all(page)
    seen = lab.cell(page, 1).locator(".mt")
    seen.locator(".mt-title").wait_for(timeout=30_000)
    seen.evaluate("one => one.querySelectorAll('details').forEach((part) => (part.open = true))")
    for kind in seen.locator(".mt-kind").all():  # panes are made when they come into sight
        kind.scroll_into_view_if_needed()
        kind.locator("section").first.wait_for()
    played = seen.locator("audio").evaluate(
        "(player) => new Promise((done) => { player.onended = () => done(true); player.play(); })"
    )
    assert played
    assert seen.locator(".mt-text em").inner_text() == "note"
    assert "<script>" in seen.locator(".mt-text").inner_text()
    assert page.evaluate("window.ran") is None
    seen.locator(".mt-picture").first.focus()
    page.keyboard.press("ArrowRight")
    assert seen.locator(".mt-reading").inner_text().startswith("picture 1, row 0, column 0: red ")
    page.screenshot(path=screenshots / "lab_media.png")
