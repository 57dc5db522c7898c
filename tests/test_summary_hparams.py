"""Hyper-parameters are recorded as TensorBoard's own functions write them."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitensor as mt

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.hparams import plugin_data_pb2, summary_v2

S = mt.summary
DOMAINS = [
    ("RealInterval", (1e-4, 0.1)), ("RealInterval", (0.0, 0.5)), ("IntInterval", (-3, 8)),
    ("IntInterval", (0, 0)), ("Discrete", (["b", "a"],)), ("Discrete", ([3, 1, 2],)),
    ("Discrete", ([0.5, 0.0],)), ("Discrete", ([True, False],)), ("Discrete", ([], str)),
]  # fmt: skip


def recorded(folder: Path, write: Callable[[], Any]) -> Any:
    """What TensorBoard finds in the file that `write` writes: step and value."""
    with S.create_file_writer(folder) as writer:
        with writer.as_default():
            assert bool(write()) is True
        path = next(folder.glob("*.tfevents.*"))
        event = [Event.FromString(record) for record in RawEventFileLoader(str(path)).Load()][-1]
    (value,) = event.summary.value
    return event.step, value


def content(value: Any) -> Any:
    assert value.metadata.plugin_data.plugin_name == "hparams"
    return plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)


def same(found: Any, expected: Any) -> None:
    """The same tag, metadata and tensor as the only value of TensorBoard's summary."""
    step, value = found
    (wanted,) = expected.value
    assert (step, value.tag) == (0, wanted.tag)
    assert content(value) == content(wanted)
    assert value.tensor.dtype == wanted.tensor.dtype
    assert value.tensor.tensor_shape == wanted.tensor.tensor_shape


@pytest.mark.parametrize("trial", [None, "first"])
def test_values_are_written_as_tensorboard_writes_them(tmp_path: Path, trial: str | None) -> None:
    values = {"rate": 0.1, "units": 64, "dropout": False, "optimizer": "adam", "nought": 0.0}
    with mt.name_scope("scope"):
        found = recorded(tmp_path, lambda: S.hparams(values, trial, start_time_secs=12.5))
    same(found, summary_v2.hparams_pb(values, trial, 12.5))


def test_keys_may_be_hparams_and_values_numpy_numbers(tmp_path: Path) -> None:
    rate = S.HParam("rate", S.Discrete([0.5, 0.25]))
    values = {rate: np.float32(0.5), "units": np.int64(3), "flag": np.bool_(True)}
    _, value = recorded(tmp_path, lambda: S.hparams(values, start_time_secs=1.0))
    expected = summary_v2.hparams_pb({"rate": 0.5, "units": 3, "flag": True}, None, 1.0)
    assert content(value) == content(expected.value[0])


def test_the_configuration_is_written_as_tensorboard_writes_it(tmp_path: Path) -> None:
    def config(module: Any, write: Callable) -> Any:
        spaces = [getattr(module, name)(*given) for name, given in DOMAINS]
        varied = [
            module.HParam(f"h{i}", x, f"name {i}", "text") for i, x in enumerate([*spaces, None])
        ]
        metrics = [
            module.Metric("accuracy"),
            module.Metric("loss", "train", "Loss", "low is good", module.Metric.VALIDATION),
        ]
        return write([*varied, module.HParam("plain")], metrics, 3.5)

    found = recorded(tmp_path, lambda: config(S, S.hparams_config))
    same(found, config(summary_v2, summary_v2.hparams_config_pb))


@pytest.mark.parametrize(("status", "number"), [("unknown", 0), ("success", 1), ("failure", 2)])
def test_the_end_of_a_run_is_told(tmp_path: Path, status: str, number: int) -> None:
    step, value = recorded(tmp_path, lambda: S.session_end(status, 7.0))
    expected = plugin_data_pb2.SessionEndInfo(status=number, end_time_secs=7.0)
    assert (step, value.tag) == (0, "_hparams_/session_end_info")
    assert content(value).session_end_info == expected


def listed(folder: Path) -> dict[str, int]:
    """The status of each run, by TensorBoard's plugin."""
    from tensorboard import context
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    here = context.RequestContext()
    backend = backend_context.Context(SimpleNamespace(
        data_provider=MultiplexerDataProvider(multiplexer, str(folder)), logdir=str(folder),
        flags=SimpleNamespace(generic_data="true")))  # fmt: skip
    request = api_pb2.ListSessionGroupsRequest(
        start_index=0, slice_size=9, allowed_statuses=[0, 1, 2, 3]
    )
    found = list_session_groups.Handler(here, backend, "", request).run()
    return {s.name: s.status for group in found.session_groups for s in group.sessions}


def test_a_run_has_ended_when_its_writer_is_closed(tmp_path: Path) -> None:
    def write(name: str, step: Any = lambda: None) -> Any:
        writer = S.create_file_writer(tmp_path / name)
        with writer.as_default():
            S.hparams({"name": name})
            step()
        return writer

    def failing() -> Any:
        raise ZeroDivisionError

    open_still = write("open")
    write("closed").close()
    write("forgotten")
    write("told", lambda: S.session_end("unknown")).close()
    with pytest.raises(ZeroDivisionError):
        write("failed", failing)
    with pytest.raises(ZeroDivisionError), write("outside"):
        failing()
    mended = write("mended")
    with pytest.raises(ZeroDivisionError), mended.as_default():
        failing()
    with mended.as_default():
        S.scalar("loss", 1.0, step=0)
    mended.close()
    gc.collect()
    assert {x.run: x.status for x in S.read(tmp_path).hparams()}["open"] == "running"
    assert listed(tmp_path) == {
        "open": 0, "closed": 1, "forgotten": 1, "told": 0, "failed": 2, "outside": 2, "mended": 1,
    }  # fmt: skip
    open_still.close()
    with S.create_file_writer(tmp_path / "without"):
        pass
    assert S.read(tmp_path).tags("without") == {}


def test_a_traced_function_records_hyperparameters_at_step_0(tmp_path: Path) -> None:
    @mt.function
    def tried(step: Any) -> Any:
        S.scalar("loss", 1.0, step)
        return S.hparams({"rate": 0.1}, "id", 1.0)

    found = recorded(tmp_path, lambda: tried(mt.constant(5, mt.int64)))
    same(found, summary_v2.hparams_pb({"rate": 0.1}, "id", 1.0))


def test_without_a_writer_nothing_is_recorded() -> None:
    assert not S.hparams({"rate": 0.1})
    assert not S.hparams_config([], [])
    assert not S.session_end()


@pytest.mark.parametrize(("domain", "within", "outside"), [
    (S.RealInterval(0.0, 1.0), [0, 1, 0.5, np.float32(0.25)], [5.0, "1", True, float("nan")]),
    (S.IntInterval(1, 3), [1, 3, 2.0], ["2", 2.5, 4, True]),
    (S.Discrete(["x", "y"]), ["x"], ["z", 1]), (S.Discrete([1, 2]), [2, 1.0], [True, 3]),
    (S.Discrete([True]), [True, np.bool_(True)], [1, False]), (None, [1, "x"], []),
])  # fmt: skip
def test_values_outside_of_their_domain_are_told(domain: Any, within: list, outside: list) -> None:
    for value in within:
        S.hparams({S.HParam("a", domain): value})
    for value in outside:
        with pytest.warns(UserWarning, match="a=.* lies outside of its domain"):
            S.hparams({S.HParam("a", domain): value})


def test_a_second_set_of_values_in_a_run_is_told(tmp_path: Path) -> None:
    for folder in ("one", "two"):  # as each trial in a directory of its own
        with S.create_file_writer(tmp_path / folder).as_default():
            S.hparams({"rate": 0.1 if folder == "one" else 0.2})
    with S.create_file_writer(tmp_path / "both") as writer, writer.as_default():
        S.hparams({"rate": 0.1})
        S.hparams({"rate": 0.1})
        with pytest.warns(UserWarning, match="this run has hyper-parameters already, {'rate': 0.1"):
            S.hparams({"rate": 0.2})


def test_domains_give_values_as_tensorboard_does() -> None:
    for name, given in DOMAINS[:-1]:
        ours, theirs = getattr(S, name)(*given), getattr(summary_v2, name)(*given)
        assert ours.dtype is theirs.dtype
        found = [ours.sample_uniform(random.Random(seed)) for seed in range(20)]
        assert found == [theirs.sample_uniform(random.Random(seed)) for seed in range(20)]


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda: S.hparams({"a": 1, S.HParam("a"): 2}), ValueError, "multiple values specified"),
        (lambda: S.hparams({"a": [1]}), TypeError, r"a=\[1\].*a bool, a number or a text"),
        (lambda: S.hparams({3: 1}), TypeError, "the key 3"),
        (lambda: S.hparams({"a": 2**2000}), TypeError, "No float is as large"),
        (lambda: S.hparams(["a"]), TypeError, "That is no dictionary"),
        (lambda: S.hparams({}, start_time_secs="now"), TypeError, "start_time_secs='now'"),
        (lambda: S.hparams({}, start_time_secs=10**400), ValueError, "no such time"),
        (lambda: S.hparams({}, start_time_secs=float("nan")), ValueError, "no such time"),
        (
            lambda: S.hparams_config([S.HParam("a"), S.HParam("a", S.IntInterval(0, 1))], []),
            ValueError,
            "a name of its own",
        ),
        (
            lambda: S.hparams_config([], [S.Metric("a"), S.Metric("b"), S.Metric("a")]),
            ValueError,
            r"Metric\(tag='a'.* in metrics",
        ),
        (lambda: S.RealInterval(float("nan"), 1), ValueError, "Nan is no number"),
        (lambda: S.IntInterval(1, 10**400), ValueError, "No float is as large"),
        (lambda: S.Discrete([10**400]), ValueError, "No float is as large"),
        (lambda: S.Discrete([1, True]), TypeError, "True is not of type int"),
        (lambda: S.RealInterval(0, 1).sample_uniform(3), TypeError, "rng=3.*no method uniform"),
        (lambda: S.IntInterval(0, 1).sample_uniform(3), TypeError, "no method randint"),
        (lambda: S.Discrete([1]).sample_uniform(3), TypeError, "no method choice"),
        (lambda: S.hparams_config(["a"], []), TypeError, "It is no HParam"),
        (lambda: S.hparams_config([], ["a"]), TypeError, r"Metric\('a'\)"),
        (lambda: S.hparams({}, trial_id=3), TypeError, "`trial_id` should be a `str`"),
        (lambda: S.session_end("succes"), ValueError, "success"),
        (lambda: S.IntInterval(0.5, 1), TypeError, "0.5 is of type float"),
        (lambda: S.IntInterval(3, 1), ValueError, "3 is larger than 1"),
        (lambda: S.RealInterval("a", 1), TypeError, "'a' is of type str"),
        (lambda: S.Discrete([]), ValueError, "Empty domain with no dtype specified"),
        (lambda: S.Discrete([1, "a"]), TypeError, "'a' is not of type int"),
        (lambda: S.Discrete([None]), ValueError, "The type of the values"),
        (lambda: S.HParam("a", [1, 2]), ValueError, "not a domain"),
        (lambda: S.Metric("a", dataset_type=3), ValueError, "invalid dataset type"),
    ],
)
def test_mistakes_are_named(wrong: Callable[[], Any], error: type, text: str) -> None:
    with pytest.raises(error, match=f"(?s){text}") as found:
        wrong()
    assert isinstance(found.value, mt.errors.OpError)
