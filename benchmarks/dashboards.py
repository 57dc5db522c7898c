"""What the specification promises of dashboards and of the projector, in headless Chromium.

    python -m benchmarks.dashboards

Needs playwright and Chromium (`MINITENSOR_CHROMIUM` names one), and a quiet machine: it has to
write, read and draw four million points.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import minitensor as mt
import minitensor.views as _views_as_well  # noqa: F401
from benchmarks.widgets import Row, show_rows
from minitensor_widgets import projector
from minitensor_widgets.live import summaries as _imported_as_in_a_notebook  # noqa: F401
from minitensor_widgets.summaries.dashboard import dashboard
from minitensor_widgets.summaries.following import LiveDashboard
from minitensor_widgets.summaries.sources import Source

RUNS, TAGS, POINTS = 20, 20, 10_000
FIRST_READ = 0.3
LOOP = 8.0
PAGE = "<!doctype html><body>{}</body>"
DRAWN = "[...document.querySelectorAll('canvas')].some((canvas) => canvas.width > 300)"
# From an event to the picture that shows it: smoothing, hiding a run, reading a plot.
INTERACT = """async () => {
  const slider = document.querySelector("input[type=range]");
  const run = document.querySelector(".mt-run input"), plot = document.querySelector(".mt-reading");
  const at = plot.getBoundingClientRect(), found = {};
  const acts = {
    smoothing: (k) => {
      slider.value = 0.1 + 0.05 * k;
      slider.dispatchEvent(new Event("input"));
    },
    "hide a run": () => run.click(),
    hover: (k) => plot.querySelector("svg").dispatchEvent(new PointerEvent("pointermove",
      { bubbles: true, clientX: at.left + 100 + 9 * k, clientY: at.top + 50 })),
  };
  for (const [name, act] of Object.entries(acts)) {
    const times = [];
    for (let k = 0; k < 9; k++) {
      const start = performance.now();
      act(k);
      await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
      times.push(performance.now() - start);
      await new Promise((go) => setTimeout(go, 200));
    }
    found[name] = times.sort((a, b) => a - b)[4];
  }
  return found;
}"""
TURN = """async () => {
  const canvas = document.querySelector("canvas"), at = canvas.getBoundingClientRect();
  const move = (type, k) => canvas.dispatchEvent(new PointerEvent(type, { bubbles: true,
    pointerId: 1, buttons: 1, clientX: at.left + 200 + 3 * k, clientY: at.top + 200 + k }));
  move("pointerdown", 0);
  const start = performance.now();
  for (let k = 1; k <= 60; k++) {
    move("pointermove", k);
    await new Promise((go) => requestAnimationFrame(go));
  }
  const seconds = (performance.now() - start) / 1000;
  move("pointerup", 60);
  return 60 / seconds;
}"""


def write(folder: Path) -> None:
    """The runs that are shown."""
    random = np.random.default_rng(0)
    for run in range(RUNS):
        curves = (
            np.exp(-np.linspace(0, 3, POINTS))[:, None] + random.normal(size=(POINTS, TAGS)) / 9
        )
        with mt.summary.create_file_writer(folder / f"run {run}").as_default() as writer:
            for step, values in enumerate(curves.tolist()):
                for tag, value in enumerate(values):
                    mt.summary.scalar(f"part {tag % 4}/curve {tag}", value, step=step)
        writer.close()


def first_picture(browser: Any, folder: Path) -> Iterator[Row]:
    """From the directory to curves on the page, as far as was read until then."""
    times = []
    for _ in range(3):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        start = time.perf_counter()
        log = mt.summary.read(folder, seconds=FIRST_READ)
        page.set_content(PAGE.format(dashboard(log).to_html(static=False)))
        page.wait_for_function(DRAWN)
        times.append(time.perf_counter() - start)
        page.close()
    yield Row(f"first picture of {RUNS} runs × {TAGS} tags × {POINTS} points", min(times), 1, "s")
    start = time.perf_counter()
    mt.summary.read(folder)
    yield Row("(reading all of it)", time.perf_counter() - start, 20, "s")


def interaction(browser: Any, folder: Path) -> Iterator[Row]:
    """The same dashboard, all of it read, in use."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_content(PAGE.format(dashboard(mt.summary.read(folder)).to_html(static=False)))
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(1000)
    for name, milliseconds in page.evaluate(INTERACT).items():
        yield Row(f"{name}, 400 curves", milliseconds, 50, "ms")
    page.close()


class Nowhere:
    """A place on no page."""

    def update(self, *_: Any, **__: Any) -> None:
        """Show nothing."""


def loop(seconds: float) -> float:
    """Steps a second of a loop of matrix products, some milliseconds each, and ten numbers."""
    random = np.random.default_rng(0)
    x, w = random.normal(size=(256, 256)), random.normal(size=(256, 256)) / 16
    step, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        y = x
        for _ in range(4):
            y = np.tanh(y @ w)
        for tag in range(10):
            mt.summary.scalar(f"part/{tag}", y[0, tag], step=step)
        step += 1
    return step / seconds


def followed(folder: Path, live: bool) -> tuple[float, float]:
    """Steps a second of the loop, and the share of the time that following it took."""
    worked, over = 0.0, threading.Event()
    with mt.summary.create_file_writer(folder).as_default() as writer:
        shown = LiveDashboard(Source(mt.summary.read(folder), None, None, {}))
        shown._handles = [Nowhere()]

        def follow() -> None:
            nonlocal worked
            while not over.is_set():
                start = time.thread_time()
                wait = shown.tick()
                worked += time.thread_time() - start
                over.wait(wait or 0.0)

        thread = threading.Thread(target=follow)
        if live:
            thread.start()
        rate = loop(LOOP)
        over.set()
        if live:
            thread.join()
        shown.close()
    writer.close()
    return rate, worked / LOOP


def live(folder: Path) -> Iterator[Row]:
    """What a dashboard takes of a training that it follows."""
    found = [followed(folder / f"live {i}", i % 2 == 1) for i in range(4)]
    yield Row("live update, share of the training's time", 100 * max(w for _, w in found), 5, "%")
    without, beside = (max(rate for rate, _ in found[i::2]) for i in (0, 1))
    yield Row("the training is slower by", max(0.0, 100 * (1 - beside / without)), 5, "%")


def cloud(browser: Any) -> Iterator[Row]:
    """Ten thousand points of 64 dimensions: their PCA, and turning them."""
    vectors = np.random.default_rng(0).normal(size=(10_000, 64)).astype(np.float32)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        shown = projector(vectors)
        times.append(time.perf_counter() - start)
    yield Row("PCA of 10 000 × 64, and all that is shown of it", min(times), 1, "s")
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.set_content(PAGE.format(shown.to_html(static=False)))
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(1000)
    frames = max(page.evaluate(TURN) for _ in range(3))
    page.close()
    yield Row(f"a frame of turning them ({frames:.0f} a second)", 1000 / frames, 1000 / 30, "ms")


def measured(browser: Any) -> Iterator[Row]:
    """Everything, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "runs")
        yield from first_picture(browser, folder / "runs")
        yield from interaction(browser, folder / "runs")
        yield from live(folder)
    yield from cloud(browser)


if __name__ == "__main__":
    show_rows(measured)
