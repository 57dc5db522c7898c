"""Models and weights come back from files, and travel from Keras 3 and PyTorch."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import minitensor as mt
from minitensor import keras
from minitensor.keras import models
from minitensor.keras.saving.layout import places

L = keras.layers
RECORDED = Path(__file__).parent / "recorded"
DATA = np.load(RECORDED / "keras_saving.npz")


def recorded_models() -> Any:
    """The functions that made the models in Keras, to be run with ours."""
    sys.modules.setdefault("minitensor_as_keras", keras)
    source = (RECORDED / "keras_saving.py").read_text().replace("import keras\n", "")
    module: dict = {"keras": keras, "__name__": "recorded", "__file__": str(RECORDED / "x.py")}
    exec(compile(source, "keras_saving.py", "exec"), module)
    return module


MODELS = recorded_models()


def inputs(name: str) -> Any:
    found = [DATA[key] for key in DATA.files if key.startswith(f"{name}/x")]
    return found if len(found) > 1 else found[0]


def made(name: str) -> Any:
    if name == "attention" and not hasattr(L, "MultiHeadAttention"):
        pytest.skip("there is no attention yet")
    return MODELS[name]()


def close(model: Any, name: str) -> None:
    np.testing.assert_allclose(model(inputs(name)).numpy(), DATA[f"{name}/y"], rtol=2e-5, atol=2e-6)


# Files of Keras 3.


@pytest.mark.parametrize("name", ["sequential", "functional"])
def test_models_of_keras(name: str) -> None:
    model = models.load_model(RECORDED / f"keras_saving_{name}.keras")
    assert type(model).__name__ == ("Sequential" if name == "sequential" else "Functional")
    close(model, name)


def test_training_goes_on_where_keras_stopped() -> None:
    model = models.load_model(RECORDED / "keras_saving_sequential.keras")
    assert model.compiled
    assert int(model.optimizer.iterations) == 1
    x, y = inputs("sequential"), DATA["sequential/target"]
    for _ in range(3):
        model.train_on_batch(x, y)
    model.reset_metrics()
    loss = model.test_on_batch(x, y)[0]
    np.testing.assert_allclose(loss, DATA["sequential/loss"], rtol=1e-5)


@pytest.mark.parametrize("name", ["convolutional", "attention"])
def test_weights_of_keras(name: str) -> None:
    model = made(name)
    model.load_weights(RECORDED / f"keras_saving_{name}.weights.h5")
    close(model, name)


@pytest.mark.parametrize("name", ["sequential", "functional"])
def test_weights_of_models_of_keras(name: str, tmp_path: Path) -> None:
    path = RECORDED / f"keras_saving_{name}.keras"
    model = made(name)
    model.load_weights(path)
    close(model, name)
    with zipfile.ZipFile(path) as archive:
        archive.extract("model.weights.h5", tmp_path)
    again = made(name)
    again.load_weights(tmp_path / "model.weights.h5")
    close(again, name)


@pytest.mark.parametrize("name", ["sequential", "functional", "convolutional", "attention"])
def test_our_weights_have_the_layout_of_keras(name: str, tmp_path: Path) -> None:
    import h5py

    model = made(name)
    path = RECORDED / f"keras_saving_{name}.weights.h5"
    if not path.exists():
        with zipfile.ZipFile(RECORDED / f"keras_saving_{name}.keras") as archive:
            archive.extract("model.weights.h5", tmp_path)
        path = tmp_path / "model.weights.h5"
    model.load_weights(path)
    model.save_weights(tmp_path / "ours.weights.h5")

    def arrays(path: Path) -> dict:
        found = {}
        with h5py.File(path) as file:
            file.visititems(lambda key, x: found.update(
                {key: x[()].tolist()} if isinstance(x, h5py.Dataset) else {}))  # fmt: skip
        return found

    assert arrays(tmp_path / "ours.weights.h5") == arrays(path)


class Parts(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self._private, self.zeta = L.Dense(3), L.Dense(3)
        self.alpha = [L.Dense(3), [L.Dense(3), L.BatchNormalization()]]
        self.d = {"b": L.Dense(3), "a": L.Dense(3)}

    def build(self, shape: Any) -> None:
        self.w = self.add_weight(shape=(3,), name="w")
        self.v = self.add_weight(shape=(3,), name="v", trainable=False)
        super().build(shape)

    def call(self, x: Any) -> Any:
        layers = self._private, self.zeta, self.alpha[0], *self.alpha[1], self.d["b"], self.d["a"]
        for layer in layers:
            x = layer(x)
        return x * self.w + self.v


def test_places_in_classes_are_those_of_keras() -> None:
    model = Parts()
    model(mt.ones((2, 3)))
    found = {place.path: len(place.variables) for place in places(model)}
    assert found == {  # what is in the file that Keras 3.15 writes for this class
        "": 2, "alpha/dense": 2, "alpha/container/dense": 2,
        "alpha/container/batch_normalization": 4, "d/dense": 2, "d/dense_1": 2,
        "layers/dense": 2, "layers/dense_1": 2,
    }  # fmt: skip


# Our own files.


def trained(**options: Any) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((4,)), L.Dense(5, activation="relu", kernel_regularizer="l2"),
        L.BatchNormalization(), L.Dense(2),
    ])  # fmt: skip
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.9)
    model.compile(keras.optimizers.Adam(schedule), "mse", metrics=["mae"], **options)
    model.fit(X, Y, epochs=2, verbose=0)
    return model


X = np.random.default_rng(0).normal(size=(32, 4)).astype("f")
Y = np.random.default_rng(1).normal(size=(32, 2)).astype("f")


def losses(model: Any) -> list:
    history = model.fit(X, Y, epochs=3, batch_size=8, shuffle=False, verbose=0)
    return history.history["loss"]


def same(a: Any, b: Any) -> None:
    for x, y in zip(a.weights, b.weights, strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())


def test_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    model = trained()
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    same(model, again)
    for a, b in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert losses(model) == losses(again)


@pytest.mark.parametrize("ending", [".weights.h5", ".safetensors", ".keras"])
def test_weights_alone(ending: str, tmp_path: Path) -> None:
    model = trained()
    path = tmp_path / f"model{ending}"
    model.save(path) if ending == ".keras" else model.save_weights(path)
    again = trained()
    again.set_weights([0 * w for w in again.get_weights()])
    again.load_weights(path)
    same(model, again)
    assert losses(model) == losses(again)
    plain = models.clone_model(model)
    plain.load_weights(path)
    same(models.load_model(path) if ending == ".keras" else plain, plain)


def test_without_the_optimizer(tmp_path: Path) -> None:
    model = trained()
    model.save(tmp_path / "model.keras", include_optimizer=False)
    again = models.load_model(tmp_path / "model.keras")
    assert not again.compiled
    same(model, again)
    model.save(tmp_path / "model.keras")
    assert not models.load_model(tmp_path / "model.keras", compile=False).compiled


def test_another_optimizer_begins_afresh(tmp_path: Path) -> None:
    model = trained()
    model.save_weights(tmp_path / "model.safetensors")
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer 'sgd"):
        model.load_weights(tmp_path / "model.safetensors")


def test_the_file_is_a_zip_of_data(tmp_path: Path) -> None:
    trained().save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.safetensors"]
        config = json.loads(archive.read("config.json"))
        archive.extract("model.weights.safetensors", tmp_path)
    assert config["class_name"] == "Sequential"
    names = set(load_file(tmp_path / "model.weights.safetensors"))
    assert {"layers/dense/vars/0", "layers/dense_1/vars/1", "optimizer/vars/0"} <= names


class Block(keras.layers.Layer):
    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.inner = [L.Dense(units), L.Dense(units)]

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight((self.units,), "ones", name="scale")

    def call(self, x: Any) -> Any:
        for layer in self.inner:
            x = layer(x)
        return x * self.scale


class Net(keras.Model):
    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.block = Block(units)
        self.by_name = {"out": L.Dense(1)}

    def call(self, x: Any) -> Any:
        return self.by_name["out"](self.block(x))


def test_classes_of_ones_own(tmp_path: Path) -> None:
    model = Net(4)
    model.compile("adam", "mse")
    model.fit(X, Y[:, :1], verbose=0)
    model.save(tmp_path / "model.keras")
    known = {"Net": Net}
    again = models.load_model(tmp_path / "model.keras", custom_objects=known)
    assert again.units == 4
    np.testing.assert_array_equal(model(X).numpy(), again(X).numpy())
    y = Y[:, :1]
    found = [m.fit(X, y, epochs=2, shuffle=False, verbose=0).history for m in (model, again)]
    assert found[0] == found[1]
    with pytest.raises(ValueError, match=r"Could not locate class 'Net'.*custom_objects"):
        models.load_model(tmp_path / "model.keras")
    model.save_weights(tmp_path / "net.weights.h5")
    other = Net(4)
    with pytest.raises(ValueError, match="You are loading weights into a model that has not yet"):
        other.load_weights(tmp_path / "net.weights.h5")
    other(X)
    other.load_weights(tmp_path / "net.weights.h5")
    same(model, other)


def test_functional_models_with_shared_layers(tmp_path: Path) -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = L.Dense(3, name="shared")
    model = keras.Model({"a": a, "b": b}, [L.Add()([shared(a), shared(b)]), shared(b)])
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    assert len(again.weights) == 2
    for x, y in zip(model({"a": X, "b": 2 * X}), again({"a": X, "b": 2 * X}), strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())


def test_json_alone() -> None:
    model = trained()
    again = models.model_from_json(model.to_json())
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    with pytest.raises(ValueError, match=r"It reads what model\.to_json\(\) gives"):
        models.model_from_json("{")


# Clones.


def test_clones_have_weights_of_their_own() -> None:
    model = trained()
    again = models.clone_model(model)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(model(X).numpy(), again(X).numpy())
    again.layers[0].kernel.assign(mt.zeros((4, 5)))
    assert mt.reduce_any(model.layers[0].kernel != 0.0)


def test_clones_of_graphs_share_what_was_shared() -> None:
    model = MODELS["functional"]()
    again = models.clone_model(model)
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    again.set_weights(model.get_weights())
    x = inputs("functional")
    np.testing.assert_array_equal(model(x).numpy(), again(x).numpy())


def test_clones_with_other_layers() -> None:
    def without_bias(layer: Any) -> Any:
        config = layer.get_config()
        return type(layer).from_config(
            config | {"use_bias": False} if "units" in config else config
        )

    model = keras.Sequential([keras.Input((4,)), L.Dense(3), L.ReLU()])
    assert len(models.clone_model(model, clone_function=without_bias).weights) == 1
    x = keras.Input((7,))
    other = models.clone_model(model, input_tensors=x)
    assert other.weights[0].shape == (7, 3)
    with pytest.raises(ValueError, match="only supported for Sequential models or Functional"):
        models.clone_model(Net(), clone_function=without_bias)


# PyTorch.


def test_weights_of_pytorch(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    conv, fc, bias = (rng.normal(size=s).astype("f") for s in ((5, 2, 3, 3), (4, 5), (4,)))
    theirs = {"conv.weight": conv, "fc.weight": fc, "fc.bias": bias}
    save_file(theirs, tmp_path / "torch.safetensors")
    model = keras.Sequential([
        keras.Input((6, 6, 2)), L.Conv2D(5, 3, use_bias=False, name="c"),
        L.GlobalAveragePooling2D(), L.Dense(4, name="d"),
    ])  # fmt: skip
    names = [w.path.rpartition("/")[0].rpartition("/")[2] + "/" + w.name for w in model.weights]
    assert names == ["c/kernel", "d/kernel", "d/bias"]
    c, k, b = [w.path for w in model.weights]
    model.load_weights(tmp_path / "torch.safetensors", name_map={
        c: ("conv.weight", (2, 3, 1, 0)), k: ("fc.weight", lambda x: x.T), b: "fc.bias"},
    )  # fmt: skip
    x = rng.normal(size=(2, 6, 6, 2)).astype("f")
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
    maps = np.einsum("bhwcij,ocij->bhwo", windows, conv)
    wanted = maps.mean((1, 2)) @ fc.T + bias
    np.testing.assert_allclose(model(x).numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_maps_that_do_not_fit(tmp_path: Path) -> None:
    save_file({"fc.weight": np.ones((2, 4), "f")}, tmp_path / "torch.safetensors")
    model = keras.Sequential([keras.Input((4,)), L.Dense(2, name="d")])
    before = model.get_weights()
    kernel = model.weights[0].path
    path = tmp_path / "torch.safetensors"
    with pytest.raises(ValueError, match=r"name_map=\{'.*d/kernel': 'fc.weight', …\}"):
        model.load_weights(path)
    with pytest.raises(ValueError, match=r"axes in another order: \('fc.weight', \(1, 0\)\)"):
        model.load_weights(path, name_map={kernel: "fc.weight"})
    with pytest.raises(ValueError, match=r"no weight of the model called 'd/kernl'"):
        model.load_weights(path, name_map={"d/kernl": "fc.weight"})
    with pytest.raises(ValueError, match=r"did you mean 'fc\.weight'"):
        model.load_weights(path, name_map={kernel: "fc.wieght"})
    with pytest.raises(ValueError, match=r"cannot change it"):
        model.load_weights(path, name_map={kernel: ("fc.weight", (1, 2))})
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# Without h5py.


def test_without_h5py(tmp_path: Path, monkeypatch: Any) -> None:
    model = trained()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(mt.errors.UnavailableError, match=r"pip install 'minitensor\[keras\]'"):
        model.save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(ImportError):
        model.load_weights(RECORDED / "keras_saving_attention.weights.h5")
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.safetensors")
    models.load_model(tmp_path / "model.keras")


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")
@pytest.mark.parametrize("name", ["sequential", "functional", "convolutional", "attention"])
def test_keras_reads_our_weights(name: str, tmp_path: Path) -> None:
    model = made(name)
    model.save_weights(tmp_path / "ours.weights.h5")
    source = (RECORDED / "keras_saving.py").read_text()
    module: dict = {"__name__": "recorded", "__file__": str(RECORDED / "x.py")}
    exec(compile(source, "keras_saving.py", "exec"), module)
    theirs = module[name]()
    theirs.load_weights(tmp_path / "ours.weights.h5")
    x = inputs(name)
    np.testing.assert_allclose(model(x).numpy(), np.asarray(theirs(x)), rtol=1e-4, atol=1e-5)


def test_bytes_are_the_same_for_the_same_weights(tmp_path: Path) -> None:
    model = trained()
    for i in range(2):
        model.save_weights(tmp_path / f"{i}.safetensors")
    assert (tmp_path / "0.safetensors").read_bytes() == (tmp_path / "1.safetensors").read_bytes()
    assert io.BytesIO((tmp_path / "0.safetensors").read_bytes()).getbuffer().nbytes < 5000
