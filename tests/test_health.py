"""`mt.summary.health`: its numbers are those computed by hand, for models of all kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.views import health_record

health = mt.summary.health
rng = np.random.default_rng(0)
X = rng.normal(size=(16, 5)).astype("float32")
Y = rng.normal(size=(16, 2)).astype("float32")
W1 = rng.normal(size=(5, 6)).astype("float32")
B1 = rng.normal(size=6).astype("float32") - 1.5
W2 = rng.normal(size=(6, 2)).astype("float32")
B2 = rng.normal(size=2).astype("float32")


def norm(*arrays: np.ndarray) -> float:
    return float(np.sqrt(sum((np.float64(a) ** 2).sum() for a in arrays)))


def by_hand() -> dict[str, Any]:
    """Two layers with relu between them, and the mean squared error, forward and backward."""
    before = X @ W1 + B1
    hidden = np.maximum(before, 0)
    output = hidden @ W2 + B2
    g_output = 2 * (output - Y) / Y.size
    g_hidden = g_output @ W2.T
    g_before = g_hidden * (before > 0)
    return {
        "hidden": hidden, "output": output, "g_hidden": g_hidden, "g_output": g_output,
        "W1": X.T @ g_before, "B1": g_before.sum(0), "W2": hidden.T @ g_output,
        "B2": g_output.sum(0),
    }  # fmt: skip


class Line(mt.Module):
    def __init__(self, w: np.ndarray, b: np.ndarray):
        super().__init__()
        self.w, self.b = mt.Variable(w, name="w"), mt.Variable(b, name="b")

    def __call__(self, x: Any) -> Any:
        return x @ self.w + self.b


class Net(mt.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Line(W1, B1), Line(W2, B2)

    def __call__(self, x: Any) -> Any:
        return self.second(mt.nn.relu(self.first(x)))


def keras_net() -> Any:
    layers = keras.layers
    made = keras.Sequential([keras.Input((5,)), layers.Dense(6, activation="relu", name="first"),
                             layers.Dense(2, name="second")])  # fmt: skip
    made.set_weights([W1, B1, W2, B2])
    return made


def tape_and_loss(run: Any) -> tuple[mt.GradientTape, Any]:
    with mt.GradientTape() as tape:
        loss = mt.reduce_mean((run(mt.constant(X)) - Y) ** 2)
    return tape, loss


def variables_net() -> tuple[list, Any]:
    made = [mt.Variable(x, name=n) for n, x in zip(("w1", "b1", "w2", "b2"), (W1, B1, W2, B2),
                                                   strict=True)]  # fmt: skip
    return made, lambda x: mt.maximum(x @ made[0] + made[1], 0.0) @ made[2] + made[3]


def nets() -> dict[str, tuple[Any, Any]]:
    model, module, (variables, run) = keras_net(), Net(), variables_net()
    return {"keras": (model, model), "module": (module, module), "variables": (variables, run)}


@pytest.mark.parametrize("kind", ["keras", "module", "variables"])
def test_numbers_are_those_computed_by_hand(kind: str) -> None:
    model, run = nets()[kind]
    tape, loss = tape_and_loss(run)
    first, second = health(model, tape, loss=loss).layers
    expected = by_hand()
    wanted = {
        "weight_norm": (norm(W1, B1), norm(W2, B2)),
        "gradient_norm": (norm(expected["W1"], expected["B1"]),
                          norm(expected["W2"], expected["B2"])),
        "activation_mean": (expected["hidden"].mean(), expected["output"].mean()),
        "activation_std": (expected["hidden"].std(), expected["output"].std()),
        "activation_gradient_norm": (norm(expected["g_hidden"]), norm(expected["g_output"])),
    }  # fmt: skip
    for measure, values in wanted.items():
        found = getattr(first, measure), getattr(second, measure)
        np.testing.assert_allclose(found, values, rtol=1e-5, err_msg=measure)
    np.testing.assert_allclose(first.gradient_to_weight, norm(expected["W1"], expected["B1"])
                               / norm(W1, B1), rtol=1e-5)  # fmt: skip
    np.testing.assert_allclose(second.variables[0].gradient_to_weight,
                               norm(expected["W2"]) / norm(W2), rtol=1e-5)  # fmt: skip
    dead = (expected["hidden"] == 0).all(0).mean()
    assert 0 < dead < 1
    assert first.dead == pytest.approx(dead)
    assert (second.dead, second.saturated, first.saturated) == (None, None, None)
    assert (first.units, second.units) == (6, 2)


def test_layers_are_named_by_the_way_to_them() -> None:
    inner = keras.Sequential([keras.layers.Dense(3, name="a"), keras.layers.ReLU(name="r")],
                             name="block")  # fmt: skip
    made = keras.Sequential([keras.Input((5,)), inner, keras.layers.Dense(2, name="a")])
    tape, loss = tape_and_loss(made)
    assert [x.name for x in health(made, tape, loss=loss).layers] == ["block/a", "block/r", "a"]
    tape, loss = tape_and_loss(net := Net())
    assert [x.name for x in health(net, tape, loss=loss).layers] == ["first", "second"]
    variables, run = variables_net()
    tape, loss = tape_and_loss(run)
    assert [x.name for x in health(variables, tape, loss=loss).layers] == ["w1", "w2"]


class Namesakes(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        made = [keras.layers.Dense(n, "relu", name="same") for n in (6, 4)]
        self.a, self.b = made
        self.c = keras.layers.Dense(2, name="same_1")

    def call(self, x: Any) -> Any:  # type: ignore[override]
        return self.c(self.b(self.a(x)))


def test_layers_of_one_name_are_told_apart(tmp_path: Path) -> None:
    made = Namesakes()
    with mt.summary.create_file_writer(tmp_path).as_default():
        for step in range(2):
            tape, loss = tape_and_loss(made)
            report = health(made, tape, loss=loss, step=step)
    assert [(x.name, x.units) for x in report.layers] == [("same", 6), ("same_2", 4), ("same_1", 2)]
    for layer, part in zip(report.layers, (made.a, made.b, made.c), strict=True):
        assert layer.weight_norm == pytest.approx(norm(*(w.numpy() for w in part.weights)))
    found = [mt.summary.read(tmp_path).scalars(f"health/{x.name}/dead") for x in report.layers[:2]]
    assert [curve.step.tolist() for curve in found] == [[0, 1], [0, 1]]
    hidden = np.maximum(X @ made.a.kernel.numpy() + made.a.bias.numpy(), 0)
    for layer, part in zip(report.layers[1:], (made.b, made.c), strict=True):
        hidden = hidden @ part.kernel.numpy() + part.bias.numpy()
        hidden = np.maximum(hidden, 0) if part is made.b else hidden
        assert layer.activation_mean == pytest.approx(hidden.mean(), rel=1e-5)


def test_cells_are_a_part_of_the_layer_that_runs_them() -> None:
    made = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(5, name="lstm"),
                             keras.layers.Dense(2)])  # fmt: skip
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(made(rng.normal(size=(8, 4, 3)).astype("float32")))
    lstm = health(made, tape, loss=loss).layers[0]
    assert (lstm.name, len(lstm.variables), lstm.units) == ("lstm", 3, 5)


SLOPES = {  # x where the slope is less than 1 %, and one where it is not
    "relu": (-0.001, 0.001), "elu": (-4.7, -4.5), "selu": (-5.3, -5.0), "gelu": (-3.2, -2.8),
    "silu": (-6.8, -6.0), "softplus": (-4.7, -4.5), "relu6": (6.5, 5.5),
}  # fmt: skip


@pytest.mark.parametrize("name", SLOPES)
def test_a_unit_is_dead_where_its_slope_is_less_than_one_percent(name: str) -> None:
    flat, steep = SLOPES[name]
    values = np.full((8, 4), flat, "float32")
    values[3, 0] = steep  # one example is enough to live
    found = _of_activation(getattr(keras.activations, name), values)
    assert found.dead == 0.75


def test_leaky_relu_has_no_dead_units() -> None:
    assert _of_activation(mt.nn.leaky_relu, np.full((8, 4), -9.0, "float32")).dead == 0


@pytest.mark.parametrize(
    ("name", "end"), [("sigmoid", np.log(99)), ("tanh", np.arctanh(0.99)), ("softsign", 99.0)]
)
def test_outputs_within_one_percent_of_an_end_are_saturated(name: str, end: float) -> None:
    values = np.float32([[1.01, -1.01, 0.99, -0.99]] * 8) * np.float32(end)
    found = _of_activation(getattr(keras.activations, name), values)
    assert (found.saturated, found.dead) == (0.5, None)


def test_softmax_does_not_saturate() -> None:
    assert _of_activation(mt.nn.softmax, 50 * np.eye(4, dtype="float32")).saturated is None


@pytest.mark.parametrize("name", ["mish", "hard_sigmoid", "hard_silu"])
def test_parts_of_an_activation_are_no_activations(name: str) -> None:
    found = _of_activation(getattr(keras.activations, name), np.full((8, 4), -9.0, "float32"))
    assert (found.saturated, found.dead) == (None, None)


def _of_activation(activation: Any, values: np.ndarray) -> Any:
    layer = keras.layers.Dense(4, activation=activation, use_bias=False)
    made = keras.Sequential([keras.Input((4,)), layer])
    layer.kernel.assign(np.eye(4, dtype="float32"))
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(made(values))
    return health(made, tape, loss=loss).layers[0]


# Which gradients, which loss.


def test_a_small_record_is_still_there_after_the_gradient() -> None:
    model = keras_net()
    tape, loss = tape_and_loss(model)
    before = health(model, tape, loss=loss)
    tape.gradient(loss, model.trainable_variables)
    assert health(model, tape) == before  # the loss is what the gradient was asked for


def test_a_record_that_is_gone_says_what_to_do() -> None:
    w = mt.Variable(mt.ones((600, 600)))
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(mt.ones((600, 600)) @ w)
    tape.gradient(loss, w)
    with pytest.raises(RuntimeError, match=r"persistent=True"):
        health([w], tape)


def test_gradients_that_are_known_are_used() -> None:
    model = keras_net()
    tape, loss = tape_and_loss(model)
    wanted = health(model, tape, loss=loss)
    given = tape.gradient(loss, model.trainable_variables)
    found = health(model, tape, gradients=[2 * g for g in given]).layers[0]
    assert found.gradient_norm == pytest.approx(2 * wanted.layers[0].gradient_norm)
    assert found.activation_gradient_norm is None
    with pytest.raises(ValueError, match="3 gradients and 4 trainable variables"):
        health(model, tape, gradients=given[:3])


def test_weights_alone_can_be_looked_at() -> None:
    found = health(keras_net())
    assert found.layers[0].weight_norm == pytest.approx(norm(W1, B1))
    assert (found.layers[0].gradient_norm, found.findings) == (None, [])


def test_mistakes_are_told() -> None:
    w = mt.Variable([1.0, 2.0])
    with mt.GradientTape() as tape:
        y = w * 2.0
    with pytest.raises(ValueError, match="pass loss=loss"):
        health([w], tape)
    with pytest.raises(ValueError, match="It is no model"):
        health(3, tape, loss=y)
    with pytest.raises(ValueError, match="GradientTape"):
        health([w], y)
    with pytest.raises(RuntimeError, match="a tape without a record"):
        health([w], mt.GradientTape())
    with pytest.raises(ValueError, match="It is no model"):
        health([keras_net()])
    with pytest.raises(RuntimeError, match="in a traced function"):
        mt.function(lambda: health([w]))()


@pytest.mark.parametrize("name", [3, None, b"x", ["a"]])
def test_a_name_that_is_no_text_is_told(name: Any) -> None:
    with pytest.raises(TypeError, match=r"health: got name=.* Tags begin with this text"):
        health([mt.Variable(1.0)], name=name)


def test_gradients_that_are_none_are_told() -> None:
    model = keras_net()
    tape, _ = tape_and_loss(model)
    for wrong in ("x", 3, mt.ones((5, 6), "int32")):
        with pytest.raises(
            ValueError, match=r"(?s)health: got the gradient .* no numbers with a frac"
        ):
            health(model, tape, gradients=[wrong, None, None, None])


def test_variables_without_gradients_are_left_out() -> None:
    counter, w = mt.Variable(0, name="counter"), mt.Variable([3.0, 4.0], name="w")
    assert [(x.name, x.weight_norm) for x in health([counter, w]).layers] == [("w", 5.0)]
    net = Net()
    net.steps = mt.Variable(0)
    assert [len(x.variables) for x in health(net).layers] == [2, 2]
    for dtype, variable in {"int32": counter, "string": mt.Variable(["a"])}.items():
        with pytest.raises(ValueError, match=f"variables of dtype {dtype}. None of them has a"):
            health([variable])


def test_updates_are_those_that_the_optimizer_makes() -> None:
    for optimizer in (keras.optimizers.SGD(0.1, momentum=0.9), keras.optimizers.Adam(0.01)):
        model = keras_net()
        model.compile(optimizer, "mse")
        model.fit(X, Y, epochs=2, verbose=0)  # moments are no longer 0
        with mt.GradientTape() as tape:
            loss = model.compute_loss(y=mt.constant(Y), y_pred=model(X))
        before = [w.numpy() for w in model.weights]
        report = health(model, tape, loss=loss)
        np.testing.assert_equal([w.numpy() for w in model.weights], before)
        model.optimizer.apply(tape.gradient(loss, model.weights), model.weights)
        moved = [w.numpy() - b for w, b in zip(model.weights, before, strict=True)]
        for layer, i in zip(report.layers, (0, 2), strict=True):
            ratio = norm(*moved[i : i + 2]) / norm(*before[i : i + 2])
            assert layer.update_to_weight == pytest.approx(ratio, rel=1e-3)


# Records.


def test_a_report_is_plain_data_and_a_table() -> None:
    tape, loss = tape_and_loss(model := keras_net())
    report = health(model, tape, loss=loss, step=3)
    record = json.loads(json.dumps(report.to_record()))
    assert record == health_record(report) == health_record([report])
    assert record["steps"] == [3]
    assert record["values"]["dead"] == [[report.layers[0].dead], [None]]
    assert record["layers"][0]["line"]["text"].startswith("made = keras.Sequential")
    text = str(report)
    assert text.splitlines()[0].startswith("Health at step 3: ")
    assert "first   Dense (relu)" in text
    assert f"{report.layers[0].gradient_norm:.2g}" in text.splitlines()[-3]
    assert text.splitlines()[-1] == "–: the layer has nothing of the kind"
    assert "update" not in text, "it is not compiled: there are no updates"
    with pytest.raises(ValueError, match="not of one model"):
        health_record([report, health([mt.Variable(1.0)])])
    with pytest.raises(TypeError, match="holds no Health"):
        health_record(3)


def test_numbers_that_are_none_become_words_in_the_record() -> None:
    report = health([mt.Variable(np.float32([np.nan]), name="v"), mt.Variable(np.float32(np.inf))])
    assert report.to_record()["values"]["weight_norm"][0] == ["NaN"]


def test_the_numbers_are_recorded_where_there_is_a_writer(tmp_path: Path) -> None:
    tape, loss = tape_and_loss(model := keras_net())
    with mt.summary.create_file_writer(tmp_path).as_default(step=7):
        report = health(model, tape, loss=loss)
    log = mt.summary.read(tmp_path)
    assert report.step == 7
    found = log.scalars("health/first/dead")
    assert (found.step.tolist(), found.value.tolist()) == ([7], [np.float32(report.layers[0].dead)])
    assert "health/second/gradient_to_weight" in log.tags(".")
    other = mt.summary.create_file_writer(tmp_path / "other")
    with other.as_default(), pytest.raises(ValueError, match="No step set"):
        health(model, tape, loss=loss)


def test_a_record_names_files_as_a_learner_knows_them() -> None:
    source = (
        "import minitensor as mt\n"
        "model = mt.keras.Sequential([mt.keras.Input((2,)), mt.keras.layers.Dense(1)])\n"
    )
    names: dict[str, Any] = {}
    exec(compile(source, "/tmp/ipykernel_17/42.py", "exec"), names)
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(names["model"](mt.ones((3, 2))))
    record = health_record(health(names["model"], tape, loss=loss))
    assert record["layers"][0]["line"]["file"] == "cell"
