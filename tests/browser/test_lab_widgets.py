"""Islands and widgets in a real JupyterLab: round trips, themes, reopening, dead kernels."""

from __future__ import annotations

import json
from typing import Any

import pytest

MAKE = (
    "from minitensor_widgets import GraphWidget, StepperWidget, samples, show, step\n"
    "graph = GraphWidget(samples.scalar_steps()['graph'])\n"
)
SLIDER = 'input[type="range"]'


def output(lab: Any, page: Any, index: int) -> str:
    outputs = lab.cells(page)[index]["outputs"]
    return "".join("".join(out.get("text", "")) for out in outputs)


def says(lab: Any, page: Any, index: int, wanted: str) -> None:
    """A cell prints what is wanted, once the kernel has heard of what was clicked."""
    for _ in range(20):
        lab.run(page, index)
        if output(lab, page, index).strip() == wanted:
            return
    pytest.fail(f"the cell prints {output(lab, page, index)!r}, not {wanted!r}")


def view(lab: Any, page: Any, index: int) -> Any:
    found = lab.cell(page, index).locator(".mt").first
    found.locator(".mt-title").wait_for(timeout=30_000)
    return found


def test_python_sees_what_is_selected_and_leads(lab: Any, page: Any) -> None:
    cells = [MAKE + "graph", "print(graph.selected)", "graph.selected = 'n3'"]
    lab.open(page, lab.write("round_trip.ipynb", *cells))
    lab.run(page, 0)
    shown = view(lab, page, 0)
    shown.locator('[data-key="n:n2"]').click()
    says(lab, page, 1, "n2")
    lab.run(page, 2)
    shown = view(lab, page, 0)
    shown.locator('[data-key="n:n3"][aria-pressed="true"]').wait_for()


def test_two_views_of_a_widget_and_linked_widgets_move_together(lab: Any, page: Any) -> None:
    cells = [
        MAKE + "from ipywidgets import HBox, link\n"
        "stepper = StepperWidget(samples.scalar_steps())\n"
        "link((graph, 'selected'), (stepper, 'selected'))\nHBox([graph, stepper])",
        "stepper",
    ]
    lab.open(page, lab.write("two_views.ipynb", *cells))
    lab.run_all(page)
    both = view(lab, page, 0)
    second = lab.cell(page, 1).locator(".mt").first
    second.locator(SLIDER).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert second.locator(".mt-count").first.inner_text().startswith("2 / ")
    first = lab.cell(page, 0).locator(".mt").nth(1)
    assert first.locator(".mt-count").first.inner_text().startswith("2 / ")
    both.locator('[data-key="n:n3"]').click()
    first.locator('[data-key="n:n3"].mt-selected').wait_for()


def test_an_island_follows_a_switch_of_the_theme(lab: Any, page: Any) -> None:
    lab.open(page, lab.write("theme.ipynb", MAKE + "show(samples.scalar_steps()['graph'])"))
    lab.run(page, 0)
    shown = view(lab, page, 0)
    colour = "element => getComputedStyle(element).backgroundColor"
    colours = []
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
        )
        light = str(theme.endswith("Light")).lower()
        page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        colours.append(shown.evaluate(colour))
    assert colours[1] == "rgb(255, 255, 255)"
    assert colours[0] != colours[1]


def saved(lab: Any, page: Any, name: str) -> dict[str, Any]:
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    return json.loads((lab.folder / name).read_text())


def test_an_island_is_alive_after_reopening_and_with_a_dead_kernel(lab: Any, page: Any) -> None:
    name = lab.write("again.ipynb", MAKE + "step(samples.scalar_steps())")
    lab.open(page, name)
    lab.run(page, 0)
    view(lab, page, 0)
    notebook = saved(lab, page, name)
    assert "widgets" not in notebook["metadata"]
    assert "widget-view" not in json.dumps(notebook)
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    lab.open(page, name)
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    shown = view(lab, page, 0)
    shown.locator(SLIDER).focus()
    page.keyboard.press("ArrowRight")
    assert shown.locator(".mt-count").first.inner_text().startswith("1 / ")


def test_an_untrusted_notebook_shows_the_figure(lab: Any, page: Any) -> None:
    name = lab.write("trusted.ipynb", MAKE + "step(samples.scalar_steps())")
    lab.open(page, name)
    lab.run(page, 0)
    notebook = saved(lab, page, name)
    notebook["cells"][0]["source"] += "\n# from somebody else"
    (lab.folder / "stranger.ipynb").write_text(json.dumps(notebook))
    lab.open(page, "stranger.ipynb")
    cell = lab.cell(page, 0)
    figure = cell.locator(".jp-OutputArea-output img")
    figure.wait_for(timeout=30_000)
    assert "finished backward pass" in figure.get_attribute("alt")
    assert figure.evaluate("image => image.naturalWidth") > 200
    assert cell.locator(".mt").count() == 0


def test_a_widget_freezes_into_an_island_that_is_saved(lab: Any, page: Any) -> None:
    name = lab.write("frozen.ipynb", MAKE + "graph", "graph.freeze()")
    lab.open(page, name)
    lab.run(page, 0)
    view(lab, page, 0)
    lab.run(page, 1)
    text = json.dumps(saved(lab, page, name)["cells"][0]["outputs"])
    assert "widget-view" not in text
    assert "<script" in text
    view(lab, page, 0).locator('[data-key="n:n2"]').click()


def test_a_widget_goes_on_by_itself_when_its_kernel_is_restarted(lab: Any, page: Any) -> None:
    cells = MAKE + "StepperWidget(samples.scalar_steps())"
    lab.open(page, lab.write("restarted.ipynb", cells))
    lab.run(page, 0)
    shown = view(lab, page, 0)
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    shown.locator(SLIDER).focus()
    page.keyboard.press("ArrowRight")
    assert shown.locator(".mt-count").first.inner_text().startswith("1 / ")


@pytest.mark.parametrize(
    ("make", "megabytes"),
    [("step(samples.matmul_steps())", 2.0), ("StepperWidget(samples.matmul_steps())", 12.0)],
    ids=["island", "widget"],
)
def test_a_cell_that_runs_sixty_times_leaves_little_behind(
    lab: Any, page: Any, make: str, megabytes: float
) -> None:
    count = (
        "import gc, ipywidgets\nfrom minitensor_widgets.live.viewer import Viewer\ngc.collect()\n"
        "print(sum(isinstance(w, Viewer) for w in ipywidgets.widgets.widget._instances.values()))"
    )
    lab.open(page, lab.write(f"sixty_{megabytes:.0f}.ipynb", MAKE + "graph.close()", make, count))
    lab.run_all(page)
    session = page.context.new_cdp_session(page)

    def heap() -> float:
        session.send("HeapProfiler.collectGarbage")
        return session.send("Runtime.getHeapUsage")["usedSize"] / 1e6

    lab.run(page, 1)
    before = heap()
    page.evaluate(
        "async () => { for (let i = 0; i < 60; i++) {"
        " jupyterapp.shell.currentWidget.content.activeCellIndex = 1;"
        " await jupyterapp.commands.execute('notebook:run-cell'); } }"
    )
    grown = heap() - before
    lab.run(page, 2)
    assert grown <= megabytes
    assert int(output(lab, page, 2)) <= 1


def test_interact_draws_an_island_anew_and_observe_hears_of_steps(lab: Any, page: Any) -> None:
    cells = [
        MAKE + "from ipywidgets import interact\n"
        "interact(lambda at: step(samples.scalar_steps(), at=at), at=(0, 9));",
        "seen = []\nstepper = StepperWidget(samples.scalar_steps())\n"
        "stepper.observe(lambda change: seen.append(change.new), 'step')\nstepper",
        "print(seen)",
    ]
    lab.open(page, lab.write("interact.ipynb", *cells))
    lab.run_all(page)
    shown = view(lab, page, 0)
    assert shown.locator(".mt-count").first.inner_text().startswith("4 / ")
    shown = view(lab, page, 1)
    shown.locator(SLIDER).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    says(lab, page, 2, "[1, 2]")
