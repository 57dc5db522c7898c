"""What holds for every viewer: rules of accessibility, themes, keyboard, size, silence.

The examples are those of `docs/gallery.py`, which the pictures in the README show too.
"""

from __future__ import annotations

import importlib.util
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .test_dashboard import FRAMES

ROOT = Path(__file__).resolve().parent.parent.parent
MODES = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MOST_TABS = 60


def gallery() -> dict[str, Callable[[], Any]]:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["gallery"] = made
    spec.loader.exec_module(made)
    return made.EXAMPLES


EXAMPLES = gallery()
each = pytest.mark.parametrize("name", EXAMPLES)


def page_of(html: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><title>A notebook</title></head>'
        f"<body><main><h1>A notebook</h1>{html}<button>after</button></main></body></html>"
    )


def shown(open_page: Any, name: str, **options: Any) -> Any:
    page = open_page(reduced_motion="reduce", **options)
    page.page.set_content(page_of(EXAMPLES[name]().to_html(static=False)))
    page.page.wait_for_selector(".mt-title")
    return page


@each
@pytest.mark.parametrize("mode", MODES)
def test_rules_of_accessibility_hold(open_page, name, mode):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = shown(open_page, name, **MODES[mode])
    options = {"runOnly": RULES, "rules": {"color-contrast": {"enabled": mode != "forced colours"}}}
    found = axe.Axe().run(page.page, options=options)
    assert [
        (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
        for fault in found.response["violations"]
    ] == []


@each
def test_tab_leads_in_and_out_again(open_page, name):
    page = shown(open_page, name)
    page.page.evaluate("document.activeElement.blur()")
    inside = 0
    for _ in range(MOST_TABS):
        page.press("Tab")
        if page.page.evaluate("document.activeElement.textContent === 'after'"):
            break
        inside += page.page.evaluate("!!document.activeElement.closest('.mt')")
    else:
        pytest.fail(f"still inside after {MOST_TABS} tabs")
    assert inside >= 2


@each
def test_nothing_is_lost_at_a_zoom_of_200_percent(open_page, name):
    page = shown(open_page, name)
    page.page.set_viewport_size({"width": 500, "height": 400})
    assert page.page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    ), "the page scrolls sideways"


@each
def test_the_size_of_an_output_is_small(name):
    html = EXAMPLES[name]().to_html(static=False)
    assert len(html) < 80_000


@each
def test_the_figure_is_whole_and_says_what_it_shows(name):
    output = EXAMPLES[name]()
    figure = ElementTree.fromstring(output.to_svg())
    assert figure.get("role") == "img"
    assert len(output.alt) > 20
    assert output.alt == figure.get("aria-label")
    assert len(output.description().splitlines()) >= 2


@each
def test_the_static_output_is_the_same_each_time(name, monkeypatch):
    monkeypatch.setenv("MINITENSOR_DISPLAY", "static")
    first, second = EXAMPLES[name](), EXAMPLES[name]()
    assert first._repr_mimebundle_() == second._repr_mimebundle_()
    assert "<script" not in first.to_html()


LOOKS = """() => Object.fromEntries([...document.querySelectorAll('[data-example]')].map((box) => [
    box.dataset.example,
    [...box.querySelectorAll('.mt *')].slice(0, 400).map((element) => {
        const s = getComputedStyle(element);
        return [element.getAttribute('class'), s.fill, s.stroke, s.strokeWidth, s.strokeDasharray,
            s.color, s.backgroundColor, s.borderTopWidth, s.fontSize, s.display, s.padding].join();
    }),
]))"""


def test_viewers_on_one_page_leave_one_another_alone(open_page):
    def looks(names):
        page = open_page(reduced_motion="reduce")
        page.page.set_viewport_size({"width": 1000, "height": 20_000})
        boxes = [f'<div data-example="{name}">{outputs[name]}</div>' for name in names]
        page.page.set_content(page_of("".join(boxes)))
        page.page.wait_for_function(
            f"document.querySelectorAll('[data-example] .mt-title').length === {len(boxes)}"
        )
        if "dashboard" in names:  # it draws what can be seen, a moment later
            page.page.wait_for_selector("[data-example=dashboard] canvas")
        page.page.evaluate(FRAMES)  # graphs find their size, and whether they need a map
        return page.page.evaluate(LOOKS)

    outputs = {name: make().to_html(static=False) for name, make in EXAMPLES.items()}
    alone = {name: looks([name])[name] for name in EXAMPLES}
    assert looks(EXAMPLES) == alone
