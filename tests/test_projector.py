"""The projector in Python: coordinates, neighbours, records, answers; no browser."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.summary.series import Embedding
from minitensor_widgets import Projection, ProjectorWidget, projector, samples
from minitensor_widgets.summaries import projector as pane
from minitensor_widgets.summaries.clouds import places
from minitensor_widgets.summaries.labels import column
from minitensor_widgets.summaries.neighbours import METRICS, distances, nearest, table
from minitensor_widgets.summaries.points import Cloud
from minitensor_widgets.summaries.projection import packed, pca, trustworthiness
from minitensor_widgets.summaries.samples import Log

RANDOM = np.random.default_rng(8)
POINTS = RANDOM.normal(size=(60, 7)) * np.arange(1, 8)
CLASSES = RANDOM.integers(0, 3, 60)


def shorts(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<u2")


# ---- PCA


@pytest.mark.parametrize("shape", [(60, 7), (7, 60), (200, 3), (4, 2), (1200, 1100)])
def test_axes_are_those_of_scikit_learn(shape):
    decomposition = pytest.importorskip("sklearn.decomposition")
    few = min(3, *shape)
    points = RANDOM.normal(size=shape) * np.linspace(1, 9, shape[1])
    placed, explained = pca(points)
    if shape == (1200, 1100):  # the axes are those of 1000 of the points
        assert explained == sorted(explained, reverse=True)
        return
    theirs = decomposition.PCA(few, svd_solver="full").fit(points)
    expected = theirs.transform(points)
    signs = np.sign((placed[:, :few] * expected).sum(axis=0))
    np.testing.assert_allclose(placed[:, :few] * signs, expected, atol=1e-8)
    np.testing.assert_allclose(explained[:few], theirs.explained_variance_ratio_, atol=1e-10)


def test_signs_do_not_depend_on_the_machine():
    placed, _ = pca(POINTS)
    again, _ = pca(POINTS[::-1].copy())
    np.testing.assert_allclose(again[::-1], placed, atol=1e-9)


def test_ten_thousand_points_take_less_than_a_second():
    points = RANDOM.normal(size=(10_000, 64))

    def seconds() -> float:
        began = time.perf_counter()
        pca(points)
        return time.perf_counter() - began

    assert min(seconds() for _ in range(3)) <= 1.0


@pytest.mark.parametrize("points", [
    [[1.0]], [[1.0, 2.0, 3.0]], [[1.0], [2.0]], np.ones((6, 4)), [[0.0, 0.0], [3.0, 4.0]],
    np.full((3, 2), 1e38), np.arange(-2.0, 3.0)[:, None] * 1e38,
    np.arange(5.0)[:, None] * 1e-200,
], ids=str)  # fmt: skip
def test_few_equal_or_extreme_points_are_drawn(points):
    output = projector(points)
    found = places(output.record["maps"][0])
    assert len(found) == len(points)
    assert None not in found
    ElementTree.fromstring(output.to_svg())
    assert json.dumps(output._state())


def test_packing_keeps_the_shape_of_the_cloud():
    placed = POINTS[:, :3].copy()
    placed[5] = np.nan
    made = packed(placed)
    whole = np.frombuffer(base64.b64decode(made["data"]), "<i2").reshape(-1, 3)
    assert (whole[5] == -32768).all()
    kept = np.delete(np.arange(60), 5)
    apart = np.linalg.norm(placed[kept] - placed[0], axis=1)
    drawn = np.linalg.norm(whole[kept].astype(float) - whole[0], axis=1)
    np.testing.assert_allclose(drawn / drawn.max(), apart / apart.max(), atol=2e-4)


def test_trustworthiness_is_scikit_learns():
    manifold = pytest.importorskip("sklearn.manifold")
    placed, _ = pca(POINTS, 2)
    expected = manifold.trustworthiness(POINTS, placed, n_neighbors=10)
    assert trustworthiness(POINTS, placed) == pytest.approx(expected, abs=1e-12)
    assert trustworthiness(POINTS[:4], placed[:4]) is None


# ---- neighbours


@pytest.mark.parametrize("metric", METRICS)
def test_the_nearest_are_those_of_brute_force(metric):
    spatial = pytest.importorskip("scipy.spatial.distance")
    far = spatial.cdist(POINTS, POINTS, metric)
    np.testing.assert_allclose(distances(POINTS, POINTS, metric), far, atol=1e-6)
    np.fill_diagonal(far, np.inf)
    order = np.argsort(far, axis=1, kind="stable")[:, :6]
    stored = table(POINTS, 6, metric)
    np.testing.assert_array_equal(shorts(stored["rows"]).reshape(60, 6), order)
    np.testing.assert_allclose(
        shorts(stored["far"]).reshape(60, 6) / 65535 * stored["most"],
        np.take_along_axis(far, order, axis=1), atol=1e-4 * stored["most"],
    )  # fmt: skip
    found = nearest(POINTS, 3, 6, metric)
    assert [row for row, _ in found] == order[3].tolist()


def test_a_zero_vector_has_a_cosine_distance():
    assert distances(np.zeros((1, 2)), np.eye(2), "cosine").tolist() == [[1.0, 1.0]]


# ---- records


def test_labels_are_classes_numbers_or_names():
    assert column("a", [3, 1, 3, 2], 4)["names"] == ["1", "2", "3"]
    assert column("a", ["x", "y", "x"], 3)["codes"] == [0, 1, 0]
    assert column("a", [0.5, 1.5, 2.5], 3)["kind"] == "number"
    assert column("a", ["p", "q"], 2)["kind"] == "name"
    assert column("a", [b"p", b"p"], 2)["names"] == ["p"]


def test_rows_with_nan_are_left_out_and_named():
    broken = POINTS.copy()
    broken[4, 2] = np.nan
    output = projector(broken, CLASSES)
    assert "1 point holds NaN or infinity, as float32: left out." in output.description()
    assert output.record["rows"] == [i for i in range(60) if i != 4]
    names, codes = (output.record["columns"][0][key] for key in ("names", "codes"))
    assert [names[code] for code in codes] == [str(c) for i, c in enumerate(CLASSES) if i != 4]


def test_numbers_that_float32_cannot_hold_do_not_hide_the_others():
    far = np.concatenate([POINTS, [[1e300, *POINTS[0, 1:]]]])
    output = projector(far)
    assert "1 point holds NaN or infinity, as float32: left out." in output.description()
    assert output.record["maps"] == projector(POINTS).record["maps"]


def test_thumbnails_that_are_too_much_are_told_with_a_way_out():
    noise = RANDOM.integers(0, 255, (60, 80, 80, 3), np.uint8)
    output = projector(POINTS, images=noise)
    assert output.record["sprite"] is None
    assert "too much for this output. Give fewer or smaller ones." in output.description()
    assert ProjectorWidget(POINTS, images=noise[:, ::2, ::2]).points["sprite"] is not None


def test_what_is_too_much_is_thinned_and_said():
    many = RANDOM.normal(size=(30_000, 8))
    output = projector(many, [f"a rather long name {i}" for i in range(30_000)])
    assert len(output.to_html(static=False)) < 250_000
    drawn = len(output.record["rows"])
    assert f"{drawn} of 30000 points are drawn, evenly chosen." in output.description()
    assert output.record["count"] == 30_000


def test_ten_thousand_points_fit_an_output():
    many = RANDOM.normal(size=(10_000, 64))
    output = projector(many, RANDOM.integers(0, 10, 10_000))
    assert output.record["rows"] is None
    assert len(output.to_html(static=False)) < 250_000


@pytest.mark.parametrize(("given", "error", "words"), [
    ({"vectors": [1.0, 2.0]}, TypeError, "matrix"),
    ({"vectors": [["a"]]}, TypeError, "matrix"),
    ({"vectors": np.full((2, 2), np.nan)}, ValueError, "NaN"),
    ({"vectors": POINTS, "labels": [1, 2]}, ValueError, "60 points"),
    ({"vectors": POINTS, "labels": [[1, 2]] * 60, "columns": ["a"]}, ValueError, "2 columns"),
    ({"vectors": POINTS, "method": "umap"}, ValueError, "umap"),
    ({"vectors": POINTS, "method": None}, ValueError, "method=None"),
    ({"vectors": POINTS, "method": [["pca"]]}, ValueError, r"method=.'pca'."),
    ({"vectors": POINTS, "method": []}, ValueError, r"method=\[\]"),
    ({"vectors": POINTS, "labels": 3}, TypeError, "labels=3.*no list"),
    ({"vectors": POINTS, "labels": {"a": np.float32(3)}}, TypeError, "no list"),
    ({"vectors": POINTS, "labels": CLASSES, "columns": 3}, TypeError, "columns=3.*no list"),
    ({"vectors": [[1], [1, 2]]}, TypeError, "vectors makes no array"),
    ({"vectors": POINTS, "images": [[1], [1, 2]]}, TypeError, "images makes no array"),
    ({"vectors": POINTS, "images": np.full((60, 2, 2), "a")}, TypeError, "dtype <U1"),
    ({"vectors": POINTS, "images": np.ones((60, 2, 2), complex)}, TypeError, "dtype complex"),
    ({"vectors": POINTS, "images": np.ones((3, 4, 4))}, ValueError, "one picture for each"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        projector(**given)


@pytest.mark.parametrize("bad", samples.HOSTILE)
def test_hostile_strings_stay_text(bad):
    labels = {bad: [bad, *map(str, range(59))], "x": [bad] * 30 + ["b"] * 30}
    output = projector(POINTS, labels, name=bad)
    tags = {item.tag.rpartition("}")[2] for item in ElementTree.fromstring(output.to_svg()).iter()}
    assert tags <= {"svg", "style", "rect", "text", "path", "g"}
    assert "<script>alert" not in output.to_html(static=False)


def test_the_static_output_is_the_same_each_time():
    assert projector(POINTS, CLASSES).to_svg() == projector(POINTS, CLASSES).to_svg()


def test_thumbnails_are_packed_row_by_row():
    image = pytest.importorskip("PIL.Image")
    import io

    pictures = np.arange(60, dtype=np.uint8)[:, None, None] * np.ones((60, 2, 3), np.uint8)
    sprite = projector(POINTS, images=pictures).record["sprite"]
    assert (sprite["size"], sprite["across"]) == ([3, 2], 8)
    data = base64.b64decode(sprite["data"].partition(",")[2])
    whole = np.asarray(image.open(io.BytesIO(data)))[::2, ::3, 0].ravel()
    np.testing.assert_array_equal(whole[:60], np.arange(60))


def test_a_record_is_shown_without_numpy_or_the_engine():
    record = json.dumps(projector(POINTS, CLASSES).record)
    code = (
        "import json, sys, minitensor_widgets as w\n"
        "shown = w.Projection(json.loads(sys.stdin.read()))\n"
        "shown.to_html(), shown.description()\n"
        "print(sorted({'numpy', 'minitensor', 'anywidget'} & set(sys.modules)))\n"
    )
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, input=record, check=True).stdout
    assert out == "[]\n"


# ---- with Python behind it


def asked(widget: Any, **args: Any) -> dict[str, Any]:
    sent: list[dict[str, Any]] = []
    widget.send = sent.append
    widget._asked(widget, {"ask": "q", "what": "projector", "args": args}, [])
    return sent[0]


def test_a_widget_answers_with_the_nearest_of_all_points():
    broken = POINTS.copy()
    broken[4] = np.nan
    widget = ProjectorWidget(broken, CLASSES)
    answer = asked(widget, want="near", row=9, count=3, metric="euclidean")
    far = np.linalg.norm(broken - broken[9], axis=1)
    far[[4, 9]] = np.inf
    assert [one["row"] for one in answer["near"]] == np.argsort(far)[:3].tolist()
    assert answer["near"][0]["words"] == [str(CLASSES[answer["near"][0]["row"]])]
    for wrong in ({"want": "near", "row": 4, "count": 3, "metric": "cosine"}, {"want": "x"}, {},
                  {"want": "near", "row": "a"}, {"want": "tsne", "components": 9, "perplexity": 2},
                  {"want": "near", "row": 1, "count": 3, "metric": "x"}):  # fmt: skip
        assert asked(widget, **wrong) == {"answer": "q"}


def test_a_widget_computes_tsne_beside_the_page():
    pytest.importorskip("sklearn")
    widget = ProjectorWidget(POINTS)
    answer = asked(widget, want="tsne", components=2, perplexity=5)
    assert "running" in answer or "map" in answer
    deadline = time.monotonic() + 60
    while "map" not in answer and time.monotonic() < deadline:
        answer = asked(widget, want="tsne", components=2, perplexity=5)
    assert answer["map"]["method"] == "tsne"
    theirs = mt.summary.projected(POINTS, "tsne", 2, perplexity=5)
    drawn = np.frombuffer(base64.b64decode(answer["map"]["data"]), "<i2").reshape(60, 2)
    reach = np.abs(theirs - (theirs.min(0) + theirs.max(0)) / 2).max() / 32767
    middle = (theirs.min(0) + theirs.max(0)) / 2
    np.testing.assert_allclose(drawn * reach + middle, theirs, atol=2 * reach)
    assert [one["method"] for one in widget.island().record["maps"]] == ["pca", "tsne"]


def test_a_widget_without_scikit_learn_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    widget = ProjectorWidget(POINTS)
    answer: dict[str, Any] = {}
    deadline = time.monotonic() + 60
    while "error" not in answer and time.monotonic() < deadline:
        answer = asked(widget, want="tsne", components=2, perplexity=5)
    assert "minitensor[lab]" in answer["error"]


def test_selected_points_are_rows_that_exist():
    widget = ProjectorWidget(POINTS, selected_points=[3, 1])
    assert widget.selected_points == [1, 3]
    widget.selected_points = [70, -1, 5, 5]
    assert widget.selected_points == [5]
    assert isinstance(widget.island(), Projection)
    assert widget.island()._state()["selected_points"] == [5]


# ---- the pane of the dashboard


class Recorded(Log):
    """A log with embeddings only."""

    def __init__(self, found: list[Embedding]) -> None:
        super().__init__([])
        self.found = found

    def embeddings(self) -> list[Embedding]:
        return self.found


def recorded() -> Recorded:
    vectors = POINTS.astype(np.float32)
    labels = [[str(c), f"word {i}"] for i, c in enumerate(CLASSES)]
    return Recorded([
        Embedding("a", "words", vectors, ["class", "word"], labels),
        Embedding("a", "words_tsne", vectors[:, :2] * 3),
        Embedding("a", "words_pca", vectors[:, :3]),
        Embedding("b", "words", vectors[:5]),
    ])  # fmt: skip


def test_embeddings_have_a_card_each_and_coordinates_beside_them_are_its_maps():
    cards = pane.record(recorded(), 80_000)
    assert [(card["run"], card["tag"]) for card in cards] == [("a", "words"), ("b", "words")]
    assert [one["method"] for one in cards[0]["maps"]] == ["pca", "tsne"]
    assert [item["kind"] for item in cards[0]["columns"]] == ["class", "name"]
    drawn, height = pane.figure(cards, [])
    assert height == 860.0
    ElementTree.fromstring(f"<svg>{drawn}</svg>")
    assert pane.words(cards, [])[0].startswith("words: PCA of 60 points of 7 dimensions.")
    assert json.dumps(cards)


def test_the_pane_is_answered_by_tag_and_run():
    log = recorded()
    args = {"tag": "words", "run": "a", "want": "near", "row": 2, "count": 4, "metric": "cosine"}
    answer, buffers = pane.answer(log, {**args, "drawn": 60})
    assert buffers == []
    expected = nearest(POINTS.astype(np.float32).astype(float), 2, 4, "cosine")
    assert [one["row"] for one in answer["near"]] == [row for row, _ in expected]
    assert pane.answer(log, {**args, "tag": "nothing"}) == ({}, [])
    assert pane.answer(log, {}) == ({}, [])


def test_a_cloud_of_a_tensor_or_a_variable_is_that_of_its_numbers():
    for vectors in (mt.constant(POINTS), mt.Variable(POINTS), POINTS.tolist()):
        np.testing.assert_array_equal(Cloud(vectors).points, POINTS)
