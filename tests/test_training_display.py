"""Training while it runs: `track`, the progress of `fit`, and boards, in text and in a kernel."""

from __future__ import annotations

import io
import math
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.keras import layers
from minitensor_widgets import Board, track
from minitensor_widgets.training import stage
from minitensor_widgets.training.bars import Bar
from minitensor_widgets.training.run import Run

from .conftest import Clock

X = np.random.default_rng(0).random((64, 4)).astype(np.float32)
Y = X.sum(1, keepdims=True)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.fixture
def to(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Send the output to a stream, not static, 80 columns wide."""

    def send(stream: Any, columns: int = 80) -> Any:
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("MINITENSOR_DISPLAY", raising=False)
        return stream

    return send


@pytest.fixture(autouse=True)
def the_door_is_closed_again() -> Iterator[None]:
    """`track` opens the door of `fit`; nothing is left in it, and no run is left open."""
    yield
    keras.callbacks.progress_display(None)
    assert stage.current() is None


def model() -> Any:
    made = keras.Sequential([layers.Dense(1, kernel_initializer="ones")])
    made.compile(keras.optimizers.SGD(0.01), "mse", metrics=["mae"])
    return made


# ---- the line


def test_the_rate_leaves_out_the_first_and_the_time_left_follows(clock: Clock) -> None:
    bar = Bar("reading", 100, "batch")
    clock.now += 30
    for done in range(1, 12):
        bar.reach(done)
        clock.now += 0.5
    assert bar.times() == ["1.82 batches/s", "49 s left"]
    bar.end("finished")
    clock.now += 100
    assert bar.times() == ["36 s"]


@pytest.mark.parametrize("columns", [20, 40, 60, 120])
def test_a_terminal_shows_one_line_that_is_never_too_wide(
    to: Any, clock: Clock, columns: int
) -> None:
    stream = to(Terminal(), columns)
    for number in (t := track(range(30), label="reading")):
        t.log(loss=mt.constant(1.0 / (1 + number)))
        clock.now += 0.1
    text = stream.getvalue()
    assert text.count("\n") == 1
    parts = text[:-1].split("\r")
    assert len(parts) > 20
    assert all(len(part) < columns for part in parts[:-1])
    assert re.search(r"reading .*30/30 · 3 s · loss 0.033333", parts[-1])


def test_a_terminal_without_these_characters_gets_others(to: Any) -> None:
    stream = to(Terminal())
    stream.encoding = "ascii"
    for _ in track(range(3), label="a"):
        pass
    stream.getvalue().encode("ascii")
    assert "a ==================== 3/3" in stream.getvalue()


def test_a_log_gets_a_line_for_each_tenth(to: Any, clock: Clock) -> None:
    stream = to(io.StringIO())
    for _ in track(range(1000), label="reading"):
        clock.now += 0.1
    lines = stream.getvalue().splitlines()
    assert [int(re.findall(r"(\d+)/1000", line)[0]) // 100 for line in lines] == list(range(1, 11))
    assert "\r" not in stream.getvalue()
    assert lines[4].startswith("reading 500/1000 · 10 items/s · 50 s left")


def test_without_a_length_lines_double(to: Any, clock: Clock) -> None:
    stream = to(io.StringIO())
    for _ in track(iter(range(100))):
        clock.now += 0.5
    counts = [int(line.split()[0]) for line in stream.getvalue().splitlines()]
    assert counts == [1, 2, 4, 8, 16, 32, 64, 100]


def test_static_is_one_line_without_times(capsys: pytest.CaptureFixture[str]) -> None:
    for number in (t := track(range(4), label="reading")):
        t.log(loss=number)
    with Board("hand") as board:
        board.scalar("loss", 2.5)
    assert (
        capsys.readouterr().out
        == "reading ━━━━━━━━━━━━━━━━━━━━ 4/4 · loss 3\nhand: step 0 · loss 2.5\n"
    )


# ---- track


def test_items_come_unchanged_and_once() -> None:
    items = [object() for _ in range(5)]
    assert list(track(items)) == items
    assert list(track(iter(items))) == items
    assert list(track([])) == []
    again = track(items)
    assert list(again) == list(again) == items
    assert len(again) == 5
    with pytest.raises(TypeError, match="pass total="):
        len(track(iter(items)))


def test_datasets_know_their_length_or_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    data = mt.data.Dataset.range(10).batch(3)
    assert [batch.shape[0] for batch in track(data)] == [3, 3, 3, 1]
    for _ in track(data.repeat()):
        break
    assert "4/4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("items", "words"), [(3, r"track\(range\(3\)\)"), (None, "no loop can go through")]
)
def test_what_is_no_collection_is_refused_at_once(items: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        track(items)


def test_leaving_a_loop_says_so_and_raises_what_it_raised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in track(range(10)):
        if number == 4:
            break
    error = KeyError("mine")

    def broken() -> Iterator[int]:
        yield 1
        raise error

    with pytest.raises(KeyError) as caught:
        list(track(broken(), total=5))
    assert caught.value is error

    def interrupted() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(track(interrupted(), total=5))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "stopped · 4/10", "failed: KeyError: 'mine' · 1/5", "interrupted · 1/5",
    ]  # fmt: skip


def test_two_loops_are_two_bars_and_a_third_is_a_count(to: Any, clock: Clock) -> None:
    stream = to(Terminal(), 200)
    for _ in track(range(2), label="a"):
        for _ in track(range(2), label="b"):
            for _ in track(range(2), label="c"):
                clock.now += 1.0
    shown = stream.getvalue()
    last = [part for part in shown.split("\r") if "c 1/2" in part][-1]
    assert re.fullmatch(r"a ━+─+ 1/2 .*│ b ━+─+ 1/2 .* · c 1/2 *", last)
    assert shown.rstrip().split("\r")[-1].startswith("a ━━━━━━━━━━━━━━━━━━━━ 2/2")
    assert shown.count("\n") == 1


def test_fit_inside_a_loop_is_its_second_bar(to: Any) -> None:
    stream = to(Terminal(), 200)
    for _ in track([1], label="rates"):
        model().fit(X, Y, epochs=2)
    assert "Epoch" not in stream.getvalue().split("\r")[-1]
    assert stream.getvalue().count("\n") == 1
    model().fit(X, Y, epochs=2)
    assert "Epoch 1/2\n" in stream.getvalue()


def test_tensors_are_read_when_drawn_and_variables_at_once(clock: Clock, to: Any) -> None:
    to(Terminal())
    read = []

    class Tensor:
        shape = ()

        def numpy(self) -> Any:
            return np.float32(1.0)

        def __float__(self) -> float:
            read.append(1)
            return 1.0

    variable = mt.Variable(1.0)
    for _ in (t := track(range(100))):
        t.log(loss=Tensor(), rate=variable)
        variable.assign_add(1.0)
        assert not read
    assert len(read) >= 100
    board = Board("read later")
    for _ in range(3):
        board.scalar("rate", variable)
        variable.assign_add(1.0)
    assert board.record()["scalars"][0]["lines"][0]["y"] == [101.0, 102.0, 103.0]
    board.close()


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ("high", TypeError, "'loss' is str 'high'"),
        (None, TypeError, "takes a number for each step"),
        (np.ones((2, 3)), ValueError, r"shape \(2, 3\).*Log its mean"),
        (mt.ones(4), ValueError, r"shape \(4,\)"),
        (mt.constant("high"), TypeError, "dtype str"),
        (mt.constant(1 + 2j), TypeError, "real number.*mt.abs"),
        (np.complex64(1), TypeError, "real number.*mt.abs"),
    ],
)
def test_what_is_no_number_is_refused_with_a_lesson(value: Any, error: type, words: str) -> None:
    board = Board("refusing")
    with pytest.raises(error, match=words):
        board.scalar("loss", value)
    board.scalar("loss", np.float16(1.5))
    board.scalar("loss", mt.constant([[2.5]]))
    assert board.record()["scalars"][0]["lines"][0]["y"] == [1.5, 2.5]
    board.close()


def test_logging_while_a_function_is_traced_is_explained() -> None:
    board = Board("tracing")

    def step(x: Any) -> Any:
        board.scalar("loss", x)
        return x

    with pytest.raises(TypeError, match="runs only once"):
        mt.function(step)(mt.constant(1.0))
    board.close()


def test_a_call_that_logs_takes_ten_microseconds_at_most(to: Any) -> None:
    to(Terminal())
    board = Board("fast")
    tensor = mt.constant(1.0)
    best = math.inf
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(2000):
            board.scalar("loss", tensor)
        best = min(best, (time.perf_counter() - start) / 2000)
    board.close()
    assert best < 10e-6


def test_drawing_takes_a_fiftieth_of_the_time_at_most(clock: Clock) -> None:
    drawn = []

    class Slow:
        period = 0.1

        def draw(self, run: Run) -> None:
            drawn.append(clock.now)
            clock.now += 0.01

        def freeze(self, run: Run) -> None:
            pass

    run = stage.Stage("slow")
    run._screen = Slow()  # type: ignore[assignment]
    for _ in range(1000):
        run.tick()
        clock.now += 0.01
    run.end("finished")
    assert (len(drawn) - 1) * 0.01 <= 0.0201 * (drawn[-1] - drawn[0])
    assert min(np.diff(drawn)) >= 0.1


# ---- a run that goes wrong


def test_what_is_no_number_is_noted_where_it_began() -> None:
    board = Board("nan")
    for value in (1.0, math.nan, math.nan, math.inf):
        board.scalar("loss", value)
    board.close()
    record = board.record()
    assert record["state"] == "nan"
    assert record["notes"] == ["loss is no number (NaN) since step 1."]
    assert record["scalars"][0]["lines"][0]["y"] == [1.0, None, None, "Infinity"]
    text = board.figure().description()
    assert "finished" in text
    assert "loss became no number (NaN) at step 1" in text
    assert "2 not a number, 1 infinite" in text


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (KeyboardInterrupt(), "interrupted", "interrupted"),
        (ValueError("bad\nshape"), "failed", "failed: ValueError: bad"),
    ],
)
def test_a_board_freezes_in_the_state_it_was_left_in(
    error: BaseException, state: str, words: str
) -> None:
    board = Board("left")

    def leave() -> None:
        with board:
            board.scalar("loss", 1.0)
            raise error

    with pytest.raises(type(error)) as caught:
        leave()
    assert caught.value is error
    assert (board.record()["state"], board.record()["words"]) == (state, words)


def test_a_board_under_the_same_name_closes_the_one_before() -> None:
    one, other = Board("same"), Board("different")
    one.scalar("loss", 1.0)
    two = Board("same")
    assert one.record()["state"] == "finished"
    assert other.record()["state"] == "running"
    for board in (two, other):
        board.close()


# ---- fit


def test_fit_feeds_a_board_per_batch_and_per_epoch() -> None:
    board, made = Board("fed"), model()
    made.fit(X, Y, batch_size=16, epochs=3, verbose=0, validation_data=(X, Y),
             callbacks=[board.callback(weights=True, gradients=(X, Y))])  # fmt: skip
    record = board.record()
    loss = next(plot for plot in record["scalars"] if plot["name"] == "loss")
    lines = {line["run"]: line for line in loss["lines"]}
    assert lines["training"]["x"] == list(range(1, 13))
    assert lines["validation"]["x"] == [4, 8, 12]
    assert lines["validation"]["y"] == pytest.approx(made.history.history["val_loss"], rel=1e-5)
    names = [plot["name"] for plot in record["histograms"]]
    assert len(names) == 4
    assert sum(name.endswith("/gradient") for name in names) == 2
    kernel = record["histograms"][0]["lines"][0]
    assert [item["step"] for item in kernel["items"]] == [4, 8, 12]
    assert sum(kernel["items"][-1]["counts"]) == 4
    board.close()
    with pytest.raises(ValueError, match="neither 'batch' nor 'epoch'"):
        board.callback("step")


def test_without_a_display_fit_shows_its_bar_of_text(to: Any) -> None:
    keras.callbacks.progress_display(lambda kind, params: None)
    stream = to(Terminal())
    model().fit(X, Y, epochs=1)
    assert "Epoch 1/1\n" in stream.getvalue()


def test_a_display_hears_of_everything_and_of_how_it_ended() -> None:
    heard: list[Any] = []

    class Display:
        interval = 0.0

        def begin(self, epoch: int, steps: int | None) -> None:
            heard.append(("begin", epoch, steps))

        def step(self, done: int, logs: Any) -> None:
            heard.append(("step", done, sorted(logs())))

        def end(self, done: int, logs: Any) -> None:
            heard.append(("end", done, sorted(logs)))

        def close(self, error: Any) -> None:
            heard.append(("close", error))

    keras.callbacks.progress_display(lambda kind, params: Display())
    made = model()
    try:
        raise KeyError("around")
    except KeyError:
        made.fit(X, Y, batch_size=32, epochs=2, verbose=1, validation_data=(X, Y))
    results = ["loss", "mae"]
    epoch = [("step", 1, results), ("step", 2, results),
             ("end", 2, [*results, "val_loss", "val_mae"])]  # fmt: skip
    assert heard == [("begin", 0, 2), *epoch, ("begin", 1, 2), *epoch, ("close", None)]
    heard.clear()
    made.predict(X, batch_size=64, verbose=1)
    made.evaluate(X, Y, batch_size=64, verbose=1)
    assert [call[0] for call in heard] == ["begin", "step", "end", "close"] * 2
    heard.clear()
    made.fit(X, Y, verbose=0)
    made.fit(X, Y, verbose=2)
    assert heard == []

    def stop(batch: int, logs: Any) -> None:
        raise KeyboardInterrupt

    stopping = keras.callbacks.LambdaCallback(on_train_batch_end=stop)
    with pytest.raises(KeyboardInterrupt) as caught:
        made.fit(X, Y, verbose=1, callbacks=[stopping])
    assert heard[-1] == ("close", caught.value)


def test_the_memory_of_a_gpu_is_told_where_one_is_used(
    to: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = to(Terminal(), 200)
    monkeypatch.setitem(sys.modules, "cupy", object())
    monkeypatch.setattr(mt.config, "list_physical_devices", lambda kind: ["GPU:0"])
    info = {"current": 1_500_000_000, "peak": 0}
    monkeypatch.setattr(mt.config.experimental, "get_memory_info", lambda device: info)
    for _ in track(range(5)):
        clock.now += 0.5
    assert "1.5 GB on GPU:0" in stream.getvalue()


# ---- what a learner may pass by mistake


def test_one_bad_value_does_not_break_the_next_loop(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        for _ in (t := track(range(3))):
            t.log(a=mt.constant("s"))

    with pytest.raises(TypeError, match=r"'a' is .*Log a number"):
        broken()
    assert stage.current() is None
    list(track(range(2), label="next"))
    assert "next ━━━━━━━━━━━━━━━━━━━━ 2/2" in capsys.readouterr().out


def test_a_tensor_that_cannot_be_read_is_noted_and_the_run_ends() -> None:
    class Tensor:
        shape = ()

        def numpy(self) -> Any:
            raise RuntimeError

        def __float__(self) -> float:
            raise RuntimeError("the device is gone")

    board = Board("unread")
    board.scalar("loss", Tensor())
    board.close()
    assert board.record()["notes"] == ["loss could not be read: the device is gone"]
    for _ in (t := track(range(2))):
        t.log(loss=Tensor())
    assert stage.current() is None


@pytest.mark.parametrize(("total", "error"), [("x", TypeError), (2.5, TypeError), (-1, ValueError)])
def test_a_total_that_is_no_count_is_refused_at_once(total: Any, error: type) -> None:
    with pytest.raises(error, match="total="):
        track([1], total=total)


def test_a_title_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="a title is text"):
        Board([1])  # type: ignore[arg-type]


def test_per_epoch_training_is_first_and_the_axis_says_epoch() -> None:
    board = Board("epochs")
    feeding = board.callback("epoch")
    model().fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[feeding])
    record = board.record()
    assert record["axis"] == "epoch"
    assert [line["run"] for line in record["scalars"][0]["lines"]] == ["training", "validation"]
    board._stage.cell_over(None)
    assert board.record()["state"] == "finished"
    board.close()
