"""Checkpoints bring values back, and say what did not fit, in TensorFlow 2.21's words."""

from __future__ import annotations

import gc
import json
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt

Point = namedtuple("Point", ["x", "y"])


class Net(mt.Module):
    def __init__(self, size: int = 3, by: float = 0.0) -> None:
        super().__init__()
        self.w = mt.Variable(np.arange(size, dtype=np.float32) + by, name="w")
        self.l = [mt.Variable(1.0 + by), {"k": mt.Variable(int(2 + by))}]
        self.t = (mt.Variable(5.0 + by),)
        self.e: list = []
        self.n = 3


def numbers(net: Net) -> list:
    return [v.numpy().tolist() for v in (net.w, net.l[0], net.l[1]["k"], net.t[0])]


def saved(folder: Path, **parts: Any) -> str:
    return mt.train.Checkpoint(**parts).save(folder / "ck")


def test_values_come_back(tmp_path: Path) -> None:
    path = saved(tmp_path, model=Net(by=0.0))
    net = Net(by=7.0)
    status = mt.train.Checkpoint(model=net).restore(path)
    assert numbers(net) == numbers(Net())
    status.assert_consumed().assert_existing_objects_matched().assert_nontrivial_match()
    status.initialize_or_restore()


def test_names_are_those_of_tensorflow(tmp_path: Path) -> None:
    path = saved(tmp_path, model=Net(), g=mt.random.Generator.from_seed(1))
    assert path == str(tmp_path / "ck-1")
    listed = [
        ("_CHECKPOINTABLE_OBJECT_GRAPH", []),
        ("g/_state_var/.ATTRIBUTES/VARIABLE_VALUE", [3]),
        ("model/l/0/.ATTRIBUTES/VARIABLE_VALUE", []),
        ("model/l/1/k/.ATTRIBUTES/VARIABLE_VALUE", []),
        ("model/t/0/.ATTRIBUTES/VARIABLE_VALUE", []),
        ("model/w/.ATTRIBUTES/VARIABLE_VALUE", [3]),
        ("save_counter/.ATTRIBUTES/VARIABLE_VALUE", []),
    ]
    assert mt.train.list_variables(path) == listed == mt.train.list_variables(tmp_path)
    odd = {"a.b/c": mt.Variable(1.0), "Aa": mt.Variable(2.0)}
    written = mt.train.Checkpoint(**odd).write(tmp_path / "odd")
    assert [name for name, _ in mt.train.list_variables(written)] == [
        "Aa/.ATTRIBUTES/VARIABLE_VALUE", "_CHECKPOINTABLE_OBJECT_GRAPH",
        "a..b.Sc/.ATTRIBUTES/VARIABLE_VALUE"]  # fmt: skip


def test_a_root_lends_its_parts(tmp_path: Path) -> None:
    path = mt.train.Checkpoint(Net(), z=mt.Variable(1.0)).save(tmp_path / "r")
    names = [name.partition("/.")[0] for name, _ in mt.train.list_variables(path)[1:]]
    assert names == ["l/0", "l/1/k", "save_counter", "t/0", "w", "z"]
    net, z = Net(by=1.0), mt.Variable(0.0)
    mt.train.Checkpoint(net, z=z).restore(path).assert_consumed()
    assert numbers(net) == numbers(Net())
    assert z.numpy() == 1.0
    with pytest.raises(ValueError, match=r"keyword argument w if root\.w already exists"):
        mt.train.Checkpoint(net, w=z)
    mt.train.Checkpoint(net, w=net.w)


@pytest.mark.parametrize("value", [3, None, "x", np.ones(3), mt.ones(3), len])
def test_what_has_nothing_to_save_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="expecting a to be a trackable object"):
        mt.train.Checkpoint(a=value)
    with pytest.raises(ValueError, match=r"keyword argument save if Checkpoint\.save already"):
        mt.train.Checkpoint(save=mt.Variable(1.0))


def test_keys_that_are_no_strings_are_refused(tmp_path: Path) -> None:
    checkpoint = mt.train.Checkpoint(a={1: mt.Variable(1.0)})
    with pytest.raises(ValueError, match="non-string key which maps to a trackable object"):
        checkpoint.save(tmp_path / "ck")
    assert int(checkpoint.save_counter) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64", "int8", "uint64",
                                   "bool", "string"])  # fmt: skip
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_every_dtype_and_shape(dtype: str, shape: tuple, tmp_path: Path) -> None:
    plain = np.array([[b"a", b"\xff", b""], [b"d", b"e", b"f"]], object) if dtype == "string" \
        else np.array([[1, 0, 1], [0, 0, 1]])  # fmt: skip
    plain = plain[:0, 0] if shape == (0,) else plain if shape else plain[0, 0]
    value = (
        mt.constant(plain, mt.string) if dtype == "string" else mt.cast(mt.constant(plain), dtype)
    )
    path = mt.train.Checkpoint(v=mt.Variable(value)).write(tmp_path / "ck")
    other = mt.Variable(mt.fill(shape, "z") if dtype == "string" else mt.zeros(shape, dtype))
    mt.train.Checkpoint(v=other).read(path).assert_consumed()
    np.testing.assert_array_equal(other.numpy(), value.numpy())
    assert other.dtype is value.dtype


def test_values_that_are_not_finite(tmp_path: Path) -> None:
    path = saved(tmp_path, v=mt.Variable([np.nan, np.inf, -0.0]))
    v = mt.Variable([0.0, 0.0, 0.0])
    mt.train.Checkpoint(v=v).restore(path)
    assert v.numpy().tobytes() == np.float32([np.nan, np.inf, -0.0]).tobytes()


def test_one_variable_in_two_places_is_saved_once(tmp_path: Path) -> None:
    v = mt.Variable(4.0)
    first = mt.Module()
    first.me, first.v, first.again = first, v, [v, v.assign(4.0)]
    path = saved(tmp_path, m=first)
    assert len(mt.train.list_variables(path)) == 3
    again = mt.Module()
    again.me, again.v = again, mt.Variable(0.0)
    again.again = [again.v, again.v]
    mt.train.Checkpoint(m=again).restore(path).assert_consumed()
    assert again.v.numpy() == 4.0


def test_one_variable_that_has_become_two(tmp_path: Path, caplog: Any) -> None:
    v = mt.Variable(4.0)
    path = saved(tmp_path, a=v, b=v)
    a, b = mt.Variable(0.0), mt.Variable(0.0)
    mt.train.Checkpoint(a=a, b=b).restore(path)
    assert "Inconsistent references when loading the checkpoint" in caplog.text
    assert (a.numpy(), b.numpy()) == (4.0, 0.0)


def test_the_counter_goes_on(tmp_path: Path) -> None:
    first = mt.train.Checkpoint(v=mt.Variable(1.0))
    assert [first.save(tmp_path / "ck")[-4:] for _ in range(2)] == ["ck-1", "ck-2"]
    second = mt.train.Checkpoint(v=mt.Variable(1.0))
    second.restore(mt.train.latest_checkpoint(tmp_path)).assert_consumed()
    assert int(second.save_counter) == 2
    assert second.save(tmp_path / "ck").endswith("ck-3")
    text = (tmp_path / "checkpoint").read_text()
    assert text == 'model_checkpoint_path: "ck-3"\nall_model_checkpoint_paths: "ck-3"\n'
    assert mt.train.get_checkpoint_state(tmp_path) == mt.train.CheckpointState(
        str(tmp_path / "ck-3"), [str(tmp_path / "ck-3")])  # fmt: skip


def test_the_json_is_for_people(tmp_path: Path) -> None:
    path = saved(tmp_path, model=Net())
    text = Path(f"{path}.json").read_text()
    assert '{"kind": "Net", "parts": {"w": 3, "l": 4, "t": 5}}' in text
    assert '{"kind": "Variable", "name": "w:0", "value": ' in text
    assert json.loads(text)["format"] == "minitensor.checkpoint"


def test_values_without_a_program(tmp_path: Path) -> None:
    path = saved(tmp_path, model=Net())
    reader = mt.train.load_checkpoint(tmp_path)
    name = "model/w/.ATTRIBUTES/VARIABLE_VALUE"
    assert reader.has_tensor(name)
    assert not reader.has_tensor("model/w")
    assert reader.get_variable_to_shape_map()[name] == [3]
    assert reader.get_variable_to_dtype_map()[name] is mt.float32
    assert mt.train.load_variable(path, name).tolist() == [0, 1, 2]
    graph = json.loads(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
    assert graph[0]["kind"] == "Checkpoint"
    with pytest.raises(mt.errors.NotFoundError, match=r"Key model/v/.* not found in checkpoint.* "
                       "did you mean 'model/w/"):  # fmt: skip
        reader.get_tensor("model/v/.ATTRIBUTES/VARIABLE_VALUE")


# What does not fit.


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    checkpoint = mt.train.Checkpoint(v=mt.Variable(1.0))
    with pytest.raises(mt.errors.NotFoundError) as caught:
        checkpoint.restore(tmp_path / "nope")
    assert str(caught.value) == (
        f"Error when restoring from checkpoint or SavedModel at {tmp_path}/nope: Unsuccessful "
        f"TensorSliceReader constructor: Failed to find any matching files for {tmp_path}/nope\n"
        "Please double-check that the path is correct. You may be missing the checkpoint suffix "
        "(e.g. the '-1' in 'path/to/ckpt-1')."
    )
    path = checkpoint.save(tmp_path / "ck")
    with pytest.raises(mt.errors.NotFoundError, match=r"leave out '\.json'"):
        checkpoint.restore(f"{path}.json")
    with pytest.raises(mt.errors.NotFoundError, match=r"restore\(mt.train.latest_checkpoint\("):
        checkpoint.restore(tmp_path)
    (tmp_path / "tf-1.index").touch()
    with pytest.raises(mt.errors.NotFoundError, match="TensorFlow's own format"):
        checkpoint.restore(tmp_path / "tf-1")
    with pytest.raises(TypeError, match="Expected binary or unicode string, got 3"):
        checkpoint.restore(3)
    (tmp_path / "empty").mkdir()
    with pytest.raises(mt.errors.NotFoundError, match="Couldn't find 'checkpoint' file"):
        mt.train.list_variables(tmp_path / "empty")
    assert mt.train.latest_checkpoint(tmp_path / "zz") is None


def test_no_checkpoint_at_all() -> None:
    v = mt.Variable(1.0)
    status = mt.train.Checkpoint(v=v).restore(None)
    status.expect_partial().initialize_or_restore()
    for name in ("assert_consumed", "assert_existing_objects_matched", "assert_nontrivial_match"):
        with pytest.raises(AssertionError, match=r"No checkpoint specified \(save_path=None\)"):
            getattr(status, name)()


def test_a_checkpoint_of_another_model(tmp_path: Path) -> None:
    path = saved(tmp_path, model=Net())
    net = Net(4, by=1.0)
    before = numbers(net)
    checkpoint = mt.train.Checkpoint(model=net)
    with pytest.raises(mt.errors.InvalidArgumentError) as caught:
        checkpoint.restore(path)
    assert str(caught.value) == (
        "Checkpoint.restore:\nReceived incompatible tensor with shape (3,) when attempting to "
        "restore variable with shape (4,) and name w:0.\n  (root).model.w: float32[3] in the "
        "checkpoint, float32[4] in the program\nA checkpoint is restored into variables of the "
        "same shapes and dtypes; no variable was changed. To fix it: make the model with the sizes "
        "that it had when it was saved, or restore the checkpoint of this model."
    )
    assert numbers(net) == before
    net.more = mt.Variable(1.0)  # nothing of the checkpoint waits
    assert checkpoint.save(tmp_path / "other").endswith("-1")


def test_other_dtypes(tmp_path: Path) -> None:
    path = saved(tmp_path, a=mt.Variable(1.0), b=mt.Variable(2.0))
    a, b = mt.Variable(3), mt.Variable(4.0)
    with pytest.raises(mt.errors.DTypeError, match="expected dtype int32 does not equal original "
                       "dtype float"):  # fmt: skip
        mt.train.Checkpoint(a=a, b=b).restore(path)
    assert b.numpy() == 4.0


def test_what_the_program_lacks(tmp_path: Path) -> None:
    path = saved(tmp_path, model=Net(), v=mt.Variable(1.0))
    status = mt.train.Checkpoint(v=mt.Variable(1.0)).restore(path).expect_partial()
    with pytest.raises(AssertionError) as caught:
        status.assert_consumed()
    assert str(caught.value).startswith(
        "Unresolved object in checkpoint (root).model.w: float32 of shape (3,). Only in the "
        "checkpoint: (root).model.w, (root).model.l.0, (root).model.t.0 and 1 more; only in the "
        "program: nothing."
    )
    status.assert_existing_objects_matched().assert_nontrivial_match()


def test_what_the_checkpoint_lacks(tmp_path: Path) -> None:
    path = saved(tmp_path, model=Net())
    status = mt.train.Checkpoint(model=Net(), x=mt.Variable(1.0)).restore(path)
    for name in ("assert_consumed", "assert_existing_objects_matched"):
        with pytest.raises(AssertionError, match=(
            r"Found 1 Python objects that were not bound to checkpointed values, likely due to "
            "changes in the Python program. Showing 1 of 1 unmatched objects: .<tf.Variable "
            r"'Variable:0' shape=.. dtype=float32, numpy=1.0>.*only in the program: .root..x"
        )):  # fmt: skip
            getattr(status, name)()
    status.assert_nontrivial_match()


def test_nothing_in_common(tmp_path: Path) -> None:
    path = mt.train.Checkpoint(model=Net()).write(tmp_path / "ck")
    checkpoint = mt.train.Checkpoint(x=mt.Variable(1.0))
    status = checkpoint.read(path).expect_partial()
    with pytest.raises(AssertionError, match="Nothing except the root object matched"):
        status.assert_nontrivial_match()
    status = mt.train.Checkpoint().read(path).expect_partial()
    with pytest.raises(AssertionError, match=r"Nothing to load\. No dependencies have been added"):
        status.assert_nontrivial_match()


def test_a_module_where_a_variable_was(tmp_path: Path) -> None:
    path = saved(tmp_path, a=mt.Variable(1.0), b=mt.Module())
    b = mt.Variable(3.0)
    status = mt.train.Checkpoint(a=mt.Module(), b=b).restore(path).expect_partial()
    with pytest.raises(AssertionError, match="Found 2 Python objects"):
        status.assert_consumed()
    assert b.numpy() == 3.0


def test_what_is_never_used_is_reported_at_the_end(tmp_path: Path, caplog: Any) -> None:
    path = saved(tmp_path, model=Net())
    mt.train.Checkpoint().restore(path).expect_partial()
    gc.collect()
    assert caplog.text == ""
    mt.train.Checkpoint().restore(path)
    gc.collect()
    assert "Value in checkpoint could not be found in the restored object: (root).model.w" in (
        caplog.text
    )


def test_saving_is_not_for_graphs(tmp_path: Path) -> None:
    checkpoint = mt.train.Checkpoint(v=mt.Variable(1.0))

    @mt.function
    def step() -> None:
        checkpoint.save(tmp_path / "ck")

    with pytest.raises(RuntimeError, match="while a function is being traced"):
        step()


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    checkpoint = mt.train.Checkpoint(v=mt.Variable(1.0))
    (tmp_path / "file").touch()
    with pytest.raises(mt.errors.NotFoundError, match="give another path"):
        checkpoint.save(tmp_path / "file" / "ck")
    assert int(checkpoint.save_counter) == 0
    assert checkpoint.save(tmp_path / "new" / "folder" / "ck").endswith("new/folder/ck-1")
