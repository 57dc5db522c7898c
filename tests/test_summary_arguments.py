"""What a learner may hand to the functions of summaries by mistake: each is one clear lesson."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import minitensor as mt

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


@pytest.mark.parametrize("asker", ["create_file_writer"])
@pytest.mark.parametrize("place", PLACES)
def test_a_path_that_no_file_can_have_is_a_lesson(place: str, asker: str) -> None:
    functions: dict[str, Callable] = {"create_file_writer": S.create_file_writer}
    given, error, text = PLACES[place]
    with pytest.raises(error, match=rf"{text}.* To fix it: ") as caught:
        functions[asker](given)
    assert isinstance(caught.value, mt.errors.OpError)
