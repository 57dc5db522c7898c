"""The playground without a page: data, training, measures, errors, the program, the island."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets.play import codes, data, measures, slices
from minitensor_widgets.play.playing import Play, playground
from minitensor_widgets.play.program import program
from minitensor_widgets.play.session import Session
from minitensor_widgets.play.settings import OWN, SETS, Settings, changed, checked
from minitensor_widgets.play.training import Training


@pytest.fixture
def static(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINITENSOR_DISPLAY", "static")


def linear() -> tuple[Any, Any, Any]:
    """A learner's own model, step and variable: one line, by hand."""
    w = mt.Variable(np.zeros((2, 1), "float32"))

    def model(x):
        return x @ w

    def step(x, y):
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((mt.sigmoid(model(x)) - y) ** 2)
        w.assign_sub(2.0 * tape.gradient(loss, w))
        return loss

    return model, step, w


# ---- data and settings


@pytest.mark.parametrize("name", SETS)
def test_sets_are_seeded_balanced_and_in_the_window(name: str) -> None:
    made = data.make(Settings(data=name, points=400, seed=3))
    again = data.make(Settings(data=name, points=400, seed=3))
    assert np.array_equal(made.x, again.x)
    assert not np.array_equal(made.x, data.make(Settings(data=name, points=400, seed=4)).x)
    assert 0.4 < made.label.mean() < 0.6
    assert (np.abs(made.x) < data.EDGE).mean() > 0.95
    assert made.train == 200


def test_the_grid_goes_from_the_top_left() -> None:
    cells = data.grid((0.0, 4.0, 10.0, 14.0), 4)
    assert cells[0].tolist() == [0.5, 13.5]
    assert cells[-1].tolist() == [3.5, 10.5]


def test_settings_from_a_page_are_moved_into_their_ends() -> None:
    wanted = {"noise": 7, "batch": "x", "hidden": [99, 0, 3, 4, 5, 6], "data": "no", "l1": None,
              "learning_rate": float("nan"), "no such": 1}  # fmt: skip
    made = changed(Settings(), wanted)
    assert (made.noise, made.batch, made.hidden, made.data) == (0.5, 10, (8, 1, 3, 4), "circle")
    assert made.learning_rate == Settings().learning_rate


def test_settings_in_a_call_are_checked() -> None:
    with pytest.raises(TypeError, match=r"no setting 'noize'\. Did you mean 'noise'\?"):
        checked({"noize": 1})
    with pytest.raises(ValueError, match="activation='tan'"):
        checked({"activation": "tan"})
    with pytest.raises(ValueError, match="there are circle, xor, gauss, spiral, moons"):
        playground(data="circles")


def test_arrays_must_be_points_of_two_classes() -> None:
    x = np.zeros((4, 3))
    with pytest.raises(ValueError, match=r"x with shape \(4, 3\).*x\[:, :2\]"):
        playground(data=(x, [0, 1, 0, 1]))
    with pytest.raises(ValueError, match="3 different values"):
        playground(data=(x[:, :2], [0, 1, 2, 1]))
    with pytest.raises(ValueError, match="NaN or infinite"):
        playground(data=(np.full((2, 2), np.nan), [0, 1]))


def test_optimisers_are_named_or_given(static: None) -> None:
    named = playground(optimizer="sgd", steps=3)
    assert "keras.optimizers.SGD(0.03)" in named.record["program"]
    assert "# optimizer is yours." in playground(optimizer="adagrad", steps=3).record["program"]
    with pytest.raises(ValueError, match="optimizer"):
        playground(optimizer="adamm")


def test_models_must_be_callable_and_know_what_is_trained() -> None:
    with pytest.raises(TypeError, match="a model is a function of points"):
        playground(3)
    with pytest.raises(TypeError, match="plain function, so it cannot know what to train"):
        playground(lambda x: x)
    with pytest.raises(TypeError, match="a step but no model"):
        playground(step=lambda x, y: None)


# ---- pictures as text


def test_pictures_survive_being_written() -> None:
    levels = np.random.default_rng(0).integers(0, 64, 500).tolist()
    assert codes.read(codes.written(levels)) == levels


def test_levels_beside_the_boundary_stay_on_their_side() -> None:
    values = np.array([0.5 - 1e-9, 0.5, 0.5 + 1e-9, np.nan, 0.0, 1.0])
    assert measures.quantised(values).tolist() == [126, 127, 128, 255, 0, 254]
    assert measures.quantised(values, codes.TOP).tolist() == [30, 31, 32, 63, 0, 62]


# ---- training


def test_training_is_repeated_after_reset() -> None:
    training = Training(Settings(seed=5))
    losses = []
    for _ in range(2):
        training.reset()
        training.advance(40)
        losses.append(measures.frame(training)["losses"])
    assert losses[0] == losses[1]


def test_steps_are_those_of_logistic_regression_by_hand() -> None:
    # One Dense layer under SGD is logistic regression: the same in NumPy.
    training = Training(Settings(hidden=(), optimizer="sgd", learning_rate=0.5, batch=7))
    w = training.variables[0].numpy().astype(float)
    b = np.zeros(1)
    batches = training._walk()
    for _ in range(30):
        rows = next(batches)
        x, y = training.points.x[rows].astype(float), training.y[rows]
        g = (1 / (1 + np.exp(-(x @ w + b))) - y) / len(rows)
        w, b = w - 0.5 * x.T @ g, b - 0.5 * g.sum(0)
    training.advance(30)
    assert np.allclose(training.variables[0].numpy(), w, atol=1e-5)
    assert np.allclose(training.variables[1].numpy(), b, atol=1e-5)


def test_gradients_on_the_edges_are_those_of_finite_differences() -> None:
    training = Training(Settings(hidden=(3,), l2=0.01, l1=0.01))
    made = measures.frame(training, gradients=True)
    kernel = training.network.groups[0][0].kernel  # pyright: ignore
    train = training.points.train
    x, y = mt.constant(training.points.x[:train]), mt.constant(training.y[:train])
    start = kernel.numpy()
    for row, column in ((0, 0), (1, 2)):
        ends = []
        for way in (1e-2, -1e-2):
            moved = start.copy()
            moved[row, column] += way
            kernel.assign(moved)
            ends.append(float(training.loss(x, y)))
        kernel.assign(start)
        assert made["slopes"][0]["w"][row][column] == pytest.approx(
            (ends[0] - ends[1]) / 2e-2, abs=2e-3
        )


def test_dead_neurons_are_counted() -> None:
    training = Training(Settings(hidden=(3,), activation="relu"))
    dense = training.network.groups[0][0]  # pyright: ignore
    dense.kernel.assign(np.zeros((2, 3), "float32"))
    dense.bias.assign(np.array([-1.0, 0.0, 1.0], "float32"))
    assert measures.frame(training)["layers"][0]["silent"] == [1.0, 1.0, 0.0]


def test_what_acts_depends_on_what_is_the_learners() -> None:
    assert {"hidden", "activation", "l1", "optimizer", "noise"} <= set(Training(Settings()).acts)
    model, step, _ = linear()
    acts = Training(Settings(), model, step=step).acts
    assert set(acts) == {"data", "train", "batch", "seed", "points", "noise"}
    keras = mt.keras.Sequential([mt.keras.Input((2,)), mt.keras.layers.Dense(1)])
    assert "hidden" not in Training(Settings(), keras).acts
    optimizer = mt.keras.optimizers.SGD(0.25)
    training = Training(Settings(), keras, optimizer=optimizer)
    assert training.settings.learning_rate == 0.25
    assert "optimizer" not in training.acts
    training.apply(changed(training.settings, {"learning_rate": 0.125}))
    assert float(np.array(optimizer.learning_rate)) == 0.125


def test_the_learners_own_step_trains_the_learners_own_model() -> None:
    model, step, w = linear()
    session = Session(Settings(data="gauss"), model=model, step=step, variables=[w])
    session.advance(50)
    seen = session.look()
    assert seen is not None
    assert seen["accuracy"][0] > 0.95
    assert (w.numpy() > 0).all()
    assert session.widths == []
    session.reset()
    assert np.array_equal(w.numpy(), np.zeros((2, 1)))


def test_a_keras_model_without_input_and_a_module_can_be_learnt() -> None:
    layers = mt.keras.layers
    keras = mt.keras.Sequential([layers.Dense(12), layers.ReLU(), layers.Dense(1, "sigmoid")])
    session = Session(Settings(data="gauss"), model=keras)
    session.advance(60)
    seen = session.look()
    assert seen is not None
    assert seen["accuracy"][0] > 0.9
    assert session.widths == [12, 1]
    assert [len(layer) for layer in seen["maps"]] == [8, 1]
    assert (seen["field"] >= 0).all()
    assert (seen["field"] <= 1).all()

    class Line(mt.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = mt.Variable(np.zeros((2, 2), "float32"))

        def __call__(self, x):
            return x @ self.w

    session = Session(Settings(data="gauss"), model=Line())
    session.advance(80)
    seen = session.look()
    assert seen is not None
    assert seen["accuracy"][0] > 0.9, "two outputs, one for each class"


def test_the_model_is_asked_in_levels_around_one_half() -> None:
    training = Training(Settings(), lambda x: x[:, 0], step=lambda x, y: None)
    levels = measures.levels(training, np.array([[0.0, 5.0], [1.0, 0.0]], "float32"))
    assert levels == pytest.approx([0.5, 1 / (1 + np.exp(-1))])
    session = Session(Settings(data="circle"), model=lambda x: x[:, 0], step=lambda x, y: None)
    session.advance(1)
    seen = session.look()
    assert seen is not None
    wrong = np.mean((session.training.points.x[:100, 0] > 0) != session.training.points.label[:100])  # pyright: ignore
    assert seen["losses"][0] == pytest.approx(wrong)
    assert session.scene()["measure"] == "share of wrong answers"


def test_points_far_from_the_origin_keep_their_places() -> None:
    x = 4000.0 + np.array([[0.0, 0.0], [0.5, 0.25], [1.0, 1.0]])
    session = Session(Settings(data="given"), model=lambda x: x[:, 0], data=(x, [0, 1, 1]),
                      step=lambda x, y: None)  # fmt: skip
    places = {tuple(point[:2]) for point in session.scene()["points"]}
    assert places == {(4000.0, 4000.0), (4000.5, 4000.25), (4001.0, 4001.0)}


def test_the_margin_of_a_straight_boundary() -> None:
    points = np.array([[-0.5, 0.3], [0.25, -0.7], [0.1, 0.9]]), np.array([0, 1, 0])
    training = Training(Settings(data="given", train=90), lambda x: x[:, 0], points,
                        step=lambda x, y: None)  # fmt: skip
    made = measures.frame(training)
    train = training.points.train
    right = [abs(x) for x, label in zip(training.points.x[:train, 0],
             training.points.label[:train], strict=True) if (x > 0) == label]  # fmt: skip
    assert f"{min(right):.2g} from the boundary" in made["reading"]


def test_a_slice_leaves_the_weights_as_they_were() -> None:
    training = Training(Settings())
    training.advance(5)
    before = [v.numpy() for v in training.variables]
    for kind in slices.KINDS:
        made = slices.surface(training, kind)
        middle = made["rows"][slices.SIZE // 2][slices.SIZE // 2]
        assert middle == pytest.approx(measures.frame(training)["losses"][0], rel=1e-3)
        assert all(np.array_equal(a, v.numpy())
                   for a, v in zip(before, training.variables, strict=True))  # fmt: skip
    down = slices.surface(training, "gradient")["rows"][slices.SIZE // 2]
    assert down[slices.SIZE // 2 + 1] < down[slices.SIZE // 2], "the first direction leads down"


# ---- errors of the learner


def raising(x, y):
    raise ValueError("my own mistake")


FAILING = {
    "step": (lambda x: x[:, 0], raising, "my own mistake"),
    "shape": (lambda x: x[:, :, 0], raising, "getitem"),
    "three": (lambda x: mt.concat([x, x], 1), raising, "one number for each"),
}


@pytest.mark.parametrize(("model", "step", "text"), FAILING.values(), ids=FAILING)
def test_what_fails_in_the_learners_code_becomes_the_picture(
    static: None, model: Any, step: Any, text: str
) -> None:
    shown = playground(model, step=step)
    assert text in shown.record["problem"]["text"]
    assert text in shown.description()
    words = " ".join(ElementTree.fromstring(shown.to_svg()).itertext())
    assert text in words
    json.dumps(shown.record, allow_nan=False)


def test_an_error_names_the_learners_line_and_counts_no_step() -> None:
    calls = []

    def step(x, y):
        calls.append(1)
        if len(calls) == 4:
            raise ZeroDivisionError("four is enough")
        return 1.0

    session = Session(Settings(), model=lambda x: x[:, 0], step=step)
    session.advance(10)
    assert session.training.steps == 3  # pyright: ignore
    assert session.problem is not None
    assert session.problem["source"] == 'raise ZeroDivisionError("four is enough")'
    assert session.problem["file"] == "test_playground.py"
    assert session.look()["step"] == 3  # pyright: ignore
    session.advance(2)
    assert session.problem is None, "trying again is allowed"


def test_nan_everywhere_is_drawn() -> None:
    session = Session(Settings(), model=lambda x: x[:, 0] * float("nan"), step=lambda x, y: 1e400)
    session.advance(3)
    shown = Play(session.record())
    assert shown.record["frames"][-1]["losses"] == [None, None]
    assert set(codes.read(shown.record["field"])) == {codes.NONE}
    ElementTree.fromstring(shown.to_svg())


def test_without_points_of_both_classes_there_is_nothing_to_learn() -> None:
    session = Session(Settings(data=OWN))
    session.look()
    session.advance(1)
    assert "at least one point of each class" in session.problem["text"]  # pyright: ignore
    for point in ((-0.5, 0.0, 0), (9.0, 0.0, 1)):
        session.order("point", *point)
    session.advance(30)
    assert session.problem is None
    assert session.look()["accuracy"] == [1.0, None]  # pyright: ignore
    assert session.scene()["points"][1] == [1.5, 0.0, 1, 1], "moved into the window"
    session.order("remove", 1.4, 0.1)
    assert len(session.scene()["points"]) == 1
    ElementTree.fromstring(Play(session.record()).to_svg())


@pytest.mark.parametrize("order", [
    ("weight", 9, 0, 0, 1.0), ("weight", 0, 0, 0, None), ("weight",), ("point", "x", 0, 0),
    ("no such",), ("settings", {"seed": {}}), ("weight", 0, 0, 0, float("nan")),
    ("settings", 3), ("remove", None, None),
])  # fmt: skip
def test_senseless_orders_are_passed_over(order: tuple[Any, ...]) -> None:
    session = Session(Settings())
    before = [v.numpy() for v in session.training.variables]  # pyright: ignore
    session.order(*order)
    after = [v.numpy() for v in session.training.variables]  # pyright: ignore
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_weights_and_biases_are_edited() -> None:
    session = Session(Settings(hidden=(3,)))
    session.order("weight", 0, 1, 2, 4.5)
    session.order("weight", 1, -1, 0, -2.0)
    layers = session.look()["layers"]  # pyright: ignore
    assert layers[0]["w"][1][2] == 4.5
    assert layers[1]["b"] == [-2.0]


# ---- the program


def run(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    # Autograph reads sources, and a text that is run has none.
    text = text.replace("@mt.function", "@mt.function(autograph=False)")
    with contextlib.redirect_stdout(io.StringIO()):
        exec(text, names)
    return names


@pytest.mark.parametrize("settings", [
    Settings(), Settings(data="spiral", activation="relu", l2=0.003, optimizer="momentum"),
    Settings(data="xor", hidden=(), l1=0.01, train=80, batch=1000, optimizer="rmsprop", seed=9),
    Settings(data="moons", optimizer="sgd", hidden=(8, 8, 8, 8)), Settings(data="gauss"),
])  # fmt: skip
def test_the_program_learns_the_same(settings: Settings) -> None:
    training = Training(settings)
    training.advance(57)
    names = run(program(training))
    for theirs, ours in zip(names["model"].trainable_variables, training.variables, strict=True):
        assert np.allclose(theirs.numpy(), ours.numpy(), atol=1e-5)


def test_the_program_of_own_points_holds_them() -> None:
    session = Session(Settings(data=OWN))
    for x, label in ((-0.5, 0), (0.5, 1), (0.25, 1)):
        session.order("point", x, 0.125, label)
    session.advance(12)
    names = run(session.program())
    assert np.array_equal(names["x"], session.training.points.x)  # pyright: ignore
    assert np.allclose(
        names["model"].trainable_variables[0].numpy(),
        session.training.variables[0].numpy(),  # pyright: ignore
        atol=1e-5,
    )


def test_the_program_quotes_the_learners_step_and_takes_the_model_as_it_is() -> None:
    model, step, w = linear()
    text = program(Training(Settings(), model, step=step, variables=[w]))
    assert "# model is yours." in text
    assert "w.assign_sub(2.0 * tape.gradient(loss, w))" in text
    compile(text, "program", "exec")
