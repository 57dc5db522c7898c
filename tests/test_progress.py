"""The progress of training in a terminal, in a notebook and in a log file."""

from __future__ import annotations

import io
import re
import time
from typing import Any

import numpy as np
import pytest

from minitensor import keras
from minitensor.keras import layers

Progbar = keras.utils.Progbar
X, Y = np.ones((20, 4), np.float32), np.zeros((20, 1), np.float32)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


class Notebook(io.StringIO):
    """A stream as Jupyter's kernel has it."""

    encoding = "UTF-8"  # type: ignore[assignment]


Notebook.__module__ = "ipykernel.iostream"


def screen(text: str) -> list[str]:
    """What a terminal shows: a carriage return goes back to the beginning of the line."""
    lines = []
    for line in COLOURS.sub("", text).split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines


@pytest.fixture
def to(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Send the standard output to a stream, 80 columns wide."""

    def send(stream: Any, columns: int = 80) -> Any:
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        return stream

    return send


def fit(verbose: Any = "auto", epochs: int = 2, **options: Any) -> Any:
    model = keras.Sequential([layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=5, epochs=epochs, verbose=verbose, **options)
    return model


def test_a_terminal_shows_one_line_per_epoch_that_is_written_again(to: Any) -> None:
    stream = to(Terminal(), 100)
    model = fit(validation_data=(X, Y))
    model.evaluate(X, Y)
    model.predict(X)
    text = stream.getvalue()
    assert "\x1b[32m━" in text
    shown = screen(text)
    assert len(shown) == 7
    assert shown[0] == "Epoch 1/2"
    assert re.fullmatch(
        r"4/4 ━{12,17} \S+ \d+[mu]?s/step - loss: 16.0000 - mae: 4.0000 - val_loss: 16.0000"
        r" - val_mae: 4.0000",
        shown[1],
    )
    assert shown[2] == "Epoch 2/2"
    assert re.fullmatch(r"1/1 ━{20} \S+ \d+[mu]?s/step - loss: 16.0000 - mae: 4.0000", shown[4])
    assert re.fullmatch(r"1/1 ━{20} \S+ \d+[mu]?s/step", shown[5])


def test_colours_are_left_out_when_they_are_not_wanted(
    to: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = to(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    fit()
    assert "\x1b" not in stream.getvalue()
    assert "\r" in stream.getvalue()


@pytest.mark.parametrize("columns", [20, 40, 60, 120])
def test_no_line_that_is_rewritten_is_wider_than_the_terminal_and_the_last_is_whole(
    to: Any, columns: int
) -> None:
    stream = to(Terminal(), columns)
    fit()
    lines = COLOURS.sub("", stream.getvalue()).split("\n")
    rewritten = [part for line in lines for part in line.split("\r")[:-1]]
    assert max(map(len, rewritten)) < columns
    assert sum("loss: 16.0000 - mae: 4.0000" in line.split("\r")[-1] for line in lines) > 0


def test_a_terminal_without_these_characters_gets_others(to: Any) -> None:
    stream = to(Terminal())
    stream.encoding = "ascii"
    fit()
    stream.getvalue().encode("ascii")
    assert "4/4 ====================" in "\n".join(screen(stream.getvalue()))


def test_a_notebook_shows_one_line_per_epoch(to: Any) -> None:
    stream = to(Notebook())
    fit(epochs=3)
    shown = screen(stream.getvalue())
    assert len(shown) == 7
    assert shown[5].startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ ")
    assert len(stream.getvalue()) < 3000


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_file_gets_a_line_per_epoch_and_no_control_characters(
    to: Any, stream: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = to(stream())
    monkeypatch.setenv("TERM", "dumb")
    fit()
    text = stream.getvalue()
    assert "\r" not in text
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert re.fullmatch(r"4/4 - \d+s - \d+[mu]?s/step - loss: 16.0000 - mae: 4.0000", lines[1])
    assert len(lines) == 4


def test_a_bar_that_is_asked_for_in_a_file_is_written_once_per_epoch(to: Any) -> None:
    stream = to(io.StringIO())
    fit(verbose=1)
    text = stream.getvalue()
    assert "\r" not in text
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4
    assert text.splitlines()[1].startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ ")


def test_silence_is_silent(to: Any) -> None:
    stream = to(Terminal())
    model = fit(verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert stream.getvalue() == ""


def test_the_bar_is_drawn_a_few_times_a_second_and_reads_results_only_then(to: Any) -> None:
    stream = to(Terminal())
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    start = time.perf_counter()
    model.fit(np.ones((3000, 4)), np.ones((3000, 1)), batch_size=1)
    seconds = time.perf_counter() - start
    assert stream.getvalue().count("\r") <= 3 + seconds / 0.2
    assert screen(stream.getvalue())[1].startswith("3000/3000 ━")


def test_a_source_of_unknown_length_is_counted(to: Any) -> None:
    stream = to(Terminal())
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit((X[:5], Y[:5]) for _ in range(3))
    assert "1/Unknown" in stream.getvalue()
    assert re.match(r"3/3 ━{20} \S+ \d+[mu]?s/step - loss: ", screen(stream.getvalue())[1])


def test_an_error_begins_on_a_line_of_its_own(to: Any) -> None:
    def broken() -> Any:
        yield X[:5], Y[:5]
        raise RuntimeError("no more")

    stream = to(Terminal())
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(RuntimeError, match="no more"):
        model.fit(broken())
    assert stream.getvalue().endswith("\n")


# `Progbar` by itself.


def test_progbar_averages_values_and_takes_others_as_they_are(to: Any) -> None:
    stream = to(io.StringIO())
    bar = Progbar(5, verbose=2, unit_name="file", stateful_metrics=["best"])
    for number in range(5):
        bar.add(1, [("loss", 0.1 * number), ("best", number), ("tiny", 1e-5 * number)])
    assert re.fullmatch(
        r"5/5 - \d+s - \d+[mu]?s/file - loss: 0.2000 - best: 4.0000 - tiny: 2.0000e-05\n",
        stream.getvalue(),
    )


def test_progbar_estimates_the_time_that_is_left(to: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = to(Terminal())
    now = [100.0]
    monkeypatch.setattr("minitensor.keras.callbacks.progress_bar.time.perf_counter", lambda: now[0])
    bar = Progbar(100)
    for step in range(1, 12):
        now[0] += 60.0 if step == 1 else 2.0
        bar.update(step)
    assert screen(stream.getvalue())[0].endswith(" 2:58 2s/step")
    bar.update(100, finalize=True)
    assert screen(stream.getvalue())[0].endswith(" 1:20 202ms/step")


def test_progbar_in_silence(to: Any) -> None:
    stream = to(Terminal())
    bar = Progbar(2, verbose=0)
    bar.update(1)
    bar.update(2)
    assert stream.getvalue() == ""


def test_training_within_training_begins_on_a_line_of_its_own(to: Any) -> None:
    def line() -> Any:
        made = keras.Sequential([layers.Dense(1)])
        made.compile("sgd", "mse")
        return made

    class Inner(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1:
                inner = line()
                inner.fit(X, Y, batch_size=10, verbose=1)
                inner.evaluate(X, Y, verbose=2)

    shown = to(Terminal())
    line().fit(X, Y, batch_size=5, verbose=1, callbacks=[Inner()])
    lines = screen(shown.getvalue())
    assert [line.split(" ")[0] for line in lines if line] == [
        "Epoch", "1/4", "Epoch", "2/2", "1/1", "4/4",
    ]  # fmt: skip
    assert not any("Epoch" in line[1:] for line in lines)
