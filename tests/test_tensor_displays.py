"""Broadcasting, histograms, figures, widgets and displays of tensors; no browser."""

import base64
import itertools
import json
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import (
    Broadcast,
    BroadcastWidget,
    Histogram,
    HistogramWidget,
    Inspection,
    TensorWidget,
    broadcast,
    display,
    histogram,
    inspect,
    samples,
)
from minitensor_widgets.tensors.alignment import alignment
from minitensor_widgets.tensors.records import tensor_record, unpacked

from .test_tensor_views import KINDS, WILD

RANDOM = np.random.default_rng(6)


@pytest.fixture(autouse=True)
def interactive(monkeypatch):
    monkeypatch.delenv("MINITENSOR_DISPLAY", raising=False)


# ---- broadcasting


def test_shapes_align_as_numpys_do():
    shapes = [(), (1,), (2,), (3,), (2, 3), (1, 1), (0,), (3, 1), (2, 1, 3), (4, 2, 3)]
    for a, b, c in itertools.product(shapes, repeat=3):
        try:
            expected = np.broadcast_shapes(a, b, c)
        except ValueError:
            expected = None
        record = alignment("abc", [a, b, c], [None] * 3)
        assert (tuple(record["shape"]) if record["fits"] else None) == expected
        assert bool(record["hint"]) == (expected is None)


def test_cells_show_what_is_repeated():
    record = broadcast(np.array([[1], [2]]), np.array([10, 20, 30])).record
    first, second = (item["stretched"] for item in record["operands"])
    assert first["text"] == [["1", "1", "1"], ["2", "2", "2"]]
    assert second["copy"] == [[False] * 3, [True] * 3]
    assert record["pairs"][1] == ["2, 10", "2, 20", "2, 30"]


@pytest.mark.parametrize(("shapes", "words"), [
    (((3,), (3, 4)), "mt.expand_dims(a, -1)"), (((2, 3), (3, 2)), "mt.transpose(a)"),
    (((2, 3), (4, 5)), "keepdims=True"), (((-1, 3), (3,)), "cannot be negative"),
    (((2,), (2, 3, 4)), "mt.reshape(a, (2, 1, 1))"),
])  # fmt: skip
def test_a_clash_says_what_to_do(shapes, words):
    output = broadcast(*shapes)
    assert not output.record["fits"]
    assert words in output.description()
    assert words in output.alt
    ElementTree.fromstring(output.to_svg())


def test_hints_keep_their_word():
    shapes = [s for n in (1, 2, 3) for s in itertools.product((2, 3, 4), repeat=n)]
    for a, b in itertools.product(shapes, repeat=2):
        tip = alignment("ab", [a, b], [None, None])["hint"]
        if found := re.search(r"mt\.reshape\((\w), (\(.*?\))\)", tip):
            changed = {"a": a, "b": b} | {found[1]: eval(found[2])}
            np.broadcast_shapes(*changed.values())


def test_anything_with_a_shape_can_be_broadcast():
    output = broadcast(mt.ones((2, 1)), 3.0, [[1, 2, 3]], KINDS["variable"][:, :1], names="pqrs")
    assert output.record["shape"] == [2, 3]
    assert broadcast(KINDS["symbol"], (4,)).record["shape"] == [None, 4]
    for wrong in ([(1,)], [], [(1,), "text"], [(1,), {}], [(1,), object()]):
        with pytest.raises(TypeError, match=r"broadcast\(\)"):
            broadcast(*wrong)


# ---- histograms


def test_counts_are_numpys():
    array = RANDOM.normal(size=(40, 30))
    for bins in (1, 30, [-1.0, 0.0, 0.5, 2.0]):
        record = histogram(array, bins).record
        counts, edges = np.histogram(array, bins)
        assert record["counts"] == counts.tolist()
        np.testing.assert_allclose(record["edges"], edges, rtol=1e-12)
    assert record["outside"] == np.count_nonzero((array < -1) | (array > 2))


def test_what_is_no_number_is_counted_apart():
    output = histogram(WILD, bins=[-5, 0, 5])
    finite = WILD[np.isfinite(WILD)]
    assert sum(output.record["counts"]) == np.count_nonzero(np.abs(finite) <= 5)
    assert "NaN 0.0244 %" in output.description()
    for empty in (np.zeros(0), np.full(5, np.nan), mt.constant(["a"]), KINDS["symbol"]):
        output = histogram(empty)
        assert output.record["counts"] == []
        assert output.record["note"]
        ElementTree.fromstring(output.to_svg())


def test_equal_elements_fill_one_bin():
    record = histogram(np.full(9, 4.0), bins=3).record
    assert record["counts"] == [0, 9, 0]
    assert record["edges"][0] < 4.0 < record["edges"][-1]


@pytest.mark.parametrize("bins", [0, 501, [1.0], [1.0, 1.0], [0.0, math.inf]], ids=str)
def test_bins_that_are_none_are_refused(bins):
    with pytest.raises(ValueError, match="bins"):
        histogram([1.0], bins)


# ---- figures and strings


@pytest.mark.parametrize("bad", samples.HOSTILE)
def test_hostile_strings_stay_text_in_figures(bad):
    record = tensor_record(WILD)
    record.update(
        kind=bad, name=bad, dtype=bad, made_by=bad, device=bad, layout=bad, memory=bad, notes=[bad],
        source={"file": bad, "line": 1, "text": bad},
    )  # fmt: skip
    words = tensor_record(mt.constant([[bad]]))
    outputs = [Inspection(record), Inspection(words), broadcast((1,), (2,), names=[bad, bad])]
    outputs.append(Histogram({**histogram(WILD).record, "name": bad, "note": bad, "dtype": bad}))
    for output in outputs:
        tags = {
            item.tag.rpartition("}")[2] for item in ElementTree.fromstring(output.to_svg()).iter()
        }
        assert tags <= {"svg", "style", "rect", "text", "path", "image"}
        assert "<script>alert" not in output.to_html(static=False)
        assert json.dumps(output._state())


def test_figures_are_legible_and_say_what_they_show():
    for output in (inspect(WILD), broadcast((3,), (3, 4)), histogram(WILD)):
        svg = ElementTree.fromstring(output.to_svg())
        assert svg.get("aria-label") == output.alt
        assert float(svg.get("width", "0")) <= 700
        assert not re.search(r"font-size:[0-9]px", output.to_svg())


# ---- widgets


def test_a_widget_keeps_its_place_inside_the_tensor():
    widget = TensorWidget(np.zeros((4, 50)), selected="1, 2")
    widget.at, widget.axes = [9, -3], [1, 0]
    assert (widget.at, widget.axes) == ([3, 0], [1, 0])
    widget.axes = [1, 1]
    assert widget.axes == [0, 1]
    widget.update(np.zeros(7))
    assert (widget.at, widget.axes, widget.tensor["shape"]) == ([0], [-1, 0], [7])
    assert repr(widget) == "TensorWidget(numpy array float64 (7,))"


def test_a_widget_reads_the_window_it_is_asked_for():
    array = RANDOM.normal(size=(3, 200, 300)).astype(np.float32)
    widget = TensorWidget(array, gradient=-array)
    sent = []
    widget.send = sent.append
    widget._asked(widget, {"kind": "window", "at": [2, 100, 290], "axes": [1, 2]}, [])
    widget._asked(widget, {"kind": "window", "at": "nonsense", "axes": [7]}, [])
    widget._asked(widget, "nonsense", [])
    assert len(sent) == 2
    expected = array[2, 100:132, 290:].ravel()
    np.testing.assert_array_equal(unpacked(sent[0]["elements"]), expected)
    np.testing.assert_array_equal(unpacked(sent[0]["gradient"]), -expected)
    assert len(json.dumps(sent[0])) < 64_000


def test_a_histogram_widget_draws_the_new_over_the_old():
    widget = HistogramWidget([1.0, 2.0], bins=2)
    widget.update([1.0, 2.0, 2.0])
    assert widget.histogram["before"]["counts"] == [1, 1]
    widget.update([3.0])
    assert widget.histogram["before"]["counts"] == [1, 2]
    assert 'class="o"' in widget.to_svg()
    assert "before" not in widget.histogram["before"]


def test_a_broadcast_widget_clamps_its_step():
    widget = BroadcastWidget((2, 1), (3,))
    widget.step = 99
    assert widget.step == 3
    assert isinstance(widget.island(), Broadcast)


# ---- displays in notebooks


@pytest.fixture
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    assert display.register(shell)
    yield shell
    shell.clear_instance()


def shown(shell, value):
    return shell.display_formatter.format(value)[0]


def test_tensors_are_tables_or_figures_and_scalars_stay_a_line(shell):
    for value, most in ((mt.constant([1, 2]), 1_000), (mt.ones((8, 8)), 12_000),
                        (mt.random.normal((64, 64), seed=1), 20_000), (KINDS["rows"], 2_000),
                        (KINDS["variable"], 2_000), (KINDS["image"], 20_000)):  # fmt: skip
        bundle = shown(shell, value)
        assert bundle["text/plain"] == repr(value)
        assert "<script" not in bundle["text/html"]
        assert len(bundle["text/html"]) <= most
    assert list(shown(shell, mt.constant(3.0))) == ["text/plain"]
    assert list(shown(shell, np.ones(3))) == ["text/plain"]


def test_graphs_tapes_and_functions_are_drawn(shell):
    @mt.function(autograph=False)
    def double(x):
        return x * 2.0

    assert list(shown(shell, double)) == ["text/plain"]
    double(mt.constant(1.0))
    assert "1 trace in its cache" in shown(shell, double)["text/html"]
    assert "<img" in shown(shell, double.get_concrete_function(mt.constant(1.0)))["text/html"]
    with mt.GradientTape() as tape:
        x = mt.Variable(2.0)
        x * x
    assert "<img" in shown(shell, tape)["text/html"]
    assert list(shown(shell, mt.GradientTape())) == ["text/plain"]


def test_displays_can_be_switched_off_and_loaded_again(shell):
    display.unregister(shell)
    assert list(shown(shell, mt.ones(3))) == ["text/plain"]
    shell.run_line_magic("load_ext", "minitensor_widgets")
    assert "text/html" in shown(shell, mt.ones(3))
    shell.run_line_magic("unload_ext", "minitensor_widgets")
    assert list(shown(shell, mt.ones(3))) == ["text/plain"]


def test_a_display_that_fails_leaves_the_text(shell, monkeypatch):
    broken = mt.ones(3)
    object.__setattr__(broken, "_array", None)
    assert display._quiet(display.tensor_html)(broken) is None


@pytest.mark.parametrize("bad", samples.HOSTILE)
def test_hostile_strings_stay_text_in_displays(shell, bad):
    shell.user_ns[bad] = value = mt.constant([bad])
    html = shown(shell, value)["text/html"]
    assert "<script" not in html
    assert "<img" not in html
    assert "<svg" not in html


def test_importing_registers_without_loading_anything_heavy():
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "import sys, minitensor_widgets\n"
        "print([m for m in ('numpy', 'minitensor', 'anywidget') if m in sys.modules])\n"
        "shell.run_cell('import minitensor as mt; mt.ones(2)')\n"
        "import minitensor as mt\n"
        "print('text/html' in shell.display_formatter.format(mt.ones(2))[0])\n"
    )
    env = {**os.environ, "IPYTHONDIR": os.devnull}
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, env=env, check=True).stdout
    assert out.splitlines()[0] == "[]"
    assert out.splitlines()[-1] == "True"


def test_a_record_is_shown_without_numpy_or_the_engine():
    record = json.dumps(inspect(WILD).record)
    code = (
        "import json, sys, minitensor_widgets as w\n"
        "shown = w.Inspection(json.loads(sys.stdin.read()))\n"
        "shown.to_html(), shown.description()\n"
        "print(sorted({'numpy', 'minitensor', 'anywidget'} & set(sys.modules)))\n"
    )
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, input=record, check=True).stdout
    assert out == "[]\n"


def test_islands_stay_within_their_budget():
    sizes = {name: len(inspect(value).to_html(static=False)) for name, value in KINDS.items()}
    assert max(sizes.values()) < 250_000
    assert sorted(sizes.values())[len(sizes) // 2] < 80_000


def test_states_survive_the_journey():
    html = inspect(WILD).to_html(static=False)
    data = re.search(r'await inflate\("([^"]+)"\)', html)
    assert data
    state = json.loads(zlib.decompress(base64.b64decode(data[1])))
    assert state["axes"] == [0, 1]
    np.testing.assert_array_equal(unpacked(state["tensor"]["elements"]), WILD.ravel())


@pytest.mark.parametrize("value", [3.0, [3.0, 3.0], [-1.7e308, 1.7e308], 1.7976931348623157e308])
def test_a_histogram_of_equal_or_enormous_numbers_is_drawn(value):
    for log in (False, True):
        drawn = Histogram(value, log=log).to_svg()
        ElementTree.fromstring(drawn)
        assert not any(word in drawn.split("<rect", 1)[1] for word in ("nan", "inf"))


@pytest.mark.parametrize("bins", ["x", [[0, 1], [1, 2]], None, [object()]])
def test_bins_that_are_none_are_a_lesson(bins):
    with pytest.raises(ValueError, match="pass bins="):
        histogram([1.0, 2.0], bins=bins)


def test_broadcasting_of_too_many_or_with_names_that_are_none_is_a_lesson():
    with pytest.raises(ValueError, match="at most 8"):
        broadcast(*[(3,)] * 1000)
    with pytest.raises(ValueError, match="1 name for 2 arguments"):
        broadcast((3,), (3,), names=["a"])
    with pytest.raises(TypeError, match="list of texts"):
        broadcast((3,), (3,), names=5)
    with pytest.raises(TypeError, match="from 0 to 3"):
        broadcast((3,), (3,), at="x")


def test_a_long_row_of_cells_is_cut_with_a_sign():
    record = broadcast((32, 10), (32,)).record
    (row,) = record["operands"][1]["own"]["text"]
    assert (len(row), row[0], row[-1]) == (12, "b0", "…")
    drawn = broadcast((1, 30), (2, 30)).record
    assert drawn["pairs"][1][-2:] == ["a10, b40", "…"]


def test_a_record_of_another_viewer_does_not_replace_the_one_shown():
    widget = BroadcastWidget((3,), (3, 3))
    with pytest.raises(TypeError, match="operands"):
        widget.broadcast = {"version": 1}
    assert widget.island().record["shape"] == [3, 3]
