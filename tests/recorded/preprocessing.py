"""Record what Keras's preprocessing layers give in preprocessing.npz and .json beside this file.

Run it with a Python that has TensorFlow (2.21, with Keras 3.15, made the files):
`python tests/recorded/preprocessing.py`. Layers that draw are given ranges of one number, so that
their results follow from the images alone. The .npz has the images, and the results by the case's
number in the .json; that has also what TextVectorization and the look-ups give.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

FILE = Path(__file__).with_name("preprocessing.npz")
TEXT = FILE.with_suffix(".json")
SENTENCES = [
    "The cat sat on the mat.",
    "A dog, a CAT!",
    "",
    "mat mat the  dog",
    "Don't <b>stop</b>",
]
OTHERS = ["the bird sat", "cat\tdog\nmat", "über Straße", "a"]


def image_cases() -> list[tuple]:
    """(class, arguments) each."""
    found: list[tuple] = []
    for fill_mode in ("reflect", "wrap", "constant", "nearest"):
        for interpolation in ("nearest", "bilinear"):
            look = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": 0.5}
            for down, right in ((0.3, -0.21), (-0.9, 0.97), (0.0, 0.4)):
                pair = {"height_factor": [down, down], "width_factor": [right, right]}
                found.append(("RandomTranslation", {**pair, **look}))
            for turn in (0.06, -0.3, 0.47):
                found.append(("RandomRotation", {"factor": [turn, turn], **look}))
            for zoom, across in ((0.4, None), (-0.45, None), (-0.23, 0.87)):
                pair = {"height_factor": [zoom, zoom]}
                if across:
                    pair["width_factor"] = [across, across]
                found.append(("RandomZoom", {**pair, **look}))
    for factor in (0.3, -0.6):
        found.append(
            ("RandomBrightness", {"factor": [factor, factor], "value_range": [-1, 1]})
        )  # fmt: skip
    return [*found, *size_cases()]


def size_cases() -> list[tuple]:
    """(class, arguments) of layers that give one size."""
    found: list[tuple] = []
    for height, width in ((3, 4), (12, 20), (6, 3), (9, 8)):
        size = {"height": height, "width": width}
        found.append(("CenterCrop", size))
        for interpolation in ("nearest", "bilinear"):
            found.append(("Resizing", {**size, "interpolation": interpolation}))
        found.append(("Resizing", {**size, "antialias": True}))
        found.append(("Resizing", {**size, "crop_to_aspect_ratio": True}))
        if height != 9:  # of an odd number of rows Keras adds one too few
            found.append(("Resizing", {**size, "pad_to_aspect_ratio": True, "fill_value": 0.3}))
    return found


def text_cases() -> list[dict[str, Any]]:
    """Arguments of TextVectorization."""
    return [
        {},
        {"max_tokens": 6},
        {"output_sequence_length": 4},
        {"standardize": None},
        {"standardize": "lower", "split": "character"},
        {"standardize": "strip_punctuation"},
        {"split": "character", "output_sequence_length": 6},
        {"split": None},
        {"ngrams": 2},
        {"ngrams": (1, 3), "max_tokens": 9},
        {"output_mode": "multi_hot"},
        {"output_mode": "multi_hot", "max_tokens": 20, "pad_to_max_tokens": True},
        {"output_mode": "count", "max_tokens": 7},
        {"output_mode": "tf_idf"},
        {"output_mode": "tf_idf", "max_tokens": 6},
        {"vocabulary": ["cat", "dog", "mat"]},
        {"vocabulary": ["cat", "dog", "mat"], "output_mode": "count"},
        {"vocabulary": ["cat", "dog"], "output_mode": "tf_idf", "idf_weights": [0.5, 2.0]},
    ]


def lookup_cases() -> list[tuple]:
    """(class, arguments, data to adapt to, data) each."""
    words, numbers = ["b", "a", "c", "a", "a", "c"], [30, 10, 20, 10, 30, 10]
    return [
        ("StringLookup", {}, words, ["a", "z", "b"]),
        ("StringLookup", {"vocabulary": ["a", "b"]}, None, [["a", "z"], ["b", ""]]),
        ("StringLookup", {"vocabulary": ["a", "b"], "mask_token": ""}, None, ["a", "z", ""]),
        ("StringLookup", {"vocabulary": ["a", "b"], "num_oov_indices": 0}, None, ["b", "a"]),
        ("StringLookup", {"vocabulary": ["a", "b"], "invert": True}, None, [0, 2, 1]),
        ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "one_hot"}, None, ["b", "q"]),
        ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "multi_hot"}, None,
         [["b", "q"], ["b", "b"]]),
        ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "count"}, None,
         [["b", "q"], ["b", "b"]]),
        ("StringLookup", {"max_tokens": 3}, words, ["a", "b", "c"]),
        ("IntegerLookup", {}, numbers, [10, 20, 30, 40]),
        ("IntegerLookup", {"vocabulary": [10, 20]}, None, [[10, 5], [20, 10]]),
        ("IntegerLookup", {"vocabulary": [10, 20], "invert": True}, None, [2, 0, 1]),
        ("IntegerLookup", {"vocabulary": [10, 20], "mask_token": 0}, None, [0, 10, 7]),
        ("IntegerLookup", {"vocabulary": [10, 20], "output_mode": "one_hot"}, None, [20, 1]),
    ]  # fmt: skip


def plain(value: Any) -> Any:
    """Tensors and arrays as lists, bytes as text."""
    array = np.asarray(value)
    if array.dtype.kind in "OS":
        array = np.vectorize(lambda b: b.decode() if isinstance(b, bytes) else str(b))(array)
    return array.tolist()


def computed() -> dict[str, np.ndarray]:
    """The images, and what layers make of them."""
    rng = np.random.default_rng(13)
    images = rng.random((2, 6, 8, 2)).astype("f")
    arrays = {"images": images}
    for number, (kind, arguments) in enumerate(image_cases()):
        layer = getattr(keras.layers, kind)(**arguments)
        arrays[str(number)] = np.asarray(layer(images, training=True))
    return arrays


def told() -> dict[str, Any]:
    """How the layers for images were made, and what texts and terms become."""
    texts, lookups = [], []
    for arguments in text_cases():
        layer = keras.layers.TextVectorization(**arguments)
        if "vocabulary" not in arguments:
            layer.adapt(tf.constant(SENTENCES))
        texts.append({"arguments": arguments, "vocabulary": plain(layer.get_vocabulary()),
                      "output": plain(layer(tf.constant([*OTHERS, *SENTENCES[:2]])))})  # fmt: skip
    for kind, arguments, seen, data in lookup_cases():
        layer = getattr(keras.layers, kind)(**arguments)
        if seen is not None:
            layer.adapt(np.array(seen))
        lookups.append({"kind": kind, "arguments": arguments, "seen": seen, "data": data,
                        "vocabulary": plain(layer.get_vocabulary()),
                        "output": plain(layer(tf.constant(data)))})  # fmt: skip
    return {"images": image_cases(), "sentences": SENTENCES, "others": OTHERS, "texts": texts,
            "lookups": lookups}  # fmt: skip


if __name__ == "__main__":
    np.savez_compressed(FILE, **computed())
    TEXT.write_text(json.dumps(told(), indent=1, ensure_ascii=False) + "\n")
