"""TensorBoard's own page, in a real browser, shows what was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

import minitensor as mt

from ..tensorboard_server import func2, serving

pytest.importorskip("tensorboard")
# TensorBoard's graph lives in nested shadow roots, which only a walk reaches.
NODES = """() => {
  const found = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
      if (element.matches("g.node")) found.push(element.getAttribute("data-name"));
    }
  };
  walk(document);
  return found;
}"""


def test_the_graph_of_func2_shows_its_scope(browser, tmp_path: Path) -> None:
    func2(8, 5)  # TensorFlow writes nothing when it was traced before
    mt.summary.trace_on(graph=True)
    func2(8, 5)
    with mt.summary.create_file_writer(tmp_path / "run") as writer, writer.as_default():
        mt.summary.trace_export(name="func2", step=0)
    with serving(tmp_path) as served:
        served.wait(lambda: "func2" in served.json("plugin/graphs/info")["run"]["tags"])
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.goto(f"{served.address}#graphs&run=run&tag=func2")
        page.wait_for_function(f"({NODES})().includes('Linear_function')", timeout=60_000)
        assert {"Linear_function", "Identity"} <= {*page.evaluate(NODES)}
        page.close()
