"""A dashboard of a directory that training has yet to make: it waits, and comes to life."""

from __future__ import annotations

import pytest

import minitensor as mt
from minitensor_widgets import dashboard
from minitensor_widgets.summaries import following
from minitensor_widgets.summaries.sources import Source, log_of


def record(folder, steps=5):
    with mt.summary.create_file_writer(folder).as_default() as writer:
        for step in range(steps):
            mt.summary.scalar("loss", 1 / (step + 1), step=step)
    return writer


def test_it_says_that_there_is_no_folder_yet_and_what_will_fill_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = dashboard("runs")
    assert shown.description() == (
        "runs: nothing is recorded yet: there is no folder 'runs' yet; "
        "it fills when training writes there."
    )
    assert "Nothing is recorded yet: there is no folder" in shown.to_svg()
    assert shown.to_html()
    record("runs").close()
    assert "loss: last 0.2" in dashboard("runs").description()


def test_a_folder_with_nearly_this_name_is_named(tmp_path):
    (tmp_path / "runs").mkdir()
    assert "(did you mean 'runs'?)" in dashboard(tmp_path / "rnus").description()


def test_what_cannot_become_a_folder_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path / "no" / "runs", tmp_path / "file" / "runs", "x" * 5000):
        with pytest.raises(mt.errors.NotFoundError):
            dashboard(wrong)
    with pytest.raises(mt.errors.InvalidArgumentError, match="the character NUL"):
        dashboard("a\0b")


@pytest.fixture
def live(tmp_path):
    """A dashboard as in a notebook, whose thread is played by the test."""
    log, grows = log_of(tmp_path / "runs", 0.3)
    assert grows
    made = following.LiveDashboard(Source(log, None, None, {}))
    yield made
    made.close()


def test_it_comes_to_life_as_that_of_an_empty_folder_does(live, tmp_path):
    seen = []
    live._handles = [type("Place", (), {"update": lambda _, data, **__: seen.append(data)})()]
    assert live.tick() > 0
    assert seen == []
    writer = record(tmp_path / "runs")
    live.tick()
    assert isinstance(seen[0], dict)
    assert live._widget.dashboard["waits"] == ""
    live.cell_over(None)
    assert "loss: last 0.2" in seen[1].description()
    writer.close()


def test_one_that_is_always_live_takes_what_is_written(live, tmp_path, monkeypatch):
    monkeypatch.setattr(following, "OTHER", -1.0)
    live._rests = False
    live.tick()
    assert "there is no folder" in live._widget.dashboard["waits"]
    record(tmp_path / "runs").close()
    live.tick()
    (card,) = live._widget.dashboard["kinds"]["scalars"]
    assert card["tag"] == "loss"


def test_short_writing_in_a_cell_is_seen_when_the_cell_is_over(live, tmp_path):
    record(tmp_path / "runs").close()
    live.cell_over(None)
    assert "loss: last 0.2" in live.description()
