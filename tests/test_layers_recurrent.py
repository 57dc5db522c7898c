"""Recurrent layers give what Keras's and PyTorch's give, eagerly and compiled."""

from __future__ import annotations

import json
import runpy
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import layers

FILE = np.load(Path(__file__).with_name("recorded") / "recurrent.npz")
NUMBERS = {key: FILE[key] for key in FILE.files}
NAMES = [key.rpartition("/")[0] for key in NUMBERS if key.endswith("/json")]
MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1]], bool)


def made(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return [made(one) for one in value]
    if isinstance(value, list):
        return getattr(layers, value[0])(**{k: made(v) for k, v in value[1].items()})
    return value


def several(name: str, letter: str) -> list[np.ndarray]:
    found = []
    while f"{name}/{letter}{len(found)}" in NUMBERS:
        found.append(NUMBERS[f"{name}/{letter}{len(found)}"])
    return found


def as_given(function: Callable) -> Callable:
    return function


def any_sizes(function: Callable) -> Callable:
    return mt.function(function, input_signature=[mt.TensorSpec((None, None, 4))])


@pytest.mark.parametrize("run", [as_given, mt.function, any_sizes])
@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients_are_those_of_keras(name: str, run: Callable) -> None:
    kind, arguments, masked = json.loads(str(NUMBERS[f"{name}/json"]))
    if "unroll" in arguments and run is any_sizes:
        pytest.skip("unrolling needs a number of steps")
    layer = made([kind, arguments])
    layer.build((3, 5, 4))
    layer.set_weights(several(name, "w"))
    given: dict[str, Any] = {"mask": mt.constant(MASK)} if masked else {}
    if several(name, "i"):
        given["initial_state"] = [mt.constant(s) for s in several(name, "i")]
    scales = [mt.constant(c) for c in several(name, "c")]

    @run
    def outputs_and_gradients(x: mt.Tensor) -> tuple:
        with mt.GradientTape() as tape:
            tape.watch(x)
            outputs = mt.nest.flatten(layer(x, **given))
            total = mt.add_n([mt.reduce_sum(o * c) for o, c in zip(outputs, scales, strict=True)])
        return outputs, tape.gradient(total, [x, *layer.weights])

    outputs, (to_x, *to_weights) = outputs_and_gradients(mt.constant(NUMBERS[f"{name}/x"]))
    pairs = [*zip(outputs, several(name, "o"), strict=True), (to_x, NUMBERS[f"{name}/gx"])]
    for got, wanted in (*pairs, *zip(to_weights, several(name, "g"), strict=True)):
        np.testing.assert_allclose(got.numpy(), wanted, rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("name", NAMES)
def test_weights_have_the_paths_of_keras(name: str) -> None:
    kind, arguments, _ = json.loads(str(NUMBERS[f"{name}/json"]))
    layer = made([kind, arguments])
    layer.build((3, 5, 4))
    wanted = json.loads(str(NUMBERS[f"{name}/paths"]))
    unnumbered = ("dense", "cell")  # automatic names count what was made before
    for weight, path in zip(layer.weights, wanted, strict=True):
        own = weight.path.partition("/")[2]
        if kind in ("RNN", "TimeDistributed") and any(word in path for word in unnumbered):
            own, path = own.rpartition("/")[2], path.rpartition("/")[2]
        if kind == "Bidirectional":
            own, path = own.partition("/")[2], path.partition("/")[2]
        assert own == path


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_numbers_are_those_of_pytorch(kind: str) -> None:
    name = f"torch {kind}"
    weights = several(name, "w")
    # PyTorch's GRU has the gate r before z, and z the other way round: h' = z·h + (1 - z)·n.
    order = np.r_[3:6, 0:3, 6:9] if kind == "GRU" else np.arange(12)
    kernel, recurrent = (w[order].T for w in weights[:2])
    biases = np.stack([b[order] for b in weights[2:]])
    layer = getattr(layers, kind)(3, return_sequences=True)
    layer.build((3, 5, 4))
    layer.set_weights([kernel, recurrent, biases if kind == "GRU" else biases.sum(0)])
    x = mt.constant(NUMBERS[f"{name}/x"])
    with mt.GradientTape() as tape:
        tape.watch(x)
        output = layer(x)
        total = mt.reduce_sum(output * NUMBERS[f"{name}/c0"])
    to_x, to_kernel, to_recurrent, to_bias = tape.gradient(total, [x, *layer.weights])
    gradients = several(name, "g")
    np.testing.assert_allclose(output.numpy(), NUMBERS[f"{name}/o0"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(to_x.numpy(), NUMBERS[f"{name}/gx"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(to_kernel.numpy(), gradients[0][order].T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(to_recurrent.numpy(), gradients[1][order].T, rtol=1e-5, atol=1e-6)
    to_first = to_bias.numpy()[0] if kind == "GRU" else to_bias.numpy()
    np.testing.assert_allclose(to_first, gradients[2][order], rtol=1e-5, atol=1e-6)


def test_second_derivatives_are_those_of_a_loop() -> None:
    one, steps = layers.LSTM(2), layers.LSTM(2, unroll=True)
    x = mt.constant(np.random.default_rng(0).normal(size=(2, 4, 3)).astype("f"))
    one.build(x.shape), steps.build(x.shape)
    steps.set_weights(one.get_weights())
    found = []
    for layer in (one, steps):
        with mt.GradientTape() as outer:
            outer.watch(x)
            with mt.GradientTape() as inner:
                inner.watch(x)
                y = mt.reduce_sum(layer(x) ** 2)
            slope = inner.gradient(y, x)
            length = mt.reduce_sum(slope**2)
        found.append([g.numpy() for g in outer.gradient(length, [x, *layer.weights])])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_the_forget_gate_begins_with_a_bias_of_1() -> None:
    layer = layers.LSTM(2)
    layer.build((None, None, 3))
    assert layer.bias.numpy().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    plain = layers.LSTM(2, unit_forget_bias=False)
    plain.build((None, None, 3))
    assert not plain.bias.numpy().any()


@pytest.mark.parametrize("area", ["recurrent", "attention", "preprocessing"])
def test_keras_still_gives_the_recorded_numbers_where_it_is_installed(area: str) -> None:
    folder = Path(__file__).with_name("recorded")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library in ("tensorflow", "keras", "torch"):
            pytest.importorskip(library)
        found = runpy.run_path(str(folder / f"{area}.py"))
        arrays, wanted = found["computed"](), np.load(folder / f"{area}.npz")
        assert set(arrays) == set(wanted.files)
        for key, array in arrays.items():
            if array.dtype.kind in "fi":
                np.testing.assert_allclose(array, wanted[key], rtol=1e-4, atol=1e-5, err_msg=key)
        if "told" in found:
            text = json.loads((folder / f"{area}.json").read_text())
            assert json.loads(json.dumps(found["told"]())) == text


# States.


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("run", [as_given, mt.function])
def test_a_stateful_layer_goes_on_where_it_ended(kind: str, run: Callable) -> None:
    x = mt.constant(np.random.default_rng(1).normal(size=(2, 6, 3)).astype("f"))
    layer = getattr(layers, kind)(4, stateful=True)
    whole = getattr(layers, kind)(4)
    layer.build((2, 3, 3)), whole.build(x.shape)
    whole.set_weights(layer.get_weights())
    call = run(layer)
    call(x[:, :3])
    np.testing.assert_allclose(call(x[:, 3:]).numpy(), whole(x).numpy(), rtol=1e-5, atol=1e-6)
    layer.reset_states()
    np.testing.assert_allclose(call(x[:, :3]).numpy(), whole(x[:, :3]).numpy(), rtol=1e-5)
    assert len(layer.weights) == 3


def test_stacked_cells_keep_their_states() -> None:
    cells = [layers.LSTMCell(3), layers.GRUCell(2)]
    layer = layers.RNN(cells, stateful=True, return_state=True)
    x = mt.constant(np.random.default_rng(1).normal(size=(2, 6, 3)).astype("f"))
    layer(x[:, :4])
    halves = mt.nest.flatten(layer(x[:, 4:]))
    layer.reset_state()
    for a, b in zip(halves, mt.nest.flatten(layer(x)), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)
    assert [tuple(x.shape) for x in halves] == [(2, 2), (2, 3), (2, 3), (2, 2)]


def test_a_stateful_layer_wants_batches_of_one_size() -> None:
    layer = layers.GRU(2, stateful=True)
    layer(mt.ones((2, 3, 1)))
    with pytest.raises(ValueError, match=r"Expected batch size: 2. Received batch size: 5"):
        layer(mt.ones((5, 3, 1)))
    with pytest.raises(ValueError, match="batch size must be static"):
        layers.GRU(2, stateful=True).build((None, 3, 1))


def test_an_encoder_hands_its_states_to_a_decoder() -> None:
    sentence, words = mt.keras.Input((None, 3)), mt.keras.Input((4, 3))
    _, h, c = layers.LSTM(5, return_state=True)(sentence)
    out = layers.LSTM(5, return_sequences=True)(words, initial_state=[h, c])
    model = mt.keras.Model([sentence, words], out)
    assert model([mt.ones((2, 7, 3)), mt.ones((2, 4, 3))]).shape == (2, 4, 5)


# Cells of a learner's own.


class Fading(layers.Layer):
    """An output that is not the state, and a state of two axes."""

    state_size = ((2, 3),)
    output_size = 3

    def call(self, inputs: mt.Tensor, states: list) -> tuple:
        state = 0.5 * states[0] + inputs[:, None, :]
        return mt.reduce_sum(state, axis=1), [state]


@pytest.mark.parametrize("run", [as_given, mt.function])
def test_any_cell_can_be_taken_along_a_sequence(run: Callable) -> None:
    x = np.random.default_rng(2).normal(size=(2, 4, 3)).astype("f")
    layer = layers.RNN(Fading(), return_sequences=True, return_state=True)
    outputs, state = run(layer)(mt.constant(x))
    wanted = np.zeros((2, 3))
    for t in range(4):
        wanted = 0.5 * wanted + x[:, t]
        np.testing.assert_allclose(outputs[:, t].numpy(), 2 * wanted, rtol=1e-5)
    np.testing.assert_allclose(state[:, 1].numpy(), wanted, rtol=1e-5)


def test_a_cell_needs_a_call_and_a_state_size() -> None:
    with pytest.raises(ValueError, match="state_size must be specified as property"):
        layers.RNN(layers.Dense(3))
    with pytest.raises(ValueError, match="All cells must have a `state_size`"):
        layers.StackedRNNCells([layers.Dense(3)])


# Masks.


def test_a_mask_stops_where_there_are_no_steps() -> None:
    x = mt.constant(np.random.default_rng(3).normal(size=(3, 5, 4)).astype("f"))
    x._keras_mask = mt.constant(MASK)
    assert layers.LSTM(2, return_sequences=True)(x)._keras_mask is x._keras_mask
    assert getattr(layers.LSTM(2)(x), "_keras_mask", None) is None
    out, state = layers.GRU(2, return_sequences=True, return_state=True)(x)
    assert out._keras_mask is x._keras_mask
    assert getattr(state, "_keras_mask", None) is None


# Dropout.


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("run", [as_given, mt.function])
def test_dropout_happens_in_training_only(kind: str, run: Callable) -> None:
    x = mt.ones((2, 4, 8))
    layer = getattr(layers, kind)(4, dropout=0.5, recurrent_dropout=0.5, seed=1)
    same = getattr(layers, kind)(4)
    layer.build(x.shape), same.build(x.shape)
    same.set_weights(layer.get_weights())
    call = run(lambda x, training: layer(x, training=training))
    np.testing.assert_allclose(call(x, False).numpy(), same(x).numpy(), rtol=1e-5, atol=1e-6)
    first, second = call(x, True).numpy(), call(x, True).numpy()
    assert np.abs(first - second).max() > 1e-3


def test_dropout_drops_the_same_inputs_at_every_step() -> None:
    layer = layers.SimpleRNN(6, activation=None, use_bias=False, dropout=0.5, seed=3,
                             kernel_initializer=mt.keras.initializers.Identity(),
                             recurrent_initializer="zeros", return_sequences=True)  # fmt: skip
    out = layer(mt.ones((20, 5, 6)), training=True).numpy()
    assert set(np.unique(out)) == {0.0, 2.0}
    assert (out == out[:, :1]).all()
    assert 0.3 < (out == 0).mean() < 0.7


def test_a_seed_repeats_the_draws() -> None:
    pair = [layers.GRU(3, dropout=0.5, recurrent_dropout=0.5, seed=5) for _ in range(2)]
    x = mt.ones((4, 3, 8))
    for layer in pair:
        layer.build(x.shape)
    pair[1].set_weights(pair[0].get_weights())
    a, b = (layer(x, training=True).numpy() for layer in pair)
    np.testing.assert_array_equal(a, b)


# Configurations.

KERAS_LSTM = {
    "name": "memory", "trainable": True, "dtype": "float32", "return_sequences": True,
    "return_state": False, "go_backwards": False, "stateful": False, "unroll": False,
    "zero_output_for_mask": False, "units": 3, "activation": "tanh",
    "recurrent_activation": "sigmoid", "use_bias": True, "unit_forget_bias": True,
    "dropout": 0.1, "recurrent_dropout": 0.0, "seed": None,
}  # fmt: skip


def test_a_configuration_that_keras_wrote_is_understood() -> None:
    layer = layers.LSTM.from_config(KERAS_LSTM)
    assert (layer.name, layer.units, layer.return_sequences) == ("memory", 3, True)
    config = layer.get_config()
    assert {key: config[key] for key in KERAS_LSTM} == KERAS_LSTM


@pytest.mark.parametrize("name", ["GRU state", "Bidirectional pair", "RNN stacked",
                                  "TimeDistributed"])  # fmt: skip
def test_a_layer_made_from_its_configuration_is_alike(name: str) -> None:
    kind, arguments, _ = json.loads(str(NUMBERS[f"{name}/json"]))
    layer = made([kind, arguments])
    again = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    x = mt.constant(NUMBERS[f"{name}/x"])
    first = mt.nest.flatten(layer(x))
    again.build(x.shape)
    again.set_weights(layer.get_weights())
    for a, b in zip(first, mt.nest.flatten(again(x)), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_models_train_recurrent_layers() -> None:
    model = mt.keras.Sequential([mt.keras.Input((6, 2)),
                                 layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
                                 layers.GRU(3), layers.Dense(1)])  # fmt: skip
    x = mt.constant(np.random.default_rng(4).normal(size=(8, 6, 2)).astype("f"))

    @mt.function
    def step() -> mt.Tensor:
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((model(x, training=True) - 1.0) ** 2)
        weights = model.trainable_weights
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(0.1 * g)
        return loss

    losses = [float(step()) for _ in range(60)]
    assert losses[-1] < 0.1 * losses[0]


# Mistakes.


def test_mistakes_are_explained() -> None:
    with pytest.raises(ValueError, match="expected ndim=3, found ndim=2"):
        layers.LSTM(2)(mt.ones((3, 4)))
    layer = layers.LSTM(2)
    layer(mt.ones((3, 4, 5)))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 5"):
        layer(mt.ones((3, 4, 6)))
    with pytest.raises(ValueError, match=r"`units`, expected a positive integer. .*-1"):
        layers.GRU(-1)
    with pytest.raises(ValueError, match="There are no steps"):
        layers.SimpleRNN(2)(mt.ones((3, 0, 5)))
    with pytest.raises(ValueError, match="Cannot unroll a RNN if the time dimension is undefined"):
        layers.SimpleRNN(2, unroll=True)(mt.keras.Input((None, 5)))
    with pytest.raises(ValueError, match="Unrecognized keyword arguments passed to LSTM"):
        layers.LSTM(2, return_sequence=True)
    with pytest.raises(AttributeError, match="no_such_thing"):
        layer.no_such_thing
    with pytest.raises(ValueError, match="Invalid merge mode"):
        layers.Bidirectional(layers.LSTM(2), merge_mode="plus")
    with pytest.raises(ValueError, match="different `go_backwards` value"):
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2))
    with pytest.raises(ValueError, match="Please initialize `TimeDistributed`"):
        layers.TimeDistributed(lambda x: x)
    with pytest.raises(ValueError, match="at least 3 dimensions"):
        layers.TimeDistributed(layers.Dense(2))(mt.ones((2, 3)))
