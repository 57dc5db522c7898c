"""Damaged and hostile files of models and weights: one clear error, and no weight is changed."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import minitensor as mt
from minitensor import keras

L = keras.layers
ERRORS = (mt.errors.DataLossError, mt.errors.InvalidArgumentError, mt.errors.NotFoundError)


def built(by: float = 0.0, units: int = 3) -> Any:
    model = keras.Sequential([keras.Input((4,)), L.Dense(units), L.Dense(2)])
    model.compile("sgd", "mse")
    for weight in model.weights:
        weight.assign(mt.fill(weight.shape, by))
    return model


def values(model: Any) -> list:
    return [w.tobytes() for w in model.get_weights()]


def refused(path: Path, match: str = ".", errors: Any = ERRORS) -> None:
    model = built(7.0)
    before = values(model)
    with pytest.raises(errors, match=match):
        model.load_weights(path)
    assert values(model) == before
    if path.suffix == ".keras":
        with pytest.raises(errors):
            keras.models.load_model(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {name: tmp_path / f"model{name}" for name in (".keras", ".weights.h5", ".safetensors")}
    model = built(3.0)
    model.save(found[".keras"])
    for name in (".weights.h5", ".safetensors"):
        model.save_weights(found[name])
    return found


# Another model, and what is missing.


def test_weights_of_another_model(files: dict) -> None:
    for path in files.values():
        with pytest.raises(ValueError, match="A total of 2 objects could not be loaded") as caught:
            built(7.0, units=5).load_weights(path)
        assert (
            "The shape of the target variable and the shape of the target value in "
            "`variable.assign(value)` must match. variable.shape=(4, 5), Received: "
            "value.shape=(4, 3)."
        ) in str(caught.value)
        assert "List of objects that could not be loaded:\n[<Dense name=dense" in str(caught.value)
        model = built(7.0, units=5)
        before = values(model)
        with pytest.raises(ValueError, match="no weight was changed"):
            model.load_weights(path)
        assert values(model) == before


def test_layers_that_do_not_fit_can_be_skipped(files: dict) -> None:
    model = keras.Sequential([keras.Input((4,)), L.Dense(3), L.Dense(5)])
    before = model.layers[1].kernel.numpy()
    with pytest.warns(UserWarning, match="A total of 1 objects could not be loaded"):
        model.load_weights(files[".safetensors"], skip_mismatch=True)
    assert (model.layers[0].kernel.numpy() == 3).all()
    np.testing.assert_array_equal(model.layers[1].kernel.numpy(), before)


def test_more_and_fewer_layers(files: dict) -> None:
    more = keras.Sequential([keras.Input((4,)), L.Dense(3), L.Dense(2), L.Dense(2, name="last")])
    with pytest.raises(ValueError, match="Layer 'last' expected 2 variables, but received 0 "
                       r"variables during loading\. Expected: \['kernel', 'bias'\]"):  # fmt: skip
        more.load_weights(files[".weights.h5"])
    fewer = keras.Sequential([keras.Input((4,)), L.Dense(3)])
    fewer.load_weights(files[".weights.h5"])  # as Keras does
    assert (fewer.layers[0].kernel.numpy() == 3).all()


def test_before_there_are_weights(files: dict) -> None:
    with pytest.raises(ValueError, match="You are loading weights into a model that has not yet "
                       "been built"):  # fmt: skip
        keras.Sequential([L.Dense(3)]).load_weights(files[".safetensors"])


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for error in (ValueError, FileNotFoundError, mt.errors.NotFoundError):
        with pytest.raises(error, match=r"File not found: filepath=.*no\.keras\. Please ensure"):
            keras.models.load_model(tmp_path / "no.keras")
        with pytest.raises(error, match="File not found"):
            built().load_weights(tmp_path / "no.weights.h5")
        (tmp_path / "folder.safetensors").mkdir(exist_ok=True)
        with pytest.raises(error, match="Is a directory"):
            built().load_weights(tmp_path / "folder.safetensors")


def test_endings(tmp_path: Path) -> None:
    model = built()
    with pytest.raises(ValueError, match="Invalid filepath extension for saving"):
        model.save(tmp_path / "model.zip")
    with pytest.raises(ValueError, match=r"The filename must end in `\.weights\.h5`"):
        model.save_weights(tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"The filename must end in `\.weights\.h5`"):
        model.save_weights(tmp_path / "model.h5")
    with pytest.raises(ValueError, match="File format not supported: filepath="):
        keras.models.load_model(tmp_path / "model")
    with pytest.raises(ValueError, match="File format not supported: filepath="):
        model.load_weights(tmp_path / "model.ckpt")
    with pytest.raises(TypeError, match=r"not supported: \['signatures'\]"):
        model.save(tmp_path / "model.keras", signatures=None)


def test_what_is_no_model(tmp_path: Path) -> None:
    for save in (keras.saving.save_model, keras.saving.save_weights, keras.saving.load_weights):
        with pytest.raises(ValueError, match=r"a Dense is no keras\.Model|A Dense is no"):
            save(L.Dense(3), tmp_path / "model.keras" if save is keras.saving.save_model
                 else tmp_path / "model.safetensors")  # fmt: skip
    with pytest.warns(UserWarning, match="You are saving a model that has not yet been built"):
        keras.Sequential([L.Dense(3)]).save(tmp_path / "model.keras")
    assert not keras.models.load_model(tmp_path / "model.keras").built


def test_files_that_may_not_be_replaced(files: dict) -> None:
    before = {name: path.read_bytes() for name, path in files.items()}
    for name, path in files.items():
        model = built()
        save = model.save if name == ".keras" else model.save_weights
        with pytest.raises(ValueError, match="already exists"):
            save(path, overwrite=False)
        assert path.read_bytes() == before[name]


# Zip files.


def rewritten(path: Path, change: Callable[[dict], Any], **options: Any) -> None:
    """Change the parts of a `.keras` file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def config(change: Callable[[dict], Any]) -> Callable[[dict], Any]:
    def changed(parts: dict) -> None:
        content = json.loads(parts["config.json"])
        change(content)
        parts["config.json"] = json.dumps(content).encode()

    return changed


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18])
def test_no_zip_file(data: bytes, files: dict) -> None:
    files[".keras"].write_bytes(data)
    refused(files[".keras"], errors=mt.errors.DataLossError)


@pytest.mark.parametrize("change", [
    lambda parts: parts.pop("model.weights.safetensors"),
    lambda parts: parts.update({"model.weights.safetensors": b"hello"}),
    lambda parts: parts.update({"../../model.weights.safetensors":
                                parts.pop("model.weights.safetensors")}),
])  # fmt: skip
def test_zip_files_without_weights(change: Callable, files: dict) -> None:
    rewritten(files[".keras"], change)
    refused(files[".keras"], errors=mt.errors.DataLossError)


@pytest.mark.parametrize("change", [
    lambda parts: parts.pop("config.json"),
    lambda parts: parts.update({"config.json": b"{"}),
    lambda parts: parts.update({"config.json": b"[]"}),
    lambda parts: parts.update({"config.json": b'{"a": NaN}'}),
    lambda parts: parts.update({"config.json": b'{"a":' * 100_000}),
    config(lambda c: c.update(class_name="Dense")),
    config(lambda c: c.update(class_name="os.system")),
    config(lambda c: c.update(class_name=["Sequential"])),
    config(lambda c: c.pop("config")),
    config(lambda c: c.update(config=3)),
    config(lambda c: c["config"].update(layers=3)),
    config(lambda c: c["config"].update(layers=[])),
    config(lambda c: c["config"]["layers"][1].update(class_name="Nothing")),
    config(lambda c: c["config"]["layers"][1]["config"].update(units=-1)),
    config(lambda c: c["config"]["layers"][1]["config"].update(units=[3])),
    config(lambda c: c["config"]["layers"][1]["config"].update(units=1 << 60)),
    config(lambda c: c["config"]["layers"][1]["config"].update(more=1)),
    config(lambda c: c["config"]["layers"][1]["config"].update(activation="eval")),
    config(lambda c: c["config"]["layers"][1]["config"].update(units=5)),
    config(lambda c: c["compile_config"].update(loss="eval")),
    config(lambda c: c["compile_config"].update(zz=1)),
])  # fmt: skip
def test_configurations_that_are_no_models(change: Callable, files: dict) -> None:
    rewritten(files[".keras"], change)
    with pytest.raises(mt.errors.OpError):
        keras.models.load_model(files[".keras"])


def test_python_code_is_refused(files: dict) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": code}}
    rewritten(files[".keras"], config(lambda c: c["config"]["layers"].append(layer)))
    for safe in (True, False):
        with pytest.raises(ValueError, match=r"`function` is a Python lambda\. This carries a "
                           "potential risk of arbitrary code execution"):  # fmt: skip
            keras.models.load_model(files[".keras"], safe_mode=safe)


def test_a_bomb(files: dict) -> None:
    rewritten(files[".keras"], lambda parts: parts.update({"config.json": b" " * (1 << 27)}),
              compression=zipfile.ZIP_DEFLATED)  # fmt: skip
    with pytest.raises(mt.errors.DataLossError, match="far more than it takes"):
        keras.models.load_model(files[".keras"])


def test_a_configuration_of_weights_larger_than_the_file_takes_no_memory(files: dict) -> None:
    path = files[".keras"]
    parts = {}
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "Dense":
            layer["config"]["units"] = 10**9
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (parts | {"config.json": json.dumps(config).encode()}).items():
            archive.writestr(name, data)
    with pytest.raises(ERRORS, match="larger than all weights of the file"):
        keras.models.load_model(path)


@pytest.mark.parametrize("wrong", [None, 3, b"x.keras", [], "", "/"])
def test_what_is_no_name_of_a_file(wrong: Any) -> None:
    model = built()
    for use in (model.save, model.save_weights, model.load_weights, keras.models.load_model):
        with pytest.raises(ValueError, match="t is no name of a file"):
            use(wrong)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice(files: dict) -> None:
    with zipfile.ZipFile(files[".keras"], "a") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(mt.errors.DataLossError, match="2 times"):
        keras.models.load_model(files[".keras"])


# HDF5 and safetensors.


def test_hdf5_that_points_elsewhere(files: dict, tmp_path: Path) -> None:
    path, secret = files[".weights.h5"], tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.zeros((4, 3), "f")
    (tmp_path / "raw").write_bytes(b"\0" * 48)
    key = "layers/dense/vars/0"
    raw = [(str(tmp_path / "raw"), 0, 48)]
    virtual = h5py.VirtualLayout((4, 3), "f")
    virtual[:] = h5py.VirtualSource(secret, "x", (4, 3))
    changes: list[Callable[[Any], Any]] = [
        lambda file: file.__setitem__(key, h5py.ExternalLink(str(secret), "x")),
        lambda file: file.__setitem__(key, h5py.SoftLink("/layers/dense_1/vars/0")),
        lambda file: file.create_dataset(key, (4, 3), "f", external=raw),
        lambda file: file.create_virtual_dataset(key, virtual),
        lambda file: file.create_dataset(key, (1 << 40, 1 << 20), "f", chunks=(1, 1)),
        lambda file: file.create_dataset(key, data=h5py.Empty("f")),
        lambda file: file.create_dataset(key, data="text"),
        lambda file: file["layers/dense/vars"].__setitem__("7", np.zeros(3)),
        lambda file: file["layers"].__setitem__("me", file["layers"]),
    ]
    original = path.read_bytes()
    for change in changes:
        path.write_bytes(original)
        with h5py.File(path, "a") as file:
            if change is not changes[-1]:
                del file[key]
            change(file)
        refused(path)


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89HDF\r\n\x1a\n", b"\0" * 100])
def test_no_hdf5_file(data: bytes, files: dict) -> None:
    files[".weights.h5"].write_bytes(data)
    refused(files[".weights.h5"], "It is no HDF5 file.*no weight was changed")


@pytest.mark.parametrize("change", [
    lambda arrays: arrays.pop("layers/dense/vars/0"),
    lambda arrays: arrays.update({"layers/dense/vars/5": np.zeros(3, "f")}),
    lambda arrays: arrays.update({"layers/dense/vars/0": np.zeros((4, 3), "i4")}),
    lambda arrays: arrays.update({"layers/dense/vars/0": np.zeros((3, 4), "f")}),
    lambda arrays: arrays.clear(),
])  # fmt: skip
def test_safetensors_that_do_not_fit(change: Callable, files: dict) -> None:
    arrays = load_file(files[".safetensors"])
    change(arrays)
    save_file(arrays, files[".safetensors"])
    refused(files[".safetensors"])


@pytest.mark.parametrize("name", [".keras", ".safetensors", ".weights.h5"])
def test_cut_off_and_flipped_bytes_never_change_the_model_by_halves(name: str, files: dict) -> None:
    path, rng = files[name], random.Random(0)
    data = path.read_bytes()
    before = values(built(7.0))
    for round_ in range(80):
        bad = bytearray(data)
        if round_ < 30:
            del bad[rng.randrange(len(bad)) :]
        else:
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        path.write_bytes(bad)
        model = built(7.0)
        try:
            model.load_weights(path)
        except ERRORS:
            assert values(model) == before
        else:
            assert all(a != b for a, b in zip(values(model), before, strict=True))


# Whole or not at all.

SAVER = """
import sys
import minitensor as mt
from minitensor import keras
model = keras.Sequential([keras.Input((40,)), keras.layers.Dense(200), keras.layers.Dense(2)])
print("ready", flush=True)
number = 0.0
while True:
    number += 1
    for weight in model.weights:
        weight.assign(mt.fill(weight.shape, number))
    model.save(sys.argv[1] + "/model.keras")
    model.save_weights(sys.argv[1] + "/model.safetensors")
"""


def test_killed_while_saving(tmp_path: Path) -> None:
    rng = random.Random(0)
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.1 + rng.uniform(0, 0.05))
            os.kill(process.pid, signal.SIGKILL)
        model = keras.models.load_model(tmp_path / "model.keras")
        assert len({float(x) for w in model.get_weights() for x in w.ravel()}) == 1
        model.load_weights(tmp_path / "model.safetensors")
        assert len({float(x) for w in model.get_weights() for x in w.ravel()}) == 1


def test_nothing_is_left_behind_when_saving_fails(files: dict, tmp_path: Path) -> None:
    class Odd(keras.layers.Layer):
        def __init__(self, thing: Any) -> None:
            super().__init__()
            self.thing = thing

        def call(self, x: Any) -> Any:
            return x

    model = keras.Sequential([keras.Input((4,)), Odd(object())])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"A configuration is plain data"):
        model.save(files[".keras"])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert io.BytesIO(before["model.keras"]).getvalue()
