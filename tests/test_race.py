"""The race of optimisers without a page: paths, losses, contours, records, the widget's Python."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import Racer, samples
from minitensor_widgets.play import codes
from minitensor_widgets.play.races import Race, race
from minitensor_widgets.play.running import Runner, log_levels, name_of
from minitensor_widgets.play.surfaces import SURFACES, surface_of


def by_hand(start: tuple[float, float], steps: int, rate: float, momentum: float) -> np.ndarray:
    """SGD with Keras' momentum on the ravine, in NumPy."""
    w, m = np.array(start, float), np.zeros(2)
    path = [w]
    for _ in range(steps):
        g = w * [1.0, 50.0]
        m = momentum * m - rate * g
        w = w + m
        path.append(w)
    return np.array(path)


def adam_by_hand(start: tuple[float, float], steps: int, rate: float) -> np.ndarray:
    w, m, v = np.array(start, float), np.zeros(2), np.zeros(2)
    path = [w]
    for step in range(1, steps + 1):
        g = w * [1.0, 50.0]
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-7)
        path.append(w)
    return np.array(path)


def runner(name: Any = "ravine", optimizers: Any = None, steps: int = 50, **more: Any) -> Runner:
    return Runner(surface_of(name, more.get("start"), more.get("box")), optimizers, steps)


def test_paths_are_those_of_the_formulas() -> None:
    known = mt.keras.optimizers
    made = runner(optimizers=[known.SGD(0.03), known.SGD(0.01, momentum=0.9), known.Adam(0.5)])
    (sgd, losses), (momentum, _), (adam, _) = made.run((-8.0, 1.0))
    assert np.allclose(sgd, by_hand((-8.0, 1.0), 50, 0.03, 0.0), atol=1e-4)
    assert np.allclose(momentum, by_hand((-8.0, 1.0), 50, 0.01, 0.9), atol=1e-4)
    assert np.allclose(adam, adam_by_hand((-8.0, 1.0), 50, 0.5), atol=1e-3)
    assert np.allclose(losses, 0.5 * (sgd[:, 0] ** 2 + 50 * sgd[:, 1] ** 2), rtol=1e-4, atol=1e-6)


def test_a_race_is_the_same_when_it_is_run_again() -> None:
    made = runner("rosenbrock")
    for (one, _), (other, _) in zip(made.run((0.3, 0.2)), made.run((0.3, 0.2)), strict=True):
        assert np.array_equal(one, other)


def test_the_learners_optimisers_are_left_alone() -> None:
    mine = mt.keras.optimizers.Adam(0.5)
    race("saddle", [mine], steps=5)
    assert int(np.array(mine.iterations)) == 0


@pytest.mark.parametrize("name", SURFACES)
def test_minima_are_minima(name: str) -> None:
    found = SURFACES[name]
    assert found.minimum is not None
    here = found.loss(*found.minimum)
    for dx, dy in itertools.product((-1e-2, 0.0, 1e-2), repeat=2):
        assert found.loss(found.minimum[0] + dx, found.minimum[1] + dy) >= here


def test_contours_are_logarithmic_and_know_what_is_no_number() -> None:
    levels = log_levels(np.array([[0.0, 10.0, 100.0], [1000.0, np.inf, np.nan]]))
    assert levels[0] == 0
    assert levels[3] == codes.TOP
    assert levels[4:] == [codes.NONE, codes.NONE]
    assert levels[1] < levels[2] < levels[3]
    assert set(log_levels(np.full((2, 2), np.nan))) == {codes.NONE}
    assert set(log_levels(np.ones((2, 2)))) == {0}


def test_the_field_is_the_surface() -> None:
    field = runner("rosenbrock").field()
    assert field.shape == (100, 100)
    x, y = -2 + 4 * 10.5 / 100, 3 - 4 * 20.5 / 100
    assert field[20, 10] == pytest.approx((1 - x) ** 2 + 10 * (y - x * x) ** 2, rel=1e-4)


def test_a_function_of_two_numbers_only_is_asked_place_by_place() -> None:
    def picky(x: Any, y: Any) -> Any:
        return mt.reduce_sum(mt.stack([x, y]) ** 2)

    made = race(picky, ["sgd"], (1.0, 1.0), steps=5)
    assert made.record["problem"] is None
    assert len(made.record["field"]) == 40 * 40


def test_places_in_a_record_are_those_of_the_path() -> None:
    made = runner()
    (path, _), *_ = made.run((-8.0, 1.0))
    record = race(steps=50).record
    moves = np.array(record["races"][0][0]["moves"]).reshape(-1, 2).cumsum(0)
    left, right, bottom, top = record["box"]
    assert np.allclose(left + (right - left) * moves[:, 0] / 4000, path[:, 0], atol=0.005)
    assert np.allclose(top - (top - bottom) * moves[:, 1] / 4000, path[:, 1], atol=0.002)


def test_what_runs_away_is_told_and_its_path_is_cut() -> None:
    made = race("ravine", [mt.keras.optimizers.SGD(0.05)], steps=1000)
    run = made.record["races"][0][0]
    assert (run["left"], run["lost"] is not None) == (2, True)
    assert "left the picture at step 2" in made.description()
    assert f"no number from step {run['lost']} on" in made.description()
    assert len(run["moves"]) < 100
    json.dumps(made.record, allow_nan=False)
    ElementTree.fromstring(made.to_svg())


def test_nine_starts_and_long_races_stay_small() -> None:
    made = race("rosenbrock", ["sgd", "adam", "rmsprop", "adagrad", "lion"], steps=1000)
    assert len(made.record["starts"]) == 9
    assert all(len(run["loss"]) <= 201 for one in made.record["races"] for run in one)
    assert len(made.to_html(static=False)) < 120_000


def test_five_optimisers_take_two_hundred_steps_quickly() -> None:
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        runner("rosenbrock", ["sgd", "adam", "rmsprop", "adagrad", "lion"], 200).run((1.5, 1.0))
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.5


def test_names_say_class_rate_and_momentum() -> None:
    known = mt.keras.optimizers
    rate = known.schedules.ExponentialDecay(0.1, 10, 0.5)
    assert name_of(known.Adam(rate)) == "Adam with a schedule"
    assert race("ravine", ["sgd", "sgd"], steps=2).record["names"] == ["SGD 0.01", "SGD 0.01 (2)"]


def test_mistakes_in_the_call_are_explained() -> None:
    with pytest.raises(ValueError, match="there are ravine, saddle, rosenbrock, beale"):
        race("hill")
    with pytest.raises(TypeError, match="a surface is a name"):
        race(3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="2 finite numbers"):
        race(start=(1.0, float("nan")))
    with pytest.raises(ValueError, match="left < right"):
        race(box=(1, -1, 0, 1))
    with pytest.raises(ValueError, match="at least one optimiser"):
        race(optimizers=[])
    with pytest.raises(ValueError, match="optimizer"):
        race(optimizers=["adamm"])


def test_a_surface_that_fails_becomes_the_picture() -> None:
    def broken(x: Any, y: Any) -> Any:
        raise RuntimeError("no such hill")

    made = race(broken, ["sgd"])
    assert made.record["problem"]["source"] == 'raise RuntimeError("no such hill")'
    words = " ".join(ElementTree.fromstring(made.to_svg()).itertext())
    assert "no such hill" in words
    assert "no such hill" in made.description()


def test_a_surface_without_numbers_is_drawn() -> None:
    made = race(lambda x, y: x * float("nan"), ["sgd"], steps=3)
    assert made.record["races"][0][0]["lost"] == 0
    ElementTree.fromstring(made.to_svg())


def test_hostile_names_are_text() -> None:
    record = race(steps=2).record
    bad = "".join(samples.HOSTILE)
    record |= {"surface": bad, "names": [bad] * 4}
    shown = Race(record)
    tags = {e.tag.rpartition("}")[2] for e in ElementTree.fromstring(shown.to_svg()).iter()}
    assert tags <= {"svg", "style", "rect", "text", "path", "g", "image"}
    problem = {"text": bad, "file": bad, "line": 1, "source": bad}
    ElementTree.fromstring(Race({**record, "problem": problem}).to_svg())


def test_the_static_figure_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINITENSOR_DISPLAY", "static")
    assert race(steps=30).to_html() == race(steps=30).to_html()
    assert race(steps=30).description().splitlines()[0] == "Race on ravine, 30 steps from (-8, 1)"


# ---- the widget


@pytest.fixture
def racer() -> Any:
    pytest.importorskip("anywidget")
    from minitensor_widgets.live.race import Racer

    made = Racer("ravine", ["sgd", "adam"], steps=20)
    made.send = lambda content, buffers=(): None
    return made


def test_the_start_is_moved_by_the_page(racer: Any) -> None:
    orders = [["start", 1, 1], ["start", "x", 2], ["start", float("inf"), 0], ["start", 2.0, 0.5],
              ["no such", 1, 2], ["start"]]  # fmt: skip
    racer._asked(racer, {"want": 1, "view": "a", "do": orders}, [])
    assert racer.start == [2.0, 0.5]
    assert racer.race["starts"] == [[2.0, 0.5]]


def test_the_start_is_moved_by_python(racer: Any) -> None:
    racer.start = [3.0, -1.0]
    assert "from (3, -1)" in racer.island().description()
    racer.start = [1.0, 2.0, 3.0]
    assert racer.start == [3.0, -1.0]
    racer.step = 99
    assert racer.step == 20
    assert repr(racer) == "Racer('ravine', 2 optimisers, 20 steps)"


def test_a_record_or_a_start_that_is_none_is_not_kept():
    racer = Racer("ravine", ["adam"], steps=3)
    before = list(racer.start)
    for wrong in ({}, {"version": 1}):
        with pytest.raises(TypeError, match="record of a race"):
            racer.race = wrong
    for far in ([10**400, 1], [float("nan"), 0.0], [1.0], ["a", "b"], [1e300, 0.0]):
        racer.start = far
        assert list(racer.start) == before
    racer.start = [1, 0]
    assert "from (1, 0)" in racer.island().description()
