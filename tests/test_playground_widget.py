"""The playground as an island and as a widget: what is sent, kept, asked for and frozen."""

from __future__ import annotations

import json
import threading
import zlib
from typing import Any
from xml.etree import ElementTree

import pytest

from minitensor_widgets import assets, samples
from minitensor_widgets.play.playing import Play, playground
from minitensor_widgets.play.session import Session
from minitensor_widgets.play.settings import Settings


@pytest.fixture
def static(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINITENSOR_DISPLAY", "static")


# ---- the island


def test_a_static_playground_is_trained_and_the_same_each_time(static: None) -> None:
    first, second = (playground(data="moons", steps=60) for _ in range(2))
    assert isinstance(first, Play)
    assert first.to_html() == second.to_html()
    assert "<script" not in first.to_html()
    assert "step 60" in first.description()
    assert "layer 1: 4 neurons" in first.description()
    assert len(first.record["curve"]) == 11
    ElementTree.fromstring(first.to_svg())


def test_islands_are_small_and_keep_at_most_fifty_pictures() -> None:
    for settings, most in ((Settings(), 120_000), (Settings(hidden=(8, 8, 8, 8)), 250_000)):
        session = Session(settings)
        for _ in range(130):
            session.advance(3)
            session.look(words=False)
        record = session.record()
        assert 25 <= len(record["frames"]) <= 50
        assert [f["step"] for f in record["frames"]][-1] == 390
        assert len(Play(record).to_html(static=False)) < most


def test_hostile_words_are_text_in_the_figure() -> None:
    record = Session(Settings()).record()
    for bad in samples.HOSTILE:
        record |= {"title": bad, "reading": bad, "measure": bad, "program": bad,
                   "problem": {"text": bad, "file": bad, "line": 1, "source": bad}}  # fmt: skip
        shown = Play(record)
        tags = {e.tag.rpartition("}")[2] for e in ElementTree.fromstring(shown.to_svg()).iter()}
        assert tags <= {"svg", "style", "rect", "text", "path", "g", "image"}
        assert "<img onerror" not in shown.to_html(static=True)


def test_only_records_of_this_version_are_shown() -> None:
    with pytest.raises(ValueError, match="version 99"):
        Play({**Session(Settings()).record(), "version": 99})


# ---- the widget

pytest.importorskip("anywidget")


def live(**given: Any) -> tuple[Any, list[tuple[dict[str, Any], list[bytes]]]]:
    from minitensor_widgets.live.playground import Playground

    widget = Playground(**given)
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    widget.send = lambda content, buffers=(): sent.append((content, list(buffers)))  # type: ignore[method-assign]
    return widget, sent


def ask(widget: Any, **content: Any) -> None:
    widget._asked(widget, {"want": 1, "view": "a", **content}, [])


def test_an_answer_is_a_picture_in_bytes() -> None:
    widget, sent = live()
    ask(widget, steps=5, flowing=True)
    ((content, buffers),) = sent
    made = content["frame"]["step"]
    assert (content["want"], content["view"]) == (1, "a")
    assert 1 <= made <= 5, "as many as fit, but at least one"
    assert [len(b) for b in buffers] == [10_000, 1600, 800, 400]
    assert sum(map(len, buffers)) + len(json.dumps(content)) < 64_000
    assert widget.step == 0, "while pictures flow, traits are left in peace"
    ask(widget)
    assert widget.step == made


def test_the_largest_network_fits_one_message() -> None:
    widget, sent = live(hidden=[8, 8, 8, 8])
    ask(widget, steps=1, gradients=True, curve=True)
    content, buffers = sent[0]
    assert sum(map(len, buffers)) + len(json.dumps(content)) < 64_000


def test_a_second_question_is_dropped_while_one_is_answered_but_not_its_orders() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def step(x, y):
        inside.set()
        assert go_on.wait(10)

    widget, sent = live(model=lambda x: x[:, 0], step=step)
    worker = threading.Thread(target=lambda: ask(widget, steps=1))
    worker.start()
    assert inside.wait(10)
    widget._asked(widget, {"want": 7, "view": "b", "do": [["settings", {"noise": 0.5}]]}, [])
    assert sent == [({"want": 7, "view": "b", "dropped": True}, [])]
    go_on.set()
    worker.join(10)
    ask(widget)
    assert widget.settings["noise"] == 0.5
    assert sent[-1][0]["frame"]["step"] == 0


def test_python_sets_runs_and_reads() -> None:
    widget, _ = live(data="gauss")
    widget.run(30)
    assert widget.step == 30
    widget.settings = {**widget.settings, "learning_rate": 1e9, "activation": "relu"}
    assert widget.settings["learning_rate"] == 100.0
    widget.run(1)
    assert widget.step == 1, "another activation is a new beginning"
    assert "relu" in widget.scene["title"]
    widget.reset()
    assert widget.step == 0
    assert isinstance(widget.island(), Play)
    assert "step 0" in repr(widget)


def test_a_model_that_cannot_be_called_shows_its_error() -> None:
    widget, sent = live(model=lambda x: x[9], step=lambda x, y: None)
    ask(widget, steps=1)
    assert "out of bounds" in sent[0][0]["problem"]["text"]
    assert "frame" not in sent[0][0]
    assert "out of bounds" in widget.island().description()


@pytest.mark.parametrize("content", [
    None, 3, {}, {"do": 3}, {"do": [3, []]}, {"steps": "x"}, {"steps": -1}, {"steps": 10**9},
    {"ask": "surface", "kind": {}}, {"ask": []},
])  # fmt: skip
def test_senseless_questions_harm_nobody(content: Any) -> None:
    widget, _ = live()
    widget._asked(widget, content, [])
    widget.run(1)


def test_freezing_leaves_the_island_where_the_widget_was() -> None:
    widget, _ = live()
    shown: list[Any] = []

    class Handle:
        def update(self, output: Any) -> None:
            assert widget.comm is not None, "first the island, then the end"
            shown.append(output)

    widget._handles.append(Handle())
    widget.freeze()
    assert isinstance(shown[0], Play)


def test_codes_are_the_size_that_is_promised() -> None:
    assert len(assets.loading("play/frozen")) * 3 // 4 <= 14_000
    code = assets.esm("play/playground") + assets.css("play/playground")
    assert len(zlib.compress(code.encode(), 9)) <= 25_000
