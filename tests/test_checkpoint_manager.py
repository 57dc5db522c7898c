"""The manager keeps what it should, as TensorFlow's does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import minitensor as mt
from minitensor.train import manager as module


def names(manager: Any) -> list[str]:
    return [Path(path).name for path in manager.checkpoints]


def files(folder: Path) -> list[str]:
    return sorted(x.name for x in folder.iterdir() if x.suffix == ".json")


def test_the_last_ones_are_kept(tmp_path: Path) -> None:
    checkpoint = mt.train.Checkpoint(v=mt.Variable(1.0))
    manager = mt.train.CheckpointManager(checkpoint, tmp_path, 2)
    assert (manager.latest_checkpoint, manager.checkpoints) == (None, [])
    assert manager.restore_or_initialize() is None
    for n in range(1, 5):
        checkpoint.v.assign(float(n))
        assert manager.save() == str(tmp_path / f"ckpt-{n}")
    assert names(manager) == ["ckpt-3", "ckpt-4"]
    assert files(tmp_path) == ["ckpt-3.json", "ckpt-4.json"]
    assert len(list(tmp_path.iterdir())) == 5  # two of each, and the note
    assert manager.latest_checkpoint == mt.train.latest_checkpoint(tmp_path)
    assert (manager.checkpoint, manager.directory) == (checkpoint, str(tmp_path))
    text = (tmp_path / "checkpoint").read_text().splitlines()
    assert text[:3] == ['model_checkpoint_path: "ckpt-4"', 'all_model_checkpoint_paths: "ckpt-3"',
                        'all_model_checkpoint_paths: "ckpt-4"']  # fmt: skip
    assert [line.partition(":")[0] for line in text[3:]] == [
        "all_model_checkpoint_timestamps", "all_model_checkpoint_timestamps",
        "last_preserved_timestamp"]  # fmt: skip


def test_a_new_process_goes_on(tmp_path: Path) -> None:
    first = mt.train.CheckpointManager(mt.train.Checkpoint(v=mt.Variable(1.0)), tmp_path, 3)
    for _ in range(3):
        first.save()
    v = mt.Variable(0.0)
    second = mt.train.CheckpointManager(mt.train.Checkpoint(v=v), tmp_path, 2)
    assert names(second) == ["ckpt-1", "ckpt-2", "ckpt-3"]
    assert second.restore_or_initialize() == str(tmp_path / "ckpt-3")
    assert v.numpy() == 1.0
    assert second.save() == str(tmp_path / "ckpt-4")
    assert names(second) == ["ckpt-3", "ckpt-4"]


def test_steps_between_two_checkpoints(tmp_path: Path) -> None:
    step = mt.Variable(0, dtype=mt.int64)
    manager = mt.train.CheckpointManager(
        mt.train.Checkpoint(v=mt.Variable(1.0)), tmp_path, 2, step_counter=step,
        checkpoint_interval=2)  # fmt: skip
    found = []
    for _ in range(6):
        found.append(manager.save())
        step.assign_add(1)
    assert [x and Path(x).name for x in found] == ["ckpt-1", None, "ckpt-2", None, "ckpt-3", None]
    assert manager.checkpoint_interval == 2
    path = manager.save(checkpoint_number=100, check_interval=False)
    assert path == str(tmp_path / "ckpt-100")
    assert int(manager.checkpoint.save_counter) == 4
    assert manager.restore_or_initialize() == path
    assert manager.save() is None


def test_without_a_checkpoint_init_fn_is_called(tmp_path: Path) -> None:
    called = []
    manager = mt.train.CheckpointManager(
        mt.train.Checkpoint(v=mt.Variable(1.0)), tmp_path, None, init_fn=lambda: called.append(1)
    )
    assert manager.restore_or_initialize() is None
    manager.save()
    assert manager.restore_or_initialize() == str(tmp_path / "ckpt-1")
    assert called == [1]


def test_one_is_kept_every_few_hours(tmp_path: Path, monkeypatch: Any) -> None:
    now = [1e9]
    monkeypatch.setattr(module.time, "time", lambda: now[0])
    checkpoint = mt.train.Checkpoint(v=mt.Variable(1.0))
    manager = mt.train.CheckpointManager(checkpoint, tmp_path, 1, keep_checkpoint_every_n_hours=2)
    for _ in range(7):
        now[0] += 3600
        manager.save()
    assert files(tmp_path) == ["ckpt-2.json", "ckpt-4.json", "ckpt-6.json", "ckpt-7.json"]
    assert names(manager) == ["ckpt-7"]


@pytest.mark.parametrize(("options", "words"), [
    ({"max_to_keep": 0}, "Expected a positive integer or `None` for `max_to_keep`, got 0."),
    ({"max_to_keep": -1}, "for `max_to_keep`, got -1."),
    ({"max_to_keep": 1, "checkpoint_interval": 2},
     "`step_counter` should be passed if `checkpoint_interval` is not None."),
])  # fmt: skip
def test_arguments_that_do_not_fit(options: dict, words: str, tmp_path: Path) -> None:
    checkpoint = mt.train.Checkpoint(v=mt.Variable(1.0))
    with pytest.raises(ValueError, match=words):
        mt.train.CheckpointManager(checkpoint, tmp_path, **options)
    with pytest.raises(ValueError, match="is no Checkpoint"):
        mt.train.CheckpointManager(checkpoint.v, tmp_path, 3)


def test_what_was_half_removed_is_removed_later(tmp_path: Path) -> None:
    manager = mt.train.CheckpointManager(mt.train.Checkpoint(v=mt.Variable(1.0)), tmp_path, 2)
    manager.save()
    manager.save()
    (tmp_path / "ckpt-1.json").unlink()  # killed between the two files
    again = mt.train.CheckpointManager(mt.train.Checkpoint(v=mt.Variable(1.0)), tmp_path, 2)
    assert names(again) == ["ckpt-2"]
    again.restore_or_initialize()
    again.save()
    assert not list(tmp_path.glob("ckpt-1-*"))


@pytest.mark.parametrize("text", [
    'model_checkpoint_path: "../other/ck-1"', 'model_checkpoint_path: "/etc/passwd"',
    'model_checkpoint_path: ".."', 'model_checkpoint_path: ""', 'model_checkpoint_path: 3',
    'model_checkpoint_path: ck-1', 'model_checkpoint_path: "a\\u0000b"', "", "hello", "\0",
    'model_checkpoint_path: "ckpt-1"\nmodel_checkpoint_path: "ckpt-1"',
    'model_checkpoint_path: "ckpt-1"\nall_model_checkpoint_paths: "../../x"',
    'model_checkpoint_path: "ckpt-1"\nall_model_checkpoint_timestamps: nan',
    'model_checkpoint_path: "ckpt-1"\nlast_preserved_timestamp: x',
    'model_checkpoint_path: "ckpt-1"\nmore: 3', 'model_checkpoint_path: ' + "[" * 100_000,
])  # fmt: skip
def test_a_hostile_note(text: str, tmp_path: Path) -> None:
    checkpoint = mt.train.Checkpoint(v=mt.Variable(1.0))
    mt.train.CheckpointManager(checkpoint, tmp_path, 2).save()
    (tmp_path / "checkpoint").write_text(text)
    with pytest.raises(mt.errors.DataLossError, match=r"names? checkpoints in its own folder"):
        mt.train.latest_checkpoint(tmp_path)
    with pytest.raises(mt.errors.DataLossError):
        mt.train.CheckpointManager(checkpoint, tmp_path, 2)


def test_a_note_of_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"\xff\xfe")
    with pytest.raises(mt.errors.DataLossError):
        mt.train.latest_checkpoint(tmp_path)
    (tmp_path / "checkpoint").unlink()
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(mt.errors.DataLossError):
        mt.train.latest_checkpoint(tmp_path)


def test_checkpoints_and_managers_say_what_they_are(tmp_path: Path) -> None:
    assert repr(mt.train.Checkpoint()) == "<minitensor.train.Checkpoint of nothing>"
    checkpoint = mt.train.Checkpoint(step=mt.Variable(1), v=mt.Variable(1.0))
    assert repr(checkpoint) == "<minitensor.train.Checkpoint of step, v>"
    manager = mt.train.CheckpointManager(checkpoint, tmp_path, 3)
    manager.save()
    shown = f"<minitensor.train.CheckpointManager in {str(tmp_path)!r}: 1 of at most 3>"
    assert repr(manager) == shown
    assert repr(checkpoint) == "<minitensor.train.Checkpoint of step, v, save_counter>"
    assert repr(mt.train.CheckpointManager(checkpoint, tmp_path, None)).endswith(": 1>")
