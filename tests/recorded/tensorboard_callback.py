"""What Keras's TensorBoard callback writes, as `tensorboard_callback.json`.

Each case trains a small model whose weights are set, so that the tests compare tags, steps and
numbers with those that minitensor writes for the same code. Recorded with TensorFlow 2.21 and its
Keras: python tests/recorded/tensorboard_callback.py
"""

import json
import tempfile
from pathlib import Path

import numpy as np

X = np.linspace(0, 1, 20 * 64).reshape(20, 8, 8, 1).astype("float32")
Y = np.arange(20) % 3
VALIDATION = (X[:10] ** 2, Y[:10])


def small(keras):
    layers = keras.layers
    return keras.Sequential([
        keras.Input((8, 8, 1), name="pixels"), layers.Conv2D(2, 3, activation="relu", name="conv"),
        layers.Flatten(name="flat"), layers.Dense(3, activation="softmax", name="out"),
    ], name="small")  # fmt: skip


def wide(keras):
    layers = keras.layers
    start = keras.Input((8, 8, 1), name="pixels")
    flat = layers.Conv1D(2, 3, name="c1")(layers.Reshape((8, 8), name="rows")(start))
    deep = layers.Conv2D(3, 3, name="c2")(start)
    deep = layers.Conv2D(4, 3, name="c3")(deep)
    deep = layers.BatchNormalization(name="bn")(deep)
    both = layers.Concatenate(name="both")(
        [layers.Flatten(name="f1")(flat), layers.Flatten(name="f2")(deep)]
    )
    end = layers.Dense(3, activation="softmax", name="tall", use_bias=False)(both)
    return keras.Model(start, end, name="wide")


CASES = {
    "default": (small, {}),
    "everything": (small, {"histogram_freq": 1, "write_images": True,
                           "write_steps_per_second": True}),
    "batch": (small, {"update_freq": "batch", "write_graph": False,
                      "write_steps_per_second": True}),
    "every fourth": (small, {"update_freq": 4, "write_graph": False}),
    "kernels of all ranks": (wide, {"write_images": True, "histogram_freq": 2}),
}  # fmt: skip


def trained(keras, make, folder, **options):
    """Train a model with known weights, with the callback; then evaluate it with that, too."""
    model = make(keras)
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy",
                  metrics=["accuracy"])  # fmt: skip
    for i, weight in enumerate(model.trainable_weights):
        size = int(np.prod(weight.shape))
        weight.assign(np.sin(np.arange(size) + i).reshape(weight.shape).astype("float32") / 4)
    callback = keras.callbacks.TensorBoard(folder, **options)
    model.fit(X, Y, batch_size=5, epochs=2, validation_data=VALIDATION, callbacks=[callback],
              verbose=0, shuffle=False)  # fmt: skip


def written(folder, events, array_of):
    """Rows (step, tag, plugin, content) of each run; `events` reads a file."""
    found = {}
    for path in sorted(Path(folder).rglob("*tfevents*")):
        rows = found.setdefault(path.parent.name, [])
        for event in events(str(path)):
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                if plugin in ("scalars", "histograms", "images", "graph_keras_model"):
                    rows.append([event.step, value.tag, plugin, content(plugin, array_of(value))])
    return found


def content(plugin, array):
    """What tests compare: a number; limits and count of a histogram; sizes of images."""
    if plugin == "scalars":
        return float(array)
    if plugin == "histograms":
        return [float(array[0, 0]), float(array[-1, 1]), float(array[:, 2].sum())]
    if plugin == "images":
        return [array[0].decode(), array[1].decode(), len(array) - 2]
    config = json.loads(array.item().decode())
    return [config["class_name"], [x["config"]["name"] for x in config["config"]["layers"]]]


def main():
    import keras
    import tensorflow as tf
    from tensorflow.python.summary.summary_iterator import summary_iterator

    recorded = {}
    for name, (make, options) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            keras.backend.clear_session()
            trained(keras, make, folder, **options)
            recorded[name] = written(folder, summary_iterator, lambda v: tf.make_ndarray(v.tensor))
    lines = [f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in recorded.items()]
    path = Path(__file__).with_suffix(".json")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
