"""What TensorFlow's summaries write, as `summaries.json`.

Each case is an expression over `tf`, `S` (`tf.summary`), `np`, `scoped`, `traced`, `metadata`,
`curve` and `stretched`, so the tests evaluate the same text with minitensor. Recorded with TensorFlow 2.21 and TensorBoard
2.21: python tests/recorded/summaries.py
"""

import json
import math
import tempfile
from pathlib import Path

import numpy as np

# ruff: noqa: E501 - a case is one line
CASES = """
S.scalar('loss', 0.5, step=3)
S.scalar('loss', 0.5)
S.scalar('loss', 0.5, step=0)
S.scalar('loss', 0.5, step=-1)
S.scalar('loss', 0.5, step=2**40)
S.scalar('loss', 0.5, step=np.int32(7))
S.scalar('loss', 0.5, step=tf.constant(7, tf.int64))
S.scalar('loss', 0.5, step=tf.Variable(7, dtype=tf.int64))
S.scalar('loss', 3, step=3)
S.scalar('loss', True, step=3)
S.scalar('loss', np.float64(1e300), step=3)
S.scalar('loss', np.float64(-1e300), step=3)
S.scalar('loss', np.float64(1e-320), step=3)
S.scalar('loss', np.float16(0.1), step=3)
S.scalar('loss', np.int64(16777217), step=3)
S.scalar('loss', np.uint8(200), step=3)
S.scalar('loss', tf.constant(0.1, tf.bfloat16), step=3)
S.scalar('loss', float('nan'), step=3)
S.scalar('loss', float('inf'), step=3)
S.scalar('loss', [1.0, 2.0], step=3)
S.scalar('loss', [1.0], step=3)
S.scalar('loss', 'text', step=3)
S.scalar('loss', 0.5, step=1.5)
S.scalar('loss', 0.5, step=3, description='a *curve*')
S.scalar('loss', 0.5, step=3, description='')
S.scalar(None, 0.5, step=3)
S.scalar('a b/ü 学/', 0.5, step=3)
S.scalar('<script>', 0.5, step=3)
scoped('outer', lambda: S.scalar('loss', 0.5, step=3))
scoped('outer', lambda: scoped('inner', lambda: S.scalar('loss', 0.5, step=3)))
scoped('outer', lambda: S.scalar('loss/a', 0.5, step=3))
traced(lambda: S.scalar('loss', 0.5, step=3))
traced(lambda: scoped('inner', lambda: S.scalar('loss', 0.5, step=3)))
scoped('outer', lambda: traced(lambda: scoped('inner', lambda: S.scalar('loss', 0.5, step=3))))
traced(lambda: S.scalar('loss', tf.reduce_sum([1.0, 2.0]), step=tf.cast(tf.reduce_sum([1, 2]), tf.int64)))
traced(lambda: tf.cond(tf.reduce_sum([1.0]) > 2, lambda: S.scalar('loss', 0.5, step=3), lambda: False))
traced(lambda: S.scalar('loss', [1.0, 2.0], step=3))
S.histogram('h', [], step=3)
S.histogram('h', [], step=3, buckets=0)
S.histogram('h', [], step=3, buckets=2)
S.histogram('h', [1.0, 2.0], step=3, buckets=0)
S.histogram('h', [1.0, 2.0], step=3, buckets=-4)
S.histogram('h', [1.0, 2.0], step=3, buckets=1)
S.histogram('h', 5.0, step=3, buckets=3)
S.histogram('h', [2.0, 2.0, 2.0], step=3)
S.histogram('h', [2.0, 2.0, 2.0], step=3, buckets=1)
S.histogram('h', [1.0, 2.0, 3.0, 4.0], step=3)
S.histogram('h', [0.1, 0.2, 0.3, 0.4, 0.7], step=3, buckets=6)
S.histogram('h', [1.0, float('nan'), 2.0], step=3, buckets=3)
S.histogram('h', [1.0, float('inf'), 2.0], step=3, buckets=3)
S.histogram('h', [1.0, float('-inf'), 2.0], step=3, buckets=3)
S.histogram('h', [float('inf'), float('-inf'), 2.0], step=3, buckets=3)
S.histogram('h', [float('inf'), float('inf')], step=3, buckets=3)
S.histogram('h', [float('nan')], step=3, buckets=3)
S.histogram('h', [True, False, True], step=3, buckets=4)
S.histogram('h', [3, 1, 2, 2], step=3, buckets=2)
S.histogram('h', np.arange(256, dtype=np.uint8), step=3, buckets=5)
S.histogram('h', np.array([2**62, -2**62, 5]), step=3, buckets=3)
S.histogram('h', np.array([-128, 127, 0], np.int8), step=3, buckets=3)
S.histogram('h', np.array([1.7e308, -1.7e308, 0.0]), step=3, buckets=3)
S.histogram('h', np.array([3.4e38, -3.4e38, 0.0], np.float32), step=3, buckets=3)
S.histogram('h', np.array([0.0, 1e-300, 3e-300]), step=3, buckets=3)
S.histogram('h', np.array([1.0, 1.0 + 2**-52]), step=3, buckets=4)
S.histogram('h', np.array([0.1, 0.5, 0.2], np.float16), step=3, buckets=3)
S.histogram('h', tf.constant([0.1, 0.5, 0.2], tf.bfloat16), step=3, buckets=3)
S.histogram('h', [-0.0, 0.0], step=3, buckets=2)
S.histogram('h', np.random.RandomState(0).randn(4000).astype(np.float32), step=3)
S.histogram('h', np.random.RandomState(1).rand(50, 80), step=3, description='text')
S.histogram('h', np.random.RandomState(2).randint(0, 30, 4000), step=3)
S.histogram('h', (np.arange(2000) / np.float32(1999)).astype(np.float32), step=3, buckets=7)
S.histogram('h', np.arange(40000, dtype=np.float32) / 7, step=3)
S.histogram('h', tf.Variable([1.0, 5.0]), step=3, buckets=2)
S.histogram('h', ['text'], step=3)
S.histogram('h', [1.0, 2.0], step=3, buckets=2.5)
S.histogram(None, [1.0, 2.0], step=3, buckets=1)
scoped('outer', lambda: S.histogram('h', [1.0, 2.0], step=3, buckets=1))
traced(lambda: S.histogram('h', tf.range(10), step=3, buckets=2))
S.image('i', np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3), step=3)
S.image('i', np.arange(24, dtype=np.uint8).reshape(1, 6, 4, 1) * 10, step=3)
S.image('i', np.arange(24, dtype=np.uint8).reshape(1, 6, 2, 2) * 10, step=3)
S.image('i', np.arange(24, dtype=np.uint8).reshape(1, 3, 2, 4) * 10, step=3)
S.image('i', np.zeros((1, 2, 2, 5)), step=3)
S.image('i', np.zeros((1, 2, 2, 0)), step=3)
S.image('i', np.zeros((0, 2, 3, 1)), step=3)
S.image('i', np.zeros((1, 1, 3)), step=3)
S.image('i', np.zeros((1, 1, 1, 1, 1)), step=3)
S.image('i', 1.0, step=3)
S.image('i', np.linspace(-0.5, 1.5, 41, dtype=np.float32).reshape(1, 1, 41, 1), step=3)
S.image('i', np.linspace(0, 1, 511, dtype=np.float32).reshape(1, 7, 73, 1), step=3)
S.image('i', np.linspace(-0.5, 1.5, 41).reshape(1, 41, 1, 1), step=3)
S.image('i', np.linspace(-0.5, 1.5, 41, dtype=np.float16).reshape(1, 1, 41, 1), step=3)
S.image('i', tf.cast(np.linspace(-0.5, 1.5, 41).reshape(1, 1, 41, 1), tf.bfloat16), step=3)
S.image('i', np.array([np.nan, np.inf, -np.inf, 0.5, 0.998, 1e30], np.float32).reshape(1, 1, 2, 3), step=3)
S.image('i', np.array([0, 1, 255, -1, 2**30, -2**31, 2**31 - 1, 2**24], np.int32).reshape(1, 2, 4, 1), step=3)
S.image('i', np.array([0, 1, 255, 256, 32768, 65535], np.uint16).reshape(1, 2, 3, 1), step=3)
S.image('i', np.array([0, 1, 127, -128, 5, 64], np.int8).reshape(1, 2, 3, 1), step=3)
S.image('i', np.array([0, 128, 300, -128, 32767, -32768], np.int16).reshape(1, 2, 3, 1), step=3)
S.image('i', np.array([0, 2**62, 2**63 - 1, -1], np.int64).reshape(1, 2, 2, 1), step=3)
S.image('i', np.zeros((1, 1, 1, 1), bool), step=3)
S.image('i', [[[['a']]]], step=3)
S.image('i', np.arange(12, dtype=np.uint8).reshape(6, 1, 2, 1), step=3)
S.image('i', np.arange(12, dtype=np.uint8).reshape(6, 1, 2, 1), step=3, max_outputs=5)
S.image('i', np.arange(12, dtype=np.uint8).reshape(6, 1, 2, 1), step=3, max_outputs=0)
S.image('i', np.arange(12, dtype=np.uint8).reshape(6, 1, 2, 1), step=3, max_outputs=-1)
S.image('i', [np.zeros((2, 3, 1)), np.ones((2, 3, 1))], step=3)
S.image('i', [tf.zeros((2, 3, 3)), tf.ones((2, 3, 3))], step=3, description='text')
S.image('i', tf.reshape(tf.range(24) / 24, (-1, 2, 2, 3)), step=3, max_outputs=1)
scoped('outer', lambda: S.image(None, np.zeros((1, 1, 1, 1)), step=3))
traced(lambda: S.image('i', tf.reshape(tf.range(24) / 24, (-1, 2, 2, 3)), step=3))
traced(lambda: S.image('i', tf.zeros((2, 2, 3)), step=3))
S.audio('a', np.linspace(-1.5, 1.5, 101, dtype=np.float32).reshape(1, 101, 1), 8000, step=3)
S.audio('a', (np.arange(-40, 40, dtype=np.float32) / 65536).reshape(1, 40, 2), 44100, step=3)
S.audio('a', np.array([np.nan, np.inf, -np.inf, -1, 1, 0.99999], np.float32).reshape(2, 3, 1), 1, step=3)
S.audio('a', np.zeros((5, 2, 1), np.float32), 8000, step=3)
S.audio('a', np.zeros((5, 2, 1), np.float32), 8000, step=3, max_outputs=4, description='text')
S.audio('a', np.zeros((5, 2, 1), np.float32), 8000, step=3, max_outputs=0)
S.audio('a', np.zeros((5, 2, 1), np.float32), 8000, step=3, max_outputs=-1)
S.audio('a', np.zeros((0, 2, 1), np.float32), 8000, step=3)
S.audio('a', np.zeros((1, 0, 1), np.float32), 8000, step=3)
S.audio('a', np.zeros((1, 2, 0), np.float32), 8000, step=3)
S.audio('a', np.zeros((1, 2, 1), np.float32), 0, step=3)
S.audio('a', np.zeros((1, 2, 1), np.float32), 8000.5, step=3)
S.audio('a', np.zeros((1, 2, 1), np.float32), tf.constant(8000), step=3)
S.audio('a', np.zeros((1, 2, 1)), 8000, step=3)
S.audio('a', np.zeros((1, 2, 1), np.int16), 8000, step=3)
S.audio('a', np.zeros((2, 1), np.float32), 8000, step=3)
S.audio('a', tf.constant([[[0.5], [0.25]]]), 8000, step=3, encoding='wav')
S.audio('a', [[[0.5], [0.25]]], 8000, step=3, encoding='mp3')
scoped('outer', lambda: S.audio(None, tf.constant([[[0.5]]]), 8000, step=3))
traced(lambda: S.audio('a', tf.reshape(tf.range(6) / 6, (1, -1, 2)) * tf.constant(1.0, tf.float64), 8000, step=3))
traced(lambda: S.audio('a', tf.reshape(tf.cast(tf.range(6), tf.float32) / 6, (1, -1, 2)), 8000, step=3))
S.text('t', 'plain', step=3)
S.text('t', '', step=3)
S.text('t', 'ü *b*\\n\\n| a | b |', step=3, description='text')
S.text('t', b'bytes', step=3)
S.text('t', ['a', 'bc'], step=3)
S.text('t', [['a', 'b'], ['c', 'd']], step=3)
S.text('t', [[['a'], ['b']]], step=3)
S.text('t', np.array(['a', 'b']), step=3)
S.text('t', tf.constant(['a', 'b']), step=3)
S.text('t', tf.constant([], tf.string), step=3)
S.text('t', 5, step=3)
S.text('t', [1.0], step=3)
S.text(None, 'a', step=3)
scoped('outer', lambda: S.text('t', 'a', step=3))
traced(lambda: S.text('t', tf.strings.join(['a', 'b']), step=3))
traced(lambda: S.text('t', 5, step=3))
S.write('w', [[1, 2], [3, 4]], step=3)
S.write('w', 'text', step=3)
S.write('w', ['a', 'b'], step=3)
S.write('w', np.array([[True], [False]]), step=3)
S.write('w', np.array([1.5, 2.5], np.float16), step=3)
S.write('w', np.zeros((2, 0)), step=3)
S.write('w', lambda: tf.constant(2.5), step=3)
S.write('w', 2.5, step=3, metadata=metadata('mine', b'12', 'said'))
S.write('w', 2.5)
scoped('outer', lambda: S.write('w', 2.5, step=3))
traced(lambda: S.write('w', tf.range(3), step=3, metadata=metadata('mine', b'')))
curve([True, False, True], [0.9, 0.4, 0.3], 3)
curve([True, False, True], [0.9, 0.4, 0.3])
curve([1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0], 2)
curve([1.0, 0.0, 1.0, 0.0], [0.5, 0.5, 0.25, 0.75], 5, [1.0, 0.5, 2.0, 0.0])
curve(np.random.RandomState(0).rand(300) > 0.4, np.random.RandomState(1).rand(300), 21)
curve(np.random.RandomState(0).rand(20, 30) > 0.7, np.random.RandomState(1).rand(20, 30).astype(np.float32), 101, np.random.RandomState(2).rand(20, 30))
curve([False, False], [0.2, 0.8], 4)
curve(np.zeros(0, bool), np.zeros(0), 4)
curve([True, False], [np.nan, 0.5], 4)
stretched([-2.0, -1.0, 0.0, 1.0, 4.0])
stretched([0.0, 1.0, 2.0, 3.0, 4.0])
stretched([0.5, 1.0])
stretched([0.0, 0.0])
stretched([1e-7, 5e-7])
stretched([-1e-7, 1e-7])
stretched([-3.0, -1.0])
stretched([1.0, float('nan'), 2.0])
stretched([float('inf'), 1.0, -1.0, float('-inf')])
stretched([float('nan'), float('nan')])
stretched([0.5, float('nan'), 1.0, 0.25, 0.5, 0.75], channels=3)
stretched([0.5, float('inf'), 1.0, 0.25, 0.5, 0.75, 1.0, 0.0], channels=4)
stretched(np.linspace(-1, 3, 90), channels=3)
stretched(np.linspace(-1, 4, 90), dtype=np.float64)
stretched(np.linspace(0, 3, 90), dtype=np.float16)
stretched(np.linspace(-3, 3, 90), dtype=np.float16)
stretched(np.random.RandomState(0).randn(120))
stretched(np.arange(90), dtype=np.uint8)
""".strip().splitlines()


def result(text, tf, decoded, others):
    """What a case returns and writes: values as plain lists, or the error that it raises.

    `decoded` makes pixels of a PNG file. The `others` are `metadata`, which makes a message,
    `curve`, which gives the plugin's bytes and the numbers of a PR curve, and `stretched`, which
    makes pixels of numbers by TensorFlow 1's rule.
    """
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    def scoped(name, function):
        with tf.name_scope(name):
            return function()

    names = {
        "tf": tf, "S": tf.summary, "np": np, "scoped": scoped, **others,
        "traced": lambda function: tf.function(function, autograph=False)(),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        try:
            with writer.as_default():
                returned = eval(text, names)
        except Exception as error:
            return {"error": [kind.__name__ for kind in type(error).__mro__], "text": str(error)}
        finally:
            writer.close()
        if isinstance(returned, list):
            return {"list": returned}
        path = next(Path(folder).glob("*.tfevents.*"))
        events = [Event.FromString(record) for record in RawEventFileLoader(str(path)).Load()]
    found = [plain(event, value, decoded) for event in events for value in event.summary.value]
    return {"returned": bool(returned), "values": found}


def plain(event, value, decoded):
    """A value as plain lists and texts."""
    from tensorboard.util.tensor_util import make_ndarray

    array = make_ndarray(value.tensor)
    plugin = value.metadata.plugin_data
    if array.dtype == object:
        content = [readable(x, decoded) for x in array.ravel()]
    else:
        content = [rounded(x) for x in array.ravel().tolist()]
    return {
        "tag": value.tag, "step": event.step, "plugin": plugin.plugin_name,
        "content": plugin.content.hex(), "description": value.metadata.summary_description,
        "has_metadata": value.HasField("metadata"), "dtype": value.tensor.dtype,
        "shape": list(array.shape), "content_of": content,
    }  # fmt: skip


def readable(data, decoded):
    """Text, the pixels of a picture, or the bytes of a sound."""
    if data.startswith(b"\x89PNG"):
        pixels = decoded(data)
        return ["png", list(pixels.shape), pixels.tobytes().hex()]
    return ["wav", data.hex()] if data.startswith(b"RIFF") else data.decode()


def rounded(x):
    """A number that JSON can tell: what is no finite number as text."""
    return str(x) if isinstance(x, float) and not math.isfinite(x) else x


def main():
    """Record all cases with TensorFlow."""
    import tensorflow as tf

    def decoded(data):
        return tf.io.decode_png(data).numpy()

    def stretched(values, channels=1, dtype=np.float32):
        image = np.reshape(np.array(values, dtype), (1, 1, -1, channels))
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            made = session.run(tf.compat.v1.summary.image("i", image))
        (value,) = tf.compat.v1.Summary.FromString(made).value
        return decoded(value.image.encoded_image_string).ravel().tolist()

    def curve(labels, predictions, *others):
        from tensorboard.plugins.pr_curve.summary import pb

        with np.errstate(invalid="ignore"):
            made = pb("c", np.array(labels), np.array(predictions), *others)
        (value,) = made.value
        numbers = tf.make_ndarray(value.tensor).ravel().tolist()
        return [value.metadata.plugin_data.content.hex(), *numbers]

    def metadata(plugin, content, description=""):
        made = tf.compat.v1.SummaryMetadata(summary_description=description)
        made.plugin_data.plugin_name, made.plugin_data.content = plugin, content
        return made

    others = {"curve": curve, "stretched": stretched, "metadata": metadata}
    found = {case: result(case, tf, decoded, others) for case in CASES}
    for case in found.values():
        if "error" in case:
            case.update(error=case["error"][0], text=case["text"].strip().splitlines()[0])
    path = Path(__file__).with_suffix(".json")
    path.write_text(
        "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items()) + "\n}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
