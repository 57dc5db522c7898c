"""The viewer of a model's health: its record, words, figure and widget."""

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minitensor as mt
from minitensor.views import health_record
from minitensor_widgets import HealthWidget, ModelHealth, model_health, samples
from minitensor_widgets.summaries import health_figure
from minitensor_widgets.summaries.health import (
    SIGN_TEXT,
    beyond,
    complete_health,
    grouped,
    value_text,
)
from minitensor_widgets.summaries.health_samples import watched


def words(figure):
    """All texts of a figure in order."""
    return [
        node.text or ""
        for node in ElementTree.fromstring(figure).iter()
        if node.tag.endswith("}text")
    ]


def trained(callbacks=(), every=2, blow_up=False):
    """A callback after a short training, with or without a NaN at the end of it."""
    mt.keras.utils.set_random_seed(3)
    model = mt.keras.Sequential([
        mt.keras.layers.Dense(8, activation="relu", name="first"),
        mt.keras.layers.Dense(1, name="last"),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    watch = mt.keras.callbacks.Health(every=every)
    made = [watch, *(make(watch) for make in callbacks)]
    x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    y = x[:, :1].copy()
    if blow_up:
        x[-1, 0] = np.nan
    model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0, callbacks=made)
    return watch


# ---- the record


def test_what_may_be_given():
    watch = trained()
    shown = model_health(watch)
    assert [layer["name"] for layer in shown.record["layers"]] == ["first", "last"]
    assert shown.record["steps"] == [0, 2, 4, 6]
    for other in (watch.history, watch.record(), shown.record):
        assert model_health(other).record == shown.record
    alone = model_health(watch.history[0])
    assert alone.record["steps"] == [0]
    json.dumps(shown.record, allow_nan=False)


@pytest.mark.parametrize("wrong", [3, "health", {"a": 1}, {"version": 1, "nodes": []}, None])
def test_anything_else_is_refused(wrong):
    with pytest.raises(TypeError):
        model_health(wrong)


@pytest.mark.parametrize("step", ["x", 1.5, [1]])
def test_a_look_that_is_no_number_is_told(step):
    with pytest.raises(TypeError, match="it is the number of a look, counted from 0"):
        model_health(watched(), step=step)


def test_a_model_in_place_of_its_health_is_told_in_plain_words():
    layers = mt.keras.layers
    model = mt.keras.Sequential([mt.keras.Input((2,)), layers.Dense(1)])
    with pytest.raises(TypeError, match=r"^model_health\(\) got .* Pass what mt.summary.health"):
        model_health(model)


def test_findings_that_repeat_are_told_once():
    record = watched()
    assert len(record["findings"]) == 12
    (error, dead) = complete_health(record)["findings"]
    assert (error["level"], error["count"], error["step"]) == ("error", 1, 110)
    assert (dead["level"], dead["count"], dead["first"], dead["step"]) == ("warning", 11, 10, 110)
    assert grouped([dead, error]) == [error, dead], "again it is the same"


def test_many_looks_are_thinned_and_the_first_nan_is_kept():
    record = watched(layers=20, looks=900)
    record["first_bad"] = {**record["first_bad"], "step": 1230}
    shown = complete_health(record)
    assert 20 * 7 * len(shown["steps"]) <= 25_000
    assert {0, 1230, 8990} <= set(shown["steps"])
    assert len(shown["verdicts"]) == len(shown["steps"]) == len(shown["values"]["dead"][3])
    assert shown["note"].startswith(f"{len(shown['steps'])} of 900 looks are shown")
    at = shown["steps"].index(1230)
    assert shown["values"]["dead"][0][at] == record["values"]["dead"][0][123]


# ---- words


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (1.234e-5, "log", "1.2e-5"), (1e-3, "log", "1e-3"), (0.25, "log", "0.25"),
        (12.5, "linear", "12.5"), (0.0, "log", "0"), (3e12, "log", "3e+12"),
        (0.123, "share", "12.3 %"), ("NaN", "share", "NaN"), ("Infinity", "log", "∞"),
        ("-Infinity", "linear", "−∞"), (None, "log", "–"),
    ],
)  # fmt: skip
def test_numbers_are_short(value, scale, text):
    assert value_text(value, scale) == text


def test_what_is_not_measured_never_looks_like_zero():
    assert value_text(None, "share") != value_text(0.0, "share")
    measure = {"scale": "share", "good": None}
    missing = health_figure.colour(None, measure, (0, 1))
    assert missing != health_figure.colour(0.0, measure, (0, 1))
    assert missing != health_figure.colour("NaN", measure, (0, 1))


def test_signs_say_what_is_unusual():
    measure = {"scale": "log", "good": [1e-4, 1e-2]}
    assert [beyond(v, measure) for v in (1e-5, 1e-3, 0.1, "NaN", None)] == [
        "▼", "", "▲", "▲", ""
    ]  # fmt: skip
    assert beyond(1e9, {"scale": "log", "good": None}) == ""


def test_what_reads_as_the_limit_is_not_beyond_it():
    measure = {"scale": "log", "good": [1e-4, 1e-2]}
    assert (value_text(1.03e-2, "log"), beyond(1.03e-2, measure)) == ("1e-2", "")
    assert (value_text(1.06e-2, "log"), beyond(1.06e-2, measure)) == ("1.1e-2", "▲")
    share = {"scale": "share", "good": [0.0, 0.1]}
    assert (value_text(0.1004, "share"), beyond(0.1004, share)) == ("10 %", "")
    assert (value_text(0.101, "share"), beyond(0.101, share)) == ("10.1 %", "▲")


def test_the_rule_of_thumb_is_white_and_three_powers_of_ten_away_is_full_colour():
    measure = {"scale": "log", "good": [1e-4, 1e-2]}
    found = [health_figure.colour(10.0**e, measure, (-9, 0)) for e in (-6, -3, 0)]
    assert found == [(0, 114, 178), (247, 247, 247), (213, 94, 0)]
    assert health_figure.colour(0.0, measure, (-9, 0)) == (0, 114, 178)


def test_the_description_says_verdict_nan_findings_and_numbers():
    lines = model_health(watched()).description().splitlines()
    assert lines[1].startswith("step 110: Look at dense: More than a tenth")
    assert lines[2] == "First NaN: step 110, on the way back, in layer dense_2"
    assert lines[3].endswith("y = mt.sqrt(x)")
    assert any("(11 times, step 10 to 110)" in line for line in lines)
    assert lines[-1].startswith("  dense_2 (Dense): gradient / weight NaN, update / weight 8")
    assert lines[-1].endswith("NaN and infinity 50 %▲")


def test_another_look_can_be_chosen():
    shown = ModelHealth(watched(), step=0)
    assert "step 0: Nothing looks wrong." in shown.description()
    assert ModelHealth(watched(), step=-3).step == 0
    assert ModelHealth(watched(), step=99).step == 11


def test_a_nan_of_a_real_model_is_found_and_shown():
    watch = trained(every=3, blow_up=True)
    record = health_record(watch)
    assert record["first_bad"] is not None
    shown = model_health(watch)
    assert (
        f"First NaN: step {record['first_bad']['step']}, on the way forward" in shown.description()
    )
    assert any(text.startswith("✗ First NaN") for text in words(shown.to_svg()))
    assert any(item["level"] == "error" for item in shown.record["findings"])


# ---- the figure


def test_the_figure_has_a_row_for_each_layer_and_a_strip_for_each_measure():
    figure = model_health(watched()).to_svg()
    found = words(figure)
    assert {"dense ⚠", "dense_1", "dense_2 ✗", "93 %▲", "NaN", "usual: up to 10 %"} <= set(found)
    assert SIGN_TEXT in found
    assert figure.count("<image") == 3 + 3 + 2 + 1 + 3
    assert any(text.startswith("Colours: gradient / weight from violet 1e-4") for text in found)


def test_a_figure_of_many_layers_shows_first_those_with_findings():
    record = watched(layers=60, looks=5)
    found = words(model_health(record).to_svg())
    assert "dense_59 ✗" in found
    assert "… and 36 more layers" in found


@pytest.mark.parametrize("looks", [0, 1])
def test_nothing_and_one_look_have_figures(looks):
    shown = model_health(watched(2, looks, bad=False))
    ElementTree.fromstring(shown.to_svg())
    assert len(shown.description()) > 10


def test_a_look_without_a_step_is_called_one_look():
    x = mt.random.normal((4, 2))
    model = mt.keras.Sequential([mt.keras.layers.Dense(3)])
    model.build((None, 2))
    with mt.GradientTape() as tape:
        mt.reduce_mean(model(x) ** 2)
    shown = model_health(mt.summary.health(model, tape))
    assert shown.record["steps"] == [None]
    assert "Health of 1 layer: one look" in shown.description()
    ElementTree.fromstring(shown.to_svg())


def test_hostile_words_stay_text():
    record = watched()
    for i, name in enumerate(samples.HOSTILE[:3]):
        record["layers"][i]["name"] = name
    for item in record["findings"]:
        item |= {"sentence": samples.HOSTILE[0], "layer": samples.HOSTILE[1]}
    record["verdicts"] = [samples.HOSTILE[3]] * 12
    shown = model_health(record, selected=samples.HOSTILE[0])
    ElementTree.fromstring(shown.to_svg())
    assert "<img onerror" not in shown.to_html(static=True)


def test_islands_are_small():
    assert len(model_health(watched()).to_html(static=False)) < 80_000
    assert len(model_health(watched(60, 600)).to_html(static=False)) < 250_000


# ---- the widget


def test_a_widget_follows_fit():
    made = []

    def follow(watch):
        made.append(HealthWidget(watch))
        return made[0].callback()

    watch = trained(callbacks=[follow])
    (widget,) = made
    assert widget.health["steps"] == [0, 2, 4, 6]
    assert widget.step == 3
    assert widget.health == complete_health(watch)
    assert repr(widget) == "HealthWidget(2 layers, 4 looks, " + repr(widget).split(", ")[-1]


def test_a_chosen_look_stays_when_new_ones_come():
    history = trained().history
    given = history[:2]
    widget = HealthWidget(given)
    widget.step = 0
    given.extend(history[2:])
    widget.refresh()
    assert len(widget.health["steps"]) == 4
    assert widget.step == 0


def test_a_step_out_of_range_is_clamped():
    widget = HealthWidget(watched(), step=99)
    assert widget.step == 11
    widget.step = -5
    assert widget.step == 0
    assert widget.island().to_svg() == model_health(widget.health, step=0).to_svg()
