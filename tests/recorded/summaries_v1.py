"""Record the summaries that TensorFlow's compat.v1 makes, in summaries_v1.json.

Run it with a Python that has TensorFlow (2.21 made the file): `python
tests/recorded/summaries_v1.py`. The programs take TensorFlow's module or minitensor's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("summaries_v1.json")


def values() -> dict[str, np.ndarray]:
    """What goes into histograms."""
    rng = np.random.default_rng(0)
    return {
        "normal": rng.normal(size=(50, 30)).astype(np.float32),
        "wide": rng.normal(size=40) * 10.0 ** rng.integers(-15, 25, 40),
        "counts": rng.integers(-5, 300, 60).astype(np.int32),
        "zeros": np.zeros(3, np.float32),
        "one": np.array(-2.5),
        "none": np.zeros((0, 2), np.float32),
        "limits": 1e-12 * 1.1 ** np.arange(12.0) * np.where(np.arange(12) % 2, 1.0, -1.0),
        "bytes": np.array([0, 255, 3, 3], np.uint8),
    }


def pictures() -> dict[str, np.ndarray]:
    """What goes into images: (batch, height, width, channels)."""
    rng = np.random.default_rng(1)
    holes = rng.normal(size=(1, 2, 3, 3)).astype(np.float32)
    holes[0, 0, 1, 2] = np.nan
    holes[0, 1, 0, 0] = np.inf
    return {
        "positive": rng.uniform(0, 3, (2, 2, 3, 1)).astype(np.float32),
        "signed": rng.normal(size=(4, 2, 2, 3)).astype(np.float32),
        "double": rng.normal(size=(1, 2, 2, 4)),
        "bytes": rng.integers(0, 256, (2, 3, 2, 4)).astype(np.uint8),
        "holes": holes,
        "dark": np.full((1, 1, 2, 1), 1e-9, np.float32),
    }


def sounds() -> dict[str, np.ndarray]:
    """What goes into audio: (batch, frames) or (batch, frames, channels)."""
    rng = np.random.default_rng(2)
    return {
        "mono": rng.uniform(-1.2, 1.2, (2, 8)).astype(np.float32),
        "stereo": rng.uniform(-1, 1, (4, 5, 2)).astype(np.float32),
    }


def named(tf: Any) -> dict[str, Any]:
    """Names of operations and tags, in a graph with most ways to name a summary."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.constant(2.0, name="x")
        made = [tf.summary.scalar("s", x), tf.summary.scalar("s", x)]
        with tf.name_scope("sc"):
            made.append(tf.summary.scalar("z", x))
            made.append(tf.summary.scalar("f", x, family="fam"))
        made.append(tf.summary.scalar("a b:c$(d)", x))
        made.append(tf.summary.scalar("/lead/é".replace("é", "e"), x))
        made.append(tf.summary.scalar("loss/total", x, family="train", collections=["own"]))
        made.append(tf.summary.histogram("h", [1.0, 2.0], family="fam"))
        made.append(tf.summary.image("i", np.zeros((2, 1, 1, 3), np.uint8)))
        made.append(tf.summary.image("i1", np.zeros((2, 1, 1, 3), np.uint8), max_outputs=1))
        made.append(tf.summary.audio("au", np.zeros((2, 3), np.float32), 8000))
        made.append(tf.summary.audio("au1", np.zeros((2, 3), np.float32), 8000, max_outputs=1))
        made.append(tf.summary.text("t", tf.constant(["a", "b"])))
        made.append(tf.summary.tensor_summary("te", x, display_name="shown", family="fam",
                                              summary_description="what it is"))  # fmt: skip
        merged = [tf.summary.merge(made[:2]), tf.summary.merge(made[:2], name="both of"),
                  tf.summary.merge_all(), tf.summary.merge_all("own"),
                  tf.summary.merge_all(scope="sc")]  # fmt: skip
        found = session.run([*made, *merged])
        return {
            "summaries": [m.name for m in made], "merged": [m.name for m in merged],
            "tags": [[value.tag for value in parsed(tf, data).value] for data in found],
            "collected": [x.name for x in tf.get_collection(tf.GraphKeys.SUMMARIES)],
            "types": {m.name: m.op.type for m in [*made, *merged]},
            "operations": [op.name for op in graph.get_operations() if op.name[:2] in ("s", "s/")],
            "bytes": [found[i].hex() for i in (0, 12, 13)],
        }  # fmt: skip


def parsed(tf: Any, data: bytes) -> Any:
    """A message from its bytes."""
    summary = tf.Summary()
    summary.ParseFromString(data)
    return summary


def ran(tf: Any, make: Callable[[], Any]) -> Any:
    """The summary that an op gives, parsed."""
    with tf.Graph().as_default(), tf.Session() as session:
        return parsed(tf, session.run(make()))


def histograms(tf: Any) -> dict[str, Any]:
    """The histogram of each array, with all its fields."""
    found = {}
    for name, array in values().items():
        made = ran(tf, lambda array=array: tf.summary.histogram("h", tf.constant(array)))
        histo = made.value[0].histo
        found[name] = [histo.min, histo.max, histo.num, histo.sum, histo.sum_squares,
                       list(histo.bucket_limit), list(histo.bucket)]  # fmt: skip
    return found


def images(tf: Any, pixels: Callable[[bytes], Any]) -> dict[str, Any]:
    """The images of each batch: tag, height, width, channels and bytes."""
    found = {}
    for name, array in pictures().items():
        made = ran(tf, lambda array=array: tf.summary.image("i", tf.constant(array)))
        found[name] = [[v.tag, v.image.height, v.image.width, v.image.colorspace,
                        pixels(v.image.encoded_image_string)] for v in made.value]  # fmt: skip
    return found


def audio(tf: Any) -> dict[str, Any]:
    """The sounds of each batch, with all fields."""
    found = {}
    for name, array in sounds().items():
        made = ran(tf, lambda array=array: tf.summary.audio("a", tf.constant(array), 8000.0))
        found[name] = [[v.tag, v.audio.sample_rate, v.audio.num_channels, v.audio.length_frames,
                        v.audio.encoded_audio_string.hex(), v.audio.content_type]
                       for v in made.value]  # fmt: skip
    return found


def mistakes(tf: Any) -> dict[str, Callable[[], Any]]:
    """Programs that fail, each in a graph of its own."""
    s = tf.summary

    def fed(make: Callable[[Any], Any], dtype: Any, value: Any) -> Any:
        x = tf.placeholder(dtype, name="x")
        return tf.Session().run(make(x), {x: value})

    def run(thing: Any) -> Any:
        return tf.Session().run(thing)

    def zeros(*shape: int) -> Any:
        return tf.zeros(shape)

    return {
        "scalar of a vector": lambda: run(s.scalar("y", tf.constant([1.0]))),
        "scalar of a vector that is fed": lambda: fed(lambda x: s.scalar("y", x), tf.float32, [1]),
        "scalar of text": lambda: run(s.scalar("y", tf.constant("a"))),
        "scalar without a name": lambda: run(s.scalar(None, tf.constant(1.0))),
        "histogram of NaN": lambda: run(s.histogram("h", tf.constant([1.0, np.nan]))),
        "histogram of infinity": lambda: run(s.histogram("h", tf.constant([np.inf]))),
        "histogram of text": lambda: run(s.histogram("h", tf.constant("a"))),
        "image of rank 3": lambda: run(s.image("i", zeros(2, 2, 3))),
        "image that is fed, of rank 3": lambda: fed(lambda x: s.image("i", x), tf.float32,
                                                    np.zeros((2, 2, 3))),
        "image without pixels": lambda: run(s.image("i", zeros(1, 0, 2, 3))),
        "image that is fed, without pixels": lambda: fed(lambda x: s.image("i", x), tf.float32,
                                                         np.zeros((1, 2, 0, 1))),
        "image of an empty family": lambda: run(s.image("i", zeros(1, 2, 2, 1), family="")),
        "image of two channels": lambda: run(s.image("i", zeros(1, 2, 2, 2))),
        "image of int32": lambda: run(s.image("i", tf.zeros((1, 2, 2, 1), tf.int32))),
        "no images": lambda: run(s.image("i", zeros(1, 2, 2, 1), max_outputs=-1)),
        "audio of rank 1": lambda: run(s.audio("a", zeros(3), 8000)),
        "audio of int32": lambda: run(s.audio("a", tf.zeros((1, 3), tf.int32), 8000)),
        "audio without a rate": lambda: run(s.audio("a", zeros(1, 3), 0.0)),
        "audio of a rate too large": lambda: run(s.audio("a", zeros(1, 3), 2.0**40)),
        "audio of a rate of 32 bits": lambda: run(s.audio("a", zeros(1, 3), 2**32)),
        "audio of two rates": lambda: run(s.audio("a", zeros(1, 3), [1, 2])),
        "audio of a rate in words": lambda: run(s.audio("a", zeros(1, 3), "fast")),
        "no audio": lambda: run(s.audio("a", zeros(1, 3), 8000, max_outputs=0)),
        "text of numbers": lambda: run(s.text("t", tf.constant(1.0))),
        "merge of nothing": lambda: run(s.merge([])),
        "merge of numbers": lambda: run(s.merge([tf.constant(1.0)])),
        "merge of the same twice": lambda: run(s.merge([s.scalar("s", tf.constant(1.0))] * 2)),
        "merge of no summary": lambda: run(s.merge([tf.constant("\xff\xff")])),
    }  # fmt: skip


def errors(tf: Any) -> dict[str, Any]:
    """The class of each error, and the line that says what is wrong."""
    found = {}
    for name, program in mistakes(tf).items():
        with tf.Graph().as_default():
            try:
                program()
                found[name] = None
            except Exception as error:
                lines = str(error).splitlines()
                nodes = [i for i, line in enumerate(lines) if line.startswith("\t [[{{node")]
                found[name] = [type(error).__name__, lines[nodes[0] - 1 if nodes else 0]]
    return found


def main() -> None:
    """Write the file."""
    import tensorflow

    def pixels(data: bytes) -> Any:
        return tensorflow.io.decode_png(data).numpy().tolist()

    tf = tensorflow.compat.v1
    found = {"images": images(tensorflow.compat.v1, pixels), "named": named(tf),
             "histograms": histograms(tf), "audio": audio(tf), "errors": errors(tf)}  # fmt: skip
    FILE.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
