"""Axes and captions of curves: what they say is what is drawn."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import minitensor_widgets
from minitensor_widgets.plot import span, tick_texts, ticks
from minitensor_widgets.summaries.bands import columns
from minitensor_widgets.training.figure import summary
from minitensor_widgets.values import apart, number

STATIC = Path(minitensor_widgets.__file__).parent / "static"
CASES = [(0.001, 0.001), (0.0, 0.0), (-3.0, -3.0), (0.97, 0.970099), (1e6, 1e6 + 1),
         (1e9, 1e9 + 2e-3), (0.0, 1e5), (1e-5, 1.001e-5)]  # fmt: skip


def test_a_constant_is_in_the_middle_of_an_axis_of_its_own_size():
    assert span([0.001, 0.001]) == (0.0005, 0.0015)
    assert span([-4.0]) == (-6.0, -2.0)
    assert span([0.0]) == (-0.5, 0.5)


@pytest.mark.parametrize(("low", "high"), CASES)
def test_no_two_ticks_read_alike(low, high):
    values = ticks(*span([low, high]))
    words, begin = tick_texts(values)
    assert len(set(words)) == len(values) > 1
    assert max(map(len, words)) <= 9
    if not begin:
        assert [float(word) for word in words] == pytest.approx(values, rel=1e-12, abs=1e-12)


def test_a_caption_has_the_digits_that_tell_its_numbers_apart():
    y = [0.97 + 1e-6 * step for step in range(100)]
    said = summary("loss", {"run": "", "x": list(range(100)), "y": y, "count": 100})
    assert said == "loss: last 0.9701, least 0.97 at 0, greatest 0.9701 at 99, rising at the end"


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.00003), (1.0, 1.0000001), (1e-5, 10.0)])
def test_no_two_ticks_of_a_logarithmic_axis_read_alike(low, high):
    values = ticks(low, high, log=True)
    words, _ = tick_texts(values, log=True)
    assert len(set(words)) == len(values) > 1
    assert max(map(len, words)) <= 9


@pytest.mark.skipif(shutil.which("node") is None, reason="runs the twin in JavaScript")
def test_the_page_draws_the_same_axes():
    code = (
        f'const p = await import("{STATIC}/plot.js"), v = await import("{STATIC}/values.js");\n'
        f"const made = {json.dumps(CASES)}.map((ends) => {{ const s = p.span(ends);\n"
        "return [s, p.tickTexts(p.ticks(...s)), v.apart(ends), v.number(ends[1], 8),\n"
        " p.tickTexts([1, 1 + (ends[1] - ends[0]) / 3 || 10], true)] });\n"
        "console.log(JSON.stringify(made));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True
    )
    for ends, (reach, (marks, begin), digits, word, (log_marks, log_begin)) in zip(
        CASES, json.loads(done.stdout), strict=True
    ):
        assert tuple(reach) == span(ends)
        words, ours = tick_texts(ticks(*reach))
        assert ([text for _, text in marks], begin) == (words, ours)
        logs = tick_texts([1, 1 + (ends[1] - ends[0]) / 3 or 10], log=True)
        assert ([text for _, text in log_marks], log_begin) == logs
        assert (digits, word) == (apart(ends), number(ends[1], 8))


def test_names_of_columns_stand_in_one_line_where_they_fit():
    def lines(names):
        drawn = columns(names, [[1.0] * 9] * len(names), 420.0, 220.0)
        return {
            found for name in names for found in re.findall(rf'y="([\d.]+)"[^>]*>{name}<', drawn)
        }

    assert len(lines(["kernel", "bias"])) == 1
    assert len(lines([f"layer number {i}" for i in range(6)])) == 2
