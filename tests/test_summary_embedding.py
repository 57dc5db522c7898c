"""Embeddings: what TensorBoard's projector serves is what was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import ArgumentError, InvalidArgumentError
from minitensor.summary.projector_files import CONFIG, add_to_config, file_name, unquoted

POINTS = np.random.default_rng(4).normal(size=(12, 5)).astype(np.float32)
WORDS = [f"word {i}" for i in range(12)]


class Projector:
    """TensorBoard's plugin, asked as its page asks."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("tensorboard")
        from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
        from tensorboard.plugins import base_plugin
        from tensorboard.plugins.projector import projector_plugin
        from werkzeug import test, wrappers

        found = plugin_event_multiplexer.EventMultiplexer()
        found.AddRunsFromDirectory(str(folder))
        found.Reload()
        provider = data_provider.MultiplexerDataProvider(found, str(folder))
        context = base_plugin.TBContext(logdir=str(folder), data_provider=provider)
        plugin = projector_plugin.ProjectorPlugin(context)
        self._apps = {
            name: test.Client(app, wrappers.Response)
            for name, app in plugin.get_plugin_apps().items()
        }

    def ask(self, what: str, name: str = "", run: str = ".") -> bytes:
        answer = self._apps[f"/{what}"].get("/", query_string={"run": run, "name": name})
        assert answer.status_code == 200, answer.data
        return answer.data

    def config(self, run: str = ".") -> dict[str, Any]:
        found = json.loads(self.ask("info", run=run))["embeddings"]
        return {item["tensorName"]: item for item in found}

    def tensor(self, name: str, width: int, run: str = ".") -> np.ndarray:
        return np.frombuffer(self.ask("tensor", name, run), np.float32).reshape(-1, width)


def test_points_and_labels_are_served(tmp_path):
    assert mt.summary.embedding("words", POINTS, WORDS, logdir=tmp_path)
    served = Projector(tmp_path)
    assert served.config()["words"]["tensorShape"] == [12, 5]
    np.testing.assert_array_equal(served.tensor("words", 5), POINTS)
    assert served.ask("metadata", "words").decode().splitlines() == WORDS


def test_a_run_of_the_default_writer_is_served(tmp_path):
    with mt.summary.create_file_writer(tmp_path / "run") as writer, writer.as_default():
        mt.summary.scalar("loss", 1.0, step=0)
        assert mt.summary.embedding("words", mt.constant(POINTS), mt.constant(WORDS))
        with mt.summary.record_if(False):
            assert not mt.summary.embedding("others", POINTS)
    served = Projector(tmp_path)
    assert list(served.config("run")) == ["words"]
    np.testing.assert_array_equal(served.tensor("words", 5, "run"), POINTS)


def test_many_points_are_raw_numbers_unless_their_bytes_are_text(tmp_path):
    many = np.random.default_rng(1).normal(size=(2000, 64)).astype(np.float32)
    zeros = np.zeros((2000, 64), np.float32)
    zeros[-1] = 1.5
    mt.summary.embedding("many", many, logdir=tmp_path)
    mt.summary.embedding("zeros", zeros, logdir=tmp_path)
    assert (tmp_path / "projector" / "many.bytes").stat().st_size == many.nbytes
    served = Projector(tmp_path)
    np.testing.assert_array_equal(served.tensor("many", 64), many)
    np.testing.assert_array_equal(served.tensor("zeros", 64), zeros)


def test_several_columns_have_a_line_of_names(tmp_path):
    rows = [[word, i % 3] for i, word in enumerate(WORDS)]
    mt.summary.embedding("words", POINTS, rows, columns=["word", "class"], logdir=tmp_path)
    lines = Projector(tmp_path).ask("metadata", "words").decode().splitlines()
    assert lines[:2] == ["word\tclass", "word 0\t0"]
    assert len(lines) == 13


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgumentError, match=r"cannot be written: (Not a|File exists)"):
        mt.summary.embedding("words", POINTS, logdir=tmp_path / "file")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_thumbnails_are_one_picture_row_by_row(tmp_path, dtype):
    image = pytest.importorskip("PIL.Image")
    import io

    levels = np.arange(12, dtype=np.uint8) * 20
    pictures = np.broadcast_to(levels[:, None, None], (12, 3, 2)).astype(dtype)
    mt.summary.embedding(
        "words", POINTS, images=pictures / np.float32(255.5) if dtype != np.uint8 else pictures,
        logdir=tmp_path,
    )  # fmt: skip
    served = Projector(tmp_path)
    assert served.config()["words"]["sprite"]["singleImageDim"] == [2, 3]
    whole = np.asarray(image.open(io.BytesIO(served.ask("sprite_image", "words"))))
    assert whole.shape == (9, 8)
    np.testing.assert_allclose(whole[::3, ::2].ravel(), levels, atol=1)


def test_what_was_recorded_is_read_again(tmp_path):
    name = 'é "x" \\ a/b'
    mt.summary.embedding(name, POINTS, WORDS, images=np.ones((12, 3, 2)), logdir=tmp_path)
    rows = [[word, i] for i, word in enumerate(WORDS)]
    mt.summary.embedding("two", POINTS, rows, columns=["word", "n"], logdir=tmp_path)
    first, second = mt.summary.read(tmp_path).embeddings()
    assert (first.name, first.thumbnail) == (name, (2, 3))
    np.testing.assert_array_equal(first.vectors, POINTS)
    assert [row[0] for row in first.labels] == WORDS
    assert (second.columns, second.labels[3]) == (["word", "n"], ["word 3", "3"])


def test_another_embedding_is_added_and_one_of_the_same_name_replaced(tmp_path):
    foreign = 'model_checkpoint_path: "x{"  # embeddings {\nembeddings { tensor_name: "old" }\n'
    (tmp_path / CONFIG).write_text(foreign)
    mt.summary.embedding("a", POINTS, logdir=tmp_path)
    mt.summary.embedding('b "{" é', POINTS[:, :2], logdir=tmp_path)
    mt.summary.embedding("a", POINTS[:3], logdir=tmp_path)
    text = (tmp_path / CONFIG).read_text()
    assert text.startswith('model_checkpoint_path: "x{"  # embeddings {')
    served = Projector(tmp_path)
    assert served.config().keys() == {"old", 'b "{" é', "a"}
    np.testing.assert_array_equal(served.tensor("a", 5), POINTS[:3])
    np.testing.assert_array_equal(served.tensor('b "{" é', 2), POINTS[:, :2])


@pytest.mark.parametrize("name", ["../../out", "a/b", "..", "A", "a" * 300, "\x01\n\\", "<script>"])
def test_no_name_leaves_the_run(tmp_path, name):
    run = tmp_path / "run"
    mt.summary.embedding(name, POINTS, WORDS, logdir=run)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    served = Projector(run)
    assert list(served.config()) == [name]
    np.testing.assert_array_equal(served.tensor(name, 5), POINTS)


def test_names_that_look_alike_have_files_of_their_own():
    names = ["a/b", "a_b", "A_b", "a:b", "a\\b"]
    assert len({file_name(name, "tsv").lower() for name in names}) == len(names)


def test_labels_cannot_break_the_file(tmp_path):
    labels = ["a\tb", "c\nd", "", "  ", "e\r\u2028f", *WORDS[5:]]
    with pytest.warns(UserWarning, match="4 labels hold tabs"):
        mt.summary.embedding("words", POINTS, labels, logdir=tmp_path)
    lines = Projector(tmp_path).ask("metadata", "words").decode().split("\n")
    assert lines == ["a b", "c d", "-", "-", "e f", *WORDS[5:], ""]


def test_points_that_are_no_numbers_are_left_out_and_named(tmp_path):
    broken = POINTS.copy()
    broken[3, 1], broken[7, 0] = np.nan, np.inf
    kept = np.isfinite(broken).all(axis=1)
    with pytest.warns(UserWarning, match="2 of 12 points hold NaN"):
        mt.summary.embedding("words", broken, WORDS, images=np.ones((12, 2, 2)), logdir=tmp_path)
    served = Projector(tmp_path)
    np.testing.assert_array_equal(served.tensor("words", 5), POINTS[kept])
    assert served.ask("metadata", "words").decode().splitlines() == [
        word for word, whole in zip(WORDS, kept, strict=True) if whole
    ]


def test_coordinates_are_scikit_learns(tmp_path):
    decomposition = pytest.importorskip("sklearn.decomposition")
    noise = np.random.default_rng(0).normal(size=(120, 5))
    groups = np.repeat(np.eye(5)[:3] * 40, 40, axis=0) + noise
    mt.summary.embedding("g", groups, project=("pca", "tsne"), logdir=tmp_path)
    served = Projector(tmp_path)
    expected = decomposition.PCA(3, svd_solver="full").fit_transform(groups)
    np.testing.assert_allclose(served.tensor("g_pca", 3), expected, rtol=1e-4, atol=1e-4)
    manifold = pytest.importorskip("sklearn.manifold")
    expected = manifold.TSNE(3, perplexity=30, init="pca", random_state=0).fit_transform(groups)
    np.testing.assert_allclose(served.tensor("g_tsne", 3), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("points", [
    np.ones((1, 4)), np.eye(2), np.ones((6, 3)), np.arange(5.0)[:, None],
    [[1.0, 2.0], [np.nan, 0.0], [3.0, 4.0]],
], ids=["one", "two", "equal", "line", "nan"])  # fmt: skip
def test_few_or_equal_points_have_places(method, points):
    pytest.importorskip("sklearn")
    placed = mt.summary.projected(points, method, 3)
    assert placed.shape == (len(points), 3)
    np.testing.assert_array_equal(
        np.isfinite(placed).all(axis=1), np.isfinite(points).all(axis=1)
    )  # fmt: skip


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.decomposition", None)
    with pytest.raises(mt.errors.UnavailableError, match=r"minitensor\[lab\]"):
        mt.summary.projected(POINTS)


@pytest.mark.parametrize(("given", "words"), [
    ({"vectors": POINTS[0]}, "no list of points"),
    ({"vectors": np.zeros((0, 3))}, "no list of points"),
    ({"vectors": [["a"]]}, "no real numbers"),
    ({"vectors": np.full((2, 2), np.nan)}, "NaN or infinity"),
    ({"vectors": POINTS, "labels": WORDS[:3]}, "12 points"),
    ({"vectors": POINTS, "labels": [["a", "b"]] * 12, "columns": ["x"]}, "do not fit"),
    ({"vectors": POINTS, "images": np.ones((3, 2, 2))}, "one picture for each point"),
    ({"vectors": POINTS, "project": "umap"}, "'umap'"),
    ({"vectors": np.full((2, 2), 1e300)}, "float32 cannot hold"),
    *(({"vectors": POINTS, "images": np.zeros((12, 2, 2), kind)}, "no brightness")
      for kind in (bool, "U1", complex, object)),
])  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_written(tmp_path, given, words):
    with pytest.raises(InvalidArgumentError, match=words):
        mt.summary.embedding("words", **given, logdir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_that_is_no_text_is_left_as_it_is(tmp_path):
    before = "embeddings {}".encode("utf-16")
    (tmp_path / CONFIG).write_bytes(before)
    with pytest.raises(mt.errors.DataLossError, match="not UTF-8"):
        mt.summary.embedding("words", POINTS, logdir=tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(CONFIG, before)]


@pytest.mark.parametrize(("wrong", "error"), [
    ({"components": 2.0}, TypeError), ({"components": np.array([2, 3])}, TypeError),
    ({"components": 4}, ValueError), ({"method": np.array(["pca", "tsne"])}, ValueError),
    *(({"perplexity": x}, ValueError) for x in ("x", None, True, 0, -3, np.nan)),
    ({"seed": -1}, ValueError), ({"seed": 1 << 32}, ValueError), ({"seed": 1.5}, TypeError),
    ({"seed": "x"}, TypeError),
], ids=repr)  # fmt: skip
def test_arguments_of_projections_are_checked_before_anything_is_computed(wrong, error):
    [name] = wrong
    with pytest.raises(error, match=rf"^projected: got {name}="):
        mt.summary.projected(POINTS, **wrong)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_numbers_that_float32_cannot_hold_have_no_place(tmp_path, method):
    pytest.importorskip("sklearn")
    vectors = np.concatenate([POINTS, [[1e300, 0, 0, 0, 0]], [[-1e308, 1, 0, 0, 0]]])
    found = mt.summary.projected(vectors, method)
    assert np.isnan(found[12:]).all()
    np.testing.assert_array_equal(found[:12], mt.summary.projected(POINTS, method))
    with pytest.warns(UserWarning, match="2 of 14 points hold NaN or infinity, or what float32"):
        mt.summary.embedding("words", vectors, logdir=tmp_path)
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "projector/words.tsv", np.float32), POINTS)


@pytest.mark.parametrize("unit", [1e-30, 1e-12, 1e12, 1e25, 1e37])
def test_tsne_does_not_depend_on_the_unit(unit):
    pytest.importorskip("sklearn")
    groups = np.repeat([0.0, 8.0], 10)[:, None] + np.random.default_rng(0).normal(size=(20, 4))
    found = mt.summary.projected(groups * unit, "tsne", perplexity=5)
    near = np.linalg.norm(found[:, None] - found, axis=2) + np.diag(np.full(20, np.inf))
    assert (near.argmin(axis=1) // 10 == np.arange(20) // 10).all()


def test_inside_a_traced_function_it_says_what_to_do(tmp_path):
    @mt.function
    def record(x):
        mt.summary.embedding("words", x, logdir=tmp_path)
        return x

    with pytest.raises(ArgumentError, match="outside the function"):
        record(mt.constant(POINTS))


def test_strings_of_the_text_format_are_read_as_protobuf_reads_them(tmp_path):
    text_format = pytest.importorskip("google.protobuf.text_format")
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    name = "é\n\t\"'\\ \x01 \u2028 end"
    add_to_config(tmp_path, {name: []})
    config = text_format.Parse((tmp_path / CONFIG).read_text(encoding="utf-8"), ProjectorConfig())
    assert config.embeddings[0].tensor_name == name
    again = text_format.MessageToString(config)
    assert unquoted(again.split("tensor_name: ")[1].split("\n")[0]) == name
