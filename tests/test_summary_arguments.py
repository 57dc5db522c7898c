"""What a learner may hand to the functions of summaries by mistake: each is one clear lesson."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    for record in (S.scalar, S.histogram, S.scalar):
        with S.create_file_writer(tmp_path).as_default(step=0) as writer:
            record("a", 1.0)
            record(record.__name__, 1.0)
        writer.close()
    log = S.read(tmp_path)
    for _ in range(2):
        [problem] = log.problems
        assert "the tag 'a' holds scalars, and later histograms, which are left out" in problem
    assert len(log.scalars("a")) == 2
    [problem] = log.problems
