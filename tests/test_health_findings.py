"""What `mt.summary.health` says is wrong: the sentence, the layer and the learner's line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.summary import health_limits as limits
from minitensor.views import health_record

health = mt.summary.health
rng = np.random.default_rng(0)


def kinds(report: Any) -> list[str]:
    return [finding.kind for finding in report.findings]


# NaN and infinity.


def looked(run: Any, x: Any, *variables: Any) -> Any:
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(run(mt.constant(x)))
    return health(list(variables), tape, loss=loss)


def test_a_naive_where_is_found_on_the_way_back_with_its_line() -> None:
    v = mt.Variable(1.0, name="v")

    def naive(x: Any) -> Any:
        z = x * v
        root = z**0.5
        return mt.where(z > 0.0, root, 0.0)

    x = mt.constant([0.0, 4.0])
    with mt.GradientTape() as tape:
        tape.watch(x)
        loss = mt.reduce_sum(naive(x))
    np.testing.assert_array_equal(tape.gradient(loss, x), [np.nan, 0.25])
    report = looked(naive, [0.0, 4.0], v)
    bad = report.first_bad
    assert (bad.what, bad.direction, bad.op) == ("NaN", "backward", "pow")
    assert bad.line.text == "root = z**0.5"
    assert kinds(report) == ["not finite"]
    assert report.findings[0].line == bad.line
    assert "a where around the result does not protect the gradient" in report.verdict
    advice = "where(x > 0, where(x > 0, x, 1.0)**0.5, 0.0)"
    assert advice in bad.sentence
    with mt.GradientTape() as tape:
        tape.watch(x)
        mended = eval(advice, {"where": mt.where, "x": x})
    np.testing.assert_array_equal(mended, [0.0, 2.0])
    np.testing.assert_array_equal(tape.gradient(mended, x), [0.0, 0.25])


def test_a_logarithm_of_zero_is_found_going_forward() -> None:
    v = mt.Variable(1.0, name="v")
    report = looked(lambda x: mt.math.log(x * v), [0.0, 1.0], v)
    bad = report.first_bad
    assert (bad.what, bad.direction, bad.op) == ("infinity", "forward", "log")
    assert "maximum(x, 1e-12)" in bad.sentence


def test_data_and_weights_that_were_bad_before_are_told_apart() -> None:
    v, bad = mt.Variable([1.0], name="v"), mt.Variable([np.nan], name="heavy")
    report = looked(lambda x: x * v, [np.nan], v)
    assert "NaN came in from outside" in report.first_bad.sentence
    report = looked(lambda x: x * v * bad, [1.0], v, bad)
    assert "heavy held it" in report.first_bad.sentence


class Rooted(keras.layers.Layer):
    def build(self, shape: Any) -> None:
        self.scale = self.add_weight((shape[-1],), "ones", name="scale")

    def call(self, x: Any) -> Any:  # type: ignore[override]
        x = x * self.scale
        return mt.where(x > 0.0, x**0.5, 0.0)


def test_a_layer_of_ones_own_is_named_with_the_line_in_its_call() -> None:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "relu"), Rooted(name="root")])
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(made(rng.normal(size=(9, 3)).astype("float32")))
    bad = health(made, tape, loss=loss).first_bad
    assert (bad.layer, bad.direction, bad.op) == ("root", "backward", "pow")
    assert bad.line.text == "return mt.where(x > 0.0, x**0.5, 0.0)"


def test_a_function_given_as_activation_is_named_with_its_line() -> None:
    def broken(x: Any) -> Any:
        return mt.math.log(x - x)

    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, broken, name="odd")])
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(made(np.ones((4, 3), "float32")))
    bad = health(made, tape, loss=loss).first_bad
    assert (bad.layer, bad.line.text) == ("odd", "return mt.math.log(x - x)")


def test_a_layer_of_keras_is_named_with_the_line_that_made_it() -> None:
    huge = keras.initializers.Constant(1e38)
    made = keras.Sequential([
        keras.Input((3,)),
        keras.layers.Dense(3, kernel_initializer=huge, name="huge"),
    ])  # fmt: skip
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(made(np.full((4, 3), 99.0, "float32")))
    bad = health(made, tape, loss=loss).first_bad
    assert (bad.layer, bad.what, bad.op) == ("huge", "infinity", "matmul")
    assert bad.line.text.startswith("keras.layers.Dense(3, kernel_initializer=huge")


# Twenty layers.


def twenty(activation: Any, deviation: float, width: int = 64) -> tuple[Any, list[float]]:
    """A deep network of equal layers, and the norms of its gradients computed by hand."""
    draws = np.random.default_rng(1)
    x = draws.normal(size=(128, width)).astype("float32")
    start = [(deviation * draws.normal(size=(width, width))).astype("float32") for _ in range(20)]
    weights = [mt.Variable(w, name=f"w{i}") for i, w in enumerate(start)]
    with mt.GradientTape() as tape:
        y = mt.constant(x)
        for w in weights:
            y = activation(y @ w)
        loss = mt.reduce_mean(y**2)
    return health(weights, tape, loss=loss), _norms_by_hand(activation, x, start)


def _norms_by_hand(activation: Any, x: np.ndarray, weights: list[np.ndarray]) -> list[float]:
    forward, slope = {
        mt.sigmoid: (lambda z: 1 / (1 + np.exp(-z)), lambda y: y * (1 - y)),
        mt.tanh: (np.tanh, lambda y: 1 - y**2),
        mt.nn.relu: (lambda z: np.maximum(z, 0), lambda y: y > 0),
    }[activation]
    values = [np.float64(x)]
    for w in weights:
        values.append(forward(values[-1] @ w))
    g, norms = 2 * values[-1] / values[-1].size, []
    for w, before, after in reversed(list(zip(weights, values, values[1:], strict=False))):
        g = g * slope(after)
        norms.append(float(np.linalg.norm(before.T @ g)))
        g = g @ w.T
    return norms[::-1]


@pytest.mark.parametrize(("activation", "deviation", "low", "high", "found"), [
    (mt.sigmoid, 1 / 8, 1e-14, 1e-11, ["vanishing", "constant"]), (mt.tanh, 1 / 8, 0.2, 2.0, []),
    (mt.nn.relu, np.sqrt(2 / 64), 0.3, 3.0, []),
    (mt.nn.relu, 0.3, 0.1, 3.0, ["exploding"]),
])  # fmt: skip
def test_gradients_of_twenty_layers_are_those_computed_by_hand(
    activation: Any, deviation: float, low: float, high: float, found: list[str]
) -> None:
    report, norms = twenty(activation, deviation)
    np.testing.assert_allclose([x.gradient_norm for x in report.layers], norms, rtol=1e-2)
    ratio = report.layers[0].gradient_norm / report.layers[-1].gradient_norm
    assert low < ratio < high
    assert sorted(kinds(report)) == sorted(found)


def test_exploding_gradients_are_told_by_their_size() -> None:
    report, _ = twenty(mt.nn.relu, 0.3)
    assert max(x.gradient_norm for x in report.layers) > 1e5
    assert "clipnorm" in report.findings[0].sentence


# Units.


def test_a_learning_rate_beyond_the_cliff_kills_the_units_of_digits() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    dead, verdict = {}, {}
    for rate in (1.0, 2.0):
        keras.utils.set_random_seed(0)
        made = keras.Sequential([
            keras.Input((64,)),
            keras.layers.Dense(64, "relu", kernel_initializer="he_normal", name="hidden"),
            keras.layers.Dense(10)])  # fmt: skip
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        made.compile(keras.optimizers.SGD(rate), loss)
        made.fit(x, y, epochs=10, batch_size=64, verbose=0)
        with mt.GradientTape() as tape:
            value = made.compute_loss(y=mt.constant(y), y_pred=made(x))
        report = health(made, tape, loss=value)
        dead[rate], verdict[rate] = report.layers[0].dead, report.verdict
        hidden = np.maximum(x @ made.layers[0].kernel.numpy() + made.layers[0].bias.numpy(), 0)
        assert dead[rate] == (hidden == 0).all(0).mean()
    assert dead[1.0] < 0.2
    assert dead[2.0] > 0.9
    assert "In layer hidden, " in verdict[2.0]
    assert "Start again with a smaller learning rate" in verdict[2.0]


def dense(rate: float = 0.01, **options: Any) -> Any:
    made = keras.Sequential([keras.Input((5,)), keras.layers.Dense(8, name="a", **options),
                             keras.layers.Dense(2, name="b")])  # fmt: skip
    made.compile(keras.optimizers.SGD(rate), "mse")
    return made


def report_of(made: Any, examples: int = 32) -> Any:
    x = rng.normal(size=(examples, 5)).astype("float32")
    y = rng.normal(size=(examples, 2)).astype("float32")
    with mt.GradientTape() as tape:
        loss = made.compute_loss(y=mt.constant(y), y_pred=made(x))
    return health(made, tape, loss=loss)


def test_saturated_outputs_are_told() -> None:
    wide = keras.initializers.RandomNormal(stddev=20.0, seed=1)
    report = report_of(dense(activation="tanh", kernel_initializer=wide))
    assert report.findings[0].kind == "saturated"
    assert "at the ends of tanh" in report.findings[0].sentence


def test_what_is_usual_and_what_is_worth_a_sentence_agree() -> None:
    usual = {m["name"]: m["good"] for m in report_of(dense()).to_record()["measures"]}
    assert usual["update_to_weight"] == list(limits.USUAL_UPDATE) == [1e-4, 1e-2]
    assert limits.SLOW < limits.USUAL_UPDATE[0] < limits.USUAL_UPDATE[1] < limits.FAST
    assert usual["dead"] == [0.0, limits.USUAL_DEAD]
    assert limits.USUAL_DEAD < limits.MANY_DEAD
    assert usual["saturated"] == [0.0, limits.MANY_SATURATED]


def test_advice_leaves_out_what_a_layer_has() -> None:
    low = keras.initializers.Constant(-99.0)
    for start, named in (("glorot_uniform", True), ("he_normal", False), ("he_uniform", False)):
        report = report_of(dense(activation="relu", bias_initializer=low, kernel_initializer=start))
        by_kind = {finding.kind: finding.sentence for finding in report.findings}
        assert ("he_normal" in by_kind["dead"]) is named
        assert "Start again with a smaller learning rate" in by_kind["dead"]
        assert "or leaky_relu." in by_kind["dead"]
        assert ("kernel_initializer" in by_kind["vanishing"]) is named
        assert "relu with" not in by_kind["vanishing"]
        assert "normalisation layers or connections that skip" in by_kind["vanishing"] or named
    report = report_of(dense(activation="tanh", bias_initializer=keras.initializers.Constant(9.0)))
    assert "smaller initial weights, inputs" in report.findings[0].sentence


def test_advice_names_what_a_layer_does_not_have() -> None:
    report, _ = twenty(mt.sigmoid, 1 / 8)
    assert "Try relu with kernel_initializer='he_normal', norm" in report.findings[1].sentence


def test_the_numbers_of_a_finding_stand_in_the_table() -> None:
    report, norms = twenty(mt.sigmoid, 1 / 8)
    first, last = (f"{norms[i]:.2g}" for i in (0, -1))
    (told,) = (f.sentence for f in report.findings if f.kind == "vanishing")
    assert told.startswith(f"The gradient of layer w0 (norm {first}) is ")
    assert f" of layer w19 (norm {last})" in told
    table = str(report).split("\n\n")[1]
    rows = {line.split()[0]: line.split() for line in table.splitlines()}
    assert first in rows["w0"]
    assert last in rows["w19"]


def test_a_printed_report_breaks_no_words() -> None:
    low = keras.initializers.Constant(-99.0)
    report = report_of(dense(activation="relu", bias_initializer=low))
    assert report.verdict.startswith("Look at dead units and vanishing gradients: In layer a, 100 ")
    code = {str(f.line) for f in report.findings}
    lines = [line for line in str(report).splitlines() if line.strip() not in code]
    assert max(map(len, lines)) <= 60
    for finding in report.findings:
        assert set(finding.sentence.split()) <= set(" ".join(lines).split())
    assert not any(line.lstrip().startswith("%") for line in lines)


def test_a_table_that_is_too_wide_goes_on_below() -> None:
    wide = keras.initializers.RandomNormal(stddev=20.0, seed=1)
    layers = [keras.layers.Dense(8, kind, kernel_initializer=wide) for kind in ("tanh", "relu")]
    made = keras.Sequential([keras.Input((5,)), *layers, keras.layers.Dense(2, name="b")])
    made.compile("sgd", "mse")
    first, second = str(report_of(made)).split("\n\n")[1:3]
    titles = [block.splitlines()[1].split() for block in (first, second)]
    assert titles[0] == ["layer", "kind", "gradient", "/", "weight", "/", "weight", "units"]
    assert titles[1] == ["layer", "outputs", "mean", "±", "std"]
    names = [[line.split()[0] for line in block.splitlines()[2:5]] for block in (first, second)]
    assert names[0] == names[1]
    assert max(map(len, [*first.splitlines(), *second.splitlines()])) <= 60


def test_findings_of_a_history_name_their_step() -> None:
    keras.utils.set_random_seed(0)
    made = dense(99.0)
    history = []
    for step in (3, 7):
        with mt.GradientTape() as tape:
            loss = mt.reduce_sum(made(np.ones((9, 5), "float32")) ** 2)
        history.append(health(made, tape, loss=loss, step=step))
    told = [f["sentence"] for f in health_record(history)["findings"]]
    fast = [text for text in told if "one update is" in text]
    assert [text.split(",")[0] for text in fast] == ["Step 3: In layer b", "Step 7: In layer b"]
    alone = health_record(history[0])["findings"]
    assert not any(f["sentence"].startswith("Step") for f in alone)


def test_dead_units_are_not_told_of_few_examples() -> None:
    low = keras.initializers.Constant(-99.0)
    made = dense(activation="relu", bias_initializer=low)
    assert kinds(report_of(made))[0] == "dead"
    assert "dead" not in kinds(report_of(made, examples=4))


def test_outputs_that_are_the_same_for_all_are_told_once() -> None:
    report = report_of(dense(kernel_initializer="zeros"))
    assert kinds(report).count("constant") == 1
    assert "Layer a gives the same for all 32 examples, and so does 1 after it" in report.verdict


@pytest.mark.parametrize(("rate", "kind"), [(99.0, "fast"), (1e-9, "slow"), (0.01, None)])
def test_updates_of_an_unusual_size_are_told(rate: float, kind: str | None) -> None:
    keras.utils.set_random_seed(0)
    found = report_of(dense(rate))
    assert kinds(found) == ([] if kind is None else [kind])


def test_a_weight_without_a_gradient_says_why() -> None:
    class Net(mt.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w, self.unused = mt.Variable(2.0, name="w"), mt.Variable(1.0, name="unused")

        def __call__(self, x: Any) -> Any:
            return mt.stop_gradient(self.w) * x

    net = Net()
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        loss = net(x)
    report = health(net, tape, loss=loss)
    assert kinds(report) == ["no gradient", "no gradient"]
    by_name = {name: f for name in ("w", "unused") for f in report.findings
               if f", {name} is not trained" in f.sentence}  # fmt: skip
    assert "take mt.stop_gradient away" in by_name["w"].sentence
    assert by_name["w"].line.text == "return mt.stop_gradient(self.w) * x"
    assert "does not depend" in by_name["unused"].sentence
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(net.w * x)
        with tape.stop_recording():
            hidden = net.unused * x
        loss += hidden
    (finding,) = health([net.w, net.unused], tape, loss=loss).findings
    assert "where nothing is recorded. To fix it" in finding.sentence
    assert ".." not in finding.sentence


def test_a_healthy_network_is_left_in_peace() -> None:
    keras.utils.set_random_seed(0)
    report = report_of(dense(activation="relu", kernel_initializer="he_normal"))
    assert (report.findings, report.verdict) == ([], "Nothing looks wrong in 2 layers.")


def test_what_layers_before_the_first_variable_made_is_not_blamed_on_the_data() -> None:
    prepared = keras.layers.Lambda(lambda x: mt.math.log(x - 1.0), name="prepared")
    made = keras.Sequential([keras.Input((4,)), prepared, keras.layers.Dense(1, name="last")])
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(made(np.full((3, 4), 0.5, "float32")))
    bad = health(made, tape, loss=loss).first_bad
    assert bad.layer == "last"
    assert "Look at what prepared made of the data" in bad.sentence


def test_a_model_with_variables_of_its_own_is_looked_at() -> None:
    class Scaled(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.scale = self.add_weight((1,), "ones", name="scale")
            self.last = keras.layers.Dense(1, name="last")

        def call(self, x: Any) -> Any:  # type: ignore[override]
            return self.last(x * self.scale)

    made = Scaled()
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(made(np.full((3, 4), np.nan, "float32")))
    bad = health(made, tape, loss=loss).first_bad
    assert (bad.op, bad.direction) == ("multiply", "forward")
    assert "Look at the data" in bad.sentence


def test_a_layer_without_variables_is_named() -> None:
    made = keras.Sequential([
        keras.Input((4,)), keras.layers.Dense(4, "relu"),
        keras.layers.Activation("relu", name="act_a"),
        keras.layers.Activation(lambda x: mt.math.log(x - x), name="act_b"),
        keras.layers.Activation(lambda x: mt.math.log(x), name="act_c"), keras.layers.Dense(1),
    ])  # fmt: skip
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(made(np.ones((3, 4), "float32")))
    bad = health(made, tape, loss=loss).first_bad
    assert (bad.layer, bad.op) == ("act_b", "log")
    assert "log in layer act_b is the first operation" in bad.sentence
