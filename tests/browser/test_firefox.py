"""Islands in Firefox: upgraded, obedient to the keyboard, silent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minitensor_widgets import samples, show, step

from .conftest import unavailable
from .firefox import running
from .test_every_viewer import EXAMPLES, page_of


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    command = shutil.which("firefox-esr") or shutil.which("firefox")
    if command is None:
        unavailable("no Firefox")
        return
    pytest.importorskip("websocket", reason="no websocket-client")
    with running(command, tmp_path_factory.mktemp("profile")) as started:
        yield started


def opened(firefox: Any, folder: Path, output: Any) -> Any:
    path = folder / "page.html"
    path.write_text(page_of(output.to_html(static=False)), encoding="utf-8")
    firefox.faults.clear()
    firefox.open(path)
    firefox.wait_for(".mt-title")
    return firefox


def text(firefox: Any, selector: str) -> str:
    return firefox.run(f"document.querySelector({selector!r}).innerText")


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_viewer_comes_up_without_a_word(firefox, tmp_path, name):
    opened(firefox, tmp_path, EXAMPLES[name]())
    assert firefox.run("document.querySelectorAll('.mt img').length") == 0
    assert firefox.run("document.querySelector('.mt').getBoundingClientRect().height") > 100
    assert firefox.faults == []


def test_the_stepper_obeys_the_arrow_keys(firefox, tmp_path):
    opened(firefox, tmp_path, step(samples.scalar_steps()))
    firefox.run("document.querySelector('input[type=range]').focus()")
    firefox.press(*["ArrowRight"] * 7)
    assert text(firefox, ".mt-count").startswith("7 / ")
    assert "-0.4161 + 3 → 2.584" in text(firefox, ".mt-panel")
    firefox.press("Home")
    assert text(firefox, ".mt-count").startswith("0 / ")
    assert firefox.faults == []


def test_scopes_open_and_close_by_key(firefox, tmp_path):
    opened(firefox, tmp_path, show(samples.scoped_graph(2)))
    boxes = "document.querySelectorAll('[data-key]').length"
    before = firefox.run(boxes)
    firefox.run("document.querySelector('[data-key=\"s:net/block0/first\"]').focus()")
    firefox.press("Enter")
    assert firefox.run(boxes) < before
    firefox.press("Enter")
    assert firefox.run(boxes) == before
    assert firefox.faults == []
