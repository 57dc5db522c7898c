"""Hostile strings in every place of pictures, sounds, texts and curves, in a browser."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.summary.series import AudioClips, Texts
from minitensor_widgets import Dashboard, dashboard
from minitensor_widgets.live.summaries import DashboardWidget
from minitensor_widgets.samples import HOSTILE
from minitensor_widgets.summaries.markdown import TAGS
from minitensor_widgets.summaries.samples import Log

from ..summary_media import pictures, precision, sounds, tone
from .hosted import host
from .test_summary_media import NAMES, STEP, opened, steps

GUARD = "() => { window.ran = 0; window.alert = () => { window.ran++; }; }"
BAD = [
    *HOSTILE, "[x](javascript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)",
    "<javascript:alert(1)>", "![x](https://example.org/x.png)", "![x](x onerror=alert(1))",
    "[![x](javascript:alert(1))](javascript:alert(1))", "<a href='javascript:alert(1)'>x</a>",
    "[x]\n\n[x]: javascript:alert(1)", "# <svg onload=alert(1)>",
    "|<b onclick=alert(1)>|\n|-|\n|`<i>`|",
    "> " * 40 + "<img src=x onerror=alert(1)>", "```\n</pre><script>alert(1)</script>\n```",
    "[https://good.org](https://evil.org/\" onmouseover=alert(1))",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]  # fmt: skip


def hostile_record() -> dict[str, Any]:
    value = [np.array(bad, object) for bad in BAD] + [np.array([BAD, BAD], object)]
    series = [
        Texts(HOSTILE[0], HOSTILE[1], *steps(len(value)), value, description=BAD[5]),
        pictures(HOSTILE[0], HOSTILE[2]), sounds(HOSTILE[0], HOSTILE[3]),
        precision(HOSTILE[0], HOSTILE[4]),
        AudioClips(HOSTILE[0], "labels", *steps(1), [[tone(220.0)]], [[BAD[0] + BAD[6]]]),
    ]  # fmt: skip
    record = dashboard(Log(series)).record
    # And what no Python here would write: a tree with anything in it.
    tree = [{"is": "script", "of": ["alert(1)"]}, {"is": "iframe", "of": [], "src": "javascript:x"},
            {"is": "a", "of": ["x"], "to": "javascript:alert(1)"}, {"is": "img", "of": []},
            {"is": "p", "of": ["x"], "onclick": "alert(1)", "style": "position:fixed"}]  # fmt: skip
    entry = record["kinds"]["text"][0]["entries"][-1]
    record["kinds"]["text"][0]["entries"].append(
        {**entry, "at": len(value), "text": tree, "rows": None}
    )
    record["kinds"]["text"][0]["steps"].append(99)
    return record


def walked(page: Any) -> None:
    """Look at every step of every card, and at what it is made of."""
    page.page.evaluate(GUARD)
    opened(page)
    allowed = {tag.upper() for tag in TAGS} - {"H1", "H2", "H3"}
    for slider in page.page.locator(f"{STEP}:visible").all():
        slider.focus()
        page.press("Home")
        for _ in range(int(slider.get_attribute("max")) + 1):
            page.press("ArrowRight")
            for prose in page.page.locator(".mt-prose").all():
                tags = prose.evaluate("one => [...one.querySelectorAll('*')].map(e => e.tagName)")
                assert {tag.upper() for tag in tags} - {"SVG", "PATH"} <= allowed
    names = page.page.evaluate(
        "[...document.querySelectorAll('.mt *')].flatMap(e => e.getAttributeNames())"
        ".filter(name => name.startsWith('on') || name === 'srcdoc')"
    )
    links = page.page.evaluate("[...document.querySelectorAll('.mt a[href]')].map(a => a.href)")
    assert names == []
    assert all(link.startswith(("http://", "https://")) for link in links)
    assert page.page.locator(".mt :is(script, iframe, object, embed, img, form)").count() == 0
    assert page.page.evaluate("window.ran") == 0


def test_hostile_strings_stay_text_in_an_island(open_page):
    page = open_page()
    page.island(Dashboard(hostile_record()))
    walked(page)


def test_hostile_strings_stay_text_in_a_widget(open_page):
    page = open_page()
    host(page.page, DashboardWidget(hostile_record()), NAMES)
    walked(page)
