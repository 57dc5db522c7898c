"""Sequential and functional models, models of a learner's own, summaries."""

from __future__ import annotations

import json

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.keras.layers import Add, Concatenate, Dense, Dropout, Flatten, Input


@pytest.fixture(autouse=True)
def fresh_names():
    keras.backend.clear_session()


def two_inputs():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(3)
    x, y = shared(a), shared(b)
    both = Concatenate()([x, y])
    return keras.Model([a, b], {"both": both, "small": Dense(2)(x)})


def test_a_sequential_without_a_shape_builds_at_its_first_call():
    model = keras.Sequential([Dense(3), Dense(2)])
    assert model.weights == []
    assert model(mt.ones((2, 5))).shape == (2, 2)
    assert [w.path for w in model.weights] == [
        "sequential/dense/kernel", "sequential/dense/bias",
        "sequential/dense_1/kernel", "sequential/dense_1/bias"]  # fmt: skip


@pytest.mark.parametrize(
    "first",
    [lambda: [Input((5,)), Dense(3)], lambda: [Dense(3, input_shape=(5,))],
     lambda: [Dense(3, input_dim=5)]],
)  # fmt: skip
def test_a_sequential_that_knows_its_shape_is_built_at_once(first):
    model = keras.Sequential([*first(), Dense(2)])
    assert model.built
    assert model.count_params() == 26
    assert model.input_shape == (None, 5)
    assert model.output_shape == (None, 2)
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]


def test_add_and_pop_rebuild_the_model():
    model = keras.Sequential([Input((5,))])
    model.add(Dense(3))
    model.add(Dense(2))
    assert model.output_shape == (None, 2)
    model.pop()
    assert model(mt.ones((1, 5))).shape == (1, 3)


def test_a_shared_layer_has_one_set_of_weights_and_two_calls():
    model = two_inputs()
    assert len(model.weights) == 4
    found = model({"a": np.ones((2, 4)), "b": np.zeros((2, 4))})
    again = model([np.ones((2, 4)), np.zeros((2, 4))])
    assert found["both"].shape == (2, 6)
    assert (found["small"].numpy() == again["small"].numpy()).all()


def test_operators_and_functions_of_the_engine_are_layers_of_a_functional_model():
    x = Input((4,))
    hidden = mt.nn.relu(Dense(3)(x)[:, :2]) * 2 + 1
    model = keras.Model(x, mt.reduce_sum(mt.concat([hidden, hidden], -1), axis=-1))
    value = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    w, b = model.get_weights()
    expected = 2 * (np.maximum(value @ w + b, 0)[:, :2] * 2 + 1).sum(-1)
    assert model(value).numpy() == pytest.approx(expected, abs=1e-5)


def test_a_functional_model_can_begin_and_end_in_the_middle_of_another():
    x = Input((4,))
    middle = Dense(3, name="middle")(x)
    model = keras.Model(x, Dense(1)(middle))
    features = keras.Model(model.input, model.get_layer("middle").output)
    head = keras.Model(middle, model.output)
    data = mt.ones((2, 4))
    assert (head(features(data)).numpy() == model(data).numpy()).all()


def test_functional_models_nest_and_share_weights():
    inner = keras.Sequential([Dense(3), Dense(4)])
    x = Input((4,))
    model = keras.Model(x, Add()([inner(x), inner(inner(x))]))
    assert len(model.weights) == 4
    data = mt.ones((1, 4))
    once = inner(data)
    assert model(data).numpy() == pytest.approx((once + inner(once)).numpy())


def test_a_subclass_may_be_functional_and_keep_its_own_methods():
    class Mine(keras.Model):
        def predict_step(self, data):
            return "mine"

    x = Input((2,))
    model = Mine(inputs=x, outputs=Dense(1)(x))
    assert model(mt.ones((3, 2))).shape == (3, 1)
    assert model.predict_step(None) == "mine"
    assert type(keras.Model(x, x)) is keras.Functional


def test_training_reaches_dropout_in_every_kind_of_model():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.drop = Dropout(0.5)

        def call(self, x):
            return self.drop(x)

    x = Input((100,))
    for model in (Own(), keras.Sequential([Dropout(0.5)]), keras.Model(x, Dropout(0.5)(x))):
        data = mt.ones((1, 100))
        assert float(mt.reduce_sum(model(data))) == 100.0
        assert 0 < int(mt.reduce_sum(mt.cast(model(data, training=True) == 0, mt.int32))) < 100


def test_weights_of_an_own_model_come_in_the_order_of_its_attributes():
    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.b = Dense(2)
            self.a = [Dense(3), Dense(1)]
            self.offset = self.add_weight(shape=(1,), name="offset")

        def call(self, x):
            for layer in [*self.a, self.b]:
                x = layer(x)
            return x + self.offset

    net = Net()
    net(mt.ones((1, 2)))
    assert [w.path for w in net.weights] == [
        "net/offset", "net/dense/kernel", "net/dense/bias", "net/dense_1/kernel",
        "net/dense_1/bias", "net/dense_2/kernel", "net/dense_2/bias"]  # fmt: skip
    assert [layer.name for layer in net.layers] == ["dense", "dense_1", "dense_2"]


@pytest.mark.parametrize(
    "make",
    [two_inputs, lambda: keras.Sequential([Input((4, 2)), Flatten(), Dense(2, "relu")]),
     lambda: keras.Sequential([Dense(2)])],
)  # fmt: skip
def test_a_model_is_made_again_from_its_json(make):
    model = make()
    text = model.to_json()
    again = keras.models.model_from_json(text)
    assert json.loads(again.to_json()) == json.loads(text)
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    if model.built:
        again.set_weights(model.get_weights())
        data = [np.ones((2, *x.shape[1:]), "float32") for x in model.inputs]
        for one, other in zip(*(mt.nest.flatten(m(data)) for m in (model, again)), strict=True):
            assert (one.numpy() == other.numpy()).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: keras.Sequential([3]), "Only instances of `keras.Layer` can be added"),
        (lambda: keras.Sequential([Dense(1, name="x"), Dense(1, name="x")]), "unique names"),
        (lambda: keras.Model(Input((2,)), Dense(1)(Input((2,)))), "not connected to `inputs`"),
        (lambda: keras.Model(Input((2,)), 3), "must be KerasTensors"),
        (lambda: two_inputs()(np.ones((2, 4))), "it received 1 input tensors"),
        (lambda: two_inputs()({"a": np.ones((2, 4))}), "Missing data for input 'b'"),
        (lambda: two_inputs()([np.ones((2, 4)), np.ones((2, 5))]), "name 'b'.*axis 1"),
        (lambda: two_inputs().get_layer("dnse"), "did you mean 'dense'"),
        (lambda: bool(Input((2,))), "has no elements"),
        (lambda: np.sin(Input((2,))), "has no elements"),
        (lambda: Input(), "You must pass a `shape` argument"),
        (lambda: keras.Sequential([Dense(1)]).build(), "must provide an `input_shape` argument"),
        (lambda: keras.Sequential([Dense(1)]).build(5), "must provide an `input_shape` argument"),
    ],
)
def test_mistakes_are_explained(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_the_summary_shows_layers_shapes_connections_and_totals():
    lines = []
    two_inputs().summary(print_fn=lines.append)
    text = lines[0]
    for part in ('Model: "functional"', "dense (Dense)", "(None, 6)", "dense[0][0], dense[1][0]",
                 "Total params: 23 (92.00 B)", "Non-trainable params: 0 (0.00 B)"):  # fmt: skip
        assert part in text
    widths = {len(line) for line in text.splitlines()[1:-3]}
    assert len(widths) == 1


def test_an_empty_model_has_no_layer_to_pop():
    with pytest.raises(IndexError, match="no layer to take away"):
        keras.Sequential().pop()


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_the_summary_keeps_within_the_terminal(width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    name = "a_name_that_is_much_longer_than_any_line_of_a_small_terminal_could_ever_be"
    keras.Sequential([Input((3,)), Dense(2, name=name)], name="m").summary()
    lines = capsys.readouterr().out.splitlines()
    assert {len(line) for line in lines[1:-3]} == {len(lines[1])}
    assert len(lines[1]) <= width
    cells = [line.split("│")[1].strip() for line in lines if line.startswith("│")]
    assert "".join(cells).replace(" ", "") == f"{name}(Dense)"


def test_the_summary_is_as_long_as_its_line_length_says():
    lines = []
    model = keras.Sequential([Input((3,)), Dense(2)])
    for wanted in (40, 70, 120):
        model.summary(wanted, print_fn=lines.append)
        assert len(lines[-1].splitlines()[1]) == wanted
    model = keras.Sequential([Dense(2, name="x" * 300)])
    model.summary(print_fn=lines.append, show_trainable=True)
    assert max(map(len, lines[-1].splitlines())) <= 100
    from minitensor.keras.summary import Summary

    assert "overflow-wrap:anywhere" in Summary(model)._repr_html_()


def test_the_summary_of_an_unbuilt_model_says_so(capsys):
    keras.Sequential([Dense(2)]).summary()
    shown = capsys.readouterr().out
    assert "?" in shown
    assert "0 (unbuilt)" in shown


def test_the_summary_opens_nested_models_and_escapes_names_in_notebooks():
    from minitensor.keras.summary import Summary

    inner = keras.Sequential([Dense(2, name="<b>")], name="inner")
    x = Input((3,))
    model = keras.Model(x, inner(x))
    text = str(Summary(model, expand_nested=True, show_trainable=True))
    assert "└ <b> (Dense)" in text
    shown = Summary(model, expand_nested=True)._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
