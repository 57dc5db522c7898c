"""Datasets: what ships in packages and what seeds make, in fixed and disjoint parts."""

from __future__ import annotations

import hashlib
import re
import socket
import string
import sys
import unicodedata
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from sklearn import datasets as sklearn_datasets

from minitensor.errors import InvalidArgumentError, NotFoundError, UnavailableError
from minitensor.keras import datasets
from minitensor.keras.datasets import characters, splitting

TABLES = ["breast_cancer", "diabetes", "digits", "iris", "wine"]
POINTS = ["blobs", "circles", "spirals", "two_moons"]
COMPUTED = [*POINTS, "reversal", "tones"]
SPLIT_BY_SEED = [*TABLES, *COMPUTED, "shifted_digits", "unicode_words", "time_zones"]
EVERYTHING = [*SPLIT_BY_SEED, "pydoc_topics", "sample_images"]
ELSEWHERE = ["boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist"]
ELSEWHERE += ["imdb", "mnist", "reuters"]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a dataset wanted to use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def load(name: str, **arguments: object) -> splitting.Split:
    return getattr(datasets, name).load_data(**arguments)


def rows(x: np.ndarray) -> list[bytes]:
    return [np.ascontiguousarray(row).tobytes() for row in x]


def digest(data: splitting.Split) -> str:
    arrays = [array for part in data for array in part]
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16]


# What holds for all -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERYTHING)
def test_parts_have_the_dtypes_that_models_take(name: str) -> None:
    (x_train, y_train), (x_test, y_test) = load(name)
    for x, y in ((x_train, y_train), (x_test, y_test)):
        assert len(x) == len(y) > 0
        assert x.dtype in (np.float32, np.int64)
        assert y.dtype == (np.float32 if name == "diabetes" else np.int64)
        assert np.isfinite(x).all()
    assert x_train.shape[1:] == x_test.shape[1:]


@pytest.mark.parametrize("name", EVERYTHING)
def test_two_calls_give_equal_arrays_that_are_ones_own(name: str) -> None:
    first, second = load(name), load(name)
    assert digest(first) == digest(second)
    first[0][0][:] = 0
    assert digest(load(name)) == digest(second)


@pytest.mark.parametrize("name", SPLIT_BY_SEED)
def test_another_seed_gives_another_split(name: str) -> None:
    assert digest(load(name, seed=1)) != digest(load(name, seed=2))


@pytest.mark.parametrize("name", SPLIT_BY_SEED)
def test_the_test_part_has_the_share_asked_for(name: str) -> None:
    (x_train, _), (x_test, _) = load(name, test_split=0.25)
    assert len(x_test) == round(0.25 * (len(x_train) + len(x_test)))
    (x_train, _), (x_test, _) = load(name, test_split=0.0)
    assert x_test.shape == (0, *x_train.shape[1:])


@pytest.mark.parametrize("name", [*COMPUTED, "unicode_words", "time_zones"])
def test_no_row_is_in_both_parts(name: str) -> None:
    (x_train, _), (x_test, _) = load(name)
    assert not set(rows(x_train)) & set(rows(x_test))


# Recorded once: a change would silently be another test set for everybody.
RECORDED = {
    "digits": "09f0ddd1b91ba87e",
    "iris": "abb368431d1a3cd3",
    "reversal": "590692991b32b0f5",
    "shifted_digits": "e16419abeb167c69",
}
FIRST_POINTS = {
    "blobs": [-2.007985, 3.906288, -2.109921, 4.044249],
    "circles": [-0.763552, 0.538094, 0.374793, 0.277703],
    "spirals": [-0.382666, -0.498569, 0.214125, -0.296841],
    "two_moons": [0.360701, 0.982405, 0.093532, 0.047228],
}


@pytest.mark.parametrize("name", RECORDED)
def test_the_split_is_the_one_that_was_recorded(name: str) -> None:
    assert digest(load(name)) == RECORDED[name]


@pytest.mark.parametrize("name", FIRST_POINTS)
def test_points_are_the_ones_that_were_recorded(name: str) -> None:
    (x_train, _), (x_test, _) = load(name)
    found = [*x_train[0], *x_test[0]]
    assert found == pytest.approx(FIRST_POINTS[name], abs=1e-5)


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.parametrize("share", [1.0, -0.1, "a fifth", float("nan")])
def test_an_impossible_share_is_named(name: str, share: object) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"{name}.*test_split={share!r}.*share"):
        load(name, test_split=share)


@pytest.mark.parametrize("name", SPLIT_BY_SEED)
@pytest.mark.parametrize("seed", [-1, 0.5, None, 2**32, True])
def test_an_impossible_seed_is_named(name: str, seed: object) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"{name}.*seed={re.escape(repr(seed))}"):
        load(name, seed=seed)


# Tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_both_parts_together_are_the_rows_of_scikit_learn(name: str) -> None:
    (x_train, y_train), (x_test, y_test) = load(name)
    x = np.concatenate([x_train, x_test]).reshape(len(x_train) + len(x_test), -1)
    found = np.column_stack([x, np.concatenate([y_train, y_test])])
    bunch = getattr(sklearn_datasets, f"load_{name}")()
    scale = 16.0 if name == "digits" else 1.0
    labels = bunch.target.astype(y_train.dtype)
    theirs = np.column_stack([(bunch.data / scale).astype(np.float32), labels])
    assert sorted(rows(found)) == sorted(rows(theirs))


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "iris", "wine"])
def test_each_class_gives_the_same_share(name: str) -> None:
    (_, y_train), (_, y_test) = load(name)
    both = np.bincount(np.concatenate([y_train, y_test]))
    share = len(y_test) / (len(y_train) + len(y_test))
    assert np.abs(np.bincount(y_test) - share * both).max() < 1.0


@pytest.mark.parametrize("name", TABLES)
def test_names_are_those_of_scikit_learn(name: str) -> None:
    bunch = getattr(sklearn_datasets, f"load_{name}")()
    module = getattr(datasets, name)
    if name != "digits":
        assert list(module.FEATURE_NAMES) == list(bunch.feature_names)
    if name != "diabetes":
        assert list(module.CLASS_NAMES) == [str(label) for label in bunch.target_names]


def test_digits_are_images_from_zero_to_one() -> None:
    (x_train, _), (x_test, _) = load("digits")
    assert (x_train.shape, x_test.shape) == ((1438, 8, 8, 1), (359, 8, 8, 1))
    assert (x_train.min(), x_train.max()) == (0.0, 1.0)


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    for name in [*TABLES, "shifted_digits"]:
        with pytest.raises(UnavailableError, match=r"keras\.datasets\..*minitensor\[lab\]"):
            load(name)
    for name in [*COMPUTED, "unicode_words", "time_zones", "pydoc_topics"]:
        load(name)


# Keras's own --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_needs_a_download_says_what_to_use_instead(name: str) -> None:
    dataset = getattr(datasets, name)
    for call in (dataset.load_data, lambda: dataset.load_data("a.npz", num_words=10_000)):
        with pytest.raises(
            NotFoundError, match=rf"{name}.*never downloads.*keras\.datasets\."
        ) as e:
            call()
    named = re.findall(r"keras\.datasets\.(\w+)|, or (\w+)", str(e.value).partition("To fix it")[2])
    names = [word for pair in named for word in pair if word]
    assert names
    assert all(isinstance(getattr(datasets, name), ModuleType) for name in names)
    assert "not here" in repr(dataset)


# Photographs --------------------------------------------------------------------------------------


def test_photographs_are_those_of_scikit_learn() -> None:
    images = datasets.sample_images.load_images("sklearn")
    assert list(images) == ["china", "flower"]
    for name, image in images.items():
        theirs = sklearn_datasets.load_sample_image(f"{name}.jpg")
        assert np.array_equal((image * 255.0).round().astype(np.uint8), theirs)


def test_patches_lie_side_by_side() -> None:
    images = datasets.sample_images.load_images("sklearn")
    (x_train, y_train), (x_test, y_test) = load("sample_images", size=100, package="sklearn")
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    assert np.bincount(y).tolist() == [24, 24]
    for label, image in enumerate(images.values()):
        cut = [
            image[r : r + 100, c : c + 100] for r in range(0, 400, 100) for c in range(0, 600, 100)
        ]
        assert sorted(rows(x[y == label])) == sorted(rows(np.stack(cut)))


@pytest.fixture
def fake_skimage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that keeps its pictures as scikit-image does, and would rather download them."""
    folder = tmp_path / "skimage" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "skimage" / "__init__.py").write_text("raise AssertionError('was imported')")
    for place, name in enumerate(["astronaut", "chelsea", "coffee"]):
        Image.fromarray(np.full((8, 9, 4), 50 * place, np.uint8)).save(folder / f"{name}.png")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_pictures_of_scikit_image_come_first_and_are_read_as_files(fake_skimage: Path) -> None:
    images = datasets.sample_images.load_images()
    assert list(images) == ["astronaut", "chelsea", "coffee"]
    assert [image.shape for image in images.values()] == [(8, 9, 3)] * 3
    assert float(images["coffee"].max()) == pytest.approx(100 / 255)
    (fake_skimage / "chelsea.png").unlink()
    assert list(datasets.sample_images.load_images()) == ["astronaut", "coffee"]


def test_without_pictures_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.sample_images, "find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match=r"Neither skimage nor sklearn.*minitensor\[lab\]"):
        datasets.sample_images.load_images()
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(UnavailableError, match=r"PIL\.Image.*minitensor\[lab\]"):
        datasets.sample_images.load_images()


def test_wrong_arguments_for_pictures_are_named() -> None:
    with pytest.raises(InvalidArgumentError, match=r"package='sklaern'.*did you mean 'sklearn'"):
        datasets.sample_images.load_images("sklaern")
    with pytest.raises(InvalidArgumentError, match=r"size=500.*only 427 pixels"):
        load("sample_images", size=500, package="sklearn")


# Text and words -----------------------------------------------------------------------------------


def test_text_is_what_python_ships() -> None:
    from pydoc_data.topics import topics

    text = datasets.pydoc_topics.load_text()
    assert len(text) > 400_000
    assert all(topic in text for topic in topics.values())


def test_windows_of_text_follow_one_another_and_the_end_is_for_testing() -> None:
    text, known = datasets.pydoc_topics.load_text(), datasets.pydoc_topics.load_vocabulary()
    (x_train, y_train), (x_test, y_test) = load("pydoc_topics", length=50)
    read = characters.decode(np.concatenate([x_train, x_test]).ravel(), known)
    assert text.startswith(read)
    assert len(text) - len(read) <= 50
    assert (
        characters.decode(np.concatenate([y_train, y_test]).ravel(), known) == text[1:][: len(read)]
    )
    assert abs(len(x_test) - 0.1 * (len(x_train) + len(x_test))) <= 0.5
    with pytest.raises(InvalidArgumentError, match=r"length=1000000000.*only \d+ characters"):
        load("pydoc_topics", length=10**9)


def test_python_without_its_help_texts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(UnavailableError, match=r"pydoc_data\.topics"):
        datasets.pydoc_topics.load_text()


def test_unicode_words_are_in_the_names_of_characters() -> None:
    words = datasets.unicode_words.load_words()
    assert len(words) > 4000
    assert all(4 <= len(word) <= 12 and set(word) <= set(string.ascii_uppercase) for word in words)
    for character in "🦒🧁é":
        name = unicodedata.name(character).split()
        assert {word for word in name if len(word) >= 4 and word.isalpha()} <= set(words)
    assert "GAEGG" not in words, "syllables are no words"


def test_time_zones_are_places() -> None:
    names = datasets.time_zones.load_names()
    assert len(names) > 400
    assert {"Berlin", "Buenos Aires", "Port-au-Prince"} <= set(names)
    assert not {"UTC", "GMT+1", "EST5EDT"} & set(names)
    known = {zone.rpartition("/")[2].replace("_", " ") for zone in zoneinfo.available_timezones()}
    assert set(names) <= known


def test_a_machine_without_time_zones_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zoneinfo, "available_timezones", lambda: set())
    with pytest.raises(UnavailableError, match="pip install tzdata"):
        datasets.time_zones.load_names()


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (datasets.unicode_words, datasets.unicode_words.load_words),
        (datasets.time_zones, datasets.time_zones.load_names),
    ],
)
def test_words_come_back_from_their_numbers(
    module: ModuleType, words: Callable[[], list[str]]
) -> None:
    (x_train, y_train), (x_test, y_test) = module.load_data()
    known = module.load_vocabulary()
    assert known[:2] == ["", "\n"]
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    assert sorted(characters.decode(row, known) for row in x) == sorted(f"\n{w}" for w in words())
    assert sorted(characters.decode(row, known) for row in y) == sorted(f"{w}\n" for w in words())
    assert ((x == 0) == (y == 0)).all()
    inside = x[:, 1:] != 0
    assert (x[:, 1:][inside] == y[:, :-1][inside]).all()


def test_an_unknown_character_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match="'z' is not in the vocabulary"):
        characters.encode("abz", characters.vocabulary("ab"))


# What is computed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*POINTS, "tones"])
def test_classes_have_equal_shares(name: str) -> None:
    (_, y_train), (_, y_test) = load(name, samples=101)
    for y in (y_train, y_test):
        assert np.ptp(np.bincount(y)) <= 1


def test_moons_and_circles_without_noise_lie_on_their_curves() -> None:
    (x, y), _ = load("two_moons", noise=0.0)
    centre = np.where(y[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    assert np.allclose(np.linalg.norm(x - centre, axis=1), 1.0, atol=1e-6)
    assert ((x - centre)[:, 1] * np.where(y == 0, 1, -1) >= -1e-6).all()
    (x, y), _ = load("circles", noise=0.0, factor=0.25)
    assert np.allclose(np.linalg.norm(x, axis=1), np.where(y == 0, 1.0, 0.25), atol=1e-6)


def test_spirals_without_noise_wind_with_their_radius() -> None:
    (x, y), _ = load("spirals", noise=0.0, arms=3, turns=1.5)
    radius = np.linalg.norm(x.astype(float), axis=1)
    angle = 2.0 * np.pi * (1.5 * radius + y / 3)
    expected = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert np.allclose(x, expected, atol=1e-5)
    assert radius.max() <= 1.0 + 1e-6


def test_blobs_are_around_their_centres() -> None:
    (x, y), _ = load("blobs", samples=4000, classes=4, test_split=0.0)
    means = np.stack([x[y == label].mean(axis=0) for label in range(4)])
    assert np.allclose(means, [[4, 0], [0, 4], [-4, 0], [0, -4]], atol=0.15)


def test_digits_are_placed_whole_and_everywhere() -> None:
    (x_train, y_train), (x_test, y_test) = load("shifted_digits", size=14)
    (plain, labels), (plain_test, labels_test) = load("digits")
    assert np.array_equal(y_train, labels)
    assert np.array_equal(y_test, labels_test)
    assert np.array_equal(x_train.sum((1, 2, 3)), plain.sum((1, 2, 3)))
    ink = x_train[:, :, :, 0].max(axis=0)
    assert (ink[0, 2:-2] > 0).any()
    assert (ink[-1, 2:-2] > 0).any()
    image, digit = x_test[0, :, :, 0], plain_test[0, :, :, 0]
    windows = np.lib.stride_tricks.sliding_window_view(image, (8, 8))
    assert (windows == digit).all((2, 3)).any()


def test_a_canvas_of_eight_has_one_place_and_copies_lie_elsewhere() -> None:
    (same, _), _ = load("shifted_digits", size=8)
    (plain, _), _ = load("digits")
    assert np.array_equal(same, plain)
    (x, y), (x_test, _) = load("shifted_digits", copies=2)
    half = len(x) // 2
    assert np.array_equal(y[:half], y[half:])
    assert (x[:half] != x[half:]).any((1, 2, 3)).mean() > 0.9
    assert len(x_test) == len(load("digits")[1][0])


def test_the_pitch_of_tones_does_what_their_class_says() -> None:
    (x, y), _ = load("tones", noise=0.0, length=512, test_split=0.0)
    wave = x[:, :, 0]
    assert np.abs(wave).max() <= 1.0 + 1e-6
    crossings = np.signbit(wave[:, 1:]) != np.signbit(wave[:, :-1])
    early, late = crossings[:, :255].sum(axis=1), crossings[:, -255:].sum(axis=1)
    assert np.abs(early - late)[y == 0].max() <= 1
    assert (late - early)[y == 1].min() >= 10
    assert (early - late)[y == 2].min() >= 10


def test_sequences_are_reversed_all_different_and_leave_zero_free() -> None:
    (x, y), (x_test, y_test) = load("reversal", samples=500, length=6, symbols=4)
    assert np.array_equal(x[:, ::-1], y)
    assert np.array_equal(x_test[:, ::-1], y_test)
    assert len(set(rows(np.concatenate([x, x_test])))) == 500
    assert (x.min(), x.max()) == (1, 4)


def test_every_sequence_can_be_asked_for_and_no_more() -> None:
    (x, _), _ = load("reversal", samples=27, length=3, symbols=3, test_split=0.0)
    assert len(set(rows(x))) == 27
    with pytest.raises(InvalidArgumentError, match=r"samples=28.*only 27 different sequences"):
        load("reversal", samples=28, length=3, symbols=3)


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("two_moons", "samples", 0),
        ("two_moons", "noise", -1.0),
        ("circles", "factor", "half"),
        ("circles", "noise", float("inf")),
        ("spirals", "arms", 2.5),
        ("spirals", "turns", -1),
        ("blobs", "classes", 0),
        ("blobs", "spread", None),
        ("tones", "length", 1),
        ("reversal", "symbols", True),
        ("shifted_digits", "size", 7),
        ("shifted_digits", "copies", 0),
        ("sample_images", "size", 0),
    ],
)
def test_a_wrong_argument_is_named(name: str, argument: str, value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"{name}.*{argument}={re.escape(repr(value))}"):
        load(name, **{argument: value})
