"""What TensorFlow's datasets give: specs, sizes and elements of pipelines, as `data.json`.

Each pipeline is an expression over `tf` and `D` (`tf.data.Dataset`), so the tests evaluate the same
text with minitensor. Recorded with TensorFlow 2.21: python tests/recorded/data.py
"""

import json
from pathlib import Path

# ruff: noqa: E501 - a pipeline is one line
PIPELINES = """
D.range(5)
D.range(5, 1, -2)
D.range(1, 10, 3, output_type=tf.int32)
D.from_tensors((1, {'a': 2.0}))
D.from_tensors([1, 2])
D.from_tensor_slices(([1, 2], [3, 4]))
D.from_tensor_slices({'a': [1, 2], 'b': [[3.0], [4.0]]})
D.from_tensor_slices(['a', 'b'])
D.range(5).map(lambda x: x * 2)
D.range(3).map(lambda x: (x, [x, x]))
D.range(3).map(lambda x: [x, 2 * x])
D.range(3).map(lambda x: {'b': x, 'a': (x, x)})
D.range(3).map(lambda x: (x, {'k': x})).map(lambda x, y: x + y['k'])
D.range(7).batch(3)
D.range(7).batch(3, drop_remainder=True)
D.range(8).batch(2).batch(2)
D.from_tensor_slices(([1, 2, 3], [4, 5, 6])).batch(2)
D.range(7).batch(3).unbatch()
D.range(7).batch(3).rebatch(2)
D.range(7).batch(3).rebatch(2, drop_remainder=True)
D.range(7).batch(3).rebatch([1, 2])
D.range(1, 5).map(lambda n: tf.fill([n], n)).padded_batch(2)
D.range(1, 5).map(lambda n: tf.fill([n], n)).padded_batch(3, padded_shapes=[6], padding_values=tf.constant(-1, tf.int64))
D.range(1, 5).map(lambda n: (tf.fill([n], n), n)).padded_batch(2, padded_shapes=([None], []), drop_remainder=True)
D.range(1, 4).map(lambda n: tf.ensure_shape(tf.fill([n, 2], 'x'), [None, 2])).padded_batch(2, padding_values='-')
D.range(5).shuffle(1)
D.range(3).repeat(2)
D.range(3).repeat(0)
D.range(0).repeat()
D.range(3).repeat().take(7)
D.range(3).repeat(-1).skip(2).take(4)
D.range(5).take(2)
D.range(5).take(-1)
D.range(5).take(9)
D.range(5).skip(2)
D.range(5).skip(-1)
D.range(5).skip(9)
D.range(10).shard(3, 1)
D.range(10).shard(3, 2).batch(2)
D.range(10).filter(lambda x: x % 3 == 0)
D.range(10).take_while(lambda x: x < 4)
D.from_tensor_slices([3, 1, 3, 2, 1]).unique()
D.from_tensor_slices(['b', 'a', 'b']).unique()
D.range(3).enumerate()
D.range(3).enumerate(start=5).map(lambda i, x: i * x)
D.range(3).concatenate(D.range(8, 10))
D.range(3).batch(3).concatenate(D.range(8, 10).batch(1))
D.zip(D.range(3), D.range(10, 15))
D.zip((D.range(3), (D.range(3), D.range(4).batch(2))))
D.zip({'a': D.range(3), 'b': D.range(5).skip(1)})
D.zip((D.range(3), D.range(3).repeat()))
D.range(4).flat_map(lambda x: D.range(x))
D.from_tensor_slices([[1, 2], [3, 4]]).flat_map(lambda x: D.from_tensor_slices(x))
D.range(4).flat_map(lambda x: D.range(x).map(lambda y: x * 10 + y))
D.range(1, 6).interleave(lambda x: D.from_tensors(x).repeat(6), cycle_length=2, block_length=4)
D.range(6).interleave(lambda x: D.range(x), cycle_length=2, block_length=2)
D.range(6).interleave(lambda x: D.range(x), cycle_length=3)
D.range(6).interleave(lambda x: D.range(x), cycle_length=9, block_length=2)
D.range(1).interleave(lambda x: D.range(0), cycle_length=2)
D.range(7).window(3).flat_map(lambda w: w.batch(3))
D.range(7).window(3, shift=2).flat_map(lambda w: w.batch(3))
D.range(7).window(3, shift=2, stride=2).flat_map(lambda w: w.batch(3))
D.range(7).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3))
D.range(9).window(2, shift=4).flat_map(lambda w: w.batch(2))
D.range(9).window(2, shift=3, stride=3).flat_map(lambda w: w.batch(2))
D.range(9).window(2, shift=4, stride=2, drop_remainder=True).flat_map(lambda w: w.batch(2))
D.zip(D.range(4), D.range(4)).window(2).flat_map(lambda a, b: D.zip((a.batch(2), b.batch(2))))
D.range(7).window(3).map(lambda w: w.reduce(tf.constant(0, tf.int64), lambda a, x: a + x))
D.range(10).group_by_window(lambda x: x % 3, lambda k, w: w.batch(2), window_size=2)
D.range(10).group_by_window(lambda x: x % 2, lambda k, w: w.batch(9), window_size_func=lambda k: k + 2)
D.range(12).bucket_by_sequence_length(lambda x: tf.cast(x, tf.int32), [4, 8], [2, 3, 4], no_padding=True)
D.range(1, 7).map(lambda n: tf.fill([n], n)).bucket_by_sequence_length(lambda x: tf.shape(x)[0], [3, 5], [2, 2, 2])
D.range(1, 5).map(lambda n: tf.fill([n], n)).bucket_by_sequence_length(lambda x: tf.shape(x)[0], [3, 5], [2, 2, 2], pad_to_bucket_boundary=True)
D.range(5).scan(tf.constant(0, tf.int64), lambda s, x: (s + x, s * x))
D.from_tensor_slices(([1, 2], [3, 4])).scan((0, 1), lambda s, x: ((s[0] + x[0], s[1] * x[1]), s[1]))
D.range(3).cache()
D.range(3).prefetch(2)
D.range(6).map(lambda x: x + 1, num_parallel_calls=2).prefetch(tf.data.AUTOTUNE)
D.choose_from_datasets([D.range(3), D.range(10, 13)], D.from_tensor_slices(tf.constant([0, 1, 1, 0], tf.int64)))
D.choose_from_datasets([D.range(1), D.range(10, 13)], D.range(2).repeat(3), stop_on_empty_dataset=False)
D.choose_from_datasets([D.range(1), D.range(10, 13)], D.range(2).repeat(3))
D.range(4).apply(lambda d: d.map(lambda x: -x))
D.range(4).with_options(tf.data.Options())
D.range(4).apply(tf.data.experimental.assert_cardinality(4))
D.from_generator(lambda: iter([1, 2]), output_signature=tf.TensorSpec([], tf.int32))
D.from_generator(lambda: iter([(1, 'a'), (2, 'b')]), output_types=(tf.int64, tf.string), output_shapes=([], []))
D.from_generator(lambda n: iter(range(n)), args=[3], output_types=tf.int64)
D.from_tensor_slices(tf.reshape(tf.range(12.0), [3, 2, 2])).map(lambda x: tf.reduce_sum(x, axis=0)).batch(2)
D.range(6).batch(4).map(lambda x: x[::-1]).unbatch().enumerate().batch(3, drop_remainder=True)
D.range(10).map(lambda x: x // 2).unique().batch(2)
D.range(8).shard(2, 1).repeat(2).skip(1).concatenate(D.range(2)).batch(3)
""".strip().splitlines()


def plain(value):
    """An element as JSON."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return value.decode() if isinstance(value, bytes) else value


def result(text, tf):
    """What a pipeline is and gives."""
    dataset = eval(text, {"tf": tf, "D": tf.data.Dataset})
    return {
        "repr": repr(dataset),
        "cardinality": int(dataset.cardinality()),
        "elements": [plain(element) for element in dataset.as_numpy_iterator()],
    }


if __name__ == "__main__":
    import tensorflow

    found = {text: result(text, tensorflow) for text in PIPELINES}
    text = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
    Path(__file__).with_suffix(".json").write_text(f"{{\n{text}\n}}\n")
