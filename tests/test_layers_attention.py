"""Attention layers give what Keras's and PyTorch's give, eagerly and compiled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import layers

FILE = np.load(Path(__file__).with_name("recorded") / "attention.npz")
NUMBERS = {key: FILE[key] for key in FILE.files}
NAMES = [key.rpartition("/")[0] for key in NUMBERS if key.endswith("/json")]


def several(name: str, letter: str) -> list[np.ndarray]:
    found = []
    while f"{name}/{letter}{len(found)}" in NUMBERS:
        found.append(NUMBERS[f"{name}/{letter}{len(found)}"])
    return found


def arguments_of(name: str) -> tuple[dict, tuple, dict]:
    """How a case was made, and what the call gets besides the inputs."""
    about = json.loads(str(NUMBERS[f"{name}/json"]))
    masks = [mt.constant(m) for m in several(name, "m")]
    given = dict(about["call"])
    if masks and about["kind"] == "MultiHeadAttention":
        given |= dict(zip(about["masks"], masks, strict=True))
    elif masks:
        given["mask"] = masks
    return about, tuple(mt.constant(x) for x in several(name, "x")), given


def as_given(function: Callable) -> Callable:
    return function


@pytest.mark.parametrize("run", [as_given, mt.function])
@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients_are_those_of_keras(name: str, run: Callable) -> None:
    about, inputs, given = arguments_of(name)
    layer = getattr(layers, about["kind"])(**about["arguments"])
    multi = about["kind"] == "MultiHeadAttention"

    def call(*xs: mt.Tensor) -> Any:
        return layer(*xs, **given) if multi else layer(list(xs), **given)

    call(*inputs)
    layer.set_weights(several(name, "w"))
    assert [w.path.partition("/")[2] for w in layer.weights] == about["paths"]

    @run
    def outputs_and_gradients(*xs: mt.Tensor) -> tuple:
        with mt.GradientTape() as tape:
            tape.watch(xs)
            outputs = mt.nest.flatten(call(*xs))
            total = mt.reduce_sum(outputs[0] * several(name, "c")[0])
        return outputs, tape.gradient(total, [list(xs), list(layer.weights)])

    outputs, (to_inputs, to_weights) = outputs_and_gradients(*inputs)
    wanted = [*several(name, "o"), *several(name, "gx"), *several(name, "g")]
    for got, want in zip((*outputs, *to_inputs, *to_weights), wanted, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=2e-5, atol=8e-6)


@pytest.mark.parametrize("case", ["causal", "grid", "grid mask"])
def test_lengths_may_be_unknown(case: str) -> None:
    name = f"MultiHeadAttention {case}"
    about, inputs, given = arguments_of(name)
    layer = layers.MultiHeadAttention(**about["arguments"])
    layer(*inputs)
    layer.set_weights(several(name, "w"))
    unknown = [mt.TensorSpec((*[None] * (x.ndim - 1), x.shape[-1])) for x in inputs]
    call = mt.function(lambda *xs: layer(*xs, **given)[0], input_signature=unknown)
    np.testing.assert_allclose(call(*inputs).numpy(), several(name, "o")[0], atol=3e-6)


def test_numbers_are_those_of_pytorch() -> None:
    x, y, *parts = (
        NUMBERS[f"torch/{k}"]
        for k in ("x", "y", "in_weight", "in_bias", "out_weight", "out_bias")
    )  # fmt: skip
    layer = layers.MultiHeadAttention(num_heads=2, key_dim=3)
    layer.build(x.shape, y.shape)
    weights = []
    for i in range(3):
        rows = slice(6 * i, 6 * i + 6)
        weights += [parts[0][rows].T.reshape(6, 2, 3), parts[1][rows].reshape(2, 3)]
    order = [*weights[:2], *weights[2:4], *weights[4:], parts[2].T.reshape(2, 3, 6), parts[3]]
    layer.set_weights(order)
    output, scores = layer(x, y, return_attention_scores=True)
    np.testing.assert_allclose(output.numpy(), NUMBERS["torch/output"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(scores.numpy(), NUMBERS["torch/weights"], rtol=1e-5, atol=1e-6)


def test_masks_come_with_the_inputs() -> None:
    x = mt.constant(np.random.default_rng(0).normal(size=(2, 4, 6)).astype("f"))
    layer = layers.MultiHeadAttention(2, 3)
    layer(x, x)
    x._keras_mask = mt.constant([[True, True, False, False], [True, True, True, True]])
    output = layer(x, x)
    np.testing.assert_allclose(output[0, :2].numpy(), layer(x[:1, :2], x[:1, :2])[0].numpy(), 1e-5)
    assert output._keras_mask is x._keras_mask


def test_dropout_happens_in_training_only() -> None:
    x = mt.constant(np.random.default_rng(0).normal(size=(2, 4, 6)).astype("f"))
    for layer, args in ((layers.MultiHeadAttention(2, 3, dropout=0.5, seed=1), (x, x)),
                        (layers.Attention(dropout=0.5, seed=1), ([x, x],))):  # fmt: skip
        np.testing.assert_array_equal(layer(*args).numpy(), layer(*args).numpy())
        trained = [layer(*args, training=True).numpy() for _ in range(2)]
        assert np.abs(trained[0] - trained[1]).max() > 1e-3


def test_a_layer_made_from_its_configuration_is_alike() -> None:
    layer = layers.MultiHeadAttention(2, 4, value_dim=3, output_shape=7, attention_axes=[1],
                                      kernel_initializer="he_normal")  # fmt: skip
    config = json.loads(json.dumps(layer.get_config()))
    assert (config["num_heads"], config["value_dim"], config["dropout"]) == (2, 3, 0.0)
    again = layers.MultiHeadAttention.from_config(config)
    x = mt.ones((2, 3, 5))
    layer(x, x), again(x, x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(x, x).numpy(), again(x, x).numpy())
    config = layers.AdditiveAttention(name="a").get_config()
    assert layers.AdditiveAttention.from_config(config).use_scale


def test_it_stands_in_a_functional_model() -> None:
    words, image = mt.keras.Input((None, 6)), mt.keras.Input((5, 6))
    found, weights = layers.MultiHeadAttention(2, 3)(words, image, return_attention_scores=True)
    model = mt.keras.Model([words, image], [layers.Add()([words, found]), weights])
    out, scores = model([mt.ones((2, 4, 6)), mt.ones((2, 5, 6))])
    assert (tuple(out.shape), tuple(scores.shape)) == ((2, 4, 6), (2, 2, 4, 5))


def test_mistakes_are_explained() -> None:
    x = mt.ones((2, 3, 4))
    with pytest.raises(ValueError, match="`num_heads`, expected a positive integer"):
        layers.MultiHeadAttention(0, 4)
    with pytest.raises(ValueError, match="All dimensions of `value` and `key`, except the last"):
        layers.MultiHeadAttention(2, 4)(x, x, mt.ones((2, 5, 4)))
    with pytest.raises(ValueError, match="must be called on a list of inputs"):
        layers.Attention()(x)
    with pytest.raises(ValueError, match="score_mode"):
        layers.Attention(score_mode="dto")
