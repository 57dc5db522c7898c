"""The dashboard in a browser, with what means it ill: regexes that never end, narrow pages."""

from __future__ import annotations

import numpy as np
import pytest

from minitensor_widgets import dashboard
from minitensor_widgets.summaries import samples


@pytest.fixture
def page(open_page):
    return open_page(reduced_motion="reduce")


def shown(page, log, **options):
    page.island(dashboard(log, **options))
    page.page.wait_for_selector(".mt-kinds details")


@pytest.mark.parametrize(
    "regex", ["(a+)+$", "(a|aa)+$", "((a*)*)*b", "(?:a?){60}a{60}$", ".*.*.*.*.*.*.*.*.*b"]
)
def test_a_regex_that_would_never_end_does_not_stop_the_page(page, regex):
    page.page.set_default_timeout(10_000)
    tags = ["a" * 60 + "!", "a" * 4000 + "!", "loss"]
    shown(page, samples.Log([samples.curve("a", tag, np.arange(9.0)) for tag in tags]))
    page.page.fill("input[type=search]", regex)
    assert "0 charts" in page.text(".mt-title")
    page.page.fill("input[type=search]", "^lo.*s$")
    assert "1 chart" in page.text(".mt-title")
