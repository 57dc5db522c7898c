"""Preprocessing layers: images at random places, words as numbers, as in Keras."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import layers

FOLDER = Path(__file__).with_name("recorded")
NUMBERS = np.load(FOLDER / "preprocessing.npz")
ABOUT = json.loads((FOLDER / "preprocessing.json").read_text())
IMAGES = NUMBERS["images"]


def as_given(function: Callable) -> Callable:
    return function


# Images.

MOVED = [(str(i), kind, arguments) for i, (kind, arguments) in enumerate(ABOUT["images"])]


@pytest.mark.parametrize(
    ("case", "kind", "arguments"), MOVED, ids=[f"{kind}-{i}" for i, kind, _ in MOVED]
)
def test_images_are_those_of_keras(case: str, kind: str, arguments: dict) -> None:
    layer = getattr(layers, kind)(**arguments)
    wanted = NUMBERS[case]
    for run in (as_given, mt.function):
        call = run(lambda images: layer(images, training=True))
        np.testing.assert_allclose(call(mt.constant(IMAGES)).numpy(), wanted, atol=2e-5)
    one = layer(IMAGES[1], training=True)
    np.testing.assert_allclose(one.numpy(), wanted[1], atol=2e-5)


RANDOM: list[Callable] = [
    lambda seed=None: layers.RandomFlip(seed=seed),
    lambda seed=None: layers.RandomTranslation(0.3, 0.3, seed=seed),
    lambda seed=None: layers.RandomRotation(0.3, seed=seed),
    lambda seed=None: layers.RandomZoom(0.4, seed=seed),
    lambda seed=None: layers.RandomContrast(0.6, (0, 1), seed=seed),
    lambda seed=None: layers.RandomBrightness(0.6, (0, 1), seed=seed),
    lambda seed=None: layers.RandomCrop(4, 4, seed=seed),
]


@pytest.mark.parametrize("make", RANDOM)
def test_every_image_has_its_own_draw(make: Callable) -> None:
    same = np.repeat(IMAGES[:1], 12, axis=0)
    for call in (make(), mt.function(make()), mt.function(make(), input_signature=[
            mt.TensorSpec((None, None, None, 2)) if not isinstance(make(), layers.RandomCrop)
            else mt.TensorSpec((None, 6, 8, 2))])):  # fmt: skip
        changed = call(mt.constant(same)).numpy()
        assert len({image.tobytes() for image in changed}) > 2
        assert changed.dtype == np.float32


@pytest.mark.parametrize("make", RANDOM[:-1])
def test_images_stay_as_they_are_outside_of_training(make: Callable) -> None:
    np.testing.assert_array_equal(make()(IMAGES, training=False).numpy(), IMAGES)
    whole = (IMAGES * 255).astype("uint8")
    left = make()(whole, training=False)
    assert left.dtype == mt.float32
    np.testing.assert_array_equal(left.numpy(), whole)


@pytest.mark.parametrize("make", RANDOM)
def test_a_seed_repeats_the_draws(make: Callable) -> None:
    first, second = make(seed=4), make(seed=4)
    for _ in range(2):
        np.testing.assert_array_equal(first(IMAGES).numpy(), second(IMAGES).numpy())
    again = type(first).from_config(json.loads(json.dumps(first.get_config())))
    np.testing.assert_array_equal(again(IMAGES).numpy(), make(seed=4)(IMAGES).numpy())


def test_a_crop_is_a_part_of_the_image() -> None:
    image = np.arange(48.0, dtype="f").reshape(6, 8, 1)
    parts = layers.RandomCrop(3, 4, seed=1)(np.repeat(image[None], 40, axis=0)).numpy()
    firsts = parts[:, 0, 0, 0].astype(int)
    for part, first in zip(parts, firsts, strict=True):
        row, column = divmod(first, 8)
        np.testing.assert_array_equal(part, image[row : row + 3, column : column + 4])
    assert set(firsts // 8) == set(range(4))
    assert set(firsts % 8) == set(range(5))
    middle = layers.RandomCrop(2, 4)(image, training=False)
    np.testing.assert_array_equal(middle.numpy(), image[2:4, 2:6])


def test_models_augment_while_they_train_only() -> None:
    model = mt.keras.Sequential([mt.keras.Input((6, 8, 2)), layers.RandomFlip(seed=1),
                                 layers.RandomTranslation(0.2, 0.2)])  # fmt: skip
    np.testing.assert_array_equal(model(IMAGES, training=False).numpy(), IMAGES)
    assert np.abs(model(IMAGES, training=True).numpy() - IMAGES).max() > 0.01


def test_integers_stay_integers_when_resized() -> None:
    whole = (IMAGES * 255).astype("uint8")
    small = layers.Resizing(3, 4)(whole)
    assert small.dtype == mt.uint8
    exact = layers.Resizing(3, 4)(whole.astype("f")).numpy()
    np.testing.assert_array_equal(small.numpy(), np.rint(exact))


def test_gradients_go_back_through_a_rotation() -> None:
    layer = layers.RandomRotation((0.1, 0.1), "constant")
    x = mt.constant(IMAGES)
    with mt.GradientTape() as tape:
        tape.watch(x)
        total = mt.reduce_sum(layer(x) ** 2)
    slope = tape.gradient(total, x).numpy()
    step = np.zeros_like(IMAGES)
    step[0, 2, 3, 1] = 1e-2
    ends = [float(mt.reduce_sum(layer(IMAGES + s * step) ** 2)) for s in (1, -1)]
    np.testing.assert_allclose(slope[0, 2, 3, 1], (ends[0] - ends[1]) / 2e-2, rtol=1e-2)


def test_mistakes_with_images_are_explained() -> None:
    with pytest.raises(ValueError, match="`factor` argument should be a number"):
        layers.RandomTranslation(2, 0.1)
    with pytest.raises(ValueError, match="fill_mode"):
        layers.RandomRotation(0.1, fill_mode="refect")
    with pytest.raises(ValueError, match="mode"):
        layers.RandomFlip("sideways")
    with pytest.raises(ValueError, match="rank 3 or 4"):
        layers.RandomFlip()(np.ones((3, 4), "f"))
    with pytest.raises(ValueError, match="fully defined height and width"):
        layers.Resizing(3, 4)(mt.keras.Input((None, None, 1)))
    with pytest.raises(ValueError, match="Only one of `pad_to_aspect_ratio`"):
        layers.Resizing(3, 4, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)


# Texts.

TEXTS = ABOUT["texts"]


def known(text: dict) -> layers.TextVectorization:
    layer = layers.TextVectorization(**text["arguments"])
    if "vocabulary" not in text["arguments"]:
        layer.adapt(ABOUT["sentences"])
    return layer


@pytest.mark.parametrize("text", TEXTS, ids=[str(text["arguments"])[:60] for text in TEXTS])
def test_texts_become_the_numbers_of_keras(text: dict) -> None:
    layer = known(text)
    assert layer.get_vocabulary() == text["vocabulary"]
    assert layer.vocabulary_size() == len(text["vocabulary"])
    data = [*ABOUT["others"], *ABOUT["sentences"][:2]]
    wanted = np.array(text["output"])
    for call in (layer, mt.function(layer)):
        np.testing.assert_allclose(call(mt.constant(data)).numpy(), wanted, rtol=1e-6)
    again = layers.TextVectorization.from_config(json.loads(json.dumps(layer.get_config())))
    np.testing.assert_allclose(again(data).numpy(), wanted, rtol=1e-6)


@pytest.mark.parametrize("text", TEXTS[:2] + TEXTS[10:12])
def test_texts_come_as_columns_and_one_by_one(text: dict) -> None:
    layer = known(text)
    column = np.array(ABOUT["others"])[:, None]
    np.testing.assert_array_equal(layer(column).numpy(), layer(column[:, 0]).numpy())
    one = layer(mt.constant(ABOUT["others"][1])).numpy()
    np.testing.assert_array_equal(one, layer([ABOUT["others"][1]])[0].numpy())


def test_a_vocabulary_is_learned_from_a_dataset() -> None:
    whole, parts = layers.TextVectorization(), layers.TextVectorization()
    whole.adapt(np.array(ABOUT["sentences"]))
    parts.adapt(mt.data.Dataset.from_tensor_slices(ABOUT["sentences"]).batch(2))
    assert whole.get_vocabulary() == parts.get_vocabulary()
    layer = layers.TextVectorization(output_sequence_length=3, vocabulary=["cat", "dog"])
    mapped = mt.data.Dataset.from_tensor_slices(["a cat", "dog"]).map(layer)
    assert [row.numpy().tolist() for row in mapped] == [[1, 2, 0], [3, 0, 0]]


def test_functions_may_standardize_and_split() -> None:
    def without_tags(texts: mt.Tensor) -> mt.Tensor:
        return mt.strings.regex_replace(mt.strings.lower(texts), "<[^>]*>", " ")

    def letters(texts: mt.Tensor) -> mt.Tensor:
        return mt.stack([mt.strings.substr(texts, i, 1) for i in range(2)], axis=-1)

    layer = layers.TextVectorization(standardize=without_tags)
    layer.adapt(["a<br>b A"])
    assert layer.get_vocabulary() == ["", "[UNK]", "a", "b"]
    layer = layers.TextVectorization(split=letters, output_sequence_length=3)
    layer.adapt(["ab", "ca"])
    for call in (layer, mt.function(layer)):
        assert call(mt.constant(["ba", "cz"])).numpy().tolist() == [[4, 2, 0], [3, 1, 0]]


def test_a_model_begins_with_text() -> None:
    layer = layers.TextVectorization(output_sequence_length=5)
    layer.adapt(ABOUT["sentences"])
    model = mt.keras.Sequential([mt.keras.Input((1,), dtype="string"), layer,
                                 layers.Embedding(layer.vocabulary_size(), 3),
                                 layers.GlobalAveragePooling1D(), layers.Dense(1)])  # fmt: skip
    assert model(mt.constant([["the cat"], ["a dog sat"]])).shape == (2, 1)


LOOKUPS = ABOUT["lookups"]


@pytest.mark.parametrize("case", LOOKUPS, ids=lambda c: f"{c['kind']} {c['arguments']}"[:70])
def test_terms_have_the_numbers_of_keras(case: dict) -> None:
    layer = getattr(layers, case["kind"])(**case["arguments"])
    if case["seen"] is not None:
        layer.adapt(np.array(case["seen"]))
    assert layer.get_vocabulary() == case["vocabulary"]
    for call in (layer, mt.function(layer)):
        found = call(mt.constant(case["data"])).numpy()
        if case["arguments"].get("invert") and case["kind"] == "StringLookup":
            found = [term.decode() for term in found]
        np.testing.assert_array_equal(found, case["output"])


def test_configurations_that_keras_wrote_are_understood() -> None:
    config = {"name": "words", "trainable": True, "max_tokens": None, "output_mode": "int",
              "standardize": "lower", "split": "whitespace", "ngrams": [1, 2], "ragged": False,
              "output_sequence_length": 3, "pad_to_max_tokens": False, "sparse": False,
              "vocabulary": ["a", "a b"], "idf_weights": None, "encoding": "utf-8",
              "vocabulary_size": 4}  # fmt: skip
    assert layers.TextVectorization.from_config(config)(["A b"]).numpy().tolist() == [[2, 1, 3]]
    config = {"vocabulary": [7], "vocabulary_size": 2, "oov_method": "floormod", "salt": None}
    assert layers.IntegerLookup.from_config(config)([7]).numpy().tolist() == [1]


def test_several_numbers_for_unknown_terms() -> None:
    layer = layers.StringLookup(vocabulary=["a"], num_oov_indices=3, mask_token="")
    assert layer.get_vocabulary() == ["", "[UNK]", "[UNK]", "[UNK]", "a"]
    found = layer(["a", *"bcdefgh"]).numpy().tolist()
    assert found[0] == 4
    assert set(found[1:]) == {1, 2, 3}
    assert layer(["b"]).numpy() == found[1]


def test_mistakes_with_texts_are_explained() -> None:
    with pytest.raises(RuntimeError, match="You must set the layer's vocabulary before calling"):
        layers.TextVectorization()(["a"])
    with pytest.raises(ValueError, match="at least one repeated term"):
        layers.StringLookup(vocabulary=["a", "b", "a"])
    with pytest.raises(ValueError, match="`output_sequence_length` must not be set"):
        layers.TextVectorization(output_mode="count", output_sequence_length=3)
    with pytest.raises(ValueError, match="input rank must be 1 or the last"):
        layers.TextVectorization(vocabulary=["a"])(np.array([["a", "b"]]))
    with pytest.raises(ValueError, match="should be in vocabulary"):
        layers.IntegerLookup(vocabulary=[1], num_oov_indices=0)([2])
    with pytest.raises(ValueError, match="whitespace"):
        layers.TextVectorization(split="white_space")
    with pytest.raises(ValueError, match="greater than 1"):
        layers.StringLookup(max_tokens=1)
