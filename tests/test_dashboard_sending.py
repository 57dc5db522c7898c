"""What a page is sent of curves: in fewer points, in small messages, and only what is new."""

import math

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import DashboardWidget, dashboard
from minitensor_widgets.summaries import samples, scalars
from minitensor_widgets.summaries.news import ANEW, BYTES, News
from minitensor_widgets.summaries.sources import Source
from minitensor_widgets.summaries.thinning import kept, shortened, thinned


def noisy(count, seed=0):
    return np.random.default_rng(seed).normal(size=count)


# ---- curves in fewer points


@pytest.mark.parametrize("count", [0, 1, 2, 7, 1000, 100_001])
def test_a_thinned_curve_keeps_its_ends_and_its_extremes(count):
    values = noisy(count)
    at = kept(values, 300)
    assert len(at) <= max(300, 2)
    assert list(at) == sorted(set(at.tolist()))
    if count:
        assert {0, count - 1, int(values.argmin()), int(values.argmax())} <= set(at.tolist())


def test_a_thinned_curve_says_where_it_was_no_number():
    values = noisy(10_000)
    values[4000:4100] = math.nan
    values[7000] = math.inf
    points = thinned(samples.curve("a", "loss", values), 200)
    at = points.x.tolist()
    assert {4000, 7000} <= set(at)
    assert (points.nans, points.infinite, points.count) == (100, 1, 10_000)


def test_a_thinned_curve_knows_the_means_of_what_was_left_out():
    values = noisy(5000).astype(np.float32)
    points = thinned(samples.curve("a", "loss", values), 300)
    assert points.many.sum() == 5000
    ends = points.x + 1
    starts = ends - points.many
    by_hand = [values[a:b].mean(dtype=np.float64) for a, b in zip(starts, ends, strict=True)]
    np.testing.assert_allclose(points.mean, by_hand, rtol=1e-6)
    assert thinned(samples.curve("a", "loss", values[:20]), 300).whole


def test_numbers_are_short_and_equal_to_six_digits():
    values = np.concatenate([noisy(1000) * 10.0 ** np.arange(-20, 20).repeat(25), [0.0, -0.0]])
    assert [float(f"{v:.6g}") for v in values] == pytest.approx(shortened(values), rel=1e-12)
    odd = shortened(np.array([math.nan, math.inf, -math.inf, 5e-324, 1e308]))
    assert math.isnan(odd[0])
    assert odd[1:3].tolist() == [math.inf, -math.inf]
    assert odd[3:].tolist() == pytest.approx([5e-324, 1e308])


@pytest.mark.parametrize("begin", [1.0, -3.0, 1e8])
def test_numbers_that_differ_by_little_are_no_stairs(begin):
    values = begin + abs(begin) * 1e-6 * np.arange(30)
    wide = values.max() - values.min()
    for digits, parts in ((6, 40_000), (4, 400)):
        np.testing.assert_allclose(shortened(values, digits), values, rtol=0, atol=wide / parts)
    assert shortened(np.append(values, math.nan))[:30].tolist() == shortened(values).tolist()


# ---- what is sent


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


def points_of(message):
    """The curves of a message: (tag, run, anew) and their steps and values."""
    content, (exact, rough) = message
    far, near = np.frombuffer(exact), np.frombuffer(rough, np.float32)
    found, a, b = [], 0, 0
    for tag, name, many, anew, *_ in content["news"]["lines"]:
        x, t, y = far[a : a + 3 * many].reshape(3, many)
        mean, count = near[b : b + 2 * many].reshape(2, many)
        found.append(((tag, name, anew), x, y, mean, count, t))
        a, b = a + 3 * many, b + 2 * many
    assert (a, b) == (len(far), len(near))
    return found


def test_only_new_points_are_sent(run, tmp_path):
    log = mt.summary.read(tmp_path)
    source = Source(log, None, None, {})
    news = News(log, source.record(90_000))
    assert list(news.messages()) == []
    record(run, 10, 15)
    assert source.look()
    ((name, x, y, *_),) = points_of(next(iter(news.messages())))
    assert name == ("loss", "runs/first", False)
    assert x.tolist() == [10, 11, 12, 13, 14]
    assert y.tolist() == [float(f"{np.float32(1 / (k + 1)):.6g}") for k in range(10, 15)]
    assert list(news.messages()) == []
    assert not news.is_other
    record(run, 0, 2, "other")
    source.look()
    assert news.is_other


def test_messages_are_small_and_the_cards_that_are_seen_come_first():
    curves = [samples.curve(f"run {i}", f"tag {j:02d}", noisy(3000))
              for i in range(3) for j in range(30)]  # fmt: skip
    log = samples.Log(curves)
    news = News(log, dashboard(log).record)
    news.visible = {"scalars": ["tag 20", "tag 21"]}
    messages = list(news.messages())
    assert max(sum(map(len, buffers)) for _, buffers in messages) <= BYTES
    found = [one for message in messages for one in points_of(message)]
    assert {tag for (tag, _, _), *_ in found} == {"tag 20", "tag 21"}
    assert all(anew and len(x) <= ANEW for (_, _, anew), x, *_ in found)
    assert list(news.messages()) == []


def test_a_curve_that_grows_for_long_is_sent_whole_again():
    long = samples.curve("a", "loss", noisy(200_000))
    log = samples.Log([samples.curve("a", "loss", long.value[:100])])
    news = News(log, dashboard(log).record)
    anew, held = 0, 100
    for end in range(1000, 200_000, 1000):
        log.series[0] = samples.curve("a", "loss", long.value[:end])
        for message in news.messages():
            (((_, _, whole_again), x, *_),) = points_of(message)
            held = len(x) if whole_again else held + len(x)
            anew += whole_again
            assert held < 6000
    assert anew > 3


def test_the_pane_is_answered_with_a_stretch_or_with_csv():
    log = samples.training(runs=2, points=5000)
    content, (exact, rough) = scalars.answer(log, {"tag": "train/loss", "low": 1000, "high": 1500})
    for _, x, y, *_ in points_of(({"news": content}, [exact, rough])):
        assert (x[0], x[-1], len(x)) == (999, 1501, 503)
        assert np.isfinite(y).all()
    content, _ = scalars.answer(log, {"tag": "train/loss", "csv": True})
    lines = content["csv"].splitlines()
    assert lines[0] == "run,tag,step,wall_time,value"
    assert len(lines) == 1 + 2 * 5000
    assert lines[1].startswith("rate 0.1,train/loss,0,1700000000.0,")


def test_what_a_page_gets_wrong_is_a_fault_not_an_error():
    sent = []
    widget = DashboardWidget(dashboard(samples.training(points=5)).record, samples.training())
    widget.send = lambda content, buffers=None: sent.append(content)
    for order in (
        {"ask": "a", "what": "nothing"},
        {"ask": "b", "what": "scalars", "args": {"tag": "train/loss", "low": "x"}},
        {"ask": "c", "what": "scalars", "args": 5},
        "nonsense",
    ):
        widget._asked(widget, order, [])
    assert [content["answer"] for content in sent] == ["a", "b", "c"]
    assert ["fault" in content for content in sent] == [True, True, False]
    widget.smoothing, widget.axis = math.nan, "sideways"
    assert (widget.smoothing, widget.axis) == (0.0, "step")
