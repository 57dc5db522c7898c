"""What `fit` says when something is wrong with it, and that nothing breaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.errors import ArgumentError, InvalidArgumentError
from minitensor.keras import layers

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3
WORDS = np.array(["cat", "dog"] * 10)
SAMPLES = mt.data.Dataset.from_tensor_slices((X, np.eye(3, dtype=np.float32)[Y]))
DATASET = mt.data.Dataset.from_tensor_slices((X, Y)).batch(5)


def model(loss: Any = "sparse_categorical_crossentropy", **options: Any) -> Any:
    made = keras.Sequential([layers.Dense(3, activation="softmax")])
    made.compile("sgd", loss, **options)
    return made


def images() -> Any:
    return keras.Sequential([keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(1)])


def two(**options: Any) -> Any:
    x = keras.Input((4,))
    made = keras.Model(x, [layers.Dense(1, name="a")(x), layers.Dense(3, name="b")(x)])
    made.compile("sgd", **options)
    return made


CASES: dict[str, tuple[Callable, str]] = {
    "fit before compile": (
        lambda: keras.Sequential([layers.Dense(1)]).fit(X, Y),
        r"You must call `compile\(\)` before using the model",
    ),
    "evaluate before compile": (
        lambda: keras.Sequential([layers.Dense(1)]).evaluate(X, Y),
        r"You must call `compile\(\)` before using the model",
    ),
    "no loss": (
        lambda: model(None).fit(X, Y, verbose=0),
        r"No loss to compute. Provide a `loss` argument in `compile\(\)`",
    ),
    "unknown optimizer": (
        lambda: model().compile("sdg", "mse"),
        "Could not interpret optimizer identifier: sdg.*did you mean 'sgd'",
    ),
    "unknown loss": (
        lambda: model("mean_sqared_error"),
        "Could not interpret loss identifier: mean_sqared_error.*did you mean 'mean_squared_error'",
    ),
    "unknown metric": (
        lambda: model(metrics=["accurracy"]),
        "Could not interpret metric identifier: accurracy.*did you mean 'accuracy'",
    ),
    "lengths that differ": (
        lambda: model().fit(X, Y[:5], verbose=0),
        r"Data cardinality is ambiguous. Make sure all arrays contain the same number of "
        r"samples.'x' sizes: 20\n'y' sizes: 5\n",
    ),
    "weights of another length": (
        lambda: model().fit(X, Y, sample_weight=np.ones(3), verbose=0),
        "'sample_weight' sizes: 3",
    ),
    "no samples": (lambda: model().fit(X[:0], Y[:0]), "input data to be non-empty"),
    "no batches": (lambda: model().fit(DATASET.take(0), verbose=0), "input data to be non-empty"),
    "no batches to evaluate": (
        lambda: model().evaluate(DATASET.take(0), verbose=0), "input data to be non-empty",
    ),
    "nothing to predict": (lambda: model().predict(X[:0], verbose=0), "to be non-empty"),
    "an exhausted generator": (lambda: model().fit(iter(()), verbose=0), "to be non-empty"),
    "no x": (lambda: model().fit(None, verbose=0), "x=None. There is nothing to train on"),
    "no y": (lambda: model().fit(X, verbose=0), "y is missing.*pass y beside x"),
    "lists of numbers": (
        lambda: model().fit(X.tolist(), Y.tolist()), r"Unrecognized data type: x=.*np.array\(x\)",
    ),
    "labels as a list": (
        lambda: model().fit(X, Y.tolist()), r"Unrecognized data type: y=.*np.array\(y\)",
    ),
    "a word": (lambda: model().fit("data.csv"), "Unrecognized data type: x='data.csv'"),
    "numbers without axes": (lambda: model().fit(np.array(1.0), Y), r"no axes.*x\[None\]"),
    "samples that are no batches": (
        lambda: model().fit(mt.data.Dataset.from_tensor_slices((X, Y)), verbose=0),
        r"without a batch axis.*dataset.batch\(32\)",
    ),
    "vectors that are no batches": (
        lambda: model("mse").fit(SAMPLES, verbose=0),
        r"of shape \(4,\) and \(3,\), look like samples.*To fix it: .*dataset.batch\(32\)\.\n",
    ),
    "images that are no batches": (
        lambda: images().predict(mt.data.Dataset.from_tensor_slices(np.ones((5, 6, 6, 1))),
                                 verbose=0), r"of shape \(6, 6, 1\), look.*dataset.batch\(32\)",
    ),
    "words as labels": (
        lambda: model().fit(X, WORDS), r"^fit: got y.*numbers.*np.unique\(y, return_inverse=True\)",
    ),
    "words as objects as labels": (
        lambda: model().evaluate(X, WORDS.astype(object)), "^evaluate: got y.*StringLookup",
    ),
    "words as labels in a dataset": (
        lambda: model().fit(mt.data.Dataset.from_tensor_slices((X, WORDS)).batch(5), verbose=0),
        "labels of shape.*np.unique",
    ),
    "words as inputs": (
        lambda: model().fit(WORDS, Y, verbose=0), "x holds strings.*To fix it: .*TextVectorization",
    ),
    "columns of words as inputs": (
        lambda: model().predict(WORDS[:, None].astype(object), verbose=0), "x holds strings",
    ),
    "objects as inputs": (
        lambda: model().predict(np.array([[1, None], [2, "a"]], object)),
        "^predict: got x of .* dtype object.*NoneType, int, str.*dtype='float32'",
    ),
    "labels of another width": (
        lambda: model("mse").fit(X, X[:, :2], verbose=0),
        r"loss 'mse': got labels of shape \(20, 2\) and an output of shape \(20, 3\).*units=2",
    ),
    "class numbers for the wrong crossentropy": (
        lambda: model("categorical_crossentropy").fit(X, Y, verbose=0),
        r"'categorical_crossentropy': got labels of shape \(20,\).*must have the same rank.*"
        r"loss='sparse_categorical_crossentropy'.*to_categorical\(y, 3\)",
    ),
    "rows for the sparse crossentropy": (
        lambda: model().fit(X, np.eye(3)[Y], verbose=0), r"np.argmax\(y, axis=-1\)",
    ),
    "labels of another width for an own loss": (
        lambda: model(lambda y, p: mt.abs(y - p)).fit(X, X[:, :2], verbose=0),
        r"in user code.*lambda y, p.*given labels of shape \(20, 2\) and an output of shape",
    ),
    "a list to predict": (lambda: model().predict([1.0, 2.0]), r"^predict: got x=\[1.0"),
    "validation without y": (
        lambda: model().fit(X, Y, validation_data=X, verbose=0),
        r"^fit, validation_data: got no y.*validation_data=\(x, y\)",
    ),
    "validation of different lengths": (
        lambda: model().fit(X, Y, validation_data=(X, Y[:5])), "^fit, validation_data:.*sizes: 5",
    ),
    "validation of another width": (
        lambda: model().fit(X, Y, validation_data=(X[:, :3], Y), verbose=0),
        "This happened in validation, with validation_data",
    ),
    "a dataset without end": (
        lambda: model().fit(DATASET.repeat(), verbose=0), "steps_per_epoch=100",
    ),
    "y beside a dataset": (
        lambda: model().fit(DATASET, Y),
        "When providing `x` as a Dataset, `y` should not be passed. Instead, the targets should be "
        "included as part of the Dataset",
    ),
    "a batch of four parts": (
        lambda: model().fit(((X, Y, Y, Y) for _ in range(2)), verbose=0),
        r"Data is expected to be in format `x`, `\(x,\)`, `\(x, y\)`, or `\(x, y, sample_weight\)`",
    ),
    "a split of a dataset": (
        lambda: model().fit(DATASET, validation_split=0.2), "only supported for tensors or NumPy",
    ),
    "a split of one sample": (
        lambda: model().fit(X[:1], Y[:1], validation_split=0.5),
        "Training data contains 1 samples, which is not sufficient to split it",
    ),
    "a split of 1.5": (lambda: model().fit(X, Y, validation_split=1.5), "between 0 and 1"),
    "batches of 0": (lambda: model().fit(X, Y, batch_size=0), "batch_size=0"),
    "half an epoch": (lambda: model().fit(X, Y, epochs=0.5), "epochs=0.5"),
    "no steps": (lambda: model().fit(X, Y, steps_per_epoch=0), "steps_per_epoch=0"),
    "validation never": (
        lambda: model().fit(X, Y, validation_data=(X, Y), validation_freq=0), "validation_freq=0",
    ),
    "steps together": (lambda: model(steps_per_execution=0), "steps_per_execution=0"),
    "loud": (lambda: model().fit(X, Y, verbose="loud"), "verbose='loud'"),
    "class weights as a list": (
        lambda: model().fit(X, Y, class_weight=[1.0, 2.0]), "class_weight={0: 1.0, 1: 5.0}",
    ),
    "weights twice": (
        lambda: model().fit(X, Y, class_weight={0: 1.0}, sample_weight=np.ones(20)),
        "`class_weight` and `sample_weight` at the same time",
    ),
    "class weights of two outputs": (
        lambda: two(loss=["mse", "mse"]).fit(X, [Y, Y], class_weight={0: 1.0}),
        "`class_weight` is only supported for Models with a single output",
    ),
    "a loss too few": (
        lambda: two(loss=["mse"]).fit(X, [Y, Y], verbose=0), "got 2 outputs and 1 of them",
    ),
    "a weight too few": (
        lambda: two(loss=["mse", "mse"], loss_weights=[1.0]).fit(X, [Y, Y], verbose=0),
        "`loss_weights` must match the number of outputs",
    ),
    "a loss of an unknown output": (
        lambda: two(loss={"a": "mse", "c": "mse"}).fit(X, [Y, Y], verbose=0),
        r"Expected keys \['a', 'b'\] in loss dict, but found loss.keys\(\)=\['a', 'c'\]",
    ),
    "metrics of an unknown output": (
        lambda: two(loss="mse", metrics={"c": ["mae"]}).fit(X, [X[:, :1], X[:, 1:]], verbose=0),
        r"Expected keys \['a', 'b'\] in metrics dict",
    ),
    "labels of one output": (
        lambda: two(loss=["mse", "mse"]).fit(X, [Y], verbose=0), "`y` must match the number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_a_lesson(case: str) -> None:
    mistake, words = CASES[case]
    with pytest.raises(InvalidArgumentError, match=f"(?s){words}") as caught:
        mistake()
    assert "To fix it: " in str(caught.value)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: model().fit(X, Y, epoch=3), r"^fit: got epoch=3\..*did you mean 'epochs'\?"),
        (lambda: model().compile("sgd", metric=["mae"]), "^compile: .*did you mean 'metrics'"),
        (lambda: model().predict(X, batchsize=3), "^predict: .*did you mean 'batch_size'"),
        (lambda: model().train_on_batch(X, Y, sampleweight=3), "sample_weight"),
        (lambda: model().predict(), r"^predict: .*missing a required argument: 'x'"),
    ],
)
def test_an_argument_that_does_not_exist_is_a_lesson(mistake: Callable, words: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?si){words}"):
        mistake()


def test_a_model_that_begins_with_a_text_layer_takes_words() -> None:
    lookup = layers.StringLookup(vocabulary=["cat", "dog"])
    made = keras.Sequential([lookup, layers.Embedding(3, 2), layers.Dense(1)])
    made.compile("sgd", "mse")
    for words in (WORDS, WORDS.astype(object)):
        assert len(np.unique(made.predict(words, verbose=0))) == 2
        made.fit(words, X[:, :1], verbose=0)


def test_an_own_loss_for_labels_of_another_shape_keeps_its_own_error() -> None:
    def wrong(y: Any, y_pred: Any) -> Any:
        return mt.matmul(y_pred, y_pred)

    with pytest.raises(InvalidArgumentError, match=r"(?s)return mt\.matmul.*matmul: got"):
        model(wrong).fit(X, Y, verbose=0)


def test_warnings_point_at_the_learners_line() -> None:
    class Frozen(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    class Half(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = layers.Dense(4), layers.Dense(4)

        def call(self, x: Any) -> Any:
            return self.used(x) + 0.0 * mt.stop_gradient(self.unused(x))

    frozen = Frozen()
    frozen.compile("sgd", "mse")
    half = Half()
    half.compile("sgd", "mse")
    short = mt.data.Dataset.from_tensor_slices((X, Y)).batch(5)
    stop = keras.callbacks.EarlyStopping("val_lss", mode="min")
    save = keras.callbacks.ModelCheckpoint("m.keras", "val_lss", save_best_only=True, mode="min")
    one = keras.Sequential([layers.Dense(1, activation="softmax")])
    one.compile("sgd", "categorical_crossentropy")
    for mistake in (
        lambda: frozen.fit(X, X, verbose=0),
        lambda: half.fit(X, X, verbose=0),
        lambda: model().fit(short, verbose=0, steps_per_epoch=9),
        lambda: model().fit(iter(list(short)), verbose=0, epochs=2),
        lambda: model().fit(X, Y, verbose=0, callbacks=[stop]),
        lambda: model().fit(X, Y, verbose=0, callbacks=[save]),
        lambda: keras.callbacks.EarlyStopping(mode="best"),
        lambda: one.fit(X, X[:, :1], verbose=0),
    ):
        with pytest.warns((UserWarning, SyntaxWarning)) as told:
            mistake()
        assert {warning.filename for warning in told} == {__file__}


def test_a_model_without_optimizer_can_be_evaluated_but_not_trained() -> None:
    made = keras.Sequential([layers.Dense(1)])
    made.compile(None, "mse")
    assert made.evaluate(X, Y, verbose=0) > 0
    with pytest.raises(InvalidArgumentError, match="no optimizer to change the weights"):
        made.fit(X, Y, verbose=0)


@pytest.mark.parametrize(
    ("callback", "words"), [(3, "is no callback"), (keras.callbacks.History, r"History\(\)")]
)
def test_what_is_no_callback_is_refused(callback: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        model().fit(X, Y, verbose=0, callbacks=[callback])


def test_a_step_has_to_return_a_dict() -> None:
    class Plain(keras.Model):
        def train_step(self, data: Any) -> Any:
            return mt.reduce_mean(data[0])

    made = Plain()
    made.compile("sgd")
    with pytest.raises(ArgumentError, match="did not return a dict"):
        made.fit(X, Y, verbose=0)


def test_labels_out_of_range_are_named_and_the_weights_stay() -> None:
    made = model()
    made.fit(X, Y, verbose=0)
    before = made.get_weights()
    with pytest.raises(InvalidArgumentError, match=r"label value of 7 .* valid range of \[0, 3\)"):
        made.fit(X, np.where(Y == 2, 7, Y), verbose=0)
    np.testing.assert_array_equal(made.get_weights()[0], before[0])
    made.fit(X, Y, verbose=0)


def test_inputs_of_another_size_are_told_by_the_layer() -> None:
    made = model()
    made.fit(X, Y, verbose=0)
    for _ in range(3):
        with pytest.raises(InvalidArgumentError, match=r"expected axis -?1 .* to have value 4"):
            made.fit(X[:, :3], Y, verbose=0)


def test_an_error_in_a_call_shows_the_learners_line_and_no_engine() -> None:
    class Wrong(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return mt.matmul(self.dense(x), x)

    made = Wrong()
    made.compile("sgd", "mse")
    with pytest.raises(InvalidArgumentError, match=r"return mt\.matmul") as caught:
        made.fit(X, Y, verbose=0)
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    engine = [file for file in files if f"{os.sep}minitensor{os.sep}" in file]
    assert not engine
    assert files[-1] == __file__


def test_an_error_of_a_generator_is_the_learners_own() -> None:
    def broken() -> Any:
        yield X, Y
        raise RuntimeError("no more today")

    made = model()
    with pytest.raises(RuntimeError, match="no more today"):
        made.fit(broken(), verbose=0)
    assert int(made.optimizer.iterations) == 1


def test_no_warning_of_retraces_when_models_are_compiled_again_and_again(caplog: Any) -> None:
    for _ in range(8):
        model().fit(X, Y, verbose=0)
    assert "retracing" not in caplog.text


def test_callbacks_that_do_not_exist_say_what_does() -> None:
    with pytest.raises(AttributeError, match="LambdaCallback"):
        keras.callbacks.RemoteMonitor
    with pytest.raises(AttributeError, match="did you mean 'EarlyStopping'"):
        keras.callbacks.EarlyStoping


INTERRUPTED = """
import os, signal, sys
import numpy as np
import minitensor as mt
from minitensor import keras

class Press(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        print("on_train_end", sorted(logs))

class Slow(keras.layers.Layer):
    '''Sends the signal from within a step: the third of the second epoch.'''
    def call(self, x):
        def press(array):
            global calls
            calls += 1
            if calls == 7:
                os.kill(os.getpid(), signal.SIGINT)
            return array
        return mt.ensure_shape(mt.numpy_function(press, [x], mt.float32), x.shape)

calls = 0
x, y = np.ones((20, 4), "float32"), np.ones((20, 1), "float32")
model = keras.Sequential([Slow(), keras.layers.Dense(1)])
model.compile("sgd", "mse")
try:
    model.fit(x, y, batch_size=5, epochs=50, callbacks=[Press()], verbose=VERBOSE)
except KeyboardInterrupt as interrupt:
    print("interrupted", getattr(interrupt, "__notes__", []))
print("steps", int(model.optimizer.iterations), "epochs", model.history.epoch)
print(model.fit(x, y, verbose=0, batch_size=5).history.keys(), model.predict(x, verbose=0).shape)
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("verbose", [0, 2])
def test_ctrl_c_stops_after_the_step_and_leaves_the_model_usable(verbose: int) -> None:
    program = INTERRUPTED.replace("VERBOSE", str(verbose))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                         timeout=120, check=False)  # fmt: skip
    assert run.returncode == 0, run.stderr
    told = run.stdout.splitlines()
    where = "Interrupted after step 3 of epoch 2. The model has the weights of that step"
    if verbose:
        assert any(line.startswith(where) for line in told)
        assert "interrupted []" in told
    else:
        assert any(line.startswith("interrupted") and where in line for line in told)
    assert "on_train_end ['loss']" in told
    assert "steps 7 epochs [0]" in told
    assert told[-2] == "dict_keys(['loss']) (20, 1)"
    assert told[-1] == "True"


def test_a_second_ctrl_c_does_not_wait_for_the_step() -> None:
    from minitensor.keras.training.interrupts import Interrupts

    with Interrupts() as interrupts:
        interrupts.in_step = True
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_between_steps_is_handled_at_once() -> None:
    class Press(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                signal.raise_signal(signal.SIGINT)

    made = model()
    with pytest.raises(KeyboardInterrupt) as caught:
        made.fit(X, Y, batch_size=5, epochs=3, verbose=0, callbacks=[Press()])
    assert int(made.optimizer.iterations) == 3
    assert "after step 3 of epoch 1" in caught.value.__notes__[0]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
