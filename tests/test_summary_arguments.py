"""What a learner may hand to the functions of summaries by mistake: each is one clear lesson."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.views import open_runs

S: Any = mt.summary


@pytest.mark.parametrize(
    ("suffix", "error"),
    [(3, TypeError), (b".x", TypeError), (["x"], TypeError), ("\0", ValueError),
     ("/x", ValueError), ("x" * 300, ValueError), ("\ud800", ValueError)],
)  # fmt: skip
def test_a_suffix_is_the_end_of_a_name(tmp_path: Path, suffix: Any, error: type) -> None:
    with pytest.raises(error, match=r"filename_suffix=.*To fix it: ") as caught:
        S.create_file_writer(tmp_path / "run", filename_suffix=suffix)
    assert isinstance(caught.value, mt.errors.OpError)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("suffix", ["", ".v2", "ä" * 50])
def test_a_suffix_is_what_the_name_of_the_file_ends_with(tmp_path: Path, suffix: str) -> None:
    with S.create_file_writer(tmp_path, filename_suffix=suffix) as writer:
        assert Path(writer.path).name.endswith(suffix)
    assert S.read(tmp_path).runs == ["."]


PLACES: dict[str, tuple[Any, type, str]] = {
    "nobody's": ("~nobody-of-that-name/x", ValueError, "home directory"),
    "half a character": ("\ud800", ValueError, "no whole character"),
    "NUL": ("a\0b", ValueError, "the character NUL"),
    "a number": (3, TypeError, "That is no path"),
}


def write_table(path: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        S.read(folder).to_csv(path)


@pytest.mark.parametrize("asker", [S.create_file_writer, S.read, open_runs, write_table])
@pytest.mark.parametrize("place", PLACES)
def test_a_path_that_no_file_can_have_is_a_lesson(place: str, asker: Callable) -> None:
    given, error, text = PLACES[place]
    with pytest.raises(error, match=rf"{text}.* To fix it: ") as caught:
        asker(given)
    assert isinstance(caught.value, mt.errors.OpError)


@pytest.mark.parametrize("asker", [S.read, open_runs, write_table])
def test_nothing_is_no_path(asker: Callable) -> None:
    with pytest.raises(mt.errors.ArgumentError, match=r"That is no path.* To fix it: "):
        asker(None)


def test_a_table_that_cannot_be_written_is_a_lesson(tmp_path: Path) -> None:
    log = S.read(tmp_path)
    for path in (tmp_path, tmp_path / "missing" / "curves.csv"):
        with pytest.raises(mt.errors.InvalidArgumentError, match=r"It cannot be written: .*To fix"):
            log.to_csv(path)


@pytest.mark.parametrize("tag", [["a"], {}, 3, None])
def test_a_tag_is_text(tmp_path: Path, tag: Any) -> None:
    with S.create_file_writer(tmp_path).as_default(step=0) as writer:
        S.scalar("a", 1.0)
    writer.close()
    log = S.read(tmp_path)
    for run in (None, "."):
        with pytest.raises(mt.errors.ArgumentError, match=r"A tag is text.* To fix it: "):
            log.scalars(tag, run)


def test_directories_with_event_files_are_offered_for_one_that_is_not_there(
    tmp_path: Path,
) -> None:
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "lgs").mkdir()
    (tmp_path / "look.ipynb").write_text("{}")
    with pytest.raises(LookupError) as caught:
        S.read(tmp_path / "log")
    assert "run the training first" in str(caught.value)
    assert str(Path.cwd()) in str(caught.value)
    for name in ("runs/late/train", "later", ".hidden"):
        S.create_file_writer(tmp_path / name).close()
    with pytest.raises(LookupError, match=r"To fix it: use one of 'later', 'runs'\.$"):
        S.read(tmp_path / "log")
    with pytest.raises(LookupError, match="did you mean 'runs'"):
        S.read(tmp_path / "run")
    with pytest.raises(LookupError, match="run the training first"):
        S.read(tmp_path / "neither" / "run")


def test_a_tag_that_changed_its_kind_between_files_is_a_problem(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for number, record in enumerate((S.scalar, S.histogram, S.scalar)):
        with S.create_file_writer(tmp_path / f"{number}").as_default(step=0) as writer:
            record("a", 1.0)
            record(record.__name__, 1.0)
        writer.close()
        Path(writer.path).rename(run / Path(writer.path).name)  # as if by another program
    log = S.read(run)
    for _ in range(2):
        [problem] = log.problems
        assert "the tag 'a' holds scalars, and later histograms, which are left out" in problem
    assert len(log.scalars("a")) == 2
    [problem] = log.problems


def sound() -> np.ndarray:
    return np.zeros((1, 4, 1), np.float32)


MASKED = np.ma.array([0.5, 1.0], mask=[True, False])
VALUES: dict[str, tuple[Callable[[], Any], type, str]] = {
    "scaling": (
        lambda: S.image("i", np.zeros((1, 2, 2, 1)), 0, scaling=["v1"]), ValueError,
        "There is no such rule"),
    "encoding": (
        lambda: S.audio("a", sound(), 8000, 0, encoding=np.array(["wav", "mp3"])), ValueError,
        "Unknown encoding"),
    "thresholds": (
        lambda: S.pr_curve("p", [1], [0.5], 10**12, step=0), ValueError, "more than 1000000"),
    "an infinite weight": (
        lambda: S.pr_curve("p", [1, 0], [0.5, 0.5], 3, [np.inf, 1.0], 0), ValueError,
        "weights whose sum is inf"),
    "a weight that is none": (
        lambda: S.pr_curve("p", [1, 0], [0.5, 0.5], 3, [np.nan, 1.0], 0), ValueError,
        "weights whose sum is nan"),
    "large weights": (
        lambda: S.pr_curve("p", [1, 0], [0.5, 0.5], 3, np.full(2, 1e308), 0), ValueError,
        "weights whose sum is inf"),
    "a masked number": (lambda: S.scalar("s", np.ma.masked, 0), ValueError, "has no mask"),
    "masked weights": (lambda: S.histogram("h", MASKED, 0), ValueError, "has no mask"),
    "half a character": (
        lambda: mt.constant(["a", "b\ud800"]), ValueError, "rror converting unicode string"),
}  # fmt: skip


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("what", VALUES)
def test_a_value_that_cannot_be_recorded_is_a_lesson(
    tmp_path: Path, what: str, traced: bool
) -> None:
    action, error, text = VALUES[what]
    with S.create_file_writer(tmp_path, on_error="raise").as_default(step=0) as writer:
        with pytest.raises(error, match=text) as caught:
            mt.function(action)() if traced else action()
        S.scalar("after", 1.0)
    assert isinstance(caught.value, mt.errors.OpError)
    assert "To fix it: " in str(caught.value)
    writer.close()
    assert S.read(tmp_path).tags(".") == {"after": "scalars"}


def test_a_masked_array_of_which_nothing_is_masked_is_an_array(tmp_path: Path) -> None:
    with S.create_file_writer(tmp_path).as_default(step=0) as writer:
        assert S.scalar("mean", np.ma.array(2.0))
        assert S.histogram("weights", MASKED.filled(0))
    writer.close()
    assert S.read(tmp_path).scalars("mean").value == [2.0]


@pytest.mark.parametrize("traced", [False, True])
def test_half_characters_in_texts_become_question_marks(tmp_path: Path, traced: bool) -> None:
    def record() -> None:
        S.text("one", "a\ud800")
        S.text("table", [["a", "\udfffb"], ("c", b"d")])

    with S.create_file_writer(tmp_path).as_default(step=0) as writer:
        mt.function(record)() if traced else record()
    writer.close()
    log = S.read(tmp_path)
    assert log.texts("one").text[0] == "a?"
    assert np.array(log.texts("table").text[0]).tolist() == [["a", "?b"], ["c", "d"]]


@pytest.mark.parametrize(
    "empty", [np.array([], "S1"), np.zeros((0, 2), "U3"), np.array([], object)]
)
def test_no_texts_are_texts(tmp_path: Path, empty: np.ndarray) -> None:
    """TensorFlow 2.21: an empty array of text is a string tensor, unless a dtype is asked for."""
    assert mt.constant(empty).dtype == mt.string
    assert mt.constant(empty).shape == empty.shape
    assert mt.constant(empty, mt.float32).dtype == mt.float32
    with S.create_file_writer(tmp_path).as_default(step=0) as writer:
        assert S.text("none", empty)
    writer.close()
    assert S.read(tmp_path).tags(".") == {"none": "text"}
