"""Progress and boards in a kernel: what a cell sends while it runs, and what stays of it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Kernel:
    """A notebook's kernel: `run` gives the messages that a cell sends."""

    def __init__(self, **environment: str) -> None:
        from jupyter_client.manager import start_new_kernel

        paths = os.pathsep.join([str(ROOT), str(ROOT / "widgets")])
        wanted = {k: v for k, v in os.environ.items() if k != "MINITENSOR_DISPLAY"}
        env = {**wanted, "PYTHONPATH": paths, **environment}
        self.manager, self.client = start_new_kernel(kernel_name="python3", env=env)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.client.context.destroy()

    def run(self, code: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        self.client.execute_interactive(code, output_hook=found.append, timeout=60)
        return found

    def outputs(self, code: str) -> list[dict[str, Any]]:
        """The outputs of a cell as they stand in the end: data by mime type."""
        order, shown = [], {}
        for message in self.run(code):
            kind, content = message["msg_type"], message["content"]
            if "display_data" in kind:
                name = content["transient"].get("display_id") or len(order)
                order += [name] if kind == "display_data" else []
                shown[name] = content["data"]
        return [shown[name] for name in order]

    def value(self, expression: str) -> Any:
        texts = [m["content"]["text"] for m in self.run(f"print(repr({expression}))")
                 if m["msg_type"] == "stream"]  # fmt: skip
        return ast.literal_eval("".join(texts))


SETUP = """
import gc, time, weakref
import numpy as np
import minitensor as mt
from minitensor_widgets import Board, track
x = np.ones((64, 4), np.float32); y = x.sum(1, keepdims=True)
model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
model.compile("sgd", "mse")
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    made = Kernel()
    made.run(SETUP)
    yield made
    made.close()


@pytest.fixture(scope="module")
def static_kernel() -> Iterator[Kernel]:
    made = Kernel(MINITENSOR_DISPLAY="static")
    made.run(SETUP)
    yield made
    made.close()


LOOP = (
    "for i in (t := track(range(30), label='loop')):\n    time.sleep(0.03); t.log(loss=1 / (i + 1))"
)


def is_frozen(output: dict[str, Any]) -> bool:
    return "text/html" in output and "application/vnd.jupyter.widget-view+json" not in output


def test_a_loop_is_a_live_widget_that_freezes_into_an_island(kernel: Kernel) -> None:
    messages = kernel.run(LOOP)
    first = next(m["content"]["data"] for m in messages if m["msg_type"] == "display_data")
    assert "application/vnd.jupyter.widget-view+json" in first
    kinds = [m["msg_type"] for m in messages]
    assert kinds.index("update_display_data") < kinds.index("comm_close")
    assert 2 <= kinds.count("comm_msg") <= 25
    data = next(m["content"]["data"] for m in messages if m["msg_type"] == "update_display_data")
    assert "30/30" in data["text/plain"]
    assert "loss: last 0.033333" in data["text/plain"]
    assert "script" in data["text/html"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("for i in track(range(90)):\n    time.sleep(0.02)\n    if i == 30: 1 / 0",
         "failed: ZeroDivisionError: division by zero · 30/90"),
        ("for i in track(range(90)):\n    time.sleep(0.02)\n    if i > 29: raise KeyboardInterrupt",
         "interrupted · 30/90"),
        ("for i in track(range(90)):\n    time.sleep(0.02)\n    if i == 30: break",
         "stopped · 30/90"),
        ("for i in track(range(9)):\n    if i == 3: break\n1 / 0", "stopped · 3/9"),
        ("b = Board()\nb.scalar('a', 1)\nb.scalar('a', 2)\n1 / 0",
         "Training: failed: ZeroDivisionError"),
        ("b = Board()\nb.scalar('a', 1)\nb.scalar('a', 2)", "Training: so far"),
    ],
)  # fmt: skip
def test_every_end_of_a_cell_leaves_an_island_that_says_it(
    kernel: Kernel, code: str, words: str
) -> None:
    (output,) = kernel.outputs(code)
    assert is_frozen(output)
    assert words in output["text/plain"]


def test_an_error_inside_fit_is_told_by_its_output(kernel: Kernel) -> None:
    code = """
def stop(batch, logs):
    if batch == 1: raise {error}
model.fit(x, y, epochs=2, callbacks=[mt.keras.callbacks.LambdaCallback(on_train_batch_end=stop)])
"""
    (output,) = kernel.outputs(code.format(error="RuntimeError('no more')"))
    assert "failed: RuntimeError: no more in epoch 1" in output["text/plain"]
    (output,) = kernel.outputs(code.format(error="KeyboardInterrupt"))
    assert "interrupted in epoch 1" in output["text/plain"]


def test_fit_ends_in_curves_and_the_others_in_a_line(kernel: Kernel) -> None:
    code = (
        "model.fit(x, y, epochs=4, validation_data=(x, y))\nmodel.evaluate(x, y)\nmodel.predict(x);"
    )
    fitted, evaluated, predicted = kernel.outputs(code)
    assert "loss, validation: last" in fitted["text/plain"]
    assert "<script" in fitted["text/html"]
    assert re.match(r"Evaluation ━+ 2/2 · .* · loss \S+$", evaluated["text/plain"])
    assert "<script" not in predicted["text/html"]
    assert kernel.outputs("model.fit(x, y, verbose=0);") == []


def test_fit_early_stopped_says_when(kernel: Kernel) -> None:
    (output,) = kernel.outputs(
        "def halt(epoch, logs): model.stop_training = epoch == 1\n"
        "halting = mt.keras.callbacks.LambdaCallback(on_epoch_end=halt)\n"
        "model.fit(x, y, epochs=9, callbacks=[halting]);"
    )
    assert "stopped after epoch 2" in output["text/plain"]


def test_fit_in_a_loop_or_a_board_has_its_bar_there(kernel: Kernel) -> None:
    (output,) = kernel.outputs("for _ in track([1, 2], label='runs'): model.fit(x, y, epochs=2)")
    assert re.match("runs ━+ 2/2", output["text/plain"])
    assert "Epoch" not in output["text/plain"]
    (output,) = kernel.outputs(
        "board = Board()\nmodel.fit(x, y, epochs=3, callbacks=[board.callback()])\nboard.close()"
    )
    assert "Epoch 3/3" in output["text/plain"]
    assert "loss, training: last" in output["text/plain"]


def test_a_board_that_goes_on_in_another_cell_appears_there(kernel: Kernel) -> None:
    (first,) = kernel.outputs("going = Board('going')\ngoing.scalars({'a': 1, 'b': 2})")
    (second,) = kernel.outputs("going.scalar('a', 5)\ntime.sleep(0.2)\ngoing.scalar('a', 6)")
    assert is_frozen(first)
    assert "a: last 6" in second["text/plain"]
    messages = kernel.run("going.close()")
    (data,) = [m["content"]["data"] for m in messages if m["msg_type"] == "update_display_data"]
    assert data["text/plain"].startswith("going: finished"), "said where it is shown"
    (third,) = kernel.outputs("going")
    assert is_frozen(third)
    assert kernel.outputs("x1 = 1") == []


def test_a_loop_that_goes_on_in_another_cell_is_not_over(kernel: Kernel) -> None:
    (first,) = kernel.outputs(
        "walk = iter(t := track(range(4), label='walk'))\n"
        "for _ in range(2): next(walk); time.sleep(0.4)"
    )
    assert is_frozen(first)
    assert "1/4" in first["text/plain"]
    assert "stopped" not in first["text/plain"]
    (second,) = kernel.outputs("list(walk);")
    assert re.match("walk ━+ 4/4", second["text/plain"])


def test_without_anywidget_a_figure_is_replaced(kernel: Kernel) -> None:
    made = Kernel()
    try:
        made.run("import sys; sys.modules['anywidget'] = None" + SETUP)
        messages = made.run(LOOP)
    finally:
        made.close()
    shown = [m["content"]["data"] for m in messages if "display_data" in m["msg_type"]]
    assert 2 <= len(shown) <= 4
    assert all("<script" not in data["text/html"] for data in shown[:-1])
    assert "<script" in shown[-1]["text/html"]
    assert "30/30" in shown[-1]["text/plain"]


def test_static_outputs_are_the_same_each_time(static_kernel: Kernel) -> None:
    code = f"{LOOP}\nwith Board('b') as b: [b.scalar('a', i) for i in range(5)]"
    one = static_kernel.outputs(code)
    assert len(one) == 2
    assert one == static_kernel.outputs(code)
    assert not any(re.search(r"\d (s|ms)\b", data["text/plain"]) for data in one)
    assert "<script" not in one[0]["text/html"]


def test_nothing_is_left_after_sixty_runs(kernel: Kernel) -> None:
    kernel.run(LOOP.replace("30", "20"))
    kernel.run("from ipywidgets.widgets.widget import _instances")
    before = kernel.value("len(_instances)")
    kernel.run("gone = []")
    for _ in range(60):
        kernel.run(
            "board = Board('again')\nboard.show()\nboard.scalar('loss', mt.constant(1.0))\n"
            "gone += [weakref.ref(board._stage._screen), weakref.ref(board._stage._screen._widget)]"
        )
    kernel.run("del board; gc.collect()")
    assert kernel.value("sum(ref() is not None for ref in gone)") == 0
    assert kernel.value("len(_instances)") == before


def test_a_run_shorter_than_a_moment_makes_no_widget(kernel: Kernel) -> None:
    for code in (
        "with Board('short') as b: b.scalar('a', 1); b.scalar('a', 2)",
        "b = Board('short 2'); b.scalar('a', 1); b.scalar('a', 2)",
        "for i in (t := track(range(3))): t.log(a=i)",
    ):
        kinds = [message["msg_type"] for message in kernel.run(code)]
        assert kinds.count("display_data") == 1
        assert not any(kind.startswith("comm") for kind in kinds)
