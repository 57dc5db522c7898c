"""Small training runs from given weights, without shuffling: one text for Keras and minitensor.

Run with Keras on TensorFlow installed, it writes what Keras 3 gives to fit.json:

    python tests/recorded/fit.py

Batches of models with several outputs are equally large: Keras means the losses of the outputs over
the batches, not over the samples.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS = 4


class Data:
    """Twenty samples, and weights to begin with."""

    def __init__(self) -> None:
        numbers = np.random.RandomState(0)
        self.x = numbers.randn(20, 4).astype("float32")
        self.classes = numbers.randint(0, 3, 20)
        self.one_hot = np.eye(3, dtype="float32")[self.classes]
        self.binary = numbers.randint(0, 2, (20, 1)).astype("float32")
        self.weights = numbers.rand(20).astype("float32")
        self.numbers = numbers

    def fill(self, model: Any) -> Any:
        """Give a model weights that do not depend on how it was made."""
        numbers = np.random.RandomState(1)
        model.set_weights([0.5 * numbers.randn(*w.shape) for w in model.get_weights()])
        return model

    def classifier(self, keras: Any, units: int = 3, activation: str = "softmax", **kwargs: Any):
        """Two dense layers."""
        return self.fill(keras.Sequential([
            keras.Input((4,)),
            keras.layers.Dense(8, activation="tanh", **kwargs),
            keras.layers.Dense(units, activation=activation, name="out"),
        ]))  # fmt: skip

    def two(self, keras: Any) -> Any:
        """A model with two named outputs."""
        x = keras.Input((4,))
        hidden = keras.layers.Dense(5, activation="tanh")(x)
        outputs = [keras.layers.Dense(1, name="a")(hidden),
                   keras.layers.Dense(3, name="b", activation="softmax")(hidden)]  # fmt: skip
        return self.fill(keras.Model(x, outputs))

    def lists(self, keras: Any) -> Any:
        """A model of an own class that gives a list."""

        class Lists(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.one, self.two = keras.layers.Dense(1), keras.layers.Dense(1)

            def call(self, x: Any) -> list:
                return [self.one(x), self.two(x)]

        model = Lists()
        model(self.x)
        return self.fill(model)

    def dicts(self, keras: Any) -> Any:
        """A model of an own class that gives a dict."""

        class Dicts(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.one = keras.layers.Dense(1)
                self.three = keras.layers.Dense(3, activation="softmax")

            def call(self, x: Any) -> dict:
                return {"b": self.three(x), "a": self.one(x)}

        model = Dicts()
        model(self.x)
        return self.fill(model)


def fitted(model: Any, *data: Any, **options: Any) -> dict:
    """The history of a run, with the keys in their order."""
    options = {"epochs": EPOCHS, "batch_size": 8, "shuffle": False, "verbose": 0} | options
    history = model.fit(*data, **options)
    return {"keys": list(history.history), "history": history.history, "epoch": history.epoch}


def classes(keras: Any, optimizer: Any, **options: Any) -> dict:
    """A classifier of three classes."""
    data = Data()
    model = data.classifier(keras)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return fitted(model, data.x, data.classes, **options)


def sgd(keras: Any) -> dict:
    """Plain gradient descent, with validation."""
    data = Data()
    return classes(keras, keras.optimizers.SGD(0.5), validation_data=(data.x[:5], data.classes[:5]))


def adam(keras: Any) -> dict:
    """Adam, with the last quarter for validation."""
    return classes(keras, keras.optimizers.Adam(0.05), validation_split=0.25)


def sample_weights(keras: Any) -> dict:
    """Weights of samples, and metrics that count them."""
    data = Data()
    model = data.classifier(keras, 1, "sigmoid")
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy", "mae"],
                  weighted_metrics=["accuracy", "mse"])  # fmt: skip
    validation = data.x[:7], data.binary[:7], data.weights[:7]
    return fitted(model, data.x, data.binary, sample_weight=data.weights,
                  validation_data=validation)  # fmt: skip


def class_weights(keras: Any) -> dict:
    """Weights of classes; one class weighs 1."""
    return classes(keras, "sgd", class_weight={0: 0.5, 2: 3.0})


def class_weights_one_hot(keras: Any) -> dict:
    """Weights of classes that are told as vectors."""
    data = Data()
    model = data.classifier(keras)
    model.compile("sgd", "categorical_crossentropy", metrics=["acc"])
    return fitted(model, data.x, data.one_hot, class_weight={0: 0.5, 2: 3.0})


def regularized(keras: Any) -> dict:
    """A loss of weights and of activations, added to that of the labels."""
    data = Data()
    model = data.classifier(keras, 3, "linear", kernel_regularizer="l2",
                            activity_regularizer=keras.regularizers.L1(0.01))  # fmt: skip
    model.compile(
        "sgd", keras.losses.MeanSquaredError(), metrics=[keras.metrics.MeanAbsoluteError()]
    )
    found = fitted(model, data.x, data.one_hot, validation_data=(data.x, data.one_hot))
    model = data.classifier(keras)
    model.compile(
        "sgd",
        lambda y_true, y_pred: keras.losses.mean_squared_error(y_true, y_pred),
        loss_weights=2.0,
    )
    return found | {"evaluated": model.evaluate(data.x, data.one_hot, verbose=0, batch_size=8)}


def two_outputs(keras: Any) -> dict:
    """Losses and metrics as lists, in the order of the outputs."""
    data = Data()
    model = data.two(keras)
    model.compile("sgd", ["mse", "sparse_categorical_crossentropy"],
                  metrics=[["mae", "mse"], "accuracy"], loss_weights=[1.0, 0.2])  # fmt: skip
    y = [data.binary, data.classes]
    found = fitted(model, data.x, y, validation_split=0.25, batch_size=5)
    return found | {"evaluated": model.evaluate(data.x, y, verbose=0, batch_size=5)}


def two_outputs_by_name(keras: Any) -> dict:
    """Losses and metrics as dicts."""
    data = Data()
    model = data.two(keras)
    model.compile("sgd", {"a": "mse", "b": "sparse_categorical_crossentropy"},
                  metrics={"b": ["accuracy"]}, weighted_metrics={"a": ["mae"]},
                  loss_weights={"a": 0.5, "b": 2.0})  # fmt: skip
    y = [data.binary, data.classes]
    weights = [data.weights, np.ones(20, "float32")]
    return fitted(model, data.x, y, sample_weight=weights, batch_size=5)


def outputs_as_dict(keras: Any) -> dict:
    """A model that returns a dict."""
    data = Data()
    model = data.dicts(keras)
    model.compile("sgd", {"b": "sparse_categorical_crossentropy", "a": "mse"},
                  metrics={"b": ["accuracy"], "a": ["mae"]})  # fmt: skip
    return fitted(model, data.x, {"b": data.classes, "a": data.binary}, batch_size=5)


def outputs_without_names(keras: Any) -> dict:
    """A model that returns a list: metrics are told apart by numbers."""
    data = Data()
    model = data.lists(keras)
    model.compile("sgd", ["mse", keras.losses.MeanAbsoluteError()], metrics=[["mae"], ["mae"]])
    return fitted(model, data.x, [data.binary, data.x[:, :1]], batch_size=5)


def steps(keras: Any) -> dict:
    """Epochs of two batches of four: the second epoch goes on where the first stopped."""
    return classes(keras, "sgd", batch_size=5, steps_per_epoch=2)


def steps_together(keras: Any) -> dict:
    """Two steps in a call."""
    data = Data()
    model = data.classifier(keras)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"],
                  steps_per_execution=2)  # fmt: skip
    told: list = []

    class Tell(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            told.append(["begin", batch])

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(["end", batch])

    found = fitted(model, data.x, data.classes, batch_size=5, callbacks=[Tell()], epochs=1)
    return found | {"told": told}


def later_epochs(keras: Any) -> dict:
    """Epochs from the third on, validation after every second."""
    data = Data()
    return classes(keras, "sgd", initial_epoch=2, epochs=5, validation_freq=2,
                   validation_data=(data.x, data.classes))  # fmt: skip


def single_batches(keras: Any) -> dict:
    """Training batch by batch: each call counts by itself."""
    data = Data()
    model = data.classifier(keras)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    weights = {0: 2.0, 1: 0.5, 2: 1.0}
    return {
        "train": model.train_on_batch(data.x[:8], data.classes[:8]),
        "classes": model.train_on_batch(data.x[8:], data.classes[8:], class_weight=weights),
        "weights": model.train_on_batch(data.x, data.classes, sample_weight=data.weights),
        "test": model.test_on_batch(data.x, data.classes, return_dict=True),
        "predict": model.predict_on_batch(data.x[:3]).tolist(),
        "predictions": model.predict(data.x, batch_size=8, verbose=0).tolist(),
    }


def custom_step(keras: Any) -> dict:
    """A step of one's own that uses the loss, the optimizer and the metrics of the model."""
    data = Data()

    class Doubled(type(data.classifier(keras))):
        def train_step(self, batch: Any) -> dict:
            x, y = batch
            with keras_tape(keras)() as tape:
                y_pred = self(x, training=True)
                loss = 2.0 * self.compute_loss(y=y, y_pred=y_pred)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))  # noqa: B905
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    layers = [keras.Input((4,)), keras.layers.Dense(3, activation="softmax")]
    model = data.fill(Doubled(layers))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return fitted(model, data.x, data.classes)


def keras_tape(keras: Any) -> Any:
    """The tape that goes with a Keras."""
    if keras.__name__ == "keras":
        import tensorflow

        return tensorflow.GradientTape
    import minitensor

    return minitensor.GradientTape


def moments(keras: Any) -> dict:
    """Which methods of a callback are called, in which order, with which logs."""
    data = Data()
    model = data.classifier(keras)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    told: list = []

    def tells(name: str) -> Callable:
        def tell(self: Any, *args: Any, logs: Any = None) -> None:
            args = tuple(sorted(x) if isinstance(x, dict) else x for x in args)
            told.append([name, *args, *([] if logs is None else [sorted(logs)])])

        return tell

    names = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]
    names = [name for name in names if name not in ("on_batch_begin", "on_batch_end")]
    teller = type("Teller", (keras.callbacks.Callback,), {name: tells(name) for name in names})()
    options = {"batch_size": 10, "verbose": 0, "callbacks": [teller]}
    model.fit(data.x, data.classes, epochs=2, validation_data=(data.x, data.classes), **options)
    model.evaluate(data.x, data.classes, **options)
    model.predict(data.x, **options)
    return {"told": told}


def rates(keras: Any) -> dict:
    """Callbacks that change the learning rate."""
    plateau = keras.callbacks.ReduceLROnPlateau(
        "val_accuracy", factor=0.5, patience=1, cooldown=1, min_lr=0.3, verbose=1
    )
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5, verbose=1)
    data = Data()
    validation = {"validation_data": (data.x[:4], data.classes[:4])}
    with printed() as text:
        first = classes(
            keras, keras.optimizers.SGD(1.0), callbacks=[plateau], epochs=8, **validation
        )
        second = classes(keras, keras.optimizers.SGD(1.0), callbacks=[schedule])
    return {"plateau": first, "schedule": second, "text": text.getvalue()}


def early_stopping(keras: Any) -> dict:
    """Training that stops when it does not get better, and takes back the best weights."""
    data = Data()
    found = {}
    variants = {
        "best": {"restore_best_weights": True},
        "baseline": {"baseline": 0.9, "restore_best_weights": True},
        "later": {"start_from_epoch": 3},
        "delta": {"monitor": "loss", "min_delta": 0.05, "mode": "min"},
    }
    for name, options in variants.items():
        stop = keras.callbacks.EarlyStopping(
            **{"monitor": "val_accuracy", "patience": 1, "verbose": 1} | options
        )
        model = data.classifier(keras)
        rate = keras.optimizers.SGD(1.5)
        model.compile(rate, "sparse_categorical_crossentropy", metrics=["accuracy"])
        with printed() as text:
            run = fitted(model, data.x, data.classes, epochs=12, callbacks=[stop],
                         validation_data=(data.x[:7], data.classes[:7]))  # fmt: skip
        loss = model.evaluate(data.x, data.classes, verbose=0)[0]
        found[name] = run | {"text": text.getvalue(), "loss": loss, "stopped": stop.stopped_epoch}
    return found


def tables(keras: Any) -> dict:
    """What CSVLogger writes, also where validation comes late, and when it appends."""
    data = Data()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "log.csv")
        logger = keras.callbacks.CSVLogger(path)
        classes(keras, "sgd", callbacks=[logger], validation_freq=2,
                validation_data=(data.x, data.classes))  # fmt: skip
        first = Path(path).read_bytes().decode()
        logger = keras.callbacks.CSVLogger(path, separator=";", append=True)
        classes(keras, "sgd", callbacks=[logger], epochs=1)
        return {"first": first, "then": Path(path).read_bytes().decode()[len(first) :]}


def lines(keras: Any) -> dict:
    """What `verbose=2` writes; times are left out."""
    data = Data()
    model = data.classifier(keras)
    model.compile(
        keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    with printed() as text:
        fitted(model, data.x, data.classes, verbose=2, validation_split=0.25, epochs=2)
        model.evaluate(data.x, data.classes, verbose=2)
        model.predict(data.x, verbose=2)
    return {"text": re.sub(r"\d+s - \d+[mu]?s/", "0s - 0s/", text.getvalue())}


@contextlib.contextmanager
def printed() -> Any:
    """What is written to the standard output meanwhile."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        yield text


RUNS = (sgd, adam, sample_weights, class_weights, class_weights_one_hot, regularized, two_outputs,
        two_outputs_by_name, outputs_as_dict, outputs_without_names, steps, steps_together,
        later_epochs, single_batches, custom_step, moments, rates, early_stopping, tables,
        lines)  # fmt: skip

if __name__ == "__main__":
    import keras

    recorded = {run.__name__: run(keras) for run in RUNS}
    Path(__file__).with_suffix(".json").write_text(json.dumps(recorded, indent=1))
