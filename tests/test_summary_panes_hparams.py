"""The table of hyper-parameters: what is recorded, what is best, figures and words; no browser."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree

import pytest

import minitensor as mt
from minitensor.summary.series import HyperParameters
from minitensor_widgets import dashboard, samples
from minitensor_widgets.summaries import hparams as pane
from minitensor_widgets.summaries.news import News
from minitensor_widgets.summaries.samples import Log, curve


class Trials(Log):
    """A log whose runs say their hyper-parameters."""

    def __init__(self, trials, series=(), metrics=()):
        super().__init__(list(series))
        self.trials, self.metrics = trials, list(metrics)

    def hparams(self):
        return self.trials

    def hparam_metrics(self):
        return self.metrics


def trials(count=4, **more):
    return [HyperParameters(f"run {i}", {"rate": 10.0**-i, "optimizer": "adam" if i % 2 else "sgd"},
                            "success", 100.0, 160.0 + i, **more) for i in range(count)]  # fmt: skip


def curves(count=4):
    return [
        made
        for i in range(count)
        for made in (curve(f"run {i}", "loss", [3.0, 2.0 - i % 3]),
                     curve(f"run {i}/validation", "accuracy", [0.1, 0.5 + i / 10]))
    ]  # fmt: skip


def test_rows_hold_parameters_and_the_last_value_of_each_metric():
    (card,) = pane.record(Trials(trials(), curves()), 10_000)
    assert [column["name"] for column in card["columns"]] == [
        "rate", "optimizer", "loss", "validation/accuracy",
    ]  # fmt: skip
    assert [column["kind"] for column in card["columns"]] == ["parameter"] * 2 + ["metric"] * 2
    rows = {row["run"]: row for row in card["rows"]}
    assert rows["run 3"]["values"] == [0.001, "adam", 2.0, pytest.approx(0.8)]
    assert (rows["run 0"]["status"], rows["run 0"]["seconds"]) == ("success", 60.0)


def test_the_best_run_is_the_first_row_however_many_there_are():
    (card,) = pane.record(Trials(trials(), curves()), 10_000)
    assert [row["values"][2] for row in card["rows"]] == [0.0, 1.0, 2.0, 2.0]
    count = 90
    odd = {5: math.nan, 7: math.inf}
    scores = [curve(f"run {i}", "score", [odd.get(i, float(i))]) for i in range(count)]
    (card,) = pane.record(Trials(trials(count), scores), 3_000)
    values = [row["values"][2] for row in card["rows"]]
    assert values == sorted(values, reverse=True)
    assert (values[0], card["note"]) == (89.0, f"The first {len(values)} of 90 runs.")
    assert "★ 89" in pane.figure([card], [])[0]


def test_only_the_metrics_that_were_chosen_are_columns():
    (card,) = pane.record(Trials(trials(), curves(), ["loss"]), 10_000)
    assert [column["name"] for column in card["columns"]] == ["rate", "optimizer", "loss"]


def test_the_best_is_the_lowest_loss_and_the_highest_accuracy():
    (card,) = pane.record(Trials(trials(), curves()), 10_000)
    assert [row["run"] for row in card["rows"]] == ["run 2", "run 1", "run 0", "run 3"]
    assert (pane.best(card, 2), pane.best(card, 3), pane.best(card, 0)) == (0, 3, None)
    words = " ".join(pane.words([card], []))
    assert "Lowest loss: 0 in run 2 (rate 0.01, optimizer sgd)." in words
    assert "Highest validation/accuracy: 0.8 in run 3" in words
    assert "Status: 4 success." in words


def test_what_is_no_number_is_neither_best_nor_lost():
    log = Trials(trials(3), [curve("run 0", "loss", [math.nan]), curve("run 1", "loss", [math.inf]),
                             curve("run 2", "loss", [1.0])])  # fmt: skip
    (card,) = pane.record(log, 10_000)
    assert [row["values"][2] for row in card["rows"]] == ["NaN", "Infinity", 1.0]
    assert pane.best(card, 2) is None
    assert json.dumps(card, allow_nan=False)


def test_runs_that_miss_a_parameter_have_a_dash():
    log = Trials([HyperParameters("a", {"x": 1}), HyperParameters("b", {"y": True})])
    (card,) = pane.record(log, 10_000)
    assert [row["values"] for row in card["rows"]] == [[1.0, None], [None, True]]
    drawn, _ = pane.figure([card], [])
    cells = [item.text for item in ElementTree.fromstring(f"<svg>{drawn}</svg>").iter("text")]
    assert cells[1:] == [
        "run", "x", "y", "status", "a", "1", "–", "unknown", "b", "–", "yes", "unknown",
    ]  # fmt: skip


def test_many_runs_are_cut_and_said():
    (card,) = pane.record(Trials(trials(500)), 8_000)
    assert len(json.dumps(card["rows"])) <= 8_000
    assert card["note"] == f"The first {len(card['rows'])} of 500 runs."
    drawn, height = pane.figure([card], [])
    assert f"… and {len(card['rows']) - 12} more runs" in drawn
    assert height < 300


def test_many_columns_stay_inside_the_figure():
    log = Trials([HyperParameters("a", {f"a rather long name {i}": i for i in range(20)})] * 2)
    drawn, _ = pane.figure(pane.record(log, 10_000), [])
    tree = ElementTree.fromstring(f"<svg>{drawn}</svg>")
    assert max(float(item.get("x", 0)) for item in tree.iter("text")) <= 680
    assert "more columns" in drawn


def test_without_hyper_parameters_there_is_no_card():
    assert pane.record(Trials([], curves()), 10_000) == []


@pytest.mark.parametrize("bad", samples.HOSTILE)
def test_hostile_strings_stay_text(bad):
    log = Trials([HyperParameters(bad, {bad: bad}, bad)], [curve(bad, bad, [1.0])])
    cards = pane.record(log, 10_000)
    output = dashboard(log)
    ElementTree.fromstring(output.to_svg())
    assert "<script>alert" not in output.to_html(static=False)
    assert pane.words(cards, [])


def test_a_live_page_is_told_of_new_values_where_it_looks():
    log = Trials(trials(2), curves(2))
    news = News(log, dashboard(log).record)

    def told():
        found = [content.get("cards", {}) for content, _ in news.messages()]
        return [cards["hparams"] for cards in found if "hparams" in cards]

    assert told() == []
    news.visible = {"hparams": [pane.TAG]}
    assert told() == [pane.record(log, 24_000)]
    assert told() == []
    log.series.append(curve("run 0", "error", [1.0]))
    (cards,) = told()
    assert "error" in [column["name"] for column in cards[0]["columns"]]


def test_what_was_written_is_what_is_shown(tmp_path):
    for i, rate in enumerate((0.1, 0.01)):
        with mt.summary.create_file_writer(tmp_path / f"run {i}") as writer, writer.as_default():
            mt.summary.hparams({"rate": rate, "optimizer": "adam"})
            for step in range(3):
                mt.summary.scalar("loss", rate * step, step=step)
    (card,) = pane.record(mt.summary.read(tmp_path), 10_000)
    names = [column["name"] for column in card["columns"]]
    rows = [dict(zip(names, row["values"], strict=True)) for row in card["rows"]]
    assert rows == [{"rate": 0.01, "optimizer": "adam", "loss": 0.02},
                    {"rate": 0.1, "optimizer": "adam", "loss": 0.2}]  # fmt: skip
    assert "Lowest loss: 0.02 in run 1" in dashboard(tmp_path).description()
