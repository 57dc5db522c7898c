"""The cards of a cache as a widget: kept up to date while a learner goes on calling."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

import minitensor as mt
from minitensor_widgets import TracesWidget, samples


class Shell:
    """What IPython offers for running something after each cell."""

    def __init__(self) -> None:
        self.events, self.after = self, []

    def register(self, event: str, act: Any) -> None:
        assert event == "post_run_cell"
        self.after.append(act)

    def unregister(self, event: str, act: Any) -> None:
        self.after.remove(act)

    def run_cell(self) -> None:
        for act in list(self.after):
            act(None)


def test_cards_of_new_traces_are_dealt_after_a_cell_and_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell = Shell()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    square = mt.function(lambda x: x * x, autograph=False)
    cards = TracesWidget(square)
    seen: list = []
    cards.observe(lambda change: seen.append(change["new"]), "step")
    square(mt.constant(2.0))
    shell.run_cell()
    assert (seen, cards.traces["misses"]) == ([1], 1)
    shell.run_cell()  # nothing new: nothing is sent
    assert seen == [1]
    cards.step = 0
    square(mt.constant([2.0]))
    cards.refresh()
    assert (cards.step, len(cards.traces["traces"])) == (0, 2)  # who looks back is left there
    cards.close()
    shell.run_cell()
    assert shell.after == []
    TracesWidget(samples.cache()).refresh()  # a record stays as it is
