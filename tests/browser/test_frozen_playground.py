"""A playground that was frozen, in a browser: scrubbed without a kernel."""

from __future__ import annotations

from typing import Any

import pytest

from minitensor_widgets.play.playing import Play
from minitensor_widgets.play.session import Session
from minitensor_widgets.play.settings import Settings

from .test_playground import frozen, steps


@pytest.fixture
def page(open_page: Any) -> Any:
    return open_page()


def test_a_frozen_playground_is_scrubbed_without_a_kernel(page: Any) -> None:
    frozen(page)
    assert page.place() == "6 / 6", "the slider stands at the last picture"
    assert steps(page) == 60
    picture = "document.querySelector('.mt-plane-field').toDataURL()"
    last = page.page.evaluate(picture)
    page.page.get_by_role("slider").focus()
    page.press("Home")
    assert steps(page) == 0
    assert page.page.evaluate(picture) != last
    assert page.page.locator(".mt-now").count() == 1
    page.press("ArrowRight")
    assert steps(page) == 10
    page.page.locator("button.mt-neuron").first.focus()
    page.press("Enter")
    assert "Into neuron 1 of layer 1" in page.panel()
    assert page.page.locator(".mt-panel input").count() == 0
    assert "import minitensor as mt" in page.page.locator(".mt-list pre").text_content()


def test_levels_are_read_as_they_were_written(page: Any) -> None:
    session = Session(Settings(data="xor"))
    session.advance(100)
    page.island(Play(session.record()))
    found = page.page.evaluate("""() => {
        const canvas = document.querySelector(".mt-plane-field");
        const { data } = canvas.getContext("2d").getImageData(0, 0, 100, 100);
        return Array.from({ length: 10000 }, (_, i) => data[4 * i] - data[4 * i + 2]);
    }""")
    field = session.look()["field"].ravel()  # pyright: ignore
    for level, tint in zip(field, found, strict=True):
        if abs(level - 0.5) > 0.1 and tint:
            assert (tint > 0) == (level > 0.5), "orange above, blue below"
