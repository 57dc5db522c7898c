"""The dashboard without a browser: records, figures, words, what is sent, when it lives."""

import json
import math
import re
import xml.etree.ElementTree as ElementTree
import zlib
from base64 import b64decode
from itertools import pairwise

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import Dashboard, DashboardWidget, assets, dashboard
from minitensor_widgets.samples import HOSTILE
from minitensor_widgets.summaries import following, samples, scalars
from minitensor_widgets.summaries.figures import kinds_of
from minitensor_widgets.summaries.records import PANES, pane
from minitensor_widgets.summaries.smoothing import smoothed
from minitensor_widgets.summaries.sources import Source

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def interactive(monkeypatch):
    monkeypatch.delenv("MINITENSOR_DISPLAY", raising=False)


def state_of(html):
    data = re.search(r'await inflate\("([^"]+)"\)', html)
    assert data
    return json.loads(zlib.decompress(b64decode(data[1])))


def noisy(count, seed=0):
    return np.random.default_rng(seed).normal(size=count)


def whole(curve):
    """The points of a line of a record as arrays."""
    found = scalars.points(curve)
    return np.array(found["x"]), np.array(found["y"])


# ---- records


def test_a_record_has_a_card_for_each_tag_and_a_line_for_each_run():
    log = samples.training(runs=2, points=50)
    record = dashboard(log).record
    assert [run["name"] for run in record["runs"]] == ["rate 0.1", "rate 0.2"]
    cards = record["kinds"]["scalars"]
    assert [card["tag"] for card in cards] == sorted(log.tags("rate 0.1"))
    line = cards[0]["lines"][1]
    assert (line["run"], line["count"], "n" in line) == ("rate 0.2", 50, False)
    x, y = whole(line)
    series = log.scalars(cards[0]["tag"], "rate 0.2")
    assert x.tolist() == series.step.tolist()
    np.testing.assert_allclose(y, series.value, rtol=1e-5)
    times = np.cumsum(line["t"]) / 1000
    np.testing.assert_allclose(times, series.time, atol=1e-3)


def test_what_json_cannot_hold_comes_through():
    log = samples.Log([samples.curve("a", "loss", [1.0, math.nan, math.inf, -math.inf])])
    line = dashboard(log).record["kinds"]["scalars"][0]["lines"][0]
    assert line["y"] == [1, None, "Infinity", "-Infinity"]
    json.dumps(line, allow_nan=False)
    assert "last -inf" in dashboard(log).description()


@pytest.mark.parametrize(
    ("tags", "left"),
    [
        (None, 4),
        ("loss", 2),
        ("^train/", 2),
        (["learning rate"], 1),
        ("nothing has this name", 0),
    ],
)
def test_tags_are_chosen_by_a_regex_or_by_name(tags, left):
    record = dashboard(samples.training(points=5), tags=tags).record
    assert len(record["kinds"].get("scalars", [])) == left


def test_hostile_names_are_data():
    log = samples.Log([samples.curve(HOSTILE[0], HOSTILE[1], [1.0, 2.0], HOSTILE[3])])
    output = dashboard(log, title=HOSTILE[4])
    html = output.to_html()
    assert html.count("<script") == html.count("</script") == 1
    card = state_of(html)["dashboard"]["kinds"]["scalars"][0]
    assert (card["tag"], card["description"]) == (HOSTILE[1], HOSTILE[3])
    tags = {
        element.tag.removeprefix(SVG) for element in ElementTree.fromstring(output.to_svg()).iter()
    }
    assert tags <= {"svg", "style", "rect", "path", "text", "g", "circle"}


# ---- figures and words


def test_the_figure_draws_the_first_six_charts_and_counts_the_others():
    output = dashboard(samples.training(runs=2, points=60, tags=9))
    svg = ElementTree.fromstring(output.to_svg())
    words = ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]
    assert "… and 3 more charts" in words
    assert sum(path.get("class") == "cv" for path in svg.iter(f"{SVG}path")) == 6 * 2 * 2
    assert svg.get("aria-label") == output.alt
    sizes = re.findall(r"font[^;}]*?([\d.]+)px", output.to_svg())
    assert min(map(float, sizes)) >= 10


def test_curves_are_told_with_last_least_greatest_and_trend():
    log = samples.Log([samples.curve("a", "loss", [4.0, 1.0, 3.0, math.nan, 2.0])])
    assert dashboard(log).description().splitlines() == [
        "logs: 1 run, 1 chart.",
        "  loss, a: last 2, least 1 at 1, greatest 4 at 0, falling at the end, 1 not a number.",
    ]
    empty = dashboard(samples.Log([]))
    assert empty.description() == "logs: nothing is recorded yet."
    assert "Nothing is recorded yet." in empty.to_svg()


def test_a_static_output_is_the_same_each_time(monkeypatch):
    monkeypatch.setenv("MINITENSOR_DISPLAY", "static")
    first, second = (dashboard(samples.training()).to_html() for _ in range(2))
    assert first == second
    assert "<script" not in first


# ---- sizes


def test_an_output_is_small_and_never_too_large():
    assert len(dashboard(samples.training()).to_html()) < 100_000
    curves = [samples.curve(f"run {i}", f"tag {j}", noisy(3000, i + 20 * j))
              for i in range(20) for j in range(20)]  # fmt: skip
    output = dashboard(samples.Log(curves))
    assert len(output.to_html()) < 250_000
    assert len(output.record["kinds"]["scalars"][0]["lines"][0]["x"]) >= 20


def test_an_output_carries_the_panes_of_its_kinds_only():
    output = dashboard(samples.training(points=10))
    assert output.main == "summaries/dashboard+summaries/scalars"
    every = assets.whole("summaries/dashboard")
    assert len(assets.loading(output.main)) < len(assets.loading(every))
    widget = DashboardWidget(output.record)
    assert widget._esm == assets.esm(output.main)


def test_every_pane_has_its_two_modules_and_no_name_is_used_twice():
    main = assets.whole("summaries/dashboard")
    assert {f"summaries/{kind}" for kind in PANES} <= set(main.split("+"))
    for kind in PANES:
        assert callable(pane(kind).record)
    text = "\n".join(
        (assets.STATIC / f"{name}.js").read_text(encoding="utf-8") for name in assets.modules(main)
    )
    top = r"^(?:export )?(?:async )?(?:const|let|class|function) "
    names = re.findall(rf"{top}(\w+)", text, re.MULTILINE)
    for group in re.findall(rf"{top}\[([^\]=]+)\] =", text, re.MULTILINE):
        names += [name.strip() for name in group.split(",")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_minified_parts_are_joined_like_the_plain_ones():
    main = "summaries/dashboard+summaries/scalars"
    assert assets.modules(main)[-1] == "summaries/scalars"
    assert assets.joined(main).endswith("return render;")
    assert assets.css(main).startswith(".mt-in-summaries-dashboard{")


# ---- what a directory holds


@pytest.fixture
def run(tmp_path):
    """A writer of a run with ten points of a curve."""
    writer = mt.summary.create_file_writer(tmp_path / "runs" / "first")
    record(writer, 0, 10)
    yield writer
    writer.close()


def record(writer, first, last, tag="loss"):
    with writer.as_default():
        for step in range(first, last):
            mt.summary.scalar(tag, 1 / (step + 1), step=step)


def test_a_directory_a_writer_and_a_log_show_the_same(run, tmp_path):
    root = tmp_path / "runs"
    outputs = [dashboard(root), dashboard(str(root)), dashboard(mt.summary.read(root))]
    assert all(isinstance(output, Dashboard) for output in outputs)
    assert len({output.description() for output in outputs}) == 1
    assert "loss: last 0.1" in dashboard(run).description()


def test_a_writer_is_flushed_before_it_is_read(tmp_path):
    writer = mt.summary.create_file_writer(tmp_path, max_queue=1000, flush_millis=100_000)
    with writer.as_default():
        mt.summary.scalar("loss", 0.5, step=3)
        assert "last 0.5" in dashboard(writer).description()
    writer.close()


def test_errors_say_what_to_do(tmp_path):
    with pytest.raises(mt.errors.NotFoundError):
        dashboard(tmp_path / "missing" / "runs")
    with pytest.raises(TypeError, match=r"got int 5; it shows a directory of runs"):
        dashboard(5)
    with pytest.raises(ValueError, match="is no regex"):
        dashboard(samples.training(points=3), tags="(")
    with pytest.raises(TypeError, match="is no record of a dashboard"):
        DashboardWidget(3)


# ---- living and resting


class Handle:
    """An output that can be replaced: remembers whether it is live."""

    def __init__(self):
        self.shown = []

    def update(self, data, **_):
        self.shown.append("widget" if isinstance(data, dict) else data.description())


@pytest.fixture
def live(run, tmp_path):
    """A dashboard as in a notebook, whose thread is played by the test."""
    log = mt.summary.read(tmp_path / "runs")
    made = following.LiveDashboard(Source(log, None, None, {"smoothing": 0.3}))
    made._handles = [Handle()]
    yield made
    made.close()


def test_it_comes_to_life_when_something_is_written_and_rests_when_the_cell_is_over(live, run):
    shown = live._handles[0].shown
    assert live.tick() > 0
    assert shown == []
    record(run, 10, 20)
    live.tick()
    assert shown == ["widget"]
    assert live._widget.smoothing == 0.3
    live.cell_over(None)
    assert "last 0.05, least 0.05 at 19" in shown[1]
    assert live._widget is None
    record(run, 20, 30)
    live.tick()
    assert shown[2:] == ["widget"]


def test_it_rests_when_the_writer_is_closed(live, run):
    record(run, 10, 20)
    live.tick()
    run.close()
    live.tick()
    assert live._widget is None
    assert "at 19" in live._handles[0].shown[-1]
    assert live.tick() > 0


def test_a_short_cell_updates_the_island_without_coming_to_life(live, run):
    record(run, 10, 12)
    live.cell_over(None)
    assert [text != "widget" and "at 11" in text for text in live._handles[0].shown] == [True]
    live.cell_over(None)
    assert len(live._handles[0].shown) == 1


def test_a_widget_opens_late_and_is_closed_only_when_its_page_had_time_to_load_it(
    live, run, monkeypatch
):
    now = [100.0]
    monkeypatch.setattr(following.time, "monotonic", lambda: now[0])
    live._thread = object()
    live._stir()
    record(run, 10, 20)
    assert live.tick() == pytest.approx(following.OPENS)
    assert live._handles[0].shown == []
    now[0] += following.OPENS
    live.tick()
    widget = live._widget
    live.cell_over(None)
    assert live._handles[0].shown[0] == "widget"
    assert (live._widget, widget.comm is None) == (None, False)
    assert live.tick() == pytest.approx(following.LEAVES)
    now[0] += following.LEAVES
    live.tick()
    assert widget.comm is None


def test_freezing_is_for_good(live, run):
    record(run, 10, 20)
    live.tick()
    live.freeze()
    record(run, 20, 30)
    live.tick()
    live.cell_over(None)
    assert len(live._handles[0].shown) == 2
    assert "at 19" in live._handles[0].shown[1]


def test_new_points_are_sent_and_a_new_tag_brings_another_record(live, run, monkeypatch):
    monkeypatch.setattr(following, "OTHER", -1.0)
    sent = []
    record(run, 10, 20)
    live.tick()
    live._widget.send = lambda content, buffers=None: sent.append(content)
    record(run, 20, 25)
    live.tick()
    assert [line[:3] for line in sent[0]["news"]["lines"]] == [["loss", "first", 5]]
    record(run, 0, 5, "accuracy")
    live.tick()
    tags = [card["tag"] for card in live._widget.dashboard["kinds"]["scalars"]]
    assert tags == ["accuracy", "loss"]


def test_a_long_log_is_read_while_it_is_seen(live, run, monkeypatch):
    record(run, 10, 3000)
    live._source.log = mt.summary.read(live._source.log.logdir, seconds=0)
    done = [False]
    monkeypatch.setattr(type(live._source.log), "complete", property(lambda log: done[0]))
    live.tick()
    assert live._handles[0].shown == ["widget"]
    live.cell_over(None)
    assert live._widget is not None
    done[0] = True
    run.close()
    live.tick()
    assert "at 2999" in live._handles[0].shown[1]


def test_what_the_reader_set_stays_when_it_rests(live, run):
    record(run, 10, 20)
    live.tick()
    live._widget.smoothing, live._widget.hidden = 0.9, ["first"]
    live.cell_over(None)
    assert live.island().looks["smoothing"] == 0.9
    record(run, 20, 30)
    live.tick()
    assert (live._widget.smoothing, live._widget.hidden) == (0.9, ["first"])


def test_it_rests_nineteen_times_as_long_as_it_worked(live, run, monkeypatch):
    times = iter([0.0, 0.5])
    monkeypatch.setattr(following.time, "thread_time", lambda: next(times, 0.5))
    record(run, 10, 20)
    assert live.tick() == pytest.approx(9.5)


def test_kinds_stand_in_the_order_of_their_panes():
    assert next(iter(PANES)) == "scalars"
    assert kinds_of({"kinds": {"text": [1], "scalars": [1], "images": []}}) == ["scalars", "text"]
    assert all(a != b for a, b in pairwise(PANES))


# ---- curves that begin anew, and smoothed figures


def trained_twice(folder):
    for _ in range(2):
        with mt.summary.create_file_writer(str(folder)).as_default() as writer:
            for step in range(20):
                mt.summary.scalar("loss", 1 / (step + 1), step=step)
            writer.close()
    return mt.summary.read(folder)


def test_a_training_recorded_twice_in_one_run_is_two_lines(tmp_path):
    shown = dashboard(trained_twice(tmp_path / "run"))
    assert "the steps begin anew 1 time: several trainings" in shown.description()
    curves = re.findall(r'class="cv"[^>]* d="([^"]*)"', shown.to_svg())
    assert [path.count("M") for path in curves] == [2]


def test_smoothing_begins_anew_with_the_steps():
    line = {"x": [0, 1, 2, 0, 1], "y": [3.0, 2.0, 1.0, 30.0, 20.0]}
    first, second = ({"x": line["x"][a:b], "y": line["y"][a:b]} for a, b in ((0, 3), (3, 5)))
    assert smoothed(line, 0.6) == smoothed(first, 0.6) + smoothed(second, 0.6)


def test_the_figure_is_smoothed_as_the_page_is_and_says_so(tmp_path):
    with mt.summary.create_file_writer(str(tmp_path)).as_default():
        for step, value in enumerate(noisy(100)):
            mt.summary.scalar("noise", value, step=step)
    soft, hard = (dashboard(tmp_path, smoothing=weight).to_svg() for weight in (0.9, 0.0))
    assert "smoothed 0.9; faint: as recorded" in soft
    assert "(smoothed" not in hard
    bold = re.search(r'class="cv"[^>]* d="([^"]*)"', hard)
    assert bold is not None
    assert f'opacity="0.4" d="{bold[1]}"' in soft
    log = mt.summary.read(tmp_path).scalars("noise")
    mean = np.sum(log.value[::-1] * 0.9 ** np.arange(100)) / np.sum(0.9 ** np.arange(100))
    line = {"x": log.step.tolist(), "y": log.value.tolist()}
    assert smoothed(line, 0.9)[-1] == pytest.approx(mean)


def test_the_figure_is_no_taller_than_its_box_and_counts_what_it_leaves_out():
    for runs in (1, 2, 20):
        shown = dashboard(samples.training(runs=runs, points=50, tags=9))
        root = ElementTree.fromstring(shown.to_svg())
        assert float(root.attrib["height"]) <= 720
        charts = sum(map(len, shown.record["kinds"].values()))
        drawn = len(re.findall(r'class="ax"', shown.to_svg()))
        assert drawn < charts or "more chart" not in shown.to_svg()
        assert drawn == charts or f"and {charts - drawn} more chart" in shown.to_svg()


def test_a_run_has_one_colour_in_all_charts_of_the_figure():
    names = ["a", *(f"b{i}" for i in range(7))]
    curves = [samples.curve(name, "all", np.arange(9.0)) for name in names]
    curves += [samples.curve(name, "some", np.arange(9.0)) for name in names[1::3]]
    found = re.findall(r'class="cv" stroke="(.+?)" stroke-dasharray="(.*?)" d="[^"]*h26"/>'
                       r"<text[^>]*>(\w+)<", dashboard(samples.Log(curves)).to_svg())  # fmt: skip
    assert len(found) == 8 + 3
    assert len(set(found)) == 8


def test_the_figure_begins_with_the_losses():
    tags = ["epoch_accuracy", "epoch_learning_rate", "epoch_loss", "val/Loss", "norm"]
    log = samples.Log([samples.curve("a", tag, np.arange(9.0)) for tag in tags])
    svg = dashboard(log).to_svg()
    assert sorted(tags, key=lambda tag: svg.index(f">{tag}<")) == [*tags[2:4], *tags[:2], "norm"]


def test_the_end_is_judged_by_the_line_that_is_drawn():
    rises = np.linspace(0, 1, 40) + 0.2 * (-1.0) ** np.arange(40)
    rises[-10:] -= 0.3
    log = samples.Log([samples.curve("a", "accuracy", rises)])
    assert "falling at the end" in dashboard(log, smoothing=0.0).description()
    assert "rising at the end" in dashboard(log, smoothing=0.95).description()
