"""What the specification promises of the widgets, measured in headless Chromium.

    python -m benchmarks.widgets

Needs playwright and Chromium (`MINITENSOR_CHROMIUM` names one), and node for the layout alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from minitensor_widgets import assets, samples, show, step
from minitensor_widgets.graphs.records import graph_record
from minitensor_widgets.graphs.scene import scene

REPEATS = 9
MAIN = "graphs/graph"
HARNESS = Path(__file__).parents[1] / "tests" / "browser" / "harness.js"
LAYOUT = """
const times = [];
for (let i = 0; i < %d; i++) {
  const start = performance.now();
  scene(record, [], false);
  times.push(performance.now() - start);
}
"""
PAINTED = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


class Row(NamedTuple):
    """What was measured, and at most how much it may be."""

    name: str
    value: float
    bar: float
    unit: str

    def __str__(self) -> str:
        met = "met" if self.value <= self.bar else "MISSED"
        digits = 1 if self.value >= 1 else 3
        return f"{self.name:58}{self.value:9.{digits}f} {self.unit:3} ≤ {self.bar:g}: {met}"


def network(nodes: int) -> dict:
    """A residual network of about this many nodes."""
    return graph_record(samples.scoped_graph(max(1, round(nodes / 11))))


def in_python() -> Iterator[Row]:
    """The layout of 1000 nodes, all scopes open."""
    record = network(1000)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        scene(record, [])
        times.append(time.perf_counter() - start)
    yield Row("layout of 1000 open nodes, Python", min(times) * 1e3, 300, "ms")


def layout_code() -> str:
    """The modules that lay out a graph, as one script."""
    return "\n".join(map(assets.source, assets.modules("graphs/scene")))


def in_node() -> Iterator[Row]:
    """The same layout by its twin in node, where there is one."""
    node = shutil.which("node")
    if node is None:
        print("no node: the layout is measured in the browser only")
        return
    record = f"const record = {json.dumps(network(1000))};"
    code = "\n".join([layout_code(), record, LAYOUT % REPEATS, "console.log(Math.min(...times))"])
    done = subprocess.run([node, "-"], input=code, capture_output=True, text=True, check=True)
    yield Row("layout of 1000 open nodes, JavaScript in node", float(done.stdout), 120, "ms")


def in_chromium(browser: Any) -> Iterator[Row]:
    """The same layout in the browser."""
    page = browser.new_page()
    code = "\n".join([layout_code(), LAYOUT % REPEATS, "return Math.min(...times);"])
    value = page.evaluate(f"(record) => {{ {code} }}", network(1000))
    page.close()
    yield Row("layout of 1000 open nodes, JavaScript in Chromium", value, 120, "ms")


def first_paint(browser: Any) -> Iterator[Row]:
    """From the HTML of an output to the live picture, for the graph and the stepper."""
    islands = {"150-node graph": show(network(150)), "small stepper": step(samples.matmul_steps())}
    for name, island in islands.items():
        html = island.to_html(static=False)
        times = []
        for _ in range(REPEATS):
            page = browser.new_page()
            page.set_content("<!doctype html><body></body>")
            times.append(page.evaluate(FIRST, html))
            page.close()
        yield Row(f"first paint of an island, {name}", min(times), 300, "ms")


FIRST = """async (html) => {
  const start = performance.now(), host = document.createElement("div");
  document.body.append(host);
  host.append(document.createRange().createContextualFragment(html));
  while (!host.querySelector(".mt-item, .mt-panel")) await new Promise((done) => setTimeout(done));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""

# One interaction from the event to the picture: script, style and layout of the page.
INTERACT = """([selector, type]) => {
  const found = [...document.querySelectorAll(selector)], times = [];
  for (let i = 0; i < 12; i++) {
    const target = document.contains(found[i]) ? found[i] : document.querySelector(selector);
    const at = target.getBoundingClientRect();
    const place = { clientX: at.x + 9, clientY: at.y + 9, bubbles: true };
    const start = performance.now();
    target.dispatchEvent(new PointerEvent(type, place));
    document.body.getBoundingClientRect();
    document.querySelector(".mt-svg g").getBBox();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}"""


def interaction(browser: Any) -> Iterator[Row]:
    """Select, hover, open and close in graphs of 150 and of nearly 500 nodes, all scopes open."""
    for nodes, bar in ((150, 50), (490, 100)):
        page = browser.new_page()
        mount(page, {"graph": network(nodes), "collapsed": []})
        leaf, scope = ".mt-node .mt-box", ".mt-open rect, .mt-closed rect"
        for what, selector, event in (
            ("select", leaf, "click"),
            ("hover", leaf, "pointerover"),
            ("open or close", scope, "click"),
        ):
            value = min(page.evaluate(INTERACT, [selector, event]) for _ in range(3))
            yield Row(f"{what}, {nodes} open nodes", value, bar, "ms")
        page.close()


def mount(page: Any, state: dict) -> None:
    """A graph widget on an empty page."""
    page.set_content("<!doctype html><body></body>")
    defaults = {"selected": "", "step": 0, "direction": "TB", "pinned": [], "grouped": True}
    argument = {"esm": assets.esm(MAIN), "css": assets.css(MAIN), "state": {**defaults, **state}}
    page.evaluate(HARNESS.read_text(encoding="utf-8"), argument)


def memory(browser: Any) -> Iterator[Row]:
    """The heap that is left when one output has been replaced 60 times."""
    page = browser.new_page()
    page.set_content("<!doctype html><body></body>")
    session = page.context.new_cdp_session(page)
    islands = [show({**network(150), "title": f"run {i}"}).to_html(static=False) for i in range(63)]

    def heap() -> float:
        session.send("HeapProfiler.collectGarbage")
        return session.send("Runtime.getHeapUsage")["usedSize"]

    before = 0.0
    for i, html in enumerate(islands):
        page.evaluate("document.body.replaceChildren()")
        page.evaluate(FIRST, html)
        if i == 2:
            before = heap()
    page.evaluate("document.body.replaceChildren()")
    grown = heap() - before
    page.close()
    yield Row("heap after 60 re-runs of a 150-node island", grown / 1e6, 2, "MB")


def sizes() -> Iterator[Row]:
    """The code that an output or a widget class carries, and whole outputs."""
    for main in assets.viewers():
        island = len(assets.loading(main)) * 3 / 4e3
        yield Row(f"code and style of an island, {main}", island, 14, "kB")
        yield Row(f"code of a widget class, {main}", len(assets.esm(main)) / 1e3, 25, "kB")
    outputs = {
        "graph of 200 nodes": (show(samples.scoped_graph()), 80),
        "backward pass of 6 nodes": (step(samples.matmul_steps()), 80),
        "graph of 200 open nodes": (show(samples.scoped_graph(), collapsed=[]), 250),
        "graph of 1000 nodes": (show(samples.scoped_graph(90)), 250),
    }
    for name, (island, bar) in outputs.items():
        yield Row(f"island, {name}", len(island.to_html(static=False)) / 1e3, bar, "kB")


def measured(browser: Any) -> Iterator[Row]:
    """Everything, one after the other."""
    yield from in_python()
    yield from in_node()
    for measure in (in_chromium, first_paint, interaction, memory):
        yield from measure(browser)
    yield from sizes()


def show_rows(measured: Callable[[Any], Iterator[Row]]) -> None:
    """Print a line for each bar that is measured in a browser."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("MINITENSOR_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for row in measured(browser):
            print(row)
        browser.close()


if __name__ == "__main__":
    show_rows(measured)
