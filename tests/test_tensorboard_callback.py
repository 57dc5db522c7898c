"""`keras.callbacks.TensorBoard` writes what Keras writes, and closes its files in any case."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.util.tensor_util import make_ndarray

from .tensorboard_server import serving

HERE = Path(__file__).parent / "recorded"
RECORDED = json.loads((HERE / "tensorboard_callback.json").read_text(encoding="utf-8"))

_spec = importlib.util.spec_from_file_location("recorded_board", HERE / "tensorboard_callback.py")
assert _spec is not None
assert _spec.loader is not None
recorder = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recorder)
TensorBoard = keras.callbacks.TensorBoard
X, Y = recorder.X, recorder.Y


def events(path: str) -> list[Event]:
    return [Event.FromString(raw) for raw in RawEventFileLoader(path).Load()]


def rows(folder: Path) -> dict[str, list]:
    return recorder.written(folder, events, lambda value: make_ndarray(value.tensor))


def all_events(folder: Path, run: str = "train") -> list[Event]:
    return [e for path in sorted((folder / run).glob("*tfevents*")) for e in events(str(path))]


def tags(folder: Path, run: str = "train") -> list[str]:
    return [value.tag for e in all_events(folder, run) for value in e.summary.value]


def model() -> Any:
    keras.utils.set_random_seed(0)
    made = recorder.small(keras)
    made.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def fit(made: Any, *callbacks: Any, **options: Any) -> Any:
    return made.fit(X, Y, batch_size=5, verbose=0, callbacks=list(callbacks), **options)


def graph_first(found: list) -> list:
    """Keras writes how the model is made at once, minitensor after the first step."""
    return sorted(found, key=lambda row: row[2] != "graph_keras_model")


@pytest.mark.parametrize("case", RECORDED)
def test_tags_steps_and_numbers_are_keras_s(case: str, tmp_path: Path) -> None:
    make, options = recorder.CASES[case]
    recorder.trained(keras, make, tmp_path, **options)
    ours, theirs = rows(tmp_path), RECORDED[case]
    assert sorted(ours) == sorted(theirs)
    for run, expected in theirs.items():
        found = graph_first(ours[run])
        more = sorted(row[:3] for row in found if row[:3] not in [x[:3] for x in expected])
        # Keras forgets what comes between batches that are due
        forgotten = [[4, f"evaluation_{x}_vs_iterations", "scalars"] for x in ("accuracy", "loss")]
        assert more == (forgotten if (case, run) == ("every fourth", "validation") else [])
        by_place = {tuple(row[:3]): row[3] for row in found}
        for step, tag, plugin, content in expected:
            value = by_place[step, tag, plugin]
            if tag.endswith("steps_per_second"):
                assert value > 0
            elif plugin in ("scalars", "histograms"):
                np.testing.assert_allclose(value, content, rtol=2e-4, atol=2e-6, err_msg=tag)
            else:
                assert value == content, tag


def test_the_graph_of_a_step_and_its_layers_are_recorded(tmp_path: Path) -> None:
    fit(model(), TensorBoard(tmp_path))
    [found] = [e for e in all_events(tmp_path) if e.graph_def]
    names = [node.name for node in GraphDef.FromString(found.graph_def).node]
    assert any("/conv/" in name for name in names)
    assert any(name.split("/")[0] == "gradients" or "/gradients/" in name for name in names)


def test_tensorboard_shows_both_runs_and_both_graphs(tmp_path: Path) -> None:
    fit(model(), TensorBoard(tmp_path, histogram_freq=1, write_images=True),
        validation_data=recorder.VALIDATION)  # fmt: skip
    with serving(tmp_path) as board:
        board.wait(lambda: "epoch_loss" in board.json("plugin/scalars/tags")["validation"])
        board.wait(lambda: "epoch_loss" in board.json("plugin/scalars/tags")["train"])
        info = board.json("plugin/graphs/info")["train"]
        assert info["run_graph"]
        assert info["tags"]["keras"]["conceptual_graph"]
        names = board.read("plugin/graphs/graph", run="train", tag="keras", conceptual="true")
        assert b"small/conv" in names
        assert "small/out/kernel/histogram" in board.json("plugin/histograms/tags")["train"]
        assert "small/conv/kernel/image" in board.json("plugin/images/tags")["train"]


def test_a_model_without_a_description_trains_all_the_same(tmp_path: Path) -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = keras.layers.Dense(3)

        def call(self, x: Any) -> Any:  # type: ignore[override]
            return self.out(mt.reshape(x, (-1, 64)))

    made = Own()
    made.compile("sgd", "mse")
    made.fit(X, np.zeros((20, 3), "float32"), verbose=0, callbacks=[TensorBoard(tmp_path)])
    assert "keras" not in tags(tmp_path)
    assert sum(bool(e.graph_def) for e in all_events(tmp_path)) == 1


def test_gradients_are_those_of_the_last_batch(tmp_path: Path) -> None:
    made = model()
    kept: dict[str, Any] = {}

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            with mt.GradientTape() as tape:
                loss = made.compute_loss(y=mt.constant(Y[15:]), y_pred=made(X[15:]))
            kept["gradients"] = tape.gradient(loss, made.trainable_variables)

    board = TensorBoard(tmp_path, histogram_freq=1, write_grads=True)
    fit(made, board, Keep(), shuffle=False)
    found = {tag: content for _, tag, _, content in rows(tmp_path)["train"]}
    for weight, gradient in zip(made.trainable_variables, kept["gradients"], strict=True):
        expected = [gradient.numpy().min(), gradient.numpy().max(), gradient.numpy().size]
        np.testing.assert_allclose(found[f"{weight.path}_grad/histogram"], expected, rtol=1e-5)


def test_histograms_of_gradients_leave_training_as_it_is(tmp_path: Path) -> None:
    def trained(*callbacks: Any) -> list[np.ndarray]:
        keras.utils.set_random_seed(1)
        layers = keras.layers
        made = keras.Sequential([layers.Flatten(), layers.Dense(8), layers.BatchNormalization(),
                                 layers.Dropout(0.5), layers.Dense(3)])  # fmt: skip
        made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        fit(made, *callbacks, epochs=3)
        return [w.numpy() for w in made.weights]

    board = TensorBoard(tmp_path, histogram_freq=1, write_grads=True)
    for ours, plain in zip(trained(board), trained(), strict=True):
        np.testing.assert_array_equal(ours, plain)


def test_summaries_of_ones_own_go_to_the_run(tmp_path: Path) -> None:
    class Noted(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            mt.summary.scalar("mean", mt.reduce_mean(x))
            return x

    made = keras.Sequential([keras.Input((64,)), Noted(), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    x, y = X.reshape(20, 64), np.zeros((20, 1), "float32")
    made.fit(x, y, batch_size=5, epochs=2, verbose=0, validation_data=(x, y),
             callbacks=[TensorBoard(tmp_path, update_freq=2, write_graph=False)])  # fmt: skip
    own = [(step, tag) for step, tag, _, _ in rows(tmp_path)["train"] if tag.endswith("mean")]
    assert [step for step, _ in own] == [2, 4, 6, 8]
    assert any(tag.endswith("mean") for tag in tags(tmp_path, "validation"))


def test_without_updates_by_batch_nobody_is_called_by_batch() -> None:
    made = keras.callbacks.CallbackList([TensorBoard()])
    assert not made.wants("on_train_batch_end")
    assert keras.callbacks.CallbackList([TensorBoard(update_freq=5)]).wants("on_train_batch_end")


def test_a_method_of_ones_own_is_called_by_batch(tmp_path: Path) -> None:
    seen: list[int] = []

    class Own(TensorBoard):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

    fit(model(), Own(tmp_path))
    assert seen == [0, 1, 2, 3]


def test_training_again_into_the_same_directory_adds_to_it(tmp_path: Path) -> None:
    made, board = model(), TensorBoard(tmp_path)
    fit(made, board)
    fit(made, board, epochs=2, initial_epoch=1)
    fit(made, TensorBoard(tmp_path), epochs=3, initial_epoch=2)
    found = [step for step, tag, _, _ in rows(tmp_path)["train"] if tag == "epoch_loss"]
    assert found == [0, 1, 2]


class Stop(keras.callbacks.Callback):
    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 2:
            raise self.error("stop")


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("frequency", ["epoch", "batch"])
def test_files_are_closed_after_an_exception(
    error: type[BaseException], frequency: str, tmp_path: Path
) -> None:
    board = TensorBoard(tmp_path, update_freq=frequency)
    with pytest.raises(error):
        fit(model(), board, Stop(error))
    assert not board._writers
    with mt.summary.create_file_writer(tmp_path / "train").as_default():  # the run is free
        assert mt.summary.should_record_summaries()
    assert not mt.summary.should_record_summaries()
    assert ("batch_loss" in tags(tmp_path)) == (frequency == "batch")


def test_evaluation_alone_writes_to_its_run(tmp_path: Path) -> None:
    made, board = model(), TensorBoard(tmp_path)
    fit(made, board)
    made.evaluate(X, Y, verbose=0, callbacks=[board])
    assert not board._writers
    steps = [row[0] for row in rows(tmp_path)["validation"] if row[1].endswith("_vs_iterations")]
    assert steps == [4, 4]


def test_tables_of_embeddings_are_shown_by_the_projector(tmp_path: Path) -> None:
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    layers = keras.layers
    made = keras.Sequential([keras.Input((4,)), layers.Embedding(10, 3, name="words"),
                             layers.Flatten(), layers.Dense(1)])  # fmt: skip
    made.compile("sgd", "mse")
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"words": "words.tsv"})
    x = np.arange(20).reshape(5, 4) % 10
    made.fit(x, np.zeros((5, 1), "float32"), epochs=2, verbose=0, callbacks=[board])
    text = (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8")
    [found] = text_format.Parse(text, ProjectorConfig()).embeddings
    assert found.tensor_name == made.layers[0].weights[0].path
    assert found.metadata_path == "words.tsv"
    table = np.loadtxt(tmp_path / found.tensor_path, delimiter="\t")
    np.testing.assert_allclose(table, made.layers[0].weights[0].numpy(), rtol=1e-6)
    wrong = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"wrods": "words.tsv"})
    with pytest.raises(ValueError, match=r"Unrecognized `Embedding` layer names(.|\n)*words"):
        made.fit(x, np.zeros((5, 1), "float32"), verbose=0, callbacks=[wrong])
    (tmp_path / "projector_config.pbtxt").write_bytes("embeddings {}".encode("utf-16"))
    board = TensorBoard(tmp_path, embeddings_freq=1)
    board.set_model(made)
    with pytest.raises(ValueError, match="not UTF-8"):  # before an epoch was trained for nothing
        board.on_train_begin()


def test_labels_for_a_model_without_tables_are_told(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"zz": "x.tsv"})
    with pytest.raises(ValueError, match=r"no Embedding layer(.|\n)*leave embeddings_metadata out"):
        fit(model(), board)


@pytest.mark.parametrize("wrong", [3, ["a"], {"emb": None}], ids=repr)
def test_files_of_labels_are_paths(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"embeddings_metadata(.|\n)*path of a file"):
        TensorBoard(embeddings_metadata=wrong)
    assert TensorBoard(embeddings_metadata=b"x.tsv").embeddings_metadata == "x.tsv"


@pytest.mark.parametrize(("wrong", "error", "text"), [
    (None, ValueError, "cannot be None"), (3, TypeError, "no path"),
    ("gs://bucket/run", ValueError, "place in a network"), ("a\0b", ValueError, "NUL"),
])  # fmt: skip
def test_a_directory_that_is_none_is_told_at_once(wrong: Any, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        TensorBoard(wrong)


def test_the_directory_of_the_user_is_one_for_all_files(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Embedding(10, 3),
                             keras.layers.Flatten(), keras.layers.Dense(1)])  # fmt: skip
    made.compile("sgd", "mse")
    data = np.zeros((5, 4), "int32"), np.zeros((5, 1), "float32")
    made.fit(*data, verbose=0, callbacks=[TensorBoard("~/logs", embeddings_freq=1)])
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    found = sorted(path.name for path in (tmp_path / "home" / "logs").iterdir())
    assert found == ["projector", "projector_config.pbtxt", "train"]


def test_the_same_callback_twice_is_told_when_training_begins(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path)
    with pytest.raises(RuntimeError, match="each point twice"):
        fit(model(), board, board)
    fit(model(), board)
    fit(model(), board, TensorBoard(tmp_path / "other"))
    callbacks = keras.callbacks.CallbackList([board], model=model())
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)  # a loop of one's own, interrupted here
    callbacks.on_train_begin()
    callbacks.on_train_end()


@pytest.mark.parametrize(("shape", "images"), [
    ((7,), (1, 7, 1, 1)), ((5, 2), (1, 2, 5, 1)), ((2, 5), (1, 2, 5, 1)), ((), None),
    ((3, 4, 1, 6), (6, 3, 4, 1)), ((3, 3, 2, 4), (3, 3, 2, 4)), ((3, 3, 2, 5), None),
    ((2, 3, 3, 2, 4), None), ((0, 3), None),
])  # fmt: skip
def test_weights_become_images_by_their_shape(shape: tuple, images: tuple | None) -> None:
    from minitensor.keras.callbacks.tensorboard_weights import image_of

    found = image_of(np.zeros(shape, np.float32))
    assert (None if found is None else found.shape) == images


@pytest.mark.parametrize(("options", "text"), [
    ({"update_freq": 0}, "no frequency"), ({"update_freq": "often"}, "epoch"),
    ({"histogram_freq": -1}, "0 is never"), ({"embeddings_freq": 1.5}, "whole number"),
])  # fmt: skip
def test_frequencies_that_are_none_are_told(options: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        TensorBoard(**options)


def test_the_profiler_is_not_here_and_says_so() -> None:
    with pytest.raises(NotImplementedError, match="write_steps_per_second"):
        TensorBoard(profile_batch=(2, 5))
    with pytest.raises(NotImplementedError, match="write_steps_per_second"):
        TensorBoard(profile_batch=np.array([1, 2]))
    assert all(TensorBoard(profile_batch=off) for off in (0, False, None, "", [], np.int64(0)))


def test_images_without_histograms_are_told_to_be_never_written() -> None:
    with pytest.warns(UserWarning, match="histogram_freq=0 says never"):
        TensorBoard(write_images=True)


def test_a_metric_of_many_numbers_is_left_out_with_a_warning(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path)
    made = model()
    made.compile("sgd", "sparse_categorical_crossentropy")
    board.set_model(made)
    board.on_train_begin()
    board.on_epoch_begin(0)
    with pytest.warns(UserWarning, match="'f1' is not one number"):
        board.on_epoch_end(0, {"loss": 1.0, "f1": np.zeros(3)})
    board.on_train_end()
    assert "epoch_loss" in tags(tmp_path)


def test_a_dashboard_shows_what_a_callback_recorded(tmp_path: Path) -> None:
    dashboard = pytest.importorskip("minitensor_widgets").dashboard
    board = keras.callbacks.TensorBoard(tmp_path)
    with mt.summary.create_file_writer(tmp_path / "run").as_default():
        mt.summary.scalar("loss", 0.25, step=0)
    shown = dashboard(board, title="One").description()
    assert "last 0.25" in shown
    assert shown == dashboard(tmp_path, title="One").description()
